/*
 * xen-console: input and output, over the guest's side in tests/libxen
 *
 * xen-emu-console-test has what is peculiar to the primary console.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/socket.h>
#include "xen-console-common.h"

/* Some text each way */
static void test_primary(void)
{
    ConsoleMachine *c = console_start();

    console_works(c, 0, 0, 100);
    console_end(c);
}

/* The same, and nothing is left after that */
static void test_other(void)
{
    ConsoleMachine *c = console_start();

    ring_begin_count(&c->m);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_true(consfront_connect(&c->console[1]));
        console_works(c, 1, i, 100);
        g_assert_true(consfront_disconnect(&c->console[1]));
    }
    ring_expect_count(&c->m);
    console_end(c);
}

/* Both rings around and around, in pieces that do not divide them */
static void test_wrap(void)
{
    ConsoleMachine *c = console_start();

    g_assert_true(consfront_connect(&c->console[1]));
    for (unsigned i = 0; i < 20; i++) {
        console_works(c, 0, i, 333);
        console_works(c, 1, i, 1021);
    }
    console_end(c);
}

/* The indices go over the end of their 32 bits */
static void test_index_wrap(void)
{
    ConsoleMachine *c = console_start();
    Consfront *f = &c->console[1];
    const XenGuestOps *ops = c->m.g->ops;

    g_assert_true(consfront_offer(f, XenbusStateInitialising));
    for (unsigned where = CONSFRONT_IN_CONS; where <= CONSFRONT_OUT_PROD;
         where += 4) {
        ops->write32(c->m.g, f->page + where, -100);
    }
    g_assert_true(xenbus_set_state(&f->bus, XenbusStateConnected));
    g_assert_true(xenbus_wait(&f->bus, XenbusStateConnected));
    console_works(c, 1, 1, 300);
    g_assert_cmpuint(ops->read32(c->m.g, f->page + CONSFRONT_OUT_CONS), ==,
                     200);
    console_end(c);
}

/* Output that is in the ring before the backend comes, with no event after */
static void test_early_output(void)
{
    ConsoleMachine *c = console_start();
    Consfront *f = &c->console[1];

    g_assert_true(consfront_offer(f, XenbusStateInitialising));
    g_assert_cmpuint(consfront_put(f, "early", 5), ==, 5);
    g_assert_true(xenbus_set_state(&f->bus, XenbusStateConnected));
    g_assert_true(xenbus_wait(&f->bus, XenbusStateConnected));
    console_expect(c, 1, "early", 5);
    console_end(c);
}

/* More input than the ring holds waits until the guest reads */
static void test_slow_guest(void)
{
    enum { SIZE = 10 * CONSFRONT_IN_SIZE };
    ConsoleMachine *c = console_start();
    g_autofree uint8_t *data = g_malloc(SIZE);
    g_autofree uint8_t *got = g_malloc(SIZE);

    for (unsigned i = 0; i < SIZE; i++) {
        data[i] = i % 251;
    }
    g_assert_true(consfront_connect(&c->console[1]));
    for (unsigned i = 0; i < CONSOLES; i++) {
        console_type(c, i, data, SIZE);
        ring_expect_alive(&c->m);
        g_assert_true(consfront_read(&c->console[i], got, SIZE));
        g_assert_cmpmem(got, SIZE, data, SIZE);
    }
    console_end(c);
}

/* The same behind a multiplexer, which holds some input back by itself */
static void test_slow_guest_mux(void)
{
    enum { SIZE = 2 * CONSFRONT_IN_SIZE };
    g_autofree uint8_t *data = g_malloc(SIZE);
    g_autofree uint8_t *got = g_malloc(SIZE);
    Consfront f;
    RingMachine m;
    int fds[2];

    for (unsigned i = 0; i < SIZE; i++) {
        data[i] = 'a' + i % 26;
    }
    ring_socket(SOCK_STREAM, fds);
    ring_start(&m, "-chardev socket,id=c0,mux=on,fd=%d "
               "-device xen-console,idx=0,chardev=c0", fds[1]);
    close(fds[1]);
    g_assert_true(consfront_init(&f, &m.xs, &m.grants, 0));
    g_assert_cmpint(send(fds[0], data, SIZE, 0), ==, SIZE);
    /* The multiplexer has it all, and has no more room, by then */
    g_usleep(50000);
    ring_expect_alive(&m);
    g_assert_true(consfront_read(&f, got, SIZE));
    g_assert_cmpmem(got, SIZE, data, SIZE);
    ring_end(&m);
    close(fds[0]);
}

/* A reader that stops, and goes on before anything is lost */
static void test_slow_reader(void)
{
    enum { SIZE = 500 * 1024 };
    ConsoleMachine *c = console_start();
    g_autofree uint8_t *data = g_malloc(SIZE);

    for (unsigned i = 0; i < SIZE; i++) {
        data[i] = i % 253;
    }
    g_assert_true(consfront_connect(&c->console[1]));
    g_assert_true(consfront_write(&c->console[1], data, SIZE));
    g_assert_true(consfront_drained(&c->console[1]));
    ring_expect_alive(&c->m);
    /* The other one does not wait for it */
    console_works(c, 0, 1, 100);
    console_expect(c, 1, data, SIZE);
    console_works(c, 1, 2, 100);
    console_end(c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("xen-console/io/primary", test_primary);
    qtest_add_func("xen-console/io/other", test_other);
    qtest_add_func("xen-console/io/wrap", test_wrap);
    qtest_add_func("xen-console/io/index-wrap", test_index_wrap);
    qtest_add_func("xen-console/io/early-output", test_early_output);
    qtest_add_func("xen-console/io/slow-guest", test_slow_guest);
    qtest_add_func("xen-console/io/slow-guest-mux", test_slow_guest_mux);
    qtest_add_func("xen-console/io/slow-reader", test_slow_reader);
    return g_test_run();
}
