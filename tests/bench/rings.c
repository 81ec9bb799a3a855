/*
 * ns per operation of the rings of a PV disk and a PV NIC, over qtest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "../libxen/ring-cost.h"
#include "../qtest/xen-guest-qtest.h"
#include "../qtest/xen-platform-common.h"

#define XVDA    51712
#define COUNT   2000
#define DEPTH   32

static XenStore store;
static GrantTable grants;
static Blkfront disk;
static Netfront nic;
static uint64_t page;

static unsigned read_disk(unsigned depth)
{
    return ring_cost_read(&disk, page, depth, COUNT);
}

static unsigned send_packets(unsigned depth)
{
    return ring_cost_send(&nic, page, depth, COUNT);
}

static void measure(const char *what, unsigned (*run)(unsigned depth),
                    unsigned depth)
{
    gint64 begin = g_get_monotonic_time();

    g_assert_cmpuint(run(depth), ==, COUNT);
    printf("# %s depth %u: %" PRId64 " ns\n", what, depth,
           (g_get_monotonic_time() - begin) * 1000 / COUNT);
}

int main(void)
{
    QTestState *qts = xp_start("-M pc -drive if=none,id=disk,driver=null-co,"
                               "size=64M -device xen-disk,drive=disk,vdev=xvda "
                               "-netdev hubport,id=net,hubid=0 "
                               "-device xen-net-device,netdev=net ");
    XenGuestQtest q;
    XenGuest *g = xen_guest_qtest_init(&q, qts);

    g_assert_true(xenstore_init(&store, g));
    g_assert_true(gnttab_init(&grants, g));
    g_assert_true(blkfront_init(&disk, &store, &grants, XVDA));
    g_assert_true(netfront_init(&nic, &store, &grants, 0));
    g_assert_true(blkfront_connect(&disk, BLKFRONT_64, 0));
    g_assert_true(netfront_connect(&nic));
    page = g->ops->alloc_pages(g, 1);
    measure("read", read_disk, 1);
    measure("read", read_disk, DEPTH);
    measure("send", send_packets, 1);
    measure("send", send_packets, DEPTH);
    qtest_quit(qts);
    return 0;
}
