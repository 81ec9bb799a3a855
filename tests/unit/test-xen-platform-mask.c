/*
 * xen-platform: the unplug mask, as the table in the specification
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/xen/xen-platform-mask.h"

/* What is left of a machine that has everything, as letters */
static const struct {
    uint32_t mask;
    const char *left;
} table[] = {
    /* M primary master, I other IDE or SATA disk, S SCSI disk, C CD, */
    /* N NIC, E NVMe, O anything else */
    { 0x0, "MISCNEO" },
    { 0x1, "CNEO" },
    { 0x2, "MISCEO" },
    { 0x3, "CEO" },
    { 0x4, "MSCNEO" },
    { 0x5, "CNEO" },
    { 0x6, "MSCEO" },
    { 0x7, "CEO" },
    { 0x8, "MISCNO" },
    { 0x9, "CNO" },
    { 0xa, "MISCO" },
    { 0xb, "CO" },
    { 0xc, "MSCNO" },
    { 0xd, "CNO" },
    { 0xe, "MSCO" },
    { 0xf, "CO" },
};

static const struct {
    char letter;
    XenPlatformKind kind;
    bool primary_master;
} devices[] = {
    { 'M', XEN_PLATFORM_KIND_IDE_DISK, true },
    { 'I', XEN_PLATFORM_KIND_IDE_DISK, false },
    { 'S', XEN_PLATFORM_KIND_SCSI_DISK, false },
    { 'C', XEN_PLATFORM_KIND_CD, false },
    { 'N', XEN_PLATFORM_KIND_NIC, false },
    { 'E', XEN_PLATFORM_KIND_NVME, false },
    { 'O', XEN_PLATFORM_KIND_OTHER, false },
};

static void test_mask(gconstpointer data)
{
    uint32_t mask = GPOINTER_TO_UINT(data);
    char left[ARRAY_SIZE(devices) + 1] = "";
    unsigned n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        if (!xen_platform_mask_takes(mask, devices[i].kind,
                                     devices[i].primary_master)) {
            left[n++] = devices[i].letter;
        }
    }
    g_assert_cmpstr(left, ==, table[mask].left);
}

static void test_passthrough(void)
{
    g_assert_true(xen_platform_type_stays("xen-pci-passthrough"));
    g_assert_true(xen_platform_type_stays("vfio-pci"));
    g_assert_true(xen_platform_type_stays("vfio-pci-nohotplug"));
    g_assert_true(xen_platform_type_stays("vfio-pci-igd-lpc-bridge"));
    g_assert_false(xen_platform_type_stays("e1000"));
    g_assert_false(xen_platform_type_stays("nvme"));
    g_assert_false(xen_platform_type_stays("virtio-net-pci"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        g_autofree char *path = g_strdup_printf("/mask/0x%x", table[i].mask);

        g_assert_cmpuint(table[i].mask, ==, i);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_mask);
    }
    g_test_add_func("/mask/passthrough", test_passthrough);
    return g_test_run();
}
