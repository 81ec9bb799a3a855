/*
 * The guest's view of emulated devices, for the xen-platform qtests
 *
 * Each asks through the device's own interface, without a driver.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_XEN_PLATFORM_MACHINE_H
#define TESTS_QTEST_XEN_PLATFORM_MACHINE_H

#include "libqtest.h"

/* xp_number_bridges: give the bridges in @slots of bus 0 the buses 1, 2, ... */
void xp_number_bridges(QTestState *qts, const unsigned *slots, size_t n);

/* xp_pci_read: a dword of PCI configuration space, function 0 */
uint32_t xp_pci_read(QTestState *qts, unsigned bus, unsigned slot,
                     unsigned reg);
void xp_pci_write(QTestState *qts, unsigned bus, unsigned slot, unsigned reg,
                  uint32_t value);

/* xp_pci: does a function answer? */
bool xp_pci(QTestState *qts, unsigned bus, unsigned slot);

/* xp_bar: the address of a memory BAR, after mapping it if nobody has */
uint32_t xp_bar(QTestState *qts, unsigned slot, unsigned reg);

/* xp_ide_disk, xp_ide_cd: does a drive answer on the legacy IDE ports? */
bool xp_ide_disk(QTestState *qts, unsigned channel, unsigned unit);
bool xp_ide_cd(QTestState *qts, unsigned channel, unsigned unit);

/* xp_ide_write: write the 512 bytes @data to sector @lba, by PIO */
void xp_ide_write(QTestState *qts, unsigned channel, unsigned unit,
                  uint8_t lba, const uint8_t *data);

/* xp_ahci_port: does the AHCI controller in @slot see a device on @port? */
bool xp_ahci_port(QTestState *qts, unsigned slot, unsigned port);

/* xp_lsi_target: does a target answer the LSI controller in @slot? */
bool xp_lsi_target(QTestState *qts, unsigned slot, unsigned target);

/*
 * xp_suspend: suspend to RAM, as by the ACPI tables of pc or q35
 *
 * Sets up the power management as firmware does, whatever was there.
 */
void xp_suspend(QTestState *qts);

/* xp_wake_up: wake it by the host's wish */
void xp_wake_up(QTestState *qts);

/* xp_cycle_slot_power: turn the slot of the root port in @slot off and on */
void xp_cycle_slot_power(QTestState *qts, unsigned slot);

#endif
