# The main program of a test that has xl of real Xen start guests.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import signal
import sys
import time
from fnmatch import fnmatch

from linux_guest import Kernel
from qemu_process import MachineError
from tap import Tap
from xl_guest import XlHost, files_for_dom0


def run_row(tap, row, host, play):
    def equal(what, expected, got, *details):
        tap.equal(f'{row.name}: {what}', expected, got, *details)

    begin = time.monotonic()
    try:
        host.tidy()
        play(row, host, equal)
    except MachineError as error:
        tap.result(False, f'{row.name}: the guest runs',
                   *str(error).splitlines(), *host.evidence())
    print(f'# {row.name}: {time.monotonic() - begin:.1f} s', flush=True)


def run_rows(usage, rows, play, files_for_row=lambda row, kernel: {}):
    """Return the exit status of the whole program, sys.argv IMAGE [PATTERN...].

    `play` gets a row, the XlHost and a function that compares:
    equal(what, expected, got, details...); `files_for_row` a row and a Kernel, and
    returns what the row wants in domain 0, for XenHost.  The QEMU that real Xen
    runs under is $QTEST_QEMU_BINARY, else $QEMU; the package that scripts/xen-host
    has made for domain 0 is $XEN_PACKAGE, the rest of its host is in $XEN_HOST, and
    the guests' kernel is in $XEN_GUESTS.  $XENSTORED is the daemon of its xenstore.
    If $XEN_HOST_REASON is set, that is why this machine has no such host.
    """
    if len(sys.argv) < 2:
        sys.exit(usage)
    image, *patterns = sys.argv[1:]
    rows = [row for row in rows
            if any(fnmatch(row.name, pattern) for pattern in patterns or '*')]
    qemu = os.environ.get('QTEST_QEMU_BINARY') or os.environ.get('QEMU')
    if not rows:
        sys.exit(usage)
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
        files = files_for_dom0(kernel, image, package)
        for row in rows:
            files.update(files_for_row(row, kernel))
        with XlHost(qemu, folder, files,
                    os.environ.get('XENSTORED', 'xenstored')) as host:
            host.start()
            print(f'# domain 0: {time.monotonic() - begin:.1f} s', flush=True)
            for row in rows:
                run_row(tap, row, host, play)
    except (MachineError, FileNotFoundError) as error:
        tap.result(False, 'domain 0 runs', *str(error).splitlines())
    return tap.end()
