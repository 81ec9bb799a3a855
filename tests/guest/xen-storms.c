/*
 * test=storms: hypercalls without pause, each kind for seconds=
 *
 * Whoever started the machine looks whether its monitor answers meanwhile.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "cpu.h"
#include "events.h"
#include "smp.h"
#include "tap.h"
#include "xen-tests.h"

#define BATCH       65535
#define PAGE_SIZE   4096u

static unsigned port;
static unsigned masked;
static uint32_t until_stop;
static uint32_t handled;
static char scratch[2][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static void on_event(unsigned which)
{
    handled++;
}

static uint32_t send_event(void)
{
    return event_send(port);
}

static uint32_t send_masked(void)
{
    return event_send(masked);
}

static uint32_t past_timer(void)
{
    return set_timer_op(1);
}

static uint32_t bind_and_close(void)
{
    unsigned new = event_bind_ipi(0, NULL);

    return event_close(new);
}

static uint32_t map_page(void)
{
    static unsigned which;
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_grant_table,
        .gpfn = (uintptr_t)scratch[which++ % 2] / PAGE_SIZE,
    };

    return memory_op(XENMEM_add_to_physmap, &map);
}

/* As many as one call takes */
static uint32_t map_batch(void)
{
    static xen_ulong_t indices[BATCH];
    static xen_pfn_t frames[BATCH];
    static int errors[BATCH];
    struct xen_add_to_physmap_batch batch = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_grant_table,
        .size = BATCH,
    };

    for (unsigned i = 0; i < BATCH; i++) {
        frames[i] = (uintptr_t)scratch[i % 2] / PAGE_SIZE;
    }
    batch.idxs.p = indices;
    batch.gpfns.p = frames;
    batch.errs.p = errors;
    return memory_op(XENMEM_add_to_physmap_batch, &batch);
}

static uint32_t vcpu_area(void)
{
    static struct vcpu_time_info info;
    struct vcpu_register_time_memory_area area = { .addr.v = (void *)&info };

    return vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &area);
}

static uint32_t set_callback(void)
{
    return hvm_set_param(HVM_PARAM_CALLBACK_IRQ, 2ull << 56 | 0xe0);
}

static uint32_t reset_channels(void)
{
    struct evtchn_reset reset = { .dom = DOMID_SELF };

    return event_channel_op(EVTCHNOP_reset, &reset);
}

static uint32_t yield(void)
{
    return sched_op(SCHEDOP_yield, NULL);
}

static const struct {
    const char *name;
    uint32_t (*call)(void);
} kinds[] = {
    { "events to itself", send_event },
    { "masked events", send_masked },
    { "timers in the past", past_timer },
    { "bind and close", bind_and_close },
    { "a page of the grant table", map_page },
    { "a batch of 65535 pages", map_batch },
    { "an area for the time", vcpu_area },
    { "the callback vector", set_callback },
    { "yield", yield },
    { "reset of the event channels", reset_channels },
};

static void other(void *arg)
{
    sti();
    while (load32(&until_stop)) {
        event_send(port);
    }
}

void xen_test_storms(const Args *args)
{
    uint32_t seconds = args_value(args, ARG_SECONDS, 1);
    unsigned cpus = args_value(args, ARG_CPUS, 1);

    if (!events_start() || !events_deliver(DELIVER_VECTOR, 1)) {
        return;
    }
    port = event_bind_ipi(0, on_event);
    masked = event_bind_ipi(0, NULL);
    event_bind_virq(VIRQ_TIMER, 0, on_event);
    cpus = smp_start(cpus);
    sti();
    store32(&until_stop, 1);
    for (unsigned i = 1; i < cpus; i++) {
        smp_run(i, other, NULL);
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        uint64_t end = time_now() + seconds * 1000000000ull;
        uint32_t calls = 0;
        uint32_t result = 0;

        tap_say("Storm: %s", kinds[i].name);
        while (!result && time_now() < end) {
            result = kinds[i].call();
            calls++;
        }
        tap_equal(0, result, "%s, without pause", kinds[i].name);
        tap_say("  %u times", calls);
    }
    store32(&until_stop, 0);
    for (unsigned i = 1; i < cpus; i++) {
        smp_wait(i);
    }
    tap_ok(handled, "there were events");
}
