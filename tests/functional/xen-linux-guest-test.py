#!/usr/bin/env python3
"""Boot Debian's kernels in a table of configurations and use their PV drivers.

Usage: xen-linux-guest-test.py [PATTERN...]

Each row of the table starts one machine with emulated disks and an emulated
NIC, and with PV ones beside them.  With PATTERNs, only the rows whose names
match one of them run.  The QEMU is $QTEST_QEMU_BINARY, else $QEMU; the kernels
are in $XEN_GUESTS, where scripts/guest-kernels puts them.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import sys
from dataclasses import dataclass

sys.dont_write_bytecode = True

from guest_rows import run_rows
from pv_guest import EMULATED_DISKS, NICS, PvGuest, md5_of

# Bits of the mask
DISKS, NIC, AUX_DISKS = 1, 2, 4
# As a kernel with PV drivers for both asks by itself
USUAL = DISKS | NIC


@dataclass
class Row:
    name: str
    kernel: str
    append: str = ''
    mask: int = USUAL           # that the guest writes; 0: it writes none
    cpus: int = 1
    machine: str = 'pc'
    version: str = '0x40011'    # of Xen; if empty, there is none
    reboot: bool = False


UNPLUG = (('never', 0), ('nics', NIC), ('ide-disks', DISKS),
          ('aux-ide-disks', AUX_DISKS), ('all', DISKS | NIC | AUX_DISKS))
ROWS = [row for name, kernel in (('6.12', 'trixie-amd64'),
                                 ('6.1', 'bookworm-amd64'),
                                 ('6.1-686', 'bookworm-i386'))
        for row in (
            Row(f'{name} no-xen', kernel, version='', mask=0),
            *(Row(f'{name} cpus-{cpus}', kernel, cpus=cpus, reboot=True)
              for cpus in (1, 2, 4)),
            Row(f'{name} q35', kernel, machine='q35'),
            # Without vectors for each vCPU, which came with 4.17
            Row(f'{name} xen-4.16', kernel, version='0x40010', cpus=2),
            *(Row(f'{name} {word}', kernel, f'xen_emul_unplug={word}', mask)
              for word, mask in UNPLUG))]


def check_identity(row, guest, equal):
    if not row.version:
        equal('no hypervisor', 1,
              guest.status('dmesg | grep "Hypervisor detected"'))
        return
    equal('the hypervisor', ['xen', 'HVM'],
          guest.words('cd /sys/hypervisor && cat type guest_type'))
    version = int(row.version, 0)
    equal('its version', [f'{version >> 16}', f'{version & 0xffff}'],
          guest.words('cd /sys/hypervisor/version && cat major minor'))
    equal('its page size', ['1000'],
          guest.words('cat /sys/hypervisor/properties/pagesize'))
    equal('dmesg detects Xen HVM', 0,
          guest.status('dmesg | grep "Hypervisor detected: Xen HVM"'))


def check_devices(row, guest, equal):
    """Compare what is there with what the mask takes and gives."""
    disks = () if row.mask & DISKS else EMULATED_DISKS
    if row.mask & AUX_DISKS:
        disks = disks[:1]
    equal('the emulated disks', sorted(disks), guest.emulated_disks())
    equal('the PV disks', ['xvda', 'xvdb'] if row.mask else [],
          guest.pv_disks())
    equal('the NICs', sorted((['vif'] if row.mask else []) +
                             ([] if row.mask & NIC else [NICS[row.machine]])),
          sorted(guest.nics()))


def check_host_view(row, guest, equal):
    seen = guest.qmp('query-xen-platform-pv-driver-info')
    # Who asks for nothing announces nothing
    expected = {'product-num': 3 if row.mask else 0,
                'build-num': 1 if row.mask else 0, 'unplugged': row.mask}
    equal('query-xen-platform-pv-driver-info', expected,
          {name: seen.get(name) for name in expected})
    if row.mask:
        event = guest.event('XEN_PLATFORM_UNPLUG')
        equal('XEN_PLATFORM_UNPLUG', (row.mask, row.mask, False),
              (event['requested'], event['mask'], event['refused']))


def check_disks(files, guest, equal):
    equal('xvda is read', files.md5, guest.words('md5sum /dev/xvda')[0])
    guest.run('dd if=/dev/xvda of=/dev/xvdb bs=1M conv=fsync')
    equal('xvdb is written', files.md5, md5_of(guest.copy))


def check_network(files, guest, equal):
    guest.set_up_network()
    equal('TCP to the guest', files.md5, guest.download(files.data))
    equal('TCP to the host', files.md5, guest.upload('/dev/xvda'))


def check_console(guest, equal):
    guest.send('{ stty raw -echo; echo host; read word; echo $word; } '
               '<>/dev/hvc0 >&0')
    equal('hvc0 to the host', b'host\n', guest.readline('hvc'))
    guest.channels['hvc'].socket.sendall(b'guest\n')
    equal('hvc0 to the guest', b'guest\n', guest.readline('hvc'))
    guest.answer()


def check_use(files, guest, equal):
    check_disks(files, guest, equal)
    check_network(files, guest, equal)
    check_console(guest, equal)


def play(row, qemu, kernel, files, equal):
    bios = ['-bios', kernel.firmware('bios-256k.bin')]
    with PvGuest(qemu, kernel, files, row.machine, row.cpus, row.version,
                 row.append, bios if row.machine == 'q35' else ()) as guest:
        guest.start()
        check_identity(row, guest, equal)
        equal('its CPUs', [str(row.cpus)], guest.words('nproc'))
        check_devices(row, guest, equal)
        if row.version:
            check_host_view(row, guest, equal)
        if row.mask:
            check_use(files, guest, equal)
        if row.reboot:
            guest.send('reboot -f')
            guest.wait_ready()
            check_devices(row, guest, equal)
            check_use(files, guest, equal)
        guest.send('poweroff -f')
        equal('poweroff', 0, guest.wait())


if __name__ == '__main__':
    sys.exit(run_rows(__doc__, ROWS, sys.argv[1:], play))
