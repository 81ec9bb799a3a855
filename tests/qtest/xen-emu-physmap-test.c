/*
 * Pages of the Xen guest environment in the guest's address space
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-hypercall.h"
#include "xen-platform-common.h"

/* Guest memory: arguments, the lists of a batch, and pages to map at */
#define ARGS        0x100000
#define HERE        0x110000
#define THERE       0x111000
#define LISTS       0x200000

/* Where each list of a batch begins, with room for 65535 entries */
#define INDICES     LISTS
#define GFNS        (LISTS + 0x80000)
#define ERRORS      (LISTS + 0x100000)

#define LOCAL_APIC  0xfee00000

/* Entry 1 of the table is for the ring of the store: where its frame is */
#define STORE_FRAME (8 + 4)
#define STORE_PFN   0xfeff9

enum { ADD_TO_PHYSMAP = 7, ADD_TO_PHYSMAP_BATCH = 23 };
enum { SPACE_SHARED_INFO = 0, SPACE_GRANT_TABLE = 1, SPACE_GMFN_FOREIGN = 4 };

static int64_t add(QTestState *qts, uint32_t space, uint64_t index,
                   uint64_t gfn)
{
    struct {
        uint16_t domid, size;
        uint32_t space;
        uint64_t index, gfn;
    } args = {
        .domid = XEN_DOMID_SELF, .space = space, .index = index, .gfn = gfn,
    };

    return xen_call_with(qts, ARGS, XEN_MEMORY_OP, ADD_TO_PHYSMAP, &args,
                         sizeof(args));
}

static int64_t batch(QTestState *qts, uint16_t space, uint16_t size)
{
    struct {
        uint16_t domid, space, size, foreign_domid;
        uint64_t indices, gfns, errors;
    } args = {
        .domid = XEN_DOMID_SELF, .space = space, .size = size,
        .indices = INDICES, .gfns = GFNS, .errors = ERRORS,
    };

    return xen_call_with(qts, ARGS, XEN_MEMORY_OP, ADD_TO_PHYSMAP_BATCH, &args,
                         sizeof(args));
}

static bool is_grant_table(QTestState *qts, uint64_t gpa)
{
    return qtest_readl(qts, gpa + STORE_FRAME) == STORE_PFN;
}

/* One page of each, which moves when it is mapped again */
static void test_move(void)
{
    QTestState *qts = xp_start("-M pc");

    qtest_memset(qts, HERE, 0x11, 0x1000);
    qtest_memset(qts, THERE, 0x22, 0x1000);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 0, HERE >> 12), ==, 0);
        g_assert_true(is_grant_table(qts, HERE));
        g_assert_cmphex(qtest_readb(qts, THERE), ==, 0x22);
        g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 0, THERE >> 12), ==, 0);
        g_assert_cmphex(qtest_readb(qts, HERE), ==, 0x11);
        g_assert_true(is_grant_table(qts, THERE));
    }

    /* Over each other, and back */
    g_assert_cmpint(add(qts, SPACE_SHARED_INFO, 0, THERE >> 12), ==, 0);
    g_assert_false(is_grant_table(qts, THERE));
    g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 1, THERE >> 12), ==, 0);
    g_assert_cmpint(add(qts, SPACE_SHARED_INFO, 0, HERE >> 12), ==, 0);
    g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 0, HERE >> 12), ==, 0);
    g_assert_true(is_grant_table(qts, HERE));
    g_assert_cmphex(qtest_readq(qts, THERE), ==, 0);
    qtest_quit(qts);
}

/* What can be no page */
static void test_index(void)
{
    QTestState *qts = xp_start("-M pc");

    g_assert_cmpint(add(qts, SPACE_SHARED_INFO, 1, HERE >> 12), ==,
                    -XEN_EINVAL);
    g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 64, HERE >> 12), ==,
                    -XEN_EINVAL);
    g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 1ull << 31, HERE >> 12), ==,
                    -XEN_EINVAL);
    g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, UINT64_MAX, HERE >> 12), ==,
                    -XEN_EINVAL);
    g_assert_cmpint(add(qts, 6, 0, HERE >> 12), ==, -XEN_EINVAL);
    qtest_quit(qts);
}

/* What is no address, also if it becomes one when it is shifted */
static void test_gfn(void)
{
    static const uint64_t gfns[] = {
        1ull << 28, 1ull << 40, UINT64_MAX >> 12, 1ull << 52,
        1ull << 52 | HERE >> 12, 1ull << 63, UINT64_MAX,
    };
    QTestState *qts = xp_start("-M pc");    /* 40 address bits */

    qtest_memset(qts, HERE, 0x11, 0x1000);
    for (size_t i = 0; i < ARRAY_SIZE(gfns); i++) {
        g_assert_cmpint(add(qts, SPACE_SHARED_INFO, 0, gfns[i]), ==,
                        -XEN_EINVAL);
        g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 0, gfns[i]), ==,
                        -XEN_EINVAL);
    }
    g_assert_cmphex(qtest_readb(qts, HERE), ==, 0x11);

    /* These are addresses, if odd ones */
    g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 0, (1 << 28) - 1), ==, 0);
    g_assert_true(is_grant_table(qts, ((1ull << 28) - 1) << 12));
    g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 0, 0), ==, 0);
    g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 0, LOCAL_APIC >> 12), ==, 0);
    g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 0, 0xa0), ==, 0);
    g_assert_cmpint(add(qts, SPACE_SHARED_INFO, 0, LOCAL_APIC >> 12), ==, 0);
    qtest_quit(qts);
}

/* Reset gives the guest its memory back */
static void test_reset(void)
{
    QTestState *qts = xp_start("-M pc");

    qtest_memset(qts, HERE, 0x11, 0x2000);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 0, HERE >> 12), ==, 0);
        g_assert_cmpint(add(qts, SPACE_GRANT_TABLE, 63, THERE >> 12), ==, 0);
        g_assert_true(is_grant_table(qts, HERE));
        g_assert_cmphex(qtest_readb(qts, THERE), ==, 0);
        qtest_memset(qts, THERE, 0x22, 64);

        qtest_system_reset(qts);
        g_assert_cmphex(qtest_readb(qts, HERE), ==, 0x11);
        g_assert_cmphex(qtest_readb(qts, THERE), ==, 0x11);
    }
    qtest_quit(qts);
}

/* It clears the shared info page as well */
static void test_reset_shared_info(void)
{
    QTestState *qts = xp_start("-M pc");

    qtest_memset(qts, HERE, 0x11, 0x1000);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(add(qts, SPACE_SHARED_INFO, 0, HERE >> 12), ==, 0);
        g_assert_cmphex(qtest_readb(qts, HERE), ==, 0);
        qtest_memset(qts, HERE, 0x22, 64);
        qtest_system_reset(qts);
        g_assert_cmphex(qtest_readb(qts, HERE), ==, 0x11);
    }
    qtest_quit(qts);
}

/* The same entry @size times; whatever it is, nobody may wait long for QEMU */
static void run_batch(QTestState *qts, uint16_t space, uint16_t size,
                      int64_t expected)
{
    g_autofree uint64_t *gfns = g_new0(uint64_t, size);
    gint64 start, end;
    int64_t result;

    for (unsigned int i = 0; i < size; i++) {
        gfns[i] = (i % 2 ? HERE : THERE) >> 12;
    }
    qtest_memset(qts, INDICES, 0, size * 8);
    qtest_memwrite(qts, GFNS, gfns, size * 8);
    start = g_get_monotonic_time();
    result = batch(qts, space, size);
    end = g_get_monotonic_time();
    g_test_message("space %u: %" PRId64 " in %" PRId64 " ms", space, result,
                   (end - start) / 1000);
    g_assert_cmpint(result, ==, expected);
    g_assert_cmpint(end - start, <, 2 * G_TIME_SPAN_SECOND);
}

static void test_batch(void)
{
    QTestState *qts = xp_start("-M pc -smp 32");

    run_batch(qts, SPACE_GMFN_FOREIGN, 65535, 0);
    g_assert_cmpint((int32_t)qtest_readl(qts, ERRORS + 65534 * 4), ==,
                    -XEN_EPERM);
    run_batch(qts, SPACE_GRANT_TABLE, 65535, 0);
    g_assert_cmpint(qtest_readl(qts, ERRORS + 65534 * 4), ==, 0);
    g_assert_true(is_grant_table(qts, THERE));
    run_batch(qts, SPACE_SHARED_INFO, 65535, -XEN_EINVAL);

    /* Each entry has its own error, and none stops the rest */
    g_assert_cmpint(batch(qts, SPACE_GRANT_TABLE, 0), ==, 0);
    qtest_writeq(qts, INDICES + 8, 64);
    qtest_writeq(qts, GFNS + 16, 1ull << 52);
    qtest_memset(qts, ERRORS, 0x11, 5 * 4);
    g_assert_cmpint(batch(qts, SPACE_GRANT_TABLE, 4), ==, 0);
    g_assert_cmpint(qtest_readl(qts, ERRORS), ==, 0);
    g_assert_cmpint((int32_t)qtest_readl(qts, ERRORS + 4), ==, -XEN_EINVAL);
    g_assert_cmpint((int32_t)qtest_readl(qts, ERRORS + 8), ==, -XEN_EINVAL);
    g_assert_cmpint(qtest_readl(qts, ERRORS + 12), ==, 0);
    g_assert_cmphex(qtest_readl(qts, ERRORS + 16), ==, 0x11111111);
    g_assert_true(is_grant_table(qts, HERE));
    g_assert_cmpint(batch(qts, SPACE_SHARED_INFO, 1), ==, 0);
    g_assert_false(is_grant_table(qts, THERE));
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("xen-emu/physmap/move", test_move);
    qtest_add_func("xen-emu/physmap/index", test_index);
    qtest_add_func("xen-emu/physmap/gfn", test_gfn);
    qtest_add_func("xen-emu/physmap/reset", test_reset);
    qtest_add_func("xen-emu/physmap/reset-shared-info",
                   test_reset_shared_info);
    qtest_add_func("xen-emu/physmap/batch", test_batch);
    return g_test_run();
}
