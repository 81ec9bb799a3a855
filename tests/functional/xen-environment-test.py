#!/usr/bin/env python3
"""Run the guest image's tests of the Xen guest environment.

Usage: xen-environment-test.py IMAGE [PATTERN...]

Each row of the table starts one machine.  The guest's results come out in
TAP under the row's name; after a failure stands the guest's transcript.  With
PATTERNs, only the rows whose names match one of them run; without, those that
are not called slow-.  The QEMU is $QTEST_QEMU_BINARY, else $QEMU.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import signal
import struct
import sys
import threading
import time
from dataclasses import dataclass
from fnmatch import fnmatch

sys.dont_write_bytecode = True

from guest_machine import (CONSOLE_INPUT, CONSOLE_OUTPUT, DISK_BYTES, PV_NICS,
                           Machine, check_results)
from qemu_process import PATIENCE, MachineError
from tap import Tap

# Seconds between two questions to a busy machine's monitor; and for an answer,
# which is there in a fraction of one unless the host is busy too
PAUSE = 0.02
PROMPT = 5


@dataclass
class Row:
    name: str
    append: str
    cpus: int = 1
    machine: str = 'pc'
    accel: str = 'tcg'
    version: str = '0x40011'    # of Xen; if empty, there is none
    options: tuple = ()
    monitor: bool = False       # does it answer meanwhile?
    events: tuple = ()          # of the monitor: how the machine ends
    debug_exit: bool = True
    disk: bool = False          # an xvda, with the pattern of test=block then
    consoles: bool = False      # two, with the input of test=console

    def command(self):
        append = self.append
        accel = self.accel
        if self.cpus > 1:
            append += f' cpus={self.cpus}'
        if self.version != Row.version:
            append += f' xen={self.version or 0}'
        if self.version:
            accel += f',xen-version={self.version}'
        return append, ['-M', self.machine, '-accel', accel, '-nic', 'none',
                        '-smp', str(self.cpus), *self.options,
                        *(XVDA if self.disk else ()),
                        *(CONSOLES if self.consoles else ())]


DISK = 'xvda.img'
XVDA = ('-blockdev', f'raw,node-name=xvda,file.driver=file,file.filename={DISK}',
        '-device', 'xen-disk,drive=xvda,vdev=xvda')

TYPED = 'typed'
SAID = 'said0', 'said1'
CONSOLES = [option for n, said in enumerate(SAID) for option in (
    '-chardev', f'file,id=c{n},path={said},input-path={TYPED}',
    '-device', f'xen-console,idx={n},chardev=c{n}')]

VECTORS = 'vector', 'vcpu-vector'
INTERRUPTS = 'gsi-ioapic', 'gsi-pic', 'intx-ioapic', 'intx-pic'

ROWS = [
    *(Row(f'{test}{name}', f'test={test}', version=version)
      for test in ('cpuid', 'hypercall-page', 'vmcall')
      for name, version in (('', '0x40011'), ('-no-xen', ''))),
    # With CR8 for 32-bit code
    *(Row(f'nested{name}', 'test=nested', version=version,
          options=('-cpu', 'qemu64,+cr8legacy'))
      for name, version in (('', '0x40011'), ('-no-xen', ''))),
    Row('cpuid-4.16', 'test=cpuid', version='0x40010', cpus=2),
    # Debian's kernels take VMMCALL on this one, VMCALL on Intel's
    *(Row(f'{test}-intel', f'test={test}', options=('-cpu', 'Nehalem'))
      for test in ('hypercall-page', 'vmcall')),
    Row('vmcall-intel-no-xen', 'test=vmcall', version='',
        options=('-cpu', 'Nehalem')),
    # With SMAP
    Row('pointers', 'test=pointers', options=('-cpu', 'max')),
    Row('long-mode', 'test=long-mode'),
    Row('random', 'test=random'),

    *(Row(f'events-{delivery}-{machine}', f'test=events delivery={delivery}',
          machine=machine)
      for machine in ('pc', 'q35') for delivery in VECTORS + INTERRUPTS),
    *(Row(f'ring-{delivery}-{cpus}', f'test=ring delivery={delivery}',
          cpus=cpus)
      for delivery in VECTORS for cpus in (1, 2, 4, 8)),
    Row('ring-single-threaded', 'test=ring', cpus=4,
        accel='tcg,thread=single'),
    Row('ring-icount', 'test=ring', cpus=4, options=('-icount', '1')),
    Row('poll', 'test=poll', cpus=2),
    Row('poll-single-threaded', 'test=poll', cpus=2,
        accel='tcg,thread=single'),
    Row('vcpu-info', 'test=vcpu-info', cpus=8),
    Row('lost-events', 'test=lost-events count=20000'),

    Row('time-1', 'test=time'),
    Row('time-4', 'test=time', cpus=4),
    Row('timers', 'test=timers'),
    Row('timers-2', 'test=timers', cpus=2),
    Row('runstate-1', 'test=runstate'),
    Row('runstate-2', 'test=runstate', cpus=2),

    Row('block', 'test=block', disk=True),
    Row('block-iothread', 'test=block', disk=True,
        options=('-object', 'iothread,id=thread',
                 '-global', 'xen-disk.iothread=thread')),

    Row('net', 'test=net', options=PV_NICS),
    Row('console', 'test=console', consoles=True),
    # What scripts/bench measures with
    Row('hypercall-cost', 'test=hypercall-cost count=1000'),
    Row('ring-cost', 'test=ring-cost count=1000',
        options=('-drive', 'if=none,id=disk,driver=null-co,size=1M',
                 '-device', 'xen-disk,drive=disk,vdev=xvda', *PV_NICS)),

    Row('storms', 'test=storms', monitor=True),
    Row('poweroff', 'test=shutdown reason=poweroff',
        events=(('SHUTDOWN', 'guest-shutdown'),)),
    Row('reboot', 'test=shutdown reason=reboot',
        events=(('RESET', 'guest-reset'),)),
    Row('crash', 'test=shutdown reason=crash',
        events=(('GUEST_PANICKED', None), ('SHUTDOWN', 'guest-panic'))),
    Row('watchdog', 'test=shutdown reason=watchdog',
        events=(('WATCHDOG', None), ('RESET', 'guest-reset'))),
    Row('suspend', 'test=shutdown reason=suspend'),
    Row('soft-reset', 'test=shutdown reason=soft-reset'),
    # Nothing but a hypercall can end this one
    Row('end', 'test=cpuid', machine='pc,acpi=off', debug_exit=False,
        events=(('SHUTDOWN', 'guest-shutdown'),)),

    Row('slow-time', 'test=time seconds=60', cpus=2),
    Row('slow-storms', 'test=storms seconds=2', cpus=4, monitor=True),
    Row('slow-random', 'test=random count=3000000'),
    Row('slow-lost-events', 'test=lost-events count=1000000'),
    *(Row(f'slow-ring-{delivery}-{cpus}',
          f'test=ring delivery={delivery} count=50000', cpus=cpus)
      for delivery in VECTORS for cpus in (2, 8)),
]


def ask_monitor(tap, row, machine, guest):
    """Ask until the guest has ended; the slowest answer must be prompt."""
    slowest = 0
    while guest.is_alive():
        begin = time.monotonic()
        try:
            machine.qmp('query-status')
        except MachineError:
            # It has ended meanwhile, or its silence will be seen
            break
        slowest = max(slowest, time.monotonic() - begin)
        time.sleep(PAUSE)
    tap.result(0 < slowest < PROMPT,
               f'{row.name}: the monitor answers in {PROMPT} s')
    print(f'#   {slowest * 1000:.0f} ms at most')


def play(tap, row, machine):
    """Return the guest's lines and QEMU's exit status."""
    lines = []
    if not row.monitor:
        return machine.run(), machine.finish()
    machine.qmp('cont')
    guest = threading.Thread(target=lambda: lines.extend(machine.listen()))
    guest.start()
    ask_monitor(tap, row, machine, guest)
    guest.join(PATIENCE)
    return lines, machine.finish()


def check_events(tap, row, machine, lines):
    got = [(event['event'], event['data'].get('reason'))
           for event in machine.last_events()
           if event['event'] in dict(row.events)]
    # SeaBIOS resets the machine once more
    tap.equal(f'{row.name}: the monitor tells of it', list(row.events),
              got[:len(row.events)])
    failed = [line for line in lines if line.startswith('not ok')]
    ok = not failed and any(line.startswith('ok') for line in lines)
    tap.result(ok, f'{row.name}: the guest is content',
               *([] if ok else lines))
    if row.events[-1][0] == 'RESET':
        tap.result(any(line.endswith('the guest starts again')
                       for line in lines), f'{row.name}: it starts again')


def check_disk(tap, row, machine):
    with open(machine.path(DISK), 'rb') as file:
        got = file.read()
    words = (sector * 0x01000193 + word & 0xffffffff
             for sector in range(DISK_BYTES // 512) for word in range(128))
    tap.result(got == struct.pack(f'<{DISK_BYTES // 4}I', *words),
               f'{row.name}: the host finds on the disk what was written')


def check_consoles(tap, row, machine):
    for n, said in enumerate(SAID):
        with open(machine.path(said), 'rb') as file:
            tap.result(file.read() == CONSOLE_OUTPUT,
                       f'{row.name}: the host reads what was written to {n}')


def run_row(tap, qemu, image, row):
    append, options = row.command()
    begin = time.monotonic()
    try:
        with Machine(qemu, image, append, options,
                     disks=(DISK,) if row.disk else (),
                     debug_exit=row.debug_exit,
                     files={TYPED: CONSOLE_INPUT} if row.consoles else None
                     ) as machine:
            lines, status = play(tap, row, machine)
            if row.events:
                check_events(tap, row, machine, lines)
            else:
                check_results(tap, row.name, lines, status)
            if row.disk:
                check_disk(tap, row, machine)
            if row.consoles:
                check_consoles(tap, row, machine)
    except MachineError as error:
        tap.result(False, f'{row.name}: the machine runs',
                   *str(error).splitlines())
    print(f'# {row.name}: {time.monotonic() - begin:.1f} s', flush=True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    qemu = os.environ.get('QTEST_QEMU_BINARY') or os.environ.get('QEMU')
    if not qemu:
        sys.exit('name the QEMU in QTEST_QEMU_BINARY or QEMU')
    image, patterns = sys.argv[1], sys.argv[2:]
    rows = [row for row in ROWS
            if any(fnmatch(row.name, pattern) for pattern in patterns) or
            not patterns and not row.name.startswith('slow-')]
    if not rows:
        sys.exit(f'known are: {" ".join(row.name for row in ROWS)}')
    # Let the machine's cleaning up run
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('terminated'))
    tap = Tap()
    for row in rows:
        run_row(tap, qemu, image, row)
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
