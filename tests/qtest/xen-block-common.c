/*
 * What the tests of xen-block share: a machine, its guest, and disks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-block-common.h"
#include "xen-platform-common.h"

BlockMachine *block_start(const char *fmt, ...)
{
    BlockMachine *m = g_new0(BlockMachine, 1);
    g_autofree char *options = NULL;
    va_list ap;

    va_start(ap, fmt);
    options = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    m->qts = xp_start("-M pc %s", options);
    m->g = xen_guest_qtest_init(&m->q, m->qts);
    g_assert_true(xenstore_init(&m->xs, m->g));
    g_assert_true(gnttab_init(&m->grants, m->g));
    g_assert_true(blkfront_init(&m->xvda, &m->xs, &m->grants, XVDA));
    blkfront_init(&m->xvdb, &m->xs, &m->grants, XVDB);
    m->data = m->g->ops->alloc_pages(m->g, BLKFRONT_SEGMENTS);
    return m;
}

void block_end(BlockMachine *m)
{
    qtest_quit(m->qts);
    g_free(m);
}

char *block_file(const char *name, uint64_t size)
{
    char *path = xp_tmp_path(name);
    int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, size), ==, 0);
    close(fd);
    return path;
}

static uint8_t *pattern(unsigned seed, size_t size)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    uint8_t *bytes = g_malloc(size);

    for (size_t i = 0; i < size; i++) {
        bytes[i] = g_rand_int(rand);
    }
    return bytes;
}

void block_pattern(BlockMachine *m, unsigned seed, size_t size)
{
    g_autofree uint8_t *bytes = pattern(seed, size);

    qtest_memwrite(m->qts, m->data, bytes, size);
}

void block_expect_pattern(BlockMachine *m, unsigned seed, size_t size)
{
    g_autofree uint8_t *expected = pattern(seed, size);
    g_autofree uint8_t *got = g_malloc(size);

    qtest_memread(m->qts, m->data, got, size);
    g_assert_cmpmem(got, size, expected, size);
}

char *block_node(Blkfront *f, const char *name)
{
    return g_strdup(xenstore_read(f->bus.xs, 0, f->bus.backend, name));
}

void block_expect_status(Blkfront *f, const BlkRequest *request, int status)
{
    int got = blkfront_do(f, request);

    if (got != status) {
        g_error("operation %u, %u segments, sector 0x%" PRIx64 ": status %d, "
                "expected %d", request->operation, request->nr_segments,
                request->sector, got, status);
    }
}

void block_expect_alive(BlockMachine *m)
{
    xp_expect_alive(m->qts);
}

void block_begin_count(BlockMachine *m)
{
    m->granted = gnttab_granted(&m->grants);
    m->ports = evtchn_open_ports(m->g);
}

void block_expect_count(BlockMachine *m)
{
    g_assert_cmpuint(gnttab_granted(&m->grants), ==, m->granted);
    g_assert_cmpuint(evtchn_open_ports(m->g), ==, m->ports);
}
