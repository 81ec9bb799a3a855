/*
 * The emulated xenstore on a UNIX socket
 *
 * The protocol is that of xenstored: docs/misc/xenstore.txt in Xen, and
 * hw/xen/interface/io/xs_wire.h. All of this runs in the main loop.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_XENSTORE_SOCKET_H
#define HW_XEN_XENSTORE_SOCKET_H

#include "hw/i386/kvm/xenstore_impl.h"
#include "hw/xen/interface/io/xs_wire.h"

#define TYPE_XENSTORE_SOCKET "xenstore-socket"

typedef struct XenstoreMessage {
    struct xsd_sockmsg hdr;
    char body[XENSTORE_PAYLOAD_MAX + 1];    /* and a NUL to end strings */
} XenstoreMessage;

typedef struct XenstoreSession XenstoreSession;

/**
 * xenstore_session_new: the watches and transactions of one who is domain 0
 * @impl: the store
 * @event: called for every watch that fires; it must not end the session
 * @opaque: passed to @event
 */
XenstoreSession *xenstore_session_new(XenstoreImplState *impl,
                                      xs_impl_watch_fn *event, void *opaque);

/**
 * xenstore_session_handle: carry out a request
 * @req: what was received; the NUL behind the body is added
 * @rsp: the reply, or the error
 *
 * Any header and any body will do. A request with too long a body is only
 * answered, and only its header is looked at.
 */
void xenstore_session_handle(XenstoreSession *session, XenstoreMessage *req,
                             XenstoreMessage *rsp);

/* Removes the watches, and aborts the transactions. */
void xenstore_session_free(XenstoreSession *session);

typedef struct XenstoreClient XenstoreClient;

/* The connection is at its end, and waits for xenstore_client_free(). */
typedef void XenstoreClientGone(XenstoreClient *client, void *opaque);

/**
 * xenstore_client_new: serve a session to the peer of a stream socket
 * @fd: the socket, which is the client's from now on
 * @impl: the store
 * @gone: called once, when the peer has closed, sent a message with too long
 *     a body, or left too much unread
 * @opaque: passed to @gone
 *
 * Nothing that the peer does or fails to do blocks.
 */
XenstoreClient *xenstore_client_new(int fd, XenstoreImplState *impl,
                                    XenstoreClientGone *gone, void *opaque);

/* Closes the socket, and ends the session. */
void xenstore_client_free(XenstoreClient *client);

#endif
