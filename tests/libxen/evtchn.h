/*
 * Event channels, two-level, without interrupts: the guest looks for itself
 *
 * A port is a number above 0; the shared info page must be mapped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_LIBXEN_EVTCHN_H
#define TESTS_LIBXEN_EVTCHN_H

#include "xen-guest.h"
#include "hw/xen/interface/event_channel.h"

/* evtchn_alloc: a port for domain @remote to bind to; 0 if that fails */
unsigned evtchn_alloc(XenGuest *g, domid_t remote);

/* evtchn_bind: bind to port @remote_port of domain @remote; 0 if that fails */
unsigned evtchn_bind(XenGuest *g, domid_t remote, unsigned remote_port);

/* The rest return 0 or a negative Xen errno. */
int32_t evtchn_close(XenGuest *g, unsigned port);
int32_t evtchn_send(XenGuest *g, unsigned port);

/* evtchn_status: what @port is, EVTCHNSTAT_*, or a negative Xen errno */
int32_t evtchn_status(XenGuest *g, unsigned port);

/* evtchn_open_ports: how many of the first 128 ports are not closed */
unsigned evtchn_open_ports(XenGuest *g);

/* evtchn_pending: has an event come? */
bool evtchn_pending(XenGuest *g, unsigned port);

/* evtchn_take: has an event come?  It is not pending any more. */
bool evtchn_take(XenGuest *g, unsigned port);

#endif
