/*
 * PCI configuration space, by configuration mechanism 1
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_PCI_H
#define XEN_PLATFORM_GUEST_PCI_H

#include "lib.h"

#define PCI_MAX_FUNCTIONS       64

#define PCI_CLASS_SCSI          0x0100
#define PCI_CLASS_IDE           0x0101
#define PCI_CLASS_SATA          0x0106
#define PCI_CLASS_NVME          0x0108
#define PCI_CLASS_ETHERNET      0x0200
#define PCI_CLASS_BRIDGE_PCI    0x0604

#define PCI_VENDOR_XEN          0x5853

typedef struct PciFunction {
    uint8_t bus;
    uint8_t device;
    uint8_t function;
    uint16_t vendor_id;
    uint16_t device_id;
    uint16_t class_id;  /* base class and sub-class */
    uint8_t revision;
    uint16_t subsystem_vendor_id;
    uint16_t subsystem_id;
} PciFunction;

typedef struct PciList {
    unsigned count;
    PciFunction functions[PCI_MAX_FUNCTIONS];
} PciList;

/**
 * pci_scan: list what is on bus 0 and behind the bridges that have bus numbers
 *
 * Functions beyond PCI_MAX_FUNCTIONS are left out.
 */
void pci_scan(PciList *list);

/* Returns: 32 bits of configuration space */
uint32_t pci_config_read(const PciFunction *f, unsigned offset);
void pci_config_write(const PciFunction *f, unsigned offset, uint32_t value);

/**
 * pci_find: look for the first function of a class
 *
 * @id: vendor in the low half, device in the high one; 0: any
 *
 * Returns: false if there is none
 */
bool pci_find(uint16_t class_id, uint32_t id, PciFunction *function);

/* Let it answer at its addresses, and be a bus master. */
void pci_enable(const PciFunction *f);

/* Returns: the address in a BAR, of a port or below 4 GiB; 0 if it has none */
uint32_t pci_bar(const PciFunction *f, unsigned bar);

/* Returns: the I/O port of BAR0, 0 if BAR0 is memory or has no address */
uint16_t pci_bar0_port(const PciFunction *function);

/* Returns: whether this is a Xen platform device (and not a vendor device) */
bool pci_is_xen_platform(const PciFunction *function);

/* Returns: for people, what a function of this vendor and class is */
const char *pci_describe(const PciFunction *function);

#endif
