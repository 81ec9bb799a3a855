#!/usr/bin/env python3
"""Run the guest image's test=unplug-at-work on machines with slow disks.

Usage: xen-unplug-at-work-test.py IMAGE [PATTERN...]

Each row of the table is a machine with devices of one kind.  Its disks are
files below a throttle that lets through ten requests a second, so that the last
ones are still outstanding when the guest unplugs the disk.  Where devices come
back, the guest reboots after each phase of a transfer and all of them are in one
run; where they are gone for good, there is a run for each.  With PATTERNs, only
the rows whose names match one of them run; without, those that are not called
slow-.  The QEMU is $QTEST_QEMU_BINARY, else $QEMU.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import re
import signal
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass
from fnmatch import fnmatch

sys.dont_write_bytecode = True

from guest_machine import Machine, check_results
from qemu_process import MachineError
from tap import Tap

SECTOR = 512
DISK_SECTORS = 2048
# As in tests/guest/work.h
MARKS = 8
SCRATCH = 64

XEN = '-accel', 'tcg,xen-version=0x40011'


def sector(number, seed):
    """Return what the guest writes there."""
    first = number * 0x01000193 + seed * 0x9e3779b1
    return struct.pack('<128I', *((first + i) & 0xffffffff
                                  for i in range(SECTOR // 4)))


# A CD, as the guest expects it
CD = b''.join(sector(number, 0) for number in range(DISK_SECTORS))


def drive(name, options=''):
    return '-drive', (f'if=none,id={name},format=raw,file={name}.img,'
                      f'throttling.iops-total=10{options}')


def blockdev(name):
    return ('-object', f'throttle-group,id={name}-limit,x-iops-total=10',
            '-blockdev', f'throttle,node-name={name},file.driver=raw,'
            f'file.file.driver=file,file.file.filename={name}.img,'
            f'throttle-group={name}-limit')


def ide(backend):
    disks = [word for name in ('disk0', 'disk1', 'disk2', 'cd')
             for word in backend(name)]
    return (*disks, '-device', 'ide-hd,bus=ide.0,unit=0,drive=disk0',
            '-device', 'ide-hd,bus=ide.0,unit=1,drive=disk1',
            '-device', 'ide-hd,bus=ide.1,unit=0,drive=disk2',
            '-device', 'ide-cd,bus=ide.1,unit=1,drive=cd')


def ahci(backend, bus='ide'):
    disks = [word for name in ('disk0', 'disk1', 'cd')
             for word in backend(name)]
    return (*disks, '-device', f'ide-hd,bus={bus}.0,drive=disk0',
            '-device', f'ide-cd,bus={bus}.1,drive=cd',
            '-device', f'ide-hd,bus={bus}.2,drive=disk1')


# SeaBIOS before 1.16.3 waits 32 s for an AHCI disk to end a command that it has
# refused; time flies where an instruction takes 1 us
QUICK_TIME = '-icount', 'shift=10'

# xl's hdtype=ahci
PC_AHCI = ('-device', 'ich9-ahci,id=ahci', *QUICK_TIME)


def nvme(backend):
    return (*backend('disk0'), '-device', 'nvme,serial=1,drive=disk0')


def nvme_ns(backend):
    """As XenServer writes it"""
    return (*backend('disk0'), *backend('disk1'),
            '-device', 'nvme,id=nvme0,serial=1',
            '-device', 'nvme-ns,drive=disk0,bus=nvme0,nsid=1',
            '-device', 'nvme-ns,drive=disk1,bus=nvme0,nsid=2')


def lsi(backend):
    return (*backend('disk0'), '-device', 'lsi53c895a,id=scsi',
            '-device', 'scsi-hd,bus=scsi.0,scsi-id=0,drive=disk0')


def lsi_cd(backend):
    return (*lsi(backend), *backend('cd'),
            '-device', 'scsi-cd,bus=scsi.0,scsi-id=1,drive=cd')


def nic(model):
    """Frames come from the host, and go nowhere"""
    return ('-netdev', 'dgram,id=wire,local.type=unix,local.path=wire,'
            'remote.type=unix,remote.path=host',
            '-device', f'{model},netdev=wire,mac=52:54:00:12:34:56')


# Behind the emulated disk
PV = '-device', 'xen-disk,vdev=xvda,share-rw=on,drive=disk0'
SHARED = ('-global', 'ide-hd.share-rw=on', '-global', 'nvme-ns.share-rw=on',
          '-global', 'scsi-hd.share-rw=on')


@dataclass
class Row:
    name: str
    device: str
    options: tuple
    machine: str = 'pc'
    park: bool = True       # are devices back after a reset?
    phases: tuple = ()      # all, if there are none
    pv: bool = False        # is there xvda with the image of the first disk?

    def command(self, phase):
        options = ['-M', self.machine, *XEN, *self.options, '-global',
                   f'xen-platform.x-park={"on" if self.park else "off"}']
        append = f'test=unplug-at-work device={self.device}'
        if phase:
            append += f' phase={phase}'
        append += ' reboot=1' if self.park else ' wait=1'
        if self.pv:
            append += ' pv=1'
            options += [*SHARED, *PV]
        return append, options

    def disks(self):
        return [name for name in ('disk0.img', 'disk1.img', 'disk2.img')
                if any(name[:5] in word for word in self.options)]


MODES = {'parked': True, 'gone': False}

# One phase where devices come back, all of these where they are gone
QUICK = {
    'ide': ('dma-read-armed', 'dma-write', 'pio-read', 'cd-beside-pio',
            'aux-dma'),
    'ahci': ('cd-beside-ncq',),
    'nvme': ('mixed', 'reads'),
    'lsi': ('cd', 'reselect', 'data-in'),
    'e1000': ('transmit', 'receive'),
    'rtl8139': ('cplus', 'receive'),
}

MACHINES = (
    ('ide', 'ide', ide, 'pc', ()),
    ('ahci-pc', 'ahci', lambda b: ahci(b, 'ahci'), 'pc', PC_AHCI),
    ('ahci-q35', 'ahci', ahci, 'q35', QUICK_TIME),
    ('nvme-pc', 'nvme', nvme, 'pc', ()),
    ('nvme-ns-q35', 'nvme', nvme_ns, 'q35', ()),
    ('lsi', 'lsi', lsi, 'pc', ()),
    ('lsi-cd', 'lsi', lsi_cd, 'q35', ()),
    ('e1000', 'e1000', lambda b: nic('e1000'), 'pc', ()),
    ('rtl8139', 'rtl8139', lambda b: nic('rtl8139'), 'pc', ()),
    ('e1000-q35', 'e1000', lambda b: nic('e1000'), 'q35', ()),
    ('rtl8139-q35', 'rtl8139', lambda b: nic('rtl8139'), 'q35', ()),
)

ROWS = [
    *(Row(f'{name}-{mode}', device, (*more, *options(drive)), machine, park,
          QUICK[device][:1] if park else QUICK[device])
      for name, device, options, machine, more in MACHINES
      for mode, park in MODES.items()
      if name in ('ide', 'ahci-pc', 'nvme-pc', 'nvme-ns-q35', 'lsi', 'lsi-cd',
                  'e1000', 'rtl8139') and (name, mode) != ('ahci-pc', 'parked')),
    *(Row(f'slow-{name}-{mode}', device,
          (*more, *options(drive if park else blockdev)), machine, park)
      for name, device, options, machine, more in MACHINES
      for mode, park in MODES.items()),
    *(Row(f'slow-{name}-pv-{mode}', device, (*more, *options(blockdev)),
          machine, park, () if park else QUICK[device], pv=True)
      for name, device, options, machine, more in MACHINES
      # nvme with drive= shares with nobody
      if device in ('ide', 'ahci', 'lsi') or name == 'nvme-ns-q35'
      for mode, park in MODES.items()),
]


class Flood:
    """Frames to the guest's NIC, as fast as it takes them, as a thread."""

    FRAME = bytes.fromhex('525400123456' '525400654321' '88b5') + bytes(
        n & 255 for n in range(1000))

    def __init__(self, machine):
        self._host = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._host.settimeout(0.1)
        self._host.bind(machine.path('host'))
        self._wire = machine.path('wire')
        self._thread = threading.Thread(target=self._send)
        self._going = True
        self.refused = False

    def _send(self):
        while self._going:
            try:
                self._host.sendto(self.FRAME, self._wire)
                time.sleep(0.002)
            except TimeoutError:
                pass
            except OSError:
                # QEMU has closed its end
                self.refused = True
                return

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._going = False
        self._thread.join()
        self._host.close()


def open_files(machine):
    """Return the names of the files that QEMU has open in its folder."""
    folder = f'/proc/{machine.process.pid}/fd'
    names = []
    for fd in os.listdir(folder):
        try:
            names.append(os.path.basename(os.readlink(f'{folder}/{fd}')))
        except FileNotFoundError:
            pass
    return names


def check_image(tap, name, machine, lines):
    """What the guest was told is written is in the file, all of it"""
    seeds = [int(line.split()[-1], 16) for line in lines
             if line.startswith('# marked:')]
    if not seeds or not seeds[-1]:
        return
    with open(machine.path('disk0.img'), 'rb') as file:
        image = file.read()
    sectors = [image[i:i + SECTOR] for i in range(0, len(image), SECTOR)]
    tap.result(sectors[:MARKS] == [sector(n, seeds[-1]) for n in range(MARKS)],
               f'{name}: the host finds what was written')
    torn = [n for n in range(SCRATCH, DISK_SECTORS) if any(sectors[n]) and
            all(sectors[n] != sector(n, seed) for seed in seeds)]
    tap.equal(f'{name}: no sector is written in part', [], torn)


def check_closed(tap, name, row, machine):
    """For good means that the host has its images back"""
    still = [disk for disk in row.disks() if disk in open_files(machine)]
    tap.equal(f'{name}: images that are open', ['disk0.img'] if row.pv else [],
              still)


def play(tap, qemu, image, row, phase):
    name = f'{row.name}: {phase}' if phase and not row.park else row.name
    append, options = row.command(phase)
    files = {disk: bytes(DISK_SECTORS * SECTOR) for disk in row.disks()}
    files['cd.img'] = CD
    with Machine(qemu, image, append, options, files=files) as machine:
        if row.device in ('e1000', 'rtl8139'):
            with Flood(machine) as flood:
                lines = machine.run()
            if not row.park:
                tap.result(flood.refused, f'{name}: the netdev is closed')
        else:
            lines = machine.run()
        if not row.park and 'aux-' not in (phase or ''):
            check_closed(tap, name, row, machine)
        status = machine.finish()
        check_results(tap, name, lines, status)
        check_image(tap, name, machine, lines)


def phases_of(qemu, image, device):
    with Machine(qemu, image, f'test=unplug-at-work device={device} phase=list',
                 ['-M', 'pc', '-accel', 'tcg']) as machine:
        return [line.split()[1] for line in machine.run()
                if line.startswith('phase ')]


def run_row(tap, qemu, image, row):
    begin = time.monotonic()
    used = os.times()
    phases = row.phases
    if not phases:
        phases = (None,) if row.park else phases_of(qemu, image, row.device)
    for phase in phases:
        try:
            play(tap, qemu, image, row, phase)
        except MachineError as error:
            tap.result(False, f'{row.name}: {phase or "all"}: the machine runs',
                       *str(error).splitlines())
    now = os.times()
    cpu = (now.children_user - used.children_user +
           now.children_system - used.children_system)
    print(f'# {row.name}: {time.monotonic() - begin:.1f} s, {cpu:.1f} of CPU',
          flush=True)


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
