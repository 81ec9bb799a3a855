/*
 * How large the guest finds a disk
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_XEN_PLATFORM_SECTORS_H
#define TESTS_QTEST_XEN_PLATFORM_SECTORS_H

#include "libqtest.h"

/*
 * Each returns the number of sectors of 512 bytes, 0 if there is no disk.  The
 * disk has worked then: the answer comes by DMA, except from IDE, by PIO.
 */
uint64_t xp_ide_sectors(QTestState *qts, unsigned channel, unsigned unit);
uint64_t xp_ahci_sectors(QTestState *qts, unsigned slot, unsigned port);
uint64_t xp_lsi_sectors(QTestState *qts, unsigned slot, unsigned target);

/* xp_nvme_blocks: for namespace 1, whose blocks have 512 bytes */
uint64_t xp_nvme_blocks(QTestState *qts, unsigned slot);

#endif
