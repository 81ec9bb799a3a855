#!/usr/bin/env python3
"""Run the bare-metal guest image through a table of configurations.

Usage: xen-platform-guest-test.py IMAGE [NAME...]

Each row of the table starts one machine.  The guest's results come out in
TAP under the row's name; after a failure stands the guest's transcript.  With
NAMEs, only these rows run.  The QEMU is $QTEST_QEMU_BINARY, else $QEMU.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import signal
import sys
from dataclasses import dataclass

sys.dont_write_bytecode = True

from guest_machine import (Machine, STATUS_OK, STATUS_USAGE,
                           check_results)
from qemu_process import MachineError
from tap import Tap

XEN = ['-accel', 'tcg,xen-version=0x40011']
XENSTORE = ['-object', 'xenstore-socket,id=xs,path=xs']

# A disk on three IDE positions and a CD on the fourth, NVMe, a NIC on the
# root bus and one behind a bridge
PC = ['-M', 'pc', *XEN,
      '-drive', 'if=ide,index=0,driver=null-co,size=1M',
      '-drive', 'if=ide,index=1,driver=null-co,size=1M',
      '-drive', 'if=ide,index=2,media=cdrom',
      '-drive', 'if=ide,index=3,driver=null-co,size=1M',
      '-drive', 'if=none,id=nvme,driver=null-co,size=1M',
      '-device', 'nvme,drive=nvme,serial=1',
      '-netdev', 'hubport,id=net0,hubid=0', '-device', 'e1000,netdev=net0',
      '-device', 'pci-bridge,id=bridge,chassis_nr=1',
      '-netdev', 'hubport,id=net1,hubid=0',
      '-device', 'rtl8139,netdev=net1,bus=bridge,addr=1']

Q35 = ['-M', 'q35', *XEN,
       '-device', 'pcie-root-port,id=root',
       '-netdev', 'hubport,id=net0,hubid=0',
       '-device', 'e1000e,netdev=net0,bus=root']

# Nothing of Xen
PLAIN = ['-M', 'pc', '-accel', 'tcg', '-nic', 'none']

LISTED = '/mh/driver-blacklist/'


@dataclass
class Row:
    name: str
    append: str
    options: tuple = ()     # after those of the machine
    nodes: tuple = ()       # written to xenstore before the guest starts
    machine: tuple = tuple(PC)
    refusal: str = ''       # the image must say this and do nothing


def xen_platform(**properties):
    return tuple(word for name, value in properties.items() for word in
                 ('-global', f'xen-platform.{name.replace("_", "-")}={value}'))


ENFORCE = xen_platform(blacklist='enforce')
WIN_BUILD = LISTED + 'experimental/590080'

# Arguments that the image must refuse, and what it must say
REFUSALS = (
    ('unknown-key', 'speed=9', "argument 'speed=9' is not known"),
    ('unknown-persona', 'persona=beos', 'persona=beos is not known'),
    ('unknown-choice', 'blacklist=maybe',
     'blacklist=maybe: accepted are none, expected'),
    ('number-too-big', 'product=0x10000',
     'product=0x10000: a number from 0 to 0xffff is wanted'),
    ('not-a-number', 'build=9.1.0', 'build=9.1.0: a number'),
    ('twice', 'build=1 build=2', 'build= is given twice'),
    ('enforce-alone', 'enforce=expected',
     'enforce=expected needs blacklist=expected'),
    ('bsd-blacklisted', 'persona=freebsd blacklist=expected',
     'need a persona that sends'),
    ('linux-disks', 'persona=linux disks=1', 'use mask='),
    ('win-mask', 'mask=1', 'use disks= and nics='),
    ('enforced-but-gone', 'blacklist=expected enforce=expected expect-nics=gone',
     'everything must stay'),
    ('version-3', 'version=3', 'version=3: accepted are 0, 1, 2'),
    ('version-blacklisted', 'version=1 blacklist=expected',
     'goes with neither'),
    ('version-missing', 'version=0 magic=missing', 'goes with neither'),
    ('too-many-resumes', 'resume=10',
     'resume=10: a number from 0 to 0x9 is wanted'),
    ('bar0-missing', 'persona=vmdp-1 magic=missing',
     'needs a persona that reads the magic'),
    ('unknown-activation', 'activation=0003',
     'activation=0003 is not known; activation=list lists all'),
    ('activation-twice', 'activation=list activation=list',
     'activation= is given twice'),
    ('activation-persona', 'activation=offline-new/1 persona=linux',
     'only one is accepted'),
    ('activation-test', 'activation=offline-new/1 test=list',
     'only one is accepted'),
    ('activation-mask', 'activation=offline-new/1 mask=1',
     'mask= does not go with activation='),
    ('test-mask', 'test=list mask=1', 'mask= does not go with test='),
    ('persona-cpus', 'persona=linux cpus=1',
     'cpus= does not go with persona='),
    ('persona-phase', 'persona=linux phase=idle',
     'phase= does not go with persona='),
    ('phase-twice', 'test=unplug-at-work phase=a phase=b',
     'phase= is given twice'),
    ('unknown-device', 'test=unplug-at-work device=floppy',
     'device=floppy: accepted are ide, ahci, nvme, lsi, e1000, rtl8139'),
    ('persona-twice', 'persona=linux persona=vmdp', 'persona= is given twice'),
    ('test-twice', 'test=list test=list', 'test= is given twice'),
    ('empty-value', 'persona=', 'persona= is not known'),
    ('no-value', 'persona', "argument 'persona' is not known"),
)

ROWS = [
    # The mask table.  Linux writes one mask, so it lends its voice.
    *(Row(f'mask-{mask:#x}', f'persona=linux mask={mask:#x}')
      for mask in (0, 1, 2, 3, 4, 5, 8, 9, 0xc, 0xf)),
    Row('mask-unknown-bits', 'persona=linux mask=0xfff0'),
    Row('nvme-with-disks', 'persona=win-xenbus-2025 expect-nvme=gone',
        xen_platform(unplug_nvme_with_disks='on')),
    Row('nvme-not-with-nics',
        'persona=win-xenbus disks=0 nics=2 expect-nvme=stay',
        xen_platform(unplug_nvme_with_disks='on')),

    # Blacklisted builds
    Row('reported', 'blacklist=expected', nodes=(WIN_BUILD,)),
    Row('enforced', 'blacklist=expected enforce=expected', ENFORCE,
        (WIN_BUILD,)),
    Row('off', '', xen_platform(blacklist='off'), (WIN_BUILD,)),
    Row('enforce-not-listed', '', ENFORCE,
        (LISTED + 'experimental/590081', LISTED + 'linux/590080')),
    Row('build-4294967295',
        'blacklist=expected enforce=expected build=4294967295', ENFORCE,
        (LISTED + 'experimental/4294967295',)),
    Row('build-above-2-31', 'blacklist=expected build=0x80000000',
        nodes=(LISTED + 'experimental/2147483648',)),
    Row('build-0', 'persona=citrix-legacy blacklist=expected build=0',
        nodes=(LISTED + 'xensource-windows/0',)),
    # xenstore knows no '+', so the name of product 4 cannot be listed
    Row('product-4', 'product=4', ENFORCE, (WIN_BUILD,)),
    Row('product-unregistered', 'product=6 build=590080', ENFORCE,
        (WIN_BUILD,)),
    Row('linux-reported', 'persona=linux blacklist=expected',
        nodes=(LISTED + 'linux/1',)),
    Row('citrix-reported', 'persona=citrix-legacy blacklist=expected',
        nodes=(LISTED + 'xensource-windows/55000',)),
    Row('gplpv-enforced', 'persona=gplpv blacklist=expected enforce=expected',
        ENFORCE, (LISTED + 'gplpv-windows/1',)),

    # A driver that does not find the protocol
    *(Row(f'{persona}-bar0', f'persona={persona} magic=missing')
      for persona in ('citrix-legacy', 'citrix-legacy-boot-emulated', 'vmdp',
                      'vmdp-disks', 'vmdp-nics')),
    Row('linux-no-magic', 'persona=linux magic=missing'),

    # A host that speaks another version of the protocol
    *(Row(f'{persona}-version-{version}',
          f'persona={persona} version={version}')
      for persona in ('win-xenbus', 'win-xenbus-2013', 'citrix-legacy',
                      'gplpv', 'vmdp', 'linux')
      for version in (0, 2)),

    # Resume, from suspend or from a migration to such a machine
    *(Row(f'{persona}-resume', f'persona={persona} resume=2')
      for persona in ('win-xenbus', 'win-xenbus-2014', 'citrix-legacy',
                      'gplpv', 'vmdp', 'linux', 'freebsd', 'netbsd')),
    Row('resume-reported', 'blacklist=expected resume=1', nodes=(WIN_BUILD,)),
    Row('resume-enforced', 'blacklist=expected enforce=expected resume=1',
        ENFORCE, (WIN_BUILD,)),
    Row('linux-resume-reported',
        'persona=linux blacklist=expected resume=1', nodes=(LISTED + 'linux/1',)),
    Row('2014-resume-enforced',
        'persona=win-xenbus-2014 blacklist=expected enforce=expected resume=1',
        ENFORCE, (LISTED + 'experimental/458752',)),

    # Other machines and identities
    Row('q35', '', machine=tuple(Q35)),
    Row('no-disks-no-nics', '', machine=('-M', 'pc', *XEN)),
    Row('device-id-0002', '', xen_platform(device_id='0x0002', revision=2,
                                           subsystem_id='0x0002')),
    Row('class-0100', 'mask=3 persona=linux',
        xen_platform(class_id='0x0100')),
    Row('xen-platform-2', '', ('-device', 'xen-platform-2')),
    Row('vendor-device', '', ('-device', 'xen-pvdevice,device-id=0xc000')),

    # No Xen at all
    Row('no-xen', 'magic=missing', machine=tuple(PLAIN)),

    *(Row(name, append, machine=tuple(PLAIN), refusal=refusal)
      for name, append, refusal in REFUSALS),
]


def play(qemu, image, row):
    """Return the guest's lines and QEMU's exit status."""
    options = [*row.machine, *row.options, *(XENSTORE if row.nodes else [])]
    with Machine(qemu, image, row.append, options) as machine:
        for node in row.nodes:
            machine.xenstore_write('xs', node, 'known to crash')
        return machine.run(), machine.finish()


def check_refusal(tap, row, lines, status):
    said = len(lines) == 1 and row.refusal in lines[0]
    tap.result(said, f'{row.name}: refused with one sentence',
               *([] if said else [f'expected: {row.refusal}', *lines]))
    tap.result(status == STATUS_USAGE, f'{row.name}: exit status',
               *([] if status == STATUS_USAGE else
                 [f'expected {STATUS_USAGE}, got {status}']))


def run_row(tap, qemu, image, row):
    try:
        lines, status = play(qemu, image, row)
    except MachineError as error:
        tap.result(False, f'{row.name}: the machine runs',
                   *str(error).splitlines())
        return
    if row.refusal:
        check_refusal(tap, row, lines, status)
    else:
        check_results(tap, row.name, lines, status)


def persona_rows(tap, qemu, image):
    """Return a row for each persona that the image lists."""
    row = Row('list', 'persona=list', machine=tuple(PLAIN))
    try:
        lines, status = play(qemu, image, row)
    except MachineError as error:
        lines, status = str(error).splitlines(), None
    names = [line.split()[0] for line in lines if line]
    ok = status == STATUS_OK and 'win-xenbus' in names
    tap.result(ok, 'persona=list lists them', *([] if ok else lines))
    return [Row(name, f'persona={name}') for name in names] if ok else []


def check_reset(tap, qemu, image):
    """On Xen, the image's place belongs to the firmware until that is done."""
    with Machine(qemu, image, '', PLAIN) as machine:
        said = machine.qmp('human-monitor-command',
                           **{'command-line': 'xp /1xw 0x100000'})
    tap.equal('reset: the image is not in memory yet',
              '0000000000100000: 0x00000000', said.strip())


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    qemu = os.environ.get('QTEST_QEMU_BINARY') or os.environ.get('QEMU')
    if not qemu:
        sys.exit('name the QEMU in QTEST_QEMU_BINARY or QEMU')
    image, names = sys.argv[1], sys.argv[2:]
    # Let the machine's cleaning up run
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('terminated'))
    tap = Tap()
    rows = persona_rows(tap, qemu, image) + ROWS
    known = [row.name for row in rows]
    for name in names:
        if name not in known:
            sys.exit(f'{name} is not among: {" ".join(known)}')
    if not names:
        check_reset(tap, qemu, image)
    for row in rows:
        if not names or row.name in names:
            run_row(tap, qemu, image, row)
    return tap.end()


if __name__ == '__main__':
    sys.exit(main())
