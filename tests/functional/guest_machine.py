# A QEMU with the bare-metal guest image in it, for tests and the demo.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import re

from qemu_process import MachineError, Qemu

DISK_BYTES = 1 << 20

# What test=console reads, and writes
CONSOLE_INPUT = bytes(n * 7 + n // 256 & 255 for n in range(5000))
CONSOLE_OUTPUT = bytes(2 * (n * 7 + n // 256) & 255 for n in range(10000))

# Two PV NICs on one wire, for test=net
PV_NICS = ('-netdev', 'hubport,id=n0,hubid=0',
           '-device', 'xen-net-device,netdev=n0,idx=0',
           '-netdev', 'hubport,id=n1,hubid=0',
           '-device', 'xen-net-device,netdev=n1,idx=1')

# What isa-debug-exit makes of the codes in tests/guest/exit.h
STATUS_OK = 33
STATUS_FAILED = 35
STATUS_USAGE = 37

DEBUG_EXIT = '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04'

WAITING = '# Waiting for a byte on the serial port'


class Machine(Qemu):
    """A Qemu with `image` in it, an empty disk for each of `disks`, and `files`.
    """

    def __init__(self, qemu, image, append, options=(), disks=(),
                 debug_exit=True, files=None):
        super().__init__(qemu, [
            '-serial', 'chardev:serial', *(DEBUG_EXIT if debug_exit else ()),
            '-kernel', os.path.abspath(image), '-append', append, *options],
            channels=['serial'],
            files={**{name: bytes(DISK_BYTES) for name in disks},
                   **(files or {})})

    def run(self):
        """Start the guest; return its lines up to its end or its wait."""
        self.qmp('cont')
        return self.listen()

    def listen(self):
        """Return a started guest's lines up to its end or its wait."""
        lines = []
        try:
            for line in self.channels['serial'].file:
                lines.append(line.decode(errors='replace').rstrip('\n'))
                if lines[-1] == WAITING:
                    break
        except OSError as error:
            raise MachineError('the guest is silent after:\n' +
                               '\n'.join(lines)) from error
        return lines

    def finish(self):
        """End the guest's wait, if it waits; return QEMU's exit status."""
        try:
            self.channels['serial'].socket.sendall(b'\n')
        except OSError:
            pass
        return self.wait()


def check_results(tap, name, lines, status):
    """Repeat the results among the lines of a guest under `name`."""
    failures = tap.failures
    planned = None
    results = 0
    for line in lines:
        result = re.fullmatch(r'(not )?ok \d+ - (.*)', line)
        plan = re.fullmatch(r'1\.\.(\d+)', line)
        if result:
            tap.result(not result[1], f'{name}: {result[2]}')
            results += 1
        elif plan:
            planned = int(plan[1])
    ended = status == STATUS_OK and planned == results
    if ended and tap.failures == failures:
        return
    tap.result(ended, f'{name}: the guest ends well',
               f'status {status}, {results} results, {planned} planned; '
               'its transcript:', *lines)
