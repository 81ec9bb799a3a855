/*
 * xen-platform: ports, widths, verdict and latch
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/xen/xen-platform-protocol.h"

static void test_writes(void)
{
    static const struct {
        unsigned offset;
        unsigned size;
        XenPlatformOp op;
    } protocol[] = {
        { 0, 1, XEN_PLATFORM_OP_FLAGS },
        { 0, 2, XEN_PLATFORM_OP_UNPLUG },
        { 0, 4, XEN_PLATFORM_OP_BUILD },
        { 2, 1, XEN_PLATFORM_OP_LOG },
        { 2, 2, XEN_PLATFORM_OP_PRODUCT },
    };

    for (unsigned offset = 0; offset < XEN_PLATFORM_IOPORT_SIZE; offset++) {
        for (unsigned size = 1; size <= 4; size++) {
            XenPlatformAccess a = xen_platform_decode_port(offset, size, 0x5a);
            XenPlatformOp want = XEN_PLATFORM_OP_NONE;

            for (size_t i = 0; i < ARRAY_SIZE(protocol); i++) {
                if (protocol[i].offset == offset && protocol[i].size == size) {
                    want = protocol[i].op;
                }
            }
            g_assert_cmpint(a.op, ==, want);
            g_assert_cmphex(a.value, ==, 0x5a);
        }
    }
}

static void test_reads(void)
{
    XenPlatformProtocol p = { };

    for (unsigned offset = 0; offset < XEN_PLATFORM_IOPORT_SIZE; offset++) {
        for (unsigned size = 1; size <= 4; size++) {
            uint32_t got = xen_platform_read_port(&p, 1, offset, size);

            if (offset == 0 && size == 1) {
                g_assert_cmphex(got, ==, 1);
            } else if (offset == 0 && size == 2) {
                g_assert_cmphex(got, ==, 0x49d2);
            } else if (offset == 2 && size == 1) {
                g_assert_cmphex(got, ==, 1);
            } else {
                g_assert_cmphex(got, ==, 0xffffffffu >> (32 - 8 * size));
            }
        }
    }
    p.blacklisted = true;
    g_assert_cmphex(xen_platform_read_port(&p, 0, 0, 2), ==, 0xd249);
}

static void test_bar(void)
{
    XenPlatformAccess a;

    for (unsigned offset = 0; offset < 0x100; offset++) {
        for (unsigned value = 0; value < 0x100; value++) {
            XenPlatformOp want = XEN_PLATFORM_OP_NONE;
            uint32_t want_value = value;

            if (offset == 0) {
                want = XEN_PLATFORM_OP_FLAGS;
            } else if (offset == 4 && value == 1) {
                want = XEN_PLATFORM_OP_UNPLUG;
                want_value = 3;
            } else if (offset == 8 && (value == 1 || value == 2)) {
                want = XEN_PLATFORM_OP_UNPLUG;
                want_value = value;
            } else if (offset == 8) {
                want = XEN_PLATFORM_OP_LOG;
            }
            a = xen_platform_decode_bar(offset, value);
            g_assert_cmpint(a.op, ==, want);
            g_assert_cmphex(a.value, ==, want_value);
        }
    }
}

static void test_products(void)
{
    g_assert_cmpstr(xen_platform_product_name(1), ==, "xensource-windows");
    g_assert_cmpstr(xen_platform_product_name(2), ==, "gplpv-windows");
    g_assert_cmpstr(xen_platform_product_name(3), ==, "linux");
    g_assert_cmpstr(xen_platform_product_name(4), ==,
                    "xenserver-windows-v7.0+");
    g_assert_cmpstr(xen_platform_product_name(5), ==,
                    "xenserver-windows-v7.2+");
    g_assert_cmpstr(xen_platform_product_name(0xffff), ==, "experimental");
    g_assert_null(xen_platform_product_name(0));
    g_assert_null(xen_platform_product_name(6));
    g_assert_null(xen_platform_product_name(205));

    g_assert_cmpstr(xen_platform_known_product(5), ==, "experimental");
    g_assert_null(xen_platform_known_product(6));
}

static void test_verdict(void)
{
    XenPlatformProtocol p = { .product = 3 };

    g_assert_true(xen_platform_build_written(&p, 7, false));
    g_assert_false(p.blacklisted);
    g_assert_cmpuint(p.build, ==, 7);
    g_assert_true(p.build_written);

    /* The newest build counts, both ways */
    g_assert_true(xen_platform_build_written(&p, 8, true));
    g_assert_true(p.blacklisted);
    g_assert_true(xen_platform_build_written(&p, 9, false));
    g_assert_false(p.blacklisted);
}

static void test_latch(void)
{
    XenPlatformProtocol p = { .product = 3 };

    /* A mask of 0 is no unplug */
    g_assert_cmphex(xen_platform_unplug_written(&p, 0, true, false), ==, 0);
    g_assert_false(p.latched);

    g_assert_cmphex(xen_platform_unplug_written(&p, 1, true, false), ==, 1);
    g_assert_true(p.latched);

    /* What resumes must not be refused */
    g_assert_false(xen_platform_build_written(&p, 8, true));
    g_assert_false(p.blacklisted);
    g_assert_cmphex(xen_platform_unplug_written(&p, 1, true, false), ==, 1);
}

static void test_report(void)
{
    XenPlatformProtocol p = { .product = 0xffff };

    xen_platform_build_written(&p, 8, true);
    /* win-xenbus goes on after the verdict, and does the same at resume */
    g_assert_cmphex(xen_platform_unplug_written(&p, 9, false, false), ==, 9);
    g_assert_cmphex(p.unplugged, ==, 9);
    g_assert_true(xen_platform_build_written(&p, 8, true));
    g_assert_true(p.blacklisted);
    /* Moved to a host that enforces, it still runs on its PV disk */
    g_assert_cmphex(xen_platform_unplug_written(&p, 9, true, false), ==, 9);
}

static void test_enforce(void)
{
    XenPlatformProtocol p = { .product = 0xffff };

    xen_platform_build_written(&p, 8, true);
    g_assert_cmphex(xen_platform_unplug_written(&p, 9, true, false), ==, 0);
    g_assert_cmphex(xen_platform_unplug_written(&p, 2, true, false), ==, 0);
    g_assert_cmphex(p.refused, ==, 0xb);
    g_assert_cmphex(p.unplugged, ==, 0);
    g_assert_false(p.latched);

    /* A driver update later in the same boot is admitted */
    xen_platform_build_written(&p, 10, false);
    g_assert_cmphex(xen_platform_unplug_written(&p, 9, true, false), ==, 9);
}

static void test_mask_bits(void)
{
    XenPlatformProtocol p = { };

    g_assert_cmphex(xen_platform_unplug_written(&p, 0xfff0, false, false),
                    ==, 0);
    g_assert_false(p.latched);
    g_assert_cmphex(xen_platform_unplug_written(&p, 0x30002, false, false),
                    ==, 2);
    g_assert_cmphex(xen_platform_unplug_written(&p, 0xffff, false, false),
                    ==, 0xf);
    g_assert_cmphex(p.unplugged, ==, 0xf);
}

static void test_nvme_with_disks(void)
{
    XenPlatformProtocol p = { };

    g_assert_cmphex(xen_platform_unplug_written(&p, 1, false, true), ==, 9);
    g_assert_cmphex(xen_platform_unplug_written(&p, 2, false, true), ==, 2);
    g_assert_cmphex(xen_platform_unplug_written(&p, 4, false, true), ==, 4);
    g_assert_cmphex(xen_platform_unplug_written(&p, 8, false, true), ==, 8);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/protocol/writes", test_writes);
    g_test_add_func("/protocol/reads", test_reads);
    g_test_add_func("/protocol/bar", test_bar);
    g_test_add_func("/protocol/products", test_products);
    g_test_add_func("/protocol/verdict", test_verdict);
    g_test_add_func("/protocol/latch", test_latch);
    g_test_add_func("/protocol/report", test_report);
    g_test_add_func("/protocol/enforce", test_enforce);
    g_test_add_func("/protocol/mask-bits", test_mask_bits);
    g_test_add_func("/protocol/nvme-with-disks", test_nvme_with_disks);
    return g_test_run();
}
