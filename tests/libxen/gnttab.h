/*
 * The grant table, version 1: pages that the backends may use
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_LIBXEN_GNTTAB_H
#define TESTS_LIBXEN_GNTTAB_H

#include "xen-guest.h"
#include "hw/xen/interface/grant_table.h"

#define GNTTAB_FRAMES   4
#define GNTTAB_REFS     (GNTTAB_FRAMES * 512)

/* The first references are Xen's */
#define GNTTAB_FIRST    8

typedef struct GrantTable {
    XenGuest *g;
    uint64_t table;             /* where it is mapped */
    uint32_t free;              /* where to look for a free one */
    uint8_t taken[GNTTAB_REFS];
} GrantTable;

/* gnttab_init: map the table; false if that fails */
bool gnttab_init(GrantTable *t, XenGuest *g);

/*
 * gnttab_grant: let domain 0 use the page at @addr
 *
 * Returns the reference, 0 if there is none left.
 */
uint32_t gnttab_grant(GrantTable *t, uint64_t addr, bool readonly);

/*
 * gnttab_set: write what reference @ref stands for, whatever it was
 *
 * @flags: GTF_*
 */
void gnttab_set(GrantTable *t, uint32_t ref, uint64_t addr, uint16_t flags);

/*
 * gnttab_end: take a page back
 *
 * Returns false, and leaves it granted, if the backend has it mapped.
 */
bool gnttab_end(GrantTable *t, uint32_t ref);

/* gnttab_mapped: how many grants a backend has mapped */
unsigned gnttab_mapped(GrantTable *t);

/* gnttab_granted: how many grants there are */
unsigned gnttab_granted(GrantTable *t);

#endif
