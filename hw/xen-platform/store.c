/*
 * xen-platform: what the device knows from xenstore
 *
 * Everything is read when the device is realized and after a watch has fired,
 * in the main loop; a guest's write only looks at the copy.
 *
 * An edit of the blacklist is one event for each node, and the whole list is
 * read after it, a request to xenstore for each node.  So events only start a
 * timer, and what comes before it expires is one burst: read once.  The wait is
 * LIST_WAIT_MS, or as much longer as the last reading demands for the main loop
 * to spend at most a tenth of its time here, however the host goes on editing.
 * When the machine is started, an edit whose event has come counts at once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen_backend_ops.h"
#include "hw/xen/xen-platform-protocol.h"
#include "hw/xen/xen-platform-store.h"
#include "trace.h"

#define LIST_WAIT_MS    20
#define LIST_DUTY       10      /* one part of so many is for reading */

struct XenPlatformStore {
    struct qemu_xs_handle *xsh;
    struct qemu_xs_watch *list_watch;
    struct qemu_xs_watch *throttling_watch;
    XenPlatformBlacklist *list;
    bool want_list;
    QEMUTimer *list_timer;      /* pending: the list is to be read */
    int64_t list_ready_ms;      /* not before */
    char *throttling_path;
    void (*throttling_changed)(void *opaque, bool on);
    void *opaque;
};

/* Returns the value of @path, to be freed with free(); NULL if unreadable */
static char *read_node(XenPlatformStore *store, const char *path)
{
    return qemu_xen_xs_read(store->xsh, XBT_NULL, path, NULL);
}

/*
 * Is there no xenstore to read from, rather than nothing to read?
 *
 * With -xen-domid-restrict, events of watches still come in when it is gone.
 * EINVAL is about a product's name that is no name of a node.
 */
static bool is_lost(void)
{
    return errno && errno != ENOENT && errno != EACCES && errno != EINVAL;
}

/* Returns false if xenstore is lost; clears *@fits if the list is full */
static bool load_product(XenPlatformStore *store, XenPlatformBlacklist *list,
                         const char *product, bool *fits)
{
    g_autofree char *dir = g_strdup_printf(XEN_PLATFORM_BLACKLIST_PATH "/%s",
                                           product);
    unsigned int n = 0;
    bool lost;
    char **builds;

    errno = 0;
    builds = qemu_xen_xs_directory(store->xsh, XBT_NULL, dir, &n);
    lost = !builds && is_lost();
    for (unsigned int i = 0; builds && i < n && *fits && !lost; i++) {
        g_autofree char *path = g_strdup_printf("%s/%s", dir, builds[i]);
        char *reason;

        errno = 0;
        reason = read_node(store, path);
        if (reason) {
            *fits = xen_platform_blacklist_add(list, product, builds[i],
                                               reason);
        } else {
            lost = is_lost();
        }
        free(reason);
    }
    free(builds);
    return !lost;
}

static void load_list(XenPlatformStore *store)
{
    XenPlatformBlacklist *list = xen_platform_blacklist_new();
    bool fits = true;
    const char *product;

    for (unsigned i = 0; (product = xen_platform_known_product(i)); i++) {
        if (!load_product(store, list, product, &fits)) {
            /* What is known still counts */
            xen_platform_blacklist_free(list);
            return;
        }
    }
    if (!fits) {
        warn_report_once("xen-platform: " XEN_PLATFORM_BLACKLIST_PATH
                         " has more than %u nodes, the rest is not looked at",
                         XEN_PLATFORM_BLACKLIST_MAX);
    }
    trace_xen_platform_blacklist_loaded(xen_platform_blacklist_size(list));
    xen_platform_blacklist_free(store->list);
    store->list = list;
}

static void load_throttling(XenPlatformStore *store)
{
    char *value;

    errno = 0;
    value = read_node(store, store->throttling_path);
    if (value || !is_lost()) {
        store->throttling_changed(store->opaque, !value || strcmp(value, "0"));
    }
    free(value);
}

static void read_list(void *opaque)
{
    XenPlatformStore *store = opaque;
    int64_t begin = qemu_clock_get_ms(QEMU_CLOCK_REALTIME), end;

    timer_del(store->list_timer);
    load_list(store);
    end = qemu_clock_get_ms(QEMU_CLOCK_REALTIME);
    store->list_ready_ms = end + (end - begin) * (LIST_DUTY - 1);
}

static void list_changed(void *opaque, const char *path)
{
    XenPlatformStore *store = opaque;
    int64_t now = qemu_clock_get_ms(QEMU_CLOCK_REALTIME);

    if (!timer_pending(store->list_timer)) {
        timer_mod(store->list_timer,
                  MAX(now + LIST_WAIT_MS, store->list_ready_ms));
    }
}

void xen_platform_store_catch_up(XenPlatformStore *store)
{
    if (timer_pending(store->list_timer)) {
        read_list(store);
    }
}

static void throttling_watch_fired(void *opaque, const char *path)
{
    load_throttling(opaque);
}

void xen_platform_store_reload(XenPlatformStore *store)
{
    if (store->xsh) {
        if (store->want_list) {
            read_list(store);
        }
        load_throttling(store);
    }
}

XenPlatformStore *
xen_platform_store_open(bool blacklist,
                        void (*throttling_changed)(void *opaque, bool on),
                        void *opaque)
{
    XenPlatformStore *store = g_new0(XenPlatformStore, 1);

    store->list = xen_platform_blacklist_new();
    store->list_timer = timer_new_ms(QEMU_CLOCK_REALTIME, read_list, store);
    store->want_list = blacklist;
    store->throttling_changed = throttling_changed;
    store->opaque = opaque;

    store->xsh = qemu_xen_xs_open();
    if (!store->xsh) {
        warn_report("xen-platform: no xenstore, so that no driver build is "
                    "blacklisted and log-throttling is not watched");
        throttling_changed(opaque, true);
        return store;
    }
    store->throttling_path = g_strdup_printf("/local/domain/%u/log-throttling",
                                             xen_domid);
    xen_platform_store_reload(store);
    if (xen_domid_restrict) {
        info_report("xen-platform: xenstore is given up with "
                    "-xen-domid-restrict: " XEN_PLATFORM_BLACKLIST_PATH
                    " counts as it was read now, later edits are not seen");
        return store;
    }
    if (blacklist) {
        store->list_watch = qemu_xen_xs_watch(store->xsh,
                                              XEN_PLATFORM_BLACKLIST_PATH,
                                              list_changed, store);
    }
    store->throttling_watch = qemu_xen_xs_watch(store->xsh,
                                                store->throttling_path,
                                                throttling_watch_fired, store);
    if ((blacklist && !store->list_watch) || !store->throttling_watch) {
        warn_report("xen-platform: xenstore takes no watch: later edits of "
                    XEN_PLATFORM_BLACKLIST_PATH " and log-throttling are not "
                    "seen");
    }
    return store;
}

void xen_platform_store_close(XenPlatformStore *store)
{
    if (!store) {
        return;
    }
    if (store->list_watch) {
        qemu_xen_xs_unwatch(store->xsh, store->list_watch);
    }
    if (store->throttling_watch) {
        qemu_xen_xs_unwatch(store->xsh, store->throttling_watch);
    }
    if (store->xsh) {
        qemu_xen_xs_close(store->xsh);
    }
    timer_free(store->list_timer);
    xen_platform_blacklist_free(store->list);
    g_free(store->throttling_path);
    g_free(store);
}

const char *xen_platform_store_reason(XenPlatformStore *store,
                                      uint16_t product, uint32_t build)
{
    return xen_platform_blacklist_reason(store->list, product, build);
}
