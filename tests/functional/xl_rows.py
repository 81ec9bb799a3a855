# The table of guests that xl of real Xen starts.
#
# SPDX-License-Identifier: GPL-2.0-or-later

from dataclasses import dataclass, field
from typing import Callable

from guest_machine import CONSOLE_INPUT, CONSOLE_OUTPUT, PV_NICS
from xen_host import XEN_VERSION
from xl_guest import (BLACKLIST, BOTH, DISK, EFI_DISK, IMAGES, LINUX,
                      LINUX_CMDLINE, LINUX_GUEST, LOG, NO_MODULES, efi_disk)


@dataclass
class Row:
    name: str
    play: Callable
    arguments: tuple = ()
    settings: dict = field(default_factory=dict)    # in xl's configuration
    files: Callable = lambda kernel: {}             # in domain 0


def emulated_disks(host):
    return host.words('cd /sys/block; ls -d sd* 2>/dev/null || true')


def pv_disks(host):
    return host.words('cd /sys/block; ls -d xvd* 2>/dev/null || true')


def nics(host):
    """Return the drivers of the guest's NICs."""
    return host.words('for i in /sys/class/net/eth*; do '
                      'test ! -e $i || basename $(readlink $i/device/driver); '
                      'done')


def check_devices(host, equal, unplugged=True):
    equal('the emulated disks', [] if unplugged else ['sda'],
          emulated_disks(host))
    equal('the PV disks', ['xvda'] if unplugged else [], pv_disks(host))
    equal('the NICs', ['vif'] if unplugged else ['8139cp'], nics(host))


def check_use(host, equal):
    """Use disk and network as they are."""
    disk = (pv_disks(host) + emulated_disks(host))[0]
    equal('the disk is read', host.md5(),
          host.words(f'md5sum /dev/{disk}')[0])
    host.guest(f'echo written | dd of=/dev/{disk} bs=512 seek=9 conv=sync,fsync')
    equal('the disk is written', host.md5(),
          host.words(f'echo 3 >/proc/sys/vm/drop_caches; md5sum /dev/{disk}')[0])
    host.guest('ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0')
    equal('the host answers', 0,
          host.status("guest run 'ping -c 1 -W 60 10.0.2.2'"))
    # Each fetches the disk from the other
    equal('what the guest receives', host.md5(),
          host.words('wget -q -O - http://10.0.2.2/guest.img | md5sum')[0])
    host.guest(f'cat /dev/{disk} >/disk && httpd -h /')
    equal('what the guest sends', host.md5(), host.run(
        '/root/busybox wget -q -O - http://10.0.2.15/disk | md5sum').split()[0])


def write_log(host, text):
    """Have the guest write some characters to the log's port."""
    octal = ' '.join(f'{ord(character):03o}' for character in text)
    host.guest(f'for i in {octal}; do printf "\\\\$i" | '
               'dd of=/dev/port bs=1 seek=18 2>/dev/null; done')


def reboot(host):
    """Ask the guest to reboot; xl starts a new QEMU for it."""
    host.run('xl reboot guest')
    host.run('guest ready')


def info(host):
    return host.monitor('info xen-platform')


def check_listed(host, equal, reason):
    check_devices(host, equal, unplugged=False)
    equal('the monitor says so', True,
          'blacklisted: yes (blacklist=report)' in info(host))
    equal('the log has the reason', True, reason in host.log())


def check_welcome(host, equal):
    check_devices(host, equal)
    equal('the monitor says so', True, all(
        line in info(host) for line in (
            'driver: product 0x3 (linux), build 1',
            'blacklisted: no (blacklist=report)',
            'unplugged: mask 0x3, refused 0x0')))


def blacklist(host, equal):
    host.run(f'xenstore-write {LINUX} "crashes on resume"')
    # Domain 0 may read what others may not
    host.run(f'xenstore-chmod {LINUX} n0')
    host.create('guest')
    check_listed(host, equal, 'crashes on resume')
    host.run(f'xenstore-rm {BLACKLIST}')
    reboot(host)
    check_welcome(host, equal)
    check_use(host, equal)
    write_log(host, 'DE\n')
    equal("the driver's log", True, 'xen-platform: DE' in host.log())


def check_stalled(host, equal):
    """Nothing that the guest does waits for xenstored."""
    host.run('pkill -STOP -x xenstored')
    try:
        seen = host.words('md5sum /dev/xvda')[0]
        write_log(host, 'on\n')
        equal('stalled xenstore: the log goes on', True,
              'xen-platform: on' in host.log())
    finally:
        host.run('pkill -CONT -x xenstored')
    equal('stalled xenstore: the disk goes on', host.md5(), seen)


def check_rom_lock(host, equal):
    """The platform flags' bit 0 makes the page at 0xc0000 read-only."""
    def put(file, address, byte):
        host.guest(f'printf "\\\\{byte:03o}" | '
                   f'dd of={file} bs=1 seek={address} conv=notrunc')
        return int(host.guest(f'dd if={file} bs=1 skip={address} count=1 '
                              '2>/dev/null | xxd -p'), 16)

    equal('ROM unlocked, a write takes', 0x11, put('/dev/mem', 0xc0000, 0x11))
    equal('the lock reads back', 1, put('/dev/port', 0x10, 1))
    equal('ROM locked, a write is lost', 0x11, put('/dev/mem', 0xc0000, 0x22))
    equal('the lock goes', 0, put('/dev/port', 0x10, 0))
    equal('a write takes again', 0x33, put('/dev/mem', 0xc0000, 0x33))


def check_hotplug(host, equal):
    host.run(f'dd if=/dev/urandom of={IMAGES}/second.img bs=1M count=4')
    for backend in ('qdisk', 'phy'):
        host.run('xl block-attach guest "format=raw, vdev=xvdb, access=rw, '
                 f'backendtype={backend}, target={IMAGES}/second.img"')
        host.guest('while test ! -b /dev/xvdb; do sleep .1; done')
        equal(f'{backend}: xvdb is read',
              host.run(f'md5sum <{IMAGES}/second.img').split()[0],
              host.words('md5sum /dev/xvdb')[0])
        host.run('xl block-detach guest xvdb')
        host.guest('while test -b /dev/xvdb; do sleep .1; done')
        equal(f'{backend}: xvdb is gone', ['xvda'], pv_disks(host))
    host.run('xl network-attach guest bridge=xenbr0')
    host.guest('while test ! -e /sys/class/net/eth1; do sleep .1; done')
    equal('another NIC', ['vif', 'vif'], nics(host))
    host.run('xl network-detach guest 1')
    host.guest('while test -e /sys/class/net/eth1; do sleep .1; done')
    equal('no other NIC', ['vif'], nics(host))


def check_moves(host, equal):
    """Save, restore and migrate a guest that reads its disk all the time."""
    def kept():
        # The log's counters are those of one QEMU, its throttle is not
        device, _, log = info(host).partition('log:')
        return device, log.split()[-2:]

    before = kept()
    expected = host.md5()
    host.guest('while dd if=/dev/xvda bs=1M iflag=direct 2>/dev/null | md5sum; '
               'do :; done >/sums 2>&1 &')
    for name, command in (
            ('restored', f'xl save guest {IMAGES}/saved && '
             f'xl restore {IMAGES}/saved && rm {IMAGES}/saved'),
            ('migrated', 'xl migrate -s "" guest "xl migrate-receive"')):
        host.run(command)
        host.wait_moved()
        equal(f'{name}: the monitor says the same', before, kept())
        check_welcome(host, equal)
        count = host.words('wc -l </sums')[0]
        host.guest(f'until test $(wc -l </sums) -gt $(({count} + 1)); do '
                   'sleep .1; done')
        equal(f'{name}: what was read', [expected, '-'],
              host.words('sort -u /sums'))


def while_it_runs(host, equal):
    host.run(f'xenstore-write {BLACKLIST}/linux/2 "another build"')
    host.create('guest')
    check_welcome(host, equal)
    host.run(f'xenstore-write {LINUX} "came late"')
    check_welcome(host, equal)
    check_stalled(host, equal)
    check_rom_lock(host, equal)
    check_hotplug(host, equal)
    check_moves(host, equal)
    check_use(host, equal)
    reboot(host)
    check_listed(host, equal, 'came late')


def devices(host, equal, **settings):
    """Other emulated devices and backends."""
    host.create('guest', **settings)
    check_welcome(host, equal)
    check_use(host, equal)


def open_images(host):
    """Return which of BUSY's images the device model has open."""
    return [name for name in BUSY if host.status(
        'ls -l /proc/$(pgrep -o -f "^[^ ]*qemu-system.*guest")/fd | '
        f'grep -q busy-{name}.img') == 0]


def unplug_busy(host, equal):
    """Unplug an IDE, an AHCI and an NVMe disk while the guest reads them.

    Linux unplugs before it looks for disks, so it is told not to; then the guest
    asks by the platform device's BAR, as /dev/port has no accesses of 16 bits.
    """
    for mebibytes, name in enumerate(BUSY, 1):
        host.run(f'dd if=/dev/urandom of={IMAGES}/busy-{name}.img bs=1M '
                 f'count={mebibytes}')
    host.create('guest', ramdisk=f'{IMAGES}/initramfs-nvme',
                cmdline=f'{LINUX_CMDLINE} xen_emul_unplug=never',
                device_model_args_hvm=BUSY_MACHINE)
    equal('the images are open', list(BUSY), open_images(host))

    # Each is known by its size; a command that is never answered fails soon
    host.guest('cd /sys/block; for disk in sd* nvme*; do '
               'case $(cat $disk/size) in 2048) name=ide ;; 4096) name=ahci ;; '
               '6144) name=nvme ;; *) continue ;; esac; '
               'echo 3000 >$disk/queue/io_timeout; '
               '{ while dd if=/dev/$disk of=/dev/null bs=64k iflag=direct; do '
               'echo >>/read-$name; done; echo >/ended-$name; } 2>/dev/null & '
               'done')
    names = ' '.join(BUSY)
    host.guest(f'for name in {names}; do '
               'until test -e /read-$name; do sleep .1; done; done')
    host.guest('for pci in /sys/bus/pci/devices/*; do '
               'test $(cat $pci/vendor) = 0x5853 && '
               'read -r bar _ <$pci/resource && '
               'printf "\\001" | dd of=/dev/port bs=1 seek=$((bar + 8)); '
               'done; true')
    equal('the monitor says so', True, 'unplugged: mask 0x9' in info(host),
          info(host))
    equal('no image is open', [], open_images(host))
    host.guest(f'for name in {names}; do '
               'until test -e /ended-$name; do sleep .1; done; done')

    # Linux does not suspend with an NVMe controller that has stopped to answer
    host.guest('for pci in /sys/bus/pci/devices/*; do '
               'case $(cat $pci/class) in 0x0108*) echo 1 >$pci/remove ;; esac; '
               'done')
    # It says in the log when it runs again
    host.guest('while sleep 1; do printf "alive\\n" | '
               'dd of=/dev/port bs=1 seek=18; done >/dev/null 2>&1 &')
    for name, command in (
            ('saved', f'xl save guest {IMAGES}/saved'),
            ('restored', f'xl restore {IMAGES}/saved && rm {IMAGES}/saved')):
        status = host.status(command)
        equal(f'it is {name}', 0, status, *(host.evidence() if status else []))
        if status:
            return
    host.run(f'until grep -q alive {LOG}; do sleep .2; done')
    host.guest('true')
    equal('restored: the monitor says so', True,
          'unplugged: mask 0x9' in info(host), info(host))
    equal('restored: no image is open', [], open_images(host))


def ovmf(host, equal):
    """OVMF reads Linux from the emulated disk that is then unplugged.

    With 128 MiB, OVMF does not come as far.  It would read the NIC's ROM
    for half a minute, and an IDE disk for another: each access is one of QEMU's.
    """
    host.run(f'truncate -s 64M {EFI_DISK}')
    host.boot('guest', **{**BOTH, 'memory': 256}, firmware='ovmf', disk=[
        f'format=raw, vdev=hda, access=rw, backendtype=qdisk, target={EFI_DISK}'],
        hdtype='ahci', device_model_args_hvm=['-global', 'rtl8139.romfile='])
    check_welcome(host, equal)
    equal('it is EFI', 0, host.status("guest run 'test -d /sys/firmware/efi'"))
    equal('the disk is read', host.run(f'md5sum <{EFI_DISK}').split()[0],
          host.words('md5sum /dev/xvda')[0])


def check_image(host, equal, lines):
    """The guest image checks by itself."""
    good = sum(line.startswith('ok ') for line in lines)
    expected = [f'1..{good}']
    plans = [line for line in lines if line.startswith('1..')]
    equal('its results', expected, plans,
          *([] if plans == expected else lines + host.evidence()))


def image(host, equal, append, config='guest', **settings):
    check_image(host, equal, host.play(config, append, **settings))


def listed(host, equal, append, build, config='guest', says='', **settings):
    """With a build of some driver on the blacklist."""
    host.run(f'xenstore-write {BLACKLIST}/{build} "known to crash"')
    image(host, equal, append, config, **settings)
    equal('the log says so', True, says in host.log())


def identity(host, equal, config, expected, append='persona=linux', **settings):
    """What the guest's PCI bus has of Xen's vendor, before and after."""
    lines = host.play(config, append, **settings)
    check_image(host, equal, lines)
    found = [' '.join(line.split()[2:5] + after.split()[1:])
             for line, after in zip(lines, lines[1:]) if ' 5853:' in line and
             ' class ' in line]
    equal('the devices', 2 * expected, found, *lines)


def consoles(host, equal):
    """The primary console is xenconsoled's, a channel that of QEMU."""
    host.create_image('guest', f'test=console xen={XEN_VERSION}', '-p',
                      channel=['connection=pty, name=test'])
    host.run('for node in console device/console/1; do '
             'tty=$(xenstore-read /local/domain/$(xl domid guest)/$node/tty); '
             f'cat $tty >/tmp/${{node##*/}} 2>/dev/null & cat {TYPED} >$tty & '
             'done; xl unpause guest')
    check_image(host, equal, host.wait_end())
    for name in 'console', '1':
        equal(f'{name}: the host reads what was written', 0,
              host.status(f'cmp /tmp/{name} {SAID}'))


def console_files(kernel):
    return {TYPED[1:]: CONSOLE_INPUT, SAID[1:]: CONSOLE_OUTPUT}


def log(host, equal):
    image(host, equal, 'persona=win-xenbus', 'log')
    equal("the driver's log", True,
          'UNPLUG: PRE-AMBLE' in host.log('/var/log/xen/pv-guest.log'))
    equal('not elsewhere', False, 'UNPLUG: PRE-AMBLE' in host.log())


def flood(host, equal):
    """A guest that writes log lines without pause, and its throttle."""
    def size():
        return int(host.run(f'stat -c %s {LOG}'))

    host.create_image('guest', 'test=log count=100000000',
                      device_model_args_hvm=[
                          '-global', 'xen-platform.log-burst=8192'])
    node = '/local/domain/$(xl domid guest)/log-throttling'
    wait = f'until test $(stat -c %s {LOG}) -gt {{}}; do sleep .2; done'
    host.run(wait.format(8192))
    host.run('sleep 5')
    equal('throttled', True, size() < 32768, size())
    host.run(f'xenstore-write {node} 0')
    host.run(wait.format(131072))
    host.run(f'xenstore-write {node} 1; sleep 2')
    before = size()
    host.run('sleep 10')
    after = size()
    equal('throttled again', True, after - before < 32768, before, after)
    equal('the log says what it left out', True,
          host.status(f'tail -n 1000 {LOG} | grep -q suppressed') == 0)


def bad_value(host, equal, option, sentence):
    host.send(host.create_command(
        'guest', {**LINUX_GUEST, 'device_model_args_hvm': ['-global', option]}))
    status, said = host.answer()
    equal('xl fails', True, status != 0)
    equal('it says what failed', True, 'device model did not start' in said,
          said)
    equal('the log has a sentence', True, sentence in host.log(), host.log())


FIRST = '5853:0001 class ff80 revision 01, subsystem 5853:0001'
SECOND = '5853:0002 class 0100 revision 02, subsystem 5853:0002'
VENDOR = '5853:c000 class 0880 revision 01, subsystem 5853:c000'

WIN_BUILD = 'experimental/590080'
ANOTHER_BUILD = 'experimental/590081'
TYPED = '/root/typed'
SAID = '/root/said'
BLKBACK = [f'format=raw, vdev=hda, access=rw, target={DISK}']
SANDBOX = ('on,obsolete=deny,elevateprivileges=allow,spawn=deny,'
           'resourcecontrol=deny')
# Images of 1, 2 and 3 MiB
BUSY = ('ide', 'ahci', 'nvme')
BUSY_MACHINE = [
    '-drive', f'file={IMAGES}/busy-ide.img,format=raw,if=ide,index=1',
    '-device', 'ich9-ahci,id=ahci',
    '-drive', f'file={IMAGES}/busy-ahci.img,format=raw,if=none,id=ahci0',
    '-device', 'ide-hd,drive=ahci0,bus=ahci.0',
    '-drive', f'file={IMAGES}/busy-nvme.img,format=raw,if=none,id=nvme0',
    '-device', 'nvme,serial=nvme0,drive=nvme0',
    '-global', 'xen-platform.unplug-nvme-with-disks=on']


def busy_files(kernel):
    return {f'{IMAGES[1:]}/initramfs-nvme': bytes(kernel.initramfs(
        [name for name in NO_MODULES if not name.startswith('nvme')]))}


def pv_disk(backend):
    return {'disk': [f'format=raw, vdev=xvda, access=rw, backendtype={backend}, '
                     f'target={DISK}']}


ROWS = [
    Row('linux-blacklist', blacklist),
    Row('linux-while-it-runs', while_it_runs),
    Row('linux-other-devices', devices, settings={
        'disk': BLKBACK, 'hdtype': 'ahci', 'vendor_device': 'none',
        'vif': ['bridge=xenbr0, model=virtio-net']}),
    Row('linux-unplug-busy', unplug_busy, files=busy_files),
    Row('firmware-ovmf', ovmf, files=efi_disk),

    Row('blacklist-reported', listed, ('blacklist=expected', WIN_BUILD),
        {'says': 'known to crash'}),
    Row('blacklist-enforced', listed,
        ('blacklist=expected enforce=expected', WIN_BUILD, 'enforce')),
    Row('blacklist-enforced-another-build', listed, ('', ANOTHER_BUILD, 'enforce')),
    Row('blacklist-restricted', listed, ('blacklist=expected', WIN_BUILD), {
        'dm_restrict': 1, 'disk': BLKBACK,
        'device_model_args': ['-sandbox', SANDBOX],
        'says': 'later edits are not seen'}),

    Row('image-generation-2', identity, ('generation-2', [SECOND])),
    Row('image-vendor-device', identity, ('vendor-device', [FIRST, VENDOR])),
    Row('image-vendor-none', identity, ('guest', [FIRST]),
        {'vendor_device': 'none'}),
    Row('image-no-platform', identity,
        ('no-platform', [], 'persona=linux magic=missing')),
    Row('image-xenserver', identity, ('xenserver', [SECOND])),

    Row('image-log', log),
    Row('image-flood', flood),
    Row('image-bad-blacklist', bad_value,
        ('xen-platform.blacklist=maybe', 'maybe')),
    Row('image-bad-device-id', bad_value,
        ('xen-platform.device-id=0', 'device-id')),
    Row('image-bad-property', bad_value,
        ('xen-platform.colour=red', 'colour')),

    Row('pv-disk-qdisk', image, (f'test=block xen={XEN_VERSION}',),
        pv_disk('qdisk')),
    Row('pv-disk-blkback', image, (f'test=block xen={XEN_VERSION}',),
        pv_disk('phy')),
    Row('pv-nic-netback', image, (f'test=net xen={XEN_VERSION}',),
        {'vif': ['bridge=xenbr0, type=vif'] * 2}),
    Row('pv-nic-qemu', image, (f'test=net xen={XEN_VERSION}',),
        {'vif': [], 'device_model_args_hvm': list(PV_NICS)}),
    Row('pv-consoles', consoles, files=console_files),
]
