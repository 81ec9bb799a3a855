/*
 * xen-platform: what the device knows from xenstore
 *
 * A guest's write looks at a copy of the blacklist, which is read in the main
 * loop: when the device is realized, and again after edits.  On Xen each node
 * is a round trip to xenstored, and an edit may be one of thousands:
 *
 *   edit, edit, ... edit |-- QUIET_MS --| slice | slice | ... | copy replaced
 *   '------- at most PATIENCE_MS -------'
 *
 * so that a burst is one reading, and a reading is done in slices between which
 * the main loop does other things.  From the first edit until a reading that
 * began after the last one is complete, the copy is stale.  Meanwhile a guest's
 * build number is looked up in the store itself, which is two nodes to read: no
 * verdict is older than the watch event.
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

#define QUIET_MS        100     /* without an edit, before the list is read */
#define PATIENCE_MS     1000    /* with edits that do not end */
#define SLICE_NODES     64      /* nodes that are read at once */

/* A list that is being read, and the place up to where */
typedef struct Reading {
    XenPlatformBlacklist *list;
    bool fits;
    unsigned product;       /* index in the registry */
    char **builds;          /* of this product; NULL: not looked at yet */
    unsigned int builds_num;
    unsigned int build;     /* the next one of them */
} Reading;

struct XenPlatformStore {
    struct qemu_xs_handle *xsh;
    struct qemu_xs_watch *list_watch;
    struct qemu_xs_watch *throttling_watch;
    XenPlatformBlacklist *list;
    bool want_list;
    bool list_stale;        /* the copy may differ from the store */
    bool edited;            /* it does, by an edit since a reading began */
    int64_t patience_ms;    /* when the list is read in any case */
    Reading *reading;
    QEMUTimer *timer;       /* begins a reading, or goes on with it */
    char *answer;           /* to the last question about a stale list */
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

static Reading *reading_new(void)
{
    Reading *r = g_new0(Reading, 1);

    r->list = xen_platform_blacklist_new();
    r->fits = true;
    return r;
}

static void reading_free(Reading *r)
{
    if (r) {
        xen_platform_blacklist_free(r->list);
        free(r->builds);
        g_free(r);
    }
}

typedef enum ReadingState {
    READING_GOES_ON,
    READING_COMPLETE,
    READING_LOST,           /* there is no xenstore */
} ReadingState;

/* Read one node, or the names of a product's nodes */
static ReadingState read_on(XenPlatformStore *store, Reading *r)
{
    const char *product = xen_platform_known_product(r->product);
    g_autofree char *path = NULL;
    char *reason;

    if (!product || !r->fits) {
        return READING_COMPLETE;
    }
    errno = 0;
    if (!r->builds) {
        path = g_strdup_printf(XEN_PLATFORM_BLACKLIST_PATH "/%s", product);
        r->builds_num = 0;
        r->build = 0;
        r->builds = qemu_xen_xs_directory(store->xsh, XBT_NULL, path,
                                          &r->builds_num);
        if (!r->builds && is_lost()) {
            return READING_LOST;
        }
    } else {
        const char *build = r->builds[r->build++];

        path = g_strdup_printf(XEN_PLATFORM_BLACKLIST_PATH "/%s/%s", product,
                               build);
        reason = read_node(store, path);
        if (reason) {
            r->fits = xen_platform_blacklist_add(r->list, product, build,
                                                 reason);
            free(reason);
        } else if (is_lost()) {
            return READING_LOST;
        }
    }
    if (!r->builds || r->build == r->builds_num) {
        free(r->builds);
        r->builds = NULL;
        r->product++;
    }
    return READING_GOES_ON;
}

/* Have the list replaced by the one that was read */
static void take_list(XenPlatformStore *store, Reading *r)
{
    if (!r->fits) {
        warn_report_once("xen-platform: " XEN_PLATFORM_BLACKLIST_PATH
                         " has more than %u nodes, the rest is not looked at",
                         XEN_PLATFORM_BLACKLIST_MAX);
    }
    trace_xen_platform_blacklist_loaded(xen_platform_blacklist_size(r->list));
    xen_platform_blacklist_free(store->list);
    store->list = g_steal_pointer(&r->list);
}

/*
 * Read at most @nodes nodes
 *
 * Returns false if there is more to read.  When xenstore is lost, what is
 * known still counts.
 */
static bool read_slice(XenPlatformStore *store, unsigned nodes)
{
    ReadingState state = READING_GOES_ON;

    while (state == READING_GOES_ON && nodes--) {
        state = read_on(store, store->reading);
    }
    if (state == READING_GOES_ON) {
        return false;
    }
    if (state == READING_COMPLETE) {
        take_list(store, store->reading);
    }
    g_clear_pointer(&store->reading, reading_free);
    return true;
}

static int64_t now_ms(void)
{
    /* Those who edit live in the host's time */
    return qemu_clock_get_ms(QEMU_CLOCK_REALTIME);
}

static void list_edited(XenPlatformStore *store)
{
    if (!store->edited) {
        store->edited = true;
        store->list_stale = true;
        store->patience_ms = now_ms() + PATIENCE_MS;
    }
    if (!store->reading) {
        timer_mod(store->timer, MIN(now_ms() + QUIET_MS, store->patience_ms));
    }
}

static void read_list(void *opaque)
{
    XenPlatformStore *store = opaque;

    if (!store->reading) {
        store->reading = reading_new();
        store->edited = false;
    }
    if (!read_slice(store, SLICE_NODES)) {
        timer_mod(store->timer, now_ms() + 1);
    } else if (store->edited) {
        timer_mod(store->timer, now_ms() + QUIET_MS);
    } else {
        store->list_stale = false;
    }
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

static void list_changed(void *opaque, const char *path)
{
    list_edited(opaque);
}

static void throttling_watch_fired(void *opaque, const char *path)
{
    load_throttling(opaque);
}

void xen_platform_store_reload(XenPlatformStore *store)
{
    if (store->xsh && !xen_domid_restrict) {
        if (store->want_list) {
            list_edited(store);
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
    store->want_list = blacklist;
    store->timer = timer_new_ms(QEMU_CLOCK_REALTIME, read_list, store);
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
    load_throttling(store);
    if (blacklist) {
        store->reading = reading_new();
        read_slice(store, UINT_MAX);
    }
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
    timer_free(store->timer);
    reading_free(store->reading);
    xen_platform_blacklist_free(store->list);
    free(store->answer);
    g_free(store->throttling_path);
    g_free(store);
}

/*
 * Returns false if xenstore is lost, so that the copy is what there is; else
 * the node's value is in @store->answer
 */
static bool ask_store(XenPlatformStore *store, uint16_t product, uint32_t build)
{
    const char *name = xen_platform_product_name(product);
    g_autofree char *folder = g_strdup_printf(XEN_PLATFORM_BLACKLIST_PATH "/%s",
                                              name);
    g_autofree char *path = g_strdup_printf("%s/%" PRIu32, folder, build);

    free(store->answer);
    store->answer = NULL;
    if (!name) {
        return true;
    }
    errno = 0;
    /* What is in a folder that may not be read does not count, as in a list */
    store->answer = read_node(store, folder);
    if (store->answer) {
        free(store->answer);
        store->answer = read_node(store, path);
    }
    return store->answer || !is_lost();
}

const char *xen_platform_store_reason(XenPlatformStore *store,
                                      uint16_t product, uint32_t build)
{
    if (store->list_stale && ask_store(store, product, build)) {
        return store->answer;
    }
    return xen_platform_blacklist_reason(store->list, product, build);
}
