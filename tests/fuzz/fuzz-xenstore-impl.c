/*
 * The emulated xenstore without a machine, and what must be true of it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

/* With these, the store counts its nodes */
#define XS_NODE_UNIT_TEST
static int nr_xs_nodes;
static GList *xs_node_list;

#include "hw/i386/kvm/xenstore_impl.c"
#include "fuzz-xenstore.h"

#define GUEST 1

uint32_t xen_domid = GUEST;
enum xen_mode xen_mode = XEN_EMULATE;

XenstoreImplState *fuzz_store_new(void)
{
    XenstoreImplState *impl = xs_impl_create(GUEST);
    g_autoptr(GByteArray) data = g_byte_array_new();

    g_byte_array_append(data, (void *)"guest", 5);
    g_assert_cmpint(xs_impl_write(impl, 0, XBT_NULL, "/local/domain/1/name",
                                  data), ==, 0);
    return impl;
}

static unsigned count_nodes(XsNode *n)
{
    unsigned count = !n->deleted_in_tx;
    GHashTableIter iter;
    gpointer child;

    if (n->children) {
        g_hash_table_iter_init(&iter, n->children);
        while (g_hash_table_iter_next(&iter, NULL, &child)) {
            count += count_nodes(child);
        }
    }
    return count;
}

static unsigned guest_transactions(XenstoreImplState *impl)
{
    unsigned count = 0;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, impl->transactions);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        count += !!((XsTransaction *)value)->dom_id;
    }
    return count;
}

static unsigned guest_watches(XenstoreImplState *impl)
{
    unsigned count = 0;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, impl->watches);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        for (XsWatch *w = value; w; w = w->next) {
            count += !!w->dom_id;
        }
    }
    return count;
}

void fuzz_store_check(XenstoreImplState *impl)
{
    GHashTableIter iter;
    gpointer value;

    g_assert_cmpuint(impl->nr_nodes, ==, count_nodes(impl->root));
    g_hash_table_iter_init(&iter, impl->transactions);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        XsTransaction *t = value;

        g_assert_cmpuint(t->nr_nodes, ==, count_nodes(t->root));
    }
    g_assert_cmpuint(impl->nr_domu_transactions, ==, guest_transactions(impl));
    g_assert_cmpuint(impl->nr_domu_watches, ==, guest_watches(impl));
}

static void store_free(XenstoreImplState *impl)
{
    xs_impl_reset_watches(impl, GUEST);
    g_assert_cmpuint(g_hash_table_size(impl->watches), ==, 0);
    g_assert_cmpuint(g_hash_table_size(impl->transactions), ==, 0);
    g_assert_cmpuint(impl->nr_domu_transactions, ==, 0);
    g_assert_cmpuint(impl->nr_domu_watches, ==, 0);
    g_hash_table_unref(impl->watches);
    g_hash_table_unref(impl->transactions);
    xs_node_unref(impl->root);
    g_free(impl);
}

static void no_event(void *opaque, const char *path, const char *token)
{
}

void fuzz_store_check_stream(XenstoreImplState *impl)
{
    g_autoptr(GByteArray) stream = xs_impl_serialize(impl);
    XenstoreImplState *copy = xs_impl_create(GUEST);
    g_autoptr(GByteArray) again = NULL;

    g_assert_cmpint(xs_impl_deserialize(copy, stream, GUEST, no_event, NULL),
                    ==, 0);
    g_assert_cmpuint(copy->nr_nodes, ==, impl->nr_nodes);
    g_assert_cmpuint(copy->nr_domu_nodes, ==, impl->nr_domu_nodes);
    /* What the guest has; nobody else is there on the other side */
    g_assert_cmpuint(guest_transactions(copy), ==, guest_transactions(impl));
    g_assert_cmpuint(guest_watches(copy), ==, guest_watches(impl));
    fuzz_store_check(copy);
    /* The order of nodes is that of a hash table */
    again = xs_impl_serialize(copy);
    g_assert_cmpuint(again->len, ==, stream->len);
    store_free(copy);
}

void fuzz_store_free(XenstoreImplState *impl)
{
    fuzz_store_check(impl);
    store_free(impl);
    g_assert_cmpint(nr_xs_nodes, ==, 0);
    g_assert_null(xs_node_list);
}
