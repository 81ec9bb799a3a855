/*
 * A block frontend: its nodes and states
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "blkfront.h"
#include "evtchn.h"

bool blkfront_init(Blkfront *f, XenStore *xs, GrantTable *grants, unsigned id)
{
    memset(f, 0, sizeof(*f));
    f->grants = grants;
    return xenbus_init(&f->bus, xs, "vbd", id);
}

static void make_ring(Blkfront *f, unsigned order)
{
    XenGuest *g = f->bus.g;
    unsigned pages = 1u << order;
    unsigned room = (pages * XEN_GUEST_PAGE_SIZE - BLKFRONT_SLOTS) /
                    f->layout->size;

    if (f->pages < pages) {
        f->ring = g->ops->alloc_pages(g, pages);
    }
    f->pages = pages;
    f->slots = 1;
    while (f->slots * 2 <= room) {
        f->slots *= 2;
    }
    f->req_prod = f->pushed = f->rsp_cons = 0;
    xen_guest_zero(g, f->ring, pages * XEN_GUEST_PAGE_SIZE);
    g->ops->write32(g, f->ring + BLKFRONT_REQ_EVENT, 1);
    g->ops->write32(g, f->ring + BLKFRONT_RSP_EVENT, 1);
    for (unsigned i = 0; i < pages; i++) {
        f->refs[i] = gnttab_grant(f->grants,
                                  f->ring + i * XEN_GUEST_PAGE_SIZE, false);
    }
}

static bool write_refs(Blkfront *f, unsigned order)
{
    if (!order) {
        return xenbus_set_number(&f->bus, "ring-ref", f->refs[0]);
    }
    for (unsigned i = 0; i < f->pages; i++) {
        char name[] = "ring-ref\0\0";

        if (i < 10) {
            name[8] = '0' + i;
        } else {
            name[8] = '1';
            name[9] = '0' + i - 10;
        }
        if (!xenbus_set_number(&f->bus, name, f->refs[i])) {
            return false;
        }
    }
    return xenbus_set_number(&f->bus, "ring-page-order", order);
}

bool blkfront_offer(Blkfront *f, BlkfrontAbi abi, unsigned order,
                    enum xenbus_state state)
{
    Xenbus *bus = &f->bus;

    f->layout = &blkfront_layouts[abi];
    make_ring(f, order);
    f->port = evtchn_alloc(bus->g, 0);
    xenstore_rm(bus->xs, 0, bus->frontend, "protocol");
    xenstore_rm(bus->xs, 0, bus->frontend, "ring-page-order");
    return f->port && write_refs(f, order) &&
           xenbus_set_number(bus, "event-channel", f->port) &&
           (!f->layout->protocol ||
            xenstore_write(bus->xs, 0, bus->frontend, "protocol",
                           f->layout->protocol)) &&
           xenbus_set_state(bus, state);
}

bool blkfront_connect(Blkfront *f, BlkfrontAbi abi, unsigned order)
{
    return blkfront_offer(f, abi, order, XenbusStateConnected) &&
           xenbus_wait(&f->bus, XenbusStateConnected);
}

bool blkfront_release(Blkfront *f)
{
    bool free = true;

    if (f->port) {
        evtchn_close(f->bus.g, f->port);
        f->port = 0;
    }
    for (unsigned i = 0; i < f->pages; i++) {
        if (f->refs[i] && !gnttab_end(f->grants, f->refs[i])) {
            f->bus.g->ops->say(f->bus.g, "page %u of the ring is still mapped",
                               i);
            free = false;
        }
        f->refs[i] = 0;
    }
    return free;
}

bool blkfront_disconnect(Blkfront *f)
{
    bool closed = xenbus_close(&f->bus);

    return blkfront_release(f) && closed && xenbus_reopen(&f->bus);
}
