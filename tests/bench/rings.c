/*
 * ns per operation of the rings of a PV disk and a PV NIC, over qtest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "../libxen/ring-cost.h"
#include "../qtest/xen-guest-qtest.h"
#include "../qtest/xen-platform-common.h"

#define COUNT   2000

static RingCost cost;

static void measure(const RingCostRow *row)
{
    gint64 begin = g_get_monotonic_time();

    g_assert_cmpuint(row->run(&cost, row->depth, COUNT), ==, COUNT);
    printf("# %s depth %u: %" PRId64 " ns\n", row->what, row->depth,
           (g_get_monotonic_time() - begin) * 1000 / COUNT);
}

int main(void)
{
    QTestState *qts = xp_start("-M pc -drive if=none,id=disk,driver=null-co,"
                               "size=64M -device xen-disk,drive=disk,vdev=xvda "
                               "-netdev hubport,id=net,hubid=0 "
                               "-device xen-net-device,netdev=net ");
    XenGuestQtest q;

    g_assert_true(ring_cost_connect(&cost, xen_guest_qtest_init(&q, qts)));
    for (unsigned i = 0; i < RING_COST_ROWS; i++) {
        measure(&ring_cost_rows[i]);
    }
    qtest_quit(qts);
    return 0;
}
