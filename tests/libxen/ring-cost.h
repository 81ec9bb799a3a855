/*
 * What operations of the PV rings cost: for benchmarks
 *
 * run() does @count operations, up to @depth of them under way, and returns
 * how many went well.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_LIBXEN_RING_COST_H
#define TESTS_LIBXEN_RING_COST_H

#include "blkfront.h"
#include "netfront.h"

/* The frontends of xvda and of NIC 0, and a page to read into and send from */
typedef struct RingCost {
    XenStore store;
    GrantTable grants;
    Blkfront disk;
    Netfront nic;
    uint64_t page;
} RingCost;

typedef struct RingCostRow {
    const char *what;
    unsigned (*run)(RingCost *c, unsigned depth, unsigned count);
    unsigned depth;
} RingCostRow;

#define RING_COST_ROWS      4
#define RING_COST_PACKET    60      /* bytes sent */

extern const RingCostRow ring_cost_rows[RING_COST_ROWS];

/* ring_cost_connect: false if there is no xvda or NIC, or not both connect */
bool ring_cost_connect(RingCost *c, XenGuest *g);

#endif
