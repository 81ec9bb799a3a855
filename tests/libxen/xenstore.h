/*
 * A client of xenstore over its ring
 *
 * A node is named by @dir and @name; with an empty @dir, @name is all of it.
 * Paths are absolute, or relative to the guest's own folder.  Where a
 * transaction is wanted, 0 is none.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_LIBXEN_XENSTORE_H
#define TESTS_LIBXEN_XENSTORE_H

#include "xen-guest.h"
#include "hw/xen/interface/io/xs_wire.h"

#define XENSTORE_EVENTS     16
#define XENSTORE_EVENT_SIZE 256

typedef struct XenStore {
    XenGuest *g;
    uint64_t ring;
    unsigned port;
    uint32_t request_id;

    /* The last reply, with a 0 behind it; @error is 0 or its name */
    char reply[XENSTORE_PAYLOAD_MAX + 1];
    uint32_t reply_size;
    const char *error;

    /* Events that have not been taken: path, 0, token, 0 */
    char events[XENSTORE_EVENTS][XENSTORE_EVENT_SIZE];
    unsigned first_event;
    unsigned nr_events;
    unsigned lost_events;       /* there was no room for them */
} XenStore;

/* A piece of a request's body */
typedef struct XenStorePart {
    const char *data;
    size_t size;
} XenStorePart;

/* xenstore_init: find the ring; false if there is none */
bool xenstore_init(XenStore *xs, XenGuest *g);

/*
 * xenstore_request: send any request and wait for its reply
 *
 * Returns false if the reply is an error or none comes: see @xs->error.
 */
bool xenstore_request(XenStore *xs, uint32_t type, uint32_t tx,
                      const XenStorePart *parts, unsigned nr_parts);

/* xenstore_read: what a node holds, up to the next request; NULL: an error */
const char *xenstore_read(XenStore *xs, uint32_t tx, const char *dir,
                          const char *name);

/* xenstore_read_number: the same, as a decimal number */
bool xenstore_read_number(XenStore *xs, uint32_t tx, const char *dir,
                          const char *name, uint64_t *value);

bool xenstore_write(XenStore *xs, uint32_t tx, const char *dir,
                    const char *name, const char *value);
bool xenstore_write_number(XenStore *xs, uint32_t tx, const char *dir,
                           const char *name, uint32_t value);
bool xenstore_rm(XenStore *xs, uint32_t tx, const char *dir, const char *name);

/*
 * xenstore_directory: the names of a node's children
 *
 * They are in @xs->reply, each with a 0 behind it, @xs->reply_size in all.
 */
bool xenstore_directory(XenStore *xs, uint32_t tx, const char *dir,
                        const char *name);

bool xenstore_watch(XenStore *xs, const char *path, const char *token);
bool xenstore_unwatch(XenStore *xs, const char *path, const char *token);

/*
 * xenstore_event: take a watch event that has come
 *
 * Returns its path, up to the next call, or NULL; *@token is after that.
 */
const char *xenstore_event(XenStore *xs, const char **token);

/* xenstore_begin: the new transaction; 0 if that fails */
uint32_t xenstore_begin(XenStore *xs);

/* xenstore_end: false, and @xs->error is EAGAIN, if it has to be repeated */
bool xenstore_end(XenStore *xs, uint32_t tx, bool commit);

#endif
