/*
 * The test process as a Xen guest: tests/libxen over qtest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-guest-qtest.h"
#include "xen-hypercall.h"

#define FIRST_PAGE  0x200000
#define PAUSE_US    50

static QTestState *qts(XenGuest *g)
{
    return container_of(g, XenGuestQtest, guest)->qts;
}

static uint8_t read8(XenGuest *g, uint64_t addr)
{
    return qtest_readb(qts(g), addr);
}

static uint16_t read16(XenGuest *g, uint64_t addr)
{
    return qtest_readw(qts(g), addr);
}

static uint32_t read32(XenGuest *g, uint64_t addr)
{
    return qtest_readl(qts(g), addr);
}

static uint64_t read64(XenGuest *g, uint64_t addr)
{
    return qtest_readq(qts(g), addr);
}

static void write8(XenGuest *g, uint64_t addr, uint8_t value)
{
    qtest_writeb(qts(g), addr, value);
}

static void write16(XenGuest *g, uint64_t addr, uint16_t value)
{
    qtest_writew(qts(g), addr, value);
}

static void write32(XenGuest *g, uint64_t addr, uint32_t value)
{
    qtest_writel(qts(g), addr, value);
}

static void write64(XenGuest *g, uint64_t addr, uint64_t value)
{
    qtest_writeq(qts(g), addr, value);
}

static void read_buffer(XenGuest *g, uint64_t addr, void *buf, size_t size)
{
    qtest_memread(qts(g), addr, buf, size);
}

static void write_buffer(XenGuest *g, uint64_t addr, const void *buf,
                         size_t size)
{
    qtest_memwrite(qts(g), addr, buf, size);
}

static uint32_t cmpxchg32(XenGuest *g, uint64_t addr, uint32_t from,
                          uint32_t to)
{
    g_autofree char *line = g_strdup_printf("xen-cmpxchg 0x%" PRIx64 " 0x%x"
                                            " 0x%x", addr, from, to);

    return qtest_machine_call(qts(g), line);
}

static int32_t hypercall(XenGuest *g, uint32_t number, uint64_t arg1,
                         uint64_t arg2, uint64_t arg3)
{
    return xen_call(qts(g), number, arg1, arg2, arg3);
}

/* The host goes on between two commands of qtest */
static void pause_guest(XenGuest *g, unsigned round)
{
    g_usleep(PAUSE_US);
}

static uint32_t now_ms(XenGuest *g)
{
    return g_get_monotonic_time() / 1000;
}

static uint64_t alloc_pages(XenGuest *g, unsigned n)
{
    XenGuestQtest *q = container_of(g, XenGuestQtest, guest);
    uint64_t addr = q->next_page;

    q->next_page += n * XEN_GUEST_PAGE_SIZE;
    xen_guest_zero(g, addr, n * XEN_GUEST_PAGE_SIZE);
    return addr;
}

static void G_GNUC_PRINTF(2, 3) say(XenGuest *g, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_test_message("%s", text);
}

static const XenGuestOps ops = {
    .read8 = read8,
    .read16 = read16,
    .read32 = read32,
    .read64 = read64,
    .write8 = write8,
    .write16 = write16,
    .write32 = write32,
    .write64 = write64,
    .read = read_buffer,
    .write = write_buffer,
    .cmpxchg32 = cmpxchg32,
    .hypercall = hypercall,
    .pause = pause_guest,
    .now_ms = now_ms,
    .alloc_pages = alloc_pages,
    .say = say,
};

XenGuest *xen_guest_qtest_init(XenGuestQtest *q, QTestState *qts)
{
    XenGuest *g = &q->guest;

    *q = (XenGuestQtest) {
        .guest = { .ops = &ops, .width = 64 },
        .qts = qts,
        .next_page = FIRST_PAGE,
    };
    /* xen_map_shared_info() wants one page after the other */
    g->args = alloc_pages(g, 2);
    g->shared_info = g->args + XEN_GUEST_PAGE_SIZE;
    xen_map_shared_info(qts, g->shared_info);
    return g;
}
