/*
 * Fuzz the blacklist: which nodes match which builds
 *
 * An input is nodes that a host may have in xenstore, and builds that a guest
 * announces.  A build matches the node that spells it canonically, and no
 * other.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "fuzz-input.h"
#include "hw/xen/xen-platform-blacklist.h"
#include "hw/xen/xen-platform-protocol.h"

enum { ADD, ADD_BUILD, ASK, OPS };

typedef struct Lists {
    XenPlatformBlacklist *list; /* under test */
    GPtrArray *nodes;           /* the model: node and reason in turn */
} Lists;

static const char *model_find(Lists *l, const char *node)
{
    for (unsigned i = 0; i < l->nodes->len; i += 2) {
        if (g_str_equal(g_ptr_array_index(l->nodes, i), node)) {
            return g_ptr_array_index(l->nodes, i + 1);
        }
    }
    return NULL;
}

static void add(Lists *l, const char *product, const char *build,
                const char *reason)
{
    unsigned size = xen_platform_blacklist_size(l->list);
    char *node = g_strconcat(product, "/", build, NULL);

    g_assert_true(xen_platform_blacklist_add(l->list, product, build, reason));
    g_assert_cmpuint(xen_platform_blacklist_size(l->list), ==,
                     size + !model_find(l, node));
    /* The newest counts, and is found first */
    g_ptr_array_insert(l->nodes, 0, g_strdup(reason));
    g_ptr_array_insert(l->nodes, 0, node);
}

static void ask(Lists *l, uint16_t product, uint32_t build)
{
    g_autofree char *key = xen_platform_blacklist_key(product, build);
    const char *reason = xen_platform_blacklist_reason(l->list, product, build);
    const char *name = xen_platform_product_name(product);
    char *end = NULL;

    g_assert_true(!key == !name);
    if (!name) {
        g_assert_null(reason);
        return;
    }
    g_assert_cmpstr(reason, ==, model_find(l, key));

    /* "<product name>/<build>", unsigned, as no other number is written */
    g_assert_true(g_str_has_prefix(key, name));
    g_assert_cmpint(key[strlen(name)], ==, '/');
    end = key + strlen(name) + 1;
    g_assert_true(g_ascii_isdigit(*end) && (*end != '0' || !end[1]));
    g_assert_cmpuint(g_ascii_strtoull(end, &end, 10), ==, build);
    g_assert_cmpstr(end, ==, "");
}

static void add_strings(Lists *l, FuzzInput *in)
{
    const char *known = xen_platform_known_product(fuzz_u8(in) % 7);
    g_autofree char *product = known ? g_strdup(known) : fuzz_string(in, 32);
    g_autofree char *build = fuzz_string(in, 12);
    g_autofree char *reason = fuzz_string(in, 8);

    add(l, product, build, reason);
}

static void add_build(Lists *l, FuzzInput *in)
{
    const char *known = xen_platform_known_product(fuzz_u8(in) % 7);
    char build[16];

    snprintf(build, sizeof(build), "%" PRIu32, fuzz_u32(in));
    add(l, known ?: "", build, "reason");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = { data, size };
    Lists l = {
        .list = xen_platform_blacklist_new(),
        .nodes = g_ptr_array_new_with_free_func(g_free),
    };

    while (fuzz_more(&in)) {
        switch (fuzz_u8(&in) % OPS) {
        case ADD:
            add_strings(&l, &in);
            break;
        case ADD_BUILD:
            add_build(&l, &in);
            break;
        case ASK:
            ask(&l, fuzz_u16(&in), fuzz_u32(&in));
            break;
        }
    }
    xen_platform_blacklist_free(l.list);
    g_ptr_array_unref(l.nodes);
    return 0;
}
