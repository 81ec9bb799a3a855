# A QEMU with one of Debian's kernels in it, doing what it is told.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os

from qemu_process import MachineError, Qemu

HERE = os.path.dirname(os.path.abspath(__file__))

# What a kernel is told besides: its messages go to the first serial port.
# Mitigations of faults of real CPUs cost most of the time under TCG.
CMDLINE = 'console=ttyS0 quiet panic=-1 mitigations=off'


class Kernel:
    """What scripts/guest-kernels left in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.image = os.path.join(folder, 'vmlinuz')
        if not os.path.exists(self.image):
            raise MachineError(f'no kernel in {folder}: '
                               'run scripts/guest-kernels')

    def firmware(self, name):
        return os.path.join(os.path.dirname(self.folder), 'firmware', name)

    def initramfs(self, without=()):
        """Return an archive with a busybox, modules and guest-init.

        The guest can do without the modules `without`.
        """
        def content(name):
            with open(os.path.join(self.folder, name), 'rb') as file:
                return file.read()

        with open(os.path.join(HERE, 'guest-init'), 'rb') as file:
            init = file.read()
        modules = [name for name in content('modules').decode().split()
                   if name.removesuffix('.ko') not in without]
        archive = Cpio()
        for name in ('bin', 'dev', 'proc', 'sys'):
            archive.add(name, 0o040755)
        archive.add('init', 0o100755, init)
        archive.add('bin/busybox', 0o100755, content('busybox'))
        archive.add('modules', 0o100644, ' '.join(modules).encode())
        for name in modules:
            archive.add(name, 0o100644, content(name))
        return archive.end()


class Cpio:
    """An archive in the format that kernels take, the same at each run."""

    def __init__(self):
        self.data = bytearray()
        self.count = 0

    def add(self, name, mode, content=b'', links=1):
        self.count += 1
        fields = (self.count, mode, 0, 0, links, 0, len(content),
                  0, 0, 0, 0, len(name) + 1, 0)
        self.data += b'070701' + b''.join(b'%08x' % field for field in fields)
        for part in (name.encode() + b'\0', content):
            self.data += part
            self.data += bytes(-len(self.data) % 4)

    def end(self):
        self.add('TRAILER!!!', 0)
        return self.data


# Lines of it that tell why a guest hangs
CONSOLE_END = 40


class LinuxGuest(Qemu):
    """A Qemu with a kernel of Debian's in it; see guest-init.

    `kernel` is a Kernel, or None if firmware is to find one.  What it prints is
    in the file `console`.
    """

    def __init__(self, qemu, kernel, append='', options=(), channels=(),
                 files=None):
        files = dict(files or {})
        if kernel:
            files['initramfs'] = kernel.initramfs()
            options = ['-kernel', kernel.image, '-initrd', 'initramfs',
                       '-append', f'{CMDLINE} {append}', *options]
        super().__init__(qemu, [
            '-chardev', 'file,id=console,path=console',
            '-serial', 'chardev:console', '-serial', 'chardev:control',
            *options], ['control', *channels], files)
        self.control = self.channels['control']

    def start(self):
        self.qmp('cont')
        self.wait_ready()

    def wait_ready(self):
        """Wait until the guest takes commands, for the next time."""
        try:
            while self.readline('control') != b'ready\n':
                pass
        except MachineError as error:
            raise MachineError(f'{error}; the console:\n'
                               f'{self.read("console")}') from error

    def send(self, command):
        """Have the guest run one line of shell; do not wait for the end."""
        self.control.socket.sendall(command.encode() + b'\n')

    def answer(self):
        """Return exit status and output of what was sent."""
        try:
            line = self.readline('control')
        except MachineError as error:
            end = '\n'.join(self.read('console').splitlines()[-CONSOLE_END:])
            raise MachineError(f'{error}; the end of the console:\n'
                               f'{end}') from error
        try:
            status, length = map(int, line.split())
            output = self.control.file.read(length)
        except ValueError as error:
            raise MachineError(f'the guest says {line!r}') from error
        except OSError as error:
            raise MachineError('the guest is silent') from error
        return status, output.decode(errors='replace').strip()

    def run(self, command):
        """Return the output of one line of shell, which must succeed."""
        self.send(command)
        status, output = self.answer()
        if status:
            raise MachineError(f'{command}: status {status}: {output}')
        return output

    def status(self, command):
        """Return the exit status of one line of shell."""
        self.send(command)
        return self.answer()[0]
