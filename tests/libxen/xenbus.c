/*
 * Xenbus: what all frontends share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "xenbus.h"

typedef struct Awaited {
    Xenbus *bus;
    enum xenbus_state state;
} Awaited;

/* Returns false if it does not fit */
static bool append(char *to, size_t size, const char *s)
{
    size_t used = strlen(to);
    size_t len = strlen(s);

    if (used + len >= size) {
        return false;
    }
    memcpy(to + used, s, len + 1);
    return true;
}

bool xenbus_init_at(Xenbus *bus, XenStore *xs, const char *frontend)
{
    const char *backend;

    memset(bus, 0, sizeof(*bus));
    bus->g = xs->g;
    bus->xs = xs;
    if (!append(bus->frontend, sizeof(bus->frontend), frontend)) {
        return false;
    }
    backend = xenstore_read(xs, 0, bus->frontend, "backend");
    return backend && append(bus->backend, sizeof(bus->backend), backend);
}

bool xenbus_init(Xenbus *bus, XenStore *xs, const char *kind, unsigned id)
{
    char path[sizeof(bus->frontend)] = "device/";
    char buf[11];

    return append(path, sizeof(path), kind) &&
           append(path, sizeof(path), "/") &&
           append(path, sizeof(path), xen_guest_decimal(id, buf)) &&
           xenbus_init_at(bus, xs, path);
}

bool xenbus_set_state(Xenbus *bus, enum xenbus_state state)
{
    return xenbus_set_number(bus, "state", state);
}

enum xenbus_state xenbus_backend_state(Xenbus *bus)
{
    return xenbus_backend_number(bus, "state");
}

static bool is_in_state(void *opaque)
{
    Awaited *awaited = opaque;

    return xenbus_backend_state(awaited->bus) == awaited->state;
}

bool xenbus_wait(Xenbus *bus, enum xenbus_state state)
{
    Awaited awaited = { bus, state };

    if (!xen_guest_wait(bus->g, is_in_state, &awaited)) {
        bus->g->ops->say(bus->g, "%s does not come to state %u, it is in %u",
                         bus->backend, (unsigned)state,
                         (unsigned)xenbus_backend_state(bus));
        return false;
    }
    return true;
}

uint64_t xenbus_backend_number(Xenbus *bus, const char *name)
{
    uint64_t value;

    return xenstore_read_number(bus->xs, 0, bus->backend, name, &value) ?
           value : 0;
}

bool xenbus_set_number(Xenbus *bus, const char *name, uint32_t value)
{
    return xenstore_write_number(bus->xs, 0, bus->frontend, name, value);
}

bool xenbus_close(Xenbus *bus)
{
    return xenbus_set_state(bus, XenbusStateClosing) &&
           xenbus_wait(bus, XenbusStateClosing) &&
           xenbus_set_state(bus, XenbusStateClosed) &&
           xenbus_wait(bus, XenbusStateClosed);
}

bool xenbus_reopen(Xenbus *bus)
{
    return xenbus_set_state(bus, XenbusStateInitialising) &&
           xenbus_wait(bus, XenbusStateInitWait);
}
