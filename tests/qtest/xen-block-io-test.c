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
    return g_test_run();
}
