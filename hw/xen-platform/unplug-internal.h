/*
 * xen-platform: what the walk over the machine and the rooms of the kinds of
 * device have in common
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_UNPLUG_INTERNAL_H
#define XEN_PLATFORM_UNPLUG_INTERNAL_H

#include "hw/pci/pci_device.h"
#include "qapi/qapi-types-xen-platform.h"
#include "system/block-backend.h"
#include "hw/xen/xen-platform-mask.h"

typedef struct XenPlatformRoom XenPlatformRoom;
typedef struct XenPlatformWalk XenPlatformWalk;

/*
 * What one kind of device knows of itself.  A device is settled, then either
 * parked, and later brought back, or removed.
 */
struct XenPlatformRoom {
    /*
     * Report with xen_platform_found() what a mask may take of the PCI
     * function @d: the function, or what is attached to it.
     */
    void (*find)(XenPlatformWalk *walk, PCIDevice *d);

    /*
     * Have nothing under way and all data in the images.  May wait for I/O of
     * the device; not called for a device whose state is about to be loaded.
     */
    void (*settle)(DeviceState *dev);

    /* Have nothing armed any more, and @dev out of reach of the guest */
    void (*park)(DeviceState *dev);

    /*
     * While a machine reset begins, before any controller looks at what it
     * holds; sets pointers and flags only.  May be NULL.
     */
    void (*bring_back_early)(DeviceState *dev);

    /* While the machine is being reset.  May be NULL. */
    void (*bring_back)(DeviceState *dev);

    /*
     * Delete @dev and close its images.  Network backends that lost their NIC
     * are left to the caller as @backends: their names are added to it.
     */
    void (*remove)(DeviceState *dev, GPtrArray *backends);
};

extern const XenPlatformRoom xen_platform_room_ide;
extern const XenPlatformRoom xen_platform_room_scsi;
extern const XenPlatformRoom xen_platform_room_nvme;
extern const XenPlatformRoom xen_platform_room_nic;

/*
 * xen_platform_found: a device that a mask may take
 *
 * @kind: what the rules for masks take it for
 * @what: what the event names it
 * @place: where it is, the same on each machine with the same command line;
 *         the callee frees it
 * @primary: it is the IDE primary master
 */
void xen_platform_found(XenPlatformWalk *walk, const XenPlatformRoom *room,
                        DeviceState *dev, XenPlatformKind kind,
                        XenPlatformUnpluggedKind what, char *place,
                        bool primary);

/* xen_platform_walk_functions: all functions of the walk, by address */
GPtrArray *xen_platform_walk_functions(XenPlatformWalk *walk);

/* How every PCI function is parked and comes back */
void xen_platform_function_park(DeviceState *dev);
void xen_platform_function_bring_back(DeviceState *dev);

/*
 * xen_platform_image_settle: finish what is under way on @blk and flush it
 *
 * @dev: for the warning if the image cannot be flushed
 */
void xen_platform_image_settle(BlockBackend *blk, DeviceState *dev);

/*
 * xen_platform_image_close: close the image of a device that was unplugged
 *
 * @dev: the device, unrealized; @blk is its property at @blk, NULL after it
 *
 * What -drive or -blockdev has made is deleted as well, unless something else
 * uses it, so that its names are free.
 */
void xen_platform_image_close(DeviceState *dev, BlockBackend **blk);

/* xen_platform_backend_remove: delete a network backend that lost its NIC */
void xen_platform_backend_remove(const char *name);

#endif
