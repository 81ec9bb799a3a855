/*
 * PV devices of the emulated Xen: what becomes of them at a reset or unplug
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "xen-hypercall.h"
#include "xen-platform-common.h"
#include "xenstore-client.h"

/* Guest memory; the page before SHARED_INFO is for arguments */
#define ARGS        0x100000
#define SHARED_INFO 0x101000
#define GRANTS      0x102000
#define RING        0x103000
#define DATA        0x104000

#define RING_REF    8
#define DATA_REF    9

/* The shared ring, and a request and a response of the 64-bit protocol */
#define REQ_PROD    (RING + 0)
#define REQ_EVENT   (RING + 4)
#define RSP_PROD    (RING + 8)
#define RSP_EVENT   (RING + 12)
#define SLOT(n)     (RING + 64 + (n) * 112)

#define FRONTEND    "/local/domain/1/device/vbd/51712"
#define BACKEND     "/local/domain/0/backend/qdisk/1/51712"

enum { INIT_WAIT = 2, CONNECTED = 4, CLOSING = 5, CLOSED = 6 };

typedef struct Machine {
    QTestState *qts;
    XsClient *xs;
    uint32_t port;
} Machine;

static Machine start_with(const char *blockdev, const char *more)
{
    static unsigned int nr;
    g_autofree char *name = g_strdup_printf("xs%u", nr++);
    g_autofree char *path = xp_tmp_path(name);
    Machine m = { 0 };

    m.qts = xp_start("-M pc -object xenstore-socket,id=xs,path=%s "
                     "-blockdev %s,node-name=disk,read-zeroes=on "
                     "-device xen-disk,id=xvda,drive=disk,vdev=xvda %s",
                     path, blockdev, more);
    m.xs = xs_connect(path);
    return m;
}

static Machine start(const char *blockdev)
{
    return start_with(blockdev, "");
}

static void end(Machine *m)
{
    xs_close(m->xs);
    qtest_quit(m->qts);
}

static char *node(Machine *m, const char *path)
{
    return xs_talk(m->xs, XS_READ, 0, path);
}

static void write_node(Machine *m, const char *name, const char *value)
{
    g_autofree char *body = g_strdup_printf(FRONTEND "/%s|%s", name, value);

    xs_expect(m->xs, XS_WRITE, 0, body, "OK|");
}

static void wait_for_backend(Machine *m, unsigned int state)
{
    g_autofree char *wanted = g_strdup_printf("%u", state);

    for (int i = 0; i < 1000; i++) {
        g_autofree char *value = node(m, BACKEND "/state|");

        if (!strcmp(value, wanted)) {
            return;
        }
        g_usleep(10 * 1000);
    }
    g_error("the backend does not come to state %u", state);
}

static void grant(Machine *m, unsigned int ref, uint64_t gpa)
{
    /* GTF_permit_access, to domain 0 */
    qtest_writel(m->qts, GRANTS + ref * 8 + 4, gpa >> 12);
    qtest_writel(m->qts, GRANTS + ref * 8, 1);
}

static void send_event(Machine *m)
{
    g_assert_cmpint(xen_call_with(m->qts, ARGS, XEN_EVENT_CHANNEL_OP, 4,
                                  &m->port, sizeof(m->port)), ==, 0);
}

static void map_grants(Machine *m)
{
    struct {
        uint16_t domid;
        uint16_t size;
        uint32_t space;
        uint64_t index;
        uint64_t gfn;
    } map = { .domid = XEN_DOMID_SELF, .space = 1, .gfn = GRANTS >> 12 };

    g_assert_cmpint(xen_call_with(m->qts, ARGS, XEN_MEMORY_OP, 7, &map,
                                  sizeof(map)), ==, 0);
}

/* As a frontend does, up to Connected on its side */
static void offer_ring(Machine *m, uint64_t ring)
{
    struct {
        uint16_t dom;
        uint16_t remote_dom;
        uint32_t port;
    } unbound = { .dom = XEN_DOMID_SELF };
    g_autofree char *port = NULL;

    xen_map_shared_info(m->qts, SHARED_INFO);
    map_grants(m);
    grant(m, RING_REF, ring);
    grant(m, DATA_REF, DATA);
    g_assert_cmpint(xen_call_with(m->qts, ARGS, XEN_EVENT_CHANNEL_OP, 6,
                                  &unbound, sizeof(unbound)), ==, 0);
    m->port = unbound.port;
    port = g_strdup_printf("%u", m->port);

    qtest_memset(m->qts, RING, 0, 4096);
    qtest_writel(m->qts, REQ_EVENT, 1);
    qtest_writel(m->qts, RSP_EVENT, 1);

    write_node(m, "ring-ref", stringify(RING_REF));
    write_node(m, "event-channel", port);
    write_node(m, "protocol", "x86_64-abi");
    write_node(m, "state", stringify(4));
}

static void connect_disk(Machine *m)
{
    offer_ring(m, RING);
    wait_for_backend(m, CONNECTED);
}

/* Ask for the first sector; its place in the ring is @nr */
static void read_sector(Machine *m, unsigned int nr)
{
    uint64_t slot = SLOT(nr % 32);

    qtest_memset(m->qts, slot, 0, 112);
    qtest_writeb(m->qts, slot + 1, 1);
    qtest_writeq(m->qts, slot + 8, 0x1234);
    qtest_writel(m->qts, slot + 24, DATA_REF);
    qtest_writel(m->qts, REQ_PROD, nr + 1);
    send_event(m);
}

static bool responses(Machine *m, unsigned int nr)
{
    for (int i = 0; i < 1000; i++) {
        if (qtest_readl(m->qts, RSP_PROD) == nr) {
            return true;
        }
        g_usleep(10 * 1000);
    }
    return false;
}

static void test_reset(void)
{
    Machine m = start("null-co");

    for (int i = 0; i < 20; i++) {
        static const char *const gone[] = {
            FRONTEND "/ring-ref|", FRONTEND "/event-channel|",
            FRONTEND "/protocol|", FRONTEND "/mine|",
        };
        g_autofree char *state = NULL, *device = NULL;

        connect_disk(&m);
        write_node(&m, "mine", "1");
        write_node(&m, "virtual-device", "4711");
        qtest_memset(m.qts, DATA, 0xff, 4096);
        read_sector(&m, 0);
        g_assert_true(responses(&m, 1));
        g_assert_cmphex(qtest_readq(m.qts, SLOT(0)), ==, 0x1234);
        g_assert_cmphex(qtest_readq(m.qts, DATA), ==, 0);

        qtest_system_reset(m.qts);
        wait_for_backend(&m, INIT_WAIT);
        state = node(&m, FRONTEND "/state|");
        g_assert_cmpstr(state, ==, "1");
        device = node(&m, FRONTEND "/virtual-device|");
        g_assert_cmpstr(device, ==, "51712");
        for (size_t j = 0; j < ARRAY_SIZE(gone); j++) {
            g_autofree char *value = node(&m, gone[j]);

            g_assert_cmpstr(value, ==, "!ENOENT|");
        }
    }
    end(&m);
}

/* What the guest has made of its part of the store goes; the host's stays */
static void test_reset_store(void)
{
    Machine m = start("null-co");

    xs_expect(m.xs, XS_WRITE, 0, "/local/domain/1/data/mine/deep|x", "OK|");
    xs_expect(m.xs, XS_WRITE, 0, "/local/domain/1/control/shutdown|reboot",
              "OK|");
    xs_expect(m.xs, XS_RM, 0, "/local/domain/1/drivers|", "OK|");
    xs_expect(m.xs, XS_WRITE, 0, "/local/domain/1/device/vbd/1/state|1", "OK|");
    xs_expect(m.xs, XS_WRITE, 0, "/local/domain/1/vm-data/host|y", "OK|");
    xs_expect(m.xs, XS_WRITE, 0, "/mh/driver-blacklist/linux/1|z", "OK|");
    qtest_system_reset(m.qts);

    xs_expect(m.xs, XS_DIRECTORY, 0, "/local/domain/1/data|", "");
    xs_expect(m.xs, XS_READ, 0, "/local/domain/1/control/shutdown|", "");
    xs_expect(m.xs, XS_READ, 0, "/local/domain/1/drivers|", "");
    xs_expect(m.xs, XS_DIRECTORY, 0, "/local/domain/1/device/vbd|", "51712|");
    xs_expect(m.xs, XS_READ, 0, "/local/domain/1/vm-data/host|", "y");
    xs_expect(m.xs, XS_READ, 0, "/mh/driver-blacklist/linux/1|", "z");
    connect_disk(&m);
    end(&m);
}

/* What comes after the reset does not find the memory of the new guest */
static void test_reset_in_flight(void)
{
    Machine m = start("null-co,latency-ns=300000000");
    uint32_t before;

    connect_disk(&m);
    read_sector(&m, 0);
    qtest_system_reset(m.qts);

    qtest_memset(m.qts, RING, 0xa5, 8192);
    before = qtest_readl(m.qts, RSP_PROD);
    g_usleep(600 * 1000);
    g_assert_cmphex(qtest_readl(m.qts, RSP_PROD), ==, before);
    for (unsigned int i = 0; i < 8192; i += 8) {
        g_assert_cmphex(qtest_readq(m.qts, RING + i), ==, 0xa5a5a5a5a5a5a5a5);
    }

    connect_disk(&m);
    read_sector(&m, 0);
    g_assert_true(responses(&m, 1));
    end(&m);
}

/* A frontend that closes has the responses to all it asked for */
static void test_close_in_flight(void)
{
    Machine m = start("null-co,latency-ns=300000000");

    connect_disk(&m);
    read_sector(&m, 0);
    write_node(&m, "state", stringify(5));
    wait_for_backend(&m, CLOSING);
    write_node(&m, "state", stringify(6));
    wait_for_backend(&m, CLOSED);
    g_assert_cmpuint(qtest_readl(m.qts, RSP_PROD), ==, 1);

    write_node(&m, "state", stringify(1));
    wait_for_backend(&m, INIT_WAIT);
    connect_disk(&m);
    read_sector(&m, 0);
    g_assert_true(responses(&m, 1));
    end(&m);
}

/* Grants of frames that are not RAM, for the ring and for data */
static void test_bad_grants(void)
{
    static const uint64_t frames[] = {
        0xf0000000, 0xfee00000, 0xffff0000, 1ull << 40, 0xfffffffull << 12,
    };
    Machine m = start("null-co");
    uint64_t rom = qtest_readq(m.qts, 0xffff0000);

    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        g_autofree char *state = NULL;

        offer_ring(&m, frames[i]);
        g_usleep(100 * 1000);
        state = node(&m, BACKEND "/state|");
        g_assert_cmpstr(state, ==, "2");
        write_node(&m, "state", stringify(1));
    }
    connect_disk(&m);
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        grant(&m, DATA_REF, frames[i]);
        read_sector(&m, i);
        g_assert_true(responses(&m, i + 1));
        g_assert_cmpint((int16_t)qtest_readw(m.qts, SLOT(i) + 10), ==, -1);
    }
    g_assert_cmphex(qtest_readq(m.qts, 0xffff0000), ==, rom);
    grant(&m, DATA_REF, DATA);
    read_sector(&m, ARRAY_SIZE(frames));
    g_assert_true(responses(&m, ARRAY_SIZE(frames) + 1));
    end(&m);
}

static void test_unplug_in_flight(void)
{
    Machine m = start("null-co,latency-ns=300000000");

    connect_disk(&m);
    read_sector(&m, 0);
    qtest_qmp_device_del_send(m.qts, "xvda");
    wait_for_backend(&m, CLOSING);
    write_node(&m, "state", stringify(6));
    qtest_qmp_eventwait(m.qts, "DEVICE_DELETED");
    g_assert_cmpuint(qtest_readl(m.qts, RSP_PROD), ==, 1);
    end(&m);
}

/* A guest that does not answer: the reset ends what the host asked for */
static void test_unplug_by_reset(void)
{
    Machine m = start("null-co");

    connect_disk(&m);
    qtest_qmp_device_del_send(m.qts, "xvda");
    wait_for_backend(&m, CLOSING);
    qtest_system_reset(m.qts);
    qtest_qmp_eventwait(m.qts, "DEVICE_DELETED");
    end(&m);
}

/* A disk that is in use goes on elsewhere, from where its ring says */
static void test_migrate(void)
{
    g_autofree char *path = xp_tmp_path("state");
    Machine from = start("null-co,latency-ns=300000000");
    Machine to = start_with("null-co", "-incoming defer");

    connect_disk(&from);
    read_sector(&from, 0);
    g_assert_true(responses(&from, 1));
    to.port = from.port;

    /* One in flight, and one that the backend has not seen */
    qtest_memset(from.qts, DATA, 0xff, 4096);
    read_sector(&from, 1);
    qtest_qmp_assert_success(from.qts, "{ 'execute': 'stop' }");
    read_sector(&from, 2);
    xp_save(from.qts, path);
    g_assert_cmpuint(qtest_readl(from.qts, RSP_PROD), ==, 2);

    g_assert_true(xp_load(to.qts, path));
    g_assert_cmpuint(qtest_readl(to.qts, RSP_PROD), ==, 2);
    g_assert_cmphex(qtest_readq(to.qts, DATA), ==, 0);
    qtest_qmp_assert_success(to.qts, "{ 'execute': 'cont' }");
    g_assert_true(responses(&to, 3));
    wait_for_backend(&to, CONNECTED);
    read_sector(&to, 3);
    g_assert_true(responses(&to, 4));
    g_assert_cmphex(qtest_readq(to.qts, SLOT(3)), ==, 0x1234);

    /* And the guest hears of it */
    g_assert_cmpint(qtest_readb(to.qts, SHARED_INFO), ==, 1);
    end(&from);
    end(&to);
}

/* The other side lacks the disk, or has one too many */
static void test_migrate_mismatch(void)
{
    g_autofree char *path = xp_tmp_path("state");
    g_autofree char *said = xp_tmp_path("stderr");
    g_autofree char *text = NULL;
    g_autofree char *more = g_strdup_printf(
        "-device xen-console,chardev=c,id=con -chardev null,id=c "
        "-incoming defer 2>%s", said);
    Machine from = start("null-co");
    Machine to = start_with("null-co", more);

    connect_disk(&from);
    xp_save(from.qts, path);
    g_assert_false(xp_load(to.qts, path));
    g_assert_true(g_file_get_contents(said, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "backend/console/1/0: leave out the "
                            "xen-console"));
    end(&to);

    g_clear_pointer(&text, g_free);
    to = start_with("null-co", "-incoming defer");
    g_assert_true(xp_load(to.qts, path));
    end(&to);

    to.qts = xp_start("-M pc -incoming defer 2>%s", said);
    g_assert_false(xp_load(to.qts, path));
    g_assert_true(g_file_get_contents(said, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "has " BACKEND ": give this one the device"));
    qtest_quit(to.qts);
    end(&from);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("xen-emu/device/reset", test_reset);
    qtest_add_func("xen-emu/device/reset-store", test_reset_store);
    qtest_add_func("xen-emu/device/reset-in-flight", test_reset_in_flight);
    qtest_add_func("xen-emu/device/close-in-flight", test_close_in_flight);
    qtest_add_func("xen-emu/device/bad-grants", test_bad_grants);
    qtest_add_func("xen-emu/device/unplug-in-flight", test_unplug_in_flight);
    qtest_add_func("xen-emu/device/unplug-by-reset", test_unplug_by_reset);
    qtest_add_func("xen-emu/device/migrate", test_migrate);
    qtest_add_func("xen-emu/device/migrate-mismatch", test_migrate_mismatch);
    return g_test_run();
}
