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
 * xen_platform_unplug_apply: the guest asks; take away what @mask names
 *
 * Waits for the outstanding I/O of the disks that go and flushes them.
 *
 * Returns the number of devices that went.
 */
unsigned xen_platform_unplug_apply(XenPlatformUnplug *unplug, uint32_t mask);

/*
 * xen_platform_unplug_again: the guest asks for what it has asked for before
 *
 * What the host has plugged in since then stays; what an unplug at load has
 * left over, the backends of NICs, goes.
 */
void xen_platform_unplug_again(XenPlatformUnplug *unplug, uint32_t mask);

/*
 * xen_platform_unplug_survivors: what is there although @mask was honoured
 *
 * Returns the places of devices that @mask takes and that were plugged in after
 * it, to be freed with g_strfreev().  A place is the path of a PCI function
 * ("0000:00:05.0", "0000:00:09.0:01.0" behind a bridge), of an IDE or SATA disk
 * ("<function>/ide.<bus>.<unit>") or of a SCSI disk
 * ("<function>/<channel>:<target>:<lun>").
 */
char **xen_platform_unplug_survivors(XenPlatformUnplug *unplug, uint32_t mask);

/*
 * xen_platform_unplug_load: a stream asks; its devices are not yet loaded
 *
 * @keep: survivors in the source, or NULL
 *
 * Must not be called in a coroutine.  Returns the number of devices that went.
 */
unsigned xen_platform_unplug_load(XenPlatformUnplug *unplug, uint32_t mask,
                                  const char *const *keep);

/*
 * xen_platform_unplug_restore_early: give parked disks back to controllers
 * xen_platform_unplug_restore: give every parked device back
 *
 * The first only sets pointers and flags, so that it may be called while a
 * machine reset begins, before the controllers look at what they hold.
 */
void xen_platform_unplug_restore_early(XenPlatformUnplug *unplug);
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
