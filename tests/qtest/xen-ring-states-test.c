/*
 * xen-net and xen-console: the states of xenbus and the nodes that go with them
 *
 * A row of the table below is a walk of the frontend's through the states, each
 * with the state that the backend must come to.  The same rows are for both.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/socket.h>
#include "../libxen/consfront.h"
#include "../libxen/netfront.h"
#include "xen-ring-common.h"

/* Lines of QEMU's that may come of one walk: an error for each bad node */
#define LINES       4

typedef struct StatesMachine {
    RingMachine m;
    int fd;
    bool net;
    Netfront nic;
    Consfront console;
    Xenbus *bus;
} StatesMachine;

static void start(StatesMachine *s, bool net)
{
    int fds[2];

    s->net = net;
    ring_socket(net ? SOCK_DGRAM : SOCK_STREAM, fds);
    s->fd = fds[0];
    if (net) {
        ring_start(&s->m, "-netdev dgram,id=n,local.type=fd,local.str=%d "
                   "-device xen-net-device,idx=0,netdev=n", fds[1]);
        g_assert_true(netfront_init(&s->nic, &s->m.xs, &s->m.grants, 0));
        s->bus = &s->nic.bus;
    } else {
        ring_start(&s->m, "-chardev socket,id=c,fd=%d "
                   "-device xen-console,idx=1,chardev=c", fds[1]);
        g_assert_true(consfront_init(&s->console, &s->m.xs, &s->m.grants, 1));
        s->bus = &s->console.bus;
    }
    close(fds[1]);
    ring_begin_count(&s->m);
}

static void offer(StatesMachine *s, enum xenbus_state state)
{
    g_assert_true(s->net ? netfront_offer(&s->nic, state) :
                           consfront_offer(&s->console, state));
}

static void release(StatesMachine *s)
{
    g_assert_true(s->net ? netfront_release(&s->nic) :
                           consfront_release(&s->console));
    ring_expect_count(&s->m);
}

/* 60 bytes out */
static void works(StatesMachine *s)
{
    uint8_t sent[60] = "out", got[60];

    if (s->net) {
        s->m.g->ops->write(s->m.g, s->m.data, sent, sizeof(sent));
        g_assert_cmpint(netfront_send(&s->nic, s->m.data, sizeof(sent), 0), ==,
                        NETIF_RSP_OKAY);
    } else {
        g_assert_true(consfront_write(&s->console, sent, sizeof(sent)));
    }
    g_assert_cmpint(recv(s->fd, got, sizeof(got), MSG_WAITALL), ==,
                    sizeof(got));
    g_assert_cmpmem(got, sizeof(got), sent, sizeof(sent));
}

/* Close from wherever it is, take all back, and connect as if new */
static void quit(StatesMachine *s)
{
    g_assert_true(xenbus_set_state(s->bus, XenbusStateClosing));
    g_assert_true(xenbus_set_state(s->bus, XenbusStateClosed));
    g_assert_true(xenbus_wait(s->bus, XenbusStateClosed));
    release(s);
    g_assert_true(xenbus_reopen(s->bus));
    offer(s, XenbusStateConnected);
    g_assert_true(xenbus_wait(s->bus, XenbusStateConnected));
    works(s);
    ring_expect_alive(&s->m);
    ring_expect_log(&s->m, "", LINES);
    ring_end(&s->m);
    close(s->fd);
}

#define END     (-1)
#define GONE    (-2)    /* the node is removed */
#define RUBBISH (-3)    /* it is no number */

typedef struct Step {
    int frontend;
    enum xenbus_state backend;
} Step;

static const struct {
    const char *name;
    Step steps[8];
} walks[] = {
    { "straight", { { 3, 2 }, { 4, 4 }, { 5, 5 }, { 6, 6 }, { 1, 2 }, { END } },
    },
    { "skip-initialised", { { 4, 4 }, { 6, 6 }, { 1, 2 }, { END } } },
    { "again-and-again", { { 4, 4 }, { 4, 4 }, { 4, 4 }, { END } } },
    { "back-to-initialising", { { 4, 4 }, { 1, 4 }, { 4, 4 }, { END } } },
    { "back-to-initialised", { { 4, 4 }, { 3, 4 }, { 4, 4 }, { END } } },
    { "closing-first", { { 5, 5 }, { 6, 6 }, { 1, 2 }, { 4, 4 }, { END } } },
    { "closing-and-back", { { 4, 4 }, { 5, 5 }, { 4, 4 }, { END } } },
    { "closed-first", { { 6, 6 }, { 1, 2 }, { 4, 4 }, { END } } },
    { "closed-and-connected", { { 4, 4 }, { 6, 6 }, { 4, 4 }, { END } } },
    { "vanish", { { 4, 4 }, { GONE, 6 }, { 1, 2 }, { 4, 4 }, { END } } },
    { "vanish-first", { { GONE, 6 }, { 1, 2 }, { 4, 4 }, { END } } },
    { "rubbish", { { 4, 4 }, { RUBBISH, 6 }, { 1, 2 }, { 4, 4 }, { END } } },
    { "unknown-states", { { 4, 4 }, { 7, 4 }, { 99, 4 }, { 0x7fffffff, 4 },
                          { END } } },
};

static void step(StatesMachine *s, const Step *step)
{
    const char *dir = s->bus->frontend;

    if (step->frontend == GONE) {
        g_assert_true(xenstore_rm(&s->m.xs, 0, dir, "state"));
    } else if (step->frontend == RUBBISH) {
        g_assert_true(xenstore_write(&s->m.xs, 0, dir, "state", "rubbish"));
    } else {
        g_assert_true(xenbus_set_state(s->bus, step->frontend));
    }
    /* It stays there, too */
    g_assert_true(xenbus_wait(s->bus, step->backend));
    ring_expect_alive(&s->m);
    g_assert_cmpuint(xenbus_backend_state(s->bus), ==, step->backend);
}

static void walk(bool net, unsigned which)
{
    StatesMachine s = { .fd = -1 };

    start(&s, net);
    offer(&s, XenbusStateInitialising);
    for (const Step *now = walks[which].steps; now->frontend != END; now++) {
        /* A console connects at Initialised, as well as at Connected */
        Step other = { now->frontend, XenbusStateConnected };

        step(&s, !net && now->frontend == XenbusStateInitialised ? &other :
                 now);
        if (now->frontend == XenbusStateConnected) {
            works(&s);
        }
    }
    quit(&s);
}

static void test_walk_net(const void *opaque)
{
    walk(true, GPOINTER_TO_UINT(opaque));
}

static void test_walk_console(const void *opaque)
{
    walk(false, GPOINTER_TO_UINT(opaque));
}

/* A node that does not say what it should: it closes and gives all back */
static const struct {
    const char *name;
    bool net;
    bool console;
} nodes[] = {
    { "tx-ring-ref", .net = true },
    { "rx-ring-ref", .net = true },
    { "event-channel", .net = true },
    { "request-rx-copy", .net = true },
    { "ring-ref", .console = true },
    { "port", .console = true },
};

static void test_nodes(const void *opaque)
{
    static const char *const values[] = {
        NULL, "", "rubbish", "0", "-1", "4294967295", "4294967296",
        "99999999999999999999", "5000",
    };
    unsigned which = GPOINTER_TO_UINT(opaque);

    for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
        StatesMachine s = { .fd = -1 };

        if (i >= 4 && !strcmp(nodes[which].name, "request-rx-copy")) {
            break;      /* these say yes */
        }
        start(&s, nodes[which].net);
        offer(&s, XenbusStateInitialising);
        if (values[i]) {
            g_assert_true(xenstore_write(&s.m.xs, 0, s.bus->frontend,
                                         nodes[which].name, values[i]));
        } else {
            g_assert_true(xenstore_rm(&s.m.xs, 0, s.bus->frontend,
                                      nodes[which].name));
        }
        g_assert_true(xenbus_set_state(s.bus, XenbusStateConnected));
        g_assert_true(xenbus_wait(s.bus, XenbusStateClosing));
        quit(&s);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(walks); i++) {
        g_autofree char *net = g_strdup_printf("xen-net/states/%s",
                                               walks[i].name);
        g_autofree char *console = g_strdup_printf("xen-console/states/%s",
                                                   walks[i].name);

        qtest_add_data_func(net, GUINT_TO_POINTER(i), test_walk_net);
        qtest_add_data_func(console, GUINT_TO_POINTER(i), test_walk_console);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(nodes); i++) {
        g_autofree char *path = g_strdup_printf("xen-%s/nodes/%s",
                                                nodes[i].net ? "net" :
                                                "console", nodes[i].name);

        qtest_add_data_func(path, GUINT_TO_POINTER(i), test_nodes);
    }
    return g_test_run();
}
