/*
 * A network frontend: its rings
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "netfront.h"
#include "evtchn.h"

uint64_t net_ring_slot(NetRing *ring, uint32_t index)
{
    return ring->page + NETFRONT_FIRST_SLOT +
           index % NETFRONT_SLOTS * ring->slot_size;
}

static void put(Netfront *f, NetRing *ring, const void *data, size_t size)
{
    f->bus.g->ops->write(f->bus.g, net_ring_slot(ring, ring->req_prod), data,
                         size);
    ring->req_prod++;
}

void netfront_put_tx(Netfront *f, const netif_tx_request_t *request)
{
    put(f, &f->tx, request, sizeof(*request));
}

void netfront_put_extra(Netfront *f, const netif_extra_info_t *extra)
{
    put(f, &f->tx, extra, sizeof(*extra));
}

void netfront_put_rx(Netfront *f, const netif_rx_request_t *request)
{
    put(f, &f->rx, request, sizeof(*request));
}

bool netfront_push(Netfront *f, NetRing *ring)
{
    XenGuest *g = f->bus.g;
    uint32_t before = ring->pushed;
    uint32_t event;

    ring->pushed = ring->req_prod;
    g->ops->write32(g, ring->page + NETFRONT_REQ_PROD, ring->pushed);
    event = g->ops->read32(g, ring->page + NETFRONT_REQ_EVENT);
    if (ring->pushed - event >= ring->pushed - before) {
        return false;
    }
    evtchn_send(g, f->port);
    return true;
}

static bool take(Netfront *f, NetRing *ring, void *response, size_t size)
{
    XenGuest *g = f->bus.g;

    if (g->ops->read32(g, ring->page + NETFRONT_RSP_PROD) == ring->rsp_cons) {
        return false;
    }
    g->ops->read(g, net_ring_slot(ring, ring->rsp_cons), response, size);
    ring->rsp_cons++;
    g->ops->write32(g, ring->page + NETFRONT_RSP_EVENT, ring->rsp_cons + 1);
    return true;
}

static bool has_tx_response(void *opaque)
{
    Netfront *f = opaque;
    XenGuest *g = f->bus.g;

    return g->ops->read32(g, f->tx.page + NETFRONT_RSP_PROD) !=
           f->tx.rsp_cons;
}

static bool has_rx_response(void *opaque)
{
    Netfront *f = opaque;
    XenGuest *g = f->bus.g;

    return g->ops->read32(g, f->rx.page + NETFRONT_RSP_PROD) !=
           f->rx.rsp_cons;
}

bool netfront_wait_tx(Netfront *f, netif_tx_response_t *response)
{
    return xen_guest_wait(f->bus.g, has_tx_response, f) &&
           take(f, &f->tx, response, sizeof(*response));
}

bool netfront_take_rx(Netfront *f, netif_rx_response_t *response)
{
    return take(f, &f->rx, response, sizeof(*response));
}

int netfront_do(Netfront *f, const netif_tx_request_t *request)
{
    XenGuest *g = f->bus.g;
    netif_tx_response_t response;

    netfront_put_tx(f, request);
    netfront_push(f, &f->tx);
    if (!netfront_wait_tx(f, &response)) {
        g->ops->say(g, "%s: no response to a packet", f->bus.frontend);
        return NETFRONT_LOST;
    }
    if (response.id != request->id) {
        g->ops->say(g, "%s: the response to packet %u is to %u",
                    f->bus.frontend, request->id, response.id);
        return NETFRONT_LOST;
    }
    return response.status;
}

int netfront_send(Netfront *f, uint64_t addr, unsigned size, uint16_t flags)
{
    netif_tx_request_t request = {
        .gref = gnttab_grant(f->grants, addr, true),
        .offset = addr % XEN_GUEST_PAGE_SIZE,
        .flags = flags,
        .id = f->tx.req_prod ^ 0xa55a,
        .size = size,
    };
    int status = netfront_do(f, &request);

    if (!gnttab_end(f->grants, request.gref)) {
        f->bus.g->ops->say(f->bus.g, "a packet's page is still mapped");
        return NETFRONT_LOST;
    }
    return status;
}

void netfront_post(Netfront *f, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        netif_rx_request_t request = {
            .id = f->rx.req_prod % NETFRONT_SLOTS,
            .gref = f->refs[f->rx.req_prod % NETFRONT_BUFFERS],
        };

        netfront_put_rx(f, &request);
    }
    netfront_push(f, &f->rx);
}

int netfront_receive(Netfront *f, void *buf, size_t size)
{
    XenGuest *g = f->bus.g;
    uint32_t index = f->rx.rsp_cons;
    netif_rx_response_t response;

    if (!xen_guest_wait(g, has_rx_response, f) ||
        !netfront_take_rx(f, &response)) {
        g->ops->say(g, "%s: no packet comes", f->bus.frontend);
        return NETFRONT_LOST;
    }
    if (response.id != index % NETFRONT_SLOTS || response.flags ||
        (response.status > 0 &&
         response.offset + response.status > XEN_GUEST_PAGE_SIZE)) {
        g->ops->say(g, "%s: buffer %u is answered as %u: status %d, offset %u,"
                    " flags 0x%x", f->bus.frontend, index % NETFRONT_SLOTS,
                    response.id, response.status, response.offset,
                    response.flags);
        return NETFRONT_LOST;
    }
    if (response.status > 0) {
        size_t there = response.status;

        g->ops->read(g, f->buffers + index % NETFRONT_BUFFERS *
                     XEN_GUEST_PAGE_SIZE + response.offset, buf,
                     there < size ? there : size);
    }
    return response.status;
}
