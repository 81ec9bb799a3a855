# The main program of a test that boots kernels in a table of configurations.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import signal
import sys
import time
from fnmatch import fnmatch

from linux_guest import Kernel
from pv_guest import Files
from qemu_process import MachineError
from tap import Tap


def run_row(tap, row, qemu, folder, files, play):
    def equal(what, expected, got):
        tap.equal(f'{row.name}: {what}', expected, got)

    begin = time.monotonic()
    try:
        kernel = Kernel(os.path.join(folder, row.kernel))
        play(row, qemu, kernel, files, equal)
    except MachineError as error:
        tap.result(False, f'{row.name}: the machine runs',
                   *str(error).splitlines())
    print(f'# {row.name}: {time.monotonic() - begin:.1f} s', flush=True)


def run_rows(usage, rows, patterns, play):
    """Return the exit status of the whole program.

    `play` gets a row, the QEMU, the row's Kernel, the Files and a function
    that compares: equal(what, expected, got).
    """
    rows = [row for row in rows
            if any(fnmatch(row.name, pattern) for pattern in patterns or '*')]
    qemu = os.environ.get('QTEST_QEMU_BINARY') or os.environ.get('QEMU')
    folder = os.environ.get('XEN_GUESTS')
    if not rows:
        sys.exit(usage)
    if not qemu:
        sys.exit('name the QEMU in QTEST_QEMU_BINARY or QEMU')
    if not folder:
        print('1..0 # SKIP XEN_GUESTS is not set; scripts/check sets it')
        return 0
    # Let the machine's cleaning up run
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('terminated'))
    tap = Tap()
    with Files() as files:
        for row in rows:
            run_row(tap, row, qemu, folder, files, play)
    return tap.end()
