/*
 * Migration and snapshots of an emulated Xen machine
 *
 * QEMU's emulation has the state of xenstore, event channels and grants.  A
 * backend has none: what it knows is in xenstore and in the ring that it
 * shares with the guest.  While the machine is stopped backends leave the
 * rings alone, with all that they have taken from them answered; on the other
 * side they map them again and go on where the ring says.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "block/block.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/i386/kvm/xen_gnttab.h"
#include "hw/i386/kvm/xen_overlay.h"
#include "hw/i386/kvm/xen_primary_console.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen-bus.h"
#include "hw/xen/xen-emu.h"
#include "migration/blocker.h"
#include "migration/vmstate.h"
#include "system/kvm.h"
#include "system/kvm_xen.h"
#include "system/runstate.h"
#include <linux/kvm.h>
#include "target/i386/kvm/xen-emu.h"
#include "xen-emu-internal.h"

/* All PV devices; whether they wait to be connected after a migration */
static GHashTable *devices;

/* With KVM: those that are connected */
static GHashTable *connected_backends;
static Error *blocker;

bool xen_emu_backends_paused(void)
{
    /* While the guest is suspended to RAM they go on */
    return xen_mode == XEN_EMULATE && !runstate_is_live(runstate_get());
}

static void set_dirty(uint64_t gpa, uint64_t size)
{
    MemoryRegionSection section = memory_region_find(get_system_memory(), gpa,
                                                     size);

    if (!section.mr) {
        return;
    }
    if (memory_region_is_ram(section.mr)) {
        memory_region_set_dirty(section.mr, section.offset_within_region,
                                int128_get64(section.size));
    }
    memory_region_unref(section.mr);
}

static void set_dirty_by_host(void *ptr, uint64_t size)
{
    ram_addr_t offset;
    MemoryRegion *mr = ptr ? memory_region_from_host(ptr, &offset) : NULL;

    if (mr) {
        memory_region_set_dirty(mr, offset, size);
    }
}

/* What is written by pointer, behind the back of dirty tracking */
static void set_all_dirty(void)
{
    CPUState *cs;

    set_dirty_by_host(xen_overlay_get_shinfo_ptr(), TARGET_PAGE_SIZE);
    set_dirty_by_host(xen_primary_console_get_map(), TARGET_PAGE_SIZE);
    CPU_FOREACH(cs) {
        set_dirty_by_host(cpu_env(cs)->xen_vcpu_info_hva, 64);
    }
    xen_gnttab_set_dirty(set_dirty);
}

static void reconnect(XenDevice *xendev)
{
    XenDeviceClass *class = XEN_DEVICE_GET_CLASS(xendev);
    Error *err = NULL;

    xendev->backend_state = XenbusStateInitialised;
    class->frontend_changed(xendev, XenbusStateConnected, &err);
    if (xendev->backend_state != XenbusStateConnected) {
        error_prepend(&err, "%s does not connect again after migration: ",
                      xendev->backend_path);
        error_report_err(err);
        xen_device_backend_set_state(xendev, XenbusStateClosing);
    } else if (err) {
        warn_report_err(err);
    }
}

void xen_emu_kick_backends(void)
{
    GHashTableIter iter;
    gpointer xendev;

    g_hash_table_iter_init(&iter, devices);
    while (g_hash_table_iter_next(&iter, &xendev, NULL)) {
        xen_device_kick_event_channels(xendev);
    }
}

static void vm_changed(void *opaque, bool running, RunState state)
{
    GHashTableIter iter;
    gpointer xendev, waits;
    CPUState *cs;

    if (!running) {
        /* What is in flight still writes to the rings */
        bdrv_drain_all();
        CPU_FOREACH(cs) {
            if (xen_emu_vcpu(cs)) {
                /* SCHEDOP_poll may end for no reason */
                xen_emu_poll_expired(xen_emu_vcpu(cs));
            }
        }
        set_all_dirty();
        return;
    }

    g_hash_table_iter_init(&iter, devices);
    while (g_hash_table_iter_next(&iter, &xendev, &waits)) {
        if (GPOINTER_TO_INT(waits)) {
            g_hash_table_iter_replace(&iter, GINT_TO_POINTER(false));
            reconnect(xendev);
        }
    }
    xen_emu_kick_backends();
}

static int read_state(XenDevice *xendev, const char *area)
{
    g_autofree char *path = g_strdup_printf("%s/state", area);
    unsigned int length;
    char *value = qemu_xen_xs_read(xendev->xsh, XBT_NULL, path, &length);
    int state = value ? atoi(value) : -1;

    free(value);
    return state;
}

static bool has_device(const char *backend_path)
{
    GHashTableIter iter;
    gpointer xendev;

    g_hash_table_iter_init(&iter, devices);
    while (g_hash_table_iter_next(&iter, &xendev, NULL)) {
        if (!strcmp(((XenDevice *)xendev)->backend_path, backend_path)) {
            return true;
        }
    }
    return false;
}

/* Backends of one type in the store that came in, without a device here */
static bool lacks_device(struct qemu_xs_handle *xsh, const char *type)
{
    g_autofree char *area = g_strdup_printf("/local/domain/0/backend/%s/%u",
                                            type, xen_domid);
    unsigned int nr_names = 0;
    char **names = qemu_xen_xs_directory(xsh, XBT_NULL, area, &nr_names);
    bool lacks = false;

    for (unsigned int i = 0; i < nr_names; i++) {
        g_autofree char *path = g_strdup_printf("%s/%s", area, names[i]);

        if (!has_device(path)) {
            error_report("the machine that comes in has %s: give this one the "
                         "device that makes it", path);
            lacks = true;
        }
    }
    free(names);
    return lacks;
}

static bool lacks_devices(void)
{
    static const char area[] = "/local/domain/0/backend";
    struct qemu_xs_handle *xsh = qemu_xen_xs_open();
    unsigned int nr_types = 0;
    char **types = qemu_xen_xs_directory(xsh, XBT_NULL, area, &nr_types);
    bool lacks = false;

    for (unsigned int i = 0; i < nr_types; i++) {
        lacks |= lacks_device(xsh, types[i]);
    }
    free(types);
    qemu_xen_xs_close(xsh);
    return lacks;
}

int xen_emu_loaded(void)
{
    GHashTableIter iter;
    gpointer key;
    CPUState *cs;

    if (kvm_enabled()) {
        return 0;
    }

    CPU_FOREACH(cs) {
        int ret = kvm_put_xen_state(cs);

        if (ret) {
            error_report("vCPU %d: its Xen state is not for this machine: %s",
                         cs->cpu_index, strerror(-ret));
            return ret;
        }
    }
    xen_emu_update_wall_clock();

    g_hash_table_iter_init(&iter, devices);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        XenDevice *xendev = key;
        int backend = read_state(xendev, xendev->backend_path);
        int frontend = read_state(xendev, xendev->frontend_path);

        if (backend < 0) {
            error_report("the machine that comes in has no %s: leave out the "
                         "%s that makes it", xendev->backend_path,
                         object_get_typename(OBJECT(xendev)));
            return -EINVAL;
        }
        /* As it was: the watches, which fire now, find nothing changed */
        xendev->backend_state = backend;
        xendev->frontend_state = MAX(frontend, 0);
        g_hash_table_iter_replace(&iter, GINT_TO_POINTER(
            backend == XenbusStateConnected));
    }
    return lacks_devices() ? -EINVAL : 0;
}

void xen_emu_migration_init(void)
{
    devices = g_hash_table_new(NULL, NULL);
    qemu_add_vm_change_state_handler(vm_changed, NULL);
}

void xen_emu_migration_add(XenDevice *xendev)
{
    if (devices) {
        g_hash_table_insert(devices, xendev, GINT_TO_POINTER(false));
    }
}

void xen_emu_migration_remove(XenDevice *xendev)
{
    if (devices) {
        g_hash_table_remove(devices, xendev);
    }
}

bool xen_emu_backends_connected(void)
{
    return connected_backends && g_hash_table_size(connected_backends);
}

void xen_emu_backend_connected(XenDevice *xendev, bool connected)
{
    /* With KVM, none of the above has been seen to work */
    if (xen_mode != XEN_EMULATE || !kvm_enabled()) {
        return;
    }
    if (!connected_backends) {
        connected_backends = g_hash_table_new(NULL, NULL);
    }
    if (connected) {
        g_hash_table_add(connected_backends, xendev);
    } else {
        g_hash_table_remove(connected_backends, xendev);
    }

    if (xen_emu_backends_connected() && !blocker) {
        Error *err = NULL;

        error_setg(&blocker, "A Xen PV backend is connected to the guest, and "
                   "PV backends do not migrate with KVM");
        if (migrate_add_blocker(&blocker, &err) < 0) {
            /* One is under way: saving the xenstore will end it */
            warn_report_err(err);
        }
    } else if (!xen_emu_backends_connected() && blocker) {
        migrate_del_blocker(&blocker);
    }
}
