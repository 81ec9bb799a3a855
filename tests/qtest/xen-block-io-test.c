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

/* All slots in use, again and again, so that the indices go around */
static void test_full_ring(const void *opaque)
{
    BlkfrontAbi abi = GPOINTER_TO_INT(opaque);
    BlockMachine *m = block_start(BLOCK_NULL("xvda", "size=1048576"));
    Blkfront *f = &m->xvda;
    BlkRequest r = { .operation = BLKIF_OP_READ, .nr_segments = 1 };
    uint32_t next = 0;

    g_assert_true(blkfront_connect(f, abi, 0));
    r.segments[0].ref = gnttab_grant(&m->grants, m->data, false);
    for (unsigned round = 0; round < 5; round++) {
        uint64_t seen = 0;

        while (!blkfront_full(f)) {
            r.id = next++;
            blkfront_put(f, &r);
        }
        blkfront_push(f);
        /* Leave some, so that the next round begins elsewhere */
        for (unsigned i = 0; i < f->slots - (round & 1 ? 0 : 5); i++) {
            BlkResponse response;

            g_assert_true(blkfront_wait(f, &response));
            g_assert_cmpint(response.status, ==, BLKIF_RSP_OKAY);
            g_assert_false(response.padding);
            g_assert_cmpuint(response.id, <, next);
            g_assert_false(seen & 1ull << response.id % 64);
            seen |= 1ull << response.id % 64;
        }
    }
    block_end(m);
}

/* Each range of sectors of a page */
static void test_partial_pages(void)
{
    g_autofree char *path = block_file("partial.img", 64 << 10);
    BlockMachine *m = block_start(RAW_DISK, path);
    Blkfront *f = &m->xvda;

    g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
    block_pattern(m, 1, 4096);
    g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_WRITE, 16, 8, m->data), ==,
                    BLKIF_RSP_OKAY);
    for (unsigned first = 0; first < 8; first++) {
        for (unsigned last = first; last < 8; last++) {
            unsigned size = (last - first + 1) * 512;

            block_pattern(m, 1, 4096);
            qtest_memset(m->qts, m->data + first * 512, 0, size);
            g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, 16 + first,
                                              last - first + 1,
                                              m->data + first * 512), ==,
                            BLKIF_RSP_OKAY);
            block_expect_pattern(m, 1, 4096);
        }
    }
    block_end(m);
}

/* Errors of the disk are those of a request, not of the device */
static void test_errors(void)
{
    g_autofree char *path = block_file("errors.img", 1 << 20);
    BlockMachine *m = block_start(
        "-blockdev raw,node-name=disk,file.driver=blkdebug,"
        "file.image.driver=file,file.image.filename=%s,"
        "file.inject-error.0.event=none,file.inject-error.0.iotype=read,"
        "file.inject-error.0.sector=8,file.inject-error.1.event=none,"
        "file.inject-error.1.iotype=write,file.inject-error.1.sector=16,"
        "file.inject-error.2.event=none,file.inject-error.2.iotype=flush "
        "-device xen-disk,drive=disk,vdev=xvda", path);
    Blkfront *f = &m->xvda;

    block_begin_count(m);
    g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
    for (unsigned i = 0; i < 10; i++) {
        g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, 8, 8, m->data), ==,
                        BLKIF_RSP_ERROR);
        g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_WRITE, 16, 1, m->data),
                        ==, BLKIF_RSP_ERROR);
        g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_WRITE, 8, 8, m->data),
                        ==, BLKIF_RSP_OKAY);
        g_assert_cmpint(blkfront_flush(f), ==, BLKIF_RSP_ERROR);
        g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, 16, 8, m->data),
                        ==, BLKIF_RSP_OKAY);
    }
    block_expect_alive(m);
    g_assert_true(blkfront_disconnect(f));
    block_expect_count(m);
    block_end(m);
}

static void resize(BlockMachine *m, unsigned sectors)
{
    qtest_qmp_assert_success(m->qts,
        "{ 'execute': 'block_resize', 'arguments': {"
        "  'node-name': 'disk', 'size': %u }}", sectors * 512);
}

static void test_resize(void)
{
    g_autofree char *path = block_file("resize.img", 1 << 20);
    BlockMachine *m = block_start(RAW_DISK, path);
    Blkfront *f = &m->xvda;
    g_autofree char *state = g_strdup_printf("%s/state", f->bus.backend);
    const char *event, *token;

    g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
    g_assert_true(xenstore_watch(&m->xs, state, "token"));
    while (!xenstore_event(&m->xs, NULL)) {
        g_usleep(1000);
    }
    g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, 4095, 1, m->data), ==,
                    BLKIF_RSP_ERROR);
    resize(m, 4096);
    g_assert_cmpuint(xenbus_backend_number(&f->bus, "sectors"), ==, 4096);
    event = xenstore_event(&m->xs, &token);
    g_assert_cmpstr(event, ==, state);
    g_assert_cmpstr(token, ==, "token");
    g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, 4095, 1, m->data), ==,
                    BLKIF_RSP_OKAY);
    resize(m, 1024);
    g_assert_cmpuint(xenbus_backend_number(&f->bus, "sectors"), ==, 1024);
    g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, 1024, 1, m->data), ==,
                    BLKIF_RSP_ERROR);
    g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, 1023, 1, m->data), ==,
                    BLKIF_RSP_OKAY);
    g_assert_true(blkfront_disconnect(f));
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
    qtest_add_data_func("xen-block/io/full-ring/32",
                        GINT_TO_POINTER(BLKFRONT_32), test_full_ring);
    qtest_add_data_func("xen-block/io/full-ring/64",
                        GINT_TO_POINTER(BLKFRONT_64), test_full_ring);
    qtest_add_func("xen-block/io/partial-pages", test_partial_pages);
    qtest_add_func("xen-block/io/errors", test_errors);
    qtest_add_func("xen-block/io/resize", test_resize);
    qtest_add_func("xen-block/io/wake-up", test_wake_up);
    qtest_add_func("xen-block/io/close-flush", test_close_flush);
    return g_test_run();
}
