/*
 * The emulated xenstore answers as xenstored does
 *
 * Requests, replies and events, one by one, through an xenstore-socket.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "xenstore-client.h"

/* What a session may have, hw/xen-emu/xenstore-socket-session.c */
#define MAX_WATCHES         256
#define MAX_TRANSACTIONS    16

static char *sock;

static const struct {
    uint32_t type;
    const char *body;
    const char *reply;
} requests[] = {
    /* A value ends where the request ends. */
    { XS_WRITE, "/t/a|value", "OK|" },
    { XS_READ, "/t/a|", "value" },
    { XS_WRITE, "/t/a|", "OK|" },
    { XS_READ, "/t/a|", "" },
    { XS_WRITE, "/t/a|with|NUL|", "OK|" },
    { XS_READ, "/t/a|", "with|NUL|" },
    { XS_READ, "/t/none|", "!ENOENT|" },
    { XS_WRITE, "/t/deep/down|x", "OK|" },
    { XS_READ, "/t/deep|", "" },

    /* A relative path begins at the home of domain 0. */
    { XS_WRITE, "rel|x", "OK|" },
    { XS_READ, "/local/domain/0/rel|", "x" },
    { XS_RM, "rel|", "OK|" },

    { XS_READ, "/|", "" },
    { XS_WRITE, "/t/a@b-c_d|x", "OK|" },
    { XS_RM, "/t/a@b-c_d|", "OK|" },
    { XS_WRITE, "@releaseDomain|x", "!EINVAL|" },
    { XS_READ, "/t/a/|", "!EINVAL|" },
    { XS_READ, "/t//a|", "!EINVAL|" },
    { XS_READ, "/t/a.b|", "!EINVAL|" },
    { XS_READ, "|", "!EINVAL|" },
    { XS_READ, "/t/a", "!EINVAL|" },
    { XS_READ, "", "!EINVAL|" },
    { XS_WRITE, "/t/a", "!EINVAL|" },

    /* MKDIR leaves alone what is there. */
    { XS_MKDIR, "/t/dir|", "OK|" },
    { XS_MKDIR, "/t/dir|", "OK|" },
    { XS_READ, "/t/dir|", "" },
    { XS_MKDIR, "/t/a|", "OK|" },
    { XS_READ, "/t/a|", "with|NUL|" },
    { XS_MKDIR, "/t/a/|", "!EINVAL|" },

    { XS_DIRECTORY, "/t|", "a|deep|dir|" },
    { XS_DIRECTORY, "/t/dir|", "" },
    { XS_DIRECTORY, "/t/none|", "!ENOENT|" },
    { XS_DIRECTORY_PART, "/t|", "!EINVAL|" },
    { XS_DIRECTORY_PART, "/t|x|", "!EINVAL|" },
    { XS_DIRECTORY_PART, "/t/none|0|", "!ENOENT|" },

    /* RM of what is not there is all right if its parent is there. */
    { XS_RM, "/t/deep|", "OK|" },
    { XS_READ, "/t/deep/down|", "!ENOENT|" },
    { XS_RM, "/t/deep|", "OK|" },
    { XS_RM, "/t/deep/down|", "!ENOENT|" },
    { XS_RM, "/none|", "OK|" },
    { XS_RM, "rel|", "OK|" },
    { XS_RM, "/|", "!EINVAL|" },
    { XS_DIRECTORY, "/t|", "a|dir|" },

    /* A new node has the permissions of its parent. */
    { XS_GET_PERMS, "/t/a|", "n0|" },
    { XS_SET_PERMS, "/t/a|b0|r1|w2|n3|", "OK|" },
    { XS_GET_PERMS, "/t/a|", "b0|r1|w2|n3|" },
    { XS_MKDIR, "/t/a/b|", "OK|" },
    { XS_GET_PERMS, "/t/a/b|", "b0|r1|w2|n3|" },
    { XS_SET_PERMS, "/t/a|n1|junk", "OK|" },
    { XS_GET_PERMS, "/t/a|", "n1|" },
    { XS_SET_PERMS, "/t/a|", "!EINVAL|" },
    { XS_SET_PERMS, "/t/a||", "!EINVAL|" },
    { XS_SET_PERMS, "/t/a|x0|", "!EINVAL|" },
    { XS_SET_PERMS, "/t/a|n|", "!EINVAL|" },
    { XS_SET_PERMS, "/t/a|n-1|", "!EINVAL|" },
    { XS_SET_PERMS, "/t/a|n 1|", "!EINVAL|" },
    { XS_SET_PERMS, "/t/a|n1x|", "!EINVAL|" },
    { XS_SET_PERMS, "/t/a|n99999999999|", "!EINVAL|" },
    { XS_SET_PERMS, "/t/none|n0|", "!ENOENT|" },
    { XS_GET_PERMS, "/t/none|", "!ENOENT|" },

    { XS_GET_DOMAIN_PATH, "7|", "/local/domain/7|" },
    { XS_GET_DOMAIN_PATH, "x|", "!EINVAL|" },
    { XS_GET_DOMAIN_PATH, "", "!EINVAL|" },
    { XS_IS_DOMAIN_INTRODUCED, "0|", "T|" },
    { XS_IS_DOMAIN_INTRODUCED, "1|", "T|" },
    { XS_IS_DOMAIN_INTRODUCED, "2|", "F|" },
    { XS_CONTROL, "help|", "!ENOSYS|" },
    { XS_INTRODUCE, "2|1|1|", "!ENOSYS|" },
    { XS_RELEASE, "1|", "!ENOSYS|" },
    { XS_RESUME, "1|", "!ENOSYS|" },
    { XS_SET_TARGET, "1|2|", "!ENOSYS|" },
    { XS_WATCH_EVENT, "/t|t|", "!ENOSYS|" },
    { XS_ERROR, "EIO|", "!ENOSYS|" },
    { XS_TYPE_COUNT, "|", "!ENOSYS|" },
    { XS_INVALID, "|", "!ENOSYS|" },
    { UINT32_MAX, "", "!ENOSYS|" },

    { XS_TRANSACTION_START, "", "!EINVAL|" },
    { XS_TRANSACTION_END, "T|", "!ENOENT|" },
    { XS_WATCH, "/t|", "!EINVAL|" },
    { XS_WATCH, "/t|token", "!EINVAL|" },
    { XS_WATCH, "", "!EINVAL|" },
    { XS_WATCH, "/t/|token|", "!EINVAL|" },
    { XS_UNWATCH, "/t|token|", "!ENOENT|" },
    { XS_UNWATCH, "/t|", "!EINVAL|" },
    { XS_RM, "/t|", "OK|" },
};

static void test_requests(void)
{
    XsClient *c = xs_connect(sock);

    for (int i = 0; i < ARRAY_SIZE(requests); i++) {
        g_autofree char *got = xs_talk(c, requests[i].type, 0,
                                       requests[i].body);

        if (g_strcmp0(got, requests[i].reply)) {
            g_error("request type %u '%s': expected '%s', got '%s'",
                    requests[i].type, requests[i].body, requests[i].reply,
                    got);
        }
    }
    xs_close(c);
}

/* 700 names of 8 bytes: two replies; the last part ends with an empty name */
static void test_directory_part(void)
{
    XsClient *c = xs_connect(sock);
    g_autoptr(GString) expected = g_string_new(NULL);
    g_autoptr(GString) got = g_string_new(NULL);
    g_autofree char *first = NULL, *part = NULL;

    for (int i = 0; i < 700; i++) {
        g_autofree char *path = g_strdup_printf("/part/node%03d|", 699 - i);

        xs_expect(c, XS_MKDIR, 0, path, "OK|");
        g_string_append_printf(expected, "node%03d|", i);
    }
    g_string_append(expected, "|");
    xs_expect(c, XS_DIRECTORY, 0, "/part|", "!E2BIG|");

    while (!g_str_has_suffix(got->str, "||")) {
        g_autofree char *req = g_strdup_printf("/part|%zu|", got->len);
        g_autofree char *reply = xs_talk(c, XS_DIRECTORY_PART, 0, req);
        char *names = strchr(reply, '|') + 1;

        g_assert_cmpuint(strlen(reply), <=, XENSTORE_PAYLOAD_MAX);
        g_string_append(got, names);
        *names = '\0';
        if (!first) {
            first = g_strdup(reply);
        }
        g_assert_cmpstr(reply, ==, first);
    }
    g_assert_cmpstr(got->str, ==, expected->str);

    /* Behind the end there is nothing, and a change shows in the count. */
    xs_expect(c, XS_RM, 0, "/part/node000|", "OK|");
    part = xs_talk(c, XS_DIRECTORY_PART, 0, "/part|100000|");
    g_assert(g_str_has_suffix(part, "||"));
    g_assert_false(g_str_has_prefix(part, first));
    xs_expect(c, XS_RM, 0, "/part|", "OK|");
    xs_close(c);
}

static void test_transaction(void)
{
    XsClient *a = xs_connect(sock), *b = xs_connect(sock);
    uint32_t tx, tx2;

    xs_expect(b, XS_WATCH, 0, "/tx|t|", "OK|");
    xs_expect_events(b, "/tx|t|");

    /* Nobody sees it before the commit, and nobody else can be in it. */
    tx = xs_start(a);
    xs_expect(a, XS_WRITE, tx, "/tx/a|1", "OK|");
    xs_expect(a, XS_READ, tx, "/tx/a|", "1");
    xs_expect(a, XS_READ, 0, "/tx/a|", "!ENOENT|");
    xs_expect(b, XS_READ, 0, "/tx/a|", "!ENOENT|");
    xs_expect(b, XS_READ, tx, "/tx/a|", "!ENOENT|");
    xs_expect(b, XS_WRITE, tx, "/tx/a|2", "!ENOENT|");
    xs_expect(b, XS_TRANSACTION_END, tx, "F|", "!ENOENT|");
    xs_expect_events(b, "");
    xs_expect(a, XS_TRANSACTION_START, tx, "|", "!EINVAL|");
    xs_expect(a, XS_TRANSACTION_END, tx, "X|", "!EINVAL|");
    xs_expect(a, XS_TRANSACTION_END, tx, "T|", "OK|");
    xs_expect(b, XS_READ, 0, "/tx/a|", "1");
    xs_expect_events(b, "/tx/a|t|");
    xs_expect(a, XS_READ, tx, "/tx/a|", "!ENOENT|");

    /* Aborted */
    tx = xs_start(a);
    xs_expect(a, XS_WRITE, tx, "/tx/a|2", "OK|");
    xs_expect(a, XS_TRANSACTION_END, tx, "F|", "OK|");
    xs_expect(a, XS_READ, 0, "/tx/a|", "1");

    /* In conflict with a write, and with another transaction */
    tx = xs_start(a);
    tx2 = xs_start(b);
    xs_expect(a, XS_WRITE, tx, "/tx/a|2", "OK|");
    xs_expect(b, XS_WRITE, tx2, "/tx/a|3", "OK|");
    xs_expect(b, XS_WRITE, 0, "/tx/a|4", "OK|");
    xs_expect(a, XS_TRANSACTION_END, tx, "T|", "!EAGAIN|");
    xs_expect(a, XS_TRANSACTION_END, tx, "T|", "!ENOENT|");
    tx = xs_start(a);
    xs_expect(a, XS_WRITE, tx, "/tx/a|5", "OK|");
    xs_expect(a, XS_TRANSACTION_END, tx, "T|", "OK|");
    xs_expect(b, XS_TRANSACTION_END, tx2, "T|", "!EAGAIN|");
    xs_expect(b, XS_READ, 0, "/tx/a|", "5");
    xs_expect(b, XS_RM, 0, "/tx|", "OK|");
    xs_close(a);
    xs_close(b);
}

static void test_transaction_rm(void)
{
    XsClient *c = xs_connect(sock);
    uint32_t tx;

    for (const char *p = "abc"; *p; p++) {
        g_autofree char *req = g_strdup_printf("/rm/%c/child|1", *p);

        xs_expect(c, XS_WRITE, 0, req, "OK|");
    }
    xs_expect(c, XS_WATCH, 0, "/rm|t|", "OK|");
    g_free(xs_events(c));

    /* What was removed is gone, for the transaction. */
    tx = xs_start(c);
    xs_expect(c, XS_RM, tx, "/rm/a|", "OK|");
    xs_expect(c, XS_RM, tx, "/rm/b|", "OK|");
    xs_expect(c, XS_RM, tx, "/rm/c|", "OK|");
    xs_expect(c, XS_RM, tx, "/rm/c|", "OK|");
    xs_expect(c, XS_READ, tx, "/rm/a/child|", "!ENOENT|");
    xs_expect(c, XS_DIRECTORY, tx, "/rm/a|", "!ENOENT|");
    xs_expect(c, XS_SET_PERMS, tx, "/rm/a|n0|", "!ENOENT|");
    xs_expect(c, XS_DIRECTORY, tx, "/rm|", "");
    xs_expect(c, XS_DIRECTORY, 0, "/rm|", "a|b|c|");

    /* It can be made again, with what it had not. */
    xs_expect(c, XS_MKDIR, tx, "/rm/a|", "OK|");
    xs_expect(c, XS_DIRECTORY, tx, "/rm/a|", "");
    xs_expect_events(c, "");
    xs_expect(c, XS_TRANSACTION_END, tx, "T|", "OK|");
    xs_expect(c, XS_DIRECTORY, 0, "/rm|", "a|");
    xs_expect(c, XS_DIRECTORY, 0, "/rm/a|", "");
    g_free(xs_events(c));

    /* Each tree that was removed is an event. */
    xs_expect(c, XS_WRITE, 0, "/rm/a/child|1", "OK|");
    xs_expect(c, XS_WRITE, 0, "/rm/b/child|1", "OK|");
    g_free(xs_events(c));
    tx = xs_start(c);
    xs_expect(c, XS_RM, tx, "/rm/a|", "OK|");
    xs_expect(c, XS_RM, tx, "/rm/b|", "OK|");
    xs_expect(c, XS_TRANSACTION_END, tx, "T|", "OK|");
    {
        g_autofree char *events = xs_events(c);

        g_assert_cmpuint(strlen(events), ==, 2 * strlen("/rm/a|t|"));
        g_assert_nonnull(strstr(events, "/rm/a|t|"));
        g_assert_nonnull(strstr(events, "/rm/b|t|"));
    }
    xs_expect(c, XS_RM, 0, "/rm|", "OK|");
    xs_close(c);
}

static void test_watch(void)
{
    XsClient *c = xs_connect(sock);
    g_autofree char *name = g_strnfill(2500, 'n');
    g_autofree char *token = g_strnfill(2000, 't');
    g_autofree char *req = g_strdup_printf("/w|%s|", token);
    g_autofree char *deep = g_strdup_printf("/w/%s|", name);

    xs_expect(c, XS_WATCH, 0, "/w|t|", "OK|");
    xs_expect_events(c, "/w|t|");
    xs_expect(c, XS_WATCH, 0, "/w|t|", "!EEXIST|");

    /* Writing, making, removing, and other permissions */
    xs_expect(c, XS_WRITE, 0, "/w/a/b|1", "OK|");
    xs_expect_events(c, "/w/a/b|t|");
    xs_expect(c, XS_MKDIR, 0, "/w/a/b|", "OK|");
    xs_expect_events(c, "");
    xs_expect(c, XS_SET_PERMS, 0, "/w/a|r0|", "OK|");
    xs_expect_events(c, "/w/a|t|");
    xs_expect(c, XS_WRITE, 0, "/wrong|1", "OK|");
    xs_expect(c, XS_RM, 0, "/wrong|", "OK|");
    xs_expect_events(c, "");
    xs_expect(c, XS_UNWATCH, 0, "/w|t|", "OK|");
    xs_expect(c, XS_UNWATCH, 0, "/w|t|", "!ENOENT|");

    /* The removal of a parent is an event on what is watched. */
    xs_expect(c, XS_WATCH, 0, "/w/a/b|b|", "OK|");
    xs_expect_events(c, "/w/a/b|b|");
    xs_expect(c, XS_RM, 0, "/w/a|", "OK|");
    xs_expect_events(c, "/w/a/b|b|");

    /* Relative in, relative out */
    xs_expect(c, XS_WATCH, 0, "rel|t|", "OK|");
    xs_expect(c, XS_WRITE, 0, "/local/domain/0/rel/x|1", "OK|");
    xs_expect(c, XS_RM, 0, "rel|", "OK|");
    xs_expect_events(c, "rel|t|rel/x|t|rel|t|");

    xs_expect(c, XS_WATCH, 0, "@releaseDomain|t|", "OK|");
    xs_expect_events(c, "@releaseDomain|t|");
    xs_expect(c, XS_WATCH, 0, "@releaseDomain|t|", "!EEXIST|");
    xs_expect(c, XS_UNWATCH, 0, "@releaseDomain|t|", "OK|");
    xs_expect(c, XS_UNWATCH, 0, "@releaseDomain|t|", "!ENOENT|");

    /* An event that fits into no message is none. */
    xs_expect(c, XS_WATCH, 0, req, "OK|");
    g_free(xs_events(c));
    xs_expect(c, XS_WRITE, 0, deep, "OK|");
    xs_expect_events(c, "");

    xs_expect(c, XS_RESET_WATCHES, 0, "|", "OK|");
    xs_expect(c, XS_RM, 0, "/w|", "OK|");
    xs_expect_events(c, "");
    xs_close(c);
}

static void test_watch_root(void)
{
    XsClient *c = xs_connect(sock);
    uint32_t tx;

    xs_expect(c, XS_WATCH, 0, "/|t|", "OK|");
    xs_expect_events(c, "/|t|");
    xs_expect(c, XS_WRITE, 0, "/r/a|1", "OK|");
    xs_expect_events(c, "/r/a|t|");
    xs_expect(c, XS_WRITE, 0, "/|", "OK|");
    xs_expect_events(c, "/|t|");
    tx = xs_start(c);
    xs_expect(c, XS_WRITE, tx, "/r/b|1", "OK|");
    xs_expect(c, XS_WRITE, tx, "/|", "OK|");
    xs_expect(c, XS_TRANSACTION_END, tx, "T|", "OK|");
    xs_expect_events(c, "/r/b|t|/|t|");
    xs_expect(c, XS_RM, 0, "/r|", "OK|");
    xs_expect_events(c, "/r|t|");
    xs_close(c);
}

/* Three on one path: the one in the middle goes, and only that one. */
static void test_watch_others(void)
{
    XsClient *c[3];

    for (int i = 0; i < 3; i++) {
        c[i] = xs_connect(sock);
        xs_expect(c[i], XS_WATCH, 0, "/o|t|", "OK|");
        xs_expect_events(c[i], "/o|t|");
    }
    xs_expect(c[1], XS_UNWATCH, 0, "/o|t|", "OK|");
    xs_expect(c[0], XS_WRITE, 0, "/o|1", "OK|");
    xs_expect_events(c[0], "/o|t|");
    xs_expect_events(c[1], "");
    xs_expect_events(c[2], "/o|t|");

    /* The same by disconnecting, and nobody minds a reset. */
    xs_expect(c[1], XS_WATCH, 0, "/o|t|", "OK|");
    xs_close(c[1]);
    c[1] = xs_connect(sock);
    xs_expect(c[1], XS_RESET_WATCHES, 0, "|", "OK|");
    xs_expect(c[1], XS_RM, 0, "/o|", "OK|");
    xs_expect_events(c[0], "/o|t|");
    xs_expect_events(c[1], "");
    xs_expect_events(c[2], "/o|t|");
    for (int i = 0; i < 3; i++) {
        xs_close(c[i]);
    }
}

/* A session has its limits, but only while it lasts. */
static void test_limits(void)
{
    for (int round = 0; round < 20; round++) {
        XsClient *c = xs_connect(sock);

        for (int i = 0; i < MAX_WATCHES; i++) {
            g_autofree char *req = g_strdup_printf("/l|%d|", i);

            xs_expect(c, XS_WATCH, 0, req, "OK|");
        }
        xs_expect(c, XS_WATCH, 0, "/l|more|", "!E2BIG|");
        for (int i = 0; i < MAX_TRANSACTIONS; i++) {
            xs_expect(c, XS_WRITE, xs_start(c), "/l/x|1", "OK|");
        }
        xs_expect(c, XS_TRANSACTION_START, 0, "|", "!ENOSPC|");
        if (round == 0) {
            xs_expect(c, XS_RESET_WATCHES, 0, "|", "OK|");
            xs_start(c);
            xs_expect(c, XS_WATCH, 0, "/l|more|", "OK|");
        }
        xs_close(c);
    }
}

int main(int argc, char **argv)
{
    g_autofree char *dir = g_dir_make_tmp("xenstore-XXXXXX", NULL);
    QTestState *qts;
    int ret;

    sock = g_build_filename(dir, "sock", NULL);
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/xenstore-protocol/requests", test_requests);
    qtest_add_func("/xenstore-protocol/directory-part", test_directory_part);
    qtest_add_func("/xenstore-protocol/transaction", test_transaction);
    qtest_add_func("/xenstore-protocol/transaction/rm", test_transaction_rm);
    qtest_add_func("/xenstore-protocol/watch", test_watch);
    qtest_add_func("/xenstore-protocol/watch/root", test_watch_root);
    qtest_add_func("/xenstore-protocol/watch/others", test_watch_others);
    qtest_add_func("/xenstore-protocol/limits", test_limits);

    qts = qtest_initf("-M pc -accel qtest,xen-version=0x40011 -nodefaults "
                      "-object xenstore-socket,id=xs,path=%s", sock);
    ret = g_test_run();
    qtest_quit(qts);
    rmdir(dir);
    g_free(sock);
    return ret;
}
