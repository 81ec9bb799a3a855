/*
 * xen-platform: what a reset is
 *
 * Product, build, verdict, latch and masks say what became of a boot of the
 * guest, so that only the next boot ends them: a reset of the machine, or the
 * one that comes before a snapshot is loaded.  No reset are
 *
 *   waking from suspend to RAM    the same guest goes on, with its PV devices
 *   a reset of the bus            a guest may reset the bridge that the device
 *                                 is behind; that ends nothing but the PCI
 *                                 configuration, which is PCI's business
 *
 * The reset of a device is both of these, too.  So there is an object beside it
 * that takes part in resets of the machine only.
 *
 * Parked disks are given back in the first phase, before any controller is
 * reset and looks for its disks; everything else in the second.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/resettable.h"
#include "hw/xen/xen-platform-device.h"
#include "system/reset.h"
#include "trace.h"

#define TYPE_XEN_PLATFORM_RESET "xen-platform-reset"
OBJECT_DECLARE_SIMPLE_TYPE(XenPlatformReset, XEN_PLATFORM_RESET)

struct XenPlatformReset {
    Object parent_obj;

    ResettableState state;
    XenPlatformState *device;
};

static void reset_enter(Object *obj, ResetType type)
{
    XenPlatformState *s = XEN_PLATFORM_RESET(obj)->device;

    if (type == RESET_TYPE_WAKEUP) {
        return;
    }
    trace_xen_platform_reset();
    xen_platform_log_flush(&s->log);
    s->protocol = (XenPlatformProtocol) { };
    xen_platform_unplug_restore_early(s->unplug);
}

static void reset_hold(Object *obj, ResetType type)
{
    XenPlatformState *s = XEN_PLATFORM_RESET(obj)->device;

    if (type == RESET_TYPE_WAKEUP) {
        return;
    }
    xen_platform_unplug_restore(s->unplug);
    xen_platform_set_flags(s, 0);
}

static ResettableState *get_state(Object *obj)
{
    return &XEN_PLATFORM_RESET(obj)->state;
}

static void xen_platform_reset_class_init(ObjectClass *klass, void *data)
{
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    rc->get_state = get_state;
    rc->phases.enter = reset_enter;
    rc->phases.hold = reset_hold;
}

static const TypeInfo xen_platform_reset_types[] = {
    {
        .name = TYPE_XEN_PLATFORM_RESET,
        .parent = TYPE_OBJECT,
        .instance_size = sizeof(XenPlatformReset),
        .class_init = xen_platform_reset_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_RESETTABLE_INTERFACE },
            { },
        },
    },
};

DEFINE_TYPES(xen_platform_reset_types)

void xen_platform_reset_register(XenPlatformState *s)
{
    s->reset = object_new(TYPE_XEN_PLATFORM_RESET);
    XEN_PLATFORM_RESET(s->reset)->device = s;
    qemu_register_resettable(s->reset);
}

void xen_platform_reset_unregister(XenPlatformState *s)
{
    qemu_unregister_resettable(s->reset);
    object_unref(s->reset);
}
