/*
 * xen-platform: disks on emulated SCSI host bus adapters
 *
 * An adapter with nothing but disks goes as a whole, one with a CD-ROM or
 * anything else keeps that and loses its disks.  All PCI functions with a SCSI
 * bus of their own count (lsi53c895a, lsi53c810, megasas, megasas-gen2,
 * mptsas1068, am53c974, dc390, pvscsi); virtio-scsi has its bus one level
 * deeper, on a virtio device, and is not found.  A disk is every device of type
 * disk, with the host's own disks (scsi-block, scsi-generic) among them.
 *
 * Requests in flight are finished first: an adapter then has either their end,
 * or the next piece of data, to give to the guest.  What is left of them (a
 * request that waits for data or for `cont`, one that an adapter has queued) is
 * cancelled with scsi_device_purge_requests(), as for a target reset; each
 * adapter forgets a request when it is told so.  Then:
 *
 *   disk      No initiator finds a device that is `hidden`: selection times
 *             out, and its target's list of LUNs does not name it.  It keeps
 *             target and LUN, so that nothing can be plugged in its place.
 *   adapter   As every PCI function (unplug.c): without power it has neither
 *             registers nor bus mastering, and the reset that comes with the
 *             loss of power ends scripts and queues, its disks' requests first.
 *
 * Parked disks come back when a machine reset begins, adapters during it.  An
 * adapter that is removed loses its disks and its power at once, and is deleted
 * a moment later: its own script may be what writes to our port.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "block/aio.h"
#include "hw/scsi/scsi.h"
#include "qemu/main-loop.h"
#include "scsi/constants.h"
#include "unplug-internal.h"

static bool is_disk(SCSIDevice *dev)
{
    return dev->type == TYPE_DISK;
}

static SCSIBus *bus_of(PCIDevice *d)
{
    BusState *bus;

    QLIST_FOREACH(bus, &DEVICE(d)->child_bus, sibling) {
        if (object_dynamic_cast(OBJECT(bus), TYPE_SCSI_BUS)) {
            return SCSI_BUS(bus);
        }
    }
    return NULL;
}

static void found(XenPlatformWalk *walk, DeviceState *dev,
                  XenPlatformUnpluggedKind what)
{
    xen_platform_found(walk, &xen_platform_room_scsi, dev,
                       XEN_PLATFORM_KIND_SCSI_DISK, what,
                       qdev_get_dev_path(dev), false);
}

static void find(XenPlatformWalk *walk, PCIDevice *d)
{
    SCSIBus *bus = bus_of(d);
    bool keep = false;
    BusChild *kid;

    if (!bus) {
        return;
    }
    QTAILQ_FOREACH(kid, &bus->qbus.children, sibling) {
        keep |= !is_disk(SCSI_DEVICE(kid->child));
    }
    if (!keep) {
        found(walk, DEVICE(d), XEN_PLATFORM_UNPLUGGED_KIND_SCSI_CONTROLLER);
        return;
    }
    QTAILQ_FOREACH(kid, &bus->qbus.children, sibling) {
        SCSIDevice *dev = SCSI_DEVICE(kid->child);

        if (is_disk(dev) && !dev->hidden) {
            found(walk, DEVICE(dev), XEN_PLATFORM_UNPLUGGED_KIND_DISK);
        }
    }
}

static void settle_disk(SCSIDevice *dev)
{
    if (dev->conf.blk) {
        xen_platform_image_settle(dev->conf.blk, DEVICE(dev));
    }
}

static void settle(DeviceState *dev)
{
    BusChild *kid;

    if (object_dynamic_cast(OBJECT(dev), TYPE_SCSI_DEVICE)) {
        settle_disk(SCSI_DEVICE(dev));
        return;
    }
    QTAILQ_FOREACH(kid, &bus_of(PCI_DEVICE(dev))->qbus.children, sibling) {
        settle_disk(SCSI_DEVICE(kid->child));
    }
}

static void park(DeviceState *dev)
{
    if (object_dynamic_cast(OBJECT(dev), TYPE_SCSI_DEVICE)) {
        scsi_device_purge_requests(SCSI_DEVICE(dev), SENSE_CODE(NO_SENSE));
        SCSI_DEVICE(dev)->hidden = true;
    } else {
        xen_platform_function_park(dev);
    }
}

static void bring_back_early(DeviceState *dev)
{
    if (object_dynamic_cast(OBJECT(dev), TYPE_SCSI_DEVICE)) {
        SCSI_DEVICE(dev)->hidden = false;
    }
}

static void bring_back(DeviceState *dev)
{
    if (object_dynamic_cast(OBJECT(dev), TYPE_PCI_DEVICE)) {
        xen_platform_function_bring_back(dev);
    }
}

static void delete_adapter(void *opaque)
{
    if (qdev_is_realized(opaque)) {
        object_unparent(opaque);
    }
    object_unref(opaque);
}

static void remove_disk(SCSIDevice *disk)
{
    object_ref(OBJECT(disk));
    object_unparent(OBJECT(disk));
    xen_platform_image_close(DEVICE(disk), &disk->conf.blk);
    object_unref(OBJECT(disk));
}

static void remove_device(DeviceState *dev, GPtrArray *backends)
{
    BusChild *kid, *next;

    if (object_dynamic_cast(OBJECT(dev), TYPE_SCSI_DEVICE)) {
        remove_disk(SCSI_DEVICE(dev));
        return;
    }
    QTAILQ_FOREACH_SAFE(kid, &bus_of(PCI_DEVICE(dev))->qbus.children, sibling,
                        next) {
        remove_disk(SCSI_DEVICE(kid->child));
    }
    xen_platform_function_park(dev);
    object_ref(OBJECT(dev));
    aio_bh_schedule_oneshot(qemu_get_aio_context(), delete_adapter, dev);
}

const XenPlatformRoom xen_platform_room_scsi = {
    .find = find,
    .settle = settle,
    .park = park,
    .bring_back_early = bring_back_early,
    .bring_back = bring_back,
    .remove = remove_device,
};
