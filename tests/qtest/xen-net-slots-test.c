/*
 * xen-net: packets of several slots
 *
 * The backend advertises neither scatter-gather nor any extra information, and
 * refuses what has it.  Then each slot must have its answer, and nothing of the
 * packet may be on the wire.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-net-common.h"

#define MORE        XEN_NETIF_EXTRA_FLAG_MORE

typedef struct Shape {
    const char *name;
    unsigned pieces;
    uint16_t flags;             /* of the first one */
    unsigned extras;
    netif_extra_info_t extra[3];
} Shape;

static const Shape shapes[] = {
    { "2-pieces", 2 },
    { "17-pieces", 17 },
    { "most-pieces", NETFRONT_PIECES },
    { "too-many-pieces", 100 },
    { "all-slots", NETFRONT_SLOTS },
    { "gso", 1, NETTXF_csum_blank | NETTXF_data_validated, 1,
      { { .type = XEN_NETIF_EXTRA_TYPE_GSO,
          .u.gso = { 1448, XEN_NETIF_GSO_TYPE_TCPV4 } } } },
    { "gso-pieces", 17, NETTXF_csum_blank | NETTXF_data_validated, 1,
      { { .type = XEN_NETIF_EXTRA_TYPE_GSO,
          .u.gso = { 1448, XEN_NETIF_GSO_TYPE_TCPV6 } } } },
    { "multicast", 1, 0, 1,
      { { .type = XEN_NETIF_EXTRA_TYPE_MCAST_ADD,
          .u.mcast.addr = { 1, 0, 0x5e, 0, 0, 1 } } } },
    { "unknown-extras", 3, 0, 3,
      { { .type = 200, .flags = MORE }, { .type = 0, .flags = MORE },
        { .type = 255 } } },
};

typedef struct Chain {
    NetMachine *n;
    uint32_t gref;
    unsigned stop;      /* push after so many slots, and again after all */
    unsigned slots;
} Chain;

static void put_slot(Chain *c)
{
    Netfront *f = &c->n->nic[0];

    if (++c->slots == c->stop) {
        netfront_push(f, &f->tx);
        ring_expect_alive(&c->n->m);
    }
}

static void expect(Chain *c, int status, bool check_id)
{
    netif_tx_response_t response;

    g_assert_true(netfront_wait_tx(&c->n->nic[0], &response));
    g_assert_cmpint(response.status, ==, status);
    if (check_id) {
        g_assert_cmpuint(response.id, ==, 0x700);
    }
}

/* Every slot of a packet looks as if it could be sent alone */
static void play(Chain *c, const Shape *shape)
{
    Netfront *f = &c->n->nic[0];

    c->slots = 0;
    for (unsigned i = 0; i < shape->pieces; i++) {
        netif_tx_request_t request = {
            .gref = c->gref,
            .flags = i ? 0 : shape->flags,
            .id = 0x700,
            .size = i || shape->pieces == 1 ? 100 : 100 * shape->pieces,
        };

        request.flags |= i + 1 < shape->pieces ? NETTXF_more_data : 0;
        request.flags |= !i && shape->extras ? NETTXF_extra_info : 0;
        netfront_put_tx(f, &request);
        put_slot(c);
        for (unsigned j = 0; !i && j < shape->extras; j++) {
            netfront_put_extra(f, &shape->extra[j]);
            put_slot(c);
        }
    }
    netfront_push(f, &f->tx);
    for (unsigned i = 0; i < shape->pieces; i++) {
        expect(c, NETIF_RSP_ERROR, true);
        for (unsigned j = 0; !i && j < shape->extras; j++) {
            expect(c, NETIF_RSP_NULL, false);
        }
    }
    net_expect_silence(c->n, 0);
}

/* All in the ring at once, and in two parts, wherever the end of the first */
static void test_shape(const void *opaque)
{
    const Shape *shape = opaque;
    unsigned slots = shape->pieces + shape->extras;
    NetMachine *n = net_start();
    Chain c = { .n = n };

    g_assert_true(netfront_connect(&n->nic[0]));
    c.gref = gnttab_grant(&n->m.grants, n->m.data, true);
    ring_begin_count(&n->m);
    for (c.stop = 0; c.stop < MIN(slots, 20); c.stop++) {
        play(&c, shape);
        net_transmit(n, 0, c.stop, 60);
    }
    net_works(n, 0);
    ring_expect_count(&n->m);
    ring_expect_log(&n->m, "", 2);
    net_end(n);
}

/* An unfinished packet ends with its connection */
static void test_unfinished(void)
{
    NetMachine *n = net_start();
    Netfront *f = &n->nic[0];

    for (unsigned extra = 0; extra < 2; extra++) {
        netif_tx_request_t request = {
            .id = 0x700, .size = 100,
            .flags = extra ? NETTXF_extra_info : NETTXF_more_data,
        };

        g_assert_true(netfront_connect(f));
        g_assert_cmpint(netfront_do(f, &request), ==, NETIF_RSP_ERROR);
        g_assert_true(netfront_disconnect(f));
        g_assert_true(netfront_connect(f));
        net_works(n, 0);
        g_assert_true(netfront_disconnect(f));
    }
    net_end(n);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(shapes); i++) {
        g_autofree char *path = g_strdup_printf("xen-net/slots/%s",
                                                shapes[i].name);

        qtest_add_data_func(path, &shapes[i], test_shape);
    }
    qtest_add_func("xen-net/slots/unfinished", test_unfinished);
    return g_test_run();
}
