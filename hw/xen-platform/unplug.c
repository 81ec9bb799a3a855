/*
 * xen-platform: taking emulated devices away from the guest
 *
 * This walks the machine and knows the order; how a kind of device goes and
 * comes back is in a file for each: unplug-ide.c, unplug-scsi.c, unplug-nvme.c
 * and unplug-nic.c.
 *
 *   find     All PCI functions below the root bus that the guest can see, by
 *            address.  Each kind reports what there is of it; what the mask
 *            takes is noted before anything changes.
 *   settle   I/O under way ends, and images are flushed.  The guest's write to
 *            the port waits for that.
 *   park     In emulation.  Nothing of the device is armed any more, and the
 *            guest cannot reach it; it keeps its place, its name, its image and
 *            its network backend, and comes back while the machine is reset.
 *   remove   On real Xen, where each boot has a new QEMU.  The device is
 *            deleted, its image closed and its network backend deleted.
 *
 * When a stream is loaded, its devices go before their own state is loaded.
 * Nothing of theirs is under way then, and images may not be ours yet, so that
 * nothing is settled; backends of NICs stay until the guest asks once more.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_device.h"
#include "qapi/clone-visitor.h"
#include "qapi/qapi-visit-xen-platform.h"
#include "hw/xen/xen-platform.h"
#include "hw/xen/xen-platform-protocol.h"
#include "hw/xen/xen-platform-unplug.h"
#include "unplug-internal.h"
#include "trace.h"
#include CONFIG_DEVICES

static const XenPlatformRoom *const rooms[] = {
    &xen_platform_room_ide,
    &xen_platform_room_scsi,
#ifdef CONFIG_NVME_PCI
    &xen_platform_room_nvme,
#endif
    &xen_platform_room_nic,
};

/* One device that went, and what it takes to bring it back */
typedef struct Gone {
    XenPlatformUnpluggedDevice *info;
    const XenPlatformRoom *room;
    DeviceState *dev;       /* parked; NULL: no way back */
} Gone;

struct XenPlatformUnplug {
    PCIDevice *self;
    DeviceListener listener;
    bool park;
    GPtrArray *gone;        /* of Gone, oldest first */
    GPtrArray *backends;    /* names of those that outlived their NIC */
};

/* A device that the mask takes, referenced */
typedef struct Found {
    const XenPlatformRoom *room;
    DeviceState *dev;
    XenPlatformUnpluggedKind what;
    char *place;
} Found;

/* What one request is about */
struct XenPlatformWalk {
    XenPlatformUnplug *unplug;
    uint32_t mask;
    GPtrArray *functions;   /* of PCIDevice */
    GPtrArray *found;       /* of Found */
};

static void gone_free(void *opaque)
{
    Gone *gone = opaque;

    qapi_free_XenPlatformUnpluggedDevice(gone->info);
    g_free(gone);
}

static void found_free(void *opaque)
{
    Found *found = opaque;

    object_unref(OBJECT(found->dev));
    g_free(found->place);
    g_free(found);
}

/*
 * The host deletes a device.  Nothing here may keep a parked one alive: its
 * names are free, and DEVICE_DELETED is sent, when its last user lets go.
 */
static void forget(DeviceListener *listener, DeviceState *dev)
{
    XenPlatformUnplug *unplug = container_of(listener, XenPlatformUnplug,
                                             listener);

    for (unsigned i = 0; i < unplug->gone->len; i++) {
        Gone *gone = g_ptr_array_index(unplug->gone, i);

        if (gone->dev == dev) {
            gone->dev = NULL;
        }
    }
}

XenPlatformUnplug *xen_platform_unplug_new(PCIDevice *self, bool park)
{
    XenPlatformUnplug *unplug = g_new0(XenPlatformUnplug, 1);

    unplug->self = self;
    unplug->park = park;
    unplug->gone = g_ptr_array_new_with_free_func(gone_free);
    unplug->backends = g_ptr_array_new_with_free_func(g_free);
    unplug->listener.unrealize = forget;
    device_listener_register(&unplug->listener);
    return unplug;
}

void xen_platform_unplug_free(XenPlatformUnplug *unplug)
{
    if (unplug) {
        xen_platform_unplug_restore(unplug);
        device_listener_unregister(&unplug->listener);
        g_ptr_array_unref(unplug->gone);
        g_ptr_array_unref(unplug->backends);
        g_free(unplug);
    }
}

void xen_platform_function_park(DeviceState *dev)
{
    PCIDevice *d = PCI_DEVICE(dev);

    pci_set_power(d, false);
    /* Nor does a slot's power control bring it back */
    d->partially_hotplugged = true;
}

void xen_platform_function_bring_back(DeviceState *dev)
{
    PCIDevice *d = PCI_DEVICE(dev);

    d->partially_hotplugged = false;
    pci_set_power(d, true);
}

void xen_platform_found(XenPlatformWalk *walk, const XenPlatformRoom *room,
                        DeviceState *dev, XenPlatformKind kind,
                        XenPlatformUnpluggedKind what, char *place,
                        bool primary)
{
    Found *found;

    if (!xen_platform_mask_takes(walk->mask, kind, primary)) {
        g_free(place);
        return;
    }
    found = g_new(Found, 1);
    *found = (Found) { room, dev, what, place };
    object_ref(OBJECT(dev));
    g_ptr_array_add(walk->found, found);
}

GPtrArray *xen_platform_walk_functions(XenPlatformWalk *walk)
{
    return walk->functions;
}

static void collect_function(PCIBus *bus, PCIDevice *d, void *opaque)
{
    XenPlatformWalk *walk = opaque;

    if (d->enabled && d != walk->unplug->self &&
        !xen_platform_type_stays(object_get_typename(OBJECT(d)))) {
        g_ptr_array_add(walk->functions, d);
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

/* Returns what @mask takes, of Found */
static GPtrArray *find(XenPlatformUnplug *unplug, uint32_t mask)
{
    g_autoptr(GPtrArray) functions = g_ptr_array_new();
    XenPlatformWalk walk = {
        .unplug = unplug,
        .mask = mask,
        .functions = functions,
        .found = g_ptr_array_new_with_free_func(found_free),
    };

    pci_for_each_bus(pci_device_root_bus(unplug->self), collect_bus, &walk);
    g_ptr_array_sort(functions, compare_address);
    for (unsigned i = 0; i < functions->len; i++) {
        for (unsigned r = 0; r < ARRAY_SIZE(rooms); r++) {
            rooms[r]->find(&walk, g_ptr_array_index(functions, i));
        }
    }
    return walk.found;
}

/* Note that it goes, while it still has a name and a place */
static void note(XenPlatformUnplug *unplug, const Found *found)
{
    DeviceState *dev = found->dev;
    Gone *gone = g_new0(Gone, 1);

    gone->room = found->room;
    gone->info = g_new0(XenPlatformUnpluggedDevice, 1);
    gone->info->kind = found->what;
    gone->info->type = g_strdup(object_get_typename(OBJECT(dev)));
    gone->info->qom_path = object_get_canonical_path(OBJECT(dev));
    gone->info->id = g_strdup(dev->id);
    if (unplug->park) {
        gone->dev = dev;
    }
    g_ptr_array_add(unplug->gone, gone);
    trace_xen_platform_unplugged(gone->info->qom_path, gone->info->type);
}

static void take(XenPlatformUnplug *unplug, const Found *found,
                 GPtrArray *backends)
{
    note(unplug, found);
    if (unplug->park) {
        found->room->park(found->dev);
    } else {
        found->room->remove(found->dev, backends);
    }
}

static void remove_backends(GPtrArray *backends)
{
    for (unsigned i = 0; i < backends->len; i++) {
        xen_platform_backend_remove(g_ptr_array_index(backends, i));
    }
    g_ptr_array_set_size(backends, 0);
}

unsigned xen_platform_unplug_apply(XenPlatformUnplug *unplug, uint32_t mask)
{
    g_autoptr(GPtrArray) backends = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) found = find(unplug, mask);
    unsigned taken = 0;

    for (unsigned i = 0; i < found->len; i++) {
        Found *f = g_ptr_array_index(found, i);

        if (qdev_is_realized(f->dev) && f->room->settle) {
            f->room->settle(f->dev);
        }
        /* The host may have deleted it while we waited */
        if (qdev_is_realized(f->dev)) {
            take(unplug, f, backends);
            taken++;
        }
    }
    remove_backends(backends);
    return taken;
}

unsigned xen_platform_unplug_load(XenPlatformUnplug *unplug, uint32_t mask,
                                  const char *const *keep)
{
    g_autoptr(GPtrArray) found = find(unplug, mask);
    unsigned taken = 0;

    for (unsigned i = 0; i < found->len; i++) {
        Found *f = g_ptr_array_index(found, i);

        if (!keep || !g_strv_contains(keep, f->place)) {
            /* libxl runs its script on the tap device when we have loaded */
            take(unplug, f, unplug->backends);
            taken++;
        }
    }
    return taken;
}

char **xen_platform_unplug_survivors(XenPlatformUnplug *unplug, uint32_t mask)
{
    g_autoptr(GPtrArray) found = find(unplug, mask);
    char **places = g_new0(char *, found->len + 1);

    for (unsigned i = 0; i < found->len; i++) {
        Found *f = g_ptr_array_index(found, i);

        places[i] = g_steal_pointer(&f->place);
    }
    return places;
}

void xen_platform_unplug_again(XenPlatformUnplug *unplug, uint32_t mask)
{
    if (mask & XEN_PLATFORM_UNPLUG_NICS) {
        remove_backends(unplug->backends);
    }
}

/* The host may have deleted it, or its controller, in the meantime */
static bool is_there(Gone *gone)
{
    return gone->dev && qdev_is_realized(gone->dev);
}

void xen_platform_unplug_restore_early(XenPlatformUnplug *unplug)
{
    for (unsigned i = 0; i < unplug->gone->len; i++) {
        Gone *gone = g_ptr_array_index(unplug->gone, i);

        if (is_there(gone) && gone->room->bring_back_early) {
            gone->room->bring_back_early(gone->dev);
        }
    }
}

void xen_platform_unplug_restore(XenPlatformUnplug *unplug)
{
    xen_platform_unplug_restore_early(unplug);
    for (unsigned i = 0; i < unplug->gone->len; i++) {
        Gone *gone = g_ptr_array_index(unplug->gone, i);

        if (is_there(gone) && gone->room->bring_back) {
            gone->room->bring_back(gone->dev);
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
