/*
 * Clients of an xenstore-socket that do harm, or try to
 *
 * Whatever they do, the monitor answers within a second and another client
 * is served.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/socket.h>
#include "libqtest.h"
#include "xenstore-client.h"

#define MAX_CLIENTS 64          /* hw/xen-emu/xenstore-socket.c */
#define OUT_MAX     (1 << 20)   /* hw/xen-emu/xenstore-socket-client.c */

static QTestState *qts;
static char *sock;

static void check_alive(void)
{
    gint64 start = g_get_monotonic_time();
    XsClient *c;

    qtest_qmp_assert_success(qts, "{ 'execute': 'query-status' }");
    c = xs_connect(sock);
    xs_expect(c, XS_READ, 0, "domid|", "!ENOENT|");
    xs_close(c);
    g_assert_cmpint(g_get_monotonic_time() - start, <, G_USEC_PER_SEC);
}

/* What it has not read yet, up to the end of the connection */
static size_t drain(XsClient *c)
{
    g_autofree char *buf = g_malloc(65536);
    size_t size = 0;
    ssize_t n;

    while ((n = recv(c->fd, buf, 65536, 0)) > 0) {
        size += n;
    }
    g_assert(n == 0 || errno == ECONNRESET);
    return size;
}

static const struct {
    const char *name;
    struct xsd_sockmsg hdr;
    size_t size;                /* to send, with zeroes for the body */
    const char *reply;          /* NULL: none */
} messages[] = {
    { "nothing", { }, 0, NULL },
    { "a byte", { .type = XS_READ }, 1, NULL },
    { "half a header", { .type = XS_READ, .len = 4 }, 12, NULL },
    { "no body", { .type = XS_READ, .len = 4 }, 16, NULL },
    { "half a body", { .type = XS_WRITE, .len = 4096 }, 16 + 2000, NULL },
    { "4096 NULs", { .type = XS_WRITE, .len = 4096 }, 16 + 4096, "!EINVAL|" },
    { "4097 bytes", { .type = XS_WRITE, .len = 4097 }, 16 + 4097, "!E2BIG|" },
    { "4097 announced", { .type = XS_WRITE, .len = 4097 }, 16, "!E2BIG|" },
    { "-1 bytes", { .type = XS_READ, .len = -1 }, 16, "!E2BIG|" },
    { "garbage", { -1, -1, -1, -1 }, 16, "!E2BIG|" },
    { "unknown type", { -1, -1, -1, 8 }, 16 + 8, "!ENOENT|" },
};

static void test_messages(void)
{
    for (int i = 0; i < ARRAY_SIZE(messages); i++) {
        g_autofree char *msg = g_malloc0(sizeof(struct xsd_sockmsg) + 4097);
        g_autofree char *reply = NULL, *got = NULL;
        XsClient *c = xs_connect(sock);
        struct xsd_sockmsg hdr;

        g_test_message("%s", messages[i].name);
        memcpy(msg, &messages[i].hdr, sizeof(hdr));
        xs_send_raw(c, msg, messages[i].size);
        if (messages[i].reply) {
            reply = xs_recv(c, &hdr);
            g_assert_nonnull(reply);
            g_assert_cmpuint(hdr.req_id, ==, messages[i].hdr.req_id);
            got = g_strconcat(hdr.type == XS_ERROR ? "!" : "", reply, NULL);
        }
        g_assert_cmpstr(got, ==, messages[i].reply);
        /* After one that is too long there is no telling where the next is. */
        if (messages[i].hdr.len > XENSTORE_PAYLOAD_MAX) {
            g_assert_cmpuint(drain(c), ==, 0);
        }
        check_alive();
        xs_close(c);
        check_alive();
    }
}

/* Every type with every kind of body, and bytes at random */
static void test_bodies(void)
{
    static const char *const bodies[] = {
        "", "|", "||", "|||", "x", "/", "/|", "/|/|", "/|0|", "/a|T|", "T|",
        "0|0|0|0|0|0|0|0|", "//||//||", "@|@|", "@x|t|", "4294967295|",
        "/a|n0", "/a|n0||", "/a||n0|", "../|", "%s%n|%s%n|",
    };
    g_autofree char *zeroes = g_strnfill(XENSTORE_PAYLOAD_MAX, '|');
    g_autofree char *slashes = g_strnfill(XENSTORE_PAYLOAD_MAX, '/');
    g_autofree char *letters = g_strnfill(XENSTORE_PAYLOAD_MAX, 'a');
    g_autofree char *path = g_strnfill(XENSTORE_ABS_PATH_MAX + 1, 'a');
    XsClient *c = xs_connect(sock);

    path[XENSTORE_ABS_PATH_MAX] = '|';
    for (int slash = 0; slash < 2; slash++, path[0] = '/') {
        for (uint32_t type = 0; type <= XS_TYPE_COUNT; type++) {
            g_free(xs_talk(c, type, 0, zeroes));
            g_free(xs_talk(c, type, 0, slashes));
            g_free(xs_talk(c, type, 0, letters));
            g_free(xs_talk(c, type, 0, path));
            for (int i = 0; i < ARRAY_SIZE(bodies); i++) {
                g_free(xs_talk(c, type, 0, bodies[i]));
                g_free(xs_talk(c, type, 12345, bodies[i]));
            }
        }
    }
    xs_expect(c, XS_GET_DOMAIN_PATH, 0, "0|", "/local/domain/0|");
    xs_close(c);
    check_alive();

    for (int round = 0; round < 500; round++) {
        uint32_t noise[64];

        for (int i = 0; i < ARRAY_SIZE(noise); i++) {
            noise[i] = g_test_rand_int();
        }
        noise[0] %= XS_TYPE_COUNT + 1;
        noise[2] %= 2;
        noise[3] %= 256;
        c = xs_connect(sock);
        xs_send_raw(c, noise, sizeof(noise));
        xs_close(c);
    }
    check_alive();
}

/* A watcher that does not read is dropped; who writes does not notice. */
static void test_slow_reader(void)
{
    g_autofree char *name = g_strnfill(200, 'n');
    XsClient *slow = xs_connect(sock), *c = xs_connect(sock);
    gint64 start, longest = 0;
    size_t unread;

    xs_expect(slow, XS_WATCH, 0, "/slow|t|", "OK|");
    for (int i = 0; i < 20000; i++) {
        g_autofree char *req = g_strdup_printf("/slow/%s%d|", name, i % 10);

        start = g_get_monotonic_time();
        xs_expect(c, XS_WRITE, 0, req, "OK|");
        longest = MAX(longest, g_get_monotonic_time() - start);
        if (i % 1000 == 0) {
            check_alive();
        }
    }
    g_assert_cmpint(longest, <, G_USEC_PER_SEC);

    /* What was sent before, and perhaps one buffer of the kernel's */
    unread = drain(slow);
    g_test_message("%zu bytes of %u reached the slow reader, longest write "
                   "%" PRId64 " us", unread, 20000 * 226, longest);
    g_assert_cmpuint(unread, <, OUT_MAX + (1 << 20));
    xs_expect(c, XS_RM, 0, "/slow|", "OK|");
    xs_close(slow);
    xs_close(c);
}

/* Requests without end and no reading: they are left in the socket. */
static void test_pipeline(void)
{
    struct {
        struct xsd_sockmsg hdr;
        char body[8];
    } req = { { .type = XS_READ, .len = 6 }, "/pipe" };
    const size_t size = sizeof(req.hdr) + 6;
    g_autofree char *value = g_strnfill(3000, 'v');
    g_autofree char *write = g_strdup_printf("/pipe|%s", value);
    XsClient *c = xs_connect(sock);
    int sent = 0, idle = 0;

    xs_expect(c, XS_WRITE, 0, write, "OK|");
    while (idle < 5) {
        if (send(c->fd, &req, size, MSG_DONTWAIT) == size) {
            sent++;
            idle = 0;
        } else {
            g_usleep(50000);
            idle++;
            check_alive();
        }
        g_assert_cmpint(sent, <, 100000);
    }

    /* None is lost. */
    for (int i = 0; i < sent; i++) {
        struct xsd_sockmsg hdr;
        g_autofree char *got = xs_recv(c, &hdr);

        g_assert_cmpstr(got, ==, value);
    }
    xs_expect(c, XS_RM, 0, "/pipe|", "OK|");
    xs_close(c);
}

/* More than there is room for are turned away, until one has gone. */
static void test_crowd(void)
{
    XsClient *c[MAX_CLIENTS + 10];

    for (int i = 0; i < ARRAY_SIZE(c); i++) {
        c[i] = xs_connect(sock);
        if (i < MAX_CLIENTS) {
            xs_expect(c[i], XS_READ, 0, "/none|", "!ENOENT|");
        } else {
            g_assert_cmpuint(drain(c[i]), ==, 0);
        }
    }
    qtest_qmp_assert_success(qts, "{ 'execute': 'query-status' }");
    for (int i = 0; i < ARRAY_SIZE(c); i++) {
        xs_close(c[i]);
    }
    check_alive();
}

/* 64 who always have a request ready, and one more */
static void test_flood(void)
{
    struct {
        struct xsd_sockmsg hdr;
        char body[8];
    } req[100];
    XsClient *c[MAX_CLIENTS - 1];
    g_autofree char *buf = g_malloc(65536);
    gint64 end = g_get_monotonic_time() + G_USEC_PER_SEC;

    for (int i = 0; i < ARRAY_SIZE(req); i++) {
        req[i].hdr = (struct xsd_sockmsg) { .type = XS_WRITE, .len = 8 };
        memcpy(req[i].body, "/flood\0", 8);
    }
    for (int i = 0; i < ARRAY_SIZE(c); i++) {
        c[i] = xs_connect(sock);
    }
    while (g_get_monotonic_time() < end) {
        for (int i = 0; i < ARRAY_SIZE(c); i++) {
            (void)!send(c[i]->fd, req, sizeof(req),
                         MSG_DONTWAIT | MSG_NOSIGNAL);
            (void)!recv(c[i]->fd, buf, 65536, MSG_DONTWAIT);
        }
        check_alive();
    }
    for (int i = 0; i < ARRAY_SIZE(c); i++) {
        xs_close(c[i]);
    }
    check_alive();
}

/* A directory of 40000 is listed in no time. */
static void test_large_directory(void)
{
    XsClient *c = xs_connect(sock);
    g_autofree char *listed = NULL, *removed = NULL;
    struct xsd_sockmsg hdr;

    for (int i = 0; i < 40000; i++) {
        g_autofree char *req = g_strdup_printf("/large/%d|", i);

        xs_expect(c, XS_MKDIR, 0, req, "OK|");
    }
    xs_send(c, XS_DIRECTORY_PART, 0, "/large|0|");
    g_usleep(20000);
    check_alive();
    listed = xs_recv(c, &hdr);
    g_assert_cmpuint(hdr.type, ==, XS_DIRECTORY_PART);

    xs_send(c, XS_RM, 0, "/large|");
    g_usleep(20000);
    check_alive();
    removed = xs_recv(c, &hdr);
    g_assert_cmpstr(removed, ==, "OK|");
    xs_close(c);
}

int main(int argc, char **argv)
{
    g_autofree char *dir = g_dir_make_tmp("xenstore-XXXXXX", NULL);
    int ret;

    sock = g_build_filename(dir, "sock", NULL);
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/xenstore-hostile/messages", test_messages);
    qtest_add_func("/xenstore-hostile/bodies", test_bodies);
    qtest_add_func("/xenstore-hostile/slow-reader", test_slow_reader);
    qtest_add_func("/xenstore-hostile/pipeline", test_pipeline);
    qtest_add_func("/xenstore-hostile/crowd", test_crowd);
    qtest_add_func("/xenstore-hostile/flood", test_flood);
    qtest_add_func("/xenstore-hostile/large-directory", test_large_directory);

    qts = qtest_initf("-M pc -accel qtest,xen-version=0x40011 -nodefaults "
                      "-object xenstore-socket,id=xs,path=%s", sock);
    ret = g_test_run();
    qtest_quit(qts);
    rmdir(dir);
    g_free(sock);
    return ret;
}
