/*
 * xen-block: frontends that misbehave on the ring
 *
 * Each case ends in an error response or a closed device.  Afterwards the
 * monitor answers, another disk works, and so does this one once it has been
 * closed, which gives back all grants and event channels.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-block-common.h"

#define SECTORS     2048

/* Frames that are no RAM: a hole, MMIO, the local APIC, beyond all */
static const uint64_t no_ram[] = {
    0xf0000000, 0xfee00000, 1ull << 40, 0xfffffffull << 12,
};
#define BIOS_ROM    0xffff0000

static BlkRequest request(BlockMachine *m, uint8_t operation)
{
    return (BlkRequest) {
        .operation = operation,
        .nr_segments = 1,
        .id = 0x1122334455667788,
        .segments[0] = { .ref = gnttab_grant(&m->grants, m->data, false),
                         .last = 7 },
    };
}

static void end_request(BlockMachine *m, BlkRequest *r)
{
    g_assert_true(gnttab_end(&m->grants, r->segments[0].ref));
}

static const uint8_t transfers[] = {
    BLKIF_OP_READ, BLKIF_OP_WRITE, BLKIF_OP_FLUSH_DISKCACHE,
};

static void bad_refs(BlockMachine *m)
{
    static const uint32_t refs[] = {
        0, 7, GNTTAB_REFS - 1, GNTTAB_REFS, 32767, 32768, UINT32_MAX,
    };

    for (size_t i = 0; i < ARRAY_SIZE(transfers); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(refs); j++) {
            BlkRequest r = request(m, transfers[i]);

            r.nr_segments = 2;
            r.segments[1] = (BlkSegment) { .ref = refs[j] };
            block_expect_status(&m->xvda, &r, BLKIF_RSP_ERROR);
            end_request(m, &r);
        }
    }
}

/* What the flags of a grant forbid */
static void bad_grants(BlockMachine *m)
{
    static const uint32_t flags[] = {
        0, GTF_accept_transfer, GTF_permit_access | GTF_sub_page,
        GTF_permit_access | 5 << 16,
    };
    BlkRequest r = request(m, BLKIF_OP_READ);
    uint32_t ref = r.segments[0].ref;
    uint64_t entry = m->grants.table + ref * 8;

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        qtest_writel(m->qts, entry, flags[i]);
        r.operation = BLKIF_OP_READ;
        block_expect_status(&m->xvda, &r, BLKIF_RSP_ERROR);
        r.operation = BLKIF_OP_WRITE;
        block_expect_status(&m->xvda, &r, BLKIF_RSP_ERROR);
    }
    /* A read-only page can be written to the disk, not the other way round */
    gnttab_set(&m->grants, ref, m->data, GTF_permit_access | GTF_readonly);
    block_expect_status(&m->xvda, &r, BLKIF_RSP_OKAY);
    r.operation = BLKIF_OP_READ;
    qtest_memset(m->qts, m->data, 0x77, 4096);
    block_expect_status(&m->xvda, &r, BLKIF_RSP_ERROR);
    g_assert_cmphex(qtest_readq(m->qts, m->data), ==, 0x7777777777777777);
    end_request(m, &r);
}

static void no_ram_grants(BlockMachine *m)
{
    uint64_t rom = qtest_readq(m->qts, BIOS_ROM);
    BlkRequest r = request(m, BLKIF_OP_READ);

    for (size_t i = 0; i < ARRAY_SIZE(no_ram); i++) {
        gnttab_set(&m->grants, r.segments[0].ref, no_ram[i],
                   GTF_permit_access);
        r.operation = BLKIF_OP_READ;
        block_expect_status(&m->xvda, &r, BLKIF_RSP_ERROR);
        r.operation = BLKIF_OP_WRITE;
        block_expect_status(&m->xvda, &r, BLKIF_RSP_ERROR);
    }
    gnttab_set(&m->grants, r.segments[0].ref, BIOS_ROM, GTF_permit_access);
    r.operation = BLKIF_OP_READ;
    block_expect_status(&m->xvda, &r, BLKIF_RSP_ERROR);
    g_assert_cmphex(qtest_readq(m->qts, BIOS_ROM), ==, rom);
    end_request(m, &r);
}

static void segments(BlockMachine *m)
{
    static const struct {
        uint8_t nr, first, last;
    } rows[] = {
        { 12, 0, 7 }, { 13, 0, 7 }, { 128, 0, 7 }, { 255, 0, 7 },
        { 1, 1, 0 }, { 1, 7, 0 }, { 1, 0, 8 }, { 1, 8, 8 }, { 1, 0, 255 },
        { 1, 255, 255 }, { 1, 255, 0 }, { 11, 8, 8 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(transfers); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(rows); j++) {
            BlkRequest r = request(m, transfers[i]);

            r.nr_segments = rows[j].nr;
            r.segments[0].first = rows[j].first;
            r.segments[0].last = rows[j].last;
            block_expect_status(&m->xvda, &r, BLKIF_RSP_ERROR);
            end_request(m, &r);
        }
    }
}

/* Behind the end, and where the byte offset has more than 63 or 64 bits */
static const uint64_t bad_sectors[] = {
    SECTORS - 7, SECTORS, SECTORS + 1, 1ull << 32, 1ull << 53, 1ull << 54,
    (1ull << 54) - 1, 1ull << 55, (1ull << 55) - 1, 1ull << 56, 3ull << 55,
    1ull << 62, 1ull << 63, UINT64_MAX, UINT64_MAX - 7,
};

static void sectors(BlockMachine *m)
{
    for (size_t i = 0; i < ARRAY_SIZE(transfers); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(bad_sectors); j++) {
            BlkRequest r = request(m, transfers[i]);

            r.sector = bad_sectors[j];
            block_expect_status(&m->xvda, &r, BLKIF_RSP_ERROR);
            end_request(m, &r);
        }
    }
}

static void discards(BlockMachine *m)
{
    static const uint64_t counts[] = {
        SECTORS + 1, 1ull << 43, 1ull << 53, (1ull << 54) - 1, 1ull << 54,
        1ull << 55, 1ull << 63, UINT64_MAX,
    };

    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        g_assert_cmpint(blkfront_discard(&m->xvda, 0, counts[i]), ==,
                        BLKIF_RSP_ERROR);
        g_assert_cmpint(blkfront_discard(&m->xvda, 1, counts[i]), ==,
                        BLKIF_RSP_ERROR);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad_sectors); i++) {
        g_assert_cmpint(blkfront_discard(&m->xvda, bad_sectors[i], 8), ==,
                        BLKIF_RSP_ERROR);
    }
}

/* Barriers, secure erase or whatever is not offered */
static void operations(BlockMachine *m)
{
    for (unsigned operation = 0; operation < 256; operation++) {
        BlkRequest r = request(m, operation);

        if (operation != BLKIF_OP_READ && operation != BLKIF_OP_WRITE &&
            operation != BLKIF_OP_FLUSH_DISKCACHE &&
            operation != BLKIF_OP_DISCARD) {
            int status = blkfront_do(&m->xvda, &r);

            g_assert_true(status == BLKIF_RSP_ERROR ||
                          status == BLKIF_RSP_EOPNOTSUPP);
        }
        end_request(m, &r);
    }
}

/* The ring itself as the place for data: it is the guest that suffers */
static void ring_as_data(BlockMachine *m)
{
    BlkRequest r = request(m, BLKIF_OP_WRITE);
    uint32_t ref = r.segments[0].ref;

    r.sector = 8;
    r.segments[0].ref = m->xvda.refs[0];
    block_expect_status(&m->xvda, &r, BLKIF_RSP_OKAY);
    r.operation = BLKIF_OP_READ;
    blkfront_put(&m->xvda, &r);
    blkfront_push(&m->xvda);
    g_usleep(100 * 1000);
    r.segments[0].ref = ref;
    end_request(m, &r);
}

/* A producer index that no ring can have */
static void bad_producer(BlockMachine *m, uint32_t ahead)
{
    Blkfront *f = &m->xvda;

    qtest_writel(m->qts, f->ring + BLKFRONT_REQ_PROD, f->req_prod + ahead);
    evtchn_send(m->g, f->port);
    block_expect_alive(m);
    g_assert_true(xenbus_wait(&f->bus, XenbusStateClosing));
    g_assert_cmpuint(qtest_readl(m->qts, f->ring + BLKFRONT_RSP_PROD), ==, 0);
}

static void producer_one_ahead(BlockMachine *m)
{
    bad_producer(m, m->xvda.slots + 1);
}

static void producer_far_ahead(BlockMachine *m)
{
    bad_producer(m, 1u << 30);
}

static void producer_behind(BlockMachine *m)
{
    bad_producer(m, -1);
}

/* The backend counts its responses by itself */
static void response_index(BlockMachine *m)
{
    static const uint32_t values[] = { 31, 32, 33, 1u << 31, UINT32_MAX };
    Blkfront *f = &m->xvda;

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        BlkRequest r = request(m, BLKIF_OP_READ);
        BlkResponse response;

        qtest_writel(m->qts, f->ring + BLKFRONT_RSP_PROD, values[i]);
        blkfront_put(f, &r);
        blkfront_push(f);
        for (unsigned tries = 0; tries < 5000 && qtest_readl(m->qts, f->ring +
             BLKFRONT_RSP_PROD) != f->rsp_cons + 1; tries++) {
            g_usleep(1000);
        }
        g_assert_true(blkfront_take(f, &response));
        g_assert_cmphex(response.id, ==, r.id);
        g_assert_cmpint(response.status, ==, BLKIF_RSP_OKAY);
        end_request(m, &r);
    }
}

/* Requests that change while another thread reads them */
static void double_fetch(BlockMachine *m)
{
    Blkfront *f = &m->xvda;
    unsigned answered = 0;

    for (unsigned i = 0; i < 100; i++) {
        BlkRequest r = request(m, i & 1 ? BLKIF_OP_WRITE : BLKIF_OP_READ);
        uint64_t slot = blkfront_slot(f, f->req_prod);
        BlkResponse response;

        r.nr_segments = BLKFRONT_SEGMENTS;
        for (unsigned j = 1; j < BLKFRONT_SEGMENTS; j++) {
            r.segments[j] = r.segments[0];
        }
        blkfront_put(f, &r);
        blkfront_push(f);
        for (unsigned j = 0; j < 10; j++) {
            qtest_writeb(m->qts, slot + 1, j & 1 ? 11 : 255);
            qtest_writew(m->qts, slot + f->layout->segments + 4,
                         j & 1 ? 0x0700 : 0xff00);
        }
        g_assert_true(blkfront_wait(f, &response));
        answered++;
        end_request(m, &r);
    }
    g_assert_cmpuint(answered, ==, 100);
}

/* More than one line of stderr for each of these fills the host's disk */
static void storm(BlockMachine *m)
{
    Blkfront *f = &m->xvda;
    BlkRequest r = request(m, BLKIF_OP_READ);
    BlkResponse response;

    r.sector = SECTORS;
    for (unsigned round = 0; round < 20; round++) {
        while (!blkfront_full(f)) {
            blkfront_put(f, &r);
        }
        blkfront_push(f);
        for (unsigned i = 0; i < f->slots; i++) {
            g_assert_true(blkfront_wait(f, &response));
            g_assert_cmpint(response.status, ==, BLKIF_RSP_ERROR);
        }
        block_expect_alive(m);
    }
    end_request(m, &r);
}

typedef struct Case {
    const char *name;
    void (*misbehave)(BlockMachine *m);
} Case;

static const Case cases[] = {
    { "bad-refs", bad_refs },
    { "bad-grants", bad_grants },
    { "no-ram-grants", no_ram_grants },
    { "segments", segments },
    { "sectors", sectors },
    { "discards", discards },
    { "operations", operations },
    { "ring-as-data", ring_as_data },
    { "producer-one-ahead", producer_one_ahead },
    { "producer-far-ahead", producer_far_ahead },
    { "producer-behind", producer_behind },
    { "response-index", response_index },
    { "double-fetch", double_fetch },
    { "storm", storm },
};

static void expect_working(BlockMachine *m, Blkfront *f)
{
    qtest_memset(m->qts, m->data, 0xff, 512);
    g_assert_cmpint(blkfront_transfer(f, BLKIF_OP_READ, 0, 1, m->data), ==,
                    BLKIF_RSP_OKAY);
    g_assert_cmphex(qtest_readq(m->qts, m->data), ==, 0);
}

/* Nothing that a request out of bounds says may reach the disk */
static void expect_untouched(const char *path)
{
    g_autofree char *bytes = NULL;
    size_t size;

    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    for (size_t i = 0; i < 8 * 512; i++) {
        g_assert_cmphex((uint8_t)bytes[i], ==, 0);
    }
}

static void play(const Case *c, BlkfrontAbi abi, const char *iothread)
{
    g_autofree char *path = block_file("hostile.img", SECTORS * 512);
    BlockMachine *m = block_start(
        "-object iothread,id=thread -blockdev raw,node-name=disk,"
        "discard=unmap,file.driver=file,file.filename=%s "
        "-device xen-disk,id=xvda,drive=disk,vdev=xvda%s "
        BLOCK_NULL("xvdb", "size=1048576"), path, iothread);

    g_assert_true(blkfront_connect(&m->xvdb, BLKFRONT_64, 0));
    block_begin_count(m);
    g_assert_true(blkfront_connect(&m->xvda, abi, 0));
    c->misbehave(m);
    block_expect_alive(m);
    expect_working(m, &m->xvdb);
    g_assert_true(blkfront_disconnect(&m->xvda));
    block_expect_count(m);
    g_assert_true(blkfront_connect(&m->xvda, abi, 0));
    expect_working(m, &m->xvda);
    expect_untouched(path);
    block_end(m);
}

static void test_case(const void *opaque)
{
    play(opaque, BLKFRONT_64, "");
}

static void test_case_32(const void *opaque)
{
    play(opaque, BLKFRONT_32, "");
}

static void test_case_iothread(const void *opaque)
{
    play(opaque, BLKFRONT_NATIVE, ",iothread=thread");
}

/* A discard of a medium that is read-only for the frontend */
static void test_read_only_discard(void)
{
    g_autofree char *path = block_file("read-only.img", SECTORS * 512);
    BlockMachine *m = block_start(
        "-blockdev raw,node-name=disk,discard=unmap,file.driver=file,"
        "file.filename=%s -device xen-cdrom,id=xvda,drive=disk,vdev=xvda "
        BLOCK_NULL("xvdb", "size=1048576"), path);

    g_assert_true(blkfront_connect(&m->xvda, BLKFRONT_64, 0));
    g_assert_cmpint(blkfront_discard(&m->xvda, 0, 8), ==, BLKIF_RSP_ERROR);
    block_pattern(m, 1, 512);
    g_assert_cmpint(blkfront_transfer(&m->xvda, BLKIF_OP_WRITE, 0, 1, m->data),
                    ==, BLKIF_RSP_ERROR);
    block_expect_alive(m);
    expect_working(m, &m->xvda);
    expect_untouched(path);
    g_assert_true(blkfront_disconnect(&m->xvda));
    block_end(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        static const struct {
            const char *name;
            GTestDataFunc run;
        } ways[] = {
            { "64", test_case }, { "32", test_case_32 },
            { "iothread", test_case_iothread },
        };

        for (size_t j = 0; j < ARRAY_SIZE(ways); j++) {
            g_autofree char *path = g_strdup_printf(
                "xen-block/hostile/%s/%s", cases[i].name, ways[j].name);

            qtest_add_data_func(path, &cases[i], ways[j].run);
        }
    }
    qtest_add_func("xen-block/hostile/read-only-discard",
                   test_read_only_discard);
    return g_test_run();
}
