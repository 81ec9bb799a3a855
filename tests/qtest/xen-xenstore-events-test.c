/*
 * xenstore: watch events that the guest does not read
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-ring-common.h"

#define TIMES   2000
#define LAST    "1999"
#define NODES   3
#define WATCHES 2
#define IN_RING 50      /* there is no room for more */

static RingMachine m;

/* How many come before the reply to a request, kept by the client or not */
static unsigned take_events(void)
{
    unsigned count = 0;
    const char *token;

    m.xs.lost_events = 0;
    g_assert_nonnull(xenstore_read(&m.xs, 0, "", "data/0"));
    while (xenstore_event(&m.xs, &token)) {
        count++;
    }
    return count + m.xs.lost_events;
}

static void start(void)
{
    ring_start(&m, " ");
    for (unsigned n = 0; n < NODES; n++) {
        g_autofree char *name = g_strdup_printf("data/%u", n);

        g_assert_true(xenstore_write(&m.xs, 0, "", name, "0"));
    }
    g_assert_true(xenstore_watch(&m.xs, "data", "a"));
    g_assert_true(xenstore_watch(&m.xs, "data", "b"));
    take_events();
}

/* The host writes; what waits is one event for each node and watch */
static void test_once(void)
{
    unsigned count;

    start();
    for (unsigned i = 0; i < TIMES; i++) {
        g_autofree char *request = g_strdup_printf(
            "/local/domain/1/data/%u|%u", i % NODES, i);

        xs_expect(m.host, XS_WRITE, 0, request, "OK|");
    }
    count = take_events();
    g_assert_cmpuint(count, >=, WATCHES * NODES);
    g_assert_cmpuint(count, <=, WATCHES * NODES + IN_RING);
    g_assert_cmpstr(xenstore_read(&m.xs, 0, "", "data/1"), ==, LAST);
    ring_end(&m);
}

/* Once they are read, a change makes an event again */
static void test_again(void)
{
    const char *token;

    start();
    for (unsigned i = 0; i < TIMES; i++) {
        xs_expect(m.host, XS_WRITE, 0, "/local/domain/1/data/0|1", "OK|");
    }
    take_events();
    xs_expect(m.host, XS_WRITE, 0, "/local/domain/1/data/0|2", "OK|");
    g_assert_cmpstr(xenstore_read(&m.xs, 0, "", "data/0"), ==, "2");
    g_assert_nonnull(xenstore_event(&m.xs, &token));
    ring_end(&m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("xen-xenstore/events/once", test_once);
    qtest_add_func("xen-xenstore/events/again", test_again);
    return g_test_run();
}
