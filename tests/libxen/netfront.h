/*
 * A network frontend
 *
 * netfront_init() finds the NIC, netfront_connect() makes both rings and brings
 * both sides to Connected.  netfront_send() sends one packet,
 * netfront_post() and netfront_receive() take packets.  A test that misbehaves
 * does what it likes to the rings and the nodes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_LIBXEN_NETFRONT_H
#define TESTS_LIBXEN_NETFRONT_H

#include "gnttab.h"
#include "xenbus.h"
#include "hw/xen/interface/io/netif.h"

/* Of each of the two rings */
#define NETFRONT_SLOTS      256

/* Where the indices of a ring are, and its first slot */
#define NETFRONT_REQ_PROD   0
#define NETFRONT_REQ_EVENT  4
#define NETFRONT_RSP_PROD   8
#define NETFRONT_RSP_EVENT  12
#define NETFRONT_FIRST_SLOT 64

/* Pages to receive into; with more in the ring, they share these */
#define NETFRONT_BUFFERS    16

/* Backends take at least so many slots for a packet, if they take several */
#define NETFRONT_PIECES     18

/* What the functions return that return a status, NETIF_RSP_* */
#define NETFRONT_LOST       (-1000)

typedef struct NetRing {
    uint64_t page;
    unsigned slot_size;
    uint32_t ref;
    uint32_t req_prod;      /* put, perhaps not pushed */
    uint32_t pushed;
    uint32_t rsp_cons;
} NetRing;

typedef struct Netfront {
    Xenbus bus;
    GrantTable *grants;
    NetRing tx;
    NetRing rx;
    unsigned port;
    uint64_t buffers;
    uint32_t refs[NETFRONT_BUFFERS];
} Netfront;

/* netfront_init: find NIC @id, such as 0; false if there is none */
bool netfront_init(Netfront *f, XenStore *xs, GrantTable *grants, unsigned id);

/*
 * netfront_offer: make the rings and write all nodes, @state as the last
 *
 * The pages of an earlier connection are used again.
 */
bool netfront_offer(Netfront *f, enum xenbus_state state);

/* netfront_connect: netfront_offer(), up to Connected on both sides */
bool netfront_connect(Netfront *f);

/* netfront_release: take all pages back; false if the backend holds one */
bool netfront_release(Netfront *f);

/* netfront_disconnect: close in an orderly way, take all back, reopen */
bool netfront_disconnect(Netfront *f);

/* net_ring_slot: the address of the slot for index @index */
uint64_t net_ring_slot(NetRing *ring, uint32_t index);

/* Write into the next slot; nobody sees it yet. */
void netfront_put_tx(Netfront *f, const netif_tx_request_t *request);
void netfront_put_extra(Netfront *f, const netif_extra_info_t *extra);
void netfront_put_rx(Netfront *f, const netif_rx_request_t *request);

/*
 * netfront_push: show what was put, and tell the backend if it wants that
 *
 * Returns whether it did.
 */
bool netfront_push(Netfront *f, NetRing *ring);

/* netfront_wait_tx: the next response; false if none comes */
bool netfront_wait_tx(Netfront *f, netif_tx_response_t *response);

/* netfront_take_rx: the next response, if there is one */
bool netfront_take_rx(Netfront *f, netif_rx_response_t *response);

/*
 * netfront_do: put one request into an idle ring and wait for its response
 *
 * Returns its status, or NETFRONT_LOST, and says so, if it does not come or is
 * not for this request.
 */
int netfront_do(Netfront *f, const netif_tx_request_t *request);

/*
 * netfront_send: send @size bytes at @addr, all in one page
 *
 * The page is granted for that only, and read-only.
 *
 * @flags: NETTXF_*
 * Returns what netfront_do() does.
 */
int netfront_send(Netfront *f, uint64_t addr, unsigned size, uint16_t flags);

/* netfront_post: give the backend @n buffers to receive into */
void netfront_post(Netfront *f, unsigned n);

/*
 * netfront_receive: wait for a packet in a buffer of netfront_post()
 *
 * Returns its size, and copies up to @size bytes of it; or the negative status
 * of its response; or NETFRONT_LOST, and says so, if none comes or it is
 * malformed.
 */
int netfront_receive(Netfront *f, void *buf, size_t size);

#endif
