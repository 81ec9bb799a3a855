/*
 * What a reset takes from the guest of the Xen guest environment
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "xen-hypercall.h"
#include "xen-platform-common.h"

#define ARGS        0x100000
#define SHARED_INFO 0x101000

#define MS          1000000

enum { VCPUOP_SET_PERIODIC_TIMER = 6 };
enum { EVTCHNOP_BIND_VIRQ = 1 };
enum { SCHEDOP_SHUTDOWN = 2, SHUTDOWN_SOFT_RESET = 5 };

static void soft_reset(QTestState *qts)
{
    uint32_t reason = SHUTDOWN_SOFT_RESET;

    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_SCHED_OP, SCHEDOP_SHUTDOWN,
                                  &reason, sizeof(reason)), ==, 0);
}

typedef struct Kind {
    const char *name;
    void (*reset)(QTestState *qts);
} Kind;

static const Kind kinds[] = {
    { "system", qtest_system_reset },
    { "soft", soft_reset },
};

static uint32_t bind_timer(QTestState *qts)
{
    uint32_t args[3] = { 0 };   /* VIRQ_TIMER, vCPU 0 */

    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_EVENT_CHANNEL_OP,
                                  EVTCHNOP_BIND_VIRQ, args, sizeof(args)),
                    ==, 0);
    return args[2];
}

static bool is_pending(QTestState *qts, uint32_t port)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'xen-event-list' }");
    QListEntry *entry;
    int pending = -1;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(rsp, "return"), entry) {
        QDict *info = qobject_to(QDict, qlist_entry_obj(entry));

        if (qdict_get_int(info, "port") == port) {
            pending = qdict_get_bool(info, "pending");
        }
    }
    qobject_unref(rsp);
    g_assert_cmpint(pending, >=, 0);
    return pending;
}

/* The next boot does not get the ticks of the last one */
static void test_periodic_timer(const void *opaque)
{
    const Kind *kind = opaque;
    QTestState *qts = xp_start("-M pc");
    uint64_t period = 10 * MS;
    uint32_t port;

    xen_map_shared_info(qts, SHARED_INFO);
    port = bind_timer(qts);
    qtest_memwrite(qts, ARGS, &period, sizeof(period));
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, VCPUOP_SET_PERIODIC_TIMER, 0,
                             ARGS), ==, 0);
    g_assert_false(is_pending(qts, port));
    qtest_clock_step(qts, 11 * MS);
    g_assert_true(is_pending(qts, port));

    kind->reset(qts);
    xen_map_shared_info(qts, SHARED_INFO);
    port = bind_timer(qts);
    qtest_clock_step(qts, 100 * MS);
    g_assert_false(is_pending(qts, port));
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        g_autofree char *timer = g_strconcat("xen-emu/reset/periodic-timer/",
                                             kinds[i].name, NULL);

        qtest_add_data_func(timer, &kinds[i], test_periodic_timer);
    }
    return g_test_run();
}
