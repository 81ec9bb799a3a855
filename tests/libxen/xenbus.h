/*
 * Xenbus: what all frontends share
 *
 * A frontend has its nodes in @frontend, such as "device/vbd/51712", and those
 * of its backend in @backend.  Both sides go through the XenbusStates.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_LIBXEN_XENBUS_H
#define TESTS_LIBXEN_XENBUS_H

#include "xenstore.h"
#include "hw/xen/interface/io/xenbus.h"

typedef struct Xenbus {
    XenGuest *g;
    XenStore *xs;
    char frontend[64];
    char backend[192];
} Xenbus;

/*
 * xenbus_init: find the device @id of kind @kind ("vbd", "vif", "console")
 *
 * Returns false if there is none.
 */
bool xenbus_init(Xenbus *bus, XenStore *xs, const char *kind, unsigned id);

/* xenbus_init_at: the same for the device whose frontend is at @frontend */
bool xenbus_init_at(Xenbus *bus, XenStore *xs, const char *frontend);

/* xenbus_set_state: write the state; nodes that go with it come before */
bool xenbus_set_state(Xenbus *bus, enum xenbus_state state);

/* xenbus_backend_state: XenbusStateUnknown if there is none */
enum xenbus_state xenbus_backend_state(Xenbus *bus);

/* xenbus_wait: until the backend is in @state; false, and said, if it is not */
bool xenbus_wait(Xenbus *bus, enum xenbus_state state);

/* xenbus_backend_number: a number of the backend's; 0 if there is none */
uint64_t xenbus_backend_number(Xenbus *bus, const char *name);

/* xenbus_set_number: write a node of the frontend's */
bool xenbus_set_number(Xenbus *bus, const char *name, uint32_t value);

/*
 * xenbus_close: go to Closing, wait for the backend to do so too, and the same
 * with Closed
 *
 * Returns false if the backend does not follow.
 */
bool xenbus_close(Xenbus *bus);

/* xenbus_reopen: after that, back to Initialising; the backend to InitWait */
bool xenbus_reopen(Xenbus *bus);

#endif
