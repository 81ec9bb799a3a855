/*
 * xen-platform: the unplug, blacklist and log protocol as a state machine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/xen/xen-platform-protocol.h"

static const struct {
    uint16_t number;
    const char *name;
} products[] = {
    { 1,      "xensource-windows" },
    { 2,      "gplpv-windows" },
    { 3,      "linux" },
    { 4,      "xenserver-windows-v7.0+" },
    { 5,      "xenserver-windows-v7.2+" },
    { 0xffff, "experimental" },
};

const char *xen_platform_product_name(uint16_t product)
{
    for (size_t i = 0; i < ARRAY_SIZE(products); i++) {
        if (products[i].number == product) {
            return products[i].name;
        }
    }
    return NULL;
}

const char *xen_platform_known_product(unsigned index)
{
    return index < ARRAY_SIZE(products) ? products[index].name : NULL;
}

/* The whole of the port protocol: an access must match offset and width */
static const struct {
    uint8_t offset;
    uint8_t size;
    XenPlatformOp op;
} port_writes[] = {
    { 0, 1, XEN_PLATFORM_OP_FLAGS },
    { 0, 2, XEN_PLATFORM_OP_UNPLUG },
    { 0, 4, XEN_PLATFORM_OP_BUILD },
    { 2, 1, XEN_PLATFORM_OP_LOG },
    { 2, 2, XEN_PLATFORM_OP_PRODUCT },
};

XenPlatformAccess xen_platform_decode_port(unsigned offset, unsigned size,
                                           uint32_t value)
{
    for (size_t i = 0; i < ARRAY_SIZE(port_writes); i++) {
        if (port_writes[i].offset == offset && port_writes[i].size == size) {
            return (XenPlatformAccess) { port_writes[i].op, value };
        }
    }
    return (XenPlatformAccess) { XEN_PLATFORM_OP_NONE, value };
}

XenPlatformAccess xen_platform_decode_bar(unsigned offset, uint8_t value)
{
    XenPlatformAccess access = { XEN_PLATFORM_OP_NONE, value };

    switch (offset) {
    case 0:
        access.op = XEN_PLATFORM_OP_FLAGS;
        break;
    case 4:
        if (value == 1) {
            access.op = XEN_PLATFORM_OP_UNPLUG;
            access.value = XEN_PLATFORM_UNPLUG_DISKS | XEN_PLATFORM_UNPLUG_NICS;
        }
        break;
    case 8:
        if (value == 1 || value == 2) {
            access.op = XEN_PLATFORM_OP_UNPLUG;
            access.value = value == 1 ? XEN_PLATFORM_UNPLUG_DISKS :
                                        XEN_PLATFORM_UNPLUG_NICS;
        } else {
            access.op = XEN_PLATFORM_OP_LOG;
        }
        break;
    }
    return access;
}

uint32_t xen_platform_read_port(const XenPlatformProtocol *p, uint8_t flags,
                                unsigned offset, unsigned size)
{
    if (offset == 0 && size == 1) {
        return flags;
    }
    if (offset == 0 && size == 2) {
        return p->blacklisted ? XEN_PLATFORM_MAGIC_REFUSED :
                                XEN_PLATFORM_MAGIC;
    }
    if (offset == 2 && size == 1) {
        return XEN_PLATFORM_VERSION;
    }
    return UINT32_MAX >> (32 - 8 * size);
}

bool xen_platform_build_written(XenPlatformProtocol *p, uint32_t build,
                                bool listed)
{
    p->build = build;
    p->build_written = true;
    /* Latched: a running PV guest must not be refused from here on */
    p->blacklisted = listed && (p->blacklisted || !p->latched);
    return p->blacklisted == listed;
}

uint32_t xen_platform_unplug_written(XenPlatformProtocol *p, uint32_t mask,
                                     bool enforce, bool nvme_with_disks)
{
    mask &= XEN_PLATFORM_UNPLUG_ALL;

    if (nvme_with_disks && (mask & XEN_PLATFORM_UNPLUG_DISKS)) {
        mask |= XEN_PLATFORM_UNPLUG_NVME;
    }
    if (enforce && p->blacklisted && !p->latched) {
        p->refused |= mask;
        return 0;
    }
    if (mask) {
        p->unplugged |= mask;
        p->latched = true;
    }
    return mask;
}
