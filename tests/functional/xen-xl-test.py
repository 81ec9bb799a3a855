#!/usr/bin/env python3
"""Have xl of real Xen start guests with this device model.

Usage: xen-xl-test.py IMAGE [PATTERN...]

Each row of the table is a guest with a configuration from docs/xl; all run in
one domain 0, where the package is installed.  With PATTERNs, only the rows whose
names match one of them run.
The environment is that of run_rows().

SPDX-License-Identifier: GPL-2.0-or-later
"""

import sys

sys.dont_write_bytecode = True

from xl_main import run_rows
from xl_rows import ROWS


def play(row, host, equal):
    row.play(host, equal, *row.arguments, **row.settings)


if __name__ == '__main__':
    sys.exit(run_rows(__doc__, ROWS, play,
                      lambda row, kernel: row.files(kernel)))
