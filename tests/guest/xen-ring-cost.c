/*
 * test=ring-cost: ns per operation of the rings of xvda and NIC 0; no test
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "cpu.h"
#include "events.h"
#include "guest-xen.h"
#include "ring-cost.h"
#include "tap.h"
#include "xen-tests.h"

#define DEFAULT_COUNT   20000

static RingCost cost;

static void measure(const RingCostRow *row, unsigned count)
{
    uint64_t start = time_now();
    unsigned good = row->run(&cost, row->depth, count);
    uint64_t ns = time_now() - start;

    tap_say("%s depth %u: %u ns", row->what, row->depth,
            (uint32_t)div64(ns, count));
    tap_equal(count, good, "%s depth %u", row->what, row->depth);
}

void xen_test_ring_cost(const Args *args)
{
    unsigned count = args_value(args, ARG_REPEAT, DEFAULT_COUNT);

    if (!events_start()) {
        return;
    }
    if (!ring_cost_connect(&cost, guest_xen())) {
        tap_ok(false, "there are xvda and a NIC, and both connect");
        return;
    }
    for (unsigned i = 0; i < RING_COST_ROWS; i++) {
        measure(&ring_cost_rows[i], count);
    }
    tap_ok(blkfront_disconnect(&cost.disk) && netfront_disconnect(&cost.nic),
           "both close");
}
