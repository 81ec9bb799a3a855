# The table of guests that xl of real Xen starts.
#
# SPDX-License-Identifier: GPL-2.0-or-later

from dataclasses import dataclass
from typing import Callable

from xl_guest import BLACKLIST, LINUX


@dataclass
class Row:
    name: str
    play: Callable
    arguments: tuple = ()


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


def blacklist(host, equal):
    host.run(f'xenstore-write {LINUX} "crashes on resume"')
    host.create('guest')
    check_devices(host, equal, unplugged=False)
    equal('the monitor says so', True,
          'blacklisted: yes (blacklist=report)' in
          host.monitor('info xen-platform'))
    equal('the log has the reason', True,
          'crashes on resume' in host.log())
    host.run(f'xenstore-rm {BLACKLIST}')
    host.guest('reboot -f & sleep 1000 &')
    host.run('guest ready')
    check_devices(host, equal)
    info = host.monitor('info xen-platform')
    equal('no longer', True, 'blacklisted: no' in info)
    equal('unplugged', True, 'unplugged: mask 0x3, refused 0x0' in info)
    check_use(host, equal)
    host.guest('for i in 104 105 012; do printf "\\\\$i" | '
               'dd of=/dev/port bs=1 seek=18 2>/dev/null; done')
    equal("the driver's log", True, 'xen-platform: DE' in host.log())


def identity(host, equal, config, devices, unplugged=True, **settings):
    host.create(config, **settings)
    equal('the devices', sorted(devices), platform_devices(host))
    check_devices(host, equal, unplugged)


FIRST = '0x0001 0x01 0xff8000 0x5853 0x0001'
SECOND = '0x0002 0x02 0x010000 0x5853 0x0002'
VENDOR = '0xc000 0x01 0xff8000 0x5853 0xc000'

ROWS = [
    Row('blacklist', blacklist),
    Row('generation-2', identity, ('generation-2', [SECOND])),
    Row('vendor-device', identity, ('vendor-device', [FIRST, VENDOR])),
    Row('no-platform', identity, ('no-platform', [], False)),
    Row('xenserver', identity, ('xenserver', [SECOND])),
]
