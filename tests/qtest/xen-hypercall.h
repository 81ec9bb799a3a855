/*
 * Hypercalls and what they share with the guest, over qtest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_XEN_HYPERCALL_H
#define TESTS_QTEST_XEN_HYPERCALL_H

#include "libqtest.h"

/* Numbers of hypercalls, from Xen's public/xen.h */
enum {
    XEN_MEMORY_OP = 12,
    XEN_SET_TIMER_OP = 15,
    XEN_XEN_VERSION = 17,
    XEN_GRANT_TABLE_OP = 20,
    XEN_VM_ASSIST = 21,
    XEN_VCPU_OP = 24,
    XEN_SCHED_OP = 29,
    XEN_EVENT_CHANNEL_OP = 32,
    XEN_PHYSDEV_OP = 33,
    XEN_HVM_OP = 34,
};

/* Errors, in Xen's numbers */
enum {
    XEN_EPERM = 1,
    XEN_ENOENT = 2,
    XEN_ESRCH = 3,
    XEN_EFAULT = 14,
    XEN_EBUSY = 16,
    XEN_EEXIST = 17,
    XEN_EINVAL = 22,
    XEN_ENOSPC = 28,
    XEN_ENOSYS = 38,
    XEN_ENODATA = 61,
};

#define XEN_DOMID_SELF 0x7ff0

typedef struct XenCaller {
    unsigned int vcpu;
    unsigned int width;     /* 32 or 64 */
    unsigned int cpl;
} XenCaller;

/*
 * xen_call_from: do a hypercall as a guest would
 *
 * @args: up to six, the rest 0
 *
 * Returns what the guest gets, mostly 0 or a negative error.
 */
int64_t xen_call_from(QTestState *qts, XenCaller caller, uint64_t number,
                      unsigned int nr_args, const uint64_t *args);

/* xen_call: from vCPU 0 in 64-bit mode */
#define xen_call(qts, number, ...) \
    xen_call_from(qts, (XenCaller) { .width = 64 }, number, \
                  sizeof((uint64_t[]) { __VA_ARGS__ }) / sizeof(uint64_t), \
                  (uint64_t[]) { __VA_ARGS__ })

/*
 * xen_call_with: xen_call() with a structure as its second argument
 *
 * @data is copied to guest memory at @gpa before, and back after.
 */
int64_t xen_call_with(QTestState *qts, uint64_t gpa, uint64_t number,
                      uint64_t command, void *data, size_t size);

/*
 * xen_map_shared_info: have the shared info page at @gpa, 64 bits wide
 *
 * The page before it is used for arguments.
 */
void xen_map_shared_info(QTestState *qts, uint64_t gpa);

#endif
