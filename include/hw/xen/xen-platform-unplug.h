/*
 * xen-platform: taking emulated devices away from the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_PLATFORM_UNPLUG_H
#define HW_XEN_PLATFORM_UNPLUG_H

#include "hw/pci/pci.h"
#include "qapi/qapi-types-xen-platform.h"

typedef struct XenPlatformUnplug XenPlatformUnplug;

/*
 * xen_platform_unplug_new: nothing is unplugged yet
 *
 * @self: the xen-platform device; all buses of its PCI hierarchy are searched
 * @park: hide devices so that they can come back, as the emulation wants;
 *        else remove them for good, their network and block backends included,
 *        as real Xen wants, where each boot has a new QEMU
 */
XenPlatformUnplug *xen_platform_unplug_new(PCIDevice *self, bool park);

/* xen_platform_unplug_free: parked devices come back first */
void xen_platform_unplug_free(XenPlatformUnplug *unplug);

/*
 * xen_platform_unplug_apply: take away what @mask names and is still there
 *
 * Waits for the outstanding I/O of the disks that go and flushes them, unless
 * @incoming: the state of the disks is about to be loaded.
 *
 * Returns the number of devices that went.
 */
unsigned xen_platform_unplug_apply(XenPlatformUnplug *unplug, uint32_t mask,
                                   bool incoming);

/*
 * xen_platform_unplug_restore_disks: give parked IDE and SCSI disks back
 * xen_platform_unplug_restore: give every parked device back
 *
 * The first only sets pointers and ids, so that it may be called while a
 * machine reset begins, before the controllers look at what they hold.
 */
void xen_platform_unplug_restore_disks(XenPlatformUnplug *unplug);
void xen_platform_unplug_restore(XenPlatformUnplug *unplug);

/*
 * xen_platform_unplug_list: what went since the last restore, oldest first
 *
 * Returns a list to be freed with
 * qapi_free_XenPlatformUnpluggedDeviceList().
 */
XenPlatformUnpluggedDeviceList *
xen_platform_unplug_list(XenPlatformUnplug *unplug);

#endif
