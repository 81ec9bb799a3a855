/*
 * What the tests of xen-net share: two NICs, and the other ends of their wires
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_XEN_NET_COMMON_H
#define TESTS_QTEST_XEN_NET_COMMON_H

#include "xen-ring-common.h"
#include "../libxen/netfront.h"

#define NET_NICS        2
#define NET_MIN         14      /* an Ethernet header */
#define NET_MTU_PACKET  1514
#define NET_LINES       8       /* of QEMU's, of a NIC that misbehaves */
#define NET_RX_MAX      4094    /* what the backend puts into a page */

typedef struct NetMachine {
    RingMachine m;
    Netfront nic[NET_NICS];
    int wire[NET_NICS];         /* a datagram is a packet */
} NetMachine;

/* net_start: a machine with two NICs, not connected; ended by net_end() */
NetMachine *net_start(void);
void net_end(NetMachine *n);

/* net_start_connected: the same, connected; counting began before NIC 0 was */
NetMachine *net_start_connected(void);

/*
 * net_end_connected: net_end(), after a test in which NIC 0 misbehaved
 *
 * NIC 1 must work and give back what it takes, and QEMU have said little.
 */
void net_end_connected(NetMachine *n);

/* net_kick: an event for NIC 0, after which the monitor must answer */
void net_kick(NetMachine *n);

/*
 * net_packet: write a packet that @seed makes to @packet
 *
 * Its destination is the broadcast address.
 */
void net_packet(uint8_t *packet, unsigned seed, size_t size);

/* net_expect_wire: the next packet on wire @i must be this one */
void net_expect_wire(NetMachine *n, unsigned i, const void *packet,
                     size_t size);

/* net_expect_silence: there must be nothing on wire @i */
void net_expect_silence(NetMachine *n, unsigned i);

/* net_feed: put a packet on wire @i */
void net_feed(NetMachine *n, unsigned i, const void *packet, size_t size);

/* net_transmit: NIC @i must send this packet, and the wire have it */
void net_transmit(NetMachine *n, unsigned i, unsigned seed, size_t size);

/* net_receive: a packet from wire @i must come into a buffer that is there */
void net_receive(NetMachine *n, unsigned i, unsigned seed, size_t size);

/* net_works: one packet each way */
void net_works(NetMachine *n, unsigned i);

#endif
