/*
 * What the tests of xen-block share: a machine, its guest, and disks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_XEN_BLOCK_COMMON_H
#define TESTS_QTEST_XEN_BLOCK_COMMON_H

#include "xen-guest-qtest.h"
#include "../libxen/blkfront.h"
#include "../libxen/evtchn.h"

#define XVDA    51712
#define XVDB    51728

typedef struct BlockMachine {
    QTestState *qts;
    XenGuestQtest q;
    XenGuest *g;
    XenStore xs;
    GrantTable grants;
    Blkfront xvda, xvdb;    /* the second one perhaps */
    uint64_t data;          /* pages for data, as many as a request has */
    /* As begin_count() found them */
    unsigned granted;
    unsigned ports;
} BlockMachine;

/* A disk of null-co, of zeroes or with a latency */
#define BLOCK_NULL(name, options) \
    "-blockdev null-co,read-zeroes=on,node-name=" name "," options \
    " -device xen-disk,id=" name ",drive=" name ",vdev=" name " "

/*
 * block_start: start a machine with @options, its guest, and find the disks
 *
 * To be ended by block_end().
 */
BlockMachine *block_start(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
void block_end(BlockMachine *m);

/* block_file: a file of @size bytes; to be freed with g_free() */
char *block_file(const char *name, uint64_t size);

/* block_pattern: fill the pages for data with what @seed makes */
void block_pattern(BlockMachine *m, unsigned seed, size_t size);

/* block_expect_pattern: they must hold that */
void block_expect_pattern(BlockMachine *m, unsigned seed, size_t size);

/* block_node: a node of the backend's; to be freed with g_free() */
char *block_node(Blkfront *f, const char *name);

/* block_expect_status: put one request and see what becomes of it */
void block_expect_status(Blkfront *f, const BlkRequest *request, int status);

/* block_expect_alive: xp_expect_alive() */
void block_expect_alive(BlockMachine *m);

/* Count grants and event channels, and see that they are as many again. */
void block_begin_count(BlockMachine *m);
void block_expect_count(BlockMachine *m);

#endif
