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
#define HEADER      14
#define SOURCE      6
#define ADDRESS     6
#define STEP        17
#define TRIES       100
#define ROUNDS      (3 * NETFRONT_SLOTS)

static XenStore store;
static GrantTable grants;
static Netfront nic[2];
static unsigned max_size = MAX_SIZE;
static uint8_t *page;
static uint8_t got[XEN_GUEST_PAGE_SIZE];

/* A broadcast, from an address that a bridge takes for one */
static void fill(unsigned seed, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        page[i] = i < SOURCE ? 0xff : i == SOURCE ? 0x02 :
                  seed + i * 7 + i / 256;
    }
}

static bool send(unsigned from, unsigned size)
{
    return netfront_send(&nic[from], (uintptr_t)page, size, 0) ==
           NETIF_RSP_OKAY;
}

/* Others may be on the wire, too: what they send is passed over */
static bool receive(unsigned to, unsigned size)
{
    for (unsigned i = 0; i < TRIES; i++) {
        int there = netfront_receive(&nic[to], got, sizeof(got));

        if (there < HEADER || !memcmp(got + SOURCE, page + SOURCE, ADDRESS)) {
            return there == (int)size && !memcmp(got, page, size);
        }
        netfront_post(&nic[to], 1);
    }
    return false;
}

/* A bridge takes a while to notice that somebody is there */
static bool wire_is_up(void)
{
    fill(0, MIN_SIZE);
    netfront_post(&nic[1], 1);
    for (unsigned i = 0; i < TRIES; i++) {
        if (send(0, MIN_SIZE) && receive(1, MIN_SIZE)) {
            return true;
        }
    }
    return false;
}

/* Returns how many of these packets arrived as they were */
static unsigned sweep(unsigned from, unsigned *sent)
{
    unsigned good = 0;

    *sent = 0;
    for (unsigned size = MIN_SIZE; size <= max_size; size += STEP, ++*sent) {
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
    uint64_t mtu;

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
    tap_ok(wire_is_up(), "a first packet arrives");
    /* The host's limit, if there is one, as Xen's own drivers learn it */
    if (xenstore_read_number(&store, 0, nic[0].bus.frontend, "mtu", &mtu)) {
        max_size = mtu < MAX_SIZE - HEADER ? HEADER + mtu : MAX_SIZE;
    }
    for (unsigned from = 0; from < 2; from++) {
        unsigned good = sweep(from, &sent);

        tap_equal(sent, good, "packets of all sizes from NIC %u", from);
    }
    tap_equal(ROUNDS, storm(), "the rings around and around");
    tap_ok(waits() && waits() && waits(), "a packet waits for its buffer");
    if (xenbus_backend_number(&nic[0].bus, "feature-sg")) {
        tap_say("this backend takes packets of several slots");
    } else {
        refused();
    }
    tap_ok(netfront_disconnect(&nic[0]) && netfront_disconnect(&nic[1]),
           "both close, with all their pages back");
    tap_equal(0, gnttab_granted(&grants), "no grant is left");
    tap_equal(ports, evtchn_open_ports(g), "no event channel is left");
}
