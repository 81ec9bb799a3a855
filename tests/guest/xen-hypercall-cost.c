/*
 * test=hypercall-cost: ns per hypercall and per port read; no test
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "console.h"
#include "cpu.h"
#include "events.h"
#include "io.h"
#include "tap.h"
#include "xen-tests.h"

#define DEFAULT_COUNT   1000000
#define PLATFORM_PORT   0x10

static uint32_t picoseconds(uint64_t ns, uint32_t count)
{
    return div64(ns * 1000, count);
}

static void report(const char *what, uint64_t start, uint32_t count)
{
    uint32_t ps = picoseconds(time_now() - start, count);

    tap_say("%s: %u.%03u ns", what, ps / 1000, ps % 1000);
}

void xen_test_hypercall_cost(const Args *args)
{
    uint32_t count = args_value(args, ARG_REPEAT, DEFAULT_COUNT);
    uint64_t start;
    uint32_t version = 0;
    uint16_t magic = 0;

    if (!events_start()) {
        return;
    }
    start = time_now();
    for (uint32_t i = 0; i < count; i++) {
        version = xen_version(XENVER_version, NULL);
    }
    report("hypercall XENVER_version", start, count);
    start = time_now();
    for (uint32_t i = 0; i < count; i++) {
        magic = inw(PLATFORM_PORT);
    }
    report("inw 0x10", start, count);
    tap_equal(args_value(args, ARG_XEN, ARG_XEN_DEFAULT), version,
              "the hypercall returned the version");
    tap_ok(magic == 0x49d2 || magic == 0xd249, "the port read the magic");
}
