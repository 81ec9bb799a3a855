/*
 * What a reset of the machine is to the Xen guest environment
 *
 * On Xen a reboot makes a new domain, so a reset ends all that the guest had
 * of the old one: see also xen-emu-device.c and xen-emu-store.c.
 *
 * Waking from suspend to RAM resets the machine, too, but not the domain.  Xen
 * resets the vCPUs and the interrupt controllers, and keeps what is its own:
 * shared pages and where they are, event channels, grants, callbacks and
 * vectors, timers and xenstore, with the backends connected.  So here
 * nothing is done but to note that the reset may have swallowed upcalls, with a
 * vCPU or in its local APIC, and to have backends look what there is to do.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/notify.h"
#include "hw/i386/kvm/xen_overlay.h"
#include "hw/resettable.h"
#include "hw/xen/xen-emu.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "xen-emu-internal.h"

#define TYPE_XEN_EMU_RESET "xen-emu-reset"
OBJECT_DECLARE_SIMPLE_TYPE(XenEmuReset, XEN_EMU_RESET)

struct XenEmuReset {
    Object parent_obj;

    ResettableState state;
};

/* What the guest that was has latched */
static void reset_hold(Object *obj, ResetType type)
{
    if (type == RESET_TYPE_WAKEUP) {
        return;
    }
    xen_emu_set_runstate_update_flag(false);
    xen_set_long_mode(false);
    xen_emu_store_reset();
}

/* Comes after the reset, that of the local APICs included */
static void woken(Notifier *notifier, void *reason)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        xen_emu_vcpu_was_reset(cs);
    }
    xen_emu_kick_backends();
}

static ResettableState *get_state(Object *obj)
{
    return &XEN_EMU_RESET(obj)->state;
}

static void xen_emu_reset_class_init(ObjectClass *klass, void *data)
{
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    rc->get_state = get_state;
    rc->phases.hold = reset_hold;
}

static const TypeInfo xen_emu_reset_types[] = {
    {
        .name = TYPE_XEN_EMU_RESET,
        .parent = TYPE_OBJECT,
        .instance_size = sizeof(XenEmuReset),
        .class_init = xen_emu_reset_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_RESETTABLE_INTERFACE },
            { },
        },
    },
};

DEFINE_TYPES(xen_emu_reset_types)

void xen_emu_reset_init(void)
{
    static Notifier wakeup = { .notify = woken };

    qemu_register_resettable(object_new(TYPE_XEN_EMU_RESET));
    qemu_register_wakeup_notifier(&wakeup);
}
