#!/usr/bin/env python3
"""Have xl of real Xen start guests with this device model.

Usage: xen-xl-test.py IMAGE [PATTERN...]

Each row of the table is a guest with a configuration from docs/xl; all run in
one domain 0, where the package is installed.  With PATTERNs, only the rows whose
names match one of them run.  The QEMU that real Xen runs under is
$QTEST_QEMU_BINARY, else $QEMU; the package that scripts/xen-host has made for
domain 0 is $XEN_PACKAGE, the rest of its host is in $XEN_HOST, and the guests'
kernel is in $XEN_GUESTS.  If $XEN_HOST_REASON is set, that is why this machine
has no such host.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import signal
import sys
import time
from fnmatch import fnmatch

sys.dont_write_bytecode = True

from linux_guest import Kernel
from qemu_process import MachineError
from tap import Tap
from xl_guest import XlHost, files_for_dom0
from xl_rows import ROWS


def run_row(tap, row, host):
    def equal(what, expected, got, *details):
        tap.equal(f'{row.name}: {what}', expected, got, *details)

    begin = time.monotonic()
    try:
        host.tidy()
        row.play(host, equal, *row.arguments, **row.settings)
    except MachineError as error:
        tap.result(False, f'{row.name}: the guest runs',
                   *str(error).splitlines(), *host.evidence())
    print(f'# {row.name}: {time.monotonic() - begin:.1f} s', flush=True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    image, *patterns = sys.argv[1:]
    rows = [row for row in ROWS
            if any(fnmatch(row.name, pattern) for pattern in patterns or '*')]
    qemu = os.environ.get('QTEST_QEMU_BINARY') or os.environ.get('QEMU')
    if not rows:
        sys.exit(__doc__)
    if not qemu:
        sys.exit('name the QEMU in QTEST_QEMU_BINARY or QEMU')
    reason = os.environ.get('XEN_HOST_REASON')
    try:
        package, folder, guests = (os.environ[name] for name in (
            'XEN_PACKAGE', 'XEN_HOST', 'XEN_GUESTS'))
    except KeyError as error:
        reason = f'{error.args[0]} is not set; make check-xen sets it'
    if reason:
        print(f'1..0 # SKIP {reason}')
        return 0
    # Let the machine's cleaning up run
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('terminated'))
    tap = Tap()
    begin = time.monotonic()
    try:
        kernel = Kernel(os.path.join(guests, 'trixie-amd64'))
        with XlHost(qemu, folder, files_for_dom0(
                kernel, image, package)) as host:
            host.start()
            print(f'# domain 0: {time.monotonic() - begin:.1f} s', flush=True)
            for row in rows:
                run_row(tap, row, host)
    except (MachineError, FileNotFoundError) as error:
        tap.result(False, 'domain 0 runs', *str(error).splitlines())
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
