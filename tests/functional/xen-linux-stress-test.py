#!/usr/bin/env python3
"""Reboot, hot-plug, save and migrate guests whose PV devices are busy.

Usage: xen-linux-stress-test.py [PATTERN...]

As xen-linux-guest-test.py, with these rows.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import ctypes
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Callable

sys.dont_write_bytecode = True

from guest_rows import run_rows
from pv_guest import HOST, MIB, Peer, PvGuest, md5_of
from qemu_process import MachineError, PATIENCE

REBOOTS = 20
# What leaks shows between the most up to this one and the least of the last
# ones.  The heap's size goes up and down with the blocks that TCG has
# translated, of which it has up to 110,000, with a node each.
SETTLED = 10
SPAN = 5
# What malloc may keep, in KiB
HEAP_MARGIN = 2048
PR_SET_THP_DISABLE = 41

COPY = 'dd if=/dev/xvda of=/dev/xvdb bs=64k conv=fsync 2>/dev/null'


def by_keyboard(guest, how='kbd'):
    guest.send(f'echo {how} >/sys/kernel/reboot/type; reboot -f')


def by_triple_fault(guest):
    by_keyboard(guest, 'triple')


def by_acpi(guest):
    by_keyboard(guest, 'acpi')


def by_panic(guest):
    guest.send('echo c >/proc/sysrq-trigger')


def by_host(guest):
    guest.qmp('system_reset')


WAYS = (by_keyboard, by_triple_fault, by_acpi, by_panic, by_host)


def heap(guest):
    """Return the KiB of memory that is neither the guest's nor its code."""
    total = 0
    with open(f'/proc/{guest.process.pid}/smaps', encoding='ascii') as file:
        for line in file:
            region = re.match(r'([0-9a-f]+)-([0-9a-f]+) (\S+) ', line)
            if region:
                size = int(region[2], 16) - int(region[1], 16)
                ours = region[3] == 'rw-p' and size < 128 * MIB
            elif ours and line.startswith('Rss:'):
                total += int(line.split()[1])
    return total


def event_channels(guest):
    return sorted((port['type'], port['vcpu'], port['port'], port['target'])
                  for port in guest.qmp('xen-event-list'))


def open_files(guest):
    return len(os.listdir(f'/proc/{guest.process.pid}/fd'))


def reboots(row, qemu, kernel, files, equal):
    """Each way in turn, with traffic; what QEMU holds must not grow."""
    readings = []
    # Threads that come and go would leave heaps of their own, and huge pages
    # make steps of 2 MiB
    os.environ['MALLOC_ARENA_MAX'] = '1'
    ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
    with PvGuest(qemu, kernel, files, cpus=row.cpus) as guest:
        guest.start()
        for number in range(REBOOTS):
            way = WAYS[number % len(WAYS)]
            guest.set_up_network()
            used = (guest.words('md5sum /dev/xvda')[0],
                    guest.download(files.data))
            equal(f'boot {number + 1}', (files.md5, files.md5), used)
            readings.append((event_channels(guest), open_files(guest),
                             heap(guest)))
            with Peer() as peer:
                guest.run(f'{COPY} & nc {HOST} {peer.port} </dev/zero '
                          '2>/dev/null &')
                way(guest)
                guest.wait_ready()
                peer.hang_up()
    channels, opened, _ = readings[SETTLED - 1]
    last_channels, last_opened, _ = readings[-1]
    kib = [reading[2] for reading in readings]
    growth = min(kib[-SPAN:]) - max(kib[:SETTLED])
    equal('event channels', channels, last_channels)
    equal('open files', opened, last_opened)
    print('# heap in KiB:', *kib)
    equal('the heap has not grown', True, growth < HEAP_MARGIN)


def plug_disk(guest, files, size, **properties):
    with open(files.path('hot.img'), 'wb') as file:
        file.write(files.data[:size])
    guest.qmp('blockdev-add', **{
        'driver': 'file', 'node-name': 'hot', 'filename': file.name})
    guest.qmp('device_add', driver='xen-disk', id='hotdisk', vdev='xvdc',
              drive='hot', **properties)
    return file.name


def unplug(guest, name):
    guest.events.clear()
    guest.qmp('device_del', id=name)
    guest.event('DEVICE_DELETED', lambda data: data.get('device') == name)


def unplug_disk(guest):
    unplug(guest, 'hotdisk')
    guest.until('test ! -e /sys/bus/xen/devices/vbd-51744')
    guest.qmp('blockdev-del', **{'node-name': 'hot'})


def hotplug_disks(row, qemu, kernel, files, equal):
    with PvGuest(qemu, kernel, files, cpus=row.cpus) as guest:
        guest.start()
        for size in (1, 64, 8):
            path = plug_disk(guest, files, size * MIB)
            guest.until('test -b /dev/xvdc')
            equal(f'{size} MiB: sectors', [str(size * MIB // 512), '512'],
                  guest.words('cd /sys/block/xvdc && '
                              'cat size queue/logical_block_size'))
            equal(f'{size} MiB: content', md5_of(path),
                  guest.words('md5sum /dev/xvdc')[0])
            unplug_disk(guest)

        # QEMU keeps it from frontends that do not ask for it; Linux does not
        plug_disk(guest, files, 8 * MIB, logical_block_size=4096,
                  physical_block_size=4096)
        guest.until('test -e /sys/bus/xen/devices/vbd-51744')
        time.sleep(1)
        equal('sectors of 4096: kept away', 1, guest.status(
            'test -b /dev/xvdc'))
        unplug_disk(guest)

        for number in range(5):
            plug_disk(guest, files, 64 * MIB)
            guest.until('test -b /dev/xvdc')
            guest.run('while dd if=/dev/xvdc of=/dev/null bs=64k 2>/dev/null;'
                      ' do :; done &')
            time.sleep(0.5)
            unplug_disk(guest)
            equal(f'busy disk {number + 1} goes, the others work', files.md5,
                  guest.words('md5sum /dev/xvda')[0])


def hotplug_nics(row, qemu, kernel, files, equal):
    with PvGuest(qemu, kernel, files, cpus=row.cpus) as guest:
        guest.start()
        guest.set_up_network()
        for number in range(5):
            guest.qmp('netdev_add', type='user', id='hotnet',
                      net='10.0.3.0/24')
            guest.qmp('device_add', driver='xen-net-device', id='hotnic',
                      netdev='hotnet')
            guest.until('test -e /sys/class/net/eth1')
            guest.run('ip link set eth1 up; ip addr add 10.0.3.15/24 dev eth1')
            equal(f'NIC {number + 1} works', files.md5,
                  guest.download(files.data, '10.0.3.2'))
            with Peer() as peer:
                guest.run(f'nc 10.0.3.2 {peer.port} </dev/zero >/dev/null '
                          '2>&1 &')
                time.sleep(0.5)
                unplug(guest, 'hotnic')
                guest.qmp('netdev_del', id='hotnet')
                peer.hang_up()
            guest.until('test ! -e /sys/class/net/eth1')
            equal(f'NIC {number + 1} is gone, the other works', files.md5,
                  guest.download(files.data))


def free_slot(guest):
    """Return where a vCPU can be added, or None."""
    return next((slot for slot in guest.qmp('query-hotpluggable-cpus')
                 if 'qom-path' not in slot), None)


def hotplug_cpu(row, qemu, kernel, files, equal):
    """A vCPU comes with Xen's timer and events, and goes for good.

    Once: TCG aborts when it has run more vCPUs than maxcpus.
    """
    with PvGuest(qemu, kernel, files, cpus='1,maxcpus=2') as guest:
        guest.start()
        cpu = '/sys/devices/system/cpu/cpu1'
        slot = free_slot(guest)
        guest.qmp('device_add', driver=slot['type'], id='hotcpu',
                  **slot['props'])
        guest.until(f'test -e {cpu}')
        guest.run(f'echo 1 >{cpu}/online')
        equal('the vCPU works', files.md5,
              guest.words('taskset 2 md5sum /dev/xvda')[0])
        guest.qmp('device_del', id='hotcpu')
        # QEMU leaks the CPU object, so that no DEVICE_DELETED comes
        wait_for(guest, lambda: free_slot(guest) is not None, [True], [])
        guest.until(f'test ! -e {cpu}')
        equal('it is gone, the other works', files.md5,
              guest.words('md5sum /dev/xvda')[0])
        guest.qmp('system_reset')
        guest.wait_ready()
        equal('and after a reset', files.md5,
              guest.words('md5sum /dev/xvda')[0])


def start_traffic(guest):
    """Copy xvda to xvdb over and over, and have the host answer pings."""
    guest.set_up_network()
    guest.run(f'rm -f /stop /copied; {{ until test -e /stop; do {COPY}; '
              'echo >/copied; done; echo >/stopped; } &')
    guest.run(f'ping {HOST} >/pings &')
    guest.until('grep -q seq=1 /pings')


def stop_traffic(guest, files, equal):
    """See that it has gone on and done no harm."""
    guest.run('rm -f /copied; echo >/pings')
    guest.until('test -e /copied')
    guest.until('grep -q seq= /pings')
    guest.run('echo >/stop; killall ping')
    guest.until('test -e /stopped')
    equal('xvda', files.md5, guest.words('md5sum /dev/xvda')[0])
    equal('its copy', files.md5, md5_of(guest.copy))
    equal('TCP to the guest', files.md5, guest.download(files.data))
    equal('complaints of the kernel', '', guest.run(
        'dmesg | grep -iE "I/O error|BUG:|blocked for|Oops:" || true'))


def wait_for(guest, query, done, failed):
    """Poll until the state that `query` returns is among `done`."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        state = query()
        if state in done:
            return
        if state in failed:
            break
        time.sleep(0.1)
    raise MachineError(f'it is {state}: {guest.read("stderr")}')


def snapshot(row, qemu, kernel, files, equal):
    """Three savevms and loadvms under traffic."""
    image = files.path('snapshot.qcow2')
    subprocess.run([os.path.join(os.path.dirname(qemu), 'qemu-img'), 'create',
                    '-q', '-f', 'qcow2', image, '1M'], check=True)
    with PvGuest(qemu, kernel, files, cpus=row.cpus, options=[
            '-blockdev', 'driver=qcow2,node-name=state,file.driver=file,'
            f'file.filename={image}']) as guest:
        def job(command, name):
            def status():
                return next((f'{job["status"]}: {job.get("error")}'
                             for job in guest.qmp('query-jobs')
                             if job['id'] == name), 'gone')

            guest.qmp(command, **{'job-id': name, 'tag': 'one',
                                  'vmstate': 'state', 'devices': ['state']})
            wait_for(guest, lambda: status().split(': ')[0], ['concluded'], [])
            if status() != 'concluded: None':
                raise MachineError(f'{command}: {status()}')
            guest.qmp('job-dismiss', id=name)

        guest.start()
        start_traffic(guest)
        for number in range(3):
            job('snapshot-save', f'save{number}')
            time.sleep(1)
            job('snapshot-load', f'load{number}')
            guest.qmp('cont')
            guest.qmp('blockdev-snapshot-delete-internal-sync',
                      device='state', name='one')
        stop_traffic(guest, files, equal)


def migration(row, qemu, kernel, files, equal):
    """To a second process, and from there to a third."""
    uri = f'unix:{files.path("migration")}'
    with ExitStack() as stack:
        guest = stack.enter_context(PvGuest(qemu, kernel, files,
                                            cpus=row.cpus))
        guest.start()
        for _ in range(2):
            start_traffic(guest)
            target = stack.enter_context(PvGuest(
                qemu, kernel, files, cpus=row.cpus, copy=guest.copy,
                options=['-incoming', uri]))
            # Memory changes fast: let the last round be a long one
            guest.qmp('migrate-set-parameters', **{
                'max-bandwidth': 1024 * MIB, 'downtime-limit': 5000})
            guest.qmp('migrate', uri=uri)
            wait_for(guest, lambda: guest.qmp('query-migrate').get('status'),
                     ['completed'], ['failed'])
            guest = target
            guest.qmp('cont')
            stop_traffic(guest, files, equal)


@dataclass
class Row:
    name: str
    play: Callable
    kernel: str = 'trixie-amd64'
    cpus: int = 2


ROWS = [
    Row('reboots-6.12', reboots),
    Row('reboots-6.1', reboots, 'bookworm-amd64', 1),
    Row('reboots-6.1-686', reboots, 'bookworm-i386', 4),
    Row('hotplug-disks', hotplug_disks),
    Row('hotplug-nics', hotplug_nics),
    Row('hotplug-cpu', hotplug_cpu, 'bookworm-amd64'),
    Row('snapshot', snapshot),
    Row('migration', migration),
]

if __name__ == '__main__':
    sys.exit(run_rows(__doc__, ROWS, sys.argv[1:],
                      lambda row, *arguments: row.play(row, *arguments)))
