/*
 * xen-platform: taking emulated devices away from the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qapi/clone-visitor.h"
#include "hw/ide/ide-internal.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_device.h"
#include "hw/scsi/scsi.h"
#include "scsi/constants.h"
#include "net/net.h"
#include "qapi/qapi-visit-xen-platform.h"
#include "system/block-backend.h"
#include "hw/xen/xen-platform.h"
#include "hw/xen/xen-platform-mask.h"
#include "hw/xen/xen-platform-protocol.h"
#include "hw/xen/xen-platform-unplug.h"
#include "trace.h"

/* No HBA selects this target, so a disk that has it cannot be found */
#define SCSI_ID_PARKED UINT32_MAX

/* One device that went, and what it takes to bring it back */
typedef struct Gone {
    XenPlatformUnpluggedDevice *info;
    DeviceState *dev;       /* parked, referenced; NULL: no way back */
    BlockBackend *blk;      /* parked IDE disk */
    unsigned unit;
    uint32_t scsi_id;       /* parked SCSI disk */
} Gone;

struct XenPlatformUnplug {
    PCIDevice *self;
    bool park;
    GPtrArray *gone;        /* of Gone, oldest first */
    GPtrArray *netdevs;     /* names of those that outlived their NIC */
};

/* What one unplug request is about */
typedef struct Request {
    XenPlatformUnplug *unplug;
    uint32_t mask;
    bool incoming;
    GPtrArray *functions;   /* of PCIDevice: the hierarchy as it was found */
    IDEBus *primary;        /* its unit 0 is the primary master */
} Request;

static void gone_free(void *opaque)
{
    Gone *gone = opaque;

    qapi_free_XenPlatformUnpluggedDevice(gone->info);
    if (gone->dev) {
        object_unref(OBJECT(gone->dev));
    }
    g_free(gone);
}

XenPlatformUnplug *xen_platform_unplug_new(PCIDevice *self, bool park)
{
    XenPlatformUnplug *unplug = g_new0(XenPlatformUnplug, 1);

    unplug->self = self;
    unplug->park = park;
    unplug->gone = g_ptr_array_new_with_free_func(gone_free);
    unplug->netdevs = g_ptr_array_new_with_free_func(g_free);
    return unplug;
}

void xen_platform_unplug_free(XenPlatformUnplug *unplug)
{
    if (unplug) {
        xen_platform_unplug_restore(unplug);
        g_ptr_array_unref(unplug->gone);
        g_ptr_array_unref(unplug->netdevs);
        g_free(unplug);
    }
}

/* Note that @dev goes, while it still has a name and a place */
static Gone *gone_add(XenPlatformUnplug *unplug, DeviceState *dev,
                      XenPlatformUnpluggedKind kind)
{
    Gone *gone = g_new0(Gone, 1);

    gone->info = g_new0(XenPlatformUnpluggedDevice, 1);
    gone->info->kind = kind;
    gone->info->type = g_strdup(object_get_typename(OBJECT(dev)));
    gone->info->qom_path = object_get_canonical_path(OBJECT(dev));
    gone->info->id = g_strdup(dev->id);
    if (unplug->park) {
        gone->dev = dev;
        object_ref(OBJECT(dev));
    }
    g_ptr_array_add(unplug->gone, gone);
    trace_xen_platform_unplugged(gone->info->qom_path, gone->info->type);
    return gone;
}

/* Is @dev, a disk or a namespace, part of @ancestor? */
static bool is_part_of(DeviceState *dev, DeviceState *ancestor)
{
    while (dev && dev != ancestor) {
        dev = dev->parent_bus ? dev->parent_bus->parent : NULL;
    }
    return dev == ancestor;
}

/*
 * Wait for what the guest has outstanding on @dev and everything behind it,
 * and put what it was told is written where a crash cannot lose it.
 */
static void drain_and_flush(DeviceState *dev)
{
    BlockBackend *blk = NULL;

    while ((blk = blk_all_next(blk))) {
        DeviceState *attached = blk_get_attached_dev(blk);

        if (attached && is_part_of(attached, dev) && blk_is_available(blk)) {
            blk_drain(blk);
            if (blk_flush(blk) < 0) {
                warn_report("xen-platform: could not flush the image of '%s' "
                            "before it was unplugged",
                            object_get_typename(OBJECT(attached)));
            }
        }
    }
}

static void remove_blk(BlockBackend *blk, DeviceState *dev)
{
    blk_ref(blk);
    blk_detach_dev(blk, dev);
    if (*blk_name(blk)) {
        /* Made by -drive: the monitor's reference keeps the image open */
        monitor_remove_blk(blk);
        blk_unref(blk);
    }
    blk_unref(blk);
}

static void unplug_ide_disk(Request *req, IDEBus *bus, unsigned unit)
{
    IDEDevice *dev = unit ? bus->slave : bus->master;
    BlockBackend *blk = bus->ifs[unit].blk;
    Gone *gone;

    if (!req->incoming) {
        drain_and_flush(DEVICE(dev));
    }
    gone = gone_add(req->unplug, DEVICE(dev), XEN_PLATFORM_UNPLUGGED_KIND_DISK);
    gone->unit = unit;
    gone->blk = blk;

    bus->ifs[unit].blk = NULL;
    ide_bus_reset(bus);
    if (!req->unplug->park) {
        *(unit ? &bus->slave : &bus->master) = NULL;
        dev->conf.blk = NULL;
        remove_blk(blk, DEVICE(dev));
        object_unparent(OBJECT(dev));
    }
}

static XenPlatformKind ide_unit_kind(IDEBus *bus, unsigned unit)
{
    IDEDevice *dev = unit ? bus->slave : bus->master;

    if (!dev || !bus->ifs[unit].blk) {
        return XEN_PLATFORM_KIND_OTHER;
    }
    return bus->ifs[unit].drive_kind == IDE_CD ? XEN_PLATFORM_KIND_CD :
                                                 XEN_PLATFORM_KIND_IDE_DISK;
}

static void unplug_ide_bus(Request *req, IDEBus *bus)
{
    for (unsigned unit = 0; unit < ARRAY_SIZE(bus->ifs); unit++) {
        if (xen_platform_mask_takes(req->mask, ide_unit_kind(bus, unit),
                                    bus == req->primary && unit == 0)) {
            unplug_ide_disk(req, bus, unit);
        }
    }
}

static bool scsi_is_disk(SCSIDevice *dev)
{
    return dev->type == TYPE_DISK && dev->id != SCSI_ID_PARKED;
}

static void unplug_scsi_disk(Request *req, SCSIDevice *dev)
{
    Gone *gone;

    if (!req->incoming) {
        drain_and_flush(DEVICE(dev));
    }
    gone = gone_add(req->unplug, DEVICE(dev), XEN_PLATFORM_UNPLUGGED_KIND_DISK);
    gone->scsi_id = dev->id;
    scsi_device_purge_requests(dev, SENSE_CODE(RESET));
    if (req->unplug->park) {
        dev->id = SCSI_ID_PARKED;
    } else {
        object_unparent(OBJECT(dev));
    }
}

static void remove_netdev(const char *name)
{
    NetClientState *nc = qemu_find_netdev(name);

    if (nc) {
        qemu_del_net_client(nc);
    }
}

/* A whole function; a NIC's network backend goes only with the NIC itself */
static void unplug_function(Request *req, PCIDevice *d,
                            XenPlatformUnpluggedKind kind)
{
    if (!req->incoming) {
        drain_and_flush(DEVICE(d));
    }
    gone_add(req->unplug, DEVICE(d), kind);
    if (req->unplug->park) {
        pci_set_power(d, false);
        /* A slot's power control must not bring it back */
        d->partially_hotplugged = true;
    } else {
        g_autofree char *netdev = NULL;

        if (kind == XEN_PLATFORM_UNPLUGGED_KIND_NIC) {
            netdev = object_property_get_str(OBJECT(d), "netdev", NULL);
        }
        object_unparent(OBJECT(d));
        if (!netdev || !*netdev) {
            return;
        }
        if (req->incoming) {
            /* libxl runs its script on the tap device when we have loaded */
            g_ptr_array_add(req->unplug->netdevs, g_steal_pointer(&netdev));
        } else {
            remove_netdev(netdev);
        }
    }
}

/* A SCSI HBA goes as a whole unless something other than a disk is on it */
static void unplug_scsi_bus(Request *req, PCIDevice *hba, BusState *bus)
{
    g_autoptr(GPtrArray) disks = g_ptr_array_new();
    bool keep_hba = false;
    BusChild *kid;

    QTAILQ_FOREACH(kid, &bus->children, sibling) {
        SCSIDevice *dev = SCSI_DEVICE(kid->child);

        if (scsi_is_disk(dev)) {
            g_ptr_array_add(disks, dev);
        } else if (dev->id != SCSI_ID_PARKED) {
            keep_hba = true;
        }
    }

    if (!xen_platform_mask_takes(req->mask, XEN_PLATFORM_KIND_SCSI_DISK,
                                 false)) {
        return;
    }
    if (!keep_hba) {
        unplug_function(req, hba, XEN_PLATFORM_UNPLUGGED_KIND_SCSI_CONTROLLER);
        return;
    }
    for (unsigned i = 0; i < disks->len; i++) {
        unplug_scsi_disk(req, g_ptr_array_index(disks, i));
    }
}

static void unplug_pci(Request *req, PCIDevice *d)
{
    XenPlatformKind kind = XEN_PLATFORM_KIND_OTHER;
    BusState *bus, *next;

    /* The buses of a controller say more than its class code */
    QLIST_FOREACH_SAFE(bus, &DEVICE(d)->child_bus, sibling, next) {
        if (object_dynamic_cast(OBJECT(bus), TYPE_IDE_BUS)) {
            unplug_ide_bus(req, IDE_BUS(bus));
        } else if (object_dynamic_cast(OBJECT(bus), TYPE_SCSI_BUS)) {
            unplug_scsi_bus(req, d, bus);
            return;
        }
    }

    switch (pci_get_word(d->config + PCI_CLASS_DEVICE)) {
    case PCI_CLASS_NETWORK_ETHERNET:
        kind = XEN_PLATFORM_KIND_NIC;
        break;
    case PCI_CLASS_STORAGE_EXPRESS:
        kind = XEN_PLATFORM_KIND_NVME;
        break;
    }
    if (xen_platform_mask_takes(req->mask, kind, false)) {
        unplug_function(req, d, kind == XEN_PLATFORM_KIND_NIC ?
                        XEN_PLATFORM_UNPLUGGED_KIND_NIC :
                        XEN_PLATFORM_UNPLUGGED_KIND_NVME);
    }
}

static void collect_function(PCIBus *bus, PCIDevice *d, void *opaque)
{
    Request *req = opaque;

    if (d->enabled && d != req->unplug->self &&
        !xen_platform_type_stays(object_get_typename(OBJECT(d)))) {
        g_ptr_array_add(req->functions, d);
    }
}

static void collect_bus(PCIBus *bus, void *opaque)
{
    pci_for_each_device_under_bus(bus, collect_function, opaque);
}

/* By address, the root bus first: firmware may not have numbered the others */
static int compare_address(const void *a, const void *b)
{
    PCIDevice *da = *(PCIDevice **)a;
    PCIDevice *db = *(PCIDevice **)b;
    PCIBus *bus_a = pci_get_bus(da);
    PCIBus *bus_b = pci_get_bus(db);

    if (pci_bus_is_root(bus_a) != pci_bus_is_root(bus_b)) {
        return pci_bus_is_root(bus_a) ? -1 : 1;
    }
    return (int)pci_get_bdf(da) - (int)pci_get_bdf(db);
}

/* Does @d hold an IDE disk?  If so, *@first is its first channel or port. */
static bool holds_ide_disk(PCIDevice *d, IDEBus **first)
{
    bool disk = false;
    BusState *bus;

    QLIST_FOREACH(bus, &DEVICE(d)->child_bus, sibling) {
        IDEBus *ide = (IDEBus *)object_dynamic_cast(OBJECT(bus), TYPE_IDE_BUS);

        if (!ide) {
            continue;
        }
        if (ide->bus_id == 0) {
            *first = ide;
        }
        /* One that is parked counts: the next request must not go on to it */
        for (unsigned unit = 0; unit < ARRAY_SIZE(ide->ifs); unit++) {
            disk |= (unit ? ide->slave : ide->master) &&
                    ide->ifs[unit].drive_kind != IDE_CD;
        }
    }
    return disk;
}

/* @functions are in the order of their addresses */
static IDEBus *find_primary(GPtrArray *functions)
{
    for (unsigned i = 0; i < functions->len; i++) {
        IDEBus *first = NULL;

        if (holds_ide_disk(g_ptr_array_index(functions, i), &first)) {
            return first;
        }
    }
    return NULL;
}

unsigned xen_platform_unplug_apply(XenPlatformUnplug *unplug, uint32_t mask,
                                   bool incoming)
{
    g_autoptr(GPtrArray) functions = g_ptr_array_new();
    Request req = {
        .unplug = unplug,
        .mask = mask,
        .incoming = incoming,
        .functions = functions,
    };
    unsigned before = unplug->gone->len;

    if (!incoming && (mask & XEN_PLATFORM_UNPLUG_NICS)) {
        /* Drivers repeat their request after a migration */
        for (unsigned i = 0; i < unplug->netdevs->len; i++) {
            remove_netdev(g_ptr_array_index(unplug->netdevs, i));
        }
        g_ptr_array_set_size(unplug->netdevs, 0);
    }
    pci_for_each_bus(pci_device_root_bus(unplug->self), collect_bus, &req);
    g_ptr_array_sort(functions, compare_address);
    req.primary = find_primary(functions);
    for (unsigned i = 0; i < functions->len; i++) {
        unplug_pci(&req, g_ptr_array_index(functions, i));
    }
    return unplug->gone->len - before;
}

void xen_platform_unplug_restore_disks(XenPlatformUnplug *unplug)
{
    for (unsigned i = 0; i < unplug->gone->len; i++) {
        Gone *gone = g_ptr_array_index(unplug->gone, i);
        Object *obj = OBJECT(gone->dev);

        /* The host may have removed it, or its controller, in the meantime */
        if (!obj || !gone->dev->parent_bus) {
            continue;
        }
        if (object_dynamic_cast(obj, TYPE_IDE_DEVICE)) {
            IDE_BUS(gone->dev->parent_bus)->ifs[gone->unit].blk = gone->blk;
        } else if (object_dynamic_cast(obj, TYPE_SCSI_DEVICE)) {
            SCSI_DEVICE(obj)->id = gone->scsi_id;
        }
    }
}

void xen_platform_unplug_restore(XenPlatformUnplug *unplug)
{
    xen_platform_unplug_restore_disks(unplug);
    for (unsigned i = 0; i < unplug->gone->len; i++) {
        Gone *gone = g_ptr_array_index(unplug->gone, i);
        PCIDevice *d = (PCIDevice *)object_dynamic_cast(OBJECT(gone->dev),
                                                        TYPE_PCI_DEVICE);

        if (d && qdev_is_realized(gone->dev)) {
            d->partially_hotplugged = false;
            pci_set_power(d, true);
        }
    }
    g_ptr_array_set_size(unplug->gone, 0);
}

XenPlatformUnpluggedDeviceList *
xen_platform_unplug_list(XenPlatformUnplug *unplug)
{
    XenPlatformUnpluggedDeviceList *list = NULL;

    for (unsigned i = unplug->gone->len; i > 0; i--) {
        Gone *gone = g_ptr_array_index(unplug->gone, i - 1);

        QAPI_LIST_PREPEND(list, QAPI_CLONE(XenPlatformUnpluggedDevice,
                                           gone->info));
    }
    return list;
}
