/*
 * A client of xenstored for tests, which can also send what it should not
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include <sys/socket.h>
#include <sys/un.h>
#include "xenstore-client.h"

XsClient *xs_connect(const char *path)
{
    XsClient *c = g_new0(XsClient, 1);
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    struct timeval timeout = { .tv_sec = 30 };

    g_assert_cmpuint(strlen(path), <, sizeof(un.sun_path));
    strcpy(un.sun_path, path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(c->fd, >=, 0);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    if (connect(c->fd, (struct sockaddr *)&un, sizeof(un)) < 0) {
        g_error("cannot connect to %s: %s", path, strerror(errno));
    }
    c->events = g_string_new(NULL);
    return c;
}

void xs_close(XsClient *c)
{
    close(c->fd);
    g_string_free(c->events, true);
    g_free(c);
}

void xs_send_raw(XsClient *c, const void *data, size_t size)
{
    while (size) {
        ssize_t n = send(c->fd, data, size, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR) {
            g_assert(errno == EPIPE || errno == ECONNRESET);
            return;
        }
        data += MAX(n, 0);
        size -= MAX(n, 0);
    }
}

static void nul_for_bar(char *s, size_t size, char from, char to)
{
    for (size_t i = 0; i < size; i++) {
        if (s[i] == from) {
            s[i] = to;
        }
    }
}

void xs_send(XsClient *c, uint32_t type, uint32_t tx, const char *body)
{
    struct xsd_sockmsg hdr = {
        .type = type,
        .req_id = 42,
        .tx_id = tx,
        .len = strlen(body),
    };
    g_autofree char *msg = g_malloc(sizeof(hdr) + hdr.len);

    memcpy(msg, &hdr, sizeof(hdr));
    memcpy(msg + sizeof(hdr), body, hdr.len);
    nul_for_bar(msg + sizeof(hdr), hdr.len, '|', '\0');
    xs_send_raw(c, msg, sizeof(hdr) + hdr.len);
}

static bool receive(XsClient *c, void *data, size_t size)
{
    while (size) {
        ssize_t n = recv(c->fd, data, size, 0);

        if (n == 0 || (n < 0 && errno == ECONNRESET)) {
            return false;
        }
        if (n < 0) {
            g_assert(errno == EINTR);
            n = 0;
        }
        data += n;
        size -= n;
    }
    return true;
}

char *xs_recv(XsClient *c, struct xsd_sockmsg *hdr)
{
    char *body;

    if (!receive(c, hdr, sizeof(*hdr))) {
        return NULL;
    }
    g_assert_cmpuint(hdr->len, <=, XENSTORE_PAYLOAD_MAX);
    body = g_malloc0(hdr->len + 1);
    if (!receive(c, body, hdr->len)) {
        g_free(body);
        return NULL;
    }
    nul_for_bar(body, hdr->len, '\0', '|');
    return body;
}

char *xs_talk(XsClient *c, uint32_t type, uint32_t tx, const char *body)
{
    struct xsd_sockmsg hdr;

    xs_send(c, type, tx, body);
    for (;;) {
        g_autofree char *got = xs_recv(c, &hdr);

        if (!got) {
            return NULL;
        }
        if (hdr.type == XS_WATCH_EVENT) {
            g_assert_cmpuint(hdr.req_id, ==, 0);
            g_assert_cmpuint(hdr.tx_id, ==, 0);
            g_string_append(c->events, got);
            continue;
        }
        g_assert_cmpuint(hdr.req_id, ==, 42);
        g_assert_cmpuint(hdr.tx_id, ==, tx);
        if (hdr.type == XS_ERROR) {
            return g_strconcat("!", got, NULL);
        }
        g_assert_cmpuint(hdr.type, ==, type);
        return g_steal_pointer(&got);
    }
}

uint32_t xs_start(XsClient *c)
{
    g_autofree char *reply = xs_talk(c, XS_TRANSACTION_START, 0, "|");
    const char *end;
    unsigned int id;

    g_assert_nonnull(reply);
    g_assert_cmpint(qemu_strtoui(reply, &end, 10, &id), ==, 0);
    g_assert_cmpstr(end, ==, "|");
    return id;
}

char *xs_events(XsClient *c)
{
    g_autofree char *reply = xs_talk(c, XS_GET_DOMAIN_PATH, 0, "0|");
    char *events = g_strdup(c->events->str);

    g_assert(reply);
    g_string_truncate(c->events, 0);
    return events;
}
