/*
 * A network frontend: its nodes and states
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "netfront.h"
#include "evtchn.h"

bool netfront_init(Netfront *f, XenStore *xs, GrantTable *grants, unsigned id)
{
    memset(f, 0, sizeof(*f));
    f->grants = grants;
    return xenbus_init(&f->bus, xs, "vif", id);
}

static void make_ring(Netfront *f, NetRing *ring, unsigned slot_size)
{
    XenGuest *g = f->bus.g;

    if (!ring->page) {
        ring->page = g->ops->alloc_pages(g, 1);
    }
    ring->slot_size = slot_size;
    ring->req_prod = ring->pushed = ring->rsp_cons = 0;
    xen_guest_zero(g, ring->page, XEN_GUEST_PAGE_SIZE);
    g->ops->write32(g, ring->page + NETFRONT_REQ_EVENT, 1);
    g->ops->write32(g, ring->page + NETFRONT_RSP_EVENT, 1);
    ring->ref = gnttab_grant(f->grants, ring->page, false);
}

static void make_buffers(Netfront *f)
{
    XenGuest *g = f->bus.g;

    if (!f->buffers) {
        f->buffers = g->ops->alloc_pages(g, NETFRONT_BUFFERS);
    }
    for (unsigned i = 0; i < NETFRONT_BUFFERS; i++) {
        f->refs[i] = gnttab_grant(f->grants,
                                  f->buffers + i * XEN_GUEST_PAGE_SIZE, false);
    }
}

bool netfront_offer(Netfront *f, enum xenbus_state state)
{
    Xenbus *bus = &f->bus;

    make_ring(f, &f->tx, sizeof(union netif_tx_sring_entry));
    make_ring(f, &f->rx, sizeof(union netif_rx_sring_entry));
    make_buffers(f);
    f->port = evtchn_alloc(bus->g, 0);
    return f->port && xenbus_set_number(bus, "tx-ring-ref", f->tx.ref) &&
           xenbus_set_number(bus, "rx-ring-ref", f->rx.ref) &&
           xenbus_set_number(bus, "event-channel", f->port) &&
           xenbus_set_number(bus, "request-rx-copy", 1) &&
           xenbus_set_state(bus, state);
}

bool netfront_connect(Netfront *f)
{
    return netfront_offer(f, XenbusStateConnected) &&
           xenbus_wait(&f->bus, XenbusStateConnected);
}

static bool end(Netfront *f, uint32_t *ref, const char *what)
{
    uint32_t was = *ref;

    *ref = 0;
    if (was && !gnttab_end(f->grants, was)) {
        f->bus.g->ops->say(f->bus.g, "a %s is still mapped", what);
        return false;
    }
    return true;
}

bool netfront_release(Netfront *f)
{
    bool free;

    if (f->port) {
        evtchn_close(f->bus.g, f->port);
        f->port = 0;
    }
    free = end(f, &f->tx.ref, "transmit ring");
    free &= end(f, &f->rx.ref, "receive ring");
    for (unsigned i = 0; i < NETFRONT_BUFFERS; i++) {
        free &= end(f, &f->refs[i], "buffer");
    }
    return free;
}

bool netfront_disconnect(Netfront *f)
{
    bool closed = xenbus_close(&f->bus);

    return netfront_release(f) && closed && xenbus_reopen(&f->bus);
}
