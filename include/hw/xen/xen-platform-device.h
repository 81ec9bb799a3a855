/*
 * xen-platform: the state of the PCI device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_PLATFORM_DEVICE_H
#define HW_XEN_PLATFORM_DEVICE_H

#include "chardev/char-fe.h"
#include "hw/pci/pci_device.h"
#include "qapi/qapi-types-common.h"
#include "qapi/qapi-types-xen-platform.h"
#include "hw/xen/xen-platform.h"
#include "hw/xen/xen-platform-log.h"
#include "hw/xen/xen-platform-protocol.h"
#include "hw/xen/xen-platform-store.h"
#include "hw/xen/xen-platform-unplug.h"

OBJECT_DECLARE_SIMPLE_TYPE(XenPlatformState, XEN_PLATFORM)

/* Where lines of the driver's log are put out */
typedef enum XenPlatformLogSink {
    XEN_PLATFORM_LOG_CHARDEV,
    XEN_PLATFORM_LOG_TRACE,
    XEN_PLATFORM_LOG_STDERR,
    XEN_PLATFORM_LOG_SINKS
} XenPlatformLogSink;

struct XenPlatformState {
    PCIDevice parent_obj;

    MemoryRegion fixed_io;
    MemoryRegion bar;
    MemoryRegion mmio_bar;

    /* Properties */
    uint16_t device_id;
    uint16_t class_id;
    uint16_t subsystem_vendor_id;
    uint16_t subsystem_id;
    uint8_t revision;
    XenPlatformBlacklistMode blacklist;
    bool unplug_nvme_with_disks;
    CharBackend log_chr;
    uint32_t log_rate;
    uint32_t log_burst;
    OnOffAuto park;

    uint8_t flags;          /* XEN_PLATFORM_FLAG_* */
    uint8_t stream_flags;   /* as they are in a migration stream */
    char *later;            /* while saving or loading: places, each with \0 */
    uint32_t later_size;
    XenPlatformProtocol protocol;
    XenPlatformLog log;
    bool log_torn[XEN_PLATFORM_LOG_SINKS]; /* only part of a line was taken */
    XenPlatformStore *store;
    XenPlatformUnplug *unplug;
    Object *reset;          /* what resets of the machine come to */
    uint32_t reported;      /* kinds of guest error already in the log */
};

extern const VMStateDescription vmstate_xen_platform;

/* xen_platform_find: the machine's xen-platform device, NULL if it has none */
XenPlatformState *xen_platform_find(void);

/*
 * xen_platform_set_flags: take platform flags, XEN_PLATFORM_FLAG_*
 *
 * On Xen they are kept only if the hypervisor did what they ask for.
 */
void xen_platform_set_flags(XenPlatformState *s, uint8_t flags);

/* xen_platform_log_start: make the log sink ready, its line empty */
void xen_platform_log_start(XenPlatformState *s);

/*
 * xen_platform_reset_register, xen_platform_reset_unregister: have a reset of
 * the machine, and no other, be one of the device
 */
void xen_platform_reset_register(XenPlatformState *s);
void xen_platform_reset_unregister(XenPlatformState *s);

/* Tell QMP clients what the guest announced, or asked to be unplugged */
void xen_platform_send_driver_info(XenPlatformState *s);
void xen_platform_send_unplug(XenPlatformState *s, uint16_t requested,
                              bool refused);

#endif
