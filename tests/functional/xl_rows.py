# The table of guests that xl of real Xen starts.
#
# SPDX-License-Identifier: GPL-2.0-or-later

from dataclasses import dataclass, field
from typing import Callable

from xl_guest import BLACKLIST, DISK, IMAGES, LINUX, LINUX_GUEST


@dataclass
class Row:
    name: str
    play: Callable
    arguments: tuple = ()
    settings: dict = field(default_factory=dict)    # in xl's configuration


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


def platform_devices(host):
    """Return a line for each PCI device of Xen's vendor."""
    return sorted(host.guest(
        'cd /sys/bus/pci/devices; for i in *; do '
        'test $(cat $i/vendor) != 0x5853 || echo $(cd $i; cat device revision '
        'class subsystem_vendor subsystem_device); done').splitlines())


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
          host.status("guest run 'ping -c 3 -W 60 10.0.2.2'"))


def write_log(host, text):
    """Have the guest write some characters to the log's port."""
    octal = ' '.join(f'{ord(character):03o}' for character in text)
    host.guest(f'for i in {octal}; do printf "\\\\$i" | '
               'dd of=/dev/port bs=1 seek=18 2>/dev/null; done')


def reboot(host):
    """Have the guest reboot; xl starts a new QEMU for it."""
    host.guest('{ sleep 1; reboot -f; } >/dev/null 2>&1 &')
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
    host.create('guest')
    check_listed(host, equal, 'crashes on resume')
    host.run(f'xenstore-rm {BLACKLIST}')
    reboot(host)
    check_welcome(host, equal)
    check_use(host, equal)
    write_log(host, 'DE\n')
    equal("the driver's log", True, 'xen-platform: DE' in host.log())


def written_while_it_runs(host, equal):
    host.run(f'xenstore-write {BLACKLIST}/linux/2 "another build"')
    host.create('guest')
    check_welcome(host, equal)
    host.run(f'xenstore-write {LINUX} "came late"')
    check_welcome(host, equal)
    reboot(host)
    check_listed(host, equal, 'came late')


def identity(host, equal, config, devices, unplugged=True, **settings):
    host.create(config, **settings)
    equal('the devices', sorted(devices), platform_devices(host))
    check_devices(host, equal, unplugged)


def persona(host, equal, append, build='', config='guest'):
    """Have the guest image play a driver; it checks by itself."""
    if build:
        host.run(f'xenstore-write {BLACKLIST}/{build} "known to crash"')
    lines = host.play(config, append)
    good = sum(line.startswith('ok ') for line in lines)
    plans = [line for line in lines if line.startswith('1..')]
    equal('its results', [f'1..{good}'], plans, *lines, *host.evidence())


def log(host, equal):
    host.create('log')
    write_log(host, 'own\n')
    equal("the driver's log", 'own', host.log('/var/log/xen/pv-guest.log'))
    equal('not elsewhere', False, 'own' in host.log())


def bad_value(host, equal, option, sentence):
    host.send(host.create_command(
        'guest', {**LINUX_GUEST, 'device_model_args_hvm': ['-global', option]}))
    status, said = host.answer()
    equal('xl fails', True, status != 0)
    equal('it says what failed', True, 'device model did not start' in said,
          said)
    equal('the log has a sentence', True, sentence in host.log(), host.log())


def rom_lock(host, equal):
    """The platform flags' bit 0 makes the page at 0xc0000 read-only."""
    def put(file, address, byte):
        host.guest(f'printf "\\\\{byte:03o}" | '
                   f'dd of={file} bs=1 seek={address} conv=notrunc')
        return int(host.guest(f'dd if={file} bs=1 skip={address} count=1 | '
                              'xxd -p | tail -n 1')[-2:], 16)

    host.create('guest')
    equal('unlocked, a write takes', 0x11, put('/dev/mem', 0xc0000, 0x11))
    equal('the lock reads back', 1, put('/dev/port', 0x10, 1))
    equal('locked, a write is lost', 0x11, put('/dev/mem', 0xc0000, 0x22))
    equal('the lock goes', 0, put('/dev/port', 0x10, 0))
    equal('a write takes again', 0x33, put('/dev/mem', 0xc0000, 0x33))


def stalled_xenstore(host, equal):
    host.create('guest')
    host.run('pkill -STOP -x xenstored')
    try:
        seen = host.words('md5sum /dev/xvda')[0]
        write_log(host, 'on\n')
        equal('the log goes on', True, 'xen-platform: on' in host.log())
    finally:
        host.run('pkill -CONT -x xenstored')
    equal('the disk goes on', host.md5(), seen)
    check_welcome(host, equal)


def restricted(host, equal, **settings):
    host.run(f'xenstore-write {LINUX} "came before"')
    host.create('guest', dm_restrict=1, **settings)
    check_listed(host, equal, 'came before')
    equal('the log says what it misses', True,
          'later edits are not seen' in host.log())


def devices(host, equal, **settings):
    """Other emulated devices, or other backends."""
    host.create('guest', **settings)
    check_welcome(host, equal)
    check_use(host, equal)


def hotplug(host, equal):
    host.create('guest')
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


def move(host, equal, command):
    """Save and restore a guest that reads its disk all the time."""
    host.create('guest')
    before = info(host)
    expected = host.md5()
    host.guest('while dd if=/dev/xvda bs=1M iflag=direct 2>/dev/null | md5sum; '
               'do :; done >/sums 2>&1 &')
    host.run(command)
    equal('info xen-platform', before, info(host))
    check_welcome(host, equal)
    count = host.words('wc -l </sums')[0]
    host.guest(f'until test $(wc -l </sums) -gt $(({count} + 1)); do '
               'sleep .1; done')
    equal('what was read', [expected, '-'], host.words('sort -u /sums'))
    check_use(host, equal)


FIRST = '0x0001 0x01 0xff8000 0x5853 0x0001'
SECOND = '0x0002 0x02 0x010000 0x5853 0x0002'
VENDOR = '0xc000 0x01 0x088000 0x5853 0xc000'

WIN_BUILD = 'experimental/590080'
DISK_BY_BLKBACK = [f'format=raw, vdev=hda, access=rw, target={DISK}']

ROWS = [
    Row('blacklist', blacklist),
    Row('written-while-it-runs', written_while_it_runs),

    *(Row(f'persona-{name}', persona, (f'persona={name}',))
      for name in ('win-xenbus', 'citrix-legacy', 'gplpv', 'vmdp', 'linux',
                   'freebsd')),
    Row('reported', persona, ('blacklist=expected', WIN_BUILD)),
    Row('enforced', persona,
        ('blacklist=expected enforce=expected', WIN_BUILD, 'enforce')),
    Row('enforced-another-build', persona,
        ('', 'experimental/590081', 'enforce')),

    Row('generation-2', identity, ('generation-2', [SECOND])),
    Row('vendor-device', identity, ('vendor-device', [FIRST, VENDOR])),
    Row('vendor-none', identity, ('guest', [FIRST]),
        {'vendor_device': 'none'}),
    Row('no-platform', identity, ('no-platform', [], False)),
    Row('xenserver', identity, ('xenserver', [SECOND])),

    Row('log', log),
    Row('bad-blacklist', bad_value, ('xen-platform.blacklist=maybe', 'maybe')),
    Row('bad-device-id', bad_value, ('xen-platform.device-id=0', 'device-id')),
    Row('bad-property', bad_value, ('xen-platform.colour=red', 'colour')),

    Row('rom-lock', rom_lock),
    Row('stalled-xenstore', stalled_xenstore),
    Row('restricted', restricted, settings={'disk': DISK_BY_BLKBACK}),

    Row('blkback', devices, settings={'disk': DISK_BY_BLKBACK}),
    Row('ahci', devices, settings={'hdtype': 'ahci'}),
    Row('virtio-net', devices,
        settings={'vif': ['bridge=xenbr0, model=virtio-net']}),
    Row('hotplug', hotplug),

    Row('save-restore', move, (
        f'xl save guest {IMAGES}/saved && xl restore {IMAGES}/saved && '
        f'rm {IMAGES}/saved',)),
    Row('migrate', move, ('xl migrate -s "" guest "xl migrate-receive"',)),
]
