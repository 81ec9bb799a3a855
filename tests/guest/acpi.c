/*
 * What the firmware's ACPI tables say of the CPUs
 *
 * The structures are those of the ACPI specification, chapter 5.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "acpi.h"

#define RSDP_BEGIN      0xe0000
#define RSDP_END        0x100000
#define RSDP_ALIGN      16

#define MADT_LAPIC      0
#define MADT_ENABLED    1

typedef struct __attribute__((packed)) Rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
} Rsdp;

typedef struct __attribute__((packed)) Header {
    char signature[4];
    uint32_t length;
    char others[28];
} Header;

typedef struct __attribute__((packed)) Madt {
    Header header;
    uint32_t lapic;
    uint32_t flags;
} Madt;

typedef struct __attribute__((packed)) MadtEntry {
    uint8_t type;
    uint8_t length;
    uint8_t processor;
    uint8_t lapic_id;
    uint32_t flags;
} MadtEntry;

static const Header *find_rsdt(void)
{
    for (uint32_t at = RSDP_BEGIN; at < RSDP_END; at += RSDP_ALIGN) {
        const Rsdp *rsdp = (const Rsdp *)at;

        if (!memcmp(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature))) {
            return (const Header *)rsdp->rsdt;
        }
    }
    return NULL;
}

static const Madt *find_madt(void)
{
    const Header *rsdt = find_rsdt();
    const uint32_t *tables = (const uint32_t *)(rsdt + 1);

    for (unsigned i = 0; rsdt && i < (rsdt->length - sizeof(*rsdt)) / 4; i++) {
        const Header *table = (const Header *)tables[i];

        if (!memcmp(table->signature, "APIC", sizeof(table->signature))) {
            return (const Madt *)table;
        }
    }
    return NULL;
}

unsigned acpi_lapic_ids(uint8_t *ids, unsigned max)
{
    const Madt *madt = find_madt();
    const uint8_t *at = (const uint8_t *)(madt + 1);
    unsigned count = 0;

    while (madt && at < (const uint8_t *)madt + madt->header.length &&
           count < max) {
        const MadtEntry *entry = (const MadtEntry *)at;

        if (entry->type == MADT_LAPIC && entry->flags & MADT_ENABLED) {
            ids[count++] = entry->lapic_id;
        }
        if (!entry->length) {
            break;
        }
        at += entry->length;
    }
    return count;
}
