/*
 * A block frontend: its ring
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "blkfront.h"
#include "evtchn.h"

#define OPERATION       0
#define NR_SEGMENTS     1
#define SEGMENT_SIZE    8
#define MAX_SLOT        112

/* Of a response, behind its ID */
#define RSP_OPERATION   8
#define RSP_PADDING     9
#define RSP_STATUS      10
#define RSP_END         12
#define MAX_RESPONSE    16

const BlkfrontLayout blkfront_layouts[BLKFRONT_ABIS] = {
    [BLKFRONT_DEFAULT] = { NULL,           108, 4, 12, 20, 12 },
    [BLKFRONT_32]      = { "x86_32-abi",   108, 4, 12, 20, 12 },
    [BLKFRONT_64]      = { "x86_64-abi",   112, 8, 16, 24, 16 },
    [BLKFRONT_NATIVE]  = { "whatever-abi", 112, 8, 16, 24, 16 },
};

uint64_t blkfront_slot(Blkfront *f, uint32_t index)
{
    return f->ring + BLKFRONT_SLOTS + index % f->slots * f->layout->size;
}

bool blkfront_full(Blkfront *f)
{
    return f->req_prod - f->rsp_cons == f->slots;
}

void blkfront_put(Blkfront *f, const BlkRequest *request)
{
    const BlkfrontLayout *layout = f->layout;
    unsigned n = request->nr_segments;
    uint8_t slot[MAX_SLOT] = {
        [OPERATION] = request->operation,
        [NR_SEGMENTS] = request->nr_segments,
    };

    memcpy(slot + layout->id, &request->id, sizeof(request->id));
    memcpy(slot + layout->sector, &request->sector, sizeof(request->sector));
    if (request->operation == BLKIF_OP_DISCARD) {
        memcpy(slot + layout->segments, &request->nr_sectors,
               sizeof(request->nr_sectors));
        n = 0;
    }
    for (unsigned i = 0; i < n && i < BLKFRONT_SEGMENTS; i++) {
        const BlkSegment *segment = &request->segments[i];
        uint8_t *to = slot + layout->segments + i * SEGMENT_SIZE;

        memcpy(to, &segment->ref, sizeof(segment->ref));
        to[4] = segment->first;
        to[5] = segment->last;
    }
    f->bus.g->ops->write(f->bus.g, blkfront_slot(f, f->req_prod), slot,
                         layout->size);
    f->req_prod++;
}

void blkfront_push(Blkfront *f)
{
    XenGuest *g = f->bus.g;
    uint32_t before = f->pushed;
    uint32_t event;

    f->pushed = f->req_prod;
    g->ops->write32(g, f->ring + BLKFRONT_REQ_PROD, f->pushed);
    event = g->ops->read32(g, f->ring + BLKFRONT_REQ_EVENT);
    if (f->pushed - event < f->pushed - before) {
        evtchn_send(g, f->port);
    }
}

bool blkfront_take(Blkfront *f, BlkResponse *response)
{
    XenGuest *g = f->bus.g;
    uint8_t slot[MAX_RESPONSE];

    if (g->ops->read32(g, f->ring + BLKFRONT_RSP_PROD) == f->rsp_cons) {
        return false;
    }
    g->ops->read(g, blkfront_slot(f, f->rsp_cons), slot,
                 f->layout->response_size);
    memcpy(&response->id, slot, sizeof(response->id));
    response->operation = slot[RSP_OPERATION];
    memcpy(&response->status, slot + RSP_STATUS, sizeof(response->status));
    response->padding = slot[RSP_PADDING];
    for (unsigned i = RSP_END; i < f->layout->response_size; i++) {
        response->padding |= slot[i];
    }
    f->rsp_cons++;
    g->ops->write32(g, f->ring + BLKFRONT_RSP_EVENT, f->rsp_cons + 1);
    return true;
}

static bool has_response(void *opaque)
{
    Blkfront *f = opaque;
    XenGuest *g = f->bus.g;

    return g->ops->read32(g, f->ring + BLKFRONT_RSP_PROD) != f->rsp_cons;
}

bool blkfront_wait(Blkfront *f, BlkResponse *response)
{
    return xen_guest_wait(f->bus.g, has_response, f) &&
           blkfront_take(f, response);
}

bool blkfront_has_blkback(Blkfront *f)
{
    static const char vbd[] = "/local/domain/0/backend/vbd/";

    return !strncmp(f->bus.backend, vbd, sizeof(vbd) - 1);
}

int blkfront_do(Blkfront *f, const BlkRequest *request)
{
    XenGuest *g = f->bus.g;
    BlkResponse response;

    blkfront_put(f, request);
    blkfront_push(f);
    if (!blkfront_wait(f, &response)) {
        g->ops->say(g, "%s: no response to operation %u", f->bus.frontend,
                    request->operation);
        return BLKFRONT_LOST;
    }
    /* It writes only the members, so that the request shines through */
    response.padding &= !blkfront_has_blkback(f);
    if (response.id != request->id ||
        response.operation != request->operation || response.padding) {
        g->ops->say(g, "%s: the response to operation %u is to %u%s",
                    f->bus.frontend, request->operation, response.operation,
                    response.padding ? " and has padding" : "");
        return BLKFRONT_LOST;
    }
    return response.status;
}

int blkfront_transfer(Blkfront *f, uint8_t operation, uint64_t sector,
                      unsigned nr, uint64_t addr)
{
    const unsigned per_page = XEN_GUEST_PAGE_SIZE / BLKFRONT_SECTOR;
    BlkRequest request = {
        .operation = operation,
        .id = sector ^ 0x0123456789abcdefull,
        .sector = sector,
    };
    int status = BLKFRONT_LOST;

    while (nr && request.nr_segments < BLKFRONT_SEGMENTS) {
        BlkSegment *segment = &request.segments[request.nr_segments++];
        unsigned first = addr / BLKFRONT_SECTOR % per_page;
        unsigned now = per_page - first < nr ? per_page - first : nr;

        segment->ref = gnttab_grant(f->grants, addr,
                                    operation != BLKIF_OP_READ);
        segment->first = first;
        segment->last = first + now - 1;
        nr -= now;
        addr += now * BLKFRONT_SECTOR;
    }
    if (!nr) {
        status = blkfront_do(f, &request);
    }
    for (unsigned i = 0; i < request.nr_segments; i++) {
        if (!gnttab_end(f->grants, request.segments[i].ref)) {
            f->bus.g->ops->say(f->bus.g, "a data page is still mapped");
            status = BLKFRONT_LOST;
        }
    }
    return status;
}

int blkfront_flush(Blkfront *f)
{
    BlkRequest request = { .operation = BLKIF_OP_FLUSH_DISKCACHE, .id = ~0ull };

    return blkfront_do(f, &request);
}

int blkfront_discard(Blkfront *f, uint64_t sector, uint64_t nr)
{
    BlkRequest request = {
        .operation = BLKIF_OP_DISCARD,
        .id = sector,
        .sector = sector,
        .nr_sectors = nr,
    };

    return blkfront_do(f, &request);
}
