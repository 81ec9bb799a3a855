/*
 * A connection to the emulated xenstore: messages from and to a socket
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/sockets.h"
#include "qemu/units.h"
#include "hw/xen/xenstore-socket.h"

/* Unsent bytes at which no more requests are taken, and the client closed */
#define OUT_PAUSE   (64 * KiB)
#define OUT_MAX     (1 * MiB)

struct XenstoreClient {
    XenstoreSession *session;
    XenstoreClientGone *gone;
    void *opaque;
    int fd;
    bool dead;              /* shut down: the read handler calls gone() */
    GByteArray *out;
    GByteArray *late;       /* events that wait for the reply, or NULL */
    size_t received;        /* bytes of @req */
    XenstoreMessage req;
    XenstoreMessage rsp;
};

static void client_readable(void *opaque);
static void client_writable(void *opaque);

static void client_set_handlers(XenstoreClient *c)
{
    bool take = c->dead || c->out->len < OUT_PAUSE;

    qemu_set_fd_handler(c->fd, take ? client_readable : NULL,
                        c->out->len ? client_writable : NULL, c);
}

/* Frees nothing, so that it can be called wherever a watch fires. */
static void client_kill(XenstoreClient *c)
{
    c->dead = true;
    g_byte_array_set_size(c->out, 0);
    shutdown(c->fd, SHUT_RDWR);
    client_set_handlers(c);
}

static void client_flush(XenstoreClient *c)
{
    while (c->out->len) {
        ssize_t n = send(c->fd, c->out->data, c->out->len, 0);

        if (n > 0) {
            g_byte_array_remove_range(c->out, 0, n);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        } else if (errno != EINTR) {
            client_kill(c);
            return;
        }
    }
    client_set_handlers(c);
}

static void client_event(void *opaque, const char *path, const char *token)
{
    XenstoreClient *c = opaque;
    GByteArray *out = c->late ?: c->out;
    size_t path_size = strlen(path) + 1, token_size = strlen(token) + 1;
    struct xsd_sockmsg hdr = {
        .type = XS_WATCH_EVENT,
        .len = path_size + token_size,
    };
    bool idle = !out->len;

    /* xenstored drops an event that is too long, too. */
    if (c->dead || hdr.len > XENSTORE_PAYLOAD_MAX) {
        return;
    }
    if (c->out->len + out->len + sizeof(hdr) + hdr.len > OUT_MAX) {
        client_kill(c);
        return;
    }
    g_byte_array_append(out, (void *)&hdr, sizeof(hdr));
    g_byte_array_append(out, (void *)path, path_size);
    g_byte_array_append(out, (void *)token, token_size);
    if (idle && !c->late) {
        client_set_handlers(c);
    }
}

/* The reply goes before the events that the request itself has caused. */
static void client_handle(XenstoreClient *c)
{
    g_autoptr(GByteArray) late = g_byte_array_new();

    c->late = late;
    xenstore_session_handle(c->session, &c->req, &c->rsp);
    c->late = NULL;
    if (!c->dead) {
        g_byte_array_append(c->out, (void *)&c->rsp,
                            sizeof(c->rsp.hdr) + c->rsp.hdr.len);
        g_byte_array_append(c->out, late->data, late->len);
        client_flush(c);
    }
}

/* Receive up to @size bytes of the request; false at the end of the stream. */
static bool client_receive(XenstoreClient *c, size_t size)
{
    while (c->received < size) {
        ssize_t n = recv(c->fd, (char *)&c->req + c->received,
                         size - c->received, 0);

        if (n > 0) {
            c->received += n;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            break;
        } else if (n == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

/* One request a turn, so that everybody else gets theirs. */
static void client_readable(void *opaque)
{
    XenstoreClient *c = opaque;
    struct xsd_sockmsg *hdr = &c->req.hdr;
    bool end = c->dead || !client_receive(c, sizeof(*hdr));

    if (!end && c->received >= sizeof(*hdr)) {
        if (hdr->len > XENSTORE_PAYLOAD_MAX) {
            client_handle(c);
            end = true;
        } else if (!client_receive(c, sizeof(*hdr) + hdr->len)) {
            end = true;
        } else if (c->received == sizeof(*hdr) + hdr->len) {
            c->received = 0;
            client_handle(c);
        }
    }
    if (end || c->dead) {
        c->gone(c, c->opaque);
    }
}

static void client_writable(void *opaque)
{
    client_flush(opaque);
}

XenstoreClient *xenstore_client_new(int fd, XenstoreImplState *impl,
                                    XenstoreClientGone *gone, void *opaque)
{
    XenstoreClient *c = g_new0(XenstoreClient, 1);

    c->session = xenstore_session_new(impl, client_event, c);
    c->gone = gone;
    c->opaque = opaque;
    c->fd = fd;
    c->out = g_byte_array_new();
    qemu_socket_set_nonblock(fd);
    client_set_handlers(c);
    return c;
}

void xenstore_client_free(XenstoreClient *c)
{
    qemu_set_fd_handler(c->fd, NULL, NULL, NULL);
    close(c->fd);
    xenstore_session_free(c->session);
    g_byte_array_unref(c->out);
    g_free(c);
}
