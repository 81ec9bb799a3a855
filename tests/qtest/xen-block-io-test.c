/*
 * xen-block: requests, over the guest's side in tests/libxen
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-block-common.h"

#define RAW_DISK \
    "-blockdev raw,node-name=disk,discard=unmap,file.driver=file," \
    "file.filename=%s -device xen-disk,id=xvda,drive=disk,vdev=xvda "

/* Each ABI: a few sectors out and in again */
static void test_abi(const void *opaque)
{
    BlkfrontAbi abi = GPOINTER_TO_INT(opaque);
    g_autofree char *path = block_file("abi.img", 1 << 20);
    BlockMachine *m = block_start(RAW_DISK, path);
    Blkfront *f = &m->xvda;

    block_begin_count(m);
    g_assert_true(blkfront_connect(f, abi, 0));
    block_pattern(m, abi, 4096);
    g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_WRITE, 7, 8, m->data), ==,
                    BLKIF_RSP_OKAY);
    qtest_memset(m->qts, m->data, 0, 4096);
    g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, 7, 8, m->data), ==,
                    BLKIF_RSP_OKAY);
    block_expect_pattern(m, abi, 4096);
    g_assert_cmpint(blkfront_flush(f), ==, BLKIF_RSP_OKAY);
    g_assert_true(blkfront_disconnect(f));
    block_expect_count(m);
    block_end(m);
}

#define LATENCY 100     /* ms, of a disk that is slow */

#define SLOW_DISK \
    "-blockdev null-co,read-zeroes=on,size=1048576,node-name=disk," \
    "latency-ns=" stringify(LATENCY) "000000 " \
    "-device xen-disk,id=xvda,drive=disk,vdev=xvda "

/* Without a write before it, a flush has nothing to do */
static void make_dirty(BlockMachine *m)
{
    g_assert_cmpint(blkfront_transfer(&m->xvda, BLKIF_OP_WRITE, 0, 1, m->data),
                    ==, BLKIF_RSP_OKAY);
}

/*
 * What comes without an event, as the ring asks for none while a request is
 * under way, is seen when that one completes; even if with an error
 */
static void test_wake_up(void)
{
    BlockMachine *m = block_start(SLOW_DISK);
    Blkfront *f = &m->xvda;
    BlkRequest flush = {
        .operation = BLKIF_OP_FLUSH_DISKCACHE,
        .nr_segments = 1,
        .id = 1,
    };
    BlkRequest read = { .operation = BLKIF_OP_READ, .id = 2 };
    BlkResponse response;

    g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
    make_dirty(m);
    /* The page is taken back, which is seen after a flush that takes time */
    flush.segments[0].ref = gnttab_grant(&m->grants, m->data, false);
    blkfront_put(f, &flush);
    blkfront_push(f);
    gnttab_set(&m->grants, flush.segments[0].ref, m->data, 0);
    blkfront_put(f, &read);
    blkfront_push(f);
    g_assert_true(blkfront_wait(f, &response));
    g_assert_cmpuint(response.id, ==, 1);
    g_assert_cmpint(response.status, ==, BLKIF_RSP_ERROR);
    g_assert_true(blkfront_wait(f, &response));
    g_assert_cmpuint(response.id, ==, 2);
    block_end(m);
}

/* A flush with data is done, or refused, before the ring goes */
static void test_close_flush(void)
{
    BlockMachine *m = block_start(SLOW_DISK);
    Blkfront *f = &m->xvda;
    BlkRequest r = {
        .operation = BLKIF_OP_FLUSH_DISKCACHE,
        .nr_segments = 1,
        .id = 1,
        .segments[0] = { .last = 7 },
    };
    uint32_t prod;

    block_begin_count(m);
    g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
    make_dirty(m);
    r.segments[0].ref = gnttab_grant(&m->grants, m->data, false);
    blkfront_put(f, &r);
    blkfront_push(f);
    g_assert_true(xenbus_set_state(&f->bus, XenbusStateClosed));
    g_assert_true(xenbus_wait(&f->bus, XenbusStateClosed));
    prod = qtest_readl(m->qts, f->ring + BLKFRONT_RSP_PROD);
    g_usleep(3 * LATENCY * 1000);
    block_expect_alive(m);
    g_assert_cmpuint(prod, ==, 2);
    g_assert_true(gnttab_end(&m->grants, r.segments[0].ref));
    g_assert_true(blkfront_release(f));
    block_expect_count(m);
    block_end(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_data_func("xen-block/io/abi/default",
                        GINT_TO_POINTER(BLKFRONT_DEFAULT), test_abi);
    qtest_add_data_func("xen-block/io/abi/32", GINT_TO_POINTER(BLKFRONT_32),
                        test_abi);
    qtest_add_data_func("xen-block/io/abi/64", GINT_TO_POINTER(BLKFRONT_64),
                        test_abi);
    qtest_add_data_func("xen-block/io/abi/native",
                        GINT_TO_POINTER(BLKFRONT_NATIVE), test_abi);
    qtest_add_func("xen-block/io/wake-up", test_wake_up);
    qtest_add_func("xen-block/io/close-flush", test_close_flush);
    return g_test_run();
}
