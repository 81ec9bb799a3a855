/*
 * xen-console: frontends that do what they should not
 *
 * Whatever one does, QEMU is alive, the other console works, and when the first
 * is closed, nothing is left.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/socket.h>
#include "qemu/atomic.h"
#include "xen-console-common.h"

#define HOLE        0x70000000
#define MMIO        0xfee00000
#define ROM         0xfffff000

/* Lines of QEMU's that may come of anything below */
#define LINES       8

static ConsoleMachine *start_connected(void)
{
    ConsoleMachine *c = console_start();

    ring_begin_count(&c->m);
    g_assert_true(consfront_connect(&c->console[1]));
    return c;
}

static void end(ConsoleMachine *c)
{
    ring_expect_alive(&c->m);
    console_works(c, 0, 1, 100);
    ring_expect_log(&c->m, "", LINES);
    console_end(c);
}

static void expect_recovers(ConsoleMachine *c)
{
    Consfront *f = &c->console[1];

    g_assert_true(consfront_disconnect(f));
    ring_expect_count(&c->m);
    g_assert_true(consfront_connect(f));
    console_works(c, 1, 2, 100);
    g_assert_true(consfront_disconnect(f));
    ring_expect_count(&c->m);
    end(c);
}

typedef struct Indices {
    const char *name;
    unsigned which;
    uint32_t value;
} Indices;

static const Indices indices[] = {
    { "out-prod-one-too-many", CONSFRONT_OUT_PROD, CONSFRONT_OUT_SIZE + 1 },
    { "out-prod-far-ahead", CONSFRONT_OUT_PROD, 0x7fffffff },
    { "out-prod-behind", CONSFRONT_OUT_PROD, -1 },
    { "out-cons-ahead", CONSFRONT_OUT_CONS, 1 },
    { "out-cons-behind", CONSFRONT_OUT_CONS, -CONSFRONT_OUT_SIZE - 1 },
    { "in-cons-ahead", CONSFRONT_IN_CONS, 1 },
    { "in-cons-behind", CONSFRONT_IN_CONS, -CONSFRONT_IN_SIZE - 1 },
    { "in-prod-ahead", CONSFRONT_IN_PROD, CONSFRONT_IN_SIZE + 1 },
    { "in-prod-behind", CONSFRONT_IN_PROD, -1 },
};

/* Impossible indices: nothing is taken or given until they are right again */
static void test_index(const void *opaque)
{
    const Indices *row = opaque;
    ConsoleMachine *c = start_connected();
    Consfront *f = &c->console[1];
    const XenGuestOps *ops = c->m.g->ops;
    bool out = row->which >= CONSFRONT_OUT_CONS;
    uint8_t got;

    ops->write32(c->m.g, f->page + row->which, row->value);
    for (unsigned i = 0; i < 50; i++) {
        evtchn_send(c->m.g, f->port);
        console_type(c, 1, "x", 1);
        ring_expect_alive(&c->m);
    }
    g_assert_cmphex(ops->read32(c->m.g, f->page + row->which), ==, row->value);
    if (out) {
        g_assert_cmpint(recv(c->reader[1], &got, 1, MSG_DONTWAIT), ==, -1);
    }
    ops->write32(c->m.g, f->page + row->which, 0);
    if (!out) {
        uint8_t typed[50];

        /* What was typed has waited */
        g_assert_true(consfront_read(f, typed, sizeof(typed)));
        g_assert_cmpint(typed[49], ==, 'x');
    }
    expect_recovers(c);
}

static const struct {
    const char *name;
    uint64_t addr;
    uint16_t flags;
} grants[] = {
    { "revoked", 0, 0 },
    { "transfer", 0x400000, GTF_accept_transfer },
    { "transitive", 0x400000, GTF_transitive },
    { "read-only", 0x400000, GTF_permit_access | GTF_readonly },
    { "hole", HOLE, GTF_permit_access },
    { "mmio", MMIO, GTF_permit_access },
    { "rom", ROM, GTF_permit_access },
    { "nowhere", 0xfffffffful << XEN_GUEST_PAGE_SHIFT, GTF_permit_access },
};

/* A ring that is no page to write to: the backend does not connect */
static void test_grant(const void *opaque)
{
    unsigned which = GPOINTER_TO_UINT(opaque);
    ConsoleMachine *c = console_start();
    Consfront *f = &c->console[1];

    ring_begin_count(&c->m);
    g_assert_true(consfront_offer(f, XenbusStateInitialising));
    gnttab_set(&c->m.grants, f->ref, grants[which].addr, grants[which].flags);
    g_assert_true(xenbus_set_state(&f->bus, XenbusStateConnected));
    g_assert_true(xenbus_wait(&f->bus, XenbusStateClosing));
    evtchn_send(c->m.g, f->port);
    ring_expect_alive(&c->m);
    /* What it had already, it has given back */
    g_assert_cmpint(evtchn_status(c->m.g, f->port), ==, EVTCHNSTAT_unbound);
    expect_recovers(c);
}

typedef struct Race {
    uint32_t *index;    /* the four of them */
    bool stop;
} Race;

static void *race(void *opaque)
{
    Race *r = opaque;

    for (uint32_t i = 1; !qatomic_read(&r->stop); i++) {
        qatomic_set(&r->index[i % 4], i * 0x9e3779b1 >> (i % 32));
    }
    return NULL;
}

/* Indices that change while they are looked at */
static void test_race(void)
{
    ConsoleMachine *c = start_connected();
    Consfront *f = &c->console[1];
    Race r = {
        .index = (uint32_t *)(c->m.ram + f->page + CONSFRONT_IN_CONS),
    };
    GThread *thread = g_thread_new("second vCPU", race, &r);
    uint8_t data[8192] = { 0 };

    for (unsigned i = 0; i < 300; i++) {
        evtchn_send(c->m.g, f->port);
        send(c->reader[1], data, 64, MSG_DONTWAIT);
        while (recv(c->reader[1], data, sizeof(data), MSG_DONTWAIT) > 0) {
            continue;
        }
        ring_expect_alive(&c->m);
    }
    qatomic_set(&r.stop, true);
    g_thread_join(thread);
    g_assert_true(consfront_disconnect(f));
    ring_expect_count(&c->m);
    end(c);
}

static void close_port(ConsoleMachine *c)
{
    g_assert_cmpint(evtchn_close(c->m.g, c->console[1].port), ==, 0);
}

static void revoke_ring(ConsoleMachine *c)
{
    gnttab_set(&c->m.grants, c->console[1].ref, 0, 0);
}

static void fill_ring(ConsoleMachine *c)
{
    qtest_memset(c->m.qts, c->console[1].page, 0xff, XEN_GUEST_PAGE_SIZE);
}

static void remove_state(ConsoleMachine *c)
{
    g_assert_true(xenstore_rm(&c->m.xs, 0, c->console[1].bus.frontend,
                              "state"));
}

static void remove_frontend(ConsoleMachine *c)
{
    g_assert_true(xenstore_rm(&c->m.xs, 0, "", c->console[1].bus.frontend));
}

static void remove_backend(ConsoleMachine *c)
{
    xs_expect(c->m.host, XS_RM, 0, "/local/domain/0/backend/console/1/1|",
              "OK|");
}

static void remove_device(ConsoleMachine *c)
{
    qtest_qmp_device_del_send(c->m.qts, "con1");
}

static const struct {
    const char *name;
    void (*act)(ConsoleMachine *c);
} blows[] = {
    { "close-port", close_port },
    { "revoke-ring", revoke_ring },
    { "fill-ring", fill_ring },
    { "remove-state", remove_state },
    { "remove-frontend", remove_frontend },
    { "remove-backend", remove_backend },
    { "remove-device", remove_device },
};

/* Something is under way in both directions when it happens, and afterwards */
static void test_blow(const void *opaque)
{
    unsigned which = GPOINTER_TO_UINT(opaque);
    ConsoleMachine *c = start_connected();
    Consfront *f = &c->console[1];
    uint8_t data[3000] = { 0 };

    console_type(c, 1, data, sizeof(data));
    consfront_put(f, data, 1000);
    blows[which].act(c);
    for (unsigned i = 0; i < 10; i++) {
        evtchn_send(c->m.g, f->port);
        console_type(c, 1, "x", 1);
        ring_expect_alive(&c->m);
    }
    ring_expect_let_go(&c->m, &f->bus, f->port);
    end(c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(indices); i++) {
        g_autofree char *path = g_strdup_printf("xen-console/hostile/index/%s",
                                                indices[i].name);

        qtest_add_data_func(path, &indices[i], test_index);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(grants); i++) {
        g_autofree char *path = g_strdup_printf("xen-console/hostile/grant/%s",
                                                grants[i].name);

        qtest_add_data_func(path, GUINT_TO_POINTER(i), test_grant);
    }
    qtest_add_func("xen-console/hostile/race", test_race);
    for (unsigned i = 0; i < G_N_ELEMENTS(blows); i++) {
        g_autofree char *path = g_strdup_printf("xen-console/hostile/blow/%s",
                                                blows[i].name);

        qtest_add_data_func(path, GUINT_TO_POINTER(i), test_blow);
    }
    return g_test_run();
}
