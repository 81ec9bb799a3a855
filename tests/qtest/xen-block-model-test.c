/*
 * xen-block: random requests, many at a time, against a copy of the disk
 *
 * The seed is fixed, so that a failure comes again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-block-common.h"

#define SECTORS     4096
#define SECTOR      512
#define PER_PAGE    8
#define ROUNDS      60
#define BATCH       8

/* A request under way; each has sectors to itself, and pages */
typedef struct Flight {
    BlkRequest request;
    uint64_t addr;
    unsigned nr;            /* sectors */
    uint8_t *bytes;         /* that a read must give */
} Flight;

typedef struct Model {
    BlockMachine *m;
    GRand *rand;
    uint8_t *shadow;
    uint64_t pool;          /* pages for BATCH requests */
    Flight flights[BATCH];
    unsigned requests;
} Model;

static unsigned below(Model *model, unsigned n)
{
    return g_rand_int_range(model->rand, 0, n);
}

/* Segments of their own sizes, each in a page of its own */
static void make_segments(Model *model, Flight *flight)
{
    BlkRequest *r = &flight->request;

    r->nr_segments = 1 + below(model, BLKFRONT_SEGMENTS);
    flight->nr = 0;
    for (unsigned i = 0; i < r->nr_segments; i++) {
        BlkSegment *segment = &r->segments[i];

        segment->first = below(model, PER_PAGE);
        segment->last = segment->first + below(model, PER_PAGE -
                                               segment->first);
        segment->ref = gnttab_grant(&model->m->grants,
                                    flight->addr + i * XEN_GUEST_PAGE_SIZE,
                                    r->operation != BLKIF_OP_READ);
        flight->nr += segment->last - segment->first + 1;
    }
}

/* Copy between the pages and @bytes, as the request's segments say */
static void copy(Model *model, Flight *flight, uint8_t *bytes, bool to_guest)
{
    for (unsigned i = 0; i < flight->request.nr_segments; i++) {
        const BlkSegment *segment = &flight->request.segments[i];
        size_t size = (segment->last - segment->first + 1) * SECTOR;
        uint64_t addr = flight->addr + i * XEN_GUEST_PAGE_SIZE +
                        segment->first * SECTOR;

        if (to_guest) {
            qtest_memwrite(model->m->qts, addr, bytes, size);
        } else {
            qtest_memread(model->m->qts, addr, bytes, size);
        }
        bytes += size;
    }
}

static void start_request(Model *model, unsigned place)
{
    static const uint8_t operations[] = {
        BLKIF_OP_READ, BLKIF_OP_WRITE, BLKIF_OP_WRITE, BLKIF_OP_DISCARD,
        BLKIF_OP_FLUSH_DISKCACHE,
    };
    const unsigned share = SECTORS / BATCH;
    Flight *flight = &model->flights[place];
    BlkRequest *r = &flight->request;
    uint8_t *shadow;

    memset(r, 0, sizeof(*r));
    r->operation = operations[below(model, ARRAY_SIZE(operations))];
    r->id = place;
    r->sector = place * share + below(model, share -
                                      BLKFRONT_SEGMENTS * PER_PAGE);
    shadow = model->shadow + r->sector * SECTOR;
    switch (r->operation) {
    case BLKIF_OP_DISCARD:
        r->nr_sectors = PER_PAGE * (1 + below(model, 10));
        r->sector = QEMU_ALIGN_DOWN(r->sector, PER_PAGE);
        memset(model->shadow + r->sector * SECTOR, 0, r->nr_sectors * SECTOR);
        break;
    case BLKIF_OP_FLUSH_DISKCACHE:
        break;
    case BLKIF_OP_READ:
        make_segments(model, flight);
        flight->bytes = g_memdup2(shadow, flight->nr * SECTOR);
        break;
    case BLKIF_OP_WRITE:
        make_segments(model, flight);
        for (unsigned i = 0; i < flight->nr * SECTOR; i += 4) {
            uint32_t word = g_rand_int(model->rand);

            memcpy(shadow + i, &word, sizeof(word));
        }
        copy(model, flight, shadow, true);
        break;
    }
    blkfront_put(&model->m->xvda, r);
    model->requests++;
}

static void end_request(Model *model)
{
    BlkResponse response;
    Flight *flight;

    g_assert_true(blkfront_wait(&model->m->xvda, &response));
    g_assert_cmpuint(response.id, <, BATCH);
    flight = &model->flights[response.id];
    g_assert_cmpint(response.status, ==, BLKIF_RSP_OKAY);
    g_assert_cmpint(response.operation, ==, flight->request.operation);
    g_assert_false(response.padding);
    if (flight->request.operation == BLKIF_OP_READ) {
        g_autofree uint8_t *got = g_malloc(flight->nr * SECTOR);

        copy(model, flight, got, false);
        g_assert_cmpmem(got, flight->nr * SECTOR,
                        flight->bytes, flight->nr * SECTOR);
        g_clear_pointer(&flight->bytes, g_free);
    }
    for (unsigned i = 0; i < flight->request.nr_segments; i++) {
        g_assert_true(gnttab_end(&model->m->grants,
                                 flight->request.segments[i].ref));
    }
}

typedef struct Variant {
    const char *name;
    BlkfrontAbi abi;
    const char *iothread;
} Variant;

static const Variant variants[] = {
    { "64", BLKFRONT_64, "" },
    { "32", BLKFRONT_32, "" },
    { "iothread", BLKFRONT_64, ",iothread=thread" },
};

static void test_model(const void *opaque)
{
    const Variant *v = opaque;
    g_autofree char *path = block_file("model.img", SECTORS * SECTOR);
    g_autofree char *image = NULL;
    Model model = {
        .m = block_start("-object iothread,id=thread -blockdev raw,"
                         "node-name=disk,discard=unmap,file.driver=file,"
                         "file.filename=%s,file.discard=unmap "
                         "-device xen-disk,drive=disk,vdev=xvda%s",
                         path, v->iothread),
        .rand = g_rand_new_with_seed(20260101),
        .shadow = g_malloc0(SECTORS * SECTOR),
    };
    BlockMachine *m = model.m;
    size_t size;

    block_begin_count(m);
    model.pool = m->g->ops->alloc_pages(m->g, BATCH * BLKFRONT_SEGMENTS);
    for (unsigned i = 0; i < BATCH; i++) {
        model.flights[i].addr = model.pool + i * BLKFRONT_SEGMENTS *
                                XEN_GUEST_PAGE_SIZE;
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (round % 20 == 0) {
            g_assert_true(!round || blkfront_disconnect(&m->xvda));
            g_assert_true(blkfront_connect(&m->xvda, v->abi, 0));
        }
        for (unsigned i = 0; i < BATCH; i++) {
            start_request(&model, i);
        }
        blkfront_push(&m->xvda);
        for (unsigned i = 0; i < BATCH; i++) {
            end_request(&model);
        }
    }
    g_test_message("%u requests", model.requests);
    g_assert_true(blkfront_disconnect(&m->xvda));
    block_expect_count(m);
    block_end(m);
    g_assert_true(g_file_get_contents(path, &image, &size, NULL));
    g_assert_cmpmem(image, size, model.shadow, SECTORS * SECTOR);
    g_free(model.shadow);
    g_rand_free(model.rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
        g_autofree char *path = g_strdup_printf("xen-block/model/%s",
                                                variants[i].name);

        qtest_add_data_func(path, &variants[i], test_model);
    }
    return g_test_run();
}
