/*
 * xen-block: frontends that take away what the backend uses, with requests
 * under way
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-block-common.h"

#define REQUESTS    8

static void close_channel(BlockMachine *m)
{
    g_assert_cmpint(evtchn_close(m->g, m->xvda.port), ==, 0);
    m->xvda.port = 0;
}

/* The backend has it mapped: that it is gone is seen when it is given back */
static void revoke_ring(BlockMachine *m)
{
    gnttab_set(&m->grants, m->xvda.refs[0], 0, 0);
}

static void revoke_all(BlockMachine *m)
{
    qtest_memset(m->qts, m->grants.table + GNTTAB_FIRST * 8, 0,
                 4096 - GNTTAB_FIRST * 8);
}

static void garbage_in_ring(BlockMachine *m)
{
    qtest_memset(m->qts, m->xvda.ring, 0xff, 4096);
}

static void remove_nodes(BlockMachine *m)
{
    xenstore_rm(&m->xs, 0, "", m->xvda.bus.frontend);
}

static void close_at_once(BlockMachine *m)
{
    g_assert_true(xenbus_set_state(&m->xvda.bus, XenbusStateClosed));
}

typedef struct Case {
    const char *name;
    void (*take)(BlockMachine *m);
} Case;

static const Case cases[] = {
    { "close-channel", close_channel },
    { "revoke-ring", revoke_ring },
    { "revoke-all", revoke_all },
    { "garbage-in-ring", garbage_in_ring },
    { "remove-nodes", remove_nodes },
    { "close-at-once", close_at_once },
};

static void play(const Case *c, const char *iothread)
{
    BlockMachine *m = block_start(
        "-object iothread,id=thread -blockdev null-co,read-zeroes=on,"
        "size=1048576,latency-ns=50000000,node-name=disk "
        "-device xen-disk,drive=disk,vdev=xvda%s "
        BLOCK_NULL("xvdb", "size=1048576"), iothread);
    Blkfront *f = &m->xvda;
    BlkRequest r = { .operation = BLKIF_OP_READ, .nr_segments = 1 };

    block_begin_count(m);
    for (unsigned i = 0; i < 5; i++) {
        g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
        r.segments[0].ref = gnttab_grant(&m->grants, m->data, false);
        for (unsigned j = 0; j < REQUESTS; j++) {
            r.operation = j & 1 ? BLKIF_OP_WRITE : BLKIF_OP_READ;
            blkfront_put(f, &r);
        }
        blkfront_push(f);
        c->take(m);
        block_expect_alive(m);
        g_assert_true(xenbus_set_state(&f->bus, XenbusStateClosed));
        g_assert_true(xenbus_wait(&f->bus, XenbusStateClosed));
        g_assert_true(gnttab_end(&m->grants, r.segments[0].ref));
        g_assert_true(blkfront_release(f));
        block_expect_count(m);
        g_assert_true(xenbus_reopen(&f->bus));
    }
    g_assert_true(blkfront_connect(&m->xvdb, BLKFRONT_64, 0));
    g_assert_cmpint(blkfront_transfer(&m->xvdb, BLKIF_OP_READ, 0, 8, m->data),
                    ==, BLKIF_RSP_OKAY);
    g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
    g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, 0, 8, m->data), ==,
                    BLKIF_RSP_OKAY);
    block_end(m);
}

static void test_case(const void *opaque)
{
    play(opaque, "");
}

static void test_case_iothread(const void *opaque)
{
    play(opaque, ",iothread=thread");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *main_thread = g_strdup_printf(
            "xen-block/teardown/%s/main", cases[i].name);
        g_autofree char *iothread = g_strdup_printf(
            "xen-block/teardown/%s/iothread", cases[i].name);

        qtest_add_data_func(main_thread, &cases[i], test_case);
        qtest_add_data_func(iothread, &cases[i], test_case_iothread);
    }
    return g_test_run();
}
