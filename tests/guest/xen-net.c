/*
 * test=net: two PV NICs on one wire
 *
 * What one sends, the other must receive: packets of all sizes, rings around
 * and around, a packet that waits for a buffer, and one of several slots, which
 * is refused.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "events.h"
#include "evtchn.h"
#include "guest-xen.h"
#include "netfront.h"
#include "tap.h"
#include "xen-tests.h"

#define MIN_SIZE    60      /* what is shorter comes with padding */
#define MAX_SIZE    4094
#define STEP        17
#define ROUNDS      (3 * NETFRONT_SLOTS)

static XenStore store;
static GrantTable grants;
static Netfront nic[2];
static uint8_t *page;
static uint8_t got[XEN_GUEST_PAGE_SIZE];

static void fill(unsigned seed, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        page[i] = i < 6 ? 0xff : seed + i * 7 + i / 256;
    }
}

static bool send(unsigned from, unsigned size)
{
    return netfront_send(&nic[from], (uintptr_t)page, size, 0) ==
           NETIF_RSP_OKAY;
}

static bool receive(unsigned to, unsigned size)
{
    return netfront_receive(&nic[to], got, sizeof(got)) == (int)size &&
           !memcmp(got, page, size);
}

/* Returns how many of these packets arrived as they were */
static unsigned sweep(unsigned from, unsigned *sent)
{
    unsigned good = 0;

    *sent = 0;
    for (unsigned size = MIN_SIZE; size <= MAX_SIZE; size += STEP, ++*sent) {
        fill(size, size);
        netfront_post(&nic[!from], 1);
        good += send(from, size) && receive(!from, size);
    }
    return good;
}

static unsigned storm(void)
{
    unsigned good = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        fill(i, MIN_SIZE);
        netfront_post(&nic[1], 1);
        good += send(0, MIN_SIZE) && receive(1, MIN_SIZE);
    }
    return good;
}

static bool waits(void)
{
    fill(1, 100);
    if (!send(0, 100)) {
        return false;
    }
    netfront_post(&nic[1], 1);
    return receive(1, 100);
}

static void refused(void)
{
    netif_tx_request_t request = {
        .gref = gnttab_grant(&grants, (uintptr_t)page, true),
        .id = 1, .size = 200, .flags = NETTXF_more_data,
    };

    tap_equal((uint32_t)NETIF_RSP_ERROR,
              (uint32_t)netfront_do(&nic[0], &request),
              "the first slot of two is refused");
    request.size = 100;
    request.flags = 0;
    tap_equal((uint32_t)NETIF_RSP_ERROR,
              (uint32_t)netfront_do(&nic[0], &request), "and the second");
    tap_ok(gnttab_end(&grants, request.gref), "its page is free");
    tap_ok(waits(), "the next packet is the next that arrives");
}

void xen_test_net(const Args *args)
{
    XenGuest *g = guest_xen();
    unsigned ports, sent;

    if (!events_start()) {
        return;
    }
    if (!xenstore_init(&store, g) || !gnttab_init(&grants, g) ||
        !netfront_init(&nic[0], &store, &grants, 0) ||
        !netfront_init(&nic[1], &store, &grants, 1)) {
        tap_ok(false, "there is a xenstore and two NICs in it");
        return;
    }
    page = (uint8_t *)(uintptr_t)g->ops->alloc_pages(g, 1);
    ports = evtchn_open_ports(g);
    tap_ok(netfront_connect(&nic[0]) && netfront_connect(&nic[1]),
           "both connect");
    for (unsigned from = 0; from < 2; from++) {
        unsigned good = sweep(from, &sent);

        tap_equal(sent, good, "packets of all sizes from NIC %u", from);
    }
    tap_equal(ROUNDS, storm(), "the rings around and around");
    tap_ok(waits() && waits() && waits(), "a packet waits for its buffer");
    refused();
    tap_ok(netfront_disconnect(&nic[0]) && netfront_disconnect(&nic[1]),
           "both close, with all their pages back");
    tap_equal(0, gnttab_granted(&grants), "no grant is left");
    tap_equal(ports, evtchn_open_ports(g), "no event channel is left");
}
