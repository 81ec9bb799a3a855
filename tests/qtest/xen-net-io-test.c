/*
 * xen-net: packets, over the guest's side in tests/libxen
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-net-common.h"

/* A packet each way, and nothing is left after that */
static void test_one(void)
{
    NetMachine *n = net_start();

    ring_begin_count(&n->m);
    g_assert_true(netfront_connect(&n->nic[0]));
    net_works(n, 0);
    g_assert_true(netfront_disconnect(&n->nic[0]));
    ring_expect_count(&n->m);
    net_end(n);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("xen-net/io/one", test_one);
    return g_test_run();
}
