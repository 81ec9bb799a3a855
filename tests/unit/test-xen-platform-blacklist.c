/*
 * xen-platform: the blacklist's key and look-up
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/xen/xen-platform-blacklist.h"

static void test_key(void)
{
    static const struct {
        uint16_t product;
        uint32_t build;
        const char *key;
    } keys[] = {
        { 0xffff, 0x00090100, "experimental/590080" },
        { 0xffff, 0,          "experimental/0" },
        { 3,      1,          "linux/1" },
        /* Older hosts printed these as negative numbers */
        { 1,      0x80000000, "xensource-windows/2147483648" },
        { 5,      0xffffffff, "xenserver-windows-v7.2+/4294967295" },
        { 205,    20505,      NULL },
        { 0,      0,          NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        g_autofree char *key = xen_platform_blacklist_key(keys[i].product,
                                                          keys[i].build);

        g_assert_cmpstr(key, ==, keys[i].key);
    }
}

static void test_lookup(void)
{
    XenPlatformBlacklist *list = xen_platform_blacklist_new();

    g_assert_null(xen_platform_blacklist_reason(list, 3, 1));

    xen_platform_blacklist_add(list, "linux", "1", "crashes");
    xen_platform_blacklist_add(list, "experimental", "590080", "");
    xen_platform_blacklist_add(list, "xensource-windows", "4294967295", "x");
    g_assert_cmpuint(xen_platform_blacklist_size(list), ==, 3);

    g_assert_cmpstr(xen_platform_blacklist_reason(list, 3, 1), ==, "crashes");
    /* The value of the node does not matter, not even that it is empty */
    g_assert_cmpstr(xen_platform_blacklist_reason(list, 0xffff, 590080), ==,
                    "");
    g_assert_cmpstr(xen_platform_blacklist_reason(list, 1, UINT32_MAX), ==,
                    "x");

    g_assert_null(xen_platform_blacklist_reason(list, 3, 2));
    g_assert_null(xen_platform_blacklist_reason(list, 2, 1));
    g_assert_null(xen_platform_blacklist_reason(list, 205, 1));

    xen_platform_blacklist_add(list, "linux", "1", "worse");
    g_assert_cmpuint(xen_platform_blacklist_size(list), ==, 3);
    g_assert_cmpstr(xen_platform_blacklist_reason(list, 3, 1), ==, "worse");
    xen_platform_blacklist_free(list);
}

/* Another spelling of a number is another node */
static void test_spelling(void)
{
    static const char *const spellings[] = {
        "01", "+1", " 1", "1 ", "0x1", "1.0", "-4294967295", "4294967297", "",
    };
    XenPlatformBlacklist *list = xen_platform_blacklist_new();

    for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
        xen_platform_blacklist_add(list, "linux", spellings[i], "");
    }
    g_assert_null(xen_platform_blacklist_reason(list, 3, 1));
    xen_platform_blacklist_free(list);
}

static void test_bound(void)
{
    XenPlatformBlacklist *list = xen_platform_blacklist_new();

    for (unsigned i = 0; i < XEN_PLATFORM_BLACKLIST_MAX; i++) {
        g_autofree char *build = g_strdup_printf("%u", i);

        g_assert_true(xen_platform_blacklist_add(list, "linux", build, ""));
    }
    g_assert_false(xen_platform_blacklist_add(list, "linux", "999999", ""));
    g_assert_cmpuint(xen_platform_blacklist_size(list), ==,
                     XEN_PLATFORM_BLACKLIST_MAX);
    g_assert_nonnull(xen_platform_blacklist_reason(list, 3, 0));
    g_assert_null(xen_platform_blacklist_reason(list, 3, 999999));
    xen_platform_blacklist_free(list);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/blacklist/key", test_key);
    g_test_add_func("/blacklist/lookup", test_lookup);
    g_test_add_func("/blacklist/spelling", test_spelling);
    g_test_add_func("/blacklist/bound", test_bound);
    return g_test_run();
}
