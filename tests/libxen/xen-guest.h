/*
 * What the guest's side of Xen needs of the world that it runs in
 *
 * The files of this folder are a Xen guest's drivers in C without a library.
 * They run over qtest, where the test process is the guest, and in the
 * bare-metal image.  Both fill in a XenGuest; see tests/qtest/xen-guest-qtest.h
 * and tests/guest/guest-xen.h.
 *
 * From bottom to top: evtchn.h and gnttab.h need a XenGuest, xenstore.h needs
 * evtchn.h, xenbus.h needs xenstore.h, and a frontend, such as blkfront.h,
 * needs all of them.
 *
 * Nothing waits for the host without bound: what does so returns false, or an
 * error, after XEN_GUEST_PATIENCE_MS.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_LIBXEN_XEN_GUEST_H
#define TESTS_LIBXEN_XEN_GUEST_H

#ifdef XEN_GUEST_IMAGE
#include "lib.h"
#else
#include "qemu/osdep.h"
#endif

#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include "hw/xen/interface/xen.h"

#define XEN_GUEST_PAGE_SIZE     4096
#define XEN_GUEST_PAGE_SHIFT    12
#define XEN_GUEST_PATIENCE_MS   5000

typedef struct XenGuest XenGuest;

/*
 * Addresses are of guest physical memory.  An access of up to 64 bits is one
 * access, seen by the host in the order of the program.
 */
typedef struct XenGuestOps {
    uint8_t (*read8)(XenGuest *g, uint64_t addr);
    uint16_t (*read16)(XenGuest *g, uint64_t addr);
    uint32_t (*read32)(XenGuest *g, uint64_t addr);
    uint64_t (*read64)(XenGuest *g, uint64_t addr);
    void (*write8)(XenGuest *g, uint64_t addr, uint8_t value);
    void (*write16)(XenGuest *g, uint64_t addr, uint16_t value);
    void (*write32)(XenGuest *g, uint64_t addr, uint32_t value);
    void (*write64)(XenGuest *g, uint64_t addr, uint64_t value);
    void (*read)(XenGuest *g, uint64_t addr, void *buf, size_t size);
    void (*write)(XenGuest *g, uint64_t addr, const void *buf, size_t size);

    /* Atomic: write @to if there is @from.  Returns what was there. */
    uint32_t (*cmpxchg32)(XenGuest *g, uint64_t addr, uint32_t from,
                          uint32_t to);

    /* Returns what Xen does: 0 or more, or a negative Xen errno */
    int32_t (*hypercall)(XenGuest *g, uint32_t number, uint64_t arg1,
                         uint64_t arg2, uint64_t arg3);

    /* Let the host go on for a moment, for the @round-th time in one wait. */
    void (*pause)(XenGuest *g, unsigned round);

    /* Returns ms that have passed since some time in the past */
    uint32_t (*now_ms)(XenGuest *g);

    /* Returns @n contiguous pages, zeroed and not to be given back */
    uint64_t (*alloc_pages)(XenGuest *g, unsigned n);

    /* For people: why something returned an error */
    void (*say)(XenGuest *g, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));
} XenGuestOps;

struct XenGuest {
    const XenGuestOps *ops;
    void *opaque;           /* of whoever gave the operations */
    uint64_t args;          /* a page for the arguments of hypercalls */
    uint64_t shared_info;   /* where that page is mapped */
    unsigned width;         /* 32 or 64: of hypercalls and shared info */
};

/*
 * xen_guest_call: a hypercall with a command and a structure
 *
 * @data is copied to the page for arguments, and back afterwards.
 */
int32_t xen_guest_call(XenGuest *g, uint32_t number, uint32_t command,
                       void *data, size_t size);

/* xen_guest_map: put page @index of XENMAPSPACE_@space at @addr */
bool xen_guest_map(XenGuest *g, unsigned space, uint64_t index, uint64_t addr);

/* xen_guest_param: an HVM parameter; 0 if there is none */
uint64_t xen_guest_param(XenGuest *g, uint32_t index);

/* xen_guest_zero: fill memory with zeroes */
void xen_guest_zero(XenGuest *g, uint64_t addr, size_t size);

/*
 * xen_guest_wait: let the host run until @done says so
 *
 * Returns false when patience is at its end.
 */
bool xen_guest_wait(XenGuest *g, bool (*done)(void *opaque), void *opaque);

/* xen_guest_decimal: @value as a string; @buf takes 11 characters */
const char *xen_guest_decimal(uint32_t value, char *buf);

/*
 * xen_guest_number: read all of @s as a decimal number of up to 64 bits
 *
 * Returns false if it is something else, NULL included.
 */
bool xen_guest_number(const char *s, uint64_t *value);

#endif
