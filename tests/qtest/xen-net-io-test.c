/*
 * xen-net: packets, over the guest's side in tests/libxen
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <netinet/in.h>
#include "qemu/bswap.h"
#include "xen-net-common.h"

static NetMachine *start_connected(void)
{
    NetMachine *n = net_start();

    ring_begin_count(&n->m);
    g_assert_true(netfront_connect(&n->nic[0]));
    return n;
}

static void end_connected(NetMachine *n)
{
    net_works(n, 0);
    g_assert_true(netfront_disconnect(&n->nic[0]));
    ring_expect_count(&n->m);
    net_end(n);
}

/* A packet each way, and nothing is left after that */
static void test_one(void)
{
    end_connected(start_connected());
}

/* What is not advertised, this test need not try, or expects to be refused */
static void test_features(void)
{
    static const struct {
        const char *name;
        const char *value;
    } nodes[] = {
        { "feature-rx-copy", "1" },
        { "feature-rx-flip", "0" },
        { "feature-sg" },
        { "feature-gso-tcpv4" },
        { "feature-gso-tcpv6" },
        { "feature-multicast-control" },
        { "feature-dynamic-multicast-control" },
        { "feature-split-event-channels" },
        { "feature-ctrl-ring" },
        { "multi-queue-max-queues" },
    };
    NetMachine *n = start_connected();

    for (unsigned i = 0; i < G_N_ELEMENTS(nodes); i++) {
        g_assert_cmpstr(xenstore_read(&n->m.xs, 0, n->nic[0].bus.backend,
                                      nodes[i].name), ==, nodes[i].value);
    }
    end_connected(n);
}

static void test_sizes(void)
{
    static const unsigned sizes[] = {
        NET_MIN, 15, 59, 60, 61, 1500, NET_MTU_PACKET, 4095, 4096
    };
    NetMachine *n = start_connected();

    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        net_transmit(n, 0, i, sizes[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        /* Those below 60 bytes come with padding */
        if (sizes[i] >= 60 && sizes[i] <= NET_RX_MAX) {
            netfront_post(&n->nic[0], 1);
            net_receive(n, 0, i, sizes[i]);
        }
    }
    /* A packet that no page holds is dropped, and takes no buffer */
    netfront_post(&n->nic[0], 1);
    for (unsigned i = 0; i < 100; i++) {
        static const uint8_t packet[NET_RX_MAX + 1];

        net_feed(n, 0, packet, sizeof(packet));
    }
    net_receive(n, 0, 1, NET_RX_MAX);
    ring_expect_log(&n->m, "", 1);
    end_connected(n);
}

/* Full rings, several times around */
static void test_storm(void)
{
    NetMachine *n = start_connected();
    Netfront *f = &n->nic[0];
    uint32_t gref = gnttab_grant(&n->m.grants, n->m.data, true);
    uint8_t page[XEN_GUEST_PAGE_SIZE];
    uint8_t got[64];

    net_packet(page, 1, sizeof(page));
    n->m.g->ops->write(n->m.g, n->m.data, page, sizeof(page));
    for (unsigned round = 0; round < 8; round++) {
        for (unsigned i = 0; i < NETFRONT_SLOTS; i++) {
            netif_tx_request_t request = {
                .gref = gref, .offset = i * 8, .id = i, .size = 60,
            };

            netfront_put_tx(f, &request);
        }
        netfront_push(f, &f->tx);
        for (unsigned i = 0; i < NETFRONT_SLOTS; i++) {
            netif_tx_response_t response;

            net_expect_wire(n, 0, page + i * 8, 60);
            g_assert_true(netfront_wait_tx(f, &response));
            g_assert_cmpuint(response.id, ==, i);
            g_assert_cmpint(response.status, ==, NETIF_RSP_OKAY);
        }
    }
    netfront_post(f, NETFRONT_SLOTS);
    for (unsigned i = 0; i < 8 * NETFRONT_SLOTS; i++) {
        net_feed(n, 0, page + i % 256 * 8, 64);
        g_assert_cmpint(netfront_receive(f, got, sizeof(got)), ==, 64);
        g_assert_cmpmem(got, 64, page + i % 256 * 8, 64);
        netfront_post(f, 1);
    }
    g_assert_true(gnttab_end(&n->m.grants, gref));
    /* The buffers of the storm are still there, more than there are pages */
    net_receive(n, 0, 9, 100);
    g_assert_true(netfront_disconnect(f));
    ring_expect_count(&n->m);
    net_end(n);
}

/* Packets wait while there is no buffer, whichever index the ring is at */
static void test_no_buffers(void)
{
    NetMachine *n = start_connected();
    Netfront *f = &n->nic[0];
    uint8_t packet[100], got[100];

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 4; i++) {
            net_packet(packet, i, sizeof(packet));
            net_feed(n, 0, packet, sizeof(packet));
        }
        /* It has been offered to the ring by then */
        g_usleep(20000);
        ring_expect_alive(&n->m);
        for (unsigned i = 0; i < 4; i++) {
            netfront_post(f, 1);
            g_assert_cmpint(netfront_receive(f, got, sizeof(got)), ==,
                            sizeof(got));
            net_packet(packet, i, sizeof(packet));
            g_assert_cmpmem(got, sizeof(got), packet, sizeof(packet));
        }
    }
    end_connected(n);
}

/* No filter is advertised, so that there must be none */
static void test_addresses(void)
{
    static const uint8_t addresses[][6] = {
        { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
        { 0x33, 0x33, 0, 0, 0, 1 },
        { 0x01, 0x00, 0x5e, 0, 0, 1 },
        { 0x52, 0x54, 0, 0x12, 0x34, 0x56 },
        { 0x02, 0, 0, 0, 0, 1 },
    };
    NetMachine *n = start_connected();

    for (unsigned i = 0; i < G_N_ELEMENTS(addresses); i++) {
        uint8_t packet[60] = { 0 }, got[60];

        memcpy(packet, addresses[i], sizeof(addresses[i]));
        netfront_post(&n->nic[0], 1);
        net_feed(n, 0, packet, sizeof(packet));
        g_assert_cmpint(netfront_receive(&n->nic[0], got, sizeof(got)), ==,
                        sizeof(got));
        g_assert_cmpmem(got, sizeof(got), packet, sizeof(packet));
    }
    end_connected(n);
}

/* The Internet checksum of @size bytes, beginning with @sum */
static uint16_t checksum(uint32_t sum, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i += 2) {
        sum += lduw_be_p(data + i);
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return ~sum;
}

/* An UDP packet with the flags of a checksum that is to be filled in, or not */
static void test_checksum(void)
{
    enum { SIZE = 60, IP = 14, UDP = 34, SUM = UDP + 6 };
    static const struct {
        uint16_t flags;
        bool filled;
    } rows[] = {
        { 0, false },
        { NETTXF_data_validated, false },
        { NETTXF_csum_blank, true },
        { NETTXF_csum_blank | NETTXF_data_validated, true },
    };
    uint8_t packet[SIZE] = {
        [12] = 0x08, [IP] = 0x45, [IP + 3] = SIZE - IP, [IP + 8] = 64,
        [IP + 9] = IPPROTO_UDP, [IP + 12] = 10, [IP + 16] = 10,
        [UDP + 1] = 7, [UDP + 3] = 9, [UDP + 5] = SIZE - UDP, [SUM] = 0x12,
    };
    uint8_t filled[SIZE];
    NetMachine *n = start_connected();

    memcpy(filled, packet, SIZE);
    stw_be_p(filled + IP + 10, checksum(0, packet + IP, UDP - IP));
    /* With the addresses, the protocol and the length in front */
    stw_be_p(filled + SUM, 0);
    stw_be_p(filled + SUM, checksum(IPPROTO_UDP + SIZE - UDP,
                                    filled + IP + 12, SIZE - IP - 12));
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        n->m.g->ops->write(n->m.g, n->m.data, packet, SIZE);
        g_assert_cmpint(netfront_send(&n->nic[0], n->m.data, SIZE,
                                      rows[i].flags), ==, NETIF_RSP_OKAY);
        net_expect_wire(n, 0, rows[i].filled ? filled : packet, SIZE);
    }
    end_connected(n);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("xen-net/io/one", test_one);
    qtest_add_func("xen-net/io/features", test_features);
    qtest_add_func("xen-net/io/sizes", test_sizes);
    qtest_add_func("xen-net/io/storm", test_storm);
    qtest_add_func("xen-net/io/no-buffers", test_no_buffers);
    qtest_add_func("xen-net/io/addresses", test_addresses);
    qtest_add_func("xen-net/io/checksum", test_checksum);
    return g_test_run();
}
