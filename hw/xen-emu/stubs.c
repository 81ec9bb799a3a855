/*
 * The Xen guest environment, for targets that have none
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/xen/xen-emu.h"

void xen_emu_accel_class_init(ObjectClass *oc)
{
}

int xen_emu_accel_init(AccelState *accel, MachineState *ms)
{
    return 0;
}

bool xen_emu_runs_guest(void)
{
    return false;
}

void xen_emu_vcpu_init(CPUState *cs, Error **errp)
{
}

void xen_emu_vcpu_fini(CPUState *cs)
{
}

void xen_emu_backend_connected(XenDevice *xendev, bool connected)
{
}

void xen_emu_device_realized(XenDevice *xendev)
{
}

void xen_emu_device_unrealize(XenDevice *xendev)
{
}

void xen_emu_device_reset(XenDevice *xendev)
{
}

void xen_emu_irq_ack(void)
{
}

bool xen_emu_backends_paused(void)
{
    return false;
}
