# Domain 0 of real Xen, with xl and one guest.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import shlex

from fat import fat_image
from linux_guest import CMDLINE, HERE
from xen_host import QUICK, XenHost, read

PACKAGE = '/root/qemu-xen-platform.deb'
# Where the package has docs/xl
CONFIGS = '/usr/share/doc/qemu-xen-platform/examples'
IMAGES = '/var/lib/xen/images'
DISK = f'{IMAGES}/guest.img'
DISK_BYTES = 4 << 20
EFI_DISK = f'{IMAGES}/efi.img'
CONSOLE = '/var/log/xen/console-guest'
LOG = '/var/log/xen/qemu-dm-guest.log'
BLACKLIST = '/mh/driver-blacklist'
LINUX = f'{BLACKLIST}/linux/1'

# What a test adds to any configuration: what to boot, how to hear of it, and
# nothing on a screen, as that takes most of a boot's time.  Each page costs time.
BOTH = {
    'memory': 128,
    'vga': 'none',
    'serial': [f'file:{CONSOLE}', 'pipe:/run/guest'],
}
LINUX_CMDLINE = f'{CMDLINE} {QUICK}'
# No guest here has their devices, and to load them takes a second
NO_MODULES = ('8139too', 'cdrom', 'e1000', 'e1000e', 'nvme', 'nvme-auth',
              'nvme-core', 'sr_mod', 'virtio_blk')
LINUX_GUEST = {
    **BOTH,
    'on_crash': 'preserve',
    'kernel': f'{IMAGES}/vmlinuz',
    'ramdisk': f'{IMAGES}/initramfs',
    'cmdline': LINUX_CMDLINE,
}


def word(value):
    """Return a value in the spelling of xl's configurations."""
    if isinstance(value, list):
        return '[ ' + ', '.join(map(word, value)) + ' ]'
    return f'"{value}"' if isinstance(value, str) else str(value)


def files_for_dom0(kernel, image, package):
    """Return what domain 0 needs besides what it is, for XenHost."""
    return {
        PACKAGE[1:]: package,
        'usr/sbin/guest': os.path.join(HERE, 'dom0-guest'),
        f'{IMAGES[1:]}/vmlinuz': kernel.image,
        f'{IMAGES[1:]}/initramfs': bytes(kernel.initramfs(NO_MODULES)),
        f'{IMAGES[1:]}/pvguest.elf': image,
        DISK[1:]: os.urandom(DISK_BYTES)}


def efi_disk(kernel):
    """Return a disk that OVMF starts Linux from, for XenHost.

    The image is cut off where it has nothing but zeros.
    """
    # The shell of OVMF does what startup.nsh says
    image = fat_image({
        'VMLINUZ EFI': read(kernel.image),
        'INITRD     ': bytes(kernel.initramfs(NO_MODULES)),
        'STARTUP NSH': 'fs0:\r\nvmlinuz.efi initrd=\\initrd '
                       f'{LINUX_CMDLINE}\r\n'.encode()})
    return {EFI_DISK[1:]: image.rstrip(b'\0')}


class XlHost(XenHost):
    """A XenHost that has what files_for_dom0() says."""

    def start(self):
        super().start()
        self.run(f'dpkg --install {PACKAGE}')
        self.run('ip addr add 10.0.2.2/24 dev xenbr0 && '
                 f'/root/busybox httpd -p 10.0.2.2:80 -h {IMAGES}')

    def tidy(self):
        """Leave no trace of an earlier guest."""
        self.run('xl destroy guest 2>/dev/null; '
                 f'xenstore-rm {BLACKLIST} 2>/dev/null; '
                 'rm -f /var/log/xen/*guest*; '
                 'for pipe in /run/guest.out /run/guest.in; do '
                 'dd if=$pipe iflag=nonblock 2>/dev/null; done; true')

    def create_command(self, config, settings, options=''):
        words = [shlex.quote(f'{key}={word(value)}')
                 for key, value in settings.items()]
        return f'xl create {options} {CONFIGS}/{config}.cfg {" ".join(words)}'

    def create(self, config, **settings):
        """Start Linux with a configuration of docs/xl; wait until it is up."""
        self.boot(config, **{**LINUX_GUEST, **settings})

    def boot(self, config, **settings):
        self.run(self.create_command(config, settings))
        self.run('guest ready')

    def create_image(self, config, append, options='', **settings):
        """Start the guest image with a configuration of docs/xl.

        It has no use for the NICs that are there, so none is put on the bridge.
        `options` are xl's.
        """
        self.run(self.create_command(config, {
            **BOTH, 'kernel': f'{IMAGES}/pvguest.elf', 'cmdline': append,
            'vif': ['bridge=xenbr0, script=/bin/true'],
            'on_reboot': 'destroy', **settings}, options))

    def play(self, config, append, **settings):
        """Run the guest image to its end; return its lines."""
        self.create_image(config, append, **settings)
        return self.wait_end()

    def wait_end(self):
        """Wait until the guest image is at its end; return its lines."""
        # xl would take more time to say so than the guest to end
        self.run('timeout 200 sh -c "until grep -q Exiting '
                 '/var/log/xen/xl-guest.log; do sleep .2; done"')
        return self.log(CONSOLE).splitlines()

    def wait_moved(self):
        """Wait until a guest is itself again, and its earlier QEMU gone.

        That QEMU would take some of what comes by the named pipe, and Linux drops
        what comes before it has its serial ports again; disks come after them.
        """
        state = '/local/domain/$(xl domid guest)/device/vbd/768/state'   # hda's
        self.run(f'until test "$(echo $(pgrep -c qemu-system; '
                 f'xenstore-read {state}))" = "1 4"; do sleep .1; done')

    def guest(self, command):
        """Return the output of one line of shell in the guest."""
        return self.run(f'guest run {shlex.quote(command)}')

    def words(self, command):
        return self.guest(command).split()

    def monitor(self, command):
        return self.run(f'xl qemu-monitor-command guest {shlex.quote(command)}')

    def log(self, path=LOG):
        return self.run(f'cat {path}')

    def md5(self):
        """Return the checksum of the guest's disk, on the host."""
        return self.run(f'md5sum <{DISK}').split()[0]

    def evidence(self):
        """Return lines from everywhere that tell why a guest failed."""
        return self.run(
            f'xl list; tail -n 20 {LOG} /var/log/xen/xl-guest.log {CONSOLE} '
            '/var/log/xen/xen-hotplug.log; xl dmesg | tail -n 20; true'
        ).splitlines()
