/*
 * What the guest can see: PCI functions and IDE drives
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "inventory.h"
#include "tap.h"

static void take_pci(Inventory *inventory)
{
    pci_scan(&inventory->pci);
    for (unsigned i = 0; i < inventory->pci.count; i++) {
        const PciFunction *f = &inventory->pci.functions[i];

        tap_say("  %02x:%02x.%x  %04x:%04x  class %04x  %s",
                f->bus, f->device, f->function, f->vendor_id, f->device_id,
                f->class_id, pci_describe(f));
        if (f->vendor_id == PCI_VENDOR_XEN) {
            tap_say("           revision %02x, subsystem %04x:%04x",
                    f->revision, f->subsystem_vendor_id, f->subsystem_id);
        }
        inventory->nics += f->class_id == PCI_CLASS_ETHERNET;
        inventory->nvmes += f->class_id == PCI_CLASS_NVME;
        if (pci_is_xen_platform(f)) {
            inventory->platforms++;
            inventory->bar0 = pci_bar0_port(f);
        }
    }
}

static void take_ide(Inventory *inventory)
{
    for (unsigned i = 0; i < IDE_POSITIONS; i++) {
        IdeDrive *drive = &inventory->ide[i];

        ide_identify(i, drive);
        if (drive->kind == IDE_NONE) {
            tap_say("  %-16s  none", ide_position_name(i));
        } else {
            tap_say("  %-16s  %-4s  %s", ide_position_name(i),
                    ide_kind_name(drive->kind), drive->model);
        }
        inventory->disks += drive->kind == IDE_DISK;
    }
}

void inventory_take(Inventory *inventory, const char *title)
{
    memset(inventory, 0, sizeof(*inventory));
    tap_say("%s: PCI", title);
    take_pci(inventory);
    tap_say("%s: IDE", title);
    take_ide(inventory);
}
