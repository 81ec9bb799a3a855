/*
 * test=random: count= hypercalls without sense
 *
 * The seed is always the same.  What ends or blocks the guest by right is
 * left out, and what writes to memory gets only such as is not needed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "apic.h"
#include "cpu.h"
#include "events.h"
#include "tap.h"
#include "xen-tests.h"

#define DEFAULT_COUNT   100000
#define PAGE_SIZE       4096u
#define NR_HYPERCALLS   64

static char scratch[4][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint32_t words[64];
static uint32_t handled;
static uint32_t state = 0x2545f491;

static uint32_t next(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* As a pointer: low memory, where nothing is, or where no memory is */
static uint32_t harmless(void)
{
    switch (next() % 4) {
    case 0:
        return next() % 8;
    case 1:
        return DOMID_SELF;
    case 2:
        return (uintptr_t)scratch[next() % 4] / PAGE_SIZE;
    default:
        return next() | 0x80000000;
    }
}

static uint32_t argument(void)
{
    switch (next() % 4) {
    case 0:
        return next() % 40;
    case 1:
    case 2:
        return (uintptr_t)words + (next() % 8) * 4;
    default:
        return harmless();
    }
}

static bool ends_guest(uint32_t nr, uint32_t cmd)
{
    return nr % 0x10000 == __HYPERVISOR_sched_op &&
           (cmd == SCHEDOP_shutdown || cmd == SCHEDOP_poll);
}

static void on_event(unsigned port)
{
    store32(&handled, handled + 1);
}

static void any_vector(TrapFrame *frame)
{
    lapic_eoi();
}

void xen_test_random(const Args *args)
{
    uint32_t count = args_value(args, ARG_REPEAT, DEFAULT_COUNT);
    uint32_t succeeded = 0;
    unsigned port;

    if (!events_start()) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t nr = next() % NR_HYPERCALLS;
        uint32_t cmd = next() % 8 ? next() % 28 : argument();

        for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
            words[j] = harmless();
        }
        if (ends_guest(nr, cmd)) {
            continue;
        }
        succeeded += !hypercall(nr, cmd, argument(), argument(), argument());
    }
    tap_ok(succeeded, "%u hypercalls are survived", count);
    tap_say("  %u of them succeeded", succeeded);

    /* What they have bound and set goes with a soft reset */
    tap_equal(0, xen_shutdown(SHUTDOWN_soft_reset), "then a soft reset");
    for (unsigned i = 0x20; i < 0x100; i++) {
        trap_set_handler(i, any_vector);
    }
    lapic_set_tpr(0x1f);
    if (!events_start() || !events_deliver(DELIVER_VECTOR, 1)) {
        return;
    }
    port = event_bind_ipi(0, on_event);
    sti();
    event_send(port);
    tap_ok(time_wait_for(&handled, 1, 1000000), "and events work");
    tap_equal(args_value(args, ARG_XEN, ARG_XEN_DEFAULT),
              xen_version(XENVER_version, NULL), "and the version is right");
}
