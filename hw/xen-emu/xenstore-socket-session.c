/*
 * A session with the emulated xenstore as domain 0
 *
 * What concerns the store is left to the handlers that serve the guest's
 * ring. Here is what they do not know, having only one guest: whose watches
 * and transactions are whose, and the requests that mean something else for
 * domain 0 than for a guest.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "hw/xen/xen.h"
#include "hw/xen/xenstore-socket.h"
#include "hw/i386/kvm/xen_xenstore.h"

/* xenstored gives an unprivileged domain 128 and 10. */
#define MAX_WATCHES         256
#define MAX_TRANSACTIONS    16

typedef struct Watch {
    char *path;
    char *token;
} Watch;

struct XenstoreSession {
    XenstoreConn conn;
    GSList *watches;
    XenstoreMessage *req;   /* the request in hand, */
    XenstoreMessage *rsp;   /* and its reply */
};

/* Transaction ID to session; the store has one space of IDs. */
static GHashTable *transactions;

static void reply(XenstoreSession *s, const char *string)
{
    s->rsp->hdr.type = s->req->hdr.type;
    s->rsp->hdr.len = strlen(string) + 1;
    memcpy(s->rsp->body, string, s->rsp->hdr.len);
}

static void reply_error(XenstoreSession *s, const char *name)
{
    reply(s, name);
    s->rsp->hdr.type = XS_ERROR;
}

static void req_store(XenstoreSession *s)
{
    s->conn.rsp_data = (uint8_t *)s->rsp;
    xen_xenstore_handle_req(&s->conn, &s->req->hdr);
}

static void req_refused(XenstoreSession *s)
{
    reply_error(s, "ENOSYS");
}

/* "@introduceDomain" and "@releaseDomain": domains do not come and go here. */
static bool is_special(const char *path)
{
    return path[0] == '@';
}

static Watch *watch_find(XenstoreSession *s, const char *path,
                         const char *token)
{
    for (GSList *l = s->watches; l; l = l->next) {
        Watch *w = l->data;

        if (g_str_equal(w->path, path) && g_str_equal(w->token, token)) {
            return w;
        }
    }
    return NULL;
}

static void watch_remove(XenstoreSession *s, Watch *w)
{
    if (!is_special(w->path)) {
        xs_impl_unwatch(s->conn.impl, s->conn.dom_id, w->path, w->token,
                        s->conn.watch_fn, s->conn.watch_opaque);
    }
    s->watches = g_slist_remove(s->watches, w);
    g_free(w->path);
    g_free(w->token);
    g_free(w);
}

/* Find the two strings that the request has to have. */
static bool watch_parse(XenstoreSession *s, const char **path,
                        const char **token)
{
    const char *end = s->req->body + s->req->hdr.len;

    *path = s->req->body;
    *token = *path + strlen(*path) + 1;
    return *token < end && *token + strlen(*token) < end;
}

static void req_watch(XenstoreSession *s)
{
    const char *path, *token;
    Watch *w;

    if (!watch_parse(s, &path, &token)) {
        reply_error(s, "EINVAL");
        return;
    }
    if (watch_find(s, path, token)) {
        reply_error(s, "EEXIST");
        return;
    }
    if (g_slist_length(s->watches) >= MAX_WATCHES) {
        reply_error(s, "E2BIG");
        return;
    }
    if (is_special(path)) {
        s->conn.watch_fn(s->conn.watch_opaque, path, token);
        reply(s, "OK");
    } else {
        req_store(s);
    }
    if (s->rsp->hdr.type == XS_WATCH) {
        w = g_new(Watch, 1);
        w->path = g_strdup(path);
        w->token = g_strdup(token);
        s->watches = g_slist_prepend(s->watches, w);
    }
}

static void req_unwatch(XenstoreSession *s)
{
    const char *path, *token;
    Watch *w;

    if (!watch_parse(s, &path, &token)) {
        reply_error(s, "EINVAL");
        return;
    }
    w = watch_find(s, path, token);
    if (!w) {
        reply_error(s, "ENOENT");
        return;
    }
    watch_remove(s, w);
    reply(s, "OK");
}

static void req_transaction_start(XenstoreSession *s)
{
    unsigned int id, n = 0;
    GHashTableIter iter;
    gpointer owner;

    g_hash_table_iter_init(&iter, transactions);
    while (g_hash_table_iter_next(&iter, NULL, &owner)) {
        n += owner == s;
    }
    if (n >= MAX_TRANSACTIONS) {
        reply_error(s, "ENOSPC");
        return;
    }
    req_store(s);
    if (s->rsp->hdr.type == XS_TRANSACTION_START &&
        qemu_strtoui(s->rsp->body, NULL, 10, &id) == 0) {
        /* After loadvm, an ID may be used for a second time. */
        g_hash_table_replace(transactions, GUINT_TO_POINTER(id), s);
    }
}

static void req_transaction_end(XenstoreSession *s)
{
    req_store(s);
    /* Only a malformed request leaves it open. */
    if (s->rsp->hdr.type != XS_ERROR || !g_str_equal(s->rsp->body, "EINVAL")) {
        g_hash_table_remove(transactions,
                            GUINT_TO_POINTER(s->req->hdr.tx_id));
    }
}

static void session_reset(XenstoreSession *s)
{
    GHashTableIter iter;
    gpointer id, owner;

    while (s->watches) {
        watch_remove(s, s->watches->data);
    }
    g_hash_table_iter_init(&iter, transactions);
    while (g_hash_table_iter_next(&iter, &id, &owner)) {
        if (owner == s) {
            xs_impl_transaction_end(s->conn.impl, s->conn.dom_id,
                                    GPOINTER_TO_UINT(id), false);
            g_hash_table_iter_remove(&iter);
        }
    }
}

/* The store's own would take every watch of domain 0, QEMU's included. */
static void req_reset_watches(XenstoreSession *s)
{
    session_reset(s);
    reply(s, "OK");
}

static void req_domain(XenstoreSession *s)
{
    g_autofree char *path = NULL;
    unsigned int domid;

    if (qemu_strtoui(s->req->body, NULL, 10, &domid) < 0) {
        reply_error(s, "EINVAL");
    } else if (s->req->hdr.type == XS_GET_DOMAIN_PATH) {
        path = g_strdup_printf("/local/domain/%u", domid);
        reply(s, path);
    } else {
        reply(s, !domid || domid == xen_domid ? "T" : "F");
    }
}

static void (*const requests[])(XenstoreSession *) = {
    [XS_CONTROL] = req_refused,
    [XS_WATCH] = req_watch,
    [XS_UNWATCH] = req_unwatch,
    [XS_TRANSACTION_START] = req_transaction_start,
    [XS_INTRODUCE] = req_refused,
    [XS_RELEASE] = req_refused,
    [XS_GET_DOMAIN_PATH] = req_domain,
    [XS_IS_DOMAIN_INTRODUCED] = req_domain,
    [XS_RESUME] = req_refused,
    [XS_SET_TARGET] = req_refused,
    [XS_RESET_WATCHES] = req_reset_watches,
};

void xenstore_session_handle(XenstoreSession *s, XenstoreMessage *req,
                             XenstoreMessage *rsp)
{
    uint32_t type = req->hdr.type;
    gpointer tx = GUINT_TO_POINTER(req->hdr.tx_id);

    s->req = req;
    s->rsp = rsp;
    rsp->hdr.req_id = req->hdr.req_id;
    rsp->hdr.tx_id = req->hdr.tx_id;
    if (req->hdr.len > XENSTORE_PAYLOAD_MAX) {
        reply_error(s, "E2BIG");
        return;
    }
    req->body[req->hdr.len] = '\0';

    if (type < ARRAY_SIZE(requests) && requests[type]) {
        requests[type](s);
    } else if (tx && g_hash_table_lookup(transactions, tx) != s) {
        reply_error(s, "ENOENT");
    } else if (type == XS_TRANSACTION_END) {
        req_transaction_end(s);
    } else {
        req_store(s);
    }
}

XenstoreSession *xenstore_session_new(XenstoreImplState *impl,
                                      xs_impl_watch_fn *event, void *opaque)
{
    XenstoreSession *s = g_new0(XenstoreSession, 1);

    if (!transactions) {
        transactions = g_hash_table_new(NULL, NULL);
    }
    s->conn.impl = impl;
    s->conn.dom_id = 0;
    s->conn.watch_fn = event;
    s->conn.watch_opaque = opaque;
    return s;
}

void xenstore_session_free(XenstoreSession *s)
{
    session_reset(s);
    g_free(s);
}
