/*
 * xen-platform: network cards
 *
 * Every PCI function of class network counts, virtio-net included, as the
 * tool stack gives each of them a PV twin; passed-through and virtual (SR-IOV)
 * functions do not, the latter go with their physical function.
 *
 * Descriptor rings live in guest memory and packets come at any time, so two
 * things are cut:
 *
 *   the guest's side     Without power the function has neither registers nor
 *                        bus mastering; its reset stops rings and timers and
 *                        lowers its interrupt.
 *   the network's side   A NIC that is `unreachable` neither takes packets nor
 *                        sends any, be it one that its backend had queued, or
 *                        the announcement that QEMU makes after a migration.
 *                        What was queued for it is dropped.
 *
 * A parked NIC keeps its backend, and its link state, which the host may change
 * meanwhile.  One that is removed has its backend deleted: the netdev, or what
 * -net has put on a hub that is left without any NIC.  On the target of a
 * migration the backend has to outlive the NIC (unplug.c), so that it is the
 * walk that deletes it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_ids.h"
#include "net/hub.h"
#include "net/net.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-net.h"
#include "unplug-internal.h"

#define CLASS_NETWORK   0x02    /* the upper byte of the class code */

static void find(XenPlatformWalk *walk, PCIDevice *d)
{
    if (d->config[PCI_CLASS_DEVICE + 1] == CLASS_NETWORK && !pci_is_vf(d)) {
        xen_platform_found(walk, &xen_platform_room_nic, DEVICE(d),
                           XEN_PLATFORM_KIND_NIC,
                           XEN_PLATFORM_UNPLUGGED_KIND_NIC,
                           qdev_get_dev_path(DEVICE(d)), false);
    }
}

typedef struct Reach {
    DeviceState *dev;
    bool unreachable;
} Reach;

/* What guards a NIC against itself is part of its device, or of one on that */
static bool is_of(NICState *nic, DeviceState *dev)
{
    DeviceState *owner = container_of(nic->reentrancy_guard, DeviceState,
                                      mem_reentrancy_guard);

    return owner == dev ||
           (owner->parent_bus && owner->parent_bus->parent == dev);
}

static void set_reach(NICState *nic, void *opaque)
{
    Reach *reach = opaque;

    if (!is_of(nic, reach->dev)) {
        return;
    }
    for (int i = 0; i < MAX(nic->conf->peers.queues, 1); i++) {
        NetClientState *nc = qemu_get_subqueue(nic, i);

        nc->unreachable = reach->unreachable;
        if (nc->peer && reach->unreachable) {
            qemu_purge_queued_packets(nc->peer);
        } else if (nc->peer) {
            qemu_flush_queued_packets(nc);
        }
    }
}

static void park(DeviceState *dev)
{
    Reach reach = { dev, true };

    xen_platform_function_park(dev);
    qemu_foreach_nic(set_reach, &reach);
}

static void bring_back(DeviceState *dev)
{
    Reach reach = { dev, false };

    xen_platform_function_bring_back(dev);
    qemu_foreach_nic(set_reach, &reach);
}

typedef struct Peers {
    DeviceState *dev;
    GPtrArray *names;
} Peers;

static void collect_peer(NICState *nic, void *opaque)
{
    Peers *peers = opaque;
    NetClientState *peer = qemu_get_queue(nic)->peer;

    if (is_of(nic, peers->dev) && peer && !nic->peer_deleted) {
        g_ptr_array_add(peers->names, g_strdup(peer->name));
    }
}

static void remove_nic(DeviceState *dev, GPtrArray *backends)
{
    Peers peers = { dev, backends };

    /* A device may have several NICs, a switch for instance */
    qemu_foreach_nic(collect_peer, &peers);
    object_unparent(OBJECT(dev));
}

const XenPlatformRoom xen_platform_room_nic = {
    .find = find,
    .park = park,
    .bring_back = bring_back,
    .remove = remove_nic,
};

/* All clients that are no NICs, or that one */
static GPtrArray *find_clients(const char *name)
{
    int n = qemu_find_net_clients_except(name, NULL, NET_CLIENT_DRIVER_NIC, 0);
    GPtrArray *clients = g_ptr_array_new();

    g_ptr_array_set_size(clients, n);
    qemu_find_net_clients_except(name, (NetClientState **)clients->pdata,
                                 NET_CLIENT_DRIVER_NIC, n);
    return clients;
}

/* The last NIC of a hub has gone: delete its ports and what is behind them */
static void remove_hub(int id)
{
    g_autoptr(GPtrArray) clients = find_clients(NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < clients->len; i++) {
        NetClientState *nc = g_ptr_array_index(clients, i);
        int hub;

        if (net_hub_id_for_client(nc, &hub) || hub != id) {
            continue;
        }
        if (nc->peer && nc->peer->info->type == NET_CLIENT_DRIVER_NIC) {
            return;
        }
        g_ptr_array_add(names, g_strdup(nc->name));
    }
    for (unsigned i = 0; i < names->len; i++) {
        g_autoptr(GPtrArray) found = find_clients(g_ptr_array_index(names, i));

        if (found->len) {
            qemu_del_net_client(g_ptr_array_index(found, 0));
        }
    }
}

void xen_platform_backend_remove(const char *name)
{
    g_autoptr(GPtrArray) found = find_clients(name);
    NetClientState *nc;
    int hub;

    if (!found->len) {
        return;
    }
    nc = g_ptr_array_index(found, 0);
    if (!net_hub_id_for_client(nc, &hub)) {
        qemu_del_net_client(nc);
        remove_hub(hub);
    } else if (nc->is_netdev) {
        qmp_netdev_del(name, NULL);
    } else {
        qemu_del_net_client(nc);
    }
}
