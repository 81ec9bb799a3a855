/*
 * xen-platform: the images of disks that are unplugged
 *
 * A disk may go at any moment of its work.  Before it does, what the guest has
 * asked for is finished, so that no completion comes for a device that is gone
 * and nothing that the guest was told is written can be lost:
 *
 *   drain   Requests in flight end.  A transfer in several pieces starts the
 *           next one when a piece is done; a BlockBackend that is drained
 *           would hold such a request back until the drain is over, and it
 *           would then run on a device that has gone.  So it is not held back,
 *           and the drain ends when the whole transfer has.  Throttling is
 *           off meanwhile, block jobs pause, and other users of the node wait.
 *   flush   The caches of the image, and of the host.
 *
 * After a device was deleted, its image is closed: the BlockBackend, with its
 * name if it comes from -drive, and then each node below it that -blockdev has
 * made and that nobody else uses.  A block job, an export or a PV disk on the
 * same node keep it open, as they would against blockdev-del.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-block-core.h"
#include "block/block_int.h"
#include "hw/qdev-core.h"
#include "unplug-internal.h"

void xen_platform_image_settle(BlockBackend *blk, DeviceState *dev)
{
    int ret;

    blk_set_disable_request_queuing(blk, true);
    blk_drain(blk);
    blk_set_disable_request_queuing(blk, false);

    if (!blk_is_available(blk)) {
        return;
    }
    ret = blk_flush(blk);
    if (ret < 0) {
        warn_report("xen-platform: could not flush the image of '%s' before "
                    "it was unplugged: %s",
                    dev->id ?: object_get_typename(OBJECT(dev)),
                    strerror(-ret));
    }
}

/* Names of @bs and of what is below it, the users before what they use */
static void GRAPH_RDLOCK collect_nodes(BlockDriverState *bs, GPtrArray *names)
{
    BdrvChild *child;

    g_ptr_array_add(names, g_strdup(bdrv_get_node_name(bs)));
    QLIST_FOREACH(child, &bs->children, next) {
        collect_nodes(child->bs, names);
    }
}

void xen_platform_image_close(DeviceState *dev, BlockBackend **slot)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    BlockBackend *blk = *slot;
    BlockDriverState *bs;

    if (!blk) {
        return;
    }
    bs = blk_bs(blk);
    if (bs) {
        GRAPH_RDLOCK_GUARD_MAINLOOP();

        collect_nodes(bs, names);
    }

    blk_ref(blk);
    *slot = NULL;
    if (blk_get_attached_dev(blk) == dev) {
        blk_detach_dev(blk, dev);
    }
    if (*blk_name(blk)) {
        /* Made by -drive: the monitor's reference keeps the image open */
        monitor_remove_blk(blk);
        blk_unref(blk);
    }
    blk_unref(blk);

    for (unsigned i = 0; i < names->len; i++) {
        /* Refused for what is in use, and not there if the user took it along */
        qmp_blockdev_del(g_ptr_array_index(names, i), NULL);
    }
}
