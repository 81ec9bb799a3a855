/*
 * What operations of the PV rings cost: for benchmarks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "ring-cost.h"

#define XVDA    51712
#define DEPTH   32

/* Read the first page of the disk */
static unsigned read_disk(RingCost *c, unsigned depth, unsigned count)
{
    Blkfront *f = &c->disk;
    BlkRequest request = {
        .operation = BLKIF_OP_READ,
        .nr_segments = 1,
        .segments[0] = {
            .ref = gnttab_grant(f->grants, c->page, false),
            .last = XEN_GUEST_PAGE_SIZE / BLKFRONT_SECTOR - 1,
        },
    };
    BlkResponse response;
    unsigned put = 0, good = 0;

    for (unsigned taken = 0; taken < count; taken++) {
        for (; put < count && put < taken + depth; put++) {
            blkfront_put(f, &request);
        }
        blkfront_push(f);
        if (!blkfront_wait(f, &response)) {
            break;
        }
        good += response.status == BLKIF_RSP_OKAY;
    }
    gnttab_end(f->grants, request.segments[0].ref);
    return good;
}

/* Send the first bytes of the page */
static unsigned send_packets(RingCost *c, unsigned depth, unsigned count)
{
    Netfront *f = &c->nic;
    netif_tx_request_t request = {
        .gref = gnttab_grant(f->grants, c->page, true),
        .size = RING_COST_PACKET,
    };
    netif_tx_response_t response;
    unsigned put = 0, good = 0;

    for (unsigned taken = 0; taken < count; taken++) {
        for (; put < count && put < taken + depth; put++) {
            netfront_put_tx(f, &request);
        }
        netfront_push(f, &f->tx);
        if (!netfront_wait_tx(f, &response)) {
            break;
        }
        good += response.status == NETIF_RSP_OKAY;
    }
    gnttab_end(f->grants, request.gref);
    return good;
}

const RingCostRow ring_cost_rows[RING_COST_ROWS] = {
    { "read", read_disk, 1 },
    { "read", read_disk, DEPTH },
    { "send", send_packets, 1 },
    { "send", send_packets, DEPTH },
};

bool ring_cost_connect(RingCost *c, XenGuest *g)
{
    if (!xenstore_init(&c->store, g) || !gnttab_init(&c->grants, g) ||
        !blkfront_init(&c->disk, &c->store, &c->grants, XVDA) ||
        !netfront_init(&c->nic, &c->store, &c->grants, 0) ||
        !blkfront_connect(&c->disk, BLKFRONT_64, 0) ||
        !netfront_connect(&c->nic)) {
        return false;
    }
    c->page = g->ops->alloc_pages(g, 1);
    return true;
}
