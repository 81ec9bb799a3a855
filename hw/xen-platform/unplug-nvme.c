/*
 * xen-platform: NVMe controllers with their namespaces
 *
 * A controller is a PCI function; its namespaces are those of its subsystem,
 * which may have several controllers:
 *
 *   nvme,drive=...                the namespace is part of the controller
 *   nvme + nvme-ns,bus=...        devices of their own, on the bus of the
 *                                 subsystem that the controller has made
 *   nvme-subsys + nvme,subsys=... + nvme-ns
 *                                 shared by all controllers of the subsystem
 *
 * A mask takes all controllers of the machine, one after the other, and each
 * namespace goes with the last controller that reaches it.  Virtual functions
 * (SR-IOV) are no functions of their own here: they go with the physical one.
 *
 * Commands in flight are finished and every namespace is flushed.  Without
 * power the controller has neither registers nor bus mastering, and the reset
 * that comes with the loss of power deletes its queues and cancels whatever
 * they still hold, so that no doorbell and no completion finds one.
 *
 * A controller that is deleted takes its own namespace along; after the last
 * one, the devices on the subsystem's bus are deleted, and the subsystem if no
 * user has made it.  All their images are closed.  A parked one has the size of
 * its images read again when it comes back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/nvme/nvme.h"
#include "hw/pci/pci_ids.h"
#include "unplug-internal.h"

static void find(XenPlatformWalk *walk, PCIDevice *d)
{
    if (pci_get_word(d->config + PCI_CLASS_DEVICE) ==
        PCI_CLASS_STORAGE_EXPRESS && !pci_is_vf(d)) {
        xen_platform_found(walk, &xen_platform_room_nvme, DEVICE(d),
                           XEN_PLATFORM_KIND_NVME,
                           XEN_PLATFORM_UNPLUGGED_KIND_NVME,
                           qdev_get_dev_path(DEVICE(d)), false);
    }
}

/* NULL for a controller of another make, for instance one that is remote */
static NvmeCtrl *controller(DeviceState *dev)
{
    return (NvmeCtrl *)object_dynamic_cast(OBJECT(dev), TYPE_NVME);
}

static void for_each_namespace(DeviceState *dev,
                               void (*fn)(NvmeNamespace *ns, DeviceState *dev))
{
    NvmeCtrl *n = controller(dev);

    for (uint32_t nsid = 1; n && nsid <= NVME_MAX_NAMESPACES; nsid++) {
        NvmeNamespace *ns = nvme_subsys_ns(n->subsys, nsid);

        if (ns) {
            fn(ns, dev);
        }
    }
}

static void settle_namespace(NvmeNamespace *ns, DeviceState *dev)
{
    xen_platform_image_settle(ns->blkconf.blk, dev);
}

static void settle(DeviceState *dev)
{
    for_each_namespace(dev, settle_namespace);
}

static void measure_namespace(NvmeNamespace *ns, DeviceState *dev)
{
    int64_t size = blk_getlength(ns->blkconf.blk);

    /* Zones are laid out once and for all */
    if (size > 0 && size != ns->size && !ns->params.zoned) {
        ns->size = size;
        nvme_ns_init_format(ns);
    }
}

static void bring_back(DeviceState *dev)
{
    for_each_namespace(dev, measure_namespace);
    xen_platform_function_bring_back(dev);
}

static bool has_controller(NvmeSubsystem *subsys)
{
    for (uint32_t id = 0; id < NVME_MAX_CONTROLLERS; id++) {
        if (nvme_subsys_ctrl(subsys, id)) {
            return true;
        }
    }
    return false;
}

static void remove_namespaces(NvmeSubsystem *subsys)
{
    for (uint32_t nsid = 1; nsid <= NVME_MAX_NAMESPACES; nsid++) {
        NvmeNamespace *ns = nvme_subsys_ns(subsys, nsid);

        if (ns) {
            /* It flushes, also while a load holds back all requests */
            blk_set_disable_request_queuing(ns->blkconf.blk, true);
            object_ref(OBJECT(ns));
            object_unparent(OBJECT(ns));
            xen_platform_image_close(DEVICE(ns), &ns->blkconf.blk);
            object_unref(OBJECT(ns));
        }
    }
}

static void remove_controller(DeviceState *dev, GPtrArray *backends)
{
    NvmeCtrl *n = controller(dev);
    NvmeSubsystem *subsys;

    if (!n) {
        object_unparent(OBJECT(dev));
        return;
    }
    subsys = n->subsys;
    object_ref(OBJECT(subsys));
    object_ref(OBJECT(dev));
    object_unparent(OBJECT(dev));
    xen_platform_image_close(dev, &n->namespace.blkconf.blk);
    object_unref(OBJECT(dev));

    if (!has_controller(subsys)) {
        remove_namespaces(subsys);
        if (!DEVICE(subsys)->id) {
            object_unparent(OBJECT(subsys));
        }
    }
    object_unref(OBJECT(subsys));
}

const XenPlatformRoom xen_platform_room_nvme = {
    .find = find,
    .settle = settle,
    .park = xen_platform_function_park,
    .bring_back = bring_back,
    .remove = remove_controller,
};
