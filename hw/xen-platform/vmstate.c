/*
 * xen-platform: migration
 *
 * The section is that of QEMU's own device: "platform", version 4.  What it
 * does not have goes in subsections that are sent only once there is something
 * to say, so that streams move both ways until then:
 *
 *   platform/pv-driver      what the guest announced, the verdict, the masks
 *   platform/plugged-later  devices that a mask names but that stay, as the
 *                           host has plugged them in after it was honoured
 *
 * A target is started with everything that the guest can have, and has to lose
 * what the guest has unplugged before the sections of devices come: the source
 * sends none for a device that is gone.  So this section has an early place in
 * the stream, and its post_load applies the masks, but for what was plugged in
 * later.  Such a device is named by its place, as its ID may be another one on
 * the target.
 *
 * A stream is data from outside.  All that it says is checked before anything
 * is done; what cannot be is an error of the load.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "block/aio.h"
#include "migration/vmstate.h"
#include "qemu/coroutine.h"
#include "qemu/ctype.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
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

#define PLACE_MAX   128             /* bytes of one place */
#define LATER_MAX   (64 * KiB)      /* bytes of all, each with its \0 */

static int later_clear(void *opaque)
{
    XenPlatformState *s = opaque;

    g_clear_pointer(&s->later, g_free);
    s->later_size = 0;
    return 0;
}

static bool later_needed(void *opaque)
{
    XenPlatformState *s = opaque;

    return s->later_size;
}

static bool later_is_not_too_long(void *opaque, int version_id)
{
    XenPlatformState *s = opaque;

    return s->later_size && s->later_size <= LATER_MAX;
}

static const VMStateDescription vmstate_later = {
    .name = "platform/plugged-later",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = later_needed,
    .pre_load = later_clear,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(later_size, XenPlatformState),
        VMSTATE_VALIDATE("list of 1 to 65536 bytes", later_is_not_too_long),
        VMSTATE_VBUFFER_ALLOC_UINT32(later, XenPlatformState, 1, NULL,
                                     later_size),
        VMSTATE_END_OF_LIST()
    }
};

static bool place_is_sane(const char *place)
{
    for (const char *c = place; *c; c++) {
        if (!qemu_isgraph(*c) || !qemu_isascii(*c)) {
            return false;
        }
    }
    return *place && strlen(place) <= PLACE_MAX;
}

/*
 * What was plugged in later, from the stream
 *
 * Returns false if it is no list of places; else true, and *@places is NULL if
 * there are none.
 */
static bool later_parse(XenPlatformState *s, char ***places)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    const char *place;

    *places = NULL;
    if (!s->later_size) {
        return true;
    }
    if (s->later[s->later_size - 1]) {
        return false;
    }
    for (place = s->later; place < s->later + s->later_size;
         place += strlen(place) + 1) {
        if (!place_is_sane(place)) {
            return false;
        }
        g_ptr_array_add(list, g_strdup(place));
    }
    g_ptr_array_add(list, NULL);
    *places = (char **)g_ptr_array_steal(list, NULL);
    return true;
}

static int later_collect(XenPlatformState *s)
{
    g_auto(GStrv) places = NULL;
    g_autoptr(GString) later = g_string_new(NULL);

    later_clear(s);
    if (!s->protocol.unplugged) {
        return 0;
    }
    places = xen_platform_unplug_survivors(s->unplug, s->protocol.unplugged);
    for (char **place = places; place && *place; place++) {
        if (!place_is_sane(*place)) {
            error_report("xen-platform: '%.*s', plugged in after an unplug, "
                         "cannot be saved: its place has no proper name",
                         PLACE_MAX, *place);
            return -EINVAL;
        }
        g_string_append_len(later, *place, strlen(*place) + 1);
    }
    if (later->len > LATER_MAX) {
        error_report("xen-platform: more devices were plugged in after an "
                     "unplug than can be saved");
        return -E2BIG;
    }
    s->later_size = later->len;
    s->later = g_string_free(g_steal_pointer(&later), false);
    return 0;
}

static int platform_pre_save(void *opaque)
{
    XenPlatformState *s = opaque;

    xen_platform_log_flush(&s->log);
    s->stream_flags = s->flags | STREAM_FLAG_OURS;
    return later_collect(s);
}

static int platform_pre_load(void *opaque)
{
    XenPlatformState *s = opaque;

    /* A reset came first, but the state of the target may be anything */
    s->protocol = (XenPlatformProtocol) { };
    later_clear(s);
    xen_platform_unplug_restore(s->unplug);
    return 0;
}

typedef struct UnplugAfterLoad {
    XenPlatformState *s;
    const char *const *keep;
    Coroutine *co;
} UnplugAfterLoad;

static void unplug_after_load(void *opaque)
{
    UnplugAfterLoad *after = opaque;
    XenPlatformState *s = after->s;

    xen_platform_unplug_load(s->unplug, s->protocol.unplugged, after->keep);
    if (after->co) {
        aio_co_wake(after->co);
    }
}

/* Nothing of a stream that is refused stays behind */
static int refuse(XenPlatformState *s)
{
    s->protocol = (XenPlatformProtocol) { };
    later_clear(s);
    return -EINVAL;
}

static int platform_post_load(void *opaque, int version_id)
{
    XenPlatformState *s = opaque;
    g_auto(GStrv) keep = NULL;
    UnplugAfterLoad after = { .s = s };

    if ((s->protocol.unplugged | s->protocol.refused) &
        ~XEN_PLATFORM_UNPLUG_ALL) {
        error_report("xen-platform: the stream has unplug masks 0x%x and 0x%x, "
                     "with bits that are not defined", s->protocol.unplugged,
                     s->protocol.refused);
        return refuse(s);
    }
    if (!later_parse(s, &keep)) {
        error_report("xen-platform: the stream's list of devices that were "
                     "plugged in after an unplug is damaged");
        return refuse(s);
    }
    if (keep && !s->protocol.unplugged) {
        error_report("xen-platform: the stream names devices that were plugged "
                     "in after an unplug, but no unplug");
        return refuse(s);
    }
    later_clear(s);
    after.keep = (const char *const *)keep;

    if (!(s->stream_flags & STREAM_FLAG_OURS)) {
        /*
         * QEMU's own device sent it.  The guest may be running on PV devices:
         * it must not be refused before the next reset.
         */
        s->protocol.latched = true;
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
    .post_save = later_clear,
    .pre_load = platform_pre_load,
    .post_load = platform_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, XenPlatformState),
        VMSTATE_UINT8(stream_flags, XenPlatformState),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_driver,
        &vmstate_later,
        NULL
    }
};
