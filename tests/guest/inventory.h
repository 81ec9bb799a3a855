/*
 * What the guest can see: PCI functions and IDE drives
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_INVENTORY_H
#define XEN_PLATFORM_GUEST_INVENTORY_H

#include "ide.h"
#include "pci.h"

typedef struct Inventory {
    PciList pci;
    IdeDrive ide[IDE_POSITIONS];
    unsigned platforms;     /* Xen platform devices */
    uint16_t bar0;          /* of the platform device; 0 if there is none */
    unsigned nics;
    unsigned nvmes;
    unsigned disks;         /* on the legacy IDE positions */
} Inventory;

/* Scan the buses and print what is there, headed by @title. */
void inventory_take(Inventory *inventory, const char *title);

#endif
