/*
 * xen-net: frontends that do what they should not
 *
 * Each must end in an error or in a closed device, with QEMU alive, the other
 * NIC working, and nothing left.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/socket.h>
#include "xen-net-common.h"

/* Guest memory: RAM ends at 128 MiB; the BIOS cannot be written */
#define HOLE        0x70000000
#define MMIO        0xfee00000
#define ROM         0xfffff000

static void expect_recovers(NetMachine *n)
{
    Netfront *f = &n->nic[0];

    g_assert_true(netfront_disconnect(f));
    ring_expect_count(&n->m);
    g_assert_true(netfront_connect(f));
    net_works(n, 0);
    g_assert_true(netfront_disconnect(f));
    ring_expect_count(&n->m);
    net_end_connected(n);
}

typedef struct Producer {
    const char *name;
    bool rx;
    uint32_t ahead;     /* of the last response */
} Producer;

static const Producer producers[] = {
    { "tx-one-too-many", false, NETFRONT_SLOTS + 1 },
    { "tx-ahead", false, 0x10000 },
    { "tx-far-ahead", false, 0x7fffffff },
    { "tx-farthest", false, 0x80000000 },
    { "tx-behind", false, -1 },
    { "rx-one-too-many", true, NETFRONT_SLOTS + 1 },
    { "rx-far-ahead", true, 0x7fffffff },
    { "rx-behind", true, -1 },
};

static void test_producer(const void *opaque)
{
    const Producer *p = opaque;
    NetMachine *n = net_start_connected();
    Netfront *f = &n->nic[0];
    NetRing *ring = p->rx ? &f->rx : &f->tx;

    net_works(n, 0);
    n->m.g->ops->write32(n->m.g, ring->page + NETFRONT_REQ_PROD,
                         ring->rsp_cons + p->ahead);
    net_kick(n);
    if (p->rx) {
        uint8_t packet[60] = { 0 };

        net_feed(n, 0, packet, sizeof(packet));
    }
    g_assert_true(xenbus_wait(&f->bus, XenbusStateClosing));
    /* It is not looked at any more */
    for (unsigned i = 0; i < 100; i++) {
        net_kick(n);
    }
    ring_expect_log(&n->m, "impossible producer index", NET_LINES);
    expect_recovers(n);
}

/* The ring is like that when the backend comes to it */
static void test_producer_early(void)
{
    NetMachine *n = net_start_connected();
    Netfront *f = &n->nic[0];

    g_assert_true(netfront_disconnect(f));
    g_assert_true(netfront_offer(f, XenbusStateInitialised));
    n->m.g->ops->write32(n->m.g, f->tx.page + NETFRONT_REQ_PROD, 0x40000000);
    g_assert_true(xenbus_set_state(&f->bus, XenbusStateConnected));
    ring_expect_alive(&n->m);
    g_assert_true(xenbus_wait(&f->bus, XenbusStateClosing));
    expect_recovers(n);
}

/* The backend does not read the index that is its own */
static void test_responses(void)
{
    static const uint32_t values[] = { 0, 1, 0x80000000, ~0u };
    NetMachine *n = net_start_connected();
    Netfront *f = &n->nic[0];

    for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
        n->m.g->ops->write32(n->m.g, f->tx.page + NETFRONT_RSP_PROD,
                             values[i]);
        n->m.g->ops->write32(n->m.g, f->rx.page + NETFRONT_RSP_PROD,
                             values[i]);
        for (unsigned j = 0; j < 2 * NETFRONT_SLOTS; j++) {
            netif_tx_request_t request = { .size = 60, .id = j };

            /* Nobody takes the responses: they go over each other */
            netfront_put_tx(f, &request);
            if (j % NETFRONT_SLOTS == NETFRONT_SLOTS - 1) {
                netfront_push(f, &f->tx);
                net_kick(n);
            }
        }
    }
    f->tx.rsp_cons = f->tx.req_prod;
    expect_recovers(n);
}

static void test_lengths(void)
{
    static const struct {
        uint16_t offset;
        uint16_t size;
    } rows[] = {
        { 0, 0 }, { 0, 1 }, { 0, NET_MIN - 1 }, { 4095, 0 }, { 4095, 14 },
        { 1, 4096 }, { 0, 4097 }, { 4096, 14 }, { 65535, 65535 }, { 0, 65535 },
        { 65535, 14 }, { 65522, 14 }, { 65535, 1 },
    };
    NetMachine *n = net_start_connected();
    uint32_t gref = gnttab_grant(&n->m.grants, n->m.data, true);

    for (unsigned round = 0; round < 100; round++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
            netif_tx_request_t request = {
                .gref = gref, .offset = rows[i].offset, .size = rows[i].size,
                .id = i,
            };

            g_assert_cmpint(netfront_do(&n->nic[0], &request), ==,
                            NETIF_RSP_ERROR);
        }
    }
    net_expect_silence(n, 0);
    g_assert_true(gnttab_end(&n->m.grants, gref));
    ring_expect_log(&n->m, "bad packet size", NET_LINES);
    expect_recovers(n);
}

/* What a reference can stand for; 0: nothing */
static const struct {
    uint64_t addr;
    uint16_t flags;
    bool tx;            /* may it be sent from? */
} grants[] = {
    { 0, 0 },
    { 0x400000, GTF_accept_transfer },
    { 0x400000, GTF_transitive },
    { 0x400000, GTF_permit_access | GTF_sub_page },
    { HOLE, GTF_permit_access },
    { MMIO, GTF_permit_access },
    { 0xfffffffful << XEN_GUEST_PAGE_SHIFT, GTF_permit_access },
    { 0x400000, GTF_permit_access | GTF_readonly, true },
    { ROM, GTF_permit_access, true },
};

static void try_grant(NetMachine *n, uint32_t gref, bool tx_ok)
{
    Netfront *f = &n->nic[0];
    netif_tx_request_t tx = { .gref = gref, .size = 60, .id = 7 };
    netif_rx_request_t rx = {
        .gref = gref, .id = f->rx.req_prod % NETFRONT_SLOTS,
    };
    uint8_t packet[60] = { 1 }, got[60];

    g_assert_cmpint(netfront_do(f, &tx), ==,
                    tx_ok ? NETIF_RSP_OKAY : NETIF_RSP_ERROR);
    if (tx_ok) {
        g_assert_cmpint(recv(n->wire[0], got, sizeof(got), 0), ==, 60);
    }
    netfront_put_rx(f, &rx);
    netfront_push(f, &f->rx);
    net_feed(n, 0, packet, sizeof(packet));
    g_assert_cmpint(netfront_receive(f, got, sizeof(got)), ==,
                    NETIF_RSP_ERROR);
}

static void test_grants(void)
{
    static const uint32_t none[] = {
        0, 7, GNTTAB_REFS - 1, GNTTAB_REFS, 64 * 512 - 1, 64 * 512, 0x7fffffff,
        0x80000000, ~0u,
    };
    NetMachine *n = net_start_connected();
    uint32_t gref = gnttab_grant(&n->m.grants, n->m.data, false);
    uint8_t rom[64], rom_now[64];

    qtest_memread(n->m.qts, ROM, rom, sizeof(rom));
    for (unsigned i = 0; i < G_N_ELEMENTS(none); i++) {
        try_grant(n, none[i], false);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(grants); i++) {
        g_test_message("address 0x%" PRIx64 ", flags 0x%x", grants[i].addr,
                       grants[i].flags);
        gnttab_set(&n->m.grants, gref, grants[i].addr, grants[i].flags);
        try_grant(n, gref, grants[i].tx);
    }
    /* Granted to somebody else, and revoked */
    gnttab_set(&n->m.grants, gref, n->m.data, GTF_permit_access);
    n->m.g->ops->write16(n->m.g, n->m.grants.table + gref * 8 + 2, 3);
    try_grant(n, gref, false);
    g_assert_true(gnttab_end(&n->m.grants, gref));
    try_grant(n, gref, false);
    qtest_memread(n->m.qts, ROM, rom_now, sizeof(rom));
    g_assert_cmpmem(rom, sizeof(rom), rom_now, sizeof(rom));
    expect_recovers(n);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(producers); i++) {
        g_autofree char *path = g_strdup_printf("xen-net/hostile/producer/%s",
                                                producers[i].name);

        qtest_add_data_func(path, &producers[i], test_producer);
    }
    qtest_add_func("xen-net/hostile/producer/early", test_producer_early);
    qtest_add_func("xen-net/hostile/responses", test_responses);
    qtest_add_func("xen-net/hostile/lengths", test_lengths);
    qtest_add_func("xen-net/hostile/grants", test_grants);
    return g_test_run();
}
