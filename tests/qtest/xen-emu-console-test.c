/*
 * The primary console of the Xen guest environment
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include <sys/socket.h>
#include "hw/xen/interface/io/console.h"
#include "qobject/qdict.h"
#include "xen-hypercall.h"
#include "xen-platform-common.h"
#include "xenstore-client.h"

/* Guest memory: arguments, and the shared info page */
#define ARGS        0x100000
#define SHARED_INFO 0x101000

#define FIELD(name) offsetof(struct xencons_interface, name)

enum { PARAM_CONSOLE_PFN = 17, PARAM_CONSOLE_EVTCHN = 18 };
enum { CLOSED = 6, INITIALISING = 1, INITIALISED = 3 };

typedef struct Console {
    QTestState *qts;
    XsClient *xs;
    int fd;         /* of who reads the console */
    uint64_t page;
} Console;

static uint64_t get_param(QTestState *qts, uint32_t index)
{
    struct {
        uint16_t domid;
        uint32_t index;
        uint64_t value;
    } param = { .domid = XEN_DOMID_SELF, .index = index };

    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_HVM_OP, 1, &param,
                                  sizeof(param)), ==, 0);
    return param.value;
}

static Console start(void)
{
    g_autofree char *sock = xp_tmp_path("xenstore");
    struct timeval timeout = { .tv_sec = 30 };
    int fds[2];
    Console c;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    c.fd = fds[0];
    c.qts = xp_start("-M pc -object xenstore-socket,id=xs,path=%s "
                     "-chardev socket,id=c,fd=%d "
                     "-device xen-console,idx=0,chardev=c,id=con", sock,
                     fds[1]);
    close(fds[1]);
    c.xs = xs_connect(sock);
    xen_map_shared_info(c.qts, SHARED_INFO);
    c.page = get_param(c.qts, PARAM_CONSOLE_PFN) << 12;
    return c;
}

static void quit(Console *c)
{
    xs_close(c->xs);
    close(c->fd);
    qtest_quit(c->qts);
}

static void kick(Console *c)
{
    uint32_t port = get_param(c->qts, PARAM_CONSOLE_EVTCHN);

    g_assert_cmpint(xen_call_with(c->qts, ARGS, XEN_EVENT_CHANNEL_OP, 4, &port,
                                  sizeof(port)), ==, 0);
}

/* Say that the ring is filled up to @prod, and wait until that was taken */
static void push(Console *c, uint32_t prod)
{
    gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;

    qtest_writel(c->qts, c->page + FIELD(out_prod), prod);
    kick(c);
    while (qtest_readl(c->qts, c->page + FIELD(out_cons)) != prod) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
    }
}

static void say(Console *c, const char *text)
{
    uint32_t prod = qtest_readl(c->qts, c->page + FIELD(out_prod));

    for (const char *p = text; *p; p++) {
        qtest_writeb(c->qts, c->page + FIELD(out) + prod++ % 2048, *p);
    }
    push(c, prod);
}

static void expect(Console *c, const char *text)
{
    char got[32] = "";
    size_t size = strlen(text);

    g_assert_cmpint(recv(c->fd, got, size, MSG_WAITALL), ==, size);
    g_assert_cmpstr(got, ==, text);
}

static void set_state(Console *c, const char *path, int state)
{
    g_autofree char *request = g_strdup_printf("%s/state|%d", path, state);

    xs_expect(c->xs, XS_WRITE, 0, request, "OK|");
}

#define FRONTEND "/local/domain/1/console"

static void add(Console *c)
{
    qtest_qmp_assert_success(c->qts, "{ 'execute': 'device_add', 'arguments': "
                             "{ 'driver': 'xen-console', 'idx': 0,"
                             "  'chardev': 'c', 'id': 'con' } }");
}

static void del(Console *c)
{
    qtest_qmp_device_del_send(c->qts, "con");
    set_state(c, FRONTEND, CLOSED);
    qtest_qmp_eventwait(c->qts, "DEVICE_DELETED");
}

/* The console goes and comes back, before and after a reset */
static void test_add_again(void)
{
    Console c = start();

    say(&c, "one");
    expect(&c, "one");
    for (int i = 0; i < 3; i++) {
        del(&c);
        add(&c);
        say(&c, "two");
        expect(&c, "two");
    }
    del(&c);
    qtest_system_reset(c.qts);
    add(&c);
    say(&c, "three");
    expect(&c, "three");
    qtest_system_reset(c.qts);
    say(&c, "four");
    expect(&c, "four");
    quit(&c);
}

/* SHUTDOWN_soft_reset, before a guest starts the next kernel by itself */
static void soft_reset(Console *c)
{
    uint32_t reason = 5;

    g_assert_cmpint(xen_call_with(c->qts, ARGS, XEN_SCHED_OP, 2, &reason,
                                  sizeof(reason)), ==, 0);
}

/* It works after any number of resets */
static void test_soft_resets(void)
{
    Console c = start();

    for (int i = 0; i < 5; i++) {
        soft_reset(&c);
        say(&c, "hello");
        expect(&c, "hello");
    }
    quit(&c);
}

static void test_resets(void)
{
    Console c = start();

    for (int i = 0; i < 5; i++) {
        qtest_system_reset(c.qts);
        say(&c, "hello");
        expect(&c, "hello");
    }
    for (int i = 0; i < 300; i++) {
        qtest_system_reset(c.qts);
    }
    set_state(&c, FRONTEND, CLOSED);
    set_state(&c, FRONTEND, INITIALISING);
    set_state(&c, FRONTEND, INITIALISED);
    say(&c, "still there");
    expect(&c, "still there");
    quit(&c);
}

/* Fill the ring @count times, while nobody reads */
static void flood(Console *c, unsigned int count)
{
    uint32_t prod = qtest_readl(c->qts, c->page + FIELD(out_prod));

    qtest_memset(c->qts, c->page + FIELD(out), 'x', 2048);
    for (unsigned int i = 0; i < count; i++) {
        prod += 2048;
        push(c, prod);
    }
}

/* Read up to and with the text "<end>"; returns how many bytes that were */
static size_t drain(Console *c)
{
    size_t total = 0;
    char buf[64 * KiB], last = 0;

    while (last != '>') {
        ssize_t size = recv(c->fd, buf, sizeof(buf), 0);

        /* A timeout: the rest does not come */
        g_assert_cmpint(size, >, 0);
        total += size;
        last = buf[size - 1];
    }
    return total;
}

/* A reader that does not read: not all is kept; what is, comes when it does */
static void test_blocked(void)
{
    Console c = start();
    size_t size;

    flood(&c, 4 * MiB / 2048);
    say(&c, "<end>");
    size = drain(&c);
    g_test_message("%zu bytes came", size);
    g_assert_cmpuint(size, >, 1 * MiB);
    g_assert_cmpuint(size, <, 2 * MiB);

    say(&c, "after");
    expect(&c, "after");
    quit(&c);
}

/* A limit below what waits already */
static void test_limit(void)
{
    Console c = start();
    size_t size;

    flood(&c, 1 * MiB / 2048);
    xs_expect(c.xs, XS_WRITE, 0, FRONTEND "/limit|1", "OK|");
    set_state(&c, FRONTEND, CLOSED);
    set_state(&c, FRONTEND, INITIALISING);
    set_state(&c, FRONTEND, INITIALISED);
    flood(&c, 1);
    say(&c, "<end>");
    size = drain(&c);
    g_test_message("%zu bytes came", size);
    g_assert_cmpuint(size, <, 1 * MiB);
    quit(&c);
}

/* With a backlog: the console goes, the reader goes */
static void test_backlog_ends(void)
{
    Console c = start();

    flood(&c, 1 * MiB / 2048);
    del(&c);
    add(&c);
    flood(&c, 1 * MiB / 2048);
    close(c.fd);
    say(&c, "nobody hears it");
    c.fd = -1;
    quit(&c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("xen-emu/console/add-again", test_add_again);
    qtest_add_func("xen-emu/console/resets", test_resets);
    qtest_add_func("xen-emu/console/soft-resets", test_soft_resets);
    qtest_add_func("xen-emu/console/blocked", test_blocked);
    qtest_add_func("xen-emu/console/limit", test_limit);
    qtest_add_func("xen-emu/console/backlog-ends", test_backlog_ends);
    return g_test_run();
}
