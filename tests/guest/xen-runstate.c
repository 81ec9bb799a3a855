/*
 * test=runstate: how long vCPUs ran and slept
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "cpu.h"
#include "events.h"
#include "smp.h"
#include "tap.h"
#include "xen-tests.h"

#define MS              1000000u
#define SAMPLES         20000
#define NAPS            20
#define UPDATE_BIT_HIGH (1u << 31)

static struct vcpu_runstate_info areas[MAX_CPUS];
static uint32_t fired;
static uint32_t flag_seen;

/* Read until it stands.  Returns: system time, between the reads */
static uint64_t snapshot(unsigned vcpu, struct vcpu_runstate_info *copy)
{
    const struct vcpu_runstate_info *area = &areas[vcpu];
    const uint32_t *entry = (const uint32_t *)&area->state_entry_time;
    uint64_t now;
    uint32_t low;

    do {
        low = load32(&entry[0]);
        if (load32(&entry[1]) & UPDATE_BIT_HIGH) {
            flag_seen++;
            low = ~low;
        }
        barrier();
        memcpy(copy, area, sizeof(*copy));
        now = time_now();
        barrier();
    } while (low != load32(&entry[0]) ||
             load32(&entry[1]) & UPDATE_BIT_HIGH);
    return now;
}

static uint64_t sum(const struct vcpu_runstate_info *info)
{
    return info->time[RUNSTATE_running] + info->time[RUNSTATE_runnable] +
           info->time[RUNSTATE_blocked] + info->time[RUNSTATE_offline];
}

static void on_timer(unsigned port)
{
    store32(&fired, 1);
}

static void nap(uint32_t ns)
{
    cli();
    fired = 0;
    set_timer_op(time_now() + ns);
    while (!load32(&fired)) {
        sti_hlt();
        cli();
    }
    sti();
}

static void samples(unsigned vcpu)
{
    struct vcpu_runstate_info info;
    uint32_t torn = 0, future = 0, early = 0;
    uint64_t since = 0;

    snapshot(vcpu, &info);
    since = info.state_entry_time - sum(&info);
    for (unsigned i = 0; i < SAMPLES; i++) {
        uint64_t now = snapshot(vcpu, &info);

        torn += info.state_entry_time - sum(&info) != since;
        future += info.state_entry_time > now;
        early += info.state > RUNSTATE_offline;
    }
    tap_equal(0, torn, "vCPU %u: the times are the time passed, always",
              vcpu);
    tap_equal(0, future, "vCPU %u: the state began in the past", vcpu);
    tap_equal(0, early, "vCPU %u: the state is one", vcpu);
}

static void sleeps(void)
{
    struct vcpu_runstate_info before, after;
    uint64_t start, end, blocked, passed;

    start = snapshot(0, &before);
    for (unsigned i = 0; i < NAPS; i++) {
        nap(5 * MS);
    }
    end = snapshot(0, &after);
    passed = end - start;
    blocked = after.time[RUNSTATE_blocked] - before.time[RUNSTATE_blocked];
    tap_say("  blocked for %u of %u us", (uint32_t)div64(blocked, 1000),
            (uint32_t)div64(passed, 1000));
    tap_ok(blocked <= passed, "in HLT, vCPU 0 is blocked no longer than that");
    tap_ok(blocked >= NAPS * 4 * (uint64_t)MS,
           "in HLT, vCPU 0 is blocked nearly all the time");

    start = snapshot(0, &before);
    time_wait_us(50000);
    end = snapshot(0, &after);
    blocked = after.time[RUNSTATE_blocked] - before.time[RUNSTATE_blocked];
    tap_equal(0, blocked, "while it computes, it is not blocked");
    tap_equal(RUNSTATE_running, after.state, "while it computes, it runs");
}

/* CPU 1 sleeps all the time, and is woken by what others ask of it */
static void other_sleeps(void)
{
    struct vcpu_runstate_info info;
    bool blocked = false;

    for (unsigned i = 0; i < 1000 && !blocked; i++) {
        time_wait_us(1000);
        snapshot(1, &info);
        blocked = info.state == RUNSTATE_blocked;
    }
    tap_ok(blocked, "vCPU 1 in HLT is blocked");
}

static void registered(unsigned vcpu)
{
    struct vcpu_register_runstate_memory_area area = {
        .addr.v = &areas[vcpu],
    };

    tap_equal(0, vcpu_op(VCPUOP_register_runstate_memory_area, vcpu, &area),
              "vCPU %u has its area", vcpu);
    for (unsigned us = 0; !areas[vcpu].state_entry_time && us < 1000000;
         us += 100) {
        time_wait_us(100);
    }
    tap_ok(areas[vcpu].state_entry_time, "vCPU %u: and it is written", vcpu);
}

void xen_test_runstate(const Args *args)
{
    unsigned cpus = args_value(args, ARG_CPUS, 1);

    if (!events_start() || !events_deliver(DELIVER_VECTOR, cpus) ||
        !event_bind_virq(VIRQ_TIMER, 0, on_timer)) {
        tap_ok(false, "there is a timer");
        return;
    }
    cpus = smp_start(cpus);
    sti();
    for (unsigned i = 0; i < cpus; i++) {
        registered(i);
    }
    tap_equal(0, vm_assist(VMASST_CMD_enable,
                           VMASST_TYPE_runstate_update_flag),
              "the update flag can be had");
    sleeps();
    samples(0);
    if (cpus > 1) {
        other_sleeps();
        samples(1);
    }
    tap_equal(0, flag_seen && cpus == 1,
              "the vCPU never sees its own update flag");
    tap_say("  seen %u times", flag_seen);
    for (unsigned i = 0; i < cpus; i++) {
        struct vcpu_runstate_info info;

        snapshot(i, &info);
        tap_equal(0, (uint32_t)(info.state_entry_time >> 63),
                  "vCPU %u: the update flag is not left set", i);
    }
    tap_equal(0, vm_assist(VMASST_CMD_disable,
                           VMASST_TYPE_runstate_update_flag),
              "the update flag can be done without");
}
