#!/usr/bin/env python3
"""Hold the Xen guest environment of TCG against the original.

Usage: xen-fidelity-test.py IMAGE [PATTERN...]

The guest image plays each row of the table twice, on real Xen and under
-accel tcg,xen-version=; its transcripts must be the same, but for DIFFERENCES.
With PATTERNs, only the rows whose names match one of them run.  The environment
is that of run_rows().

SPDX-License-Identifier: GPL-2.0-or-later
"""

import os
import re
import sys
from dataclasses import dataclass
from difflib import unified_diff

sys.dont_write_bytecode = True

from guest_machine import PV_NICS, Machine
from xen_host import XEN_VERSION
from xl_guest import IMAGES
from xl_main import run_rows


@dataclass
class Row:
    name: str
    append: str
    cpus: int = 1
    disk: bool = False      # xvda only
    nics: bool = False      # two without emulated ones


# What xl's configurations come to
EMULATED = ('-drive', 'if=ide,driver=null-co,size=16M', '-nic',
            'hubport,hubid=0,model=rtl8139')
XVDA = ('-drive', 'if=none,id=xvda,driver=raw,file.filename=xvda.img',
        '-device', 'xen-disk,drive=xvda,vdev=xvda')
MIB = 1 << 20

# What a test measures, counts or numbers
NUMBER = r'(?<![\w.])-?\d+(\.\d+)?(?![\w.])'

# Results that may differ, by test: docs/xen-under-tcg.rst has the reasons
DIFFERENCES = {
    'long-mode': r'its begin is at 8',
    'pointers': r'and there it is|and each has its part|output to ROM, dropped|'
                r'the time area in |64-bit, an address that is not canonical',
    'runstate': r'vCPU \d: the state began in the past',
    'vmcall': r'vmcall, |.*EFER.SVME',
}

ROWS = [
    *(Row(f'persona-{name}', f'persona={name}') for name in (
        'win-xenbus', 'win-xenbus-8', 'citrix-legacy', 'gplpv', 'vmdp', 'linux',
        'freebsd')),
    *(Row(test, f'test={test}', cpus) for test, cpus in (
        ('cpuid', 2), ('hypercall-page', 1), ('vmcall', 1), ('pointers', 1),
        ('long-mode', 1), ('poll', 2), ('vcpu-info', 4),
        ('time', 1), ('timers', 2), ('runstate', 2))),
    *(Row(f'events-{delivery}', f'test=events delivery={delivery}')
      for delivery in ('vector', 'vcpu-vector', 'gsi-ioapic', 'gsi-pic',
                       'intx-ioapic', 'intx-pic')),
    Row('ring', 'test=ring delivery=vcpu-vector count=1000', 4),
    Row('block', 'test=block', disk=True),
    Row('net', 'test=net', nics=True),
    *(Row(f'shutdown-{reason}', f'test=shutdown reason={reason}')
      for reason in ('poweroff', 'reboot', 'crash')),
]


def normal(row, lines):
    """Return what is left of a transcript for a comparison."""
    if not row.append.startswith('test='):
        return [line.rstrip() for line in lines if line]
    test = row.append.split()[0].removeprefix('test=')
    known = DIFFERENCES.get(test)
    kept = []
    skip = False
    for line in lines:
        result = re.fullmatch(r'(ok|not ok) \d+ - (.*)', line)
        if result:
            skip = known and re.match(known, result[2])
            line = f'{result[1]} - {result[2]}'
        elif not line.startswith('#   expected'):
            skip = (re.fullmatch(r'(1\.\..*)?', line) or
                    known and re.match(known, line.lstrip('# ')))
        if not skip:
            kept.append(re.sub(NUMBER, 'N', line.rstrip()))
    return kept


def on_tcg(row, append):
    devices = XVDA if row.disk else PV_NICS if row.nics else EMULATED
    options = ['-M', 'pc', '-m', '128', '-smp', str(row.cpus), '-vga', 'none',
               '-accel', f'tcg,xen-version={XEN_VERSION}', '-no-reboot',
               *devices]
    with Machine(os.environ.get('QTEST_QEMU_BINARY') or os.environ['QEMU'],
                 sys.argv[1], append, options, debug_exit=False,
                 files={'xvda.img': bytes(MIB)}) as machine:
        return machine.run()


def play(row, host, equal):
    append = row.append
    settings = {'vcpus': row.cpus, 'max_event_channels': 4095}
    if append.startswith('test='):
        append += f' xen={XEN_VERSION}'
    if row.cpus > 1:
        append += f' cpus={row.cpus}'
    if row.disk:
        host.run(f'truncate -s {MIB} {IMAGES}/xvda.img')
        settings['disk'] = ['format=raw, vdev=xvda, access=rw, '
                            f'backendtype=qdisk, target={IMAGES}/xvda.img']
    if row.nics:
        settings.update(vif=[], device_model_args_hvm=list(PV_NICS))
    tcg = normal(row, on_tcg(row, append))
    xen = normal(row, host.play('guest', append, **settings))
    equal('the transcript is the same', [], list(unified_diff(
        tcg, xen, 'tcg', 'xen', lineterm='', n=1)), *xen)


if __name__ == '__main__':
    sys.exit(run_rows(__doc__, ROWS, play))
