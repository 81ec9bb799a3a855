# A QEMU with the bare-metal guest image in it, for tests and the demo.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

# Seconds; only a hang or a very busy host reaches it
PATIENCE = 60

DISK_BYTES = 1 << 20

# What isa-debug-exit makes of the codes in tests/guest/exit.h
STATUS_OK = 33
STATUS_FAILED = 35
STATUS_USAGE = 37

WAITING = '# Waiting for a byte on the serial port'


class MachineError(Exception):
    """QEMU did not do what was asked; the text says what and why."""


class Machine:
    """One QEMU, stopped before the guest's first instruction.

    It runs in a folder of its own, so `options` name files without one; an
    empty disk image is there for each name in `disks`.  The folder goes, and
    QEMU ends, when the `with` block ends.
    """

    def __init__(self, qemu, image, append, options=(), disks=()):
        self.dir = tempfile.mkdtemp(prefix='xen-guest-')
        for name in disks:
            with open(self.path(name), 'wb') as file:
                file.truncate(DISK_BYTES)
        self.events = []
        self._qmp, qmp_child = socket.socketpair()
        self._serial, serial_child = socket.socketpair()
        for end in (self._qmp, self._serial):
            end.settimeout(PATIENCE)
        self._qmp_file = self._qmp.makefile('r')
        self._serial_file = self._serial.makefile('r', errors='replace')
        command = [
            os.path.abspath(qemu), '-S', '-display', 'none',
            '-nodefaults', '-no-user-config',
            '-chardev', f'socket,id=monitor,fd={qmp_child.fileno()}',
            '-mon', 'chardev=monitor,mode=control',
            '-chardev', f'socket,id=serial,fd={serial_child.fileno()}',
            '-serial', 'chardev:serial',
            '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04',
            '-kernel', os.path.abspath(image), '-append', append, *options]
        try:
            with open(self.path('stderr'), 'wb') as stderr:
                self._process = subprocess.Popen(
                    command, cwd=self.dir, stdin=subprocess.DEVNULL,
                    stdout=stderr, stderr=stderr,
                    pass_fds=(qmp_child.fileno(), serial_child.fileno()))
        except OSError as error:
            shutil.rmtree(self.dir)
            raise MachineError(f'cannot run {qemu}: {error}') from error
        finally:
            qmp_child.close()
            serial_child.close()

    def __enter__(self):
        try:
            self._read_qmp()
            self.qmp('qmp_capabilities')
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for end in (self._qmp_file, self._serial_file, self._qmp,
                    self._serial):
            end.close()
        shutil.rmtree(self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), encoding='utf-8', errors='replace') as file:
            return file.read()

    def _read_qmp(self):
        try:
            line = self._qmp_file.readline()
        except OSError as error:
            raise MachineError(f'the monitor is silent: {error}') from error
        if not line:
            self._process.wait(PATIENCE)
            raise MachineError(f'QEMU ended, status {self._process.returncode}'
                               f': {self.read("stderr").strip()}')
        return json.loads(line)

    def qmp(self, command, **arguments):
        """Return what the command returns; events go to self.events."""
        self._qmp.sendall(json.dumps(
            {'execute': command, 'arguments': arguments}).encode())
        while True:
            answer = self._read_qmp()
            if 'event' in answer:
                self.events.append(answer)
            elif 'error' in answer:
                raise MachineError(f'{command}: {answer["error"]["desc"]}')
            else:
                return answer['return']

    def event(self, name, wanted=lambda data: True):
        """Return the data of the first event `name` that is `wanted`.

        QEMU holds back events of a kind that it has just sent, for up to 1 s.
        """
        seen = 0
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for event in self.events[seen:]:
                if event['event'] == name and wanted(event['data']):
                    return event['data']
            seen = len(self.events)
            time.sleep(0.02)
            self.qmp('query-status')
        raise MachineError(f'no such event: {name}')

    def xenstore_write(self, socket_name, node, value):
        """Write a node with the stock tool."""
        env = {**os.environ, 'XENSTORED_PATH': self.path(socket_name)}
        try:
            done = subprocess.run(['xenstore-write', node, value], env=env,
                                  stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=PATIENCE)
        except FileNotFoundError as error:
            raise MachineError('xenstore-write is missing; it is in the '
                               'package xenstore-utils') from error
        except subprocess.TimeoutExpired as error:
            raise MachineError(f'xenstore-write {node} hangs') from error
        if done.returncode:
            raise MachineError(f'xenstore-write {node}: '
                               f'{done.stdout.strip()}')

    def run(self):
        """Start the guest; return its lines up to its end or its wait."""
        self.qmp('cont')
        lines = []
        try:
            for line in self._serial_file:
                lines.append(line.rstrip('\n'))
                if lines[-1] == WAITING:
                    break
        except OSError as error:
            raise MachineError('the guest is silent after:\n' +
                               '\n'.join(lines)) from error
        return lines

    def finish(self):
        """End the guest's wait, if it waits; return QEMU's exit status."""
        try:
            self._serial.sendall(b'\n')
        except OSError:
            pass
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise MachineError('the guest does not end') from error
