/*
 * A console frontend
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "consfront.h"
#include "evtchn.h"
#include "hw/xen/interface/hvm/params.h"

bool consfront_init(Consfront *f, XenStore *xs, GrantTable *grants,
                    unsigned id)
{
    XenGuest *g = xs->g;

    memset(f, 0, sizeof(*f));
    f->grants = grants;
    if (id) {
        return xenbus_init(&f->bus, xs, "console", id);
    }
    f->page = xen_guest_param(g, HVM_PARAM_CONSOLE_PFN) <<
              XEN_GUEST_PAGE_SHIFT;
    f->port = xen_guest_param(g, HVM_PARAM_CONSOLE_EVTCHN);
    return f->page && f->port && xenbus_init_at(&f->bus, xs, "console");
}

bool consfront_offer(Consfront *f, enum xenbus_state state)
{
    Xenbus *bus = &f->bus;

    if (!f->page) {
        f->page = bus->g->ops->alloc_pages(bus->g, 1);
    }
    xen_guest_zero(bus->g, f->page, XEN_GUEST_PAGE_SIZE);
    f->ref = gnttab_grant(f->grants, f->page, false);
    f->port = evtchn_alloc(bus->g, 0);
    return f->port && xenbus_set_number(bus, "ring-ref", f->ref) &&
           xenbus_set_number(bus, "port", f->port) &&
           xenbus_set_state(bus, state);
}

bool consfront_connect(Consfront *f)
{
    return consfront_offer(f, XenbusStateConnected) &&
           xenbus_wait(&f->bus, XenbusStateConnected);
}

bool consfront_release(Consfront *f)
{
    uint32_t ref = f->ref;

    if (f->port) {
        evtchn_close(f->bus.g, f->port);
        f->port = 0;
    }
    f->ref = 0;
    if (ref && !gnttab_end(f->grants, ref)) {
        f->bus.g->ops->say(f->bus.g, "the console's page is still mapped");
        return false;
    }
    return true;
}

bool consfront_disconnect(Consfront *f)
{
    bool closed = xenbus_close(&f->bus);

    return consfront_release(f) && closed && xenbus_reopen(&f->bus);
}

static uint32_t index_read(Consfront *f, unsigned where)
{
    return f->bus.g->ops->read32(f->bus.g, f->page + where);
}

static uint32_t room(Consfront *f)
{
    return CONSFRONT_OUT_SIZE - (index_read(f, CONSFRONT_OUT_PROD) -
                                 index_read(f, CONSFRONT_OUT_CONS));
}

static uint32_t there(Consfront *f)
{
    return index_read(f, CONSFRONT_IN_PROD) - index_read(f, CONSFRONT_IN_CONS);
}

static bool has_room(void *opaque)
{
    return room(opaque);
}

static bool is_drained(void *opaque)
{
    return room(opaque) == CONSFRONT_OUT_SIZE;
}

static bool has_input(void *opaque)
{
    return there(opaque);
}

/* Returns how much of @size is in one piece at @index of a ring */
static size_t piece(uint32_t index, size_t size, size_t ring_size)
{
    size_t to_end = ring_size - index % ring_size;

    return size < to_end ? size : to_end;
}

size_t consfront_put(Consfront *f, const void *data, size_t size)
{
    XenGuest *g = f->bus.g;
    uint32_t prod = index_read(f, CONSFRONT_OUT_PROD);
    uint32_t now = room(f);
    size_t first;

    now = now < size ? now : size;
    first = piece(prod, now, CONSFRONT_OUT_SIZE);
    g->ops->write(g, f->page + CONSFRONT_OUT + prod % CONSFRONT_OUT_SIZE, data,
                  first);
    if (first < now) {
        g->ops->write(g, f->page + CONSFRONT_OUT, (const char *)data + first,
                      now - first);
    }
    g->ops->write32(g, f->page + CONSFRONT_OUT_PROD, prod + now);
    evtchn_send(g, f->port);
    return now;
}

bool consfront_write(Consfront *f, const void *data, size_t size)
{
    while (size) {
        size_t now;

        if (!xen_guest_wait(f->bus.g, has_room, f)) {
            f->bus.g->ops->say(f->bus.g, "%s: no room", f->bus.frontend);
            return false;
        }
        now = consfront_put(f, data, size);
        data = (const char *)data + now;
        size -= now;
    }
    return true;
}

bool consfront_drained(Consfront *f)
{
    return xen_guest_wait(f->bus.g, is_drained, f);
}

size_t consfront_get(Consfront *f, void *data, size_t size)
{
    XenGuest *g = f->bus.g;
    uint32_t cons = index_read(f, CONSFRONT_IN_CONS);
    uint32_t now = there(f);
    size_t first;

    now = now < size ? now : size;
    first = piece(cons, now, CONSFRONT_IN_SIZE);
    g->ops->read(g, f->page + CONSFRONT_IN + cons % CONSFRONT_IN_SIZE, data,
                 first);
    if (first < now) {
        g->ops->read(g, f->page + CONSFRONT_IN, (char *)data + first,
                     now - first);
    }
    g->ops->write32(g, f->page + CONSFRONT_IN_CONS, cons + now);
    evtchn_send(g, f->port);
    return now;
}

bool consfront_read(Consfront *f, void *data, size_t size)
{
    while (size) {
        size_t now;

        if (!xen_guest_wait(f->bus.g, has_input, f)) {
            f->bus.g->ops->say(f->bus.g, "%s: %u bytes more do not come",
                               f->bus.frontend, (unsigned)size);
            return false;
        }
        now = consfront_get(f, data, size);
        data = (char *)data + now;
        size -= now;
    }
    return true;
}
