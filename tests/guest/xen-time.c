/*
 * test=time: system time and wall clock, against the machine's other clocks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "clock.h"
#include "cpu.h"
#include "events.h"
#include "smp.h"
#include "tap.h"
#include "xen-tests.h"

#define NS_PER_SECOND   1000000000u
#define READS           100000
#define DEFAULT_SECONDS 2
#define MAX_PPM         100
#define ATTEMPTS        50

/* What other clocks showed at one moment of system time */
typedef struct Sample {
    uint64_t now;
    uint64_t tsc;
    uint32_t pm_timer;
    uint16_t pit;
} Sample;

static uint32_t locked;
static uint64_t latest;
static uint32_t backward;
static uint32_t reads;

static void read_often(void *arg)
{
    for (uint32_t i = 0; i < reads; i++) {
        uint64_t now;

        while (exchange32(&locked, 1)) {
            pause();
        }
        now = time_now();
        backward += now < latest;
        latest = now;
        store32(&locked, 0);
    }
}

static void monotonic(unsigned cpus)
{
    reads = READS / cpus;
    for (unsigned i = 1; i < cpus; i++) {
        smp_run(i, read_often, NULL);
    }
    read_often(NULL);
    for (unsigned i = 1; i < cpus; i++) {
        smp_wait(i);
    }
    tap_equal(0, backward, "system time never goes back in %u reads on %u"
              " vCPUs", reads * cpus, cpus);
}

/* The reads lie closest to each other where nothing came between them. */
static void take_sample(Sample *sample)
{
    uint64_t best = UINT64_MAX;

    for (unsigned i = 0; i < ATTEMPTS; i++) {
        Sample s;
        uint64_t end;

        s.now = time_now();
        s.tsc = rdtsc();
        s.pm_timer = clock_pm_timer();
        s.pit = clock_pit();
        end = time_now();
        if (end - s.now < best) {
            best = end - s.now;
            *sample = s;
        }
    }
}

static uint32_t ticks(uint64_t ns, uint32_t hz)
{
    return div64(ns * hz, NS_PER_SECOND);
}

static void drift(const char *clock, uint64_t ns, int32_t late, uint32_t hz)
{
    uint32_t size = late < 0 ? -late : late;
    uint32_t ppm = div64(div64((uint64_t)size * NS_PER_SECOND, hz),
                         div64(ns, 1000000) + 1);

    tap_between(0, MAX_PPM, ppm, "%s and system time agree", clock);
    tap_say("  %s%u ppm after %u ms", late < 0 ? "-" : "", ppm,
            (uint32_t)div64(ns, 1000000));
}

/* A counter's value tells how far it is off, however often it wrapped. */
static void drifts(uint32_t seconds)
{
    Sample a, b;
    uint32_t out[4];
    uint64_t ns;
    uint32_t expected;

    clock_start_pit();
    take_sample(&a);
    while (time_now() < a.now + (uint64_t)seconds * NS_PER_SECOND) {
        clock_delay_us(1000);
    }
    take_sample(&b);
    ns = b.now - a.now;

    expected = ticks(ns, PM_TIMER_HZ);
    drift("the ACPI PM timer", ns,
          (int32_t)((expected - (b.pm_timer - a.pm_timer)) << 8) >> 8,
          PM_TIMER_HZ);
    expected = ticks(ns, PIT_HZ);
    drift("the PIT", ns, (int16_t)(expected - (uint16_t)(a.pit - b.pit)),
          PIT_HZ);
    cpuid(XEN_CPUID_LEAF(3), 0, out);
    expected = ticks(ns, out[ECX]) * 1000;
    drift("the TSC", ns, expected - (uint32_t)(b.tsc - a.tsc),
          out[ECX] * 1000);
}

static void wall_clock(void)
{
    uint32_t *version = &shared.wc_version;
    uint32_t before, rtc, now;

    tap_ok(load32(version) && !(load32(version) & 1),
           "the wall clock's version is even and not 0");
    rtc = clock_rtc();
    do {
        before = load32(version);
        now = shared.wc_sec +
              div64(shared.wc_nsec + time_now(), NS_PER_SECOND);
        barrier();
    } while (before & 1 || before != load32(version));
    tap_between(rtc - 1, rtc + 2, now, "wall clock and RTC agree");
    tap_say("  %u and %u", now, rtc);
    tap_between(0, NS_PER_SECOND - 1, shared.wc_nsec,
                "the wall clock's nanoseconds");
}

static void second_page(unsigned vcpu)
{
    static struct vcpu_time_info info[MAX_CPUS];
    const struct vcpu_time_info *first = &shared.vcpu_info[vcpu].time;
    struct vcpu_register_time_memory_area area = {
        .addr.v = (void *)&info[vcpu],
    };
    uint32_t version;
    uint64_t now, other;

    tap_equal(0, vcpu_op(VCPUOP_register_vcpu_time_memory_area, vcpu, &area),
              "vCPU %u has a second time page", vcpu);
    for (unsigned us = 0; !load32(&info[vcpu].version) && us < 1000000;
         us += 10) {
        clock_delay_us(10);
    }
    version = load32(&info[vcpu].version);
    tap_ok(version && !(version & 1), "its version is even and not 0");
    now = time_read(first);
    other = time_read(&info[vcpu]);
    tap_ok(other >= now && other - now < NS_PER_SECOND / 10,
           "it shows the same time");
    vcpu_op(VCPUOP_register_vcpu_time_memory_area, vcpu, &area);
    clock_delay_us(1000);
    tap_ok(!(load32(&info[vcpu].version) & 1) &&
           load32(&info[vcpu].version) - version < 0x80000000,
           "when it is written again the version grows");
}

void xen_test_time(const Args *args)
{
    unsigned cpus = args_value(args, ARG_CPUS, 1);
    uint32_t out[4];

    if (!events_start()) {
        return;
    }
    cpus = smp_start(cpus);
    for (unsigned i = 0; i < cpus; i++) {
        const struct vcpu_time_info *info = &shared.vcpu_info[i].time;
        uint32_t version = load32(&info->version);

        tap_ok(version && !(version & 1),
               "vCPU %u: the version is even and not 0", i);
        cpuid(XEN_CPUID_LEAF(3), 1, out);
        tap_ok(info->tsc_to_system_mul == out[ECX] &&
               info->tsc_shift == (int32_t)out[EDX],
               "vCPU %u: TSC factor as in leaf 0x40000003.1", i);
        second_page(i);
    }
    monotonic(cpus);
    wall_clock();
    drifts(args_value(args, ARG_SECONDS, DEFAULT_SECONDS));
}
