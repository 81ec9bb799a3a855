/*
 * Tests of the Xen guest environment: what test= names
 *
 * Each prints results in TAP.  Most need events_start() to be their first act.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_XEN_TESTS_H
#define XEN_PLATFORM_GUEST_XEN_TESTS_H

#include "args.h"

typedef struct XenTest {
    const char *name;
    const char *description;
    void (*run)(const Args *args);
} XenTest;

extern const XenTest xen_tests[];
extern const size_t xen_tests_count;

/* Returns: the test called @name, NULL if there is none */
const XenTest *xen_test_find(const char *name);

void xen_test_block(const Args *args);
void xen_test_console(const Args *args);
void xen_test_cpuid(const Args *args);
void xen_test_events(const Args *args);
void xen_test_hypercall_cost(const Args *args);
void xen_test_hypercall_page(const Args *args);
void xen_test_log(const Args *args);
void xen_test_long_mode(const Args *args);
void xen_test_lost_events(const Args *args);
void xen_test_net(const Args *args);
void xen_test_nested(const Args *args);
void xen_test_pointers(const Args *args);
void xen_test_poll(const Args *args);
void xen_test_random(const Args *args);
void xen_test_ring(const Args *args);
void xen_test_ring_cost(const Args *args);
void xen_test_runstate(const Args *args);
void xen_test_storms(const Args *args);
void xen_test_shutdown(const Args *args);
void xen_test_time(const Args *args);
void xen_test_timers(const Args *args);
void xen_test_unplug_at_work(const Args *args);
void xen_test_vcpu_info(const Args *args);
void xen_test_vmcall(const Args *args);

#endif
