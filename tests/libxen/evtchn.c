/*
 * Event channels, two-level, without interrupts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "evtchn.h"

/* Behind 32 vcpu_info in both layouts of the shared info page */
#define PENDING     0x800

/* Xen gives the lowest port that is free, and no test has so many */
#define PORTS       128

static int32_t event_channel_op(XenGuest *g, uint32_t command, void *data,
                                size_t size)
{
    return xen_guest_call(g, __HYPERVISOR_event_channel_op, command, data,
                          size);
}

unsigned evtchn_alloc(XenGuest *g, domid_t remote)
{
    struct evtchn_alloc_unbound alloc = {
        .dom = DOMID_SELF,
        .remote_dom = remote,
    };

    if (event_channel_op(g, EVTCHNOP_alloc_unbound, &alloc, sizeof(alloc))) {
        return 0;
    }
    evtchn_take(g, alloc.port);
    return alloc.port;
}

unsigned evtchn_bind(XenGuest *g, domid_t remote, unsigned remote_port)
{
    struct evtchn_bind_interdomain bind = {
        .remote_dom = remote,
        .remote_port = remote_port,
    };

    if (event_channel_op(g, EVTCHNOP_bind_interdomain, &bind, sizeof(bind))) {
        return 0;
    }
    return bind.local_port;
}

int32_t evtchn_close(XenGuest *g, unsigned port)
{
    struct evtchn_close close = { .port = port };

    return event_channel_op(g, EVTCHNOP_close, &close, sizeof(close));
}

int32_t evtchn_send(XenGuest *g, unsigned port)
{
    struct evtchn_send send = { .port = port };

    return event_channel_op(g, EVTCHNOP_send, &send, sizeof(send));
}

int32_t evtchn_status(XenGuest *g, unsigned port)
{
    struct evtchn_status status = { .dom = DOMID_SELF, .port = port };
    int32_t result = event_channel_op(g, EVTCHNOP_status, &status,
                                      sizeof(status));

    return result ? result : (int32_t)status.status;
}

unsigned evtchn_open_ports(XenGuest *g)
{
    unsigned count = 0;

    for (unsigned port = 1; port < PORTS; port++) {
        int32_t status = evtchn_status(g, port);

        if (status < 0) {
            break;
        }
        count += status != EVTCHNSTAT_closed;
    }
    return count;
}

static uint64_t pending_word(XenGuest *g, unsigned port)
{
    return g->shared_info + PENDING + port / 32 * 4;
}

bool evtchn_pending(XenGuest *g, unsigned port)
{
    return g->ops->read32(g, pending_word(g, port)) >> port % 32 & 1;
}

bool evtchn_take(XenGuest *g, unsigned port)
{
    uint64_t word = pending_word(g, port);
    uint32_t bit = 1u << port % 32;
    uint32_t was = g->ops->read32(g, word);

    while (was & bit) {
        uint32_t is = g->ops->cmpxchg32(g, word, was, was & ~bit);

        if (is == was) {
            return true;
        }
        was = is;
    }
    return false;
}
