/*
 * xen-block: nodes and states, of frontends that keep to the protocol and of
 * others
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-block-common.h"

/* As the steps of a table, which are no more than numbers */
#define state_of(f) ((unsigned)xenbus_backend_state(&(f)->bus))

#define TWO_DISKS   BLOCK_NULL("xvda", "size=1048576") \
                    BLOCK_NULL("xvdb", "size=1048576")

enum {
    UNKNOWN = XenbusStateUnknown,
    INITIALISING = XenbusStateInitialising,
    INIT_WAIT = XenbusStateInitWait,
    INITIALISED = XenbusStateInitialised,
    CONNECTED = XenbusStateConnected,
    CLOSING = XenbusStateClosing,
    CLOSED = XenbusStateClosed,
};

static void expect_working(BlockMachine *m, Blkfront *f)
{
    qtest_memset(m->qts, m->data, 0xff, 512);
    g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, 0, 1, m->data), ==,
                    BLKIF_RSP_OKAY);
    g_assert_cmphex(qtest_readq(m->qts, m->data), ==, 0);
}

/* Each step: a state of the frontend, and that of the backend which follows */
typedef struct Step {
    unsigned frontend;
    unsigned backend;
} Step;

static const struct {
    const char *name;
    Step steps[10];
} orders[] = {
    { "in-order", { { INITIALISING, INIT_WAIT }, { INITIALISED, CONNECTED },
                    { CONNECTED, CONNECTED }, { CLOSING, CLOSING },
                    { CLOSED, CLOSED }, { INITIALISING, INIT_WAIT } } },
    { "skip-initialised", { { CONNECTED, CONNECTED }, { CLOSING, CLOSING },
                            { CLOSED, CLOSED } } },
    { "skip-closing", { { CONNECTED, CONNECTED }, { CLOSED, CLOSED },
                        { INITIALISING, INIT_WAIT },
                        { CONNECTED, CONNECTED } } },
    { "never-connect", { { CLOSING, CLOSING }, { CLOSED, CLOSED },
                         { INITIALISING, INIT_WAIT } } },
    { "initwait", { { INIT_WAIT, INIT_WAIT }, { CONNECTED, CONNECTED } } },
    { "twice", { { CONNECTED, CONNECTED }, { CONNECTED, CONNECTED },
                 { INITIALISED, CONNECTED } } },
    { "change-its-mind", { { CONNECTED, CONNECTED }, { CLOSING, CLOSING },
                           { CONNECTED, CONNECTED } } },
    { "go-back", { { CONNECTED, CONNECTED }, { INITIALISING, CONNECTED },
                   { CLOSED, CLOSED }, { INITIALISING, INIT_WAIT } } },
    { "reopen-from-closed", { { CONNECTED, CONNECTED }, { CLOSED, CLOSED },
                              { CONNECTED, CONNECTED } } },
    { "unknown-numbers", { { 7, INIT_WAIT }, { 8, INIT_WAIT },
                           { 4711, INIT_WAIT }, { CONNECTED, CONNECTED } } },
    { "unknown", { { CONNECTED, CONNECTED }, { UNKNOWN, CLOSED },
                   { INITIALISING, INIT_WAIT } } },
};

static void test_order(const void *opaque)
{
    const Step *steps = opaque;
    BlockMachine *m = block_start(TWO_DISKS);
    Blkfront *f = &m->xvda;

    block_begin_count(m);
    for (size_t i = 0; i < 10 && steps[i].backend; i++) {
        Step step = steps[i];
        /* Up to Closing included, the backend has the ring of before */
        bool offers = step.backend == CONNECTED &&
                      state_of(f) != CONNECTED && state_of(f) != CLOSING;

        if (offers) {
            g_assert_true(blkfront_release(f));
            g_assert_true(blkfront_offer(f, BLKFRONT_64, 0, step.frontend));
        } else {
            g_assert_true(xenbus_set_state(&f->bus, step.frontend));
        }
        g_assert_true(xenbus_wait(&f->bus, step.backend));
        if (step.backend == CONNECTED) {
            expect_working(m, f);
        }
    }
    block_expect_alive(m);
    xenbus_set_state(&f->bus, CLOSED);
    g_assert_true(xenbus_wait(&f->bus, CLOSED));
    g_assert_true(blkfront_release(f));
    block_expect_count(m);
    block_end(m);
}

static void test_many_times(void)
{
    BlockMachine *m = block_start(TWO_DISKS);

    block_begin_count(m);
    for (unsigned i = 0; i < 200; i++) {
        g_assert_true(blkfront_connect(&m->xvda, i % BLKFRONT_ABIS, 0));
        expect_working(m, &m->xvda);
        g_assert_true(blkfront_disconnect(&m->xvda));
    }
    block_expect_count(m);
    block_end(m);
}

/* What stands in a node, instead of what belongs there; NULL: nothing */
static const struct {
    const char *name;
    const char *value;
} rubbish[] = {
    { "ring-ref", NULL }, { "ring-ref", "" }, { "ring-ref", "x" },
    { "ring-ref", "0" }, { "ring-ref", "-1" }, { "ring-ref", "2047" },
    { "ring-ref", "32768" }, { "ring-ref", "4294967295" },
    { "ring-ref", "18446744073709551616" },
    { "event-channel", NULL }, { "event-channel", "" },
    { "event-channel", "x" }, { "event-channel", "0" },
    { "event-channel", "-1" }, { "event-channel", "1023" },
    { "event-channel", "4095" }, { "event-channel", "4096" },
    { "event-channel", "65536" }, { "event-channel", "4294967295" },
    { "ring-page-order", "1" }, { "ring-page-order", "4" },
    { "ring-page-order", "5" }, { "ring-page-order", "31" },
    { "ring-page-order", "32" }, { "ring-page-order", "4294967295" },
};

static void test_rubbish(void)
{
    BlockMachine *m = block_start(TWO_DISKS);
    Blkfront *f = &m->xvda;
    Xenbus *bus = &f->bus;

    g_assert_true(blkfront_connect(&m->xvdb, BLKFRONT_64, 0));
    block_begin_count(m);
    for (size_t i = 0; i < ARRAY_SIZE(rubbish); i++) {
        const char *name = rubbish[i].name;

        g_assert_true(blkfront_offer(f, BLKFRONT_64, 0, INITIALISING));
        xenstore_rm(bus->xs, 0, bus->frontend, name);
        if (rubbish[i].value) {
            g_assert_true(xenstore_write(bus->xs, 0, bus->frontend, name,
                                         rubbish[i].value));
        }
        g_assert_true(xenbus_set_state(bus, CONNECTED));
        block_expect_alive(m);
        if (state_of(f) == CONNECTED) {
            g_error("%s=%s: connected", name, rubbish[i].value);
        }
        expect_working(m, &m->xvdb);
        g_assert_true(xenbus_set_state(bus, CLOSED));
        g_assert_true(xenbus_wait(bus, CLOSED));
        g_assert_true(blkfront_release(f));
        block_expect_count(m);
        g_assert_true(xenbus_reopen(bus));
    }
    g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
    expect_working(m, f);
    block_end(m);
}

/* Offer @port, which is not this frontend's to give */
static void offer_port(BlockMachine *m, unsigned port)
{
    Blkfront *f = &m->xvda;

    g_assert_true(blkfront_offer(f, BLKFRONT_64, 0, INITIALISING));
    g_assert_true(xenbus_set_number(&f->bus, "event-channel", port));
    g_assert_true(xenbus_set_state(&f->bus, CONNECTED));
    block_expect_alive(m);
    g_assert_cmpuint(state_of(f), !=, CONNECTED);
    g_assert_true(xenbus_set_state(&f->bus, CLOSED));
    g_assert_true(xenbus_wait(&f->bus, CLOSED));
    g_assert_true(blkfront_release(f));
    g_assert_true(xenbus_reopen(&f->bus));
}

/* Ports of the store, of another disk, of the guest itself, of a timer */
static void test_ports(void)
{
    BlockMachine *m = block_start(TWO_DISKS);
    struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER };
    unsigned own;

    g_assert_true(blkfront_connect(&m->xvdb, BLKFRONT_64, 0));
    own = evtchn_alloc(m->g, DOMID_SELF);
    g_assert_cmpint(xen_guest_call(m->g, __HYPERVISOR_event_channel_op,
                                   EVTCHNOP_bind_virq, &virq, sizeof(virq)),
                    ==, 0);
    block_begin_count(m);
    offer_port(m, own);
    offer_port(m, virq.port);
    offer_port(m, m->xvdb.port);
    expect_working(m, &m->xvdb);
    offer_port(m, m->xs.port);
    expect_working(m, &m->xvdb);
    g_assert_cmpint(evtchn_status(m->g, m->xvdb.port), ==,
                    EVTCHNSTAT_interdomain);
    g_assert_cmpint(evtchn_status(m->g, own), ==, EVTCHNSTAT_unbound);
    block_expect_count(m);
    g_assert_true(blkfront_connect(&m->xvda, BLKFRONT_64, 0));
    expect_working(m, &m->xvda);
    block_end(m);
}

/* The frontend's nodes go, one by one or all at once, and come again */
static void test_vanish(void)
{
    static const char *const nodes[] = {
        "ring-ref", "event-channel", "protocol", "state", "",
    };
    BlockMachine *m = block_start(TWO_DISKS);
    Blkfront *f = &m->xvda;
    Xenbus *bus = &f->bus;

    g_assert_true(blkfront_connect(&m->xvdb, BLKFRONT_64, 0));
    block_begin_count(m);
    for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
        bool state = !*nodes[i] || !strcmp(nodes[i], "state");

        g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
        if (*nodes[i]) {
            g_assert_true(xenstore_rm(bus->xs, 0, bus->frontend, nodes[i]));
        } else {
            xenstore_rm(bus->xs, 0, "", bus->frontend);
        }
        block_expect_alive(m);
        if (state) {
            g_assert_true(xenbus_wait(bus, CLOSED));
        } else {
            expect_working(m, f);
            g_assert_true(xenbus_set_state(bus, CLOSED));
            g_assert_true(xenbus_wait(bus, CLOSED));
        }
        g_assert_true(blkfront_release(f));
        g_assert_true(xenbus_reopen(bus));
        block_expect_count(m);
        expect_working(m, &m->xvdb);
    }
    block_end(m);
}

/* All states at once, so that each change finds the next one made */
static void test_quickly(const void *opaque)
{
    static const char *const states[] = { "6", "1", "6", "5", "6", "1" };
    const char *iothread = opaque;
    BlockMachine *m = block_start(
        "-object iothread,id=thread -blockdev null-co,read-zeroes=on,"
        "size=1048576,latency-ns=20000000,node-name=disk "
        "-device xen-disk,drive=disk,vdev=xvda%s", iothread);
    Blkfront *f = &m->xvda;

    block_begin_count(m);
    for (unsigned i = 0; i < 20; i++) {
        BlkRequest r = { .operation = BLKIF_OP_READ, .nr_segments = 1 };

        g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
        r.segments[0].ref = gnttab_grant(&m->grants, m->data, false);
        for (unsigned j = 0; j < 8; j++) {
            blkfront_put(f, &r);
        }
        blkfront_push(f);
        for (unsigned j = 0; j < ARRAY_SIZE(states); j++) {
            uint32_t tx = xenstore_begin(&m->xs);

            xenstore_write(&m->xs, tx, f->bus.frontend, "state", states[j]);
            xenstore_end(&m->xs, tx, true);
        }
        g_assert_true(xenbus_wait(&f->bus, INIT_WAIT));
        g_assert_true(gnttab_end(&m->grants, r.segments[0].ref));
        g_assert_true(blkfront_release(f));
    }
    block_expect_alive(m);
    block_expect_count(m);
    block_end(m);
}

/* An NBD export holds the disk in its own thread */
static void test_export(void)
{
    BlockMachine *m = block_start(
        "-object iothread,id=thread "
        "-blockdev null-co,read-zeroes=on,node-name=xvda,size=1048576 "
        "-device xen-disk,drive=xvda,vdev=xvda,iothread=thread");

    block_begin_count(m);
    g_assert_true(blkfront_connect(&m->xvda, BLKFRONT_64, 0));
    qtest_qmp_assert_success(m->qts,
        "{ 'execute': 'nbd-server-start', 'arguments': { 'addr': {"
        "  'type': 'inet', 'data': { 'host': '127.0.0.1', 'port': '0' }}}}");
    qtest_qmp_assert_success(m->qts,
        "{ 'execute': 'block-export-add', 'arguments': { 'type': 'nbd',"
        "  'id': 'export', 'node-name': 'xvda', 'iothread': 'thread',"
        "  'fixed-iothread': true }}");
    for (unsigned i = 0; i < 3; i++) {
        expect_working(m, &m->xvda);
        g_assert_true(blkfront_disconnect(&m->xvda));
        g_assert_true(blkfront_connect(&m->xvda, BLKFRONT_64, 0));
    }
    g_assert_true(blkfront_disconnect(&m->xvda));
    block_expect_count(m);
    block_end(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
        g_autofree char *path = g_strdup_printf(
            "xen-block/handshake/order/%s", orders[i].name);

        qtest_add_data_func(path, orders[i].steps, test_order);
    }
    qtest_add_func("xen-block/handshake/many-times", test_many_times);
    qtest_add_func("xen-block/handshake/rubbish", test_rubbish);
    qtest_add_func("xen-block/handshake/ports", test_ports);
    qtest_add_func("xen-block/handshake/vanish", test_vanish);
    qtest_add_data_func("xen-block/handshake/quickly", "", test_quickly);
    qtest_add_data_func("xen-block/handshake/quickly-iothread",
                        ",iothread=thread", test_quickly);
    qtest_add_func("xen-block/handshake/export", test_export);
    return g_test_run();
}
