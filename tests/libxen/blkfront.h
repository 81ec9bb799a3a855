/*
 * A block frontend
 *
 * blkfront_init() finds the disk, blkfront_connect() makes a ring and brings
 * both sides to Connected.  Then requests are put into the ring, pushed, and
 * their responses taken.  blkfront_transfer() does all that for one request.
 * A test that misbehaves does what it likes to @ring and the nodes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_LIBXEN_BLKFRONT_H
#define TESTS_LIBXEN_BLKFRONT_H

#include "gnttab.h"
#include "xenbus.h"
#include "hw/xen/interface/io/blkif.h"

#define BLKFRONT_SEGMENTS       11
#define BLKFRONT_MAX_ORDER      4
#define BLKFRONT_SECTOR         512

/* Where the indices of a ring are, and its first slot */
#define BLKFRONT_REQ_PROD       0
#define BLKFRONT_REQ_EVENT      4
#define BLKFRONT_RSP_PROD       8
#define BLKFRONT_RSP_EVENT      12
#define BLKFRONT_SLOTS          64

/* What the frontend says its requests look like */
typedef enum BlkfrontAbi {
    BLKFRONT_DEFAULT,       /* says nothing: that of a 32-bit guest */
    BLKFRONT_32,
    BLKFRONT_64,
    BLKFRONT_NATIVE,        /* says a word of its own: that of the host */
    BLKFRONT_ABIS,
} BlkfrontAbi;

/* Where things are in a slot */
typedef struct BlkfrontLayout {
    const char *protocol;   /* the node; NULL: none */
    uint8_t size;
    uint8_t id;
    uint8_t sector;
    uint8_t segments;       /* or the number of sectors to discard */
    uint8_t response_size;
} BlkfrontLayout;

extern const BlkfrontLayout blkfront_layouts[BLKFRONT_ABIS];

typedef struct BlkSegment {
    uint32_t ref;
    uint8_t first;          /* sectors of the page, both included */
    uint8_t last;
} BlkSegment;

typedef struct BlkRequest {
    uint8_t operation;      /* BLKIF_OP_* */
    uint8_t nr_segments;    /* also what it says if that is too many */
    uint64_t id;
    uint64_t sector;
    uint64_t nr_sectors;    /* of a discard */
    BlkSegment segments[BLKFRONT_SEGMENTS];
} BlkRequest;

typedef struct BlkResponse {
    uint64_t id;
    uint8_t operation;
    int16_t status;         /* BLKIF_RSP_* */
    bool padding;           /* is there anything between and behind? */
} BlkResponse;

typedef struct Blkfront {
    Xenbus bus;
    GrantTable *grants;
    const BlkfrontLayout *layout;
    uint64_t ring;
    unsigned pages;                         /* of the ring */
    unsigned slots;
    uint32_t refs[1 << BLKFRONT_MAX_ORDER]; /* of the ring */
    unsigned port;
    uint32_t req_prod;                      /* put, perhaps not pushed */
    uint32_t pushed;
    uint32_t rsp_cons;
} Blkfront;

/* blkfront_init: find disk @id, such as 51712; false if there is none */
bool blkfront_init(Blkfront *f, XenStore *xs, GrantTable *grants, unsigned id);

/*
 * blkfront_offer: make a ring of 1 << @order pages and write all nodes,
 * @state as the last
 *
 * The pages of an earlier ring are used again.
 */
bool blkfront_offer(Blkfront *f, BlkfrontAbi abi, unsigned order,
                    enum xenbus_state state);

/* blkfront_connect: blkfront_offer(), up to Connected on both sides */
bool blkfront_connect(Blkfront *f, BlkfrontAbi abi, unsigned order);

/* blkfront_release: take the ring back; false if the backend holds it */
bool blkfront_release(Blkfront *f);

/* blkfront_disconnect: close in an orderly way, take the ring back, reopen */
bool blkfront_disconnect(Blkfront *f);

/* blkfront_slot: the address of the slot for index @index of the ring */
uint64_t blkfront_slot(Blkfront *f, uint32_t index);

/* blkfront_full: is there no slot left for a request? */
bool blkfront_full(Blkfront *f);

/* blkfront_has_blkback: is the backend Linux's blkback, not QEMU? */
bool blkfront_has_blkback(Blkfront *f);

/* blkfront_put: write a request into the next slot; nobody sees it yet */
void blkfront_put(Blkfront *f, const BlkRequest *request);

/* blkfront_push: show what was put, and tell the backend if it wants that */
void blkfront_push(Blkfront *f);

/* blkfront_take: the next response, if there is one */
bool blkfront_take(Blkfront *f, BlkResponse *response);

/* blkfront_wait: the next response; false if none comes */
bool blkfront_wait(Blkfront *f, BlkResponse *response);

/*
 * blkfront_do: put one request into an idle ring and wait for its response
 *
 * Returns its status, or BLKFRONT_LOST, and says so, if it does not come, is
 * not for this request, or is QEMU's and has padding that is not zero.
 */
int blkfront_do(Blkfront *f, const BlkRequest *request);

#define BLKFRONT_LOST   (-1000)

/*
 * blkfront_transfer: read or write @nr sectors of 512 bytes, up to 88, at
 * @addr, which may begin in the middle of a page
 *
 * The pages are granted for that only, read-only when writing to the disk.
 * Returns what blkfront_do() does.
 */
int blkfront_transfer(Blkfront *f, uint8_t operation, uint64_t sector,
                      unsigned nr, uint64_t addr);

/* blkfront_flush: BLKIF_OP_FLUSH_DISKCACHE without data */
int blkfront_flush(Blkfront *f);

int blkfront_discard(Blkfront *f, uint64_t sector, uint64_t nr);

#endif
