/*
 * xen-block: what the backend's nodes say of a disk, and whether it is true
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "xen-block-common.h"

#define READ_ONLY   4
#define CDROM       1

#define TWO_TIB     (UINT64_C(2) << 40)

typedef struct Disk {
    const char *name;
    const char *node;       /* options of the -blockdev */
    const char *device;     /* and of the -device */
    uint64_t size;          /* bytes of the file */
    uint64_t sectors;
    unsigned info;
    bool discard;
} Disk;

static const Disk disks[] = {
    { "raw", "", "xen-disk", 1 << 20, 2048 },
    { "discard", ",discard=unmap", "xen-disk", 1 << 20, 2048, 0, true },
    { "read-only", ",read-only=on", "xen-disk", 1 << 20, 2048, READ_ONLY },
    { "cdrom", ",read-only=on", "xen-cdrom", 1 << 20, 2048,
      READ_ONLY | CDROM },
    { "one-sector", "", "xen-disk", 512, 1 },
    /* What is no whole sector is made one, of zeroes */
    { "odd", "", "xen-disk", 10000, 20 },
    { "empty", "", "xen-disk", 0, 0 },
    { "two-tib", ",discard=unmap", "xen-disk", TWO_TIB + 4096,
      TWO_TIB / 512 + 8, 0, true },
};

static void expect_node(Blkfront *f, const char *name, const char *value)
{
    g_autofree char *got = block_node(f, name);

    if (g_strcmp0(got, value)) {
        g_error("%s: '%s', expected '%s'", name, got, value);
    }
}

static void expect_number(Blkfront *f, const char *name, uint64_t value)
{
    g_autofree char *text = g_strdup_printf("%" PRIu64, value);

    expect_node(f, name, text);
}

/* The last sector can be had, the one behind it cannot */
static void expect_end(BlockMachine *m, const Disk *disk)
{
    Blkfront *f = &m->xvda;
    uint64_t last = disk->sectors - 1;
    bool writable = !(disk->info & READ_ONLY);

    g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, disk->sectors, 1,
                                      m->data), ==, BLKIF_RSP_ERROR);
    if (disk->sectors) {
        block_pattern(m, 5, 512);
        g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_WRITE, last, 1, m->data),
                        ==, writable ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR);
        qtest_memset(m->qts, m->data, 0, 512);
        g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, last, 1, m->data),
                        ==, BLKIF_RSP_OKAY);
        if (writable) {
            block_expect_pattern(m, 5, 512);
        } else {
            g_assert_cmphex(qtest_readq(m->qts, m->data), ==, 0);
        }
        g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, last, 2, m->data),
                        ==, BLKIF_RSP_ERROR);
    }
    g_assert_cmpint(blkfront_flush(f), ==, BLKIF_RSP_OKAY);
}

static void test_nodes(const void *opaque)
{
    const Disk *disk = opaque;
    g_autofree char *path = block_file("nodes.img", disk->size);
    BlockMachine *m = block_start(
        "-blockdev raw,node-name=disk%s,file.driver=file,file.filename=%s "
        "-device %s,drive=disk,vdev=xvda", disk->node, path, disk->device);
    Blkfront *f = &m->xvda;

    expect_number(f, "state", XenbusStateInitWait);
    expect_number(f, "sectors", disk->sectors);
    expect_number(f, "sector-size", 512);
    expect_number(f, "info", disk->info);
    expect_node(f, "mode", disk->info & READ_ONLY ? "r" : "w");
    expect_node(f, "feature-flush-cache", "1");
    expect_node(f, "feature-discard", disk->discard ? "1" : NULL);
    expect_node(f, "discard-alignment", disk->discard ? "0" : NULL);
    /* Pages that are next to each other here are not so for the backend */
    expect_node(f, "max-ring-page-order", NULL);
    expect_node(f, "feature-barrier", NULL);
    expect_node(f, "feature-max-indirect-segments", NULL);
    g_assert_cmpstr(xenstore_read(&m->xs, 0, f->bus.frontend, "device-type"),
                    ==, disk->info & CDROM ? "cdrom" : "disk");
    g_assert_cmpstr(xenstore_read(&m->xs, 0, f->bus.frontend,
                                  "virtual-device"), ==, "51712");
    g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
    expect_end(m, disk);
    g_assert_true(blkfront_disconnect(f));
    block_end(m);
}

static void test_qcow2(void)
{
    const Disk disk = { .sectors = TWO_TIB / 512 + 1 };
    g_autofree char *path = block_file("nodes.qcow2", 0);
    g_autofree char *size = g_strdup_printf("%" PRIu64, TWO_TIB + 512);
    const char *tool = g_getenv("QTEST_QEMU_IMG");
    const char *argv[] = { tool, "create", "-q", "-f", "qcow2", path, size,
                           NULL };
    BlockMachine *m;
    int status;

    if (!tool) {
        g_test_skip("QTEST_QEMU_IMG is not set");
        return;
    }
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, NULL, NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    m = block_start("-blockdev qcow2,node-name=disk,file.driver=file,"
                    "file.filename=%s -device xen-disk,drive=disk,vdev=xvda",
                    path);
    expect_number(&m->xvda, "sectors", disk.sectors);
    g_assert_true(blkfront_connect(&m->xvda, BLKFRONT_64, 0));
    expect_end(m, &disk);
    g_assert_true(blkfront_disconnect(&m->xvda));
    block_end(m);
}

/* A discard of all of a large disk, of which there are many pieces */
static void test_large_discard(void)
{
    g_autofree char *path = block_file("large.img", TWO_TIB + 4096);
    BlockMachine *m = block_start(
        "-blockdev raw,node-name=disk,discard=unmap,file.driver=file,"
        "file.filename=%s -device xen-disk,drive=disk,vdev=xvda", path);
    Blkfront *f = &m->xvda;
    const uint64_t sectors = TWO_TIB / 512 + 8;

    g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
    g_assert_cmpint(blkfront_discard(f, 0, sectors), ==, BLKIF_RSP_OKAY);
    g_assert_cmpint(blkfront_discard(f, 8, sectors - 8), ==, BLKIF_RSP_OKAY);
    g_assert_cmpint(blkfront_discard(f, 8, sectors - 7), ==, BLKIF_RSP_ERROR);
    g_assert_cmpint(blkfront_discard(f, 8, 0), ==, BLKIF_RSP_OKAY);
    block_expect_alive(m);
    g_assert_true(blkfront_disconnect(f));
    block_end(m);
}

/* A frontend that does not know large sectors gets no such disk */
static void test_large_sectors(void)
{
    BlockMachine *m = block_start(
        "-blockdev null-co,read-zeroes=on,size=1048576,node-name=disk -device "
        "xen-disk,drive=disk,vdev=xvda,logical_block_size=4096,"
        "physical_block_size=4096");
    Blkfront *f = &m->xvda;
    BlkRequest r = { .operation = BLKIF_OP_READ, .nr_segments = 1 };

    expect_number(f, "sectors", 256);
    expect_number(f, "sector-size", 4096);
    g_assert_true(blkfront_offer(f, BLKFRONT_64, 0, XenbusStateConnected));
    block_expect_alive(m);
    g_assert_cmpuint((unsigned)xenbus_backend_state(&f->bus), ==,
                     (unsigned)XenbusStateInitWait);
    g_assert_true(xenbus_set_state(&f->bus, XenbusStateClosed));
    g_assert_true(xenbus_wait(&f->bus, XenbusStateClosed));
    g_assert_true(blkfront_release(f));

    g_assert_true(xenbus_set_number(&f->bus, "feature-large-sector-size", 1));
    g_assert_true(xenbus_reopen(&f->bus));
    g_assert_true(blkfront_connect(f, BLKFRONT_64, 0));
    r.segments[0].ref = gnttab_grant(&m->grants, m->data, false);
    r.sector = 255;
    block_expect_status(f, &r, BLKIF_RSP_OKAY);
    r.sector = 256;
    block_expect_status(f, &r, BLKIF_RSP_ERROR);
    r.sector = 1ull << 52;
    block_expect_status(f, &r, BLKIF_RSP_ERROR);
    r.sector = 0;
    r.segments[0].last = 1;
    block_expect_status(f, &r, BLKIF_RSP_ERROR);
    block_end(m);
}

/* A medium does not go in or out while the guest has the drive */
static void test_medium(void)
{
    g_autofree char *path = block_file("medium.img", 1 << 20);
    BlockMachine *m = block_start(
        "-blockdev raw,node-name=disk,read-only=on,file.driver=file,"
        "file.filename=%s -device xen-cdrom,id=cd,drive=disk,vdev=xvda", path);
    QDict *answer;

    g_assert_true(blkfront_connect(&m->xvda, BLKFRONT_64, 0));
    answer = qtest_qmp(m->qts, "{ 'execute': 'eject', 'arguments': {"
                       "  'id': 'cd', 'force': true }}");
    g_assert_true(qdict_haskey(answer, "error"));
    qobject_unref(answer);
    g_assert_cmpint(blkfront_transfer(&m->xvda, BLKIF_OP_READ, 0, 8, m->data),
                    ==, BLKIF_RSP_OKAY);
    g_assert_true(blkfront_disconnect(&m->xvda));
    block_end(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
        g_autofree char *path = g_strdup_printf("xen-block/nodes/%s",
                                                disks[i].name);

        qtest_add_data_func(path, &disks[i], test_nodes);
    }
    qtest_add_func("xen-block/nodes/qcow2", test_qcow2);
    qtest_add_func("xen-block/nodes/large-discard", test_large_discard);
    qtest_add_func("xen-block/nodes/large-sectors", test_large_sectors);
    qtest_add_func("xen-block/nodes/medium", test_medium);
    return g_test_run();
}
