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
