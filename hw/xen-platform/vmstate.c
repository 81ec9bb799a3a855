/*
 * xen-platform: migration
 *
 * The section is that of QEMU's own device: "platform", version 4.  What it
 * does not have goes in a subsection that is sent only once the guest has
 * used it, so that streams move both ways until then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "block/aio.h"
#include "migration/vmstate.h"
#include "qemu/coroutine.h"
#include "qemu/main-loop.h"
#include "hw/xen/xen-platform-device.h"
#include "trace.h"

/*
 * In the flags byte of a stream: this device sent it, so that a missing
 * subsection means that there is no such state.  QEMU's own device uses bit 0
 * of the byte and ignores the others.
 */
#define STREAM_FLAG_OURS 0x80

static bool driver_needed(void *opaque)
{
    XenPlatformState *s = opaque;
    const XenPlatformProtocol *p = &s->protocol;

    return p->product || p->build_written || p->latched || p->refused;
}

static const VMStateDescription vmstate_driver = {
    .name = "platform/pv-driver",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = driver_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT16(protocol.product, XenPlatformState),
        VMSTATE_UINT32(protocol.build, XenPlatformState),
        VMSTATE_BOOL(protocol.build_written, XenPlatformState),
        VMSTATE_BOOL(protocol.blacklisted, XenPlatformState),
        VMSTATE_BOOL(protocol.latched, XenPlatformState),
        VMSTATE_UINT32(protocol.unplugged, XenPlatformState),
        VMSTATE_UINT32(protocol.refused, XenPlatformState),
        VMSTATE_END_OF_LIST()
    }
};

static int platform_pre_save(void *opaque)
{
    XenPlatformState *s = opaque;

    xen_platform_log_flush(&s->log);
    s->stream_flags = s->flags | STREAM_FLAG_OURS;
    return 0;
}

static int platform_pre_load(void *opaque)
{
    XenPlatformState *s = opaque;

    /* A reset came first, but the state of the target may be anything */
    s->protocol = (XenPlatformProtocol) { };
    xen_platform_unplug_restore(s->unplug);
    return 0;
}

typedef struct UnplugAfterLoad {
    XenPlatformState *s;
    Coroutine *co;
} UnplugAfterLoad;

static void unplug_after_load(void *opaque)
{
    UnplugAfterLoad *after = opaque;
    XenPlatformState *s = after->s;

    xen_platform_unplug_load(s->unplug, s->protocol.unplugged, NULL);
    if (after->co) {
        aio_co_wake(after->co);
    }
}

static int platform_post_load(void *opaque, int version_id)
{
    XenPlatformState *s = opaque;
    UnplugAfterLoad after = { .s = s };

    if (!(s->stream_flags & STREAM_FLAG_OURS)) {
        /*
         * QEMU's own device sent it.  The guest may be running on PV devices:
         * it must not be refused before the next reset.
         */
        s->protocol.latched = true;
    }
    if (s->protocol.unplugged & ~XEN_PLATFORM_UNPLUG_ALL) {
        return -EINVAL;
    }
    xen_platform_set_flags(s, s->stream_flags);
    if (qemu_in_coroutine()) {
        /* A migration comes in in one, and there no disk can be removed */
        after.co = qemu_coroutine_self();
        aio_bh_schedule_oneshot(qemu_get_aio_context(), unplug_after_load,
                                &after);
        qemu_coroutine_yield();
    } else {
        unplug_after_load(&after);
    }
    s->store_stale = true;
    trace_xen_platform_load(s->flags, s->protocol.unplugged,
                            s->protocol.latched);
    return 0;
}

const VMStateDescription vmstate_xen_platform = {
    .name = "platform",
    .version_id = 4,
    .minimum_version_id = 4,
    /* Devices go before their own state is loaded: a disk has none after */
    .priority = MIG_PRI_IOMMU,
    .pre_save = platform_pre_save,
    .pre_load = platform_pre_load,
    .post_load = platform_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, XenPlatformState),
        VMSTATE_UINT8(stream_flags, XenPlatformState),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_driver,
        NULL
    }
};
