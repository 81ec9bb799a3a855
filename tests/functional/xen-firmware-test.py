#!/usr/bin/env python3
"""Have SeaBIOS and OVMF boot from emulated disks that the guest then loses.

Usage: xen-firmware-test.py BOOTSECTOR [PATTERN...]

As xen-linux-guest-test.py, with these rows.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import sys
from dataclasses import dataclass
from typing import Callable

sys.dont_write_bytecode = True

from fat import fat_image
from guest_rows import run_rows
from linux_guest import CMDLINE
from pv_guest import MIB, PvGuest
from qemu_process import Qemu


@dataclass
class Row:
    name: str
    play: Callable
    machine: str = 'pc'
    kernel: str = 'trixie-amd64'


def seabios(row, qemu, kernel, files, equal):
    """A boot sector of ours says that it runs; again after a reset."""
    with open(sys.argv[1], 'rb') as file:
        image = file.read().ljust(MIB, b'\0')
    options = ['-M', row.machine, '-accel', 'tcg,xen-version=0x40011',
               '-bios', kernel.firmware('bios-256k.bin'),
               '-serial', 'chardev:serial',
               '-drive', 'if=ide,format=raw,file=disk.img',
               '-drive', f'if=none,id=pv,format=raw,file={files.full}',
               '-device', 'xen-disk,vdev=xvda,drive=pv']
    with Qemu(qemu, options, ['serial'], {'disk.img': image}) as machine:
        machine.qmp('cont')
        equal('boots', b'booted\n', machine.readline('serial'))
        machine.qmp('system_reset')
        equal('boots again', b'booted\n', machine.readline('serial'))


def ovmf(row, qemu, kernel, files, equal):
    """The shell of OVMF starts Linux, which loses the disk it comes from."""
    with open(kernel.image, 'rb') as file:
        image = fat_image({
            'VMLINUZ EFI': file.read(), 'INITRD     ': kernel.initramfs(),
            'STARTUP NSH': f'fs0:\r\nvmlinuz.efi initrd=\\initrd {CMDLINE}\r\n'
                           .encode()})
    with open(kernel.firmware('OVMF_VARS_4M.fd'), 'rb') as file:
        variables = file.read()
    with PvGuest(qemu, None, files, row.machine, emulated=[
            '-drive', 'if=ide,format=raw,file=disk.img',
            '-drive', 'if=pflash,unit=0,format=raw,readonly=on,file=' +
            kernel.firmware('OVMF_CODE_4M.fd'),
            '-drive', 'if=pflash,unit=1,format=raw,file=vars.fd'],
            contents={'disk.img': image, 'vars.fd': variables}) as guest:
        guest.start()
        for when in ('at first', 'after a reset'):
            equal(f'the emulated disk is gone {when}', [],
                  guest.emulated_disks())
            equal(f'xvda is read {when}', files.md5,
                  guest.words('md5sum /dev/xvda')[0])
            equal(f'it is EFI {when}', 0,
                  guest.status('test -d /sys/firmware/efi'))
            if when == 'at first':
                guest.qmp('system_reset')
                guest.wait_ready()


ROWS = [Row('seabios-pc', seabios), Row('seabios-q35', seabios, 'q35'),
        Row('ovmf-pc', ovmf), Row('ovmf-q35', ovmf, 'q35')]

if __name__ == '__main__':
    sys.exit(run_rows(__doc__, ROWS, sys.argv[2:],
                      lambda row, *arguments: row.play(row, *arguments)))
