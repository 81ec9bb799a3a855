/*
 * Fuzz the protocol's state machine against a model of it
 *
 * An input is a blacklist of one build, the two settings and what a guest
 * does: writes to the ports and to the BAR, reads, resets.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "fuzz-input.h"
#include "hw/xen/xen-platform-protocol.h"

enum { WRITE_PORT, WRITE_BAR, READ_PORT, RESET, OPS };

typedef struct Model {
    XenPlatformProtocol p;      /* under test */
    bool enforce;
    bool nvme_with_disks;
    uint16_t bad_product;
    uint32_t bad_build;

    /* What a guest and its host can know */
    uint16_t product;
    bool refusing;              /* the magic says blacklisted */
    uint32_t honoured;          /* in this boot */
    uint32_t refused;
} Model;

static void write_build(Model *m, uint32_t build)
{
    bool listed = m->bad_product && m->product == m->bad_product &&
                  build == m->bad_build;
    bool spared = listed && !m->refusing && m->honoured;

    g_assert_true(xen_platform_build_written(&m->p, build, listed) == !spared);
    m->refusing = listed && !spared;
    g_assert_true(m->p.build_written);
    g_assert_cmpuint(m->p.build, ==, build);
}

static void write_mask(Model *m, uint32_t mask)
{
    uint32_t want = mask & 0xf;
    uint32_t got;

    if (m->nvme_with_disks && (mask & 1)) {
        want |= 8;
    }
    got = xen_platform_unplug_written(&m->p, mask, m->enforce,
                                      m->nvme_with_disks);
    if (m->enforce && m->refusing && !m->honoured) {
        m->refused |= want;
        want = 0;
    }
    m->honoured |= want;
    g_assert_cmphex(got, ==, want);
}

static void write_access(Model *m, XenPlatformAccess access)
{
    switch (access.op) {
    case XEN_PLATFORM_OP_PRODUCT:
        m->p.product = m->product = access.value;
        break;
    case XEN_PLATFORM_OP_BUILD:
        write_build(m, access.value);
        break;
    case XEN_PLATFORM_OP_UNPLUG:
        write_mask(m, access.value);
        break;
    default:
        break;
    }
}

static void write_port(Model *m, FuzzInput *in)
{
    uint8_t where = fuzz_u8(in);
    unsigned offset = where & 15, size = 1 << (where >> 4) % 3;
    uint32_t value = fuzz_uint(in, size);
    XenPlatformAccess access = xen_platform_decode_port(offset, size, value);
    XenPlatformOp want = XEN_PLATFORM_OP_NONE;

    if (offset == 0) {
        want = size == 1 ? XEN_PLATFORM_OP_FLAGS :
               size == 2 ? XEN_PLATFORM_OP_UNPLUG : XEN_PLATFORM_OP_BUILD;
    } else if (offset == 2 && size < 4) {
        want = size == 1 ? XEN_PLATFORM_OP_LOG : XEN_PLATFORM_OP_PRODUCT;
    }
    g_assert_cmpint(access.op, ==, want);
    g_assert_cmphex(access.value, ==, value);
    write_access(m, access);
}

static void write_bar(Model *m, FuzzInput *in)
{
    unsigned offset = fuzz_u8(in);
    uint8_t value = fuzz_u8(in);
    XenPlatformAccess access = xen_platform_decode_bar(offset, value);

    g_assert_true(offset == 0 || offset == 4 || offset == 8 ||
                  access.op == XEN_PLATFORM_OP_NONE);
    if (access.op == XEN_PLATFORM_OP_UNPLUG) {
        /* The older protocol knows disks, NICs and both, nothing else */
        g_assert_true(access.value >= 1 && access.value <= 3);
        g_assert_true(offset == 4 ? access.value == 3 : access.value == value);
    } else if (offset == 8) {
        g_assert_cmpint(access.op, ==, XEN_PLATFORM_OP_LOG);
        g_assert_cmphex(access.value, ==, value);
    }
    write_access(m, access);
}

static void read_port(Model *m, FuzzInput *in)
{
    uint8_t where = fuzz_u8(in);
    unsigned offset = where & 15, size = 1 << (where >> 4) % 3;
    uint8_t flags = where >> 7;
    uint32_t got = xen_platform_read_port(&m->p, flags, offset, size);
    uint32_t want = size == 4 ? 0xffffffff : size == 2 ? 0xffff : 0xff;

    if (offset == 0 && size == 1) {
        want = flags;
    } else if (offset == 0 && size == 2) {
        want = m->refusing ? 0xd249 : 0x49d2;
    } else if (offset == 2 && size == 1) {
        want = 1;
    }
    g_assert_cmphex(got, ==, want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = { data, size };
    uint8_t settings = fuzz_u8(&in);
    Model m = {
        .enforce = settings & 1,
        .nvme_with_disks = settings & 2,
        .bad_product = fuzz_u16(&in),
        .bad_build = fuzz_u32(&in),
    };

    while (fuzz_more(&in)) {
        uint32_t was_honoured = m.p.unplugged;
        bool was_refusing = m.refusing;

        switch (fuzz_u8(&in) % OPS) {
        case WRITE_PORT:
            write_port(&m, &in);
            break;
        case WRITE_BAR:
            write_bar(&m, &in);
            break;
        case READ_PORT:
            read_port(&m, &in);
            break;
        case RESET:
            m.p = (XenPlatformProtocol) { };
            m.product = m.honoured = m.refused = was_honoured = 0;
            m.refusing = false;
            break;
        }
        /* A guest that runs on PV devices is never refused them */
        g_assert_false(was_honoured && !was_refusing && m.p.blacklisted);
        g_assert_true(m.p.blacklisted == m.refusing);
        g_assert_true(m.p.latched == !!m.honoured);
        g_assert_cmphex(m.p.unplugged, ==, m.honoured);
        g_assert_cmphex(m.p.refused, ==, m.refused);
        g_assert_cmphex(m.p.product, ==, m.product);
        g_assert_cmphex(was_honoured & ~m.p.unplugged, ==, 0);
    }
    return 0;
}
