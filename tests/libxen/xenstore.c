/*
 * A client of xenstore over its ring
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "evtchn.h"
#include "xenstore.h"
#include "hw/xen/interface/hvm/params.h"

/* Of struct xenstore_domain_interface */
#define REQ         0
#define RSP         1024
#define REQ_CONS    2048
#define REQ_PROD    2052
#define RSP_CONS    2056
#define RSP_PROD    2060

bool xenstore_init(XenStore *xs, XenGuest *g)
{
    memset(xs, 0, sizeof(*xs));
    xs->g = g;
    xs->ring = xen_guest_param(g, HVM_PARAM_STORE_PFN) << XEN_GUEST_PAGE_SHIFT;
    xs->port = xen_guest_param(g, HVM_PARAM_STORE_EVTCHN);
    return xs->ring && xs->port;
}

static uint32_t index_read(XenStore *xs, unsigned where)
{
    return xs->g->ops->read32(xs->g, xs->ring + where);
}

static uint32_t room(XenStore *xs)
{
    return XENSTORE_RING_SIZE -
           (index_read(xs, REQ_PROD) - index_read(xs, REQ_CONS));
}

static uint32_t there(XenStore *xs)
{
    return index_read(xs, RSP_PROD) - index_read(xs, RSP_CONS);
}

static bool has_room(void *opaque)
{
    return room(opaque);
}

static bool has_reply(void *opaque)
{
    return there(opaque);
}

/* Returns how much of @size goes into one piece of the ring at @index */
static size_t piece(uint32_t index, size_t size, size_t limit)
{
    size_t to_end = XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(index);

    size = size < limit ? size : limit;
    return size < to_end ? size : to_end;
}

static bool put(XenStore *xs, const void *data, size_t size)
{
    XenGuest *g = xs->g;

    while (size) {
        uint32_t prod = index_read(xs, REQ_PROD);
        size_t now;

        if (!room(xs)) {
            evtchn_send(g, xs->port);
            if (!xen_guest_wait(g, has_room, xs)) {
                return false;
            }
        }
        now = piece(prod, size, room(xs));
        g->ops->write(g, xs->ring + REQ + MASK_XENSTORE_IDX(prod), data, now);
        g->ops->write32(g, xs->ring + REQ_PROD, prod + now);
        data = (const char *)data + now;
        size -= now;
    }
    return true;
}

static bool get(XenStore *xs, void *data, size_t size)
{
    XenGuest *g = xs->g;

    while (size) {
        uint32_t cons = index_read(xs, RSP_CONS);
        size_t now;

        if (!xen_guest_wait(g, has_reply, xs)) {
            return false;
        }
        now = piece(cons, size, there(xs));
        g->ops->read(g, xs->ring + RSP + MASK_XENSTORE_IDX(cons), data, now);
        g->ops->write32(g, xs->ring + RSP_CONS, cons + now);
        data = (char *)data + now;
        size -= now;
        /* It may wait for the room */
        evtchn_send(g, xs->port);
    }
    return true;
}

static void keep_event(XenStore *xs, const char *data, size_t size)
{
    if (xs->nr_events == XENSTORE_EVENTS || size > XENSTORE_EVENT_SIZE) {
        xs->lost_events++;
        return;
    }
    memcpy(xs->events[(xs->first_event + xs->nr_events++) % XENSTORE_EVENTS],
           data, size);
}

/* Receive into @xs->reply */
static bool receive(XenStore *xs, struct xsd_sockmsg *header)
{
    if (!get(xs, header, sizeof(*header)) ||
        header->len > XENSTORE_PAYLOAD_MAX ||
        !get(xs, xs->reply, header->len)) {
        return false;
    }
    xs->reply[header->len] = '\0';
    xs->reply_size = header->len;
    evtchn_take(xs->g, xs->port);
    return true;
}

static bool fail(XenStore *xs, const char *error)
{
    xs->error = error;
    xs->reply_size = 0;
    return false;
}

bool xenstore_request(XenStore *xs, uint32_t type, uint32_t tx,
                      const XenStorePart *parts, unsigned nr_parts)
{
    struct xsd_sockmsg header = {
        .type = type,
        .req_id = ++xs->request_id,
        .tx_id = tx,
    };

    xs->error = NULL;
    for (unsigned i = 0; i < nr_parts; i++) {
        header.len += parts[i].size;
    }
    if (!put(xs, &header, sizeof(header))) {
        return fail(xs, "the store takes no request");
    }
    for (unsigned i = 0; i < nr_parts; i++) {
        if (!put(xs, parts[i].data, parts[i].size)) {
            return fail(xs, "the store takes no request");
        }
    }
    evtchn_send(xs->g, xs->port);
    do {
        if (!receive(xs, &header)) {
            return fail(xs, "the store gives no reply");
        }
        if (header.type == XS_WATCH_EVENT) {
            keep_event(xs, xs->reply, xs->reply_size);
        }
    } while (header.type == XS_WATCH_EVENT);
    if (header.req_id != xs->request_id) {
        return fail(xs, "the store replies to something else");
    }
    if (header.type == XS_ERROR) {
        xs->error = xs->reply;
        return false;
    }
    return header.type == type || fail(xs, "the reply has a type of its own");
}

/* A request whose body is a path, a 0 and perhaps more */
static bool request_path(XenStore *xs, uint32_t type, uint32_t tx,
                         const char *dir, const char *name, const char *more,
                         size_t more_size)
{
    XenStorePart parts[] = {
        { dir, strlen(dir) },
        { "/", *dir ? 1 : 0 },
        { name, strlen(name) + 1 },
        { more, more_size },
    };

    return xenstore_request(xs, type, tx, parts, more ? 4 : 3);
}

const char *xenstore_read(XenStore *xs, uint32_t tx, const char *dir,
                          const char *name)
{
    return request_path(xs, XS_READ, tx, dir, name, NULL, 0) ? xs->reply :
           NULL;
}

bool xenstore_read_number(XenStore *xs, uint32_t tx, const char *dir,
                          const char *name, uint64_t *value)
{
    return xen_guest_number(xenstore_read(xs, tx, dir, name), value);
}

bool xenstore_write(XenStore *xs, uint32_t tx, const char *dir,
                    const char *name, const char *value)
{
    return request_path(xs, XS_WRITE, tx, dir, name, value, strlen(value));
}

bool xenstore_write_number(XenStore *xs, uint32_t tx, const char *dir,
                           const char *name, uint32_t value)
{
    char buf[11];

    return xenstore_write(xs, tx, dir, name, xen_guest_decimal(value, buf));
}

bool xenstore_rm(XenStore *xs, uint32_t tx, const char *dir, const char *name)
{
    return request_path(xs, XS_RM, tx, dir, name, NULL, 0);
}

bool xenstore_directory(XenStore *xs, uint32_t tx, const char *dir,
                        const char *name)
{
    return request_path(xs, XS_DIRECTORY, tx, dir, name, NULL, 0);
}

bool xenstore_watch(XenStore *xs, const char *path, const char *token)
{
    return request_path(xs, XS_WATCH, 0, "", path, token, strlen(token) + 1);
}

bool xenstore_unwatch(XenStore *xs, const char *path, const char *token)
{
    return request_path(xs, XS_UNWATCH, 0, "", path, token, strlen(token) + 1);
}

const char *xenstore_event(XenStore *xs, const char **token)
{
    const char *event;

    while (!xs->nr_events && there(xs)) {
        struct xsd_sockmsg header;

        if (!receive(xs, &header)) {
            return NULL;
        }
        if (header.type == XS_WATCH_EVENT) {
            keep_event(xs, xs->reply, xs->reply_size);
        }
    }
    if (!xs->nr_events) {
        return NULL;
    }
    event = xs->events[xs->first_event];
    xs->first_event = (xs->first_event + 1) % XENSTORE_EVENTS;
    xs->nr_events--;
    if (token) {
        *token = event + strlen(event) + 1;
    }
    return event;
}

uint32_t xenstore_begin(XenStore *xs)
{
    XenStorePart nothing = { "", 1 };
    uint64_t tx;

    if (!xenstore_request(xs, XS_TRANSACTION_START, 0, &nothing, 1) ||
        !xen_guest_number(xs->reply, &tx)) {
        return 0;
    }
    return tx;
}

bool xenstore_end(XenStore *xs, uint32_t tx, bool commit)
{
    XenStorePart how = { commit ? "T" : "F", 2 };

    return xenstore_request(xs, XS_TRANSACTION_END, tx, &how, 1);
}
