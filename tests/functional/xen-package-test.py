#!/usr/bin/env python3
"""Install packages beside Debian's QEMU, and run what they install.

Usage: xen-package-test.py IMAGE

The packages are those that $XEN_PACKAGES names.  For each there is a folder with
its release of Debian in $XEN_DEBIAN_HOSTS; scripts/debian-hosts makes them.  There
the guest IMAGE runs, with all that looks for a file of QEMU's: firmware, option
ROMs, a keymap.  If $XEN_HOST_REASON is set, that is why this machine can run
nothing in such a folder.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import gzip
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

from guest_machine import DEBUG_EXIT, check_results
from tap import Tap

PATIENCE = 300
RELEASES = {'12': 'bookworm', '13': 'trixie'}

QEMU = '/usr/libexec/qemu-xen-platform/qemu-system-i386'
MANUAL = '/usr/share/man/man7/qemu-xen-platform.7.gz'
EXAMPLES = '/usr/share/doc/qemu-xen-platform/examples'
MACHINE = (
    '-M', 'pc', '-accel', 'tcg,xen-version=0x40011', '-m', '64', '-nodefaults',
    '-display', 'none', '-vnc', 'unix:/tmp/vnc', '-k', 'de', '-device', 'VGA',
    '-device', 'e1000', '-drive', 'if=ide,driver=null-co,size=1M',
    '-serial', 'stdio', *DEBUG_EXIT,
    '-kernel', '/tmp/image', '-append', 'persona=win-xenbus')

ENTER = '''root=$1
shift
mount --rbind /dev "$root/dev" && mount --rbind /proc "$root/proc" &&
    exec chroot "$root" env -i LC_ALL=C.UTF-8 \\
        PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"'''


class Host:
    """A folder with a release of Debian."""

    def __init__(self, root):
        self.root = root
        self.enter = ['unshare', '--mount',
                      *(['--map-root-user'] if os.getuid() else []),
                      'sh', '-c', ENTER, 'sh', root]

    def copy(self, path, name):
        shutil.copy(path, f'{self.root}/tmp/{name}')
        return f'/tmp/{name}'

    def run(self, *command):
        """Return the status and the lines of what a command says."""
        done = subprocess.run(
            [*self.enter, *command], stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        return done.returncode, done.stdout.splitlines()


def properties(lines):
    """Return the names in the output of -device NAME,help."""
    return {match[1] for line in lines
            if (match := re.match(r' +([\w-]+)=<', line))}


def check_manual(tap, host, name):
    """Each property that is the device's own is in the manual page."""
    with gzip.open(host.root + MANUAL, 'rt') as page:
        manual = page.read().replace('\\', '')
    own = (properties(host.run(QEMU, '-device', 'xen-platform,help')[1]) -
           properties(host.run(QEMU, '-device', 'edu,help')[1]))
    tap.equal(f'{name}: properties that the manual page leaves out', ['x-park'],
              [word for word in sorted(own) if word not in manual])


def check_package(tap, name, package, host, image):
    def succeeds(what, *command):
        status, lines = host.run(*command)
        tap.equal(f'{name}: {what}', 0, status, *lines)
        return lines

    succeeds('dpkg installs it', 'dpkg', '--install',
             host.copy(package, 'package.deb'))
    succeeds("Debian's QEMU runs", 'qemu-system-x86_64', '-version')
    succeeds('ours runs', QEMU, '-version')
    machines = succeeds('it knows machines', QEMU, '-M', 'help')
    tap.equal(f"{name}: libxl's are among them", ['pc', 'xenfv'], sorted(
        {'pc', 'xenfv'} & {line.split(' ')[0] for line in machines}))
    host.copy(image, 'image')
    status, lines = host.run(QEMU, *MACHINE)
    check_results(tap, f'{name}: a guest', lines, status)
    succeeds('the examples name it', 'sh', '-c',
             f'test -z "$(grep -L {QEMU} {EXAMPLES}/*.cfg)"')
    check_manual(tap, host, name)
    succeeds('dpkg removes it', 'dpkg', '--purge', 'qemu-xen-platform')
    tap.equal(f'{name}: what is left of it', [], host.run(
        'find', '/', '-xdev', '-name', '*qemu-xen-platform*')[1])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    reason = os.environ.get('XEN_HOST_REASON')
    try:
        packages, hosts = (os.environ[name] for name in (
            'XEN_PACKAGES', 'XEN_DEBIAN_HOSTS'))
    except KeyError as error:
        reason = f'{error.args[0]} is not set; make check-full sets it'
    if reason:
        print(f'1..0 # SKIP {reason}')
        return 0
    tap = Tap()
    for package in packages.split():
        release = re.search('~deb(12|13)u', package)
        if not release:
            tap.result(False, f'{package} is there')
            continue
        root = os.path.join(hosts, RELEASES[release[1]], 'root')
        try:
            check_package(tap, f'Debian {release[1]}', package, Host(root),
                          sys.argv[1])
        except (OSError, subprocess.TimeoutExpired) as error:
            tap.result(False, f'{package} can be tried', str(error))
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
