/*
 * xen-net: what changes under the backend while it works
 *
 * A second vCPU that changes the ring, and rings, ports, nodes and devices that
 * go.  QEMU must be alive, and the other NIC work.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/socket.h>
#include "qemu/atomic.h"
#include "xen-net-common.h"

typedef struct Race {
    NetMachine *n;
    uint32_t *req_prod;
    uint32_t *rsp_prod;
    uint32_t *slot;
    unsigned ahead;
    bool stop;
} Race;

/* What a second vCPU does: more requests all the time, and other ones */
static void *race(void *opaque)
{
    Race *r = opaque;

    for (uint32_t i = 0; !qatomic_read(&r->stop); i++) {
        qatomic_set(r->req_prod, qatomic_read(r->rsp_prod) + r->ahead);
        /* Offset and flags, ID and size, of the whole ring */
        qatomic_set(&r->slot[i * 3 % (NETFRONT_SLOTS * 3) + 1], i * 0x9e3779b1);
        qatomic_set(&r->slot[i * 3 % (NETFRONT_SLOTS * 3) + 2], i * 0x85ebca6b);
    }
    return NULL;
}

/*
 * Requests that change while they are looked at, and of which there is no end:
 * the monitor must answer nevertheless
 */
static void test_race(const void *opaque)
{
    unsigned ahead = GPOINTER_TO_UINT(opaque);
    NetMachine *n = net_start_connected();
    Netfront *f = &n->nic[0];
    uint8_t *page = n->m.ram + f->tx.page;
    Race r = {
        .n = n, .ahead = ahead,
        .req_prod = (uint32_t *)(page + NETFRONT_REQ_PROD),
        .rsp_prod = (uint32_t *)(page + NETFRONT_RSP_PROD),
        .slot = (uint32_t *)(page + NETFRONT_FIRST_SLOT),
    };
    GThread *thread;

    for (unsigned i = 0; i < NETFRONT_SLOTS; i++) {
        netif_tx_request_t request = { .gref = f->refs[0], .size = 60 };

        netfront_put_tx(f, &request);
    }
    thread = g_thread_new("second vCPU", race, &r);
    for (unsigned i = 0; i < 300; i++) {
        uint8_t packet[65536];

        net_kick(n);
        while (recv(n->wire[0], packet, sizeof(packet), MSG_DONTWAIT) >= 0) {
            continue;
        }
    }
    qatomic_set(&r.stop, true);
    g_thread_join(thread);
    while (n->m.g->ops->read32(n->m.g, f->tx.page + NETFRONT_RSP_PROD) >
           *r.req_prod) {
        ring_expect_alive(&n->m);
    }
    g_assert_true(netfront_disconnect(f));
    ring_expect_count(&n->m);
    net_end_connected(n);
}

static void close_port(NetMachine *n)
{
    g_assert_cmpint(evtchn_close(n->m.g, n->nic[0].port), ==, 0);
}

static void revoke_rings(NetMachine *n)
{
    gnttab_set(&n->m.grants, n->nic[0].tx.ref, 0, 0);
    gnttab_set(&n->m.grants, n->nic[0].rx.ref, 0, 0);
}

static void zero_rings(NetMachine *n)
{
    xen_guest_zero(n->m.g, n->nic[0].tx.page, XEN_GUEST_PAGE_SIZE);
    xen_guest_zero(n->m.g, n->nic[0].rx.page, XEN_GUEST_PAGE_SIZE);
}

static void fill_rings(NetMachine *n)
{
    qtest_memset(n->m.qts, n->nic[0].tx.page, 0xff, XEN_GUEST_PAGE_SIZE);
    qtest_memset(n->m.qts, n->nic[0].rx.page, 0xff, XEN_GUEST_PAGE_SIZE);
}

static void remove_state(NetMachine *n)
{
    g_assert_true(xenstore_rm(&n->m.xs, 0, n->nic[0].bus.frontend, "state"));
}

static void remove_frontend(NetMachine *n)
{
    g_assert_true(xenstore_rm(&n->m.xs, 0, "", n->nic[0].bus.frontend));
}

static void remove_backend(NetMachine *n)
{
    xs_expect(n->m.host, XS_RM, 0, "/local/domain/0/backend/qnic/1/0|", "OK|");
}

static void remove_device(NetMachine *n)
{
    qtest_qmp_device_del_send(n->m.qts, "nic0");
}

static const struct {
    const char *name;
    void (*act)(NetMachine *n);
} blows[] = {
    { "close-port", close_port },
    { "revoke-rings", revoke_rings },
    { "zero-rings", zero_rings },
    { "fill-rings", fill_rings },
    { "remove-state", remove_state },
    { "remove-frontend", remove_frontend },
    { "remove-backend", remove_backend },
    { "remove-device", remove_device },
};

/* Packets go both ways when it happens, and afterwards */
static void test_blow(const void *opaque)
{
    unsigned which = GPOINTER_TO_UINT(opaque);
    NetMachine *n = net_start_connected();
    Netfront *f = &n->nic[0];
    uint8_t packet[60] = { 0 };

    netfront_post(f, 4);
    net_feed(n, 0, packet, sizeof(packet));
    for (unsigned i = 0; i < 8; i++) {
        netif_tx_request_t request = {
            .gref = f->refs[0], .size = 60, .id = i,
        };

        netfront_put_tx(f, &request);
    }
    n->m.g->ops->write32(n->m.g, f->tx.page + NETFRONT_REQ_PROD,
                         f->tx.req_prod);
    blows[which].act(n);
    for (unsigned i = 0; i < 10; i++) {
        /* The backend may be gone, or the port */
        evtchn_send(n->m.g, f->port);
        net_feed(n, 0, packet, sizeof(packet));
        ring_expect_alive(&n->m);
    }
    ring_expect_let_go(&n->m, &f->bus, f->port);
    net_end_connected(n);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_data_func("xen-net/torn/race/legal", GUINT_TO_POINTER(100),
                        test_race);
    qtest_add_data_func("xen-net/torn/race/full",
                        GUINT_TO_POINTER(NETFRONT_SLOTS), test_race);
    for (unsigned i = 0; i < G_N_ELEMENTS(blows); i++) {
        g_autofree char *path = g_strdup_printf("xen-net/torn/%s",
                                                blows[i].name);

        qtest_add_data_func(path, GUINT_TO_POINTER(i), test_blow);
    }
    return g_test_run();
}
