/*
 * PV backends: what a frontend can make QEMU say has a bound
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "../libxen/blkfront.h"
#include "xen-ring-common.h"

#define XVDA        51712
#define TIMES       100
#define LINES       10      /* of one device */

static Blkfront disk;

static void start(RingMachine *m)
{
    ring_start(m, "-drive if=none,id=d,driver=null-co,size=1M "
               "-device xen-disk,drive=d,vdev=xvda ");
    g_assert_true(blkfront_init(&disk, &m->xs, &m->grants, XVDA));
}

static void end(RingMachine *m, const char *first)
{
    g_autofree char *text = g_strdup_printf("device/vbd/%d: %s", XVDA, first);

    ring_expect_log(m, text, LINES);
    ring_expect_log(m, "; further errors of this frontend are not reported\n",
                    LINES);
    g_assert_cmpuint(ring_log_lines(m), ==, LINES);
    ring_end(m);
}

static const struct {
    const char *name;
    const char *said;
    BlkRequest request;
} rows[] = {
    { "operation", "unknown operation (9)", { .operation = 9 } },
    { "segments", "nr_segments too big",
      { .operation = BLKIF_OP_READ, .nr_segments = 12 } },
    { "sectors", "first > last sector",
      { .operation = BLKIF_OP_READ, .nr_segments = 1,
        .segments[0] = { .first = 1 } } },
    { "crossing", "page crossing",
      { .operation = BLKIF_OP_READ, .nr_segments = 1,
        .segments[0] = { .last = 8 } } },
    { "end", "access beyond end of file",
      { .operation = BLKIF_OP_READ, .nr_segments = 1, .sector = 2048 } },
    { "discard", "discard beyond end of file",
      { .operation = BLKIF_OP_DISCARD, .sector = 2048, .nr_sectors = 1 } },
    { "grant", "failed to copy data",
      { .operation = BLKIF_OP_READ, .nr_segments = 1,
        .segments[0] = { .ref = 77 } } },
};

static void test_requests(const void *opaque)
{
    size_t row = GPOINTER_TO_UINT(opaque);
    RingMachine m;

    start(&m);
    g_assert_true(blkfront_connect(&disk, BLKFRONT_64, 0));
    for (unsigned i = 0; i < TIMES; i++) {
        g_assert_cmpint(blkfront_do(&disk, &rows[row].request), ==,
                        BLKIF_RSP_ERROR);
    }
    end(&m, rows[row].said);
}

/* Connected, and the ring is none */
static void test_states(void)
{
    RingMachine m;

    start(&m);
    g_assert_true(blkfront_offer(&disk, BLKFRONT_64, 0,
                                 XenbusStateInitialising));
    for (unsigned i = 0; i < TIMES; i++) {
        g_assert_true(xenstore_write(&m.xs, 0, disk.bus.frontend, "ring-ref",
                                     "rubbish"));
        g_assert_true(xenbus_set_state(&disk.bus, XenbusStateConnected));
    }
    ring_expect_alive(&m);
    end(&m, "frontend change error: failed to read ring-ref");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        g_autofree char *path = g_strdup_printf("xen-ring/log/%s",
                                                rows[i].name);

        qtest_add_data_func(path, GUINT_TO_POINTER(i), test_requests);
    }
    qtest_add_func("xen-ring/log/states", test_states);
    return g_test_run();
}
