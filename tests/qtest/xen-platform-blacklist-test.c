/*
 * xen-platform: the host's blacklist, edited with xenstore's own tools
 *
 * Not here: nodes that QEMU may not read.  It acts as domain 0 in the
 * emulation, which may read all.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "libqos/pci-pc.h"
#include "xen-platform-common.h"
#include "xenstore-client.h"

#define LIST    "/mh/driver-blacklist/"

typedef struct Machine {
    QTestState *qts;
    char *socket;   /* of the xenstore */
    char *trace;    /* tells how often the list was read */
    char *err;      /* what QEMU says */
} Machine;

static Machine start(const char *mode)
{
    Machine m = {
        .socket = xp_tmp_path("xs"),
        .trace = xp_tmp_path("trace"),
        .err = xp_tmp_path("stderr"),
    };

    unlink(m.trace);
    m.qts = xp_start("-M pc -object xenstore-socket,id=xs,path=%s "
                     "-device xen-platform,blacklist=%s "
                     "-D %s -trace xen_platform_blacklist_loaded "
                     "-trace 'xenstore_*' -trace xen_platform_reset 2>%s",
                     m.socket, mode, m.trace, m.err);
    return m;
}

static void end(Machine *m)
{
    qtest_quit(m->qts);
    g_free(m->socket);
    g_free(m->trace);
    g_free(m->err);
}

static char *read_file(const char *path)
{
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static unsigned count_in(const char *path, const char *text)
{
    g_autofree char *all = read_file(path);
    g_auto(GStrv) parts = g_strsplit(all, text, -1);

    return g_strv_length(parts) - 1;
}

static bool tool(Machine *m, const char *name, const char *node,
                 const char *value)
{
    const char *const argv[] = { name, node, value, NULL };
    g_autofree char *out = xp_tool(m->socket, argv);

    return out;
}

/* Returns whether the device has a list of @nodes nodes, or comes to have it */
static bool wait_list(Machine *m, unsigned nodes)
{
    g_autofree char *wanted = g_strdup_printf("loaded %u nodes\n", nodes);

    for (unsigned i = 0; i < 5000; i++) {
        g_autofree char *trace = NULL;
        const char *last;

        qtest_qmp_assert_success(m->qts, "{ 'execute': 'query-status' }");
        trace = read_file(m->trace);
        last = g_strrstr(trace, "xen_platform_blacklist_loaded");
        if (last && strstr(last, wanted)) {
            return true;
        }
        g_usleep(1000);
    }
    return false;
}

static bool blacklisted(Machine *m, uint16_t product, uint32_t build)
{
    g_autoptr(QDict) info = NULL;
    uint16_t magic;

    xp_announce(m->qts, product, build);
    magic = qtest_inw(m->qts, XP_PORT);
    info = xp_driver_info(m->qts);
    g_assert_true(qdict_get_bool(info, "blacklisted") == (magic == XP_REFUSED));
    g_assert_true(magic == XP_REFUSED || magic == XP_MAGIC);
    return magic == XP_REFUSED;
}

/* Returns whether a build is blacklisted, or comes to be */
static bool wait_blacklisted(Machine *m, uint16_t product, uint32_t build)
{
    for (unsigned i = 0; i < 200; i++) {
        if (blacklisted(m, product, build)) {
            return true;
        }
        g_usleep(1000);
    }
    return false;
}

static unsigned unplugged(Machine *m)
{
    g_autoptr(QDict) info = xp_driver_info(m->qts);

    return qdict_get_int(info, "unplugged");
}

/* A node, and a build that it does or does not blacklist */
static const struct {
    const char *node;
    const char *value;
    uint16_t product;
    uint32_t build;
    bool blacklisted;
} verdicts[] = {
    { "experimental/0", "x", 0xffff, 0, true },
    { "experimental/590080", "broken", 0xffff, 0x00090100, true },
    { "experimental/2147483648", "", 0xffff, 0x80000000, true },
    { "experimental/4294967295", "0", 0xffff, UINT32_MAX, true },
    { "xensource-windows/1", "", 1, 1, true },
    { "gplpv-windows/1", "", 2, 1, true },
    { "linux/1", "", 3, 1, true },
    /* The node on the way to another is there, too */
    { "linux/7/because", "", 3, 7, true },

    { "linux/2", "", 3, 3, false },
    { "linux/4", "", 2, 4, false },
    { "linux/05", "", 3, 5, false },
    { "linux/0x6", "", 3, 6, false },
    { "Linux/8", "", 3, 8, false },
    { "3/9", "", 3, 9, false },
    { "linux", "10", 3, 10, false },
    { "experimental/-2147483647", "", 0xffff, 0x80000001, false },
    /* Nobody registered 205, 6, 0 */
    { "205/20505", "", 205, 20505, false },
    { "unregistered/11", "", 6, 11, false },
    { "0/12", "", 0, 12, false },
};

static void test_verdicts(const void *mode)
{
    bool off = !strcmp(mode, "off");
    Machine m;

    if (xp_skip_without_xenstore()) {
        return;
    }
    m = start(mode);
    for (unsigned i = 0; i < ARRAY_SIZE(verdicts); i++) {
        g_autofree char *node = g_strconcat(LIST, verdicts[i].node, NULL);

        g_assert_true(tool(&m, "xenstore-write", node, verdicts[i].value));
    }
    if (off) {
        /* There is nothing to wait for */
        g_assert_false(wait_blacklisted(&m, 3, 1));
        g_assert_cmpuint(count_in(m.trace, "blacklist_loaded"), ==, 0);
    } else {
        g_assert_true(tool(&m, "xenstore-write", LIST "linux/99", "the last"));
        g_assert_true(wait_blacklisted(&m, 3, 99));
    }
    for (unsigned i = 0; i < ARRAY_SIZE(verdicts); i++) {
        bool got = blacklisted(&m, verdicts[i].product, verdicts[i].build);

        if (got != (verdicts[i].blacklisted && !off)) {
            g_test_message("node %s, product 0x%x build %u: %sblacklisted",
                           verdicts[i].node, verdicts[i].product,
                           verdicts[i].build, got ? "" : "not ");
            g_test_fail();
        }
    }
    end(&m);
}

/*
 * Xenstore takes neither '.' nor '+' in a path, so that no host can blacklist
 * these two products.
 */
static void test_impossible_names(void)
{
    Machine m;

    if (xp_skip_without_xenstore()) {
        return;
    }
    m = start("report");
    g_assert_false(tool(&m, "xenstore-write",
                        LIST "xenserver-windows-v7.0+/1", ""));
    g_assert_false(tool(&m, "xenstore-write",
                        LIST "xenserver-windows-v7.2+/1", ""));
    g_assert_false(blacklisted(&m, 4, 1));
    g_assert_false(blacklisted(&m, 5, 1));
    end(&m);
}

static void test_build_before_product(void)
{
    Machine m;

    if (xp_skip_without_xenstore()) {
        return;
    }
    m = start("report");
    g_assert_true(tool(&m, "xenstore-write", LIST "linux/1", ""));
    g_assert_true(wait_list(&m, 1));
    qtest_outl(m.qts, XP_PORT, 1);
    g_assert_cmphex(qtest_inw(m.qts, XP_PORT), ==, XP_MAGIC);
    /* Only a build has a verdict */
    qtest_outw(m.qts, XP_PORT + 2, 3);
    g_assert_cmphex(qtest_inw(m.qts, XP_PORT), ==, XP_MAGIC);
    qtest_outl(m.qts, XP_PORT, 1);
    g_assert_cmphex(qtest_inw(m.qts, XP_PORT), ==, XP_REFUSED);
    qtest_outw(m.qts, XP_PORT + 2, 2);
    g_assert_cmphex(qtest_inw(m.qts, XP_PORT), ==, XP_REFUSED);
    qtest_outl(m.qts, XP_PORT, 1);
    g_assert_cmphex(qtest_inw(m.qts, XP_PORT), ==, XP_MAGIC);

    g_assert_true(blacklisted(&m, 3, 1));
    qtest_system_reset(m.qts);
    g_assert_cmphex(qtest_inw(m.qts, XP_PORT), ==, XP_MAGIC);
    qtest_outl(m.qts, XP_PORT, 1);
    g_assert_cmphex(qtest_inw(m.qts, XP_PORT), ==, XP_MAGIC);
    g_assert_true(blacklisted(&m, 3, 1));
    end(&m);
}

/* In this order, each seen by the next announcement */
static const struct {
    const char *tool;
    const char *node;
    const char *value;
    unsigned nodes;     /* in the list then */
    bool blacklisted;   /* build 1 of product 3 */
} edits[] = {
    { "xenstore-write", LIST "linux/2", "", 1, false },
    { "xenstore-write", LIST "linux/1", "", 2, true },
    { "xenstore-write", LIST "linux/1", "reason", 2, true },
    { "xenstore-chmod", LIST "linux/1", "r1", 2, true },
    { "xenstore-rm", LIST "linux/1", NULL, 1, false },
    { "xenstore-write", LIST "linux/1", "again", 2, true },
    { "xenstore-rm", LIST "linux", NULL, 0, false },
    { "xenstore-write", LIST "linux/1", "", 1, true },
    { "xenstore-rm", "/mh/driver-blacklist", NULL, 0, false },
    { "xenstore-write", LIST "linux/1", "", 1, true },
    { "xenstore-rm", "/mh", NULL, 0, false },
    { "xenstore-write", LIST "linux/1", "", 1, true },
};

static void test_live_edits(void)
{
    Machine m;

    if (xp_skip_without_xenstore()) {
        return;
    }
    m = start("report");
    for (unsigned i = 0; i < ARRAY_SIZE(edits); i++) {
        g_test_message("%s %s", edits[i].tool, edits[i].node);
        g_assert_true(tool(&m, edits[i].tool, edits[i].node, edits[i].value));
        g_assert_true(wait_list(&m, edits[i].nodes));
        g_assert_true(blacklisted(&m, 3, 1) == edits[i].blacklisted);
        g_assert_false(blacklisted(&m, 3, 3));
    }
    end(&m);
}

/* The documented protocol: the driver is told, and does as it likes */
static void test_report(void)
{
    Machine m;

    if (xp_skip_without_xenstore()) {
        return;
    }
    m = start("report");
    g_assert_true(tool(&m, "xenstore-write", LIST "linux/1", ""));
    g_assert_true(wait_list(&m, 1));
    g_assert_true(blacklisted(&m, 3, 1));
    xp_unplug(m.qts, 1);
    g_assert_cmphex(unplugged(&m), ==, 1);
    /* It stays blacklisted, until its node goes; then it is latched */
    g_assert_true(blacklisted(&m, 3, 1));
    g_assert_true(tool(&m, "xenstore-rm", LIST "linux/1", NULL));
    g_assert_true(wait_list(&m, 0));
    g_assert_false(blacklisted(&m, 3, 1));
    g_assert_true(tool(&m, "xenstore-write", LIST "linux/1", ""));
    g_assert_true(wait_list(&m, 1));
    g_assert_false(blacklisted(&m, 3, 1));
    end(&m);
}

/* A refused request: how it is made, and the mask that it stands for */
static const struct {
    uint16_t mask;          /* on the port; 0: on BAR0 */
    uint8_t offset;
    uint8_t value;
    unsigned refused;
} requests[] = {
    { .mask = 1, .refused = 0x1 },
    { .offset = 8, .value = 2, .refused = 0x3 },
    { .offset = 8, .value = 1, .refused = 0x3 },
    { .mask = 8, .refused = 0xb },
    { .offset = 4, .value = 1, .refused = 0xb },
    { .mask = 0xf, .refused = 0xf },
};

static void request(Machine *m, QPCIDevice *dev, QPCIBar bar, unsigned i)
{
    if (requests[i].mask) {
        xp_unplug(m->qts, requests[i].mask);
    } else {
        qpci_io_writeb(dev, bar, requests[i].offset, requests[i].value);
    }
}

static void test_enforce(void)
{
    QPCIDevice *dev;
    QPCIBus *bus;
    QPCIBar bar;
    Machine m;

    if (xp_skip_without_xenstore()) {
        return;
    }
    m = start("enforce");
    bus = qpci_new_pc(m.qts, NULL);
    dev = xp_pci_device(bus, 0x0001);
    bar = qpci_iomap(dev, 0, NULL);
    qpci_device_enable(dev);
    g_assert_true(tool(&m, "xenstore-write", LIST "linux/1", ""));
    g_assert_true(wait_list(&m, 1));
    g_assert_true(blacklisted(&m, 3, 1));
    for (unsigned i = 0; i < ARRAY_SIZE(requests); i++) {
        QDict *data;

        request(&m, dev, bar, i);
        data = xp_event(m.qts, "XEN_PLATFORM_UNPLUG");
        g_assert_true(qdict_get_bool(data, "refused"));
        g_assert_cmphex(qdict_get_int(data, "mask"), ==, 0);
        g_assert_cmphex(qdict_get_int(data, "refused-mask"), ==,
                        requests[i].refused);
        qobject_unref(data);
        g_assert_cmphex(unplugged(&m), ==, 0);
        qtest_clock_step(m.qts, 1100 * 1000000LL);
    }
    g_assert_cmpuint(count_in(m.err, "blacklist=enforce"), ==, 1);

    /* Another build of the driver is not concerned */
    g_assert_false(blacklisted(&m, 3, 2));
    xp_unplug(m.qts, 2);
    g_assert_cmphex(unplugged(&m), ==, 2);
    g_free(dev);
    qpci_free_pc(bus);
    end(&m);
}

/* A guest that runs on PV devices must not be refused when it resumes */
static void test_latch(const void *mode)
{
    Machine m;

    if (xp_skip_without_xenstore()) {
        return;
    }
    m = start(mode);
    g_assert_false(blacklisted(&m, 3, 1));
    xp_unplug(m.qts, 0);
    xp_unplug(m.qts, 2);
    g_assert_true(tool(&m, "xenstore-write", LIST "linux/1", ""));
    g_assert_true(wait_list(&m, 1));
    for (unsigned i = 0; i < 10; i++) {
        g_assert_false(blacklisted(&m, 3, 1));
    }
    xp_unplug(m.qts, 1);
    g_assert_cmphex(unplugged(&m), ==, 3);
    g_assert_cmpuint(count_in(m.err, "stays admitted until the next reset"),
                     ==, 1);

    qtest_system_reset(m.qts);
    g_assert_true(blacklisted(&m, 3, 1));
    xp_unplug(m.qts, 1);
    g_assert_cmphex(unplugged(&m), ==, strcmp(mode, "enforce") ? 1 : 0);
    end(&m);
}

/* A mask that names nothing honours nothing, and does not latch */
static void test_no_latch(void)
{
    Machine m;

    if (xp_skip_without_xenstore()) {
        return;
    }
    m = start("enforce");
    xp_unplug(m.qts, 0);
    xp_unplug(m.qts, 0xfff0);
    g_assert_true(tool(&m, "xenstore-write", LIST "linux/1", ""));
    g_assert_true(wait_list(&m, 1));
    g_assert_true(blacklisted(&m, 3, 1));
    end(&m);
}

/* A guest that loops does not reach the store */
static void test_no_traffic(void)
{
    Machine m;
    unsigned before;

    if (xp_skip_without_xenstore()) {
        return;
    }
    m = start("report");
    g_assert_true(tool(&m, "xenstore-write", LIST "linux/1", ""));
    g_assert_true(wait_list(&m, 1));
    before = count_in(m.trace, "\n");
    for (unsigned i = 0; i < 1000; i++) {
        xp_announce(m.qts, i % 2 ? 3 : 0xffff, i % 4);
    }
    g_assert_cmphex(qtest_inw(m.qts, XP_PORT), ==, XP_MAGIC);
    g_assert_cmpuint(count_in(m.trace, "\n"), ==, before);
    g_assert_cmpuint(count_in(m.err, "is blacklisted by the host"), ==, 1);
    end(&m);
}

#define MANY            4096    /* nodes, as many as are kept */
#define EDITS           1000

static void write_node(XsClient *c, unsigned build, const char *reason)
{
    g_autofree char *body = g_strdup_printf(LIST "linux/%u|%s", build, reason);

    xs_expect(c, XS_WRITE, 0, body, "OK|");
}

/* Returns the time in us that the monitor takes to answer */
static gint64 prompt_us(Machine *m)
{
    gint64 begin = g_get_monotonic_time();

    qtest_qmp_assert_success(m->qts, "{ 'execute': 'query-status' }");
    return g_get_monotonic_time() - begin;
}

/* The whole list is read once for many edits, and not at one go */
static void test_burst(void)
{
    gint64 begin, last, worst = 0;
    unsigned before, loads, allowed;
    XsClient *c;
    Machine m;

    if (xp_skip_without_xenstore()) {
        return;
    }
    m = start("report");
    c = xs_connect(m.socket);
    for (unsigned i = 1; i <= MANY; i++) {
        write_node(c, i, "");
    }
    g_assert_true(wait_list(&m, MANY));

    before = count_in(m.trace, "blacklist_loaded");
    begin = g_get_monotonic_time();
    for (unsigned i = 1; i <= EDITS; i++) {
        write_node(c, i, "edited");
        worst = MAX(worst, prompt_us(&m));
    }
    /* Until the list was read after the last of them */
    last = g_get_monotonic_time();
    while (g_get_monotonic_time() < last + 1000000) {
        worst = MAX(worst, prompt_us(&m));
    }
    loads = count_in(m.trace, "blacklist_loaded") - before;
    allowed = 1 + (g_get_monotonic_time() - begin) / 1000000;
    g_test_message("%u edits of %u nodes: %u readings, the monitor took "
                   "%" PRId64 " us at worst", EDITS, MANY, loads, worst);
    g_assert_cmpuint(loads, >, 0);
    g_assert_cmpuint(loads, <=, allowed);
    /* The host of a test may be busy; what is seen when it is not: 3 ms */
    g_assert_cmpint(worst, <, 1000000);
    xs_close(c);
    end(&m);
}

/* Whatever waits to be read: an edit counts for the next announcement */
static void test_fresh(void)
{
    XsClient *c;
    Machine m;

    if (xp_skip_without_xenstore()) {
        return;
    }
    m = start("report");
    c = xs_connect(m.socket);
    for (unsigned i = 1; i <= 200; i++) {
        g_assert_false(blacklisted(&m, 3, 0));
        write_node(c, 0, "now");
        g_assert_true(blacklisted(&m, 3, 0));
        g_assert_false(blacklisted(&m, 3, i));
        write_node(c, i, "");
        xs_expect(c, XS_RM, 0, LIST "linux/0|", "OK|");
    }
    xs_close(c);
    end(&m);
}

/* As in a script: the guest waits, the host writes its list, and continues */
static void test_cont(void)
{
    XsClient *c;
    Machine m;

    if (xp_skip_without_xenstore()) {
        return;
    }
    m = start("report");
    c = xs_connect(m.socket);
    for (unsigned i = 1; i <= 100; i++) {
        qtest_qmp_assert_success(m.qts, "{ 'execute': 'stop' }");
        write_node(c, i, "");
        qtest_qmp_assert_success(m.qts, "{ 'execute': 'cont' }");
        g_assert_true(blacklisted(&m, 3, i));
    }
    xs_close(c);
    end(&m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_data_func("xen-platform/blacklist/verdicts/report", "report",
                        test_verdicts);
    qtest_add_data_func("xen-platform/blacklist/verdicts/enforce", "enforce",
                        test_verdicts);
    qtest_add_data_func("xen-platform/blacklist/verdicts/off", "off",
                        test_verdicts);
    qtest_add_func("xen-platform/blacklist/impossible-names",
                   test_impossible_names);
    qtest_add_func("xen-platform/blacklist/build-before-product",
                   test_build_before_product);
    qtest_add_func("xen-platform/blacklist/live-edits", test_live_edits);
    qtest_add_func("xen-platform/blacklist/report", test_report);
    qtest_add_func("xen-platform/blacklist/enforce", test_enforce);
    qtest_add_data_func("xen-platform/blacklist/latch/report", "report",
                        test_latch);
    qtest_add_data_func("xen-platform/blacklist/latch/enforce", "enforce",
                        test_latch);
    qtest_add_func("xen-platform/blacklist/no-latch", test_no_latch);
    qtest_add_func("xen-platform/blacklist/no-traffic", test_no_traffic);
    qtest_add_func("xen-platform/blacklist/burst", test_burst);
    qtest_add_func("xen-platform/blacklist/fresh", test_fresh);
    qtest_add_func("xen-platform/blacklist/cont", test_cont);
    return g_test_run();
}
