# A QEMU with real Xen in it: its domain 0, doing what it is told.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import io
import os
import tarfile

from linux_guest import Cpio, HERE, LinuxGuest

# What scripts/xen-host gets
XEN_VERSION = '0x40014'

# Seconds for one command; a guest's boot takes one
PATIENCE = 600

XEN_CMDLINE = ('dom0_mem=1536M,max:1536M dom0_max_vcpus=1 com1=115200,8n1 '
               'console=com1 spec-ctrl=no xpti=no watchdog=no sched=credit '
               'bootscrub=no')
# What Linux can leave out: two searches for the AGP bridges that old CPUs of AMD
# may have, which take half of a guest's boot, and clearing memory twice
QUICK = 'pci=noearly init_on_alloc=0'
DOM0_CMDLINE = f'console=hvc0 quiet panic=-1 mitigations=off {QUICK}'


def read(*names):
    with open(os.path.join(*names), 'rb') as file:
        return file.read()


def initramfs(folder):
    modules = read(folder, 'modules')
    archive = Cpio()
    for name in ('bin', 'dev', 'proc', 'root', 'sys'):
        archive.add(name, 0o040755)
    archive.add('init', 0o100755, read(HERE, 'dom0-init'))
    archive.add('dom0-agent', 0o100755, read(HERE, 'dom0-agent'))
    archive.add('bin/busybox', 0o100755, read(folder, 'busybox'))
    archive.add('modules', 0o100644, modules)
    for name in modules.decode().split():
        archive.add(name, 0o100644, read(folder, name))
    return archive.end()


def tarball(files):
    """Return an archive of `files`: path, and contents or a path on the host."""
    result = io.BytesIO()
    with tarfile.open(fileobj=result, mode='w') as archive:
        for path, content in files.items():
            if isinstance(content, str):
                content = read(content)
            member = tarfile.TarInfo(path)
            member.size = len(content)
            member.mode = 0o755
            archive.addfile(member, io.BytesIO(content))
    return result.getvalue()


class XenHost(LinuxGuest):
    """Domain 0 of what scripts/xen-host left in `folder`, with some `files`.

    It is a machine of two CPUs with nested paging, one of them for domain 0.
    The daemon of its xenstore is `xenstored` or `oxenstored`.
    """

    def __init__(self, qemu, folder, files, xenstored='xenstored'):
        dom0 = os.path.join(folder, 'dom0')
        # Xen's CPUs wake each other all the time while they hold spinlocks: one
        # that the other's thread preempts then costs that a whole time slice
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        super().__init__(qemu, None, options=[
            '-M', 'pc', '-cpu', 'qemu64,+svm,+npt', '-smp', '2', '-m', '4G',
            '-accel', 'tcg,thread=multi',
            '-kernel', os.path.join(dom0, 'xen'), '-append', XEN_CMDLINE,
            '-initrd',
            f'vmlinuz {DOM0_CMDLINE} xenstored={xenstored},initramfs',
            '-drive', 'if=virtio,format=raw,snapshot=on,file=' +
            os.path.join(dom0, 'root.img'),
            '-drive', 'if=virtio,format=raw,read-only=on,file=files'],
            files={'vmlinuz': read(dom0, 'vmlinuz'),
                   'initramfs': initramfs(dom0), 'files': tarball(files)})
        self.control.socket.settimeout(PATIENCE)
