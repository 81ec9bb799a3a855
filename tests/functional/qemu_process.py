# A QEMU process with a monitor, in a folder of its own.
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
PATIENCE = 120


class MachineError(Exception):
    """QEMU did not do what was asked; the text says what and why."""


class Channel:
    """One end of the chardev `name`, for bytes and for lines."""

    def __init__(self, name):
        self.name = name
        self.socket, self.child = socket.socketpair()
        self.socket.settimeout(PATIENCE)
        self.file = self.socket.makefile('rb')

    def readline(self):
        """Return a line of bytes; none at the end."""
        try:
            return self.file.readline()
        except OSError as error:
            raise MachineError(f'{self.name} is silent: {error}') from error

    def close(self):
        self.file.close()
        self.socket.close()


class Qemu:
    """One QEMU, stopped before the guest's first instruction.

    It runs in a folder of its own, so `options` name files without one; the
    dictionary `files` has the contents of those to be there at first.  Each
    name in `channels` is a chardev, and a Channel in the dictionary of that
    name.  The folder goes, and QEMU ends, when the `with` block ends.
    """

    def __init__(self, qemu, options, channels=(), files=None):
        self.dir = tempfile.mkdtemp(prefix='xen-guest-')
        for name, content in (files or {}).items():
            with open(self.path(name), 'wb') as file:
                file.write(content)
        self.events = []
        self.channels = {name: Channel(name) for name in ('monitor', *channels)}
        command = [
            os.path.abspath(qemu), '-S', '-display', 'none',
            '-nodefaults', '-no-user-config']
        for name, channel in self.channels.items():
            command += ['-chardev', f'socket,id={name},'
                        f'fd={channel.child.fileno()}']
        command += ['-mon', 'chardev=monitor,mode=control', *options]
        try:
            with open(self.path('stderr'), 'wb') as stderr:
                self.process = subprocess.Popen(
                    command, cwd=self.dir, stdin=subprocess.DEVNULL,
                    stdout=stderr, stderr=stderr,
                    pass_fds=[channel.child.fileno()
                              for channel in self.channels.values()])
        except OSError as error:
            self._clean()
            raise MachineError(f'cannot run {qemu}: {error}') from error
        finally:
            for channel in self.channels.values():
                channel.child.close()

    def __enter__(self):
        try:
            self._read_qmp()
            self.qmp('qmp_capabilities')
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._clean()

    def _clean(self):
        for channel in self.channels.values():
            channel.close()
        shutil.rmtree(self.dir)

    def readline(self, name):
        """Return a line of bytes from a channel; QEMU must still run."""
        line = self.channels[name].readline()
        if not line:
            raise MachineError(f'QEMU ended, status {self.wait()}: '
                               f'{self.read("stderr").strip()}')
        return line

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), encoding='utf-8', errors='replace') as file:
            return file.read()

    def _read_qmp(self):
        return json.loads(self.readline('monitor'))

    def qmp(self, command, **arguments):
        """Return what the command returns; events go to self.events."""
        try:
            self.channels['monitor'].socket.sendall(json.dumps(
                {'execute': command, 'arguments': arguments}).encode())
        except OSError as error:
            raise MachineError(f'{command}: {error}') from error
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
                data = event.get('data', {})
                if event['event'] == name and wanted(data):
                    return data
            seen = len(self.events)
            time.sleep(0.02)
            self.qmp('query-status')
        raise MachineError(f'no such event: {name}')

    def last_events(self):
        """Once QEMU has ended, return all its events."""
        for line in self.channels['monitor'].file:
            answer = json.loads(line)
            if 'event' in answer:
                self.events.append(answer)
        return self.events

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

    def wait(self):
        """Return the status with which QEMU ends by itself."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise MachineError('QEMU does not end') from error
