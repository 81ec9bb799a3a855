/*
 * Fuzz the emulated xenstore: clients of its socket, and a guest
 *
 * Up to three clients send whole messages, parts of them and rubbish.  Behind
 * the sockets are the real framing, sessions, request handlers and store.  The
 * guest's requests come without its ring, so that no machine is needed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/main-loop.h"
#include "qemu/sockets.h"
#include "fuzz-input.h"
#include "fuzz-xenstore.h"
#include "hw/xen/xenstore-socket.h"
#include "hw/i386/kvm/xen_xenstore.h"

enum { MESSAGE, RAW, REPEAT, RECEIVE, CLOSE, MIGRATE, GUEST, OPS };

#define CLIENTS     3
#define SENDS_MAX   200     /* of an input, so that it is quick */

/* What bodies are made of; literal strings and long fillings come to it */
static const char *const pieces[] = {
    "/", "/a", "/a/b", "/a/b/c", "a", "/local/domain/1", "/local", "@special",
    "@releaseDomain", "token", "T", "F", "n0", "b1", "r1", "w0", "1", "0",
    "x", "//", "/a/", "", "4294967295",
};

typedef struct Client {
    XenstoreClient *server;     /* NULL: closed, or not yet there */
    int fd;
    bool doomed;                /* it sent what ends the connection */
    GByteArray *sent;           /* from the first message without a reply */
    GByteArray *got;            /* what is no whole message yet */
    uint32_t tx;                /* the newest transaction */
} Client;

#define GUEST_DOMID 1

typedef struct Fuzz {
    XenstoreImplState *impl;
    Client clients[CLIENTS];
    uint32_t guest_tx;
    GByteArray *last;           /* the newest message, to repeat */
    uint32_t req_id;
    unsigned sends;
    bool watched;               /* unread events may end a connection */
} Fuzz;

static void client_gone(XenstoreClient *server, void *opaque)
{
    Client *c = opaque;

    g_assert_true(c->server == server);
    xenstore_client_free(server);
    c->server = NULL;
}

static void client_open(Fuzz *f, Client *c)
{
    int fds[2];

    if (c->sent) {
        return;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0) {
        abort();
    }
    c->fd = fds[0];
    c->sent = g_byte_array_new();
    c->got = g_byte_array_new();
    c->server = xenstore_client_new(fds[1], f->impl, client_gone, c);
}

/* A message that is in @bytes as a whole, or NULL */
static const struct xsd_sockmsg *whole(GByteArray *bytes,
                                       struct xsd_sockmsg *hdr)
{
    if (bytes->len < sizeof(*hdr)) {
        return NULL;
    }
    memcpy(hdr, bytes->data, sizeof(*hdr));
    if (hdr->len > XENSTORE_PAYLOAD_MAX) {
        return hdr;
    }
    return bytes->len >= sizeof(*hdr) + hdr->len ? hdr : NULL;
}

static void drop_message(GByteArray *bytes, const struct xsd_sockmsg *hdr)
{
    g_byte_array_remove_range(bytes, 0,
                              MIN(sizeof(*hdr) + hdr->len, bytes->len));
}

static void check_event(const struct xsd_sockmsg *hdr, const char *body)
{
    size_t path = strnlen(body, hdr->len);

    g_assert_cmpuint(path, <, hdr->len);
    g_assert_cmpuint(path + 1 + strnlen(body + path + 1, hdr->len - path - 1),
                     ==, hdr->len - 1);
}

static void check_reply(const struct xsd_sockmsg *req,
                        const struct xsd_sockmsg *rsp, const char *body,
                        uint32_t *tx)
{
    bool known = rsp->type == req->type;

    g_assert_cmpuint(rsp->req_id, ==, req->req_id);
    g_assert_cmpuint(rsp->tx_id, ==, req->tx_id);
    g_assert_cmpuint(rsp->len, <=, XENSTORE_PAYLOAD_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(xsd_errors) && !known; i++) {
        known = rsp->type == XS_ERROR &&
                rsp->len == strlen(xsd_errors[i].errstring) + 1 &&
                !memcmp(body, xsd_errors[i].errstring, rsp->len);
    }
    g_assert_true(known);
    if (rsp->type == XS_TRANSACTION_START) {
        *tx = g_ascii_strtoull(body, NULL, 10);
        g_assert_cmpuint(*tx, !=, 0);
    }
}

/* The reply answers the oldest request that has none yet */
static void client_reply(Client *c, const struct xsd_sockmsg *rsp,
                         const char *body)
{
    struct xsd_sockmsg req;

    g_assert_nonnull(whole(c->sent, &req));
    check_reply(&req, rsp, body, &c->tx);
    if (req.len > XENSTORE_PAYLOAD_MAX) {
        g_assert_cmpuint(rsp->type, ==, XS_ERROR);
        g_assert_cmpstr(body, ==, "E2BIG");
        c->doomed = true;
    }
    drop_message(c->sent, &req);
}

/* Take what the server has sent; returns whether there was anything */
static bool client_receive(Client *c)
{
    struct xsd_sockmsg hdr;
    static char buf[65536];
    ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

    if (n <= 0) {
        return false;
    }
    g_byte_array_append(c->got, (void *)buf, n);
    while (whole(c->got, &hdr)) {
        const char *body = (char *)c->got->data + sizeof(hdr);

        g_assert_cmpuint(hdr.len, <=, XENSTORE_PAYLOAD_MAX);
        g_assert_false(c->doomed);
        if (hdr.type == XS_WATCH_EVENT) {
            check_event(&hdr, body);
        } else {
            client_reply(c, &hdr, body);
        }
        drop_message(c->got, &hdr);
    }
    return true;
}

static void client_send(Fuzz *f, Client *c, const void *bytes, size_t len)
{
    if (f->sends++ < SENDS_MAX && c->server) {
        ssize_t n = send(c->fd, bytes, len, MSG_NOSIGNAL);

        if (n > 0) {
            g_byte_array_append(c->sent, bytes, n);
        }
    }
}

/* Let the servers do what they can */
static void serve(void)
{
    while (aio_poll(iohandler_get_aio_context(), false)) {
        continue;
    }
}

static void make_message(Fuzz *f, uint32_t tx, FuzzInput *in)
{
    uint8_t type = fuzz_u8(in), how = fuzz_u8(in);
    struct xsd_sockmsg hdr = { .type = type, .req_id = ++f->req_id };
    GByteArray *m = f->last;

    g_byte_array_set_size(m, 0);
    g_byte_array_append(m, (void *)&hdr, sizeof(hdr));
    for (unsigned left = how & 7; left; left--) {
        uint8_t what = fuzz_u8(in);

        if (what < 0x80) {
            const char *piece = pieces[what % ARRAY_SIZE(pieces)];

            g_byte_array_append(m, (void *)piece, strlen(piece));
        } else if (what < 0xc0) {
            g_autofree char *text = fuzz_string(in, what - 0x80);

            g_byte_array_append(m, (void *)text, strlen(text));
        } else if (what < 0xe0) {
            unsigned from = m->len;

            g_byte_array_set_size(m, from + fuzz_u16(in) % 4200);
            memset(m->data + from, 'x', m->len - from);
        }
        if (what & 0x40 || left > 1) {
            g_byte_array_append(m, (void *)"", 1);
        }
    }
    hdr.tx_id = how & 8 ? tx : how & 16 ? fuzz_u8(in) : 0;
    hdr.len = m->len - sizeof(hdr);
    memcpy(m->data, &hdr, sizeof(hdr));
    f->watched |= type == XS_WATCH;
}

static void guest_event(void *opaque, const char *path, const char *token)
{
}

static void guest_send(Fuzz *f)
{
    static XenstoreMessage req, rsp;
    XenstoreConn conn = {
        .impl = f->impl,
        .dom_id = GUEST_DOMID,
        .watch_fn = guest_event,
        .watch_opaque = f,
        .rsp_data = (uint8_t *)&rsp,
    };

    if (f->last->len > sizeof(req) - 1 || f->last->len < sizeof(req.hdr)) {
        return;
    }
    memset(&req, 0, sizeof(req));
    memcpy(&req, f->last->data, f->last->len);
    xen_xenstore_handle_req(&conn, &req.hdr);
    check_reply(&req.hdr, &rsp.hdr, rsp.body, &f->guest_tx);
}

static void client_close(Client *c)
{
    if (c->sent) {
        close(c->fd);
        serve();
        g_assert_null(c->server);
        g_byte_array_unref(c->sent);
        g_byte_array_unref(c->got);
        *c = (Client) { };
    }
}

static void step(Fuzz *f, FuzzInput *in)
{
    uint8_t op = fuzz_u8(in);
    Client *c = &f->clients[op / 16 % CLIENTS];
    const uint8_t *bytes;
    size_t len;

    switch (op % 16 % OPS) {
    case MESSAGE:
        client_open(f, c);
        make_message(f, c->tx, in);
        client_send(f, c, f->last->data, f->last->len);
        break;
    case RAW:
        bytes = fuzz_bytes(in, fuzz_u8(in), &len);
        client_open(f, c);
        /* Whatever it may be */
        f->watched = true;
        client_send(f, c, bytes, len);
        break;
    case REPEAT:
        for (unsigned n = fuzz_u8(in); n; n--) {
            client_send(f, c, f->last->data, f->last->len);
            serve();
        }
        break;
    case RECEIVE:
        if (c->sent) {
            client_receive(c);
        }
        break;
    case CLOSE:
        client_close(c);
        break;
    case MIGRATE:
        fuzz_store_check_stream(f->impl);
        break;
    case GUEST:
        make_message(f, f->guest_tx, in);
        guest_send(f);
        break;
    }
    serve();
}

/* All that was sent is answered, unless the connection is at its end */
static void check_answered(Fuzz *f)
{
    struct xsd_sockmsg hdr;
    bool more;

    do {
        more = false;
        for (unsigned i = 0; i < CLIENTS; i++) {
            if (f->clients[i].sent) {
                serve();
                more |= client_receive(&f->clients[i]);
            }
        }
    } while (more);
    for (unsigned i = 0; i < CLIENTS; i++) {
        Client *c = &f->clients[i];

        if (c->server) {
            g_assert_null(whole(c->sent, &hdr));
            g_assert_cmpuint(c->got->len, ==, 0);
        } else if (c->sent) {
            g_assert_true(c->doomed || f->watched);
        }
    }
}

/* A write is what the next one reads, whatever was before */
static void check_usable(Fuzz *f)
{
    static const char write[] = "/check\0value", read[] = "/check";
    XenstoreMessage req = { .hdr.type = XS_WRITE }, rsp;
    XenstoreSession *session = xenstore_session_new(f->impl, NULL, NULL);

    req.hdr.len = sizeof(write) - 1;
    memcpy(req.body, write, sizeof(write));
    xenstore_session_handle(session, &req, &rsp);
    g_assert_cmpuint(rsp.hdr.type, ==, XS_WRITE);

    req.hdr.type = XS_READ;
    req.hdr.len = sizeof(read);
    memcpy(req.body, read, sizeof(read));
    xenstore_session_handle(session, &req, &rsp);
    g_assert_cmpuint(rsp.hdr.type, ==, XS_READ);
    g_assert_cmpuint(rsp.hdr.len, ==, strlen("value"));
    g_assert_true(!memcmp(rsp.body, "value", rsp.hdr.len));
    xenstore_session_free(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool initialized;
    FuzzInput in = { data, size };
    Fuzz f = { .last = g_byte_array_new() };

    if (!initialized) {
        qemu_init_main_loop(&error_abort);
        /* As QEMU has it */
        signal(SIGPIPE, SIG_IGN);
        initialized = true;
    }
    f.impl = fuzz_store_new();
    while (fuzz_more(&in)) {
        step(&f, &in);
    }
    check_answered(&f);
    fuzz_store_check(f.impl);
    fuzz_store_check_stream(f.impl);
    for (unsigned i = 0; i < CLIENTS; i++) {
        client_close(&f.clients[i]);
    }
    check_usable(&f);
    fuzz_store_free(f.impl);
    g_byte_array_unref(f.last);
    return 0;
}
