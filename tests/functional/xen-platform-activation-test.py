#!/usr/bin/env python3
"""Run the guest image through its table of activations.

Usage: xen-platform-activation-test.py [--each] IMAGE [PATTERN...]

The image plays the Windows bus driver: it looks for its devices, settles
which one is active, and unplugs.  The rows are in tests/libxen/activations.c.
Each is settled on a machine with the devices that it names.  Rows that must
come out alike share one machine; with --each, every row has its own.  The
guest's results come out in TAP under the name of the row that is played; what
the host saw is checked here.  With PATTERNs, only these rows are played.  The
QEMU is $QTEST_QEMU_BINARY, else $QEMU.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import re
import signal
import sys
from dataclasses import dataclass
from fnmatch import fnmatch

sys.dont_write_bytecode = True

from guest_machine import Machine, STATUS_OK, check_results
from qemu_process import MachineError
from tap import Tap

MACHINE = ['-M', 'pc', '-m', '32', '-trace', 'xen_platform_unplug',
           '-drive', 'if=ide,index=0,driver=null-co,size=1M',
           '-drive', 'if=ide,index=1,driver=null-co,size=1M',
           '-drive', 'if=ide,index=2,media=cdrom',
           '-drive', 'if=none,id=nvme,driver=null-co,size=1M',
           '-device', 'nvme,drive=nvme,serial=1',
           '-netdev', 'hubport,id=net0,hubid=0', '-device', 'e1000,netdev=net0']
XEN = ['-accel', 'tcg,tb-size=16,xen-version=0x40011']
PLAIN = ['-accel', 'tcg,tb-size=16']
FIRST_SLOT = 0x10


@dataclass
class Row:
    name: str
    devices: list   # device IDs in bus order
    masks: list     # that the host sees


def parse(line):
    name, devices, masks = line.split()
    return Row(name, [id for id in devices.split(',') if int(id, 16)],
               [int(mask, 16) for mask in masks.split(',') if int(mask, 16)])


def device_options(devices):
    """Return the options for devices on slots that rise.

    One machine has one platform device; where a row names two, the second is a
    device with its ID and nothing behind it.
    """
    options = []
    platform = False
    for slot, device_id in enumerate(devices, FIRST_SLOT):
        kind = 'xen-pvdevice'
        if device_id in ('0001', '0002') and not platform:
            kind = {'0001': 'xen-platform', '0002': 'xen-platform-2'}[device_id]
            platform = True
        else:
            kind += f',device-id=0x{device_id}'
        options += ['-device', f'{kind},addr={slot:#x}']
    # Without a platform device of its own, the machine makes one with Xen
    return [*(XEN if platform else PLAIN), *options]


def play(qemu, image, append, options):
    """Return the guest's lines, QEMU's exit status and what QEMU traced."""
    with Machine(qemu, image, append, [*MACHINE, *options]) as machine:
        return machine.run(), machine.finish(), machine.read('stderr')


def run_row(tap, qemu, image, row):
    """Return the names of the rows that were settled."""
    try:
        lines, status, stderr = play(qemu, image, f'activation={row.name}',
                                     device_options(row.devices))
    except MachineError as error:
        tap.result(False, f'{row.name}: the machine runs',
                   *str(error).splitlines())
        return {row.name}
    check_results(tap, row.name, lines, status)
    seen = re.findall(r'^xen_platform_unplug mask (\w+) refused 0', stderr,
                      re.MULTILINE)
    tap.equal(f'{row.name}: the masks that the host sees',
              row.masks if row.devices != ['c000'] else [],
              [int(mask, 16) for mask in seen])
    settled = re.findall(r'^(?:not )?ok \d+ - row ([^:]+):', '\n'.join(lines),
                         re.MULTILINE)
    tap.result(row.name in settled, f'{row.name}: is among those settled')
    return {row.name, *settled}


def list_rows(tap, qemu, image):
    try:
        lines, status, _ = play(qemu, image, 'activation=list', PLAIN)
        rows = [parse(line) for line in lines]
    except (MachineError, ValueError) as error:
        lines, status, rows = str(error).splitlines(), None, []
    ok = status == STATUS_OK and len(rows) > 600
    tap.result(ok, 'activation=list lists them', *([] if ok else lines))
    return rows


def main():
    args = sys.argv[1:]
    each = '--each' in args
    if each:
        args.remove('--each')
    if not args:
        sys.exit(__doc__)
    qemu = os.environ.get('QTEST_QEMU_BINARY') or os.environ.get('QEMU')
    if not qemu:
        sys.exit('name the QEMU in QTEST_QEMU_BINARY or QEMU')
    image, patterns = args[0], args[1:] or ['*']
    # Let the machine's cleaning up run
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('terminated'))
    tap = Tap()
    done = set()
    for row in list_rows(tap, qemu, image):
        if (each or row.name not in done) and any(
                fnmatch(row.name, pattern) for pattern in patterns):
            done |= run_row(tap, qemu, image, row)
    print(f'# {len(done)} rows settled')
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
