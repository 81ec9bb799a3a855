/*
 * What operations of the PV rings cost: for benchmarks
 *
 * Each does @count operations, with up to @depth of them under way, and returns
 * how many went well.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_LIBXEN_RING_COST_H
#define TESTS_LIBXEN_RING_COST_H

#include "blkfront.h"
#include "netfront.h"

/* ring_cost_read: read the first page of a disk into the page @addr */
unsigned ring_cost_read(Blkfront *f, uint64_t addr, unsigned depth,
                        unsigned count);

/* ring_cost_send: send the first RING_COST_PACKET bytes of the page @addr */
unsigned ring_cost_send(Netfront *f, uint64_t addr, unsigned depth,
                        unsigned count);

#define RING_COST_PACKET    60

#endif
