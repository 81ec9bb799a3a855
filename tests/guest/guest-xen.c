/*
 * The image as a Xen guest: tests/libxen over real instructions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "console.h"
#include "cpu.h"
#include "events.h"
#include "exit.h"
#include "guest-xen.h"
#include "hypercall.h"
#include "tap.h"

#define POOL_PAGES  256
#define PAUSES      64
#define POLL_NS     100000

static char pool[POOL_PAGES][XEN_GUEST_PAGE_SIZE]
    __attribute__((aligned(XEN_GUEST_PAGE_SIZE)));
static unsigned pool_used;

/* There is no paging */
static void *at(uint64_t addr)
{
    return (void *)(uintptr_t)addr;
}

static uint8_t read8(XenGuest *g, uint64_t addr)
{
    return __atomic_load_n((uint8_t *)at(addr), __ATOMIC_SEQ_CST);
}

static uint16_t read16(XenGuest *g, uint64_t addr)
{
    return __atomic_load_n((uint16_t *)at(addr), __ATOMIC_SEQ_CST);
}

static uint32_t read32(XenGuest *g, uint64_t addr)
{
    return __atomic_load_n((uint32_t *)at(addr), __ATOMIC_SEQ_CST);
}

static uint64_t read64(XenGuest *g, uint64_t addr)
{
    uint64_t value = 0;

    /* This CPU may have no other read of 64 bits; it writes what is there */
    asm volatile("lock cmpxchg8b %1"
                 : "+A" (value), "+m" (*(uint64_t *)at(addr))
                 : "b" (0), "c" (0) : "memory", "cc");
    return value;
}

static void write8(XenGuest *g, uint64_t addr, uint8_t value)
{
    __atomic_store_n((uint8_t *)at(addr), value, __ATOMIC_SEQ_CST);
}

static void write16(XenGuest *g, uint64_t addr, uint16_t value)
{
    __atomic_store_n((uint16_t *)at(addr), value, __ATOMIC_SEQ_CST);
}

static void write32(XenGuest *g, uint64_t addr, uint32_t value)
{
    __atomic_store_n((uint32_t *)at(addr), value, __ATOMIC_SEQ_CST);
}

static void write64(XenGuest *g, uint64_t addr, uint64_t value)
{
    uint64_t was = read64(g, addr);
    bool done;

    do {
        asm volatile("lock cmpxchg8b %1"
                     : "=@ccz" (done), "+m" (*(uint64_t *)at(addr)), "+A" (was)
                     : "b" ((uint32_t)value), "c" ((uint32_t)(value >> 32))
                     : "memory");
    } while (!done);
}

static void read_buffer(XenGuest *g, uint64_t addr, void *buf, size_t size)
{
    barrier();
    memcpy(buf, at(addr), size);
}

static void write_buffer(XenGuest *g, uint64_t addr, const void *buf,
                         size_t size)
{
    memcpy(at(addr), buf, size);
    barrier();
}

static uint32_t cmpxchg32(XenGuest *g, uint64_t addr, uint32_t from,
                          uint32_t to)
{
    __atomic_compare_exchange_n((uint32_t *)at(addr), &from, to, false,
                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return from;
}

static int32_t call(XenGuest *g, uint32_t number, uint64_t arg1, uint64_t arg2,
                    uint64_t arg3)
{
    return hypercall(number, arg1, arg2, arg3, 0);
}

/* Long waits leave the CPU to who is waited for */
static void pause_guest(XenGuest *g, unsigned round)
{
    struct sched_poll op = { 0 };

    if (round < PAUSES) {
        pause();
        return;
    }
    op.timeout = time_now() + POLL_NS;
    sched_op(SCHEDOP_poll, &op);
}

static uint32_t now_ms(XenGuest *g)
{
    return div64(time_now(), 1000000);
}

static uint64_t alloc_pages(XenGuest *g, unsigned n)
{
    uint64_t addr = (uintptr_t)pool[pool_used];

    pool_used += n;
    if (pool_used > POOL_PAGES) {
        tap_bail_out("more than %u pages are wanted", POOL_PAGES);
        guest_exit(GUEST_EXIT_FAILED);
    }
    return addr;
}

static void PRINTF_LIKE(2, 3) say(XenGuest *g, const char *fmt, ...)
{
    va_list ap;

    console_printf("# ");
    va_start(ap, fmt);
    console_vprintf(fmt, ap);
    va_end(ap);
    console_printf("\n");
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
    .hypercall = call,
    .pause = pause_guest,
    .now_ms = now_ms,
    .alloc_pages = alloc_pages,
    .say = say,
};

XenGuest *guest_xen(void)
{
    static XenGuest guest = { .ops = &ops, .width = 32 };

    if (!guest.args) {
        guest.args = alloc_pages(&guest, 1);
        guest.shared_info = (uintptr_t)&shared_page;
    }
    return &guest;
}
