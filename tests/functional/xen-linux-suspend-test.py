#!/usr/bin/env python3
"""Suspend guests to RAM, wake them, and see that they have all they had.

Usage: xen-linux-suspend-test.py [PATTERN...]

As xen-linux-guest-test.py, with these rows: which kernel sleeps, and what
wakes it.  A guest that wakes goes on with the PV disks, the PV NIC and the
console that it had, without a new handshake, and with the files and
connections that were open.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

sys.dont_write_bytecode = True

from guest_rows import run_rows
from pv_guest import MIB, PvGuest, md5_of
from qemu_process import MachineError, PATIENCE

# The rtc rings that many seconds after the guest went to sleep, at most
ALARM = 3
SLEEP = 'echo mem >/sys/power/state'
RTC = '/sys/class/rtc/rtc0'

# What must not be there after a wake-up
COMPLAINTS = ('I/O error|BUG:|blocked for|Oops:|WARNING:|soft lockup|'
              'xenbus.*failed|PM: failed|time.*backwards')


@dataclass
class Row:
    name: str
    kernel: str = 'trixie-amd64'
    cpus: int = 1
    machine: str = 'pc'
    version: str = '0x40011'
    append: str = ''
    wakes: tuple = ('host', 'rtc')  # one after the other
    pv: bool = True                 # are there PV devices?
    save: str = ''                  # when the machine moves: asleep, awake


ROWS = [
    Row('quick', cpus=2, wakes=('rtc',)),
    *(Row(f'{name} cpus-{cpus}', kernel, cpus=cpus, wakes=('rtc', 'host') * 2)
      for name, kernel in (('6.12', 'trixie-amd64'), ('6.1', 'bookworm-amd64'),
                           ('6.1-686', 'bookworm-i386'))
      for cpus in (1, 2)),
    Row('q35', machine='q35', cpus=2),
    # The vector of the domain, not one for each vCPU
    Row('xen-4.16', version='0x40010', cpus=2),
    # No vector at all: an interrupt of the device
    Row('gsi', append='xen_no_vector_callback', cpus=2),
    Row('never', append='xen_emul_unplug=never', pv=False, cpus=2),
    *(Row(f'saved-{save}', save=save, cpus=2, wakes=('host',) * 2)
      for save in ('asleep', 'awake')),
]


def wait_for(guest, what, done):
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise MachineError(f'in vain: {what}; the console:\n'
                               f'{guest.read("console")[-3000:]}')
        time.sleep(0.05)


def run_state(guest):
    return guest.qmp('query-status')['status']


def sleep(guest, by_rtc):
    """Have the guest sleep; it is asleep on return, or has been."""
    guest.events.clear()
    if by_rtc:
        guest.run(f'echo 0 >{RTC}/wakealarm; echo +{ALARM} >{RTC}/wakealarm')
    guest.send(SLEEP)
    guest.event('SUSPEND')


def wake(guest, by_rtc):
    if not by_rtc:
        guest.qmp('system_wakeup')
    guest.event('WAKEUP')
    status, output = guest.answer()
    if status:
        raise MachineError(f'{SLEEP}: status {status}: {output}')


def move(stack, guest, qemu, kernel, files, row):
    """Return the target of a migration."""
    uri = f'unix:{files.path("migration")}'
    target = stack.enter_context(PvGuest(
        qemu, kernel, files, row.machine, row.cpus, row.version,
        copy=guest.copy, options=['-incoming', uri]))
    guest.qmp('migrate-set-parameters', **{
        'max-bandwidth': 1024 * MIB, 'downtime-limit': 5000})
    guest.qmp('migrate', uri=uri)
    wait_for(guest, 'migration', lambda: guest.qmp('query-migrate').get(
        'status') in ('completed', 'failed'))
    if guest.qmp('query-migrate')['status'] != 'completed':
        raise MachineError(f'migration failed: {guest.read("stderr")}'
                           f'{target.read("stderr")}')
    wait_for(target, 'the state has come', lambda: run_state(target) !=
             'inmigrate')
    # It was started with -S
    target.qmp('cont')
    return target


def identity(guest, row):
    """Return what a sleep must not change."""
    seen = {
        'driver': guest.qmp('query-xen-platform-pv-driver-info'),
        # Of the others, the kernel unbinds some while there is one vCPU
        'channels': sorted((port['port'], port['target'])
                           for port in guest.qmp('xen-event-list')
                           if port['type'] == 'interdomain'),
        'disks': guest.emulated_disks(),
        'nics': guest.nics(),
    }
    if row.pv:
        seen['PV disks'] = guest.pv_disks()
        seen['rings'] = guest.run(
            'cat /proc/interrupts | sed "s/[0-9]* //g" | grep -oE "(blkif|'
            'eth[0-9].*|hvc_console)" | sort')
    return seen


def clocks(guest):
    """Return uptime and real time of the guest, in seconds."""
    uptime, now = guest.words('read up rest </proc/uptime; echo $up; date +%s')
    return float(uptime), int(now)


def check_use(row, files, guest, equal, when):
    if row.pv:
        equal(f'{when}: xvda', files.md5, guest.words('md5sum /dev/xvda')[0])
        guest.run('echo 3 >/proc/sys/vm/drop_caches; '
                  'dd if=/dev/xvda of=/dev/xvdb bs=1M conv=fsync')
        equal(f'{when}: xvdb', files.md5, md5_of(guest.copy))
    equal(f'{when}: TCP to the guest', files.md5, guest.download(files.data))
    if row.pv:
        guest.send('{ stty raw -echo; echo host; } <>/dev/hvc0 >&0')
        equal(f'{when}: hvc0', b'host\n', guest.readline('hvc'))
        guest.answer()
    equal(f'{when}: a second lasts a second', True,
          timed(guest, 'sleep 1') < PATIENCE / 4)


def timed(guest, command):
    begin = time.monotonic()
    guest.run(command)
    return time.monotonic() - begin


def check_wake(row, files, guest, equal, before, when):
    uptime, now, seen = before
    equal(f'{when}: what it had', seen, identity(guest, row))
    up_now, real_now = clocks(guest)
    equal(f'{when}: time goes on', (True, True),
          (0 <= up_now - uptime < PATIENCE, 0 <= real_now - now < PATIENCE))
    equal(f'{when}: real time', True, abs(real_now - time.time()) < 5)
    equal(f'{when}: its CPUs', [str(row.cpus)], guest.words('nproc'))
    equal(f'{when}: complaints', '', guest.run(
        f'dmesg | grep -E "{COMPLAINTS}" || true'))
    check_use(row, files, guest, equal, when)


def play(row, qemu, kernel, files, equal):
    bios = ['-bios', kernel.firmware('bios-256k.bin')]
    with ExitStack() as stack:
        guest = stack.enter_context(PvGuest(
            qemu, kernel, files, row.machine, row.cpus, row.version,
            row.append, bios if row.machine == 'q35' else ()))
        guest.start()
        guest.set_up_network('vif' if row.pv else 'e1000')
        for number, how in enumerate(row.wakes):
            when = f'wake {number + 1}, {how}'
            before = *clocks(guest), identity(guest, row)
            sleep(guest, how == 'rtc')
            if row.save == 'asleep':
                guest = move(stack, guest, qemu, kernel, files, row)
                equal(f'{when}: it sleeps on the target', 'suspended',
                      run_state(guest))
            wake(guest, how == 'rtc')
            check_wake(row, files, guest, equal, before, when)
            if row.save == 'awake':
                guest = move(stack, guest, qemu, kernel, files, row)
                check_use(row, files, guest, equal, f'{when}, moved')
        if row.pv:
            guest.send('poweroff -f')
            equal('poweroff', 0, guest.wait())


if __name__ == '__main__':
    sys.exit(run_rows(__doc__, ROWS, sys.argv[1:], play))
