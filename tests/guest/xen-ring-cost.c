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

#define XVDA            51712
#define DEFAULT_COUNT   20000
#define DEPTH           32

static XenStore store;
static GrantTable grants;
static Blkfront disk;
static Netfront nic;
static uint64_t page;

static unsigned read_disk(unsigned depth, unsigned count)
{
    return ring_cost_read(&disk, page, depth, count);
}

static unsigned send(unsigned depth, unsigned count)
{
    return ring_cost_send(&nic, page, depth, count);
}

static void measure(const char *what, unsigned (*run)(unsigned, unsigned),
                    unsigned depth, unsigned count)
{
    uint64_t start = time_now();
    unsigned good = run(depth, count);
    uint64_t ns = time_now() - start;

    tap_say("%s depth %u: %u ns", what, depth, (uint32_t)div64(ns, count));
    tap_equal(count, good, "%s depth %u", what, depth);
}

void xen_test_ring_cost(const Args *args)
{
    unsigned count = args_value(args, ARG_REPEAT, DEFAULT_COUNT);
    XenGuest *g = guest_xen();

    if (!events_start()) {
        return;
    }
    if (!xenstore_init(&store, g) || !gnttab_init(&grants, g) ||
        !blkfront_init(&disk, &store, &grants, XVDA) ||
        !netfront_init(&nic, &store, &grants, 0) ||
        !blkfront_connect(&disk, BLKFRONT_64, 0) || !netfront_connect(&nic)) {
        tap_ok(false, "there are xvda and a NIC, and both connect");
        return;
    }
    page = g->ops->alloc_pages(g, 1);
    measure("read", read_disk, 1, count);
    measure("read", read_disk, DEPTH, count);
    measure("send", send, 1, count);
    measure("send", send, DEPTH, count);
    tap_ok(blkfront_disconnect(&disk) && netfront_disconnect(&nic),
           "both close");
}
