/*
 * test=poll: SCHEDOP_poll and SCHEDOP_yield on two vCPUs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "cpu.h"
#include "events.h"
#include "smp.h"
#include "tap.h"
#include "xen-tests.h"

#define MS          1000000u
#define ROUNDS      200
#define PATIENCE_US 2000000
#define NEVER       0

static struct vcpu_runstate_info area;
static uint32_t polled;             /* results, of CPU 1 */
static uint32_t polls;              /* how many */
static evtchn_port_t poll_ports[2];
static uint32_t poll_count;
static uint32_t rounds;

static uint32_t poll(uint32_t count, uint64_t timeout)
{
    struct sched_poll op = { .nr_ports = count, .timeout = timeout };

    op.ports.p = poll_ports;
    return sched_op(SCHEDOP_poll, &op);
}

/* With interrupts off, as a spinlock of Linux does */
static void poll_job(void *arg)
{
    for (uint32_t i = 0; i < rounds; i++) {
        while (!event_pending(poll_ports[0])) {
            polled |= poll(poll_count, NEVER);
        }
        event_clear(poll_ports[0]);
        store32(&polls, i + 1);
    }
}

static bool blocked(void)
{
    return load32((uint32_t *)&area.state) == RUNSTATE_blocked;
}

static bool wait_until_blocked(void)
{
    uint64_t end = time_now() + (uint64_t)PATIENCE_US * 1000;

    while (!blocked() && time_now() < end) {
        pause();
    }
    return blocked();
}

static void woken_by_other(uint32_t count, const char *what)
{
    uint32_t blocks = 0;
    bool all = true;

    poll_count = count;
    polls = polled = 0;
    rounds = ROUNDS;
    smp_run(1, poll_job, NULL);
    for (uint32_t i = 1; all && i <= ROUNDS; i++) {
        /* Some of the time the send comes in between */
        blocks += i % 4 ? wait_until_blocked() : 0;
        event_send(poll_ports[0]);
        all = time_wait_for(&polls, i, PATIENCE_US);
    }
    tap_ok(all, "%s: each of %u events wakes the vCPU", what, ROUNDS);
    tap_equal(ROUNDS - ROUNDS / 4, blocks, "%s: it was blocked", what);
    tap_equal(0, polled, "%s: the result is 0", what);
    if (all) {
        smp_wait(1);
    }
}

static void timeouts(void)
{
    uint64_t start = time_now();
    uint64_t passed;

    tap_equal(0, poll(1, start + 20 * MS), "a timeout of 20 ms: result 0");
    passed = time_now() - start;
    tap_ok(passed >= 20 * MS, "not before it is over");
    tap_ok(passed < 1000 * MS, "and not long after");
    tap_say("  after %u us", (uint32_t)div64(passed, 1000));

    start = time_now();
    tap_equal(0, poll(1, start - MS), "a timeout in the past: result 0");
    passed = time_now() - start;
    tap_ok(passed < 1000 * MS, "at once");
    tap_say("  after %u us", (uint32_t)div64(passed, 1000));

    start = time_now();
    tap_equal(0, poll(0, start + 20 * MS), "no ports, 20 ms: result 0");
    tap_ok(time_now() - start >= 20 * MS, "not before it is over");
}

static void already_pending(void)
{
    uint64_t start;

    event_send(poll_ports[0]);
    start = time_now();
    tap_equal(0, poll(1, NEVER), "a port that is pending: result 0");
    tap_ok(time_now() - start < 1000 * MS, "at once");
    tap_ok(event_pending(poll_ports[0]), "and it stays pending");
    event_clear(poll_ports[0]);

    event_send(poll_ports[1]);
    tap_equal(0, poll(2, NEVER), "one of two is pending: result 0");
    event_clear(poll_ports[1]);
}

static void bad_polls(void)
{
    struct sched_poll op = { .nr_ports = 129 };
    evtchn_port_t port = 4096;

    op.ports.p = poll_ports;
    tap_equal(XEN_EINVAL, sched_op(SCHEDOP_poll, &op), "129 ports: refused");
    op.nr_ports = 1;
    op.ports.p = &port;
    tap_equal(XEN_EINVAL, sched_op(SCHEDOP_poll, &op), "port 4096: refused");
    op.ports.p = (void *)0xfffff800;
    op.nr_ports = 1;
    op.ports.p = (void *)0xd0000000;
    tap_equal(XEN_EFAULT, sched_op(SCHEDOP_poll, &op),
              "ports in no memory: -EFAULT");
}

/*
 * An interrupt that can be taken ends a poll as well.  On a busy host it may
 * come before the poll begins, so it is tried with longer and longer delays.
 */
static void interrupted(void)
{
    unsigned port = event_bind_virq(VIRQ_TIMER, 0, NULL);
    uint32_t result = 0;
    bool ended = false;

    event_unmask(port);
    sti();
    for (unsigned ms = 5; !ended && ms < 640; ms *= 2) {
        uint64_t start = time_now();

        set_timer_op(start + ms * MS);
        result |= poll(1, start + 1000 * MS);
        ended = time_now() - start < 900 * MS;
    }
    tap_equal(0, result,
              "an event of another port, with interrupts on: result 0");
    tap_ok(ended, "it ends the poll");
    cli();
    event_close(port);
}

void xen_test_poll(const Args *args)
{
    struct vcpu_register_runstate_memory_area register_area = {
        .addr.v = &area,
    };
    uint32_t yields = 0;

    if (!events_start() || !events_deliver(DELIVER_VECTOR, 2)) {
        return;
    }
    tap_equal(2, smp_start(2), "both CPUs start");
    vcpu_op(VCPUOP_register_runstate_memory_area, 1, &register_area);
    poll_ports[0] = event_bind_ipi(1, NULL);
    poll_ports[1] = event_bind_ipi(1, NULL);

    already_pending();
    timeouts();
    bad_polls();
    woken_by_other(1, "one port");
    woken_by_other(2, "two ports");
    interrupted();

    for (unsigned i = 0; i < 1000; i++) {
        yields += !sched_op(SCHEDOP_yield, NULL);
    }
    tap_equal(1000, yields, "1000 yields");
}
