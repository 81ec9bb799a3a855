/*
 * xen-console: input and output, over the guest's side in tests/libxen
 *
 * xen-emu-console-test has what is peculiar to the primary console.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("xen-console/io/primary", test_primary);
    qtest_add_func("xen-console/io/other", test_other);
    return g_test_run();
}
