/*
 * A client of xenstored for tests, which can also send what it should not
 *
 * Bodies are written with | for NUL, as in Xen's docs/misc/xenstore.txt.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_XENSTORE_CLIENT_H
#define TESTS_XENSTORE_CLIENT_H

#include "hw/xen/interface/io/xs_wire.h"

typedef struct XsClient {
    int fd;
    GString *events;    /* "path|token|" of each event seen by xs_talk() */
} XsClient;

/* Connect to @path; a receive that takes over 30 s fails the test. */
XsClient *xs_connect(const char *path);
void xs_close(XsClient *c);

/* Send @size bytes as they are. */
void xs_send_raw(XsClient *c, const void *data, size_t size);

/* Send a request. */
void xs_send(XsClient *c, uint32_t type, uint32_t tx, const char *body);

/*
 * Receive a message. Returns its body, with | for NUL and the header in @hdr,
 * or NULL when the other side has closed.
 */
char *xs_recv(XsClient *c, struct xsd_sockmsg *hdr);

/*
 * Send a request and wait for the reply. Returns its body, that of an error
 * after a !, or NULL when the other side has closed.
 */
char *xs_talk(XsClient *c, uint32_t type, uint32_t tx, const char *body);

/* xs_talk(), and fail if the result is not @expected. */
#define xs_expect(c, type, tx, body, expected) do { \
        g_autofree char *got_ = xs_talk(c, type, tx, body); \
        if (g_strcmp0(got_, expected)) { \
            g_error("%s:%d: " #type " tx %u '%s': expected '%s', got '%s'", \
                    __FILE__, __LINE__, (unsigned)(tx), body, expected, got_); \
        } \
    } while (0)

/* Start a transaction; returns its ID. */
uint32_t xs_start(XsClient *c);

/*
 * Have the reply to a request come, and with it all events that were caused
 * before. Returns them, and forgets them.
 */
char *xs_events(XsClient *c);

#define xs_expect_events(c, expected) do { \
        g_autofree char *got_ = xs_events(c); \
        g_assert_cmpstr(got_, ==, expected); \
    } while (0)

#endif
