/*
 * xen-platform: disks on IDE channels and SATA ports
 *
 * A channel has two units and, on PCI, one bus master for both; a SATA port has
 * one unit.  What a guest may have there when a disk is unplugged:
 *
 *   in flight   AIO of a PIO or DMA command, or of queued SATA commands
 *   data phase  DRQ is set and the guest has yet to read or write the data port
 *   armed       a DMA command was given, and the bus master not yet started
 *   failed      a request that waits for `cont` to be tried again, the VM being
 *               stopped for an I/O error or about to be
 *   pending     a software reset, a retry or a look at the SATA command list in
 *               a bottom half; the timer of a delayed interrupt
 *
 * What is in flight is finished and the image flushed.  The rest is dropped:
 * the guest has not been told of its end.  A unit without a BlockBackend is one
 * without a drive to all of hw/ide, bottom halves included: the task file reads
 * as empty, commands are ignored or aborted, a port reports no device.  So that
 * is what is taken from the unit, after its state is that of a drive after
 * reset, and the transfer that the bus master has is cancelled if it is this
 * unit's.  The other unit of the channel keeps its registers, its transfer and
 * the selection, be it in the middle of a request; the controller stays, and
 * with it the other channel and ports.  CD-ROM drives are never touched.
 *
 * The IDEDevice stays on its bus when it is parked, so that nothing can be
 * plugged in its place, and keeps the BlockBackend that goes back to the unit
 * when a machine reset begins, as a drive that has just been powered on: with
 * the size that the image has by then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/ide/ahci-pci.h"
#include "hw/ide/ide-internal.h"
#include "hw/ide/ahci-internal.h"
#include "qemu/timer.h"
#include "unplug-internal.h"

static IDEBus *bus_of(DeviceState *dev)
{
    return IDE_BUS(dev->parent_bus);
}

static IDEState *unit_of(DeviceState *dev)
{
    return &bus_of(dev)->ifs[IDE_DEVICE(dev)->unit];
}

static IDEDevice *device_at(IDEBus *bus, unsigned unit)
{
    return unit ? bus->slave : bus->master;
}

static bool is_parked(IDEDevice *dev)
{
    return dev->conf.blk && !unit_of(DEVICE(dev))->blk;
}

static bool is_disk(IDEBus *bus, unsigned unit)
{
    return device_at(bus, unit) && bus->ifs[unit].drive_kind != IDE_CD;
}

/* Does @d hold an IDE disk?  If so, *@first is its first channel or port. */
static bool holds_disk(PCIDevice *d, IDEBus **first)
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
            disk |= is_disk(ide, unit);
        }
    }
    return disk;
}

/* The channel or port whose unit 0 is the primary master */
static IDEBus *find_primary(XenPlatformWalk *walk)
{
    GPtrArray *functions = xen_platform_walk_functions(walk);

    for (unsigned i = 0; i < functions->len; i++) {
        IDEBus *first = NULL;

        if (holds_disk(g_ptr_array_index(functions, i), &first)) {
            return first;
        }
    }
    return NULL;
}

static void find(XenPlatformWalk *walk, PCIDevice *d)
{
    IDEBus *primary = find_primary(walk);
    BusState *qbus;

    QLIST_FOREACH(qbus, &DEVICE(d)->child_bus, sibling) {
        IDEBus *bus = (IDEBus *)object_dynamic_cast(OBJECT(qbus), TYPE_IDE_BUS);

        for (unsigned unit = 0; bus && unit < ARRAY_SIZE(bus->ifs); unit++) {
            g_autofree char *path = NULL;

            if (!is_disk(bus, unit) || is_parked(device_at(bus, unit))) {
                continue;
            }
            path = qdev_get_dev_path(DEVICE(d));
            xen_platform_found(walk, &xen_platform_room_ide,
                               DEVICE(device_at(bus, unit)),
                               XEN_PLATFORM_KIND_IDE_DISK,
                               XEN_PLATFORM_UNPLUGGED_KIND_DISK,
                               g_strdup_printf("%s/ide.%d.%u", path,
                                               bus->bus_id, unit),
                               bus == primary && unit == 0);
        }
    }
}

static void settle(DeviceState *dev)
{
    xen_platform_image_settle(unit_of(dev)->blk, dev);
}

/* Forget all commands of a port, as after a reset without a drive */
static void clear_port(AHCIDevice *port)
{
    for (unsigned i = 0; i < ARRAY_SIZE(port->ncq_tfs); i++) {
        NCQTransferState *queued = &port->ncq_tfs[i];

        if (queued->used) {
            /* It failed and waits to be tried again */
            qemu_sglist_destroy(&queued->sglist);
        }
        queued->used = false;
        queued->halt = false;
    }
    port->port.error_status = 0;
    port->port_regs.scr_act = 0;
    port->port_regs.cmd_issue = 0;
    port->port_regs.tfdata = 0x7f;
    port->port_regs.sig = 0xffffffff;
    port->finished = 0;
    port->busy_slot = -1;
    port->done_first_drq = false;
    port->init_d2h_sent = false;
}

/* The bus master's transfer, or the one to be tried again, if it is @s's */
static void cancel_transfer(IDEState *s)
{
    IDEBus *bus = s->bus;

    if (bus->retry_unit != s->unit) {
        return;
    }
    bus->dma->aiocb = NULL;
    bus->error_status = 0;
    if (bus->dma->ops->set_inactive) {
        bus->dma->ops->set_inactive(bus->dma, false);
    }
    bus->retry_unit = -1;
    bus->retry_sector_num = 0;
    bus->retry_nsector = 0;
}

/* From here on, hw/ide finds no drive at the place of @dev */
static void empty_unit(DeviceState *dev)
{
    IDEState *s = unit_of(dev);
    IDEBus *bus = s->bus;
    DeviceState *controller = bus->qbus.parent;

    cancel_transfer(s);
    timer_del(s->sector_write_timer);
    ide_reset(s);
    if (object_dynamic_cast(OBJECT(controller), TYPE_ICH9_AHCI)) {
        clear_port(container_of(bus, AHCIDevice, port));
    } else if (bus->unit == s->unit) {
        /* The drive that is selected drives the line */
        qemu_irq_lower(bus->irq);
    }
    s->blk = NULL;
}

static void park(DeviceState *dev)
{
    empty_unit(dev);
}

static void bring_back_early(DeviceState *dev)
{
    IDEState *s = unit_of(dev);
    uint64_t sectors;

    s->blk = IDE_DEVICE(dev)->conf.blk;
    blk_get_geometry(s->blk, &sectors);
    s->nb_sectors = sectors;
    /* Identified anew when the guest asks */
    s->identify_set = 0;
}

static void remove_disk(DeviceState *dev, GPtrArray *backends)
{
    IDEBus *bus = bus_of(dev);
    IDEDevice *ide = IDE_DEVICE(dev);

    empty_unit(dev);
    *(ide->unit ? &bus->slave : &bus->master) = NULL;
    object_ref(OBJECT(dev));
    object_unparent(OBJECT(dev));
    xen_platform_image_close(dev, &ide->conf.blk);
    object_unref(OBJECT(dev));
}

const XenPlatformRoom xen_platform_room_ide = {
    .find = find,
    .settle = settle,
    .park = park,
    .bring_back_early = bring_back_early,
    .remove = remove_disk,
};
