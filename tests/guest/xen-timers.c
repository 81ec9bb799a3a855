/*
 * test=timers: singleshot and periodic timers of a vCPU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "cpu.h"
#include "events.h"
#include "smp.h"
#include "tap.h"
#include "xen-tests.h"

#define US          1000u
#define MS          1000000u
#define SECOND_US   1000000u

/* Times in us that a busy host may need; none, if it is idle */
#define PATIENCE_US (5 * SECOND_US)
#define PROMPT_US   5000
#define ATTEMPTS    20

static uint32_t fired;
static uint64_t fired_at;
static uint32_t again;      /* how often to set the timer again */

static void on_timer(unsigned port)
{
    fired_at = time_now();
    store32(&fired, fired + 1);
    if (again) {
        again--;
        set_timer_op(fired_at + MS);
    }
}

static uint32_t set_by_vcpu_op(uint64_t time)
{
    struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = time };

    return vcpu_op(VCPUOP_set_singleshot_timer, this_cpu(), &timer);
}

/* Returns: by how many us it was late, the least of several times */
static uint32_t lateness(uint32_t (*set)(uint64_t time), int64_t delta,
                         bool *early)
{
    uint32_t least = UINT32_MAX;

    *early = false;
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        uint64_t start = time_now();
        uint64_t due = start + delta;
        uint32_t late;

        fired = 0;
        if (set(due) || !time_wait_for(&fired, 1, PATIENCE_US)) {
            return UINT32_MAX;
        }
        *early |= delta > 0 && fired_at < due;
        late = div64(fired_at - (delta > 0 ? due : start), US);
        least = late < least ? late : least;
    }
    return least;
}

static void singleshot(const char *name, uint32_t (*set)(uint64_t time),
                       uint32_t (*stop)(void))
{
    bool early;
    uint32_t late = lateness(set, MS, &early);

    tap_between(0, PROMPT_US, late, "%s: fires when it is due", name);
    tap_say("  at best %u us late", late);
    tap_ok(!early, "%s: never before", name);
    late = lateness(set, -(int64_t)MS, &early);
    tap_between(0, PROMPT_US, late, "%s: fires at once in the past", name);
    tap_say("  at best %u us late", late);

    fired = 0;
    set(time_now() + 30 * MS);
    tap_equal(0, stop(), "%s: can be stopped", name);
    time_wait_us(60000);
    tap_equal(0, fired, "%s: then it does not fire", name);

    /* The later setting takes the place of the earlier */
    set(time_now() + 10 * MS);
    set(time_now() + 60 * MS);
    time_wait_us(35000);
    tap_ok(fired == 0 || time_now() > fired_at + 20 * MS,
           "%s: set again before it fired", name);
    time_wait_for(&fired, 1, PATIENCE_US);
    time_wait_us(20000);
    tap_equal(1, fired, "%s: it fires once", name);
}

static uint32_t stop_by_timer_op(void)
{
    return set_timer_op(0);
}

static uint32_t stop_by_vcpu_op(void)
{
    return vcpu_op(VCPUOP_stop_singleshot_timer, this_cpu(), NULL);
}

static uint32_t set_periodic(unsigned vcpu, uint64_t period)
{
    struct vcpu_set_periodic_timer timer = { .period_ns = period };

    return vcpu_op(VCPUOP_set_periodic_timer, vcpu, &timer);
}

static void periodic(void)
{
    uint64_t start;
    uint32_t passed, ticks;

    tap_equal(XEN_EINVAL, set_periodic(0, MS - 1),
              "a period below 1 ms is refused");
    fired = 0;
    start = time_now();
    tap_equal(0, set_periodic(0, 10 * MS), "a period of 10 ms is taken");
    time_wait_us(SECOND_US);
    ticks = load32(&fired);
    passed = div64(time_now() - start, 10 * MS);
    tap_equal(0, vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL),
              "and can be stopped");
    tap_between(passed / 2, passed + 1, ticks, "ticks in %u periods",
                passed);
    tap_say("  %u of %u", ticks, passed);
    time_wait_us(1000);
    fired = 0;
    time_wait_us(50000);
    tap_equal(0, fired, "then it is silent");
}

static void of_another_vcpu(void)
{
    struct vcpu_set_singleshot_timer timer = { 0 };

    tap_equal(XEN_EINVAL, vcpu_op(VCPUOP_set_singleshot_timer, 1, &timer),
              "the singleshot timer of another vCPU is refused");
    tap_equal(XEN_ENOENT, vcpu_op(VCPUOP_set_singleshot_timer, 77, &timer),
              "and that of a vCPU that is none");
}

void xen_test_timers(const Args *args)
{
    uint64_t start;
    uint32_t late;
    unsigned port;

    if (!events_start() || !events_deliver(DELIVER_VECTOR, 1)) {
        return;
    }
    port = event_bind_virq(VIRQ_TIMER, 0, on_timer);
    tap_ok(port, "the timer has a port");
    sti();

    singleshot("set_timer_op", set_timer_op, stop_by_timer_op);
    singleshot("VCPUOP_set_singleshot_timer", set_by_vcpu_op,
               stop_by_vcpu_op);

    fired = 0;
    start = time_now();
    set_timer_op(UINT64_MAX);
    tap_ok(time_wait_for(&fired, 1, PATIENCE_US),
           "set_timer_op with a negative time fires after all");
    late = div64(fired_at - start, US);
    tap_between(100000, PATIENCE_US, late, "but not before 100 ms");
    tap_say("  after %u us", late);

    fired = 0;
    again = 99;
    set_timer_op(time_now() + MS);
    tap_ok(time_wait_for(&fired, 100, PATIENCE_US),
           "set again from its handler, it fires 100 times");

    periodic();
    if (args_value(args, ARG_CPUS, 1) > 1) {
        of_another_vcpu();
    }

    fired = 0;
    cli();
    set_timer_op(time_now() + 20 * MS);
    while (!load32(&fired)) {
        sti_hlt();
        cli();
    }
    tap_ok(true, "it wakes from HLT");
    tap_equal(0, event_close(port), "the port can be closed");
}
