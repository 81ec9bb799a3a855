/*
 * xen-platform: which emulated devices an unplug mask takes away
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_PLATFORM_MASK_H
#define HW_XEN_PLATFORM_MASK_H

/* A device as the rules see it */
typedef enum XenPlatformKind {
    XEN_PLATFORM_KIND_OTHER,    /* nothing that a mask speaks of */
    XEN_PLATFORM_KIND_IDE_DISK, /* on an IDE channel or a SATA port */
    XEN_PLATFORM_KIND_SCSI_DISK,
    XEN_PLATFORM_KIND_CD,       /* IDE, SATA or SCSI */
    XEN_PLATFORM_KIND_NIC,
    XEN_PLATFORM_KIND_NVME,
    XEN_PLATFORM_KIND__MAX,
} XenPlatformKind;

/*
 * xen_platform_mask_takes: does @mask take a device of this @kind away?
 *
 * @primary_master: the device is the IDE primary master
 */
bool xen_platform_mask_takes(uint32_t mask, XenPlatformKind kind,
                             bool primary_master);

/*
 * xen_platform_mask_new: what a request asks for the first time
 *
 * @honoured: the masks that were honoured before
 *
 * Returns the bits of @mask that have something to take: what a guest has now
 * of the rest was plugged in by the host afterwards.
 */
uint32_t xen_platform_mask_new(uint32_t mask, uint32_t honoured);

/*
 * xen_platform_type_stays: is a device of QOM type @type exempt from unplug?
 *
 * True for passed-through PCI functions, for which no PV twin exists.
 */
bool xen_platform_type_stays(const char *type);

#endif
