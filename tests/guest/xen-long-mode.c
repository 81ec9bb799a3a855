/*
 * test=long-mode: a 64-bit guest's shared info, events and clock
 *
 * A guest is a 64-bit one once it has filled its hypercall page, or asked for
 * upcalls, in 64-bit mode.  Then Xen's structures have other places.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "clock.h"
#include "cpu.h"
#include "events.h"
#include "tap.h"
#include "xen-tests.h"

/* shared_info and vcpu_info as in public/arch-x86/xen-x86_64.h */
#define PENDING             0x800
#define MASK                0xa00
#define WC_VERSION          0xc00
#define WC_SEC              0xc04
#define WC_SEC_HI           0xc0c
#define UPCALL_PENDING      0x000
#define PENDING_SEL         0x008

#define PORTS_64            4096
#define MANY_PORTS          1100
#define CALLBACK_VECTOR     (2ull << 56 | TRAP_LONG_UPCALL)
#define NS_PER_SECOND       1000000000u

static char hypercall_page[4096] __attribute__((aligned(4096)));

static uint32_t *word(unsigned offset)
{
    return (uint32_t *)(shared_page.page + offset);
}

static uint64_t call64(uint32_t nr, uint64_t arg1, uint64_t arg2,
                       uint64_t arg3)
{
    Regs regs = { .rax = nr, .rdi = arg1, .rsi = arg2, .rdx = arg3 };

    trap_call(MODE_64, cpu_is_intel() ? target_vmcall : target_vmmcall,
              &regs);
    return regs.rax;
}

static void fill_page(CpuMode mode)
{
    Regs regs = {
        .rcx = XEN_HYPERCALL_MSR, .rax = (uintptr_t)hypercall_page,
    };

    trap_call(mode, target_wrmsr, &regs);
}

static uint32_t op64(uint32_t cmd, void *arg)
{
    return call64(__HYPERVISOR_event_channel_op, cmd, (uintptr_t)arg, 0);
}

static void wall_clock(unsigned version, unsigned sec, const char *when)
{
    uint32_t rtc = clock_rtc();
    uint32_t now;

    tap_ok(load32(word(version)) && !(load32(word(version)) & 1),
           "%s: the wall clock's version is even and not 0", when);
    now = load32(word(sec)) + div64(time_now(), NS_PER_SECOND);
    tap_between(rtc - 1, rtc + 2, now, "%s: wall clock and RTC agree", when);
}

static void upcall(unsigned port)
{
    struct evtchn_send send = { .port = port };
    struct xen_hvm_param param = {
        .domid = DOMID_SELF,
        .index = HVM_PARAM_CALLBACK_IRQ,
        .value = CALLBACK_VECTOR,
    };
    Regs regs = { 0 };

    tap_equal(0, call64(__HYPERVISOR_hvm_op, HVMOP_set_param,
                        (uintptr_t)&param, 0), "the callback vector is set");
    long_upcall_pending = (uint8_t *)word(UPCALL_PENDING);
    *word(MASK + port / 32 * 4) &= ~(1u << port % 32);
    tap_equal(0, op64(EVTCHNOP_send, &send), "port %u: sent", port);
    tap_ok(*word(PENDING + port / 32 * 4) & 1u << port % 32,
           "port %u: its bit is set", port);
    tap_ok(*word(PENDING_SEL + port / 64 / 32 * 4) & 1u << port / 64 % 32,
           "port %u: and the bit of its word", port);
    tap_equal(0, long_upcalls, "port %u: with interrupts off, no upcall",
              port);
    tap_equal(TRAP_NONE, trap_call(MODE_64, target_sti, &regs),
              "port %u: interrupts on", port);
    tap_equal(1, long_upcalls, "port %u: one upcall in 64-bit mode", port);
    trap_call(MODE_64, target_sti, &regs);
    tap_equal(1, long_upcalls, "port %u: and no other", port);
    *word(PENDING + port / 32 * 4) = 0;
    *word(PENDING_SEL) = 0;
    long_upcalls = 0;
}

/* Returns: a new port, 0 if there is none */
static unsigned bind_ipi(void)
{
    struct evtchn_bind_ipi bind = { 0 };

    return op64(EVTCHNOP_bind_ipi, &bind) ? 0 : bind.port;
}

/* More than a 32-bit guest could have */
static unsigned many_ports(void)
{
    unsigned last = 0;

    for (unsigned i = 0; i < MANY_PORTS; i++) {
        last = bind_ipi();
    }
    return last;
}

static void runstate(void)
{
    static uint64_t area[6] __attribute__((aligned(16)));
    uint64_t address = (uintptr_t)area;
    uint64_t start = time_now();

    tap_equal(0, call64(__HYPERVISOR_vcpu_op,
                        VCPUOP_register_runstate_memory_area, 0,
                        (uintptr_t)&address), "the run state has its area");
    clock_delay_us(1000);
    tap_equal(RUNSTATE_running, area[0], "the state is at its start");
    tap_ok(area[1] && area[1] < time_now() && area[1] + NS_PER_SECOND > start,
           "its begin is at 8");
    tap_ok(area[2] && area[2] < time_now(), "time running is at 16");
}

static void timer(void)
{
    struct evtchn_bind_virq bind = { .virq = VIRQ_TIMER };
    uint64_t start = time_now();
    uint32_t bit;

    tap_equal(0, op64(EVTCHNOP_bind_virq, &bind), "the timer has a port");
    bit = 1u << bind.port % 32;
    tap_equal(0, call64(__HYPERVISOR_set_timer_op, start + 5000000, 0, 0),
              "a timer is set");
    while (!(*word(PENDING + bind.port / 32 * 4) & bit) &&
           time_now() < start + NS_PER_SECOND) {
        barrier();
    }
    tap_ok(*word(PENDING + bind.port / 32 * 4) & bit, "it fires");
    tap_ok(time_now() - start >= 5000000, "and not too early");
}

static void poll(unsigned port)
{
    struct {
        uint64_t ports;
        uint32_t nr_ports;
        uint32_t padding;
        uint64_t timeout;
    } op;
    evtchn_port_t ports[] = { port };
    uint64_t start = time_now();

    op.ports = (uintptr_t)ports;
    op.nr_ports = 1;
    op.timeout = start + 5000000;
    tap_equal(0, call64(__HYPERVISOR_sched_op, SCHEDOP_poll,
                        (uintptr_t)&op, 0), "SCHEDOP_poll: result 0");
    tap_ok(time_now() - start >= 5000000, "after 5 ms");
    ports[0] = PORTS_64;
    tap_equal(XEN_EINVAL, call64(__HYPERVISOR_sched_op, SCHEDOP_poll,
                                 (uintptr_t)&op, 0), "port 4096: refused");
}

void xen_test_long_mode(const Args *args)
{
    unsigned first, last;

    if (!events_start()) {
        return;
    }
    wall_clock(offsetof(struct shared_info, wc_version),
               offsetof(struct shared_info, wc_sec), "32-bit guest");
    fill_page(MODE_64);
    wall_clock(WC_VERSION, WC_SEC, "64-bit guest");
    tap_equal(0, *word(WC_SEC_HI), "the upper half of its seconds");

    /* Another layout: what were masks are pending events now */
    memset(shared_page.page + PENDING, 0, MASK - PENDING);
    memset(shared_page.page + MASK, 0xff, WC_VERSION - MASK);
    first = bind_ipi();
    last = many_ports();
    tap_between(MANY_PORTS, PORTS_64 - 1, last, "%u ports", MANY_PORTS);
    upcall(first);
    upcall(last);
    poll(last);
    runstate();
    timer();
    fill_page(MODE_32);
    wall_clock(offsetof(struct shared_info, wc_version),
               offsetof(struct shared_info, wc_sec), "32-bit guest again");
}
