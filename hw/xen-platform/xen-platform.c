/*
 * xen-platform: the PCI device through which a Xen guest's PV drivers reach
 * the host
 *
 * What an access means is decided in protocol.c; this wires it to ports, the
 * blacklist, the log and the machine's devices.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#ifdef CONFIG_XEN
/* Must come before other Xen headers */
#include "hw/xen/xen_native.h"
#endif
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/util.h"
#include "qapi/visitor.h"
#include "exec/address-spaces.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen-platform-device.h"
#include "hw/xen/xen-platform-mask.h"
#include "system/runstate.h"
#include "trace.h"

#define BAR_SIZE        0x100
#define MMIO_BAR_SIZE   (16 * MiB)

/* Guest errors, each reported once: a guest must not fill the host's log */
enum {
    REPORTED_UNKNOWN_PRODUCT = 1 << 0,
    REPORTED_UNKNOWN_MASK    = 1 << 1,
    REPORTED_BLACKLISTED     = 1 << 2,
    REPORTED_LATCHED         = 1 << 3,
    REPORTED_REFUSED         = 1 << 4,
    REPORTED_ROM_LOCK        = 1 << 5,
};

static bool first_report(XenPlatformState *s, uint32_t kind)
{
    bool first = !(s->reported & kind);

    s->reported |= kind;
    return first;
}

void xen_platform_set_flags(XenPlatformState *s, uint8_t flags)
{
    flags &= XEN_PLATFORM_FLAG_ROM_LOCK;

#ifdef CONFIG_XEN
    if (xen_mode != XEN_EMULATE) {
        hvmmem_type_t type = flags & XEN_PLATFORM_FLAG_ROM_LOCK ?
            HVMMEM_ram_ro : HVMMEM_ram_rw;

        /* Pages 0xc0..0xff: the guest's option ROMs and BIOS */
        if (xen_set_mem_type(xen_domid, type, 0xc0, 0x40)) {
            if (first_report(s, REPORTED_ROM_LOCK)) {
                warn_report("xen-platform: the hypervisor did not change the "
                            "ROM lock: %s", strerror(errno));
            }
            return;
        }
    }
#endif
    s->flags = flags;
    trace_xen_platform_flags(flags);
}

static void product_written(XenPlatformState *s, uint16_t product)
{
    const char *name = xen_platform_product_name(product);

    s->protocol.product = product;
    trace_xen_platform_product(product, name ?: "unregistered");
    if (!name && first_report(s, REPORTED_UNKNOWN_PRODUCT)) {
        qemu_log_mask(LOG_GUEST_ERROR, "xen-platform: product number 0x%x is "
                      "not registered\n", product);
    }
}

static void build_written(XenPlatformState *s, uint32_t build)
{
    XenPlatformProtocol *p = &s->protocol;
    const char *reason = xen_platform_store_reason(s->store, p->product, build);
    const char *name = xen_platform_product_name(p->product);

    if (!xen_platform_build_written(p, build, reason) &&
        first_report(s, REPORTED_LATCHED)) {
        warn_report("xen-platform: %s build %" PRIu32 " is on the blacklist, "
                    "but its unplug was honoured already: it stays admitted "
                    "until the next reset", name, build);
    }
    trace_xen_platform_build(build, !!reason, p->blacklisted);
    if (p->blacklisted && first_report(s, REPORTED_BLACKLISTED)) {
        warn_report("xen-platform: %s build %" PRIu32 " is blacklisted by the "
                    "host: %.200s", name, build, *reason ? reason : "no reason "
                    "given");
    }
    xen_platform_send_driver_info(s);
}

static void unplug_written(XenPlatformState *s, uint16_t mask)
{
    uint32_t known = mask & XEN_PLATFORM_UNPLUG_ALL;
    uint32_t before = s->protocol.unplugged;
    uint32_t honoured;
    unsigned devices = 0;
    bool refused;

    if (known != mask && first_report(s, REPORTED_UNKNOWN_MASK)) {
        qemu_log_mask(LOG_GUEST_ERROR, "xen-platform: unplug mask 0x%x has "
                      "bits that are not defined, they are ignored\n", mask);
    }
    honoured = xen_platform_unplug_written(&s->protocol, mask,
        s->blacklist == XEN_PLATFORM_BLACKLIST_MODE_ENFORCE,
        s->unplug_nvme_with_disks);
    refused = known && !honoured;
    if (honoured) {
        xen_platform_unplug_again(s->unplug, honoured & before);
        devices = xen_platform_unplug_apply(s->unplug,
            xen_platform_mask_new(honoured, before));
    }
    trace_xen_platform_unplug(mask, refused, devices);
    if (refused && first_report(s, REPORTED_REFUSED)) {
        warn_report("xen-platform: unplug of a blacklisted driver build is "
                    "refused, as blacklist=enforce has it");
    }
    if (known) {
        xen_platform_send_unplug(s, mask, refused);
    }
}

/*
 * Not inline, as are other calls of fixed_io_write(): for what is seldom done,
 * room on the stack would be made at each of a guest's log bytes.
 */
static void __attribute__((noinline))
do_access(XenPlatformState *s, XenPlatformAccess access)
{
    switch (access.op) {
    case XEN_PLATFORM_OP_LOG:
        xen_platform_log_byte(&s->log, access.value);
        break;
    case XEN_PLATFORM_OP_FLAGS:
        xen_platform_set_flags(s, access.value);
        break;
    case XEN_PLATFORM_OP_PRODUCT:
        product_written(s, access.value);
        break;
    case XEN_PLATFORM_OP_BUILD:
        build_written(s, access.value);
        break;
    case XEN_PLATFORM_OP_UNPLUG:
        unplug_written(s, access.value);
        break;
    case XEN_PLATFORM_OP_NONE:
        break;
    }
}

static uint64_t fixed_io_read(void *opaque, hwaddr addr, unsigned size)
{
    XenPlatformState *s = opaque;

    return xen_platform_read_port(&s->protocol, s->flags, addr, size);
}

static void __attribute__((noinline))
tell_ignored(hwaddr addr, unsigned size, uint64_t val)
{
    trace_xen_platform_ignored(addr, size, val);
}

static void fixed_io_write(void *opaque, hwaddr addr, uint64_t val,
                           unsigned size)
{
    XenPlatformState *s = opaque;
    XenPlatformAccess access = xen_platform_decode_port(addr, size, val);

    if (access.op == XEN_PLATFORM_OP_NONE) {
        if (trace_event_get_state_backends(TRACE_XEN_PLATFORM_IGNORED)) {
            tell_ignored(addr, size, val);
        }
    } else if (access.op == XEN_PLATFORM_OP_LOG) {
        xen_platform_log_byte(&s->log, access.value);
    } else {
        do_access(s, access);
    }
}

static const MemoryRegionOps fixed_io_ops = {
    .read = fixed_io_read,
    .write = fixed_io_write,
    .valid.unaligned = true,
    .impl = {
        .min_access_size = 1,
        .max_access_size = 4,
        .unaligned = true,
    },
    .endianness = DEVICE_LITTLE_ENDIAN,
};

static uint64_t bar_read(void *opaque, hwaddr addr, unsigned size)
{
    XenPlatformState *s = opaque;

    return addr == 0 ? s->flags : 0xff;
}

static void bar_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    do_access(opaque, xen_platform_decode_bar(addr, val));
}

/* Bytes only: of a wider write, the byte at the offset counts */
static const MemoryRegionOps bar_ops = {
    .read = bar_read,
    .write = bar_write,
    .valid.unaligned = true,
    .impl = {
        .min_access_size = 1,
        .max_access_size = 1,
    },
    .endianness = DEVICE_LITTLE_ENDIAN,
};

/* A place in the guest's address space, for it to map Xen's pages over */
static uint64_t mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

static void mmio_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
}

static const MemoryRegionOps mmio_ops = {
    .read = mmio_read,
    .write = mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
};

static void throttling_changed(void *opaque, bool on)
{
    XenPlatformState *s = opaque;

    s->log.throttled = on;
}

static void vm_state_changed(void *opaque, bool running, RunState state)
{
    XenPlatformState *s = opaque;

    if (running) {
        /*
         * The emulated store may have been replaced by a load, and "write the
         * list, cont" must be no race with the watch's event
         */
        xen_platform_store_reload(s->store);
    }
}

XenPlatformState *xen_platform_find(void)
{
    Object *obj = object_resolve_path_type("", TYPE_XEN_PLATFORM, NULL);

    return obj ? XEN_PLATFORM(obj) : NULL;
}

static bool known_device_id(uint16_t id)
{
    /* XenServer's c000-c0ff, XenClient's c100-c1ff, XCP-ng's c200-c2ff */
    return id == 0x0001 || id == 0x0002 || (id >= 0xc000 && id <= 0xc2ff);
}

static bool check_properties(XenPlatformState *s, Error **errp)
{
    bool ambiguous = false;

    if (xen_mode == XEN_DISABLED) {
        error_setg(errp, "xen-platform device requires a Xen guest: start "
                   "QEMU on Xen, or with -accel tcg,xen-version=0x40011");
        return false;
    }
    object_resolve_path_type("", TYPE_XEN_PLATFORM, &ambiguous);
    if (ambiguous) {
        error_setg(errp, "this machine has a xen-platform device already, "
                   "and only one can own the I/O ports 0x10-0x1f");
        return false;
    }
    if (s->device_id == 0 || s->device_id == 0xffff) {
        error_setg(errp, "device-id=0x%04x is not a PCI device ID: give 0x0001 "
                   "or 0x0002, or another from 0x0001 to 0xfffe",
                   s->device_id);
        return false;
    }
    if (s->log_burst < XEN_PLATFORM_LOG_BURST_MIN) {
        error_setg(errp, "log-burst=%" PRIu32 " is too small for one line: "
                   "give at least %u bytes", s->log_burst,
                   XEN_PLATFORM_LOG_BURST_MIN);
        return false;
    }
    if (!known_device_id(s->device_id)) {
        warn_report("xen-platform: device-id=0x%04x is not one that Xen's "
                    "registry has (0x0001, 0x0002, 0xc000-0xc2ff)",
                    s->device_id);
    }
    return true;
}

static void xen_platform_realize(PCIDevice *dev, Error **errp)
{
    XenPlatformState *s = XEN_PLATFORM(dev);
    uint8_t *conf = dev->config;

    if (!check_properties(s, errp)) {
        return;
    }

    pci_config_set_device_id(conf, s->device_id);
    pci_config_set_revision(conf, s->revision);
    pci_config_set_class(conf, s->class_id);
    pci_set_word(conf + PCI_SUBSYSTEM_VENDOR_ID, s->subsystem_vendor_id);
    pci_set_word(conf + PCI_SUBSYSTEM_ID, s->subsystem_id);
    pci_set_word(conf + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    pci_config_set_interrupt_pin(conf, 1);

    memory_region_init_io(&s->bar, OBJECT(s), &bar_ops, s, "xen-pci",
                          BAR_SIZE);
    pci_register_bar(dev, 0, PCI_BASE_ADDRESS_SPACE_IO, &s->bar);
    memory_region_init_io(&s->mmio_bar, OBJECT(s), &mmio_ops, s, "xen-mmio",
                          MMIO_BAR_SIZE);
    pci_register_bar(dev, 1, PCI_BASE_ADDRESS_MEM_PREFETCH, &s->mmio_bar);
    memory_region_init_io(&s->fixed_io, OBJECT(s), &fixed_io_ops, s,
                          "xen-fixed", XEN_PLATFORM_IOPORT_SIZE);
    memory_region_add_subregion(get_system_io(), XEN_PLATFORM_IOPORT,
                                &s->fixed_io);

    s->unplug = xen_platform_unplug_new(dev,
        s->park == ON_OFF_AUTO_ON ||
        (s->park == ON_OFF_AUTO_AUTO && xen_mode == XEN_EMULATE));
    xen_platform_log_start(s);
    s->store = xen_platform_store_open(
        s->blacklist != XEN_PLATFORM_BLACKLIST_MODE_OFF,
        throttling_changed, s);
    qdev_add_vm_change_state_handler(DEVICE(s), vm_state_changed, s);
    xen_platform_reset_register(s);
}

static void xen_platform_exit(PCIDevice *dev)
{
    XenPlatformState *s = XEN_PLATFORM(dev);

    xen_platform_reset_unregister(s);
    xen_platform_log_flush(&s->log);
    xen_platform_store_close(s->store);
    xen_platform_unplug_free(s->unplug);
    memory_region_del_subregion(get_system_io(), &s->fixed_io);
}

static void get_blacklist(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    int mode = XEN_PLATFORM(obj)->blacklist;

    visit_type_enum(v, name, &mode, &XenPlatformBlacklistMode_lookup, errp);
}

static void set_blacklist(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    g_autofree char *text = NULL;
    int mode;

    if (DEVICE(obj)->realized) {
        error_setg(errp, "%s cannot be changed once the device is there", name);
        return;
    }
    if (!visit_type_str(v, name, &text, errp)) {
        return;
    }
    mode = qapi_enum_parse(&XenPlatformBlacklistMode_lookup, text, -1, NULL);
    if (mode < 0) {
        error_setg(errp, "%s=%s is not known: give report, enforce or off",
                   name, text);
        return;
    }
    XEN_PLATFORM(obj)->blacklist = mode;
}

static const Property xen_platform_properties[] = {
    DEFINE_PROP_UINT16("device-id", XenPlatformState, device_id, 0x0001),
    DEFINE_PROP_UINT8("revision", XenPlatformState, revision, 1),
    DEFINE_PROP_UINT16("class-id", XenPlatformState, class_id,
                       PCI_CLASS_OTHERS << 8 | 0x80),
    DEFINE_PROP_UINT16("subsystem-vendor-id", XenPlatformState,
                       subsystem_vendor_id, PCI_VENDOR_ID_XEN),
    DEFINE_PROP_UINT16("subsystem-id", XenPlatformState, subsystem_id, 0x0001),
    DEFINE_PROP_BOOL("unplug-nvme-with-disks", XenPlatformState,
                     unplug_nvme_with_disks, false),
    DEFINE_PROP_CHR("log-chardev", XenPlatformState, log_chr),
    DEFINE_PROP_UINT32("log-rate", XenPlatformState, log_rate,
                       XEN_PLATFORM_LOG_RATE),
    DEFINE_PROP_UINT32("log-burst", XenPlatformState, log_burst,
                       XEN_PLATFORM_LOG_BURST),
    /* Not for users: lets tests see what happens on real Xen */
    DEFINE_PROP_ON_OFF_AUTO("x-park", XenPlatformState, park,
                            ON_OFF_AUTO_AUTO),
};

static void xen_platform_instance_init(Object *obj)
{
    /* The spelling of XenServer's tool stack */
    object_property_add_alias(obj, "subvendor_id", obj, "subsystem-vendor-id");
    object_property_add_alias(obj, "subsystem_id", obj, "subsystem-id");
}

static void xen_platform_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    k->realize = xen_platform_realize;
    k->exit = xen_platform_exit;
    k->vendor_id = PCI_VENDOR_ID_XEN;
    dc->desc = "Xen platform device";
    dc->vmsd = &vmstate_xen_platform;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_props(dc, xen_platform_properties);
    object_class_property_add(klass, "blacklist", "XenPlatformBlacklistMode",
                              get_blacklist, set_blacklist, NULL, NULL);
    object_class_property_set_description(klass, "blacklist",
        "What to do for a blacklisted driver build: report, enforce or off");
}

static void xen_platform_2_instance_init(Object *obj)
{
    XenPlatformState *s = XEN_PLATFORM(obj);

    s->device_id = 0x0002;
    s->revision = 2;
    s->subsystem_id = 0x0002;
}

static void xen_platform_2_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "Xen platform device, second generation";
}

static const TypeInfo xen_platform_types[] = {
    {
        .name = TYPE_XEN_PLATFORM,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(XenPlatformState),
        .instance_init = xen_platform_instance_init,
        .class_init = xen_platform_class_init,
        .interfaces = (InterfaceInfo[]) {
            { INTERFACE_CONVENTIONAL_PCI_DEVICE },
            { },
        },
    },
    {
        .name = TYPE_XEN_PLATFORM_2,
        .parent = TYPE_XEN_PLATFORM,
        .instance_init = xen_platform_2_instance_init,
        .class_init = xen_platform_2_class_init,
    },
};

DEFINE_TYPES(xen_platform_types)

void xen_platform_create_default(PCIBus *bus)
{
    if (xen_platform_default) {
        pci_create_simple(bus, -1, TYPE_XEN_PLATFORM);
    }
}
