/*
 * Fuzz the unplug mask's rules: any mask, any kind, any type name
 *
 * Rules of their own shape, not the table of mask.c: which masks spare a kind,
 * and that masks add up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "fuzz-input.h"
#include "hw/xen/xen-platform-mask.h"
#include "hw/xen/xen-platform-protocol.h"

/* Does Xen's specification give the device to the guest's PV drivers? */
static bool spec_takes(uint32_t mask, XenPlatformKind kind, bool master)
{
    switch (kind) {
    case XEN_PLATFORM_KIND_IDE_DISK:
        return (mask & 1) || ((mask & 4) && !master);
    case XEN_PLATFORM_KIND_SCSI_DISK:
        return mask & 1;
    case XEN_PLATFORM_KIND_NIC:
        return mask & 2;
    case XEN_PLATFORM_KIND_NVME:
        return mask & 8;
    default:
        return false;
    }
}

static void check_mask(uint32_t mask, uint32_t more)
{
    for (unsigned kind = 0; kind < XEN_PLATFORM_KIND__MAX; kind++) {
        for (unsigned master = 0; master < 2; master++) {
            bool takes = xen_platform_mask_takes(mask, kind, master);
            bool more_takes = xen_platform_mask_takes(more, kind, master);

            g_assert_true(takes == spec_takes(mask, kind, master));
            g_assert_true(xen_platform_mask_takes(mask | more, kind, master) ==
                          (takes || more_takes));
            g_assert_true(xen_platform_mask_takes(
                mask & XEN_PLATFORM_UNPLUG_ALL, kind, master) == takes);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = { data, size };

    while (fuzz_more(&in)) {
        uint32_t mask = fuzz_u32(&in);
        g_autofree char *type = NULL;

        check_mask(mask, fuzz_u32(&in));
        type = fuzz_string(&in, 40);
        g_assert_true(xen_platform_type_stays(type) ==
                      (g_str_has_prefix(type, "vfio-pci") ||
                       g_str_equal(type, "xen-pci-passthrough")));
    }
    return 0;
}
