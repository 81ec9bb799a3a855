/*
 * PCI configuration space, by configuration mechanism 1
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "io.h"
#include "pci.h"

#define CONFIG_ADDRESS          0xcf8
#define CONFIG_DATA             0xcfc
#define CONFIG_ENABLE           0x80000000u

#define CFG_ID                  0x00
#define CFG_COMMAND             0x04
#define CFG_CLASS_REVISION      0x08
#define CFG_HEADER_TYPE         0x0c    /* in bits 16 to 23 */
#define CFG_BAR0                0x10
#define CFG_BUS_NUMBERS         0x18    /* of a bridge */
#define CFG_SUBSYSTEM           0x2c

#define HEADER_MULTI_FUNCTION   0x00800000
#define BAR_IO                  1
#define COMMAND_ON              0x0007  /* ports, memory, bus master */
#define NO_DEVICE               0xffff

uint32_t pci_config_read(const PciFunction *f, unsigned offset)
{
    outl(CONFIG_ADDRESS, CONFIG_ENABLE | f->bus << 16 | f->device << 11 |
         f->function << 8 | offset);
    return inl(CONFIG_DATA);
}

void pci_config_write(const PciFunction *f, unsigned offset, uint32_t value)
{
    outl(CONFIG_ADDRESS, CONFIG_ENABLE | f->bus << 16 | f->device << 11 |
         f->function << 8 | offset);
    outl(CONFIG_DATA, value);
}

void pci_enable(const PciFunction *f)
{
    /* The status bits above are cleared by ones */
    pci_config_write(f, CFG_COMMAND, COMMAND_ON |
                     (pci_config_read(f, CFG_COMMAND) & 0xffff));
}

uint32_t pci_bar(const PciFunction *f, unsigned bar)
{
    uint32_t value = pci_config_read(f, CFG_BAR0 + 4 * bar);

    return value & BAR_IO ? value & 0xfffc : value & ~0xfu;
}

static void scan_bus(PciList *list, uint8_t bus)
{
    PciFunction f = { .bus = bus };

    for (unsigned slot = 0; slot < 32 * 8; slot++) {
        uint32_t word;

        f.device = slot / 8;
        f.function = slot % 8;
        word = pci_config_read(&f, CFG_ID);
        f.vendor_id = word;
        f.device_id = word >> 16;
        if (f.vendor_id == NO_DEVICE) {
            slot += f.function == 0 ? 7 : 0;
            continue;
        }
        word = pci_config_read(&f, CFG_CLASS_REVISION);
        f.class_id = word >> 16;
        f.revision = word;
        word = pci_config_read(&f, CFG_SUBSYSTEM);
        f.subsystem_vendor_id = word;
        f.subsystem_id = word >> 16;

        if (list->count < PCI_MAX_FUNCTIONS) {
            list->functions[list->count++] = f;
        }
        if (f.class_id == PCI_CLASS_BRIDGE_PCI) {
            uint8_t secondary = pci_config_read(&f, CFG_BUS_NUMBERS) >> 8;

            /* 0 if the firmware gave it none; rising, so this ends */
            if (secondary > bus) {
                scan_bus(list, secondary);
            }
        }
        if (f.function == 0 && !(pci_config_read(&f, CFG_HEADER_TYPE) &
                                 HEADER_MULTI_FUNCTION)) {
            slot += 7;
        }
    }
}

void pci_scan(PciList *list)
{
    list->count = 0;
    scan_bus(list, 0);
}

bool pci_find(uint16_t class_id, uint32_t id, PciFunction *function)
{
    static PciList list;

    pci_scan(&list);
    for (unsigned i = 0; i < list.count; i++) {
        const PciFunction *f = &list.functions[i];

        if (f->class_id == class_id &&
            (!id || id == (f->vendor_id | (uint32_t)f->device_id << 16))) {
            *function = *f;
            return true;
        }
    }
    return false;
}

uint16_t pci_bar0_port(const PciFunction *function)
{
    uint32_t bar = pci_config_read(function, CFG_BAR0);

    return bar & BAR_IO ? bar & 0xfffc : 0;
}

bool pci_is_xen_platform(const PciFunction *function)
{
    /* Device ID 0001, or 0002 which takes its place */
    return function->vendor_id == PCI_VENDOR_XEN &&
           (function->device_id == 1 || function->device_id == 2);
}

const char *pci_describe(const PciFunction *function)
{
    static const struct {
        uint16_t class_id;
        const char *name;
    } names[] = {
        { PCI_CLASS_SCSI,       "SCSI or virtio disk controller" },
        { PCI_CLASS_IDE,        "IDE controller" },
        { PCI_CLASS_SATA,       "SATA controller" },
        { PCI_CLASS_NVME,       "NVMe controller" },
        { PCI_CLASS_ETHERNET,   "network card" },
        { 0x0300,               "display" },
        { 0x0600,               "host bridge" },
        { 0x0601,               "ISA bridge" },
        { PCI_CLASS_BRIDGE_PCI, "PCI bridge" },
        { 0x0680,               "power management" },
        { 0x0c03,               "USB controller" },
        { 0x0c05,               "SMBus" },
    };

    if (pci_is_xen_platform(function)) {
        return "Xen platform device";
    }
    if (function->vendor_id == PCI_VENDOR_XEN) {
        return "Xen vendor device";
    }
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i].class_id == function->class_id) {
            return names[i].name;
        }
    }
    return "other";
}
