# A LinuxGuest with emulated devices to lose and PV devices to use.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import hashlib
import os
import random
import socket
import tempfile
import threading

from linux_guest import LinuxGuest
from qemu_process import MachineError, PATIENCE

MIB = 1 << 20
DATA_BYTES = 64 * MIB
GUEST, HOST = '10.0.2.15', '10.0.2.2'

# The cache of translated code is to be full soon, for tests of memory
TB_MIB = 64

# In MiB, by which the guest's emulated disks are told apart
EMULATED_DISKS = (3, 5)
EMULATED = [word for index, size in enumerate(EMULATED_DISKS) for word in (
    '-drive', f'if=ide,index={index},driver=null-co,size={size}M')]
NICS = {'pc': 'e1000', 'q35': 'e1000e'}

PV = ['-device', 'xen-disk,vdev=xvda,drive=full',
      '-device', 'xen-disk,vdev=xvdb,drive=copy',
      '-device', 'xen-net-device,netdev=net1',
      '-device', 'xen-console,chardev=hvc']


class Files:
    """Disk images, with random data and without, and a socket's path.

    They go when the `with` block ends.
    """

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix='xen-guest-')
        self.data = random.Random(1).randbytes(DATA_BYTES)
        self.md5 = hashlib.md5(self.data).hexdigest()
        self.full = self.path('full.img')
        with open(self.full, 'wb') as file:
            file.write(self.data)
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def path(self, name):
        return os.path.join(self._folder.name, name)

    def empty(self, name, size=DATA_BYTES):
        """Return the path of a new image that reads as zeros."""
        path = self.path(name)
        with open(path, 'wb') as file:
            file.truncate(size)
        return path


def md5_of(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'md5').hexdigest()


class Peer:
    """A TCP server on the host for one connection, as a thread.

    It sends `data`, if there is some, or else takes what comes, of which it
    knows the checksum once the `with` block has ended.
    """

    def __init__(self, data=b''):
        self._data = data
        self._listener = socket.create_server(('127.0.0.1', 0))
        self._listener.settimeout(PATIENCE)
        self.port = self._listener.getsockname()[1]
        self.md5 = None
        self._connection = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self):
        received = hashlib.md5()
        try:
            self._connection, _ = self._listener.accept()
            with self._connection as connection:
                connection.settimeout(PATIENCE)
                connection.sendall(self._data)
                if self._data:
                    connection.shutdown(socket.SHUT_WR)
                while part := connection.recv(MIB):
                    received.update(part)
        except OSError:
            return
        self.md5 = received.hexdigest()

    def hang_up(self):
        """Wait no longer for the guest."""
        for end in (self._listener, self._connection):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except (AttributeError, OSError):
                pass

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()
        self._listener.close()


class PvGuest(LinuxGuest):
    """`files` are Files: xvda is full of data, xvdb is empty or else `copy`.

    The first console, hvc0, is the channel `hvc`.  Without `version`, there is
    no Xen and nothing that needs it.  `contents` are the `files` of Qemu.
    """

    def __init__(self, qemu, kernel, files, machine='pc', cpus=1,
                 version='0x40011', append='', options=(), copy=None,
                 emulated=EMULATED, contents=None):
        self.copy = copy or files.empty('copy.img')
        accel = f'tcg,tb-size={TB_MIB}'
        if version:
            accel += f',xen-version={version}'
        super().__init__(qemu, kernel, append, [
            '-M', machine, '-m', '256', '-smp', str(cpus),
            '-accel', accel, *emulated, '-netdev', 'user,id=net0',
            '-device', f'{NICS[machine]},netdev=net0',
            '-drive', f'if=none,id=full,format=raw,file={files.full}',
            '-drive', f'if=none,id=copy,format=raw,file={self.copy}',
            '-netdev', 'user,id=net1', *(PV if version else ()), *options],
            ['hvc'], contents)

    def words(self, command):
        return self.run(command).split()

    def until(self, command):
        """Repeat a command until it succeeds; give up in good time."""
        self.run(f'for i in $(seq {PATIENCE * 5}); do {command} && exit; '
                 'sleep .1; done; echo in vain; false')

    def emulated_disks(self):
        """Return their sizes in MiB."""
        sectors = self.words('cd /sys/block && for i in sd*; do '
                             'test ! -e $i || cat $i/size; done')
        return sorted(int(word) * 512 // MIB for word in sectors)

    def pv_disks(self):
        return self.words('cd /sys/block && echo xvd* | grep -v [*] || true')

    def nics(self):
        """Return the names of the guest's NICs by their drivers."""
        lines = self.words('for i in /sys/class/net/eth*; do '
                           'echo ${i##*/} $(readlink $i/device/driver); done')
        return {os.path.basename(driver): name
                for name, driver in zip(lines[::2], lines[1::2])}

    def set_up_network(self, driver='vif'):
        nics = self.nics()
        if driver not in nics:
            raise MachineError(f'no NIC with the driver {driver}: {nics}')
        self.run(f'ip link set {nics[driver]} up; '
                 f'ip addr flush dev {nics[driver]}; '
                 f'ip addr add {GUEST}/24 dev {nics[driver]}')

    def download(self, data, host=HOST):
        """Return the checksum of what the guest gets from us."""
        with Peer(data) as peer:
            return self.words(f'nc {host} {peer.port} | md5sum')[0]

    def upload(self, path):
        """Return the checksum of what we get from the guest."""
        with Peer() as peer:
            self.run(f'nc {HOST} {peer.port} <{path}')
        return peer.md5
