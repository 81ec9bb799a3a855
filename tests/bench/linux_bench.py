# What a Linux guest measures for scripts/bench: PV devices and emulated ones.
#
# One guest has a disk and a NIC of each kind at once, and fio, which takes them
# in turn, so that what else the host does is the same for all.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import json
import os
import socket
import threading
import time

from linux_guest import Cpio, Kernel, LinuxGuest
from pv_guest import MIB, PvGuest
from qemu_process import MachineError

TCP_MIB = 64
XEN_DISK, XEN_NET = 'xen-disk', 'xen-net'
# Kind: its name in the guest, and the device
DISKS = {
    XEN_DISK: ('xvda', 'xen-disk,vdev=xvda'),
    'virtio-blk': ('vda', 'virtio-blk-pci'),
    'nvme': ('nvme0n1', 'nvme,serial=1'),
    'ide': ('sda', 'ide-hd,bus=ide.0'),
}
# Kind: its driver in the guest, and the device
NICS = {
    XEN_NET: ('vif', 'xen-net-device'),
    'virtio-net': ('virtio_net', 'virtio-net-pci'),
    'e1000': ('e1000', 'e1000'),
}
READS = {
    '4 KiB random, depth 1': '--rw=randread --bs=4k --iodepth=1',
    '4 KiB random, depth 32': '--rw=randread --bs=4k --iodepth=32',
    '1 MiB sequential': '--rw=read --bs=1m --iodepth=1',
}
# The guest's clock is a cost of its own: fio is not to read it all the time
FIO = 'fio --output-format=json --thread --gtod_reduce=1'
DISK_JOBS = ('--ioengine=libaio --direct=1 --norandommap --time_based '
             '--runtime=500ms')
TCP_JOBS = ('--ioengine=net --protocol=tcp --bs=64k --zero_buffers '
            f'--size={TCP_MIB}m')


class FioKernel(Kernel):
    """A Kernel with fio and its shared libraries in the initramfs."""

    def initramfs(self):
        folder = os.path.join(os.path.dirname(self.folder), 'fio')
        archive = Cpio()
        for name in ('lib', 'lib64'):
            archive.add(name, 0o040755)
        for name in os.listdir(folder):
            place = ('bin' if name == 'fio' else
                     'lib64' if name.startswith('ld-') else 'lib')
            with open(os.path.join(folder, name), 'rb') as file:
                archive.add(f'{place}/{name}', 0o100755, file.read())
        return super().initramfs() + archive.end()


class Server:
    """A TCP server on the host, which outlives its clients.

    It sends each of them `size` bytes or, if that is 0, takes what comes.
    """

    def __init__(self, size=0):
        self._data = bytes(size)
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        buffer = bytearray(MIB)
        while True:
            client, _ = self._listener.accept()
            with client:
                try:
                    client.sendall(self._data)
                    while not self._data and client.recv_into(buffer):
                        pass
                except ConnectionError:
                    pass


def boot_seconds(qemu, kernel, files, version):
    """Return seconds from exec until the guest takes commands."""
    begin = time.monotonic()
    with PvGuest(qemu, kernel, files, version=version) as guest:
        guest.start()
        return time.monotonic() - begin


class BenchGuest(LinuxGuest):
    """A guest with one of all DISKS and NICS.

    `backing` are options of -drive, the same for each disk.
    """

    def __init__(self, qemu, kernel, backing):
        options = ['-M', 'pc', '-m', '512',
                   '-accel', 'tcg,xen-version=0x40011']
        for kind, (_, device) in DISKS.items():
            options += ['-drive', f'if=none,id={kind},{backing}',
                        '-device', f'{device},drive={kind}']
        for number, (kind, (_, device)) in enumerate(NICS.items()):
            options += ['-netdev', f'user,id={kind},net=10.0.{number}.0/24',
                        '-device', f'{device},netdev={kind}']
        # This one has PV drivers start without asking to unplug anything
        super().__init__(qemu, kernel, 'xen_emul_unplug=unnecessary', options)

    def fio(self, options, jobs):
        """Return what fio says of jobs that run one after the other."""
        jobs = ' '.join(f'--name=job --stonewall {job}' for job in jobs)
        output = self.run(f'{FIO} {options} {jobs} 2>/dev/null')
        try:
            return json.loads(output)['jobs']
        except ValueError as error:
            raise MachineError(f'fio says {output}') from error

    def read_disks(self):
        """Return requests per second by names in READS and in DISKS."""
        names = [(what, kind) for what in READS for kind in DISKS]
        jobs = self.fio(DISK_JOBS, [
            f'{READS[what]} --filename=/dev/{DISKS[kind][0]}'
            for what, kind in names])
        return {name: job['read']['iops'] for name, job in zip(names, jobs)}

    def set_up_network(self):
        drivers = self.run('cd /sys/class/net; for i in eth*; do echo $i '
                           '$(readlink $i/device/driver); done').split()
        names = {os.path.basename(driver): name
                 for name, driver in zip(drivers[::2], drivers[1::2])}
        for number, (driver, _) in enumerate(NICS.values()):
            self.run(f'ip link set {names[driver]} up && '
                     f'ip addr add 10.0.{number}.15/24 dev {names[driver]}')

    def use_network(self, sink, source):
        """Return MiB/s by 'to the host', 'to the guest' and names in NICS.

        `sink` and `source` are Servers.
        """
        ways = {'to the host': ('write', sink.port),
                'to the guest': ('read', source.port)}
        names = [(way, kind) for way in ways for kind in NICS]
        jobs = self.fio(TCP_JOBS, [
            '--rw={} --port={}'.format(*ways[way]) +
            f' --hostname=10.0.{list(NICS).index(kind)}.2'
            for way, kind in names])
        return {name: job[ways[name[0]][0]]['bw_bytes'] / MIB
                for name, job in zip(names, jobs)}
