/*
 * xen-platform: which emulated devices an unplug mask takes away
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/xen/xen-platform-mask.h"
#include "hw/xen/xen-platform-protocol.h"

/* For each kind, the mask bits of which any one takes it away */
static const struct {
    uint8_t any;            /* takes every device of the kind */
    uint8_t but_master;     /* takes all but the primary master */
} rules[XEN_PLATFORM_KIND__MAX] = {
    [XEN_PLATFORM_KIND_IDE_DISK] = {
        .any = XEN_PLATFORM_UNPLUG_DISKS,
        .but_master = XEN_PLATFORM_UNPLUG_AUX_DISKS,
    },
    [XEN_PLATFORM_KIND_SCSI_DISK] = { .any = XEN_PLATFORM_UNPLUG_DISKS },
    [XEN_PLATFORM_KIND_NIC] = { .any = XEN_PLATFORM_UNPLUG_NICS },
    [XEN_PLATFORM_KIND_NVME] = { .any = XEN_PLATFORM_UNPLUG_NVME },
};

bool xen_platform_mask_takes(uint32_t mask, XenPlatformKind kind,
                             bool primary_master)
{
    return (mask & rules[kind].any) ||
           (!primary_master && (mask & rules[kind].but_master));
}

uint32_t xen_platform_mask_new(uint32_t mask, uint32_t honoured)
{
    if (honoured & XEN_PLATFORM_UNPLUG_DISKS) {
        honoured |= XEN_PLATFORM_UNPLUG_AUX_DISKS;
    }
    return mask & ~honoured;
}

bool xen_platform_type_stays(const char *type)
{
    return g_str_has_prefix(type, "vfio-pci") ||
           !strcmp(type, "xen-pci-passthrough");
}
