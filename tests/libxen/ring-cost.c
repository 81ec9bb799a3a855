/*
 * What operations of the PV rings cost: for benchmarks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "ring-cost.h"

unsigned ring_cost_read(Blkfront *f, uint64_t addr, unsigned depth,
                        unsigned count)
{
    BlkRequest request = {
        .operation = BLKIF_OP_READ,
        .nr_segments = 1,
        .segments[0] = {
            .ref = gnttab_grant(f->grants, addr, false),
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

unsigned ring_cost_send(Netfront *f, uint64_t addr, unsigned depth,
                        unsigned count)
{
    netif_tx_request_t request = {
        .gref = gnttab_grant(f->grants, addr, true),
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
