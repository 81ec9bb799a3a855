/*
 * xen-platform: what of xenstore is read, and what may not be
 *
 * This is QEMU's own xenstore, asked by a stub domain: domain 0 may read all.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen_backend_ops.h"
#include "hw/xen/xen-platform-store.h"
#include "hw/i386/kvm/xenstore_impl.h"

#define GUEST           6
#define STUB_DOMAIN     7
#define THROTTLING      "/local/domain/6/log-throttling"

#define NOBODY          "n0"
#define EVERYBODY       "r0"

struct qemu_xs_watch {
    char *path;
    xs_watch_fn fn;
    void *opaque;
    bool pending;
};

uint32_t xen_domid = GUEST;
bool xen_domid_restrict;

static XenstoreImplState *xenstore;
/* The errno of all that is asked, as when xenstored is gone; 0 while it runs */
static int lost;
static GList *watches;
static bool throttling;
static unsigned reads;  /* of nodes, as were asked for */

static struct qemu_xs_handle *stub_open(void)
{
    return (struct qemu_xs_handle *)xenstore;
}

static void stub_close(struct qemu_xs_handle *h)
{
}

static char **stub_directory(struct qemu_xs_handle *h, xs_transaction_t t,
                             const char *path, unsigned int *num)
{
    GList *items = NULL;
    uint64_t generation;
    size_t size = 0;
    char **names, **name, *at;

    errno = lost ?: xs_impl_directory(xenstore, STUB_DOMAIN, t, path,
                                      &generation, &items);
    if (errno) {
        return NULL;
    }
    *num = g_list_length(items);
    for (GList *l = items; l; l = l->next) {
        size += sizeof(char *) + strlen(l->data) + 1;
    }
    /* One block, as libxenstore returns it */
    names = name = g_malloc0(size + 1);
    at = (char *)(names + *num);
    for (GList *l = items; l; l = l->next) {
        *name++ = at;
        at = g_stpcpy(at, l->data) + 1;
    }
    g_list_free_full(items, g_free);
    return names;
}

static void *stub_read(struct qemu_xs_handle *h, xs_transaction_t t,
                       const char *path, unsigned int *len)
{
    g_autoptr(GByteArray) data = g_byte_array_new();

    reads++;
    errno = lost ?: xs_impl_read(xenstore, STUB_DOMAIN, t, path, data);
    return errno ? NULL : g_strndup((char *)data->data ?: "", data->len);
}

static void watch_event(void *opaque, const char *path, const char *token)
{
    struct qemu_xs_watch *w = opaque;

    w->pending = true;
}

/* As the main loop does, when a change is complete */
static void deliver_events(void)
{
    for (GList *l = watches; l; l = l->next) {
        struct qemu_xs_watch *w = l->data;

        if (w->pending) {
            w->pending = false;
            w->fn(w->opaque, w->path);
        }
    }
}

static struct qemu_xs_watch *stub_watch(struct qemu_xs_handle *h,
                                        const char *path, xs_watch_fn fn,
                                        void *opaque)
{
    struct qemu_xs_watch *w = g_new0(struct qemu_xs_watch, 1);

    w->path = g_strdup(path);
    w->fn = fn;
    w->opaque = opaque;
    g_assert_cmpint(xs_impl_watch(xenstore, STUB_DOMAIN, path, "", watch_event,
                                  w), ==, 0);
    watches = g_list_append(watches, w);
    return w;
}

static void stub_unwatch(struct qemu_xs_handle *h, struct qemu_xs_watch *w)
{
    g_assert_cmpint(xs_impl_unwatch(xenstore, STUB_DOMAIN, w->path, "",
                                    watch_event, w), ==, 0);
    watches = g_list_remove(watches, w);
    g_free(w->path);
    g_free(w);
}

static struct xenstore_backend_ops stub_ops = {
    .open = stub_open,
    .close = stub_close,
    .directory = stub_directory,
    .read = stub_read,
    .watch = stub_watch,
    .unwatch = stub_unwatch,
};

struct xenstore_backend_ops *xen_xenstore_ops = &stub_ops;

/* Domain 0's side */

static void host_chmod(const char *path, const char *permission)
{
    GList *permissions = g_list_append(NULL, (char *)permission);

    g_assert_cmpint(xs_impl_set_perms(xenstore, 0, XBT_NULL, path,
                                      permissions), ==, 0);
    g_list_free(permissions);
    deliver_events();
}

static void host_write(const char *path, const char *value,
                       const char *permission)
{
    g_autoptr(GByteArray) data = g_byte_array_new();

    g_byte_array_append(data, (const uint8_t *)value, strlen(value));
    g_assert_cmpint(xs_impl_write(xenstore, 0, XBT_NULL, path, data), ==, 0);
    host_chmod(path, permission);
}

static void host_remove(const char *path)
{
    g_assert_cmpint(xs_impl_rm(xenstore, 0, XBT_NULL, path), ==, 0);
    deliver_events();
}

/* Returns the most nodes that were read at one go in @ms */
static unsigned let_pass(unsigned ms)
{
    int64_t end = qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + ms;
    unsigned most = 0;

    while (qemu_clock_get_ms(QEMU_CLOCK_REALTIME) < end) {
        unsigned before = reads;

        qemu_clock_run_timers(QEMU_CLOCK_REALTIME);
        most = MAX(most, reads - before);
        g_usleep(500);
    }
    return most;
}

static void throttling_changed(void *opaque, bool on)
{
    throttling = on;
}

static XenPlatformStore *open_store(void)
{
    XenPlatformStore *store = xen_platform_store_open(true, throttling_changed,
                                                      NULL);

    /* Each watch fires when it is set */
    deliver_events();
    return store;
}

static void test_unreadable(void)
{
    XenPlatformStore *store;

    host_write("/mh/driver-blacklist", "", EVERYBODY);
    host_write("/mh/driver-blacklist/linux", "", EVERYBODY);
    host_write("/mh/driver-blacklist/linux/1", "secret", NOBODY);
    host_write("/mh/driver-blacklist/linux/2", "crashes", EVERYBODY);
    host_write("/mh/driver-blacklist/experimental", "", NOBODY);
    host_write("/mh/driver-blacklist/experimental/3", "crashes", EVERYBODY);

    store = open_store();
    /* A node that may not be read does not count, and hides no other */
    g_assert_null(xen_platform_store_reason(store, 3, 1));
    g_assert_cmpstr(xen_platform_store_reason(store, 3, 2), ==, "crashes");
    /* Nor do those count whose folder may not be read */
    g_assert_null(xen_platform_store_reason(store, 0xffff, 3));

    /* Whoever makes them readable has them count from then on */
    host_chmod("/mh/driver-blacklist/linux/1", EVERYBODY);
    g_assert_cmpstr(xen_platform_store_reason(store, 3, 1), ==, "secret");
    host_chmod("/mh/driver-blacklist/experimental", EVERYBODY);
    g_assert_cmpstr(xen_platform_store_reason(store, 0xffff, 3), ==,
                    "crashes");

    xen_platform_store_close(store);
    host_remove("/mh");
}

static void test_unreadable_throttling(void)
{
    XenPlatformStore *store;

    host_write(THROTTLING, "0", NOBODY);
    throttling = false;
    store = open_store();
    g_assert_true(throttling);
    host_chmod(THROTTLING, EVERYBODY);
    g_assert_false(throttling);
    xen_platform_store_close(store);
    host_remove(THROTTLING);
}

/* What was read last still counts */
static void test_lost(void)
{
    static const int errors[] = { EPIPE, EIO, EBADF };

    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        XenPlatformStore *store;

        host_write("/mh/driver-blacklist", "", EVERYBODY);
        host_write("/mh/driver-blacklist/linux", "", EVERYBODY);
        host_write("/mh/driver-blacklist/linux/1", "crashes", EVERYBODY);
        host_write(THROTTLING, "0", EVERYBODY);

        store = open_store();
        g_assert_false(throttling);
        lost = errors[i];
        /* An event that was on its way */
        xen_platform_store_reload(store);
        g_assert_cmpstr(xen_platform_store_reason(store, 3, 1), ==, "crashes");
        g_assert_false(throttling);
        lost = 0;

        host_remove("/mh");
        g_assert_null(xen_platform_store_reason(store, 3, 1));
        host_remove(THROTTLING);
        g_assert_true(throttling);
        xen_platform_store_close(store);
    }
}

/* One reading for many edits, in slices; right verdicts all the time */
static void test_burst(void)
{
    XenPlatformStore *store;
    unsigned before;

    host_write("/mh/driver-blacklist", "", EVERYBODY);
    host_write("/mh/driver-blacklist/linux", "", EVERYBODY);
    store = open_store();
    let_pass(300);

    reads = 0;
    for (unsigned i = 1; i <= 1000; i++) {
        g_autofree char *path =
            g_strdup_printf("/mh/driver-blacklist/linux/%u", i);

        host_write(path, "crashes", EVERYBODY);
    }
    g_assert_cmpuint(reads, ==, 0);
    g_assert_null(xen_platform_store_reason(store, 3, 1001));
    g_assert_cmpstr(xen_platform_store_reason(store, 3, 1000), ==, "crashes");
    /* Each was read with its folder; a product without a name is not */
    g_assert_null(xen_platform_store_reason(store, 205, 1));
    g_assert_cmpuint(reads, ==, 4);

    /* An edit of what is read already */
    reads = 0;
    g_assert_cmpuint(let_pass(110), <=, 64);
    g_assert_cmpuint(reads, >, 0);
    g_assert_cmpuint(reads, <, 1000);
    host_remove("/mh/driver-blacklist/linux/1");
    g_assert_null(xen_platform_store_reason(store, 3, 1));
    let_pass(1000);
    /* Two readings, one of which began too early, and two questions */
    g_assert_cmpuint(reads, <=, 2000 + 2);

    /* From now on nothing is asked */
    before = reads;
    g_assert_null(xen_platform_store_reason(store, 3, 1));
    g_assert_cmpstr(xen_platform_store_reason(store, 3, 2), ==, "crashes");
    g_assert_cmpuint(let_pass(200), ==, 0);
    g_assert_cmpuint(reads, ==, before);

    /* A store that goes while its list is read */
    host_write("/mh/driver-blacklist/linux/3", "reads nothing", EVERYBODY);
    let_pass(105);
    lost = EPIPE;
    g_assert_cmpstr(xen_platform_store_reason(store, 3, 3), ==, "crashes");
    let_pass(200);
    g_assert_cmpstr(xen_platform_store_reason(store, 3, 3), ==, "crashes");
    lost = 0;
    host_write("/mh/driver-blacklist/linux/3", "is back", EVERYBODY);
    let_pass(300);
    g_assert_cmpstr(xen_platform_store_reason(store, 3, 3), ==, "is back");

    /* Closed in the middle */
    host_remove("/mh/driver-blacklist/linux/4");
    let_pass(105);
    xen_platform_store_close(store);
    host_remove("/mh");
}

/* Edits that do not end do not keep the list from being read */
static void test_patience(void)
{
    XenPlatformStore *store;
    int64_t begin;

    host_write("/mh/driver-blacklist", "", EVERYBODY);
    host_write("/mh/driver-blacklist/linux", "", EVERYBODY);
    store = open_store();
    let_pass(300);
    reads = 0;
    begin = qemu_clock_get_ms(QEMU_CLOCK_REALTIME);
    while (!reads) {
        host_write("/mh/driver-blacklist/linux/1", "crashes", EVERYBODY);
        let_pass(20);
        g_assert_cmpint(qemu_clock_get_ms(QEMU_CLOCK_REALTIME), <,
                        begin + 5000);
    }
    g_assert_cmpint(qemu_clock_get_ms(QEMU_CLOCK_REALTIME), >=, begin + 1000);
    xen_platform_store_close(store);
    host_remove("/mh");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    init_clocks(NULL);
    xenstore = xs_impl_create(GUEST);
    host_write("/local/domain/6", "", EVERYBODY);

    g_test_add_func("/store/unreadable", test_unreadable);
    g_test_add_func("/store/unreadable/throttling", test_unreadable_throttling);
    g_test_add_func("/store/lost", test_lost);
    g_test_add_func("/store/burst", test_burst);
    g_test_add_func("/store/patience", test_patience);
    return g_test_run();
}
