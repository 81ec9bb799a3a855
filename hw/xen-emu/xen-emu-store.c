/*
 * The guest's part of xenstore across a reset of the machine
 *
 * On Xen it goes with the domain.  Here, what the guest owns is made what it
 * was when the machine was started; what only the host may write stays.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/i386/kvm/xen_xenstore.h"
#include "hw/xen/xen.h"
#include "hw/xen/xen-emu.h"
#include "hw/xen/xen_backend_ops.h"
#include "hw/i386/kvm/xenstore_impl.h"
#include "xen-emu-internal.h"

#define DOM0 0

typedef struct Node {
    GByteArray *content;
    GList *perms;
} Node;

/* Path -> Node, of what the guest owned at first */
static GHashTable *initial;

static void free_node(gpointer data)
{
    Node *node = data;

    g_byte_array_unref(node->content);
    g_list_free_full(node->perms, g_free);
    g_free(node);
}

static Node *read_node(XenstoreImplState *store, const char *path)
{
    Node *node = g_new0(Node, 1);

    node->content = g_byte_array_new();
    if (xs_impl_read(store, DOM0, XBT_NULL, path, node->content) ||
        xs_impl_get_perms(store, DOM0, XBT_NULL, path, &node->perms)) {
        free_node(node);
        return NULL;
    }
    return node;
}

/* The first permission names the owner, after a letter */
static bool is_guests(const Node *node)
{
    return atoi((char *)node->perms->data + 1) == xen_domid;
}

/*
 * Put what the guest owns from @path on into @nodes, but not PV devices
 *
 * A path has a limited length, and so the recursion has.
 */
static void walk(XenstoreImplState *store, const char *path, GHashTable *nodes)
{
    Node *node = read_node(store, path);
    GList *children = NULL;
    uint64_t gencnt;

    if (!node) {
        return;
    }
    if (is_guests(node)) {
        g_hash_table_insert(nodes, g_strdup(path), node);
    } else {
        free_node(node);
    }
    xs_impl_directory(store, DOM0, XBT_NULL, path, &gencnt, &children);
    for (GList *child = children; child; child = child->next) {
        g_autofree char *below = g_strdup_printf("%s/%s", path,
                                                 (char *)child->data);

        if (!xen_emu_is_frontend(below)) {
            walk(store, below, nodes);
        }
    }
    g_list_free_full(children, g_free);
}

static GHashTable *guests_nodes(XenstoreImplState *store)
{
    g_autofree char *path = g_strdup_printf("/local/domain/%u", xen_domid);
    GHashTable *nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              free_node);

    walk(store, path, nodes);
    return nodes;
}

static bool same(const Node *a, const Node *b)
{
    /* Of an empty array, the data may be NULL */
    return a->content->len == b->content->len &&
           (!a->content->len ||
            !memcmp(a->content->data, b->content->data, a->content->len));
}

static void remove_new(XenstoreImplState *store, GHashTable *present)
{
    GHashTableIter iter;
    gpointer path;

    g_hash_table_iter_init(&iter, present);
    while (g_hash_table_iter_next(&iter, &path, NULL)) {
        if (!g_hash_table_contains(initial, path) &&
            !xen_emu_has_frontends(path)) {
            xs_impl_rm(store, DOM0, XBT_NULL, path);
        }
    }
}

void xen_emu_store_reset(void)
{
    XenstoreImplState *store = xen_xenstore_get_impl();
    g_autoptr(GHashTable) present = NULL;
    GHashTableIter iter;
    gpointer path, value;

    if (!store) {
        return;
    }
    present = guests_nodes(store);
    if (!initial) {
        initial = g_steal_pointer(&present);
        return;
    }
    remove_new(store, present);

    g_hash_table_iter_init(&iter, initial);
    while (g_hash_table_iter_next(&iter, &path, &value)) {
        Node *was = value, *is = g_hash_table_lookup(present, path);

        if (!is || !same(was, is)) {
            xs_impl_write(store, DOM0, XBT_NULL, path, was->content);
        }
        xs_impl_set_perms(store, DOM0, XBT_NULL, path, was->perms);
    }
}
