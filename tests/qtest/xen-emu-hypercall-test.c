/*
 * Hypercalls of the Xen guest environment
 *
 * Numbers and layouts are those of Xen's public headers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qobject/qdict.h"
#include "xen-hypercall.h"
#include "xen-platform-common.h"

/* Guest memory: arguments, then the shared info page, then room */
#define ARGS        0x100000
#define SHARED_INFO 0x101000
#define ROOM        0x102000

/* Addresses that no hypercall can use */
#define HOLE        0xf0000000
#define LOCAL_APIC  0xfee00000
#define BIOS_ROM    0xffff0000

/* shared_info of a 64-bit and of a 32-bit guest */
#define PENDING_64  0x800
#define WC_64       0xc00
#define WC_32       0x900
#define WC_SEC_HI_32 0x928

/* vcpu_info: its size, and where its time is */
#define VCPU_INFO   0x40
#define VCPU_TIME   0x20

#define SECOND      1000000000

enum { BIND_INTERDOMAIN = 0, BIND_VIRQ = 1, SEND = 4, STATUS = 5,
       ALLOC_UNBOUND = 6, BIND_IPI = 7, UNMASK = 9 };
enum { VIRQ_TIMER = 0 };

static QTestState *start(const char *options)
{
    QTestState *qts = xp_start("-M pc %s", options);

    xen_map_shared_info(qts, SHARED_INFO);
    return qts;
}

static void test_version(void)
{
    QTestState *qts = xp_start("-M pc -uuid "
                               "12345678-9abc-def0-1122-334455667788");
    char text[1024];

    g_assert_cmphex(xen_call(qts, XEN_XEN_VERSION, 0, 0), ==, 0x40011);
    g_assert_cmpint(xen_call(qts, XEN_XEN_VERSION, 7, 0), ==, 4096);

    memset(text, 'x', sizeof(text));
    g_assert_cmpint(xen_call_with(qts, ROOM, XEN_XEN_VERSION, 1, text, 32),
                    ==, 0);
    g_assert_cmpstr(text, ==, ".0-qemu");
    g_assert_cmpint(text[15], ==, 0);
    g_assert_cmpint(text[16], ==, 'x');

    g_assert_cmpint(xen_call_with(qts, ROOM, XEN_XEN_VERSION, 2, text, 144),
                    ==, 0);
    g_assert_cmpstr(text, ==, "gcc");

    g_assert_cmpint(xen_call_with(qts, ROOM, XEN_XEN_VERSION, 3, text, 1024),
                    ==, 0);
    g_assert_nonnull(strstr(text, "hvm-3.0-x86_64"));
    g_assert_cmpint(xen_call_with(qts, ROOM, XEN_XEN_VERSION, 4, text, 64),
                    ==, 0);
    g_assert_cmpint(xen_call_with(qts, ROOM, XEN_XEN_VERSION, 9, text, 1024),
                    ==, 0);
    g_assert_cmpstr(text, ==, "<denied>");

    g_assert_cmpint(xen_call_with(qts, ROOM, XEN_XEN_VERSION, 8, text, 16),
                    ==, 0);
    g_assert_cmphex((uint8_t)text[0], ==, 0x12);
    g_assert_cmphex((uint8_t)text[15], ==, 0x88);

    g_assert_cmpint(xen_call(qts, XEN_XEN_VERSION, 10, ROOM), ==,
                    -XEN_ENODATA);
    g_assert_cmpint(xen_call(qts, XEN_XEN_VERSION, 11, ROOM), ==,
                    -XEN_ENOSYS);
    qtest_quit(qts);
}

/* What Linux needs: the callback vector, safe clocks, pirqs, its own p2m */
static void test_features(void)
{
    QTestState *qts = xp_start("-M pc");
    uint32_t info[2] = { 0, 0 };

    g_assert_cmpint(xen_call_with(qts, ROOM, XEN_XEN_VERSION, 6, info,
                                  sizeof(info)), ==, 0);
    g_assert_cmphex(info[1], ==, 1 << 0 | 1 << 1 | 1 << 2 | 1 << 8 | 1 << 9 |
                                 1 << 10);
    info[0] = 1;
    g_assert_cmpint(xen_call_with(qts, ROOM, XEN_XEN_VERSION, 6, info,
                                  sizeof(info)), ==, 0);
    g_assert_cmphex(info[1], ==, 0);
    qtest_quit(qts);
}

static void test_virt_start(void)
{
    QTestState *qts = xp_start("-M pc");
    uint64_t args[] = { 5, ROOM };

    qtest_writeq(qts, ROOM, -1);
    g_assert_cmpint(xen_call_from(qts, (XenCaller) { .width = 32 },
                                  XEN_XEN_VERSION, 2, args), ==, 0);
    g_assert_cmphex(qtest_readq(qts, ROOM), ==, 0xfffffffff5800000);
    g_assert_cmpint(xen_call_from(qts, (XenCaller) { .width = 64 },
                                  XEN_XEN_VERSION, 2, args), ==, 0);
    g_assert_cmphex(qtest_readq(qts, ROOM), ==, 0xffff800000000000);
    qtest_quit(qts);
}

static void test_privilege(void)
{
    QTestState *qts = xp_start("-M pc");
    uint64_t args[] = { 0, 0 };

    for (unsigned int cpl = 0; cpl < 4; cpl++) {
        XenCaller caller = { .width = 64, .cpl = cpl };

        g_assert_cmpint(xen_call_from(qts, caller, XEN_XEN_VERSION, 2, args),
                        ==, cpl ? -XEN_EPERM : 0x40011);
    }
    qtest_quit(qts);
}

static void test_unknown_numbers(void)
{
    static const uint64_t numbers[] = {
        0, 2, 11, 13, 18, 22, 23, 25, 26, 27, 28, 30, 31, 35, 36, 41, 42, 48,
        55, 56, 63, 127, 0x7fffffff, 0xffff, UINT64_MAX,
    };
    QTestState *qts = xp_start("-M pc");

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        g_assert_cmpint(xen_call(qts, numbers[i], -1, -1, -1, -1, -1, -1), ==,
                        -XEN_ENOSYS);
    }
    qtest_quit(qts);
}

/* Each hypercall and command that takes a pointer, with pointers to nowhere */
static void test_bad_pointers(void)
{
    static const struct {
        unsigned int number, command;
    } calls[] = {
        { XEN_XEN_VERSION, 1 }, { XEN_XEN_VERSION, 2 }, { XEN_XEN_VERSION, 3 },
        { XEN_XEN_VERSION, 4 }, { XEN_XEN_VERSION, 5 }, { XEN_XEN_VERSION, 6 },
        { XEN_XEN_VERSION, 8 }, { XEN_XEN_VERSION, 9 },
        { XEN_MEMORY_OP, 7 }, { XEN_MEMORY_OP, 23 },
        { XEN_HVM_OP, 0 }, { XEN_HVM_OP, 1 }, { XEN_HVM_OP, 23 },
        { XEN_SCHED_OP, 2 }, { XEN_SCHED_OP, 3 },
        { XEN_EVENT_CHANNEL_OP, 0 }, { XEN_EVENT_CHANNEL_OP, 1 },
        { XEN_EVENT_CHANNEL_OP, 2 }, { XEN_EVENT_CHANNEL_OP, 3 },
        { XEN_EVENT_CHANNEL_OP, 4 }, { XEN_EVENT_CHANNEL_OP, 5 },
        { XEN_EVENT_CHANNEL_OP, 6 }, { XEN_EVENT_CHANNEL_OP, 7 },
        { XEN_EVENT_CHANNEL_OP, 8 }, { XEN_EVENT_CHANNEL_OP, 9 },
        { XEN_EVENT_CHANNEL_OP, 10 },
        { XEN_GRANT_TABLE_OP, 6 }, { XEN_GRANT_TABLE_OP, 8 },
        { XEN_GRANT_TABLE_OP, 10 },
        { XEN_PHYSDEV_OP, 5 }, { XEN_PHYSDEV_OP, 12 }, { XEN_PHYSDEV_OP, 13 },
        { XEN_PHYSDEV_OP, 14 }, { XEN_PHYSDEV_OP, 23 },
    };
    static const uint64_t pointers[] = {
        HOLE, LOCAL_APIC, LOCAL_APIC - 1, 128 * 1024 * 1024, 1ull << 40,
        UINT64_MAX, UINT64_MAX - 4, 1ull << 63,
    };
    QTestState *qts = xp_start("-M pc -m 128");

    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(pointers); j++) {
            int64_t result = xen_call(qts, calls[i].number, calls[i].command,
                                      pointers[j], 1);

            if (result != -XEN_EFAULT) {
                g_error("hypercall %u, command %u with 0x%" PRIx64 ": %" PRId64,
                        calls[i].number, calls[i].command, pointers[j], result);
            }
        }
    }
    /* VCPUOPs have the pointer last */
    for (unsigned int command = 4; command <= 13; command++) {
        if (command == 7 || command == 9 || command == 11 || command == 12) {
            continue;
        }
        for (size_t j = 0; j < ARRAY_SIZE(pointers); j++) {
            int64_t result = xen_call(qts, XEN_VCPU_OP, command, 0,
                                      pointers[j]);

            g_assert_cmpint(result, ==, command == 4 ? -XEN_ENOSYS :
                                                       -XEN_EFAULT);
        }
    }
    qtest_quit(qts);
}

/* A structure may lie across a page boundary, but not across the end of RAM */
static void test_page_boundaries(void)
{
    QTestState *qts = xp_start("-M pc -m 128");
    uint64_t end = 128 * 1024 * 1024;
    char text[1024];

    g_assert_cmpint(xen_call(qts, XEN_XEN_VERSION, 3, ROOM - 512), ==, 0);
    qtest_memread(qts, ROOM - 512, text, sizeof(text));
    g_assert_nonnull(strstr(text, "hvm-3.0-x86_64"));

    g_assert_cmpint(xen_call(qts, XEN_XEN_VERSION, 1, end - 16), ==, 0);
    g_assert_cmpint(xen_call(qts, XEN_XEN_VERSION, 1, end - 15), ==,
                    -XEN_EFAULT);
    qtest_quit(qts);
}

/* ROM can be read, and what is written there is lost, as on Xen */
static void test_rom(void)
{
    QTestState *qts = xp_start("-M pc");
    uint64_t before = qtest_readq(qts, BIOS_ROM);

    g_assert_cmpint(xen_call(qts, XEN_XEN_VERSION, 1, BIOS_ROM), ==, 0);
    g_assert_cmphex(qtest_readq(qts, BIOS_ROM), ==, before);
    qtest_quit(qts);
}

static void test_system_time(void)
{
    QTestState *qts = start("");
    uint64_t now;

    qtest_clock_step(qts, 5 * (int64_t)SECOND);

    /* Version even and not 0, nothing to add to the counter, 1 GHz, stable */
    g_assert_cmpuint(qtest_readl(qts, SHARED_INFO + VCPU_TIME) & 1, ==, 0);
    g_assert_cmpuint(qtest_readl(qts, SHARED_INFO + VCPU_TIME), !=, 0);
    g_assert_cmpuint(qtest_readq(qts, SHARED_INFO + VCPU_TIME + 8), ==, 0);
    g_assert_cmpuint(qtest_readq(qts, SHARED_INFO + VCPU_TIME + 16), ==, 0);
    g_assert_cmphex(qtest_readl(qts, SHARED_INFO + VCPU_TIME + 24), ==,
                    1u << 31);
    g_assert_cmphex(qtest_readb(qts, SHARED_INFO + VCPU_TIME + 28), ==, 1);
    g_assert_cmphex(qtest_readb(qts, SHARED_INFO + VCPU_TIME + 29), ==, 1);

    /* The same in a place of its own */
    qtest_writeq(qts, ARGS, ROOM + 0x40);
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 13, 0, ARGS), ==, 0);
    now = qtest_readl(qts, ROOM + 0x40);
    g_assert_cmpuint(now & 1, ==, 0);
    g_assert_cmpuint(now, !=, 0);
    g_assert_cmphex(qtest_readl(qts, ROOM + 0x40 + 24), ==, 1u << 31);

    /* And taken back, as Linux does before it suspends */
    qtest_writeq(qts, ARGS, 0);
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 13, 0, ARGS), ==, 0);
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 5, 0, ARGS), ==, 0);
    qtest_quit(qts);
}

static void test_wall_clock(void)
{
    QTestState *qts = start("-rtc base=2020-01-02T03:04:05,clock=vm");
    uint64_t param[] = { XEN_DOMID_SELF, 0 };
    uint64_t args[] = { 0, ARGS };
    int64_t base = 1577934245;

    g_assert_cmpuint(qtest_readl(qts, SHARED_INFO + WC_64) & 1, ==, 0);
    g_assert_cmpint(qtest_readl(qts, SHARED_INFO + WC_64 + 4), ==, base);
    g_assert_cmpuint(qtest_readl(qts, SHARED_INFO + WC_64 + 8), <, SECOND);
    g_assert_cmpuint(qtest_readl(qts, SHARED_INFO + WC_64 + 12), ==, 0);

    /* It is the time of boot, so the same whenever it is asked for */
    qtest_clock_step(qts, 7 * (int64_t)SECOND);
    qtest_memwrite(qts, ARGS, param, sizeof(param));
    g_assert_cmpint(xen_call_from(qts, (XenCaller) { .width = 32 },
                                  XEN_HVM_OP, 2, args), ==, 0);
    g_assert_cmpint(qtest_readl(qts, SHARED_INFO + WC_32 + 4), ==, base);
    g_assert_cmpuint(qtest_readl(qts, SHARED_INFO + WC_SEC_HI_32), ==, 0);
    qtest_quit(qts);
}

static uint32_t bind_port(QTestState *qts, unsigned int command,
                          uint32_t first, uint32_t second)
{
    uint32_t args[3] = { first, second };
    int port_at = command == BIND_IPI ? 1 : 2;

    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_EVENT_CHANNEL_OP, command,
                                  args, sizeof(args)), ==, 0);
    return args[port_at];
}

static bool pending(QTestState *qts, uint32_t port)
{
    uint64_t word = qtest_readq(qts, SHARED_INFO + PENDING_64 + port / 64 * 8);

    return word & 1ull << port % 64;
}

static void clear_pending(QTestState *qts, uint32_t port)
{
    qtest_writeq(qts, SHARED_INFO + PENDING_64 + port / 64 * 8, 0);
    qtest_writeb(qts, SHARED_INFO, 0);
    qtest_writeq(qts, SHARED_INFO + 8, 0);
}

static void test_timers(void)
{
    QTestState *qts = start("");
    uint32_t port = bind_port(qts, BIND_VIRQ, VIRQ_TIMER, 0);
    int64_t now = qtest_clock_step(qts, SECOND);
    uint64_t period = 10 * 1000 * 1000;

    /* Absolute, in system time, by set_timer_op */
    g_assert_cmpint(xen_call(qts, XEN_SET_TIMER_OP, now + SECOND), ==, 0);
    qtest_clock_step(qts, SECOND - 1);
    g_assert_false(pending(qts, port));
    qtest_clock_step(qts, 1);
    g_assert_true(pending(qts, port));
    clear_pending(qts, port);

    /* By VCPUOP_set_singleshot_timer, and stopped */
    now += SECOND;
    qtest_writeq(qts, ARGS, now + SECOND);
    qtest_writeq(qts, ARGS + 8, 0);
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 8, 0, ARGS), ==, 0);
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 9, 0, 0), ==, 0);
    now = qtest_clock_step(qts, 2 * SECOND);
    g_assert_false(pending(qts, port));

    /* In the past: at once */
    g_assert_cmpint(xen_call(qts, XEN_SET_TIMER_OP, now - SECOND), ==, 0);
    qtest_clock_step(qts, 1);
    g_assert_true(pending(qts, port));
    clear_pending(qts, port);

    /* Periodic */
    qtest_writeq(qts, ARGS, period);
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 6, 0, ARGS), ==, 0);
    for (int i = 0; i < 3; i++) {
        qtest_clock_step(qts, period);
        g_assert_true(pending(qts, port));
        clear_pending(qts, port);
    }
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 7, 0, 0), ==, 0);
    qtest_clock_step(qts, SECOND);
    g_assert_false(pending(qts, port));

    /* 1 ms is the shortest period that Xen allows */
    qtest_writeq(qts, ARGS, 999999);
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 6, 0, ARGS), ==, -XEN_EINVAL);

    /* No such vCPU, and another one's timer */
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 8, 1, ARGS), ==, -XEN_ENOENT);
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 6, UINT64_MAX, ARGS), ==,
                    -XEN_ENOENT);
    qtest_quit(qts);
}

static void test_events(void)
{
    QTestState *qts = start("");
    uint32_t ipi = bind_port(qts, BIND_IPI, 0, 0);
    uint32_t vcpu_info;

    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_EVENT_CHANNEL_OP, SEND, &ipi,
                                  sizeof(ipi)), ==, 0);
    g_assert_true(pending(qts, ipi));
    g_assert_cmpint(qtest_readb(qts, SHARED_INFO), ==, 1);
    g_assert_cmphex(qtest_readq(qts, SHARED_INFO + 8), ==, 1ull << ipi / 64);
    clear_pending(qts, ipi);

    /* The same with vcpu_info elsewhere */
    qtest_writeq(qts, ARGS, (ROOM + 0x1000) >> 12);
    qtest_writeq(qts, ARGS + 8, 0x80);
    vcpu_info = ROOM + 0x1080;
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 10, 0, ARGS), ==, 0);
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_EVENT_CHANNEL_OP, SEND, &ipi,
                                  sizeof(ipi)), ==, 0);
    g_assert_cmpint(qtest_readb(qts, vcpu_info), ==, 1);
    g_assert_cmpint(qtest_readb(qts, SHARED_INFO), ==, 0);
    g_assert_cmphex(qtest_readl(qts, vcpu_info + VCPU_TIME + 24), ==, 1u << 31);
    qtest_quit(qts);
}

/* A vcpu_info that is not in RAM is refused, and the old one stays */
static void test_vcpu_info_placement(void)
{
    static const uint64_t frames[] = {
        HOLE >> 12, LOCAL_APIC >> 12, BIOS_ROM >> 12, 1ull << 40,
        UINT64_MAX >> 12,
    };
    QTestState *qts = start("");
    uint32_t ipi = bind_port(qts, BIND_IPI, 0, 0);

    qtest_writeq(qts, ARGS, UINT64_MAX);
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 10, 0, ARGS), ==, -XEN_EINVAL);
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        qtest_writeq(qts, ARGS, frames[i]);
        qtest_writeq(qts, ARGS + 8, 0);
        g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 10, 0, ARGS), ==,
                        -XEN_EINVAL);
    }
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        /* So it is with the run state and the time */
        qtest_writeq(qts, ARGS, frames[i] << 12);
        g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 5, 0, ARGS), ==,
                        -XEN_EFAULT);
        g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 13, 0, ARGS), ==,
                        -XEN_EFAULT);
    }
    qtest_writeq(qts, ARGS, ROOM >> 12);
    qtest_writel(qts, ARGS + 8, 4096 - 63);
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 10, 0, ARGS), ==, -XEN_EINVAL);
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 10, 7, ARGS), ==, -XEN_ENOENT);

    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_EVENT_CHANNEL_OP, SEND, &ipi,
                                  sizeof(ipi)), ==, 0);
    g_assert_cmpint(qtest_readb(qts, SHARED_INFO), ==, 1);
    qtest_quit(qts);
}

/* It has its place in the page, as those that were there from the start */
static void test_plugged_vcpu(void)
{
    QTestState *qts = start("-smp 1,maxcpus=2");
    struct {
        uint32_t vcpu;
        uint32_t port;
    } bind = { .vcpu = 1 };

    qtest_qmp_assert_success(qts, "{ 'execute': 'device_add', 'arguments': {"
                             "  'driver': 'qemu64-x86_64-cpu',"
                             "  'socket-id': 0, 'core-id': 1,"
                             "  'thread-id': 0 } }");
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_EVENT_CHANNEL_OP, BIND_IPI,
                                  &bind, sizeof(bind)), ==, 0);
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_EVENT_CHANNEL_OP, UNMASK,
                                  &bind.port, sizeof(bind.port)), ==, 0);
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_EVENT_CHANNEL_OP, SEND,
                                  &bind.port, sizeof(bind.port)), ==, 0);
    g_assert_cmpint(qtest_readb(qts, SHARED_INFO + VCPU_INFO), ==, 1);
    qtest_quit(qts);
}

static void test_runstate(void)
{
    QTestState *qts = start("");
    uint64_t times[6];

    qtest_writeq(qts, ARGS, ROOM);
    g_assert_cmpint(xen_call(qts, XEN_VCPU_OP, 5, 0, ARGS), ==, 0);
    qtest_memread(qts, ROOM, times, sizeof(times));
    /* No CPU runs here */
    g_assert_cmpuint((uint32_t)times[0], ==, 3);

    g_assert_cmpint(xen_call(qts, XEN_VM_ASSIST, 0, 5), ==, 0);
    g_assert_cmpint(xen_call(qts, XEN_VM_ASSIST, 1, 5), ==, 0);
    g_assert_cmpint(xen_call(qts, XEN_VM_ASSIST, 0, 3), ==, -XEN_EINVAL);
    g_assert_cmpint(xen_call(qts, XEN_VM_ASSIST, 2, 5), ==, -XEN_ENOSYS);
    g_assert_cmpint(xen_call(qts, XEN_VM_ASSIST, 0, UINT64_MAX), ==,
                    -XEN_EINVAL);
    qtest_quit(qts);
}

static int64_t shut_down(QTestState *qts, uint32_t reason)
{
    return xen_call_with(qts, ARGS, XEN_SCHED_OP, 2, &reason, sizeof(reason));
}

static void test_shutdown(void)
{
    static const struct {
        uint32_t reason;
        int64_t result;
        const char *event;
    } cases[] = {
        { 0, 0, "SHUTDOWN" },
        { 1, 0, "RESET" },
        { 2, 1, NULL },             /* suspend: cancelled */
        { 3, 0, "GUEST_PANICKED" },
        { 4, 0, "WATCHDOG" },
        { 5, 0, NULL },             /* soft reset */
        { 6, -XEN_EINVAL, NULL },
        { UINT32_MAX, -XEN_EINVAL, NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        QTestState *qts = start("-no-shutdown -action panic=pause");

        g_assert_cmpint(shut_down(qts, cases[i].reason), ==, cases[i].result);
        if (cases[i].event) {
            qtest_qmp_eventwait(qts, cases[i].event);
        }
        g_assert_cmphex(xen_call(qts, XEN_XEN_VERSION, 0, 0), ==, 0x40011);
        qtest_quit(qts);
    }
}

static void test_poll(void)
{
    QTestState *qts = start("");
    uint32_t ipi = bind_port(qts, BIND_IPI, 0, 0);
    uint64_t poll[] = { ROOM, 1, 0 };

    qtest_writel(qts, ROOM, ipi);
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_EVENT_CHANNEL_OP, SEND, &ipi,
                                  sizeof(ipi)), ==, 0);
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_SCHED_OP, 3, poll,
                                  sizeof(poll)), ==, 0);

    /* A port that cannot be, too many ports, ports that are not there */
    qtest_writel(qts, ROOM, 4096);
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_SCHED_OP, 3, poll,
                                  sizeof(poll)), ==, -XEN_EINVAL);
    poll[1] = 129;
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_SCHED_OP, 3, poll,
                                  sizeof(poll)), ==, -XEN_EINVAL);
    poll[1] = UINT32_MAX;
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_SCHED_OP, 3, poll,
                                  sizeof(poll)), ==, -XEN_EINVAL);
    poll[0] = HOLE;
    poll[1] = 128;
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_SCHED_OP, 3, poll,
                                  sizeof(poll)), ==, -XEN_EFAULT);
    qtest_quit(qts);
}

static void test_params(void)
{
    QTestState *qts = start("");
    struct {
        uint16_t domid;
        uint32_t index;
        uint64_t value;
    } param = { .domid = XEN_DOMID_SELF, .index = 1 };

    /* HVM_PARAM_STORE_PFN and _EVTCHN */
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_HVM_OP, 1, &param,
                                  sizeof(param)), ==, 0);
    g_assert_cmphex(param.value, ==, 0xfeff9);
    param.index = 2;
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_HVM_OP, 1, &param,
                                  sizeof(param)), ==, 0);
    g_assert_cmphex(param.value, >, 0);

    /* No console, no such parameter, another domain */
    param.index = 17;
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_HVM_OP, 1, &param,
                                  sizeof(param)), ==, -XEN_EINVAL);
    param.index = UINT32_MAX;
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_HVM_OP, 1, &param,
                                  sizeof(param)), ==, -XEN_ENOSYS);
    param.domid = 99;
    g_assert_cmpint(xen_call_with(qts, ARGS, XEN_HVM_OP, 1, &param,
                                  sizeof(param)), ==, -XEN_ESRCH);
    qtest_quit(qts);
}

/* Each boot of a guest has the same PIRQs to take from */
static void test_pirqs(void)
{
    QTestState *qts = start("");
    struct {
        int32_t type;
        uint32_t pirq;
    } get = { 0 };
    uint32_t first = 0;

    for (int i = 0; i < 3; i++) {
        struct {
            uint16_t domid;
            int32_t type;
            int32_t index;
            int32_t pirq;
            uint64_t rest[3];
        } map = { .domid = XEN_DOMID_SELF, .type = 1, .index = 10, .pirq = -1 };

        g_assert_cmpint(xen_call_with(qts, ARGS, XEN_PHYSDEV_OP, 23, &get,
                                      sizeof(get)), ==, 0);
        if (!i) {
            first = get.pirq;
        }
        g_assert_cmpuint(get.pirq, ==, first);
        g_assert_cmpint(xen_call_with(qts, ARGS, XEN_PHYSDEV_OP, 13, &map,
                                      sizeof(map)), ==, 0);
        g_assert_cmpint(map.pirq, ==, 16);
        qtest_system_reset(qts);
    }
    qtest_quit(qts);
}

/* Ports of backends that were: no port any more, or busy, but no trap */
static void test_stale_ports(void)
{
    QTestState *qts = start("");

    for (int i = 0; i < 3; i++) {
        qtest_system_reset(qts);
    }
    xen_map_shared_info(qts, SHARED_INFO);
    for (uint32_t port = 0; port < 4200; port++) {
        struct {
            uint16_t remote_dom;
            uint32_t remote_port;
            uint32_t local_port;
        } bind = { .remote_port = port };
        int64_t result = xen_call_with(qts, ARGS, XEN_EVENT_CHANNEL_OP,
                                       BIND_INTERDOMAIN, &bind, sizeof(bind));

        g_assert_cmpint(result, ==, port == 0 || port >= 4096 ? -XEN_EINVAL :
                        port == 1 ? -XEN_EBUSY : -XEN_ENOENT);
    }
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("xen-emu/hypercall/version", test_version);
    qtest_add_func("xen-emu/hypercall/features", test_features);
    qtest_add_func("xen-emu/hypercall/virt-start", test_virt_start);
    qtest_add_func("xen-emu/hypercall/privilege", test_privilege);
    qtest_add_func("xen-emu/hypercall/unknown-numbers", test_unknown_numbers);
    qtest_add_func("xen-emu/hypercall/bad-pointers", test_bad_pointers);
    qtest_add_func("xen-emu/hypercall/page-boundaries", test_page_boundaries);
    qtest_add_func("xen-emu/hypercall/rom", test_rom);
    qtest_add_func("xen-emu/hypercall/system-time", test_system_time);
    qtest_add_func("xen-emu/hypercall/wall-clock", test_wall_clock);
    qtest_add_func("xen-emu/hypercall/timers", test_timers);
    qtest_add_func("xen-emu/hypercall/events", test_events);
    qtest_add_func("xen-emu/hypercall/vcpu-info", test_vcpu_info_placement);
    qtest_add_func("xen-emu/hypercall/plugged-vcpu", test_plugged_vcpu);
    qtest_add_func("xen-emu/hypercall/runstate", test_runstate);
    qtest_add_func("xen-emu/hypercall/shutdown", test_shutdown);
    qtest_add_func("xen-emu/hypercall/poll", test_poll);
    qtest_add_func("xen-emu/hypercall/params", test_params);
    qtest_add_func("xen-emu/hypercall/pirqs", test_pirqs);
    qtest_add_func("xen-emu/hypercall/stale-ports", test_stale_ports);
    return g_test_run();
}
