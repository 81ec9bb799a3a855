/*
 * xen-platform: QMP, HMP and the events
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "qobject/qstring.h"
#include "xen-platform-common.h"

#define INFO_EVENT      "XEN_PLATFORM_PV_DRIVER_INFO"
#define UNPLUG_EVENT    "XEN_PLATFORM_UNPLUG"
#define FLOOD           1000    /* writes */

#define DISK_AND_NIC \
    "-blockdev null-co,node-name=d -device ide-hd,drive=d,id=hda " \
    "-device e1000,id=nic0 "
#define NVME \
    "-blockdev null-co,node-name=n -device nvme,drive=n,serial=1,id=nvme0 "

static QTestState *start(const char *args)
{
    return xp_start("-M pc -chardev null,id=log "
                    "-global xen-platform.log-chardev=log %s", args);
}

/* Events since the last look, and the data of the newest one */
typedef struct Events {
    const char *name;
    unsigned count;
    QDict *newest;
} Events;

static bool take_event(QTestState *qts, const char *name, QDict *event,
                       void *opaque)
{
    Events *events = opaque;

    if (strcmp(name, events->name)) {
        return false;
    }
    events->count++;
    qobject_unref(events->newest);
    events->newest = qdict_get_qdict(event, "data");
    qobject_ref(events->newest);
    return true;
}

/* An answer comes after all events that were sent before it */
static void sync_events(QTestState *qts)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'query-status' }");
}

/* An event may come that the limiter kept; nothing is in the way of the next */
static void pass_limit(QTestState *qts)
{
    qtest_clock_step(qts, 1100 * 1000000LL);
    sync_events(qts);
    qtest_clock_step(qts, 1100 * 1000000LL);
    sync_events(qts);
}

static const struct {
    uint16_t product;
    uint32_t build;
    const char *name;
} drivers[] = {
    { 1, 1, "xensource-windows" },
    { 2, 1, "gplpv-windows" },
    { 3, 1, "linux" },
    { 4, 0x00070000, "xenserver-windows-v7.0+" },
    { 5, 0x00090200, "xenserver-windows-v7.2+" },
    { 0xffff, 0x00090100, "experimental" },
    { 205, 20505, NULL },
    { 6, 0, NULL },
    { 0xfffe, 0x80000000, NULL },
    { 3, UINT32_MAX, "linux" },
    { 3, 0, "linux" },
};

static void check_driver(QDict *dict, unsigned i)
{
    g_assert_cmpint(qdict_get_int(dict, "product-num"), ==, drivers[i].product);
    g_assert_cmpint(qdict_get_int(dict, "build-num"), ==, drivers[i].build);
    g_assert_cmpstr(qdict_get_try_str(dict, "product-name"), ==,
                    drivers[i].name);
    g_assert_false(qdict_get_bool(dict, "blacklisted"));
}

static void test_query(void)
{
    static const char *const counts[] = {
        "product-num", "build-num", "unplugged", "log-lines",
        "log-suppressed-lines", "log-suppressed-bytes",
    };
    QTestState *qts = start("");
    QDict *info = xp_driver_info(qts);

    for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
        g_assert_cmpint(qdict_get_int(info, counts[i]), ==, 0);
    }
    g_assert_false(qdict_get_bool(info, "blacklisted"));
    g_assert_false(qdict_haskey(info, "product-name"));
    qobject_unref(info);

    for (unsigned i = 0; i < ARRAY_SIZE(drivers); i++) {
        xp_announce(qts, drivers[i].product, drivers[i].build);
        info = xp_driver_info(qts);
        check_driver(info, i);
        qobject_unref(info);
    }

    xp_log(qts, "one\ntwo\nthr");
    xp_unplug(qts, 0x2);
    xp_unplug(qts, 0x8);
    info = xp_driver_info(qts);
    g_assert_cmpint(qdict_get_int(info, "log-lines"), ==, 2);
    g_assert_cmphex(qdict_get_int(info, "unplugged"), ==, 0xa);
    qobject_unref(info);
    qtest_quit(qts);
}

static void test_no_device(void)
{
    QTestState *qts = qtest_init("-nodefaults -M pc");
    g_autofree char *hmp = qtest_hmp(qts, "info xen-platform");
    QDict *error = qtest_qmp_assert_failure_ref(qts,
        "{ 'execute': 'query-xen-platform-pv-driver-info' }");

    g_assert_cmpstr(qdict_get_str(error, "desc"), ==,
                    "this machine has no xen-platform device");
    g_assert_nonnull(strstr(hmp, "this machine has no xen-platform device"));
    qobject_unref(error);
    qtest_quit(qts);
}

static void check_hmp(QTestState *qts, const char *expected)
{
    g_autofree char *got = qtest_hmp(qts, "info xen-platform");
    g_auto(GStrv) lines = g_strsplit(got, "\r\n", -1);
    g_autofree char *unix_text = g_strjoinv("\n", lines);

    g_assert_cmpstr(unix_text, ==, expected);
}

static void test_hmp(void)
{
    QTestState *qts = start(DISK_AND_NIC
                            "-global xen-platform.blacklist=enforce");

    check_hmp(qts,
              "driver: none announced\n"
              "blacklisted: no (blacklist=enforce)\n"
              "unplugged: mask 0x0, refused 0x0\n"
              "log: 0 lines, suppressed 0 lines (0 bytes), throttling on\n");
    xp_announce(qts, 205, 0);
    xp_log(qts, "\n");
    check_hmp(qts,
              "driver: product 0xcd (unregistered), build 0\n"
              "blacklisted: no (blacklist=enforce)\n"
              "unplugged: mask 0x0, refused 0x0\n"
              "log: 1 lines, suppressed 0 lines (0 bytes), throttling on\n");
    xp_announce(qts, 0xffff, UINT32_MAX);
    xp_unplug(qts, 3);
    check_hmp(qts,
              "driver: product 0xffff (experimental), build 4294967295\n"
              "blacklisted: no (blacklist=enforce), latched until reset\n"
              "unplugged: mask 0x3, refused 0x0\n"
              "  disk: ide-hd hda\n"
              "  nic: e1000 nic0\n"
              "log: 1 lines, suppressed 0 lines (0 bytes), throttling on\n");
    qtest_quit(qts);

    qts = start("-global xen-platform.blacklist=off "
                "-global xen-platform.log-rate=0");
    check_hmp(qts,
              "driver: none announced\n"
              "blacklisted: no (blacklist=off)\n"
              "unplugged: mask 0x0, refused 0x0\n"
              "log: 0 lines, suppressed 0 lines (0 bytes), throttling off\n");
    qtest_quit(qts);
}

static void test_info_event(void)
{
    QTestState *qts = start("");
    Events events = { INFO_EVENT };

    qtest_qmp_set_event_callback(qts, take_event, &events);
    for (unsigned i = 0; i < ARRAY_SIZE(drivers); i++) {
        qtest_outw(qts, XP_PORT + 2, drivers[i].product);
        sync_events(qts);
        g_assert_cmpint(events.count, ==, 0);
        qtest_outl(qts, XP_PORT, drivers[i].build);
        sync_events(qts);
        g_assert_cmpint(events.count, ==, 1);
        check_driver(events.newest, i);
        pass_limit(qts);
        g_assert_cmpint(events.count, ==, 1);
        events.count = 0;
    }
    qobject_unref(events.newest);
    qtest_quit(qts);
}

typedef struct WentDevice {
    const char *kind;
    const char *type;
    const char *id;
} WentDevice;

/* Unplug writes in this order, and what is told after each */
static const struct {
    uint16_t requested;
    unsigned mask;
    WentDevice went[4];
} unplugs[] = {
    { 0x02, 0x2, { { "nic", "e1000", "nic0" } } },
    { 0x01, 0x3, { { "nic", "e1000", "nic0" }, { "disk", "ide-hd", "hda" } } },
    { 0x02, 0x3, { { "nic", "e1000", "nic0" }, { "disk", "ide-hd", "hda" } } },
    { 0xff08, 0xb, { { "nic", "e1000", "nic0" }, { "disk", "ide-hd", "hda" },
                     { "nvme", "nvme", "nvme0" } } },
};

static void check_unplug(QDict *data, unsigned i)
{
    const QListEntry *entry = qlist_first(qdict_get_qlist(data, "devices"));
    const WentDevice *want = unplugs[i].went;

    g_assert_cmphex(qdict_get_int(data, "requested"), ==, unplugs[i].requested);
    g_assert_cmphex(qdict_get_int(data, "mask"), ==, unplugs[i].mask);
    g_assert_false(qdict_get_bool(data, "refused"));
    g_assert_cmphex(qdict_get_int(data, "refused-mask"), ==, 0);
    for (; entry; entry = qlist_next(entry), want++) {
        QDict *got = qobject_to(QDict, qlist_entry_obj(entry));

        g_assert_cmpstr(qdict_get_str(got, "kind"), ==, want->kind);
        g_assert_cmpstr(qdict_get_str(got, "type"), ==, want->type);
        g_assert_cmpstr(qdict_get_str(got, "id"), ==, want->id);
        g_assert_true(g_str_has_prefix(qdict_get_str(got, "qom-path"),
                                       "/machine/peripheral/"));
        g_assert_true(g_str_has_suffix(qdict_get_str(got, "qom-path"),
                                       want->id));
    }
    g_assert_null(want->kind);
}

static void test_unplug_event(void)
{
    QTestState *qts = start(DISK_AND_NIC NVME);
    Events events = { UNPLUG_EVENT };

    qtest_qmp_set_event_callback(qts, take_event, &events);
    /* Neither asks for anything */
    xp_unplug(qts, 0);
    xp_unplug(qts, 0xfff0);
    sync_events(qts);
    g_assert_cmpint(events.count, ==, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(unplugs); i++) {
        xp_unplug(qts, unplugs[i].requested);
        sync_events(qts);
        g_assert_cmpint(events.count, ==, 1);
        check_unplug(events.newest, i);
        pass_limit(qts);
        g_assert_cmpint(events.count, ==, 1);
        events.count = 0;
    }

    /* A reset starts afresh */
    qtest_system_reset(qts);
    xp_unplug(qts, unplugs[0].requested);
    sync_events(qts);
    g_assert_cmpint(events.count, ==, 1);
    check_unplug(events.newest, 0);
    qobject_unref(events.newest);
    qtest_quit(qts);
}

static void flood(QTestState *qts, const char *event)
{
    for (unsigned i = 0; i < FLOOD; i++) {
        int64_t before = g_get_monotonic_time();

        if (!strcmp(event, INFO_EVENT)) {
            qtest_outl(qts, XP_PORT, i);
        } else {
            xp_unplug(qts, i == FLOOD - 1 ? 1 : 2);
        }
        if (i % 100 == 0) {
            sync_events(qts);
            g_assert_cmpint(g_get_monotonic_time() - before, <, 1000000);
        }
    }
    sync_events(qts);
}

/* Time stands still meanwhile: one event, and later the newest of the rest */
static void test_limit(const void *name)
{
    QTestState *qts = start(DISK_AND_NIC);
    Events events = { name };

    qtest_qmp_set_event_callback(qts, take_event, &events);
    flood(qts, name);
    g_assert_cmpint(events.count, ==, 1);
    pass_limit(qts);
    g_assert_cmpint(events.count, ==, 2);
    if (!strcmp(name, INFO_EVENT)) {
        g_assert_cmpint(qdict_get_int(events.newest, "build-num"), ==,
                        FLOOD - 1);
    } else {
        g_assert_cmphex(qdict_get_int(events.newest, "requested"), ==, 1);
        g_assert_cmphex(qdict_get_int(events.newest, "mask"), ==, 3);
        g_assert_cmpint(qlist_size(qdict_get_qlist(events.newest, "devices")),
                        ==, 2);
    }
    pass_limit(qts);
    g_assert_cmpint(events.count, ==, 2);
    qobject_unref(events.newest);
    qtest_quit(qts);
}

/* The guest ends QEMU at once after its last request */
static void test_unplug_at_exit(void)
{
    QTestState *qts = start(DISK_AND_NIC
                            "-device isa-debug-exit,iobase=0xf4 ");
    static const uint32_t masks[] = { 2, 3 };

    xp_unplug(qts, 2);
    xp_unplug(qts, 1);
    qtest_outb(qts, 0xf4, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(masks); i++) {
        QDict *data = xp_event(qts, UNPLUG_EVENT);

        g_assert_cmphex(qdict_get_int(data, "mask"), ==, masks[i]);
        qobject_unref(data);
    }
    qtest_set_expected_status(qts, 1);
    qtest_wait_qemu(qts);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("xen-platform/monitor/query", test_query);
    qtest_add_func("xen-platform/monitor/no-device", test_no_device);
    qtest_add_func("xen-platform/monitor/hmp", test_hmp);
    qtest_add_func("xen-platform/monitor/info-event", test_info_event);
    qtest_add_func("xen-platform/monitor/unplug-event", test_unplug_event);
    qtest_add_func("xen-platform/monitor/unplug-at-exit", test_unplug_at_exit);
    qtest_add_data_func("xen-platform/monitor/info-limit", INFO_EVENT,
                        test_limit);
    qtest_add_data_func("xen-platform/monitor/unplug-limit", UNPLUG_EVENT,
                        test_limit);
    return g_test_run();
}
