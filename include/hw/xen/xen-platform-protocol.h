/*
 * xen-platform: the unplug, blacklist and log protocol as a state machine
 *
 * Pure logic: it takes port accesses and returns what they ask for, and keeps
 * what the guest announced.  Ports, widths and values are those of Xen's
 * docs/misc/hvm-emulated-unplug.pandoc.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_PLATFORM_PROTOCOL_H
#define HW_XEN_PLATFORM_PROTOCOL_H

#define XEN_PLATFORM_IOPORT          0x10
#define XEN_PLATFORM_IOPORT_SIZE     16

#define XEN_PLATFORM_MAGIC           0x49d2
#define XEN_PLATFORM_MAGIC_REFUSED   0xd249
#define XEN_PLATFORM_VERSION         1

#define XEN_PLATFORM_FLAG_ROM_LOCK   (1u << 0)

/* Unplug mask bits */
#define XEN_PLATFORM_UNPLUG_DISKS     (1u << 0) /* IDE, SATA and SCSI */
#define XEN_PLATFORM_UNPLUG_NICS      (1u << 1)
#define XEN_PLATFORM_UNPLUG_AUX_DISKS (1u << 2) /* IDE but the primary master */
#define XEN_PLATFORM_UNPLUG_NVME      (1u << 3)
#define XEN_PLATFORM_UNPLUG_ALL       0xfu

/* What one access asks of the device */
typedef enum XenPlatformOp {
    XEN_PLATFORM_OP_NONE,       /* not part of the protocol */
    XEN_PLATFORM_OP_FLAGS,      /* platform flags, one byte */
    XEN_PLATFORM_OP_LOG,        /* one byte of the driver's log */
    XEN_PLATFORM_OP_PRODUCT,    /* product number, 16 bits */
    XEN_PLATFORM_OP_BUILD,      /* build number, 32 bits */
    XEN_PLATFORM_OP_UNPLUG,     /* unplug mask, 16 bits */
} XenPlatformOp;

typedef struct XenPlatformAccess {
    XenPlatformOp op;
    uint32_t value;
} XenPlatformAccess;

/* What the guest did since the machine was last reset */
typedef struct XenPlatformProtocol {
    uint16_t product;   /* 0: none announced yet */
    uint32_t build;
    bool build_written;
    bool blacklisted;   /* verdict on the newest build number */
    bool latched;       /* an unplug was honoured: never blacklist again */
    uint32_t unplugged; /* mask bits honoured */
    uint32_t refused;   /* mask bits refused */
} XenPlatformProtocol;

/* Inline, as are reads: a call more can be measured in a guest's port access */

/*
 * xen_platform_decode_port: a write of @size bytes to fixed port 0x10 + @offset
 *
 * Returns what the write asks for; XEN_PLATFORM_OP_NONE for every offset and
 * width that the protocol does not name.
 */
static inline XenPlatformAccess
xen_platform_decode_port(unsigned offset, unsigned size, uint32_t value)
{
    /* The whole of the port protocol, by offset and width */
    static const uint8_t ops[][5] = {
        [0] = {
            [1] = XEN_PLATFORM_OP_FLAGS,
            [2] = XEN_PLATFORM_OP_UNPLUG,
            [4] = XEN_PLATFORM_OP_BUILD,
        },
        [2] = {
            [1] = XEN_PLATFORM_OP_LOG,
            [2] = XEN_PLATFORM_OP_PRODUCT,
        },
    };
    XenPlatformAccess access = { XEN_PLATFORM_OP_NONE, value };

    if (offset < ARRAY_SIZE(ops) && size < ARRAY_SIZE(ops[0])) {
        access.op = ops[offset][size];
    }
    return access;
}

/*
 * xen_platform_decode_bar: a byte written to @offset of I/O BAR 0
 *
 * The protocol of SUSE's xenlinux and VMDP.  Its unplug requests are returned
 * as masks of the port protocol.
 */
XenPlatformAccess xen_platform_decode_bar(unsigned offset, uint8_t value);

/*
 * xen_platform_read_port: a read of @size bytes from fixed port 0x10 + @offset
 *
 * @flags: platform flags now in force
 *
 * Returns the value read, all ones where the protocol has nothing.
 */
static inline
uint32_t xen_platform_read_port(const XenPlatformProtocol *p, uint8_t flags,
                                unsigned offset, unsigned size)
{
    if (offset == 0 && size == 2) {
        return p->blacklisted ? XEN_PLATFORM_MAGIC_REFUSED :
                                XEN_PLATFORM_MAGIC;
    }
    if (offset == 0 && size == 1) {
        return flags;
    }
    if (offset == 2 && size == 1) {
        return XEN_PLATFORM_VERSION;
    }
    return UINT32_MAX >> (32 - 8 * size);
}

/*
 * xen_platform_build_written: take a build number and settle the verdict
 *
 * @listed: the announced product's @build is on the host's blacklist
 *
 * Returns false only if the latch kept a listed build from being blacklisted,
 * which the host wants to hear once.
 */
bool xen_platform_build_written(XenPlatformProtocol *p, uint32_t build,
                                bool listed);

/*
 * xen_platform_unplug_written: take an unplug mask
 *
 * @enforce: a blacklisted build's unplug is refused
 * @nvme_with_disks: unplugging disks includes NVMe (XCP-ng)
 *
 * Returns the mask to carry out, known bits only; 0 if there is nothing to do
 * or the request is refused.
 */
uint32_t xen_platform_unplug_written(XenPlatformProtocol *p, uint32_t mask,
                                     bool enforce, bool nvme_with_disks);

/*
 * xen_platform_product_name: the registered name of a product number
 *
 * Returns NULL for a number that docs/misc/hvm-emulated-unplug.pandoc does not
 * register.
 */
const char *xen_platform_product_name(uint16_t product);

/*
 * xen_platform_known_product: walk the registry
 *
 * Returns the name of registry entry @index, NULL past the last one.
 */
const char *xen_platform_known_product(unsigned index);

#endif
