/*
 * test=ring: count= events around cpus= vCPUs
 *
 * Each vCPU has an IPI channel.  First one event goes around, which a vCPU
 * sends on once it has come.  Then all send to the next one without waiting,
 * and the number that goes with the last event must be seen.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "cpu.h"
#include "events.h"
#include "smp.h"
#include "tap.h"
#include "xen-tests.h"

#define DEFAULT_COUNT   1000
#define PATIENCE_US     30000000

static unsigned cpus;
static unsigned ports[MAX_CPUS];
static uint32_t hops;           /* to go in all */
static uint32_t token;          /* hops done */
static uint32_t wrong;          /* hops out of turn */
static uint32_t done;
static uint32_t sent[MAX_CPUS]; /* to the next vCPU */
static uint32_t seen[MAX_CPUS]; /* of the one before */
static uint32_t storming;
static uint32_t per_cpu;

static unsigned before(unsigned cpu)
{
    return (cpu + cpus - 1) % cpus;
}

static unsigned after(unsigned cpu)
{
    return (cpu + 1) % cpus;
}

static void on_hop(unsigned port)
{
    unsigned cpu = this_cpu();
    uint32_t hop = load32(&token);

    if (hop % cpus != cpu || ports[cpu] != port) {
        add32(&wrong, 1);
    }
    store32(&token, hop + 1);
    if (hop + 1 < hops) {
        event_send(ports[after(cpu)]);
    } else {
        store32(&done, 1);
    }
}

static void on_storm(unsigned port)
{
    unsigned cpu = this_cpu();

    store32(&seen[cpu], load32(&sent[before(cpu)]));
}

/* Sleep but for events */
static void hop(void *arg)
{
    while (!load32(&done)) {
        sti_hlt();
        cli();
    }
}

static void storm(void *arg)
{
    unsigned cpu = this_cpu();

    sti();
    add32(&storming, 1);
    while (load32(&storming) < cpus) {
        pause();
    }
    for (uint32_t i = 1; i <= per_cpu; i++) {
        store32(&sent[cpu], i);
        event_send(ports[after(cpu)]);
    }
    /* The last event is still to be seen by whoever is interrupted */
    time_wait_for(&seen[cpu], per_cpu, PATIENCE_US);
}

static void on_all(void (*job)(void *arg))
{
    for (unsigned i = 1; i < cpus; i++) {
        smp_run(i, job, NULL);
    }
    job(NULL);
    for (unsigned i = 1; i < cpus; i++) {
        smp_wait(i);
    }
}

static void go_around(uint32_t count)
{
    uint32_t upcalls[MAX_CPUS];
    uint64_t start;

    for (unsigned i = 0; i < cpus; i++) {
        upcalls[i] = events_upcalls(i);
    }
    hops = count * cpus;
    for (unsigned i = 1; i < cpus; i++) {
        smp_run(i, hop, NULL);
    }
    sti();
    start = time_now();
    event_send(ports[0]);
    /* A lost event would leave everybody asleep, so this CPU stays awake */
    tap_ok(time_wait_for(&done, 1, PATIENCE_US),
           "an event goes %u times around %u vCPUs", count, cpus);
    tap_say("  %u hops in %u us", load32(&token),
            (uint32_t)div64(time_now() - start, 1000));
    if (!load32(&done)) {
        for (unsigned i = 0; i < cpus; i++) {
            tap_say("  vCPU %u: pending %u, upcall pending %u, %u upcalls", i,
                    event_pending(ports[i]),
                    shared.vcpu_info[i].evtchn_upcall_pending,
                    events_upcalls(i) - upcalls[i]);
        }
        store32(&done, 1);
    }
    for (unsigned i = 1; i < cpus; i++) {
        /* It sleeps until it hears that this is over */
        event_handle(ports[i], on_storm);
        event_send(ports[i]);
        smp_wait(i);
    }
    tap_equal(hops, token, "no hop is lost, none is doubled");
    tap_equal(0, wrong, "none comes to the wrong vCPU");
}

void xen_test_ring(const Args *args)
{
    DeliveryId delivery = args->value[ARG_DELIVERY];
    uint32_t count = args_value(args, ARG_REPEAT, DEFAULT_COUNT);

    cpus = args_value(args, ARG_CPUS, 1);
    if (!events_start()) {
        return;
    }
    tap_equal(cpus, smp_start(cpus), "all CPUs start");
    for (unsigned i = 0; i < cpus; i++) {
        ports[i] = event_bind_ipi(i, on_hop);
        tap_ok(ports[i], "vCPU %u has a port", i);
    }
    if (!events_deliver(delivery, cpus)) {
        return;
    }
    go_around(count);

    per_cpu = count;
    memset(seen, 0, sizeof(seen));
    for (unsigned i = 0; i < cpus; i++) {
        event_handle(ports[i], on_storm);
    }
    on_all(storm);
    for (unsigned i = 0; i < cpus; i++) {
        tap_equal(per_cpu, load32(&seen[i]),
                  "vCPU %u hears of the last of %u events", i, per_cpu);
    }
}
