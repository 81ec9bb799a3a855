/*
 * What xen_xenstore.c needs for the guest's ring, which is not fuzzed here
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "exec/memory.h"
#include "hw/sysbus.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen_backend_ops.h"
#include "hw/xen/xen-emu.h"
#include "migration/vmstate.h"
#include "hw/i386/kvm/xen_evtchn.h"
#include "hw/i386/kvm/xen_overlay.h"
#include "hw/i386/kvm/xen_primary_console.h"

struct evtchn_backend_ops *xen_evtchn_ops;
struct gnttab_backend_ops *xen_gnttab_ops;
struct xenstore_backend_ops *xen_xenstore_ops;
const VMStateInfo vmstate_info_bool, vmstate_info_uint8, vmstate_info_uint32;

#define UNUSED(result, name, ...) \
    result name(__VA_ARGS__) { g_assert_not_reached(); }

UNUSED(struct xenevtchn_handle *, xen_be_evtchn_open, void)
UNUSED(int, xen_be_evtchn_bind_interdomain, struct xenevtchn_handle *xc,
       uint32_t domid, evtchn_port_t guest_port)
UNUSED(int, xen_be_evtchn_unbind, struct xenevtchn_handle *xc,
       evtchn_port_t port)
UNUSED(int, xen_be_evtchn_fd, struct xenevtchn_handle *xc)
UNUSED(int, xen_be_evtchn_notify, struct xenevtchn_handle *xc,
       evtchn_port_t port)
UNUSED(int, xen_be_evtchn_unmask, struct xenevtchn_handle *xc,
       evtchn_port_t port)
UNUSED(int, xen_be_evtchn_pending, struct xenevtchn_handle *xc)
UNUSED(int, xen_be_evtchn_get_guest_port, struct xenevtchn_handle *xc)
UNUSED(int, xen_evtchn_alloc_unbound_op, struct evtchn_alloc_unbound *alloc)
UNUSED(uint16_t, xen_primary_console_get_port, void)
UNUSED(void, xen_overlay_do_map_page, MemoryRegion *page, uint64_t gpa)
UNUSED(bool, xen_emu_backends_connected, void)
UNUSED(int, xen_emu_loaded, void)
UNUSED(DeviceState *, sysbus_create_varargs, const char *name, hwaddr addr, ...)
UNUSED(bool, memory_region_init_ram, MemoryRegion *mr, Object *owner,
       const char *name, uint64_t size, Error **errp)
UNUSED(void, memory_region_set_enabled, MemoryRegion *mr, bool enabled)
UNUSED(void *, memory_region_get_ram_ptr, MemoryRegion *mr)
UNUSED(bool, memory_region_is_mapped, MemoryRegion *mr)
UNUSED(void, memory_region_set_dirty, MemoryRegion *mr, hwaddr addr,
       hwaddr size)
