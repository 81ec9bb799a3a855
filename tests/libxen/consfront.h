/*
 * A console frontend
 *
 * The primary console, number 0, has its page and its event channel in HVM
 * parameters, and works without a handshake.  Others are as all PV devices.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_LIBXEN_CONSFRONT_H
#define TESTS_LIBXEN_CONSFRONT_H

#include "gnttab.h"
#include "xenbus.h"
#include "hw/xen/interface/io/console.h"

/* Where things are in the page */
#define CONSFRONT_IN        0
#define CONSFRONT_OUT       1024
#define CONSFRONT_IN_CONS   3072
#define CONSFRONT_IN_PROD   3076
#define CONSFRONT_OUT_CONS  3080
#define CONSFRONT_OUT_PROD  3084

#define CONSFRONT_IN_SIZE   1024
#define CONSFRONT_OUT_SIZE  2048

typedef struct Consfront {
    Xenbus bus;
    GrantTable *grants;
    uint64_t page;
    uint32_t ref;
    unsigned port;
} Consfront;

/*
 * consfront_init: find console @id; false if there is none
 *
 * The primary console may be used at once, and only used: its nodes are the
 * host's.
 */
bool consfront_init(Consfront *f, XenStore *xs, GrantTable *grants,
                    unsigned id);

/*
 * consfront_offer: write all nodes, @state as the last
 *
 * The page of an earlier connection is used again.
 */
bool consfront_offer(Consfront *f, enum xenbus_state state);

/* consfront_connect: consfront_offer(), up to Connected on both sides */
bool consfront_connect(Consfront *f);

/* consfront_release: take the page back; false if the backend holds it */
bool consfront_release(Consfront *f);

/* consfront_disconnect: close in an orderly way, take the page back, reopen */
bool consfront_disconnect(Consfront *f);

/*
 * consfront_put: write as much of @data as there is room for, and tell
 *
 * Returns the number of bytes.
 */
size_t consfront_put(Consfront *f, const void *data, size_t size);

/* consfront_write: the same with all of it; false if that takes too long */
bool consfront_write(Consfront *f, const void *data, size_t size);

/* consfront_drained: wait until the backend has taken all; false if not */
bool consfront_drained(Consfront *f);

/*
 * consfront_get: take up to @size bytes that are there, and tell
 *
 * Returns the number of bytes.
 */
size_t consfront_get(Consfront *f, void *data, size_t size);

/* consfront_read: exactly @size bytes; false if they do not come */
bool consfront_read(Consfront *f, void *data, size_t size);

#endif
