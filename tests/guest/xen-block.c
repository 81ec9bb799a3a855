/*
 * test=block: the PV disk xvda
 *
 * Writes the whole disk with a pattern that differs from sector to sector, in
 * requests of 1 to 11 segments, reads it back, flushes, and closes; once with
 * each ABI.  What is on the disk at the end is for the host to look at: the
 * 32-bit words of sector n hold n * 0x01000193 + the word's number.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "events.h"
#include "evtchn.h"
#include "blkfront.h"
#include "guest-xen.h"
#include "tap.h"
#include "xen-tests.h"

#define XVDA            51712
#define WORDS           (BLKFRONT_SECTOR / 4)
#define SECTORS_PER_PAGE (XEN_GUEST_PAGE_SIZE / BLKFRONT_SECTOR)

static const char *const abi_names[BLKFRONT_ABIS] = {
    "default", "32-bit", "64-bit", "native",
};

static XenStore store;
static GrantTable grants;
static Blkfront disk;
static uint32_t *data;
static uint32_t sectors;

static uint32_t word(uint32_t sector, uint32_t i)
{
    return sector * 0x01000193 + i;
}

/* Go over the disk in requests of growing size; returns how many went well */
static uint32_t sweep(uint8_t operation, uint32_t *requests)
{
    uint32_t nr, good = 0;
    uint32_t size = 0;

    *requests = 0;
    for (uint32_t sector = 0; sector < sectors; sector += nr, ++*requests) {
        size = size % (BLKFRONT_SEGMENTS * SECTORS_PER_PAGE) + 1;
        nr = sectors - sector < size ? sectors - sector : size;
        for (uint32_t i = 0; i < nr * WORDS; i++) {
            data[i] = operation == BLKIF_OP_WRITE ?
                      word(sector + i / WORDS, i % WORDS) : 0;
        }
        if (blkfront_transfer(&disk, operation, sector, nr,
                              (uintptr_t)data) != BLKIF_RSP_OKAY) {
            continue;
        }
        good++;
        for (uint32_t i = 0; i < nr * WORDS; i++) {
            if (data[i] != word(sector + i / WORDS, i % WORDS)) {
                tap_say("sector %u differs", sector + i / WORDS);
                good--;
                break;
            }
        }
    }
    return good;
}

static void play(BlkfrontAbi abi)
{
    const char *name = abi_names[abi];
    uint32_t requests, good;

    if (!blkfront_connect(&disk, abi, 0)) {
        tap_ok(false, "%s: connects", name);
        return;
    }
    sectors = xenbus_backend_number(&disk.bus, "sectors");
    tap_ok(sectors, "%s: the disk has %u sectors", name, sectors);
    good = sweep(BLKIF_OP_WRITE, &requests);
    tap_equal(requests, good, "%s: %u writes", name, requests);
    tap_equal(BLKIF_RSP_OKAY, blkfront_flush(&disk), "%s: flush", name);
    good = sweep(BLKIF_OP_READ, &requests);
    tap_equal(requests, good, "%s: %u reads give what was written", name,
              requests);
    tap_equal(BLKIF_RSP_ERROR,
              blkfront_transfer(&disk, BLKIF_OP_READ, sectors, 1,
                                (uintptr_t)data),
              "%s: there is nothing behind the end", name);
    tap_ok(blkfront_disconnect(&disk), "%s: closes, with all its pages back",
           name);
}

void xen_test_block(const Args *args)
{
    XenGuest *g = guest_xen();
    unsigned ports;

    if (!events_start()) {
        return;
    }
    if (!xenstore_init(&store, g) || !gnttab_init(&grants, g) ||
        !blkfront_init(&disk, &store, &grants, XVDA)) {
        tap_ok(false, "there is a xenstore and xvda in it");
        return;
    }
    data = (uint32_t *)(uintptr_t)g->ops->alloc_pages(g, BLKFRONT_SEGMENTS);
    ports = evtchn_open_ports(g);
    for (unsigned abi = 0; abi < BLKFRONT_ABIS; abi++) {
        if (abi == BLKFRONT_NATIVE && blkfront_has_blkback(&disk)) {
            tap_say("blkback does not know that name of an ABI");
        } else {
            play(abi);
        }
    }
    tap_equal(0, gnttab_granted(&grants), "no grant is left");
    tap_equal(ports, evtchn_open_ports(g), "no event channel is left");
}
