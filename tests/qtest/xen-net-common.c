/*
 * What the tests of xen-net share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/socket.h>
#include "xen-net-common.h"

NetMachine *net_start(void)
{
    NetMachine *n = g_new0(NetMachine, 1);
    int far_end[NET_NICS];

    for (unsigned i = 0; i < NET_NICS; i++) {
        int fds[2];

        ring_socket(SOCK_DGRAM, fds);
        n->wire[i] = fds[0];
        far_end[i] = fds[1];
    }
    ring_start(&n->m, "-netdev dgram,id=n0,local.type=fd,local.str=%d "
               "-device xen-net-device,id=nic0,idx=0,netdev=n0 "
               "-netdev dgram,id=n1,local.type=fd,local.str=%d "
               "-device xen-net-device,id=nic1,idx=1,netdev=n1",
               far_end[0], far_end[1]);
    for (unsigned i = 0; i < NET_NICS; i++) {
        close(far_end[i]);
        g_assert_true(netfront_init(&n->nic[i], &n->m.xs, &n->m.grants, i));
    }
    return n;
}

void net_end(NetMachine *n)
{
    ring_end(&n->m);
    for (unsigned i = 0; i < NET_NICS; i++) {
        close(n->wire[i]);
    }
    g_free(n);
}

NetMachine *net_start_connected(void)
{
    NetMachine *n = net_start();

    g_assert_true(netfront_connect(&n->nic[1]));
    ring_begin_count(&n->m);
    g_assert_true(netfront_connect(&n->nic[0]));
    return n;
}

void net_end_connected(NetMachine *n)
{
    ring_expect_alive(&n->m);
    net_works(n, 1);
    ring_begin_count(&n->m);
    net_works(n, 1);
    ring_expect_count(&n->m);
    ring_expect_log(&n->m, "", NET_LINES);
    net_end(n);
}

void net_kick(NetMachine *n)
{
    evtchn_send(n->m.g, n->nic[0].port);
    ring_expect_alive(&n->m);
}

void net_packet(uint8_t *packet, unsigned seed, size_t size)
{
    uint32_t state = seed * 2654435761u + 1;

    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        packet[i] = i < 6 ? 0xff : state >> 24;
    }
}

void net_expect_wire(NetMachine *n, unsigned i, const void *packet,
                     size_t size)
{
    uint8_t got[65536];
    ssize_t got_size = recv(n->wire[i], got, sizeof(got), 0);

    g_assert_cmpint(got_size, >=, 0);
    g_assert_cmpmem(got, got_size, packet, size);
}

void net_expect_silence(NetMachine *n, unsigned i)
{
    uint8_t got;

    g_assert_cmpint(recv(n->wire[i], &got, 1, MSG_DONTWAIT), ==, -1);
}

void net_feed(NetMachine *n, unsigned i, const void *packet, size_t size)
{
    g_assert_cmpint(send(n->wire[i], packet, size, 0), ==, size);
}

void net_transmit(NetMachine *n, unsigned i, unsigned seed, size_t size)
{
    uint8_t packet[XEN_GUEST_PAGE_SIZE] = { 0 };
    uint64_t addr = n->m.data + (XEN_GUEST_PAGE_SIZE - size) / 2;

    net_packet(packet, seed, size);
    n->m.g->ops->write(n->m.g, addr, packet, size);
    g_assert_cmpint(netfront_send(&n->nic[i], addr, size, 0), ==,
                    NETIF_RSP_OKAY);
    net_expect_wire(n, i, packet, size);
}

void net_receive(NetMachine *n, unsigned i, unsigned seed, size_t size)
{
    uint8_t packet[XEN_GUEST_PAGE_SIZE] = { 0 };
    uint8_t got[XEN_GUEST_PAGE_SIZE];
    int got_size;

    net_packet(packet, seed, size);
    net_feed(n, i, packet, size);
    got_size = netfront_receive(&n->nic[i], got, sizeof(got));
    g_assert_cmpint(got_size, >=, 0);
    g_assert_cmpmem(got, got_size, packet, size);
}

void net_works(NetMachine *n, unsigned i)
{
    net_transmit(n, i, i, NET_MTU_PACKET);
    netfront_post(&n->nic[i], 1);
    net_receive(n, i, i + 100, NET_MTU_PACKET);
}
