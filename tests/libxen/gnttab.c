/*
 * The grant table, version 1
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "gnttab.h"
#include "hw/xen/interface/memory.h"

#define ENTRY_SIZE      8
#define ENTRY_FRAME     4
#define IN_USE          (GTF_reading | GTF_writing)

bool gnttab_init(GrantTable *t, XenGuest *g)
{
    memset(t, 0, sizeof(*t));
    t->g = g;
    t->free = GNTTAB_FIRST;
    t->table = g->ops->alloc_pages(g, GNTTAB_FRAMES);
    for (unsigned i = 0; i < GNTTAB_FRAMES; i++) {
        if (!xen_guest_map(g, XENMAPSPACE_grant_table, i,
                           t->table + i * XEN_GUEST_PAGE_SIZE)) {
            g->ops->say(g, "frame %u of the grant table cannot be mapped", i);
            return false;
        }
    }
    return true;
}

void gnttab_set(GrantTable *t, uint32_t ref, uint64_t addr, uint16_t flags)
{
    uint64_t entry = t->table + ref * ENTRY_SIZE;

    /* The flags and domain 0, in one access, after the frame */
    t->g->ops->write32(t->g, entry + ENTRY_FRAME,
                       addr >> XEN_GUEST_PAGE_SHIFT);
    t->g->ops->write32(t->g, entry, flags);
}

uint32_t gnttab_grant(GrantTable *t, uint64_t addr, bool readonly)
{
    for (unsigned tried = GNTTAB_FIRST; tried < GNTTAB_REFS; tried++) {
        uint32_t ref = t->free;

        t->free = ref + 1 < GNTTAB_REFS ? ref + 1 : GNTTAB_FIRST;
        if (!t->taken[ref]) {
            t->taken[ref] = 1;
            gnttab_set(t, ref, addr,
                       GTF_permit_access | (readonly ? GTF_readonly : 0));
            return ref;
        }
    }
    t->g->ops->say(t->g, "all grants are in use");
    return 0;
}

bool gnttab_end(GrantTable *t, uint32_t ref)
{
    uint64_t entry = t->table + ref * ENTRY_SIZE;
    uint32_t was = t->g->ops->read32(t->g, entry);

    while (!(was & IN_USE)) {
        uint32_t is = t->g->ops->cmpxchg32(t->g, entry, was, 0);

        if (is == was) {
            t->taken[ref] = 0;
            return true;
        }
        was = is;
    }
    return false;
}

static unsigned count(GrantTable *t, uint16_t flags)
{
    unsigned count = 0;

    for (uint32_t ref = GNTTAB_FIRST; ref < GNTTAB_REFS; ref++) {
        count += t->taken[ref] &&
                 t->g->ops->read16(t->g, t->table + ref * ENTRY_SIZE) & flags;
    }
    return count;
}

unsigned gnttab_mapped(GrantTable *t)
{
    return count(t, IN_USE);
}

unsigned gnttab_granted(GrantTable *t)
{
    return count(t, GTF_type_mask);
}
