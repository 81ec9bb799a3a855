/*
 * Fuzz a whole machine: xen-platform, emulated Xen, PV backends, controllers
 *
 * An input is what a guest and its host do: port and PCI accesses, hypercalls,
 * memory and ring contents, xenstore messages, frontends, transfers of emulated
 * disks and NICs, unplug, hot plug, suspend, resets and migration.
 *
 * xen-machine: what is unplugged is parked.  After each input the machine is
 * reset, and must be as it was.
 * xen-machine-gone: what is unplugged is deleted, so that each input has a
 * process of its own, a copy of the one that has started the machine.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "exec/address-spaces.h"
#include "hw/pci/pci_bus.h"
#include "hw/xen/xen-platform-device.h"
#include "io/channel-buffer.h"
#include "migration/global_state.h"
#include "migration/qemu-file.h"
#include "migration/savevm.h"
#include "hw/boards.h"
#include "hw/qdev-core.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-misc.h"
#include "qemu/rcu.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "system/runstate.h"
#include "system/system.h"
#include "tests/qtest/libqtest.h"
#include "tests/qtest/fuzz/fuzz.h"
#include "fuzz-input.h"
#include "fuzz-controllers.h"
#include "fuzz-guest.h"

#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include "hw/xen/interface/xen.h"
#include "hw/xen/interface/io/xs_wire.h"
#include "hw/xen/interface/io/blkif.h"
#include "hw/xen/interface/io/netif.h"

#define BAR0            0xc000
#define CLOCK_MAX_NS    100000000
#define STEPS_MAX       100
#define COPY_MAX_MS     20000
#define HEADER_SIZE     8       /* of a stream, ahead of what is loaded */

static XenPlatformState *platform;
static unsigned all_functions;  /* PCI functions, with nothing unplugged */
static unsigned resets;         /* in this input: they take the most time */

static void count_function(PCIBus *bus, PCIDevice *d, void *opaque)
{
    *(unsigned *)opaque += d->enabled;
}

static unsigned enabled_functions(void)
{
    unsigned count = 0;

    pci_for_each_device(pci_get_bus(PCI_DEVICE(platform)), 0, count_function,
                        &count);
    return count;
}

static void port_write(unsigned port, unsigned size, uint32_t value)
{
    address_space_write(&address_space_io, port, MEMTXATTRS_UNSPECIFIED,
                        &value, size);
}

static uint32_t port_read(unsigned port, unsigned size)
{
    uint32_t value = 0;

    address_space_read(&address_space_io, port, MEMTXATTRS_UNSPECIFIED,
                       &value, size);
    return value;
}

static void pci_write(unsigned devfn, unsigned reg, unsigned size,
                      uint32_t value)
{
    port_write(0xcf8, 4, 1u << 31 | devfn << 8 | (reg & 0xfc));
    port_write(0xcfc + (reg & 3), size, value);
}

static void start_guest(void)
{
    pci_write(PCI_DEVICE(platform)->devfn, PCI_BASE_ADDRESS_0, 4, BAR0);
    guest_start();
    fuzz_controllers_start();
}

/* What the host has plugged in goes with it: the guest cannot let go */
static void unplug_plugged(void)
{
    DeviceState *dev = qdev_find_recursive(sysbus_get_default(), FUZZ_PLUGGED);

    if (dev) {
        object_unparent(OBJECT(dev));
    }
}

/* What a reset does to the runs is for the host to say */
static void cont(void)
{
    if (!runstate_is_running()) {
        qmp_cont(NULL);
        guest_loop();
    }
}

static void reset(void)
{
    unplug_plugged();
    qemu_system_reset(SHUTDOWN_CAUSE_GUEST_RESET);
    cont();
    guest_loop();
    g_assert_cmpuint(enabled_functions(), ==, all_functions);
    g_assert_cmphex(platform->protocol.unplugged, ==, 0);
    g_assert_cmphex(port_read(0x10, 2), ==, 0x49d2);
    g_assert_cmphex(port_read(0x10, 1), ==, 0);
}

/* To a machine that was reset, and on from there */
static void migrate(void)
{
    g_autoptr(QIOChannelBuffer) channel = qio_channel_buffer_new(64 * 1024);
    XenPlatformProtocol was = platform->protocol;
    uint8_t flags = platform->flags;
    unsigned enabled = enabled_functions();
    uint32_t store_port = guest_store_port();
    unsigned other, other_now, status = guest_status(store_port, &other);
    QEMUFile *out, *in;

    global_state_store();
    vm_stop(RUN_STATE_SAVE_VM);
    out = qemu_file_new_output(QIO_CHANNEL(channel));
    if (qemu_save_device_state(out)) {
        /* An LSI script is in the middle of a command */
        qemu_fclose(out);
        vm_start();
        return;
    }
    qemu_fflush(out);

    qemu_system_reset(SHUTDOWN_CAUSE_SNAPSHOT_LOAD);
    channel->offset = HEADER_SIZE;
    in = qemu_file_new_input(QIO_CHANNEL(channel));
    g_assert_cmpint(qemu_load_device_state(in), ==, 0);
    qemu_fclose(in);
    qemu_fclose(out);
    vm_start();

    g_assert_cmpuint(enabled_functions(), ==, enabled);
    g_assert_cmphex(platform->flags, ==, flags);
    g_assert_cmpuint(platform->protocol.product, ==, was.product);
    g_assert_cmpuint(platform->protocol.build, ==, was.build);
    g_assert_true(platform->protocol.build_written == was.build_written);
    g_assert_true(platform->protocol.blacklisted == was.blacklisted);
    g_assert_true(platform->protocol.latched == was.latched);
    g_assert_cmphex(platform->protocol.unplugged, ==, was.unplugged);
    g_assert_cmphex(platform->protocol.refused, ==, was.refused);
    g_assert_cmpuint(guest_status(store_port, &other_now), ==, status);
    g_assert_cmpuint(other_now, ==, other);
}

static void op_out(FuzzInput *in)
{
    uint8_t where = fuzz_u8(in);
    unsigned size = 1 << (where >> 4) % 3;

    port_write(0x10 + (where & 15), size, fuzz_uint(in, size));
}

static void op_in(FuzzInput *in)
{
    uint8_t where = fuzz_u8(in);
    uint32_t magic;

    port_read((where & 0x80 ? BAR0 : 0x10) + (where & 15),
              1 << (where >> 4) % 3);
    magic = port_read(0x10, 2);
    g_assert_true(magic == (platform->protocol.blacklisted ? 0xd249 : 0x49d2));
}

static void op_bar(FuzzInput *in)
{
    uint8_t offset = fuzz_u8(in);
    unsigned size = 1 << (offset >> 4) % 3;

    port_write(BAR0 + (offset & 15), size, fuzz_uint(in, size));
}

static void op_pci(FuzzInput *in)
{
    uint8_t slot = fuzz_u8(in), reg = fuzz_u8(in);
    unsigned size = 1 << (slot >> 5) % 3;

    /* Not the bridges, which would take the rest out of reach */
    pci_write(MAX(slot & 31, 2) << 3, reg, size, fuzz_uint(in, size));
}

static void op_hypercall(FuzzInput *in)
{
    static const uint8_t numbers[] = {
        __HYPERVISOR_memory_op, __HYPERVISOR_set_timer_op,
        __HYPERVISOR_xen_version, __HYPERVISOR_grant_table_op,
        __HYPERVISOR_vm_assist, __HYPERVISOR_vcpu_op, __HYPERVISOR_sched_op,
        __HYPERVISOR_event_channel_op, __HYPERVISOR_physdev_op,
        __HYPERVISOR_hvm_op, __HYPERVISOR_console_io, __HYPERVISOR_mmu_update,
    };
    uint8_t what = fuzz_u8(in);
    uint64_t args[6] = { fuzz_u8(in), GUEST_PAGE(PAGE_ARGS), fuzz_u8(in) };
    const uint8_t *data;
    size_t len;

    data = fuzz_bytes(in, fuzz_u8(in) % 64, &len);
    guest_write(args[1], data, len);
    if (what & 0x40) {
        /* vcpu_op and grant_table_op have the pointer elsewhere */
        args[2] = args[1];
        args[1] = 0;
    } else if (what & 0x20) {
        args[0] = fuzz_u64(in);
    }
    guest_hypercall(!(what & 0x80), numbers[(what & 31) % ARRAY_SIZE(numbers)],
                    args);
}

static void op_memory(FuzzInput *in)
{
    uint8_t page = fuzz_u8(in);
    uint16_t offset = fuzz_u16(in) & 0xfff;
    const uint8_t *data;
    uint64_t gpa;
    size_t len;

    data = fuzz_bytes(in, fuzz_u8(in) % 64, &len);
    gpa = page & 0x80 ? 0xfeff8000 + (page & 1) * 0x1000 :
                        GUEST_PAGE(page % PAGES);
    guest_write(gpa + offset, data, len);
}

static void op_store(FuzzInput *in)
{
    static const char *const pieces[] = {
        "device/vbd/51712/state", "device/vif/0/state", "device/vif/1/state",
        "device/console/1/state", "device/vbd/51712", "device/vif/0",
        "device/vbd/51712/ring-ref", "device/vbd/51712/event-channel",
        "device/vif/0/event-channel", "device/vif/0/tx-ring-ref",
        "device/vbd/51712/ring-page-order", "device/vbd/51712/protocol",
        "1", "2", "3", "4", "5", "6", "0", "11", "x86_32-abi", "",
        "device", "/", "/local/domain/0/backend", "data", "token", "T",
        "device/vbd/51712/ring-ref0", "device/console/1/ring-ref",
        "device/console/1/port", "device/console/1/limit",
    };
    struct {
        struct xsd_sockmsg hdr;
        char body[256];
    } m = { .hdr.type = fuzz_u8(in), .hdr.tx_id = fuzz_u8(in) % 4 };

    for (unsigned left = fuzz_u8(in) % 4; left; left--) {
        uint8_t what = fuzz_u8(in);
        g_autofree char *own = what & 0x80 ? fuzz_string(in, 31) : NULL;
        const char *piece = own ?: pieces[what % ARRAY_SIZE(pieces)];
        size_t len = strlen(piece) + (left > 1 || !(what & 0x40));

        memcpy(m.body + m.hdr.len, piece, len);
        m.hdr.len += len;
    }
    guest_store(&m, sizeof(m.hdr) + m.hdr.len);
}

static void op_connect(FuzzInput *in)
{
    uint8_t what = fuzz_u8(in);

    guest_connect(what % PV_DEVICES, what & 0x80 ? fuzz_u8(in) : 4);
}

static void op_block(FuzzInput *in)
{
    struct {
        uint8_t operation, nr_segments;
        uint16_t handle;
        uint32_t pad;
        uint64_t id, sector;
        struct {
            uint32_t gref;
            uint8_t first, last;
            uint16_t pad;
        } seg[BLKIF_MAX_SEGMENTS_PER_REQUEST];
    } req = { .operation = fuzz_u8(in), .nr_segments = fuzz_u8(in) };

    req.sector = fuzz_u16(in);
    if (req.operation & 0x80) {
        req.operation &= 0x7f;
        req.sector = fuzz_u64(in);
    }
    for (unsigned i = 0; i < MIN(req.nr_segments, ARRAY_SIZE(req.seg)); i++) {
        req.seg[i].gref = FIRST_REF + fuzz_u8(in);
        req.seg[i].first = fuzz_u8(in);
        req.seg[i].last = fuzz_u8(in);
    }
    guest_push(PV_DISK, PAGE_BLK, sizeof(req), &req, sizeof(req));
}

static void op_transmit(FuzzInput *in)
{
    uint8_t nic = fuzz_u8(in) & 1;
    netif_tx_request_t req = {
        .gref = FIRST_REF + fuzz_u8(in),
        .flags = fuzz_u8(in),
        .offset = fuzz_u16(in),
        .size = fuzz_u16(in),
    };

    guest_push(PV_NIC0 + nic, PAGE_TX + nic, 12, &req, sizeof(req));
}

static void op_receive(FuzzInput *in)
{
    uint8_t nic = fuzz_u8(in) & 1;
    netif_rx_request_t req = { .gref = FIRST_REF + fuzz_u8(in) };

    guest_push(PV_NIC0 + nic, PAGE_RX + nic, 8, &req, sizeof(req));
}

static void op_console(FuzzInput *in)
{
    const uint8_t *bytes;
    size_t len;

    bytes = fuzz_bytes(in, fuzz_u8(in), &len);
    guest_console_write(bytes, len);
}

static void op_send(FuzzInput *in)
{
    guest_send(fuzz_u8(in));
}

static void op_loop(FuzzInput *in)
{
    guest_loop();
}

static void op_reset(FuzzInput *in)
{
    if (resets++ < 2) {
        reset();
        start_guest();
    }
}

/* As after a wake-up from suspend to RAM */
static void op_wake_up(FuzzInput *in)
{
    unsigned enabled = enabled_functions();
    uint32_t unplugged = platform->protocol.unplugged;

    if (resets++ < 2) {
        MACHINE_GET_CLASS(current_machine)->wakeup(current_machine);
        g_assert_cmpuint(enabled_functions(), ==, enabled);
        g_assert_cmphex(platform->protocol.unplugged, ==, unplugged);
        fuzz_controllers_start();
    }
}

static void op_wake_up_once(FuzzInput *in)
{
    uint32_t unplugged = platform->protocol.unplugged;

    if (resets++ < 2) {
        MACHINE_GET_CLASS(current_machine)->wakeup(current_machine);
        g_assert_cmphex(platform->protocol.unplugged, ==, unplugged);
        fuzz_controllers_start();
    }
}

static void op_unplug(FuzzInput *in)
{
    static const uint8_t masks[] = { 1, 2, 4, 8, 3, 9, 11, 15 };

    port_write(0x10, 2, masks[fuzz_u8(in) % ARRAY_SIZE(masks)]);
}

static void op_migrate(FuzzInput *in)
{
    /* NVMe does not migrate */
    if ((platform->protocol.unplugged & XEN_PLATFORM_UNPLUG_NVME) &&
        resets++ < 2) {
        migrate();
    }
}

static void op_clock(FuzzInput *in)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    qemu_clock_advance_virtual_time(now + fuzz_u32(in) % CLOCK_MAX_NS);
}

static void (*const ops[])(FuzzInput *in) = {
    op_out, op_in, op_bar, op_pci, op_hypercall, op_memory, op_store,
    op_connect, op_block, op_transmit, op_receive, op_console, op_send,
    op_loop, op_reset, op_migrate, op_clock, op_wake_up, op_unplug,
    fuzz_host, fuzz_ide, fuzz_ide, fuzz_ide, fuzz_ahci, fuzz_ahci, fuzz_lsi,
    fuzz_nvme, fuzz_nvme, fuzz_e1000, fuzz_rtl8139,
};

/* In a process that ends with the input: nothing has to be as it was */
static void op_reset_once(FuzzInput *in)
{
    if (resets++ < 2) {
        qemu_system_reset(SHUTDOWN_CAUSE_GUEST_RESET);
        start_guest();
    }
}

/* Another action by 1 byte: one of ops[], and what takes its place */
static void step(FuzzInput *in, bool once)
{
    void (*op)(FuzzInput *in) = ops[fuzz_u8(in) % ARRAY_SIZE(ops)];

    if (op != fuzz_host && op != op_loop) {
        /* A guest does nothing while it is stopped */
        cont();
    }
    if (!once) {
        op(in);
    } else if (op == op_reset) {
        op_reset_once(in);
    } else if (op == op_console) {
        fuzz_eject(in);
    } else if (op == op_wake_up) {
        op_wake_up_once(in);
    } else {
        op(in);
    }
    if (fuzz_failed() && runstate_is_running()) {
        vm_stop(RUN_STATE_IO_ERROR);
    }
}

static GString *command_line(FuzzTarget *t)
{
    GString *line = g_string_new(TARGET_NAME
        " -display none -nodefaults -M pc -m 8 -nographic -S"
        " -accel qtest,xen-version=0x40011"
        FUZZ_CONTROLLERS_ARGS
        " -global xen-platform.log-chardev=log -chardev null,id=log"
        " -drive if=none,id=d2,driver=null-co,read-zeroes=on,size=64M"
        " -device xen-disk,vdev=xvda,drive=d2"
        " -netdev hubport,id=n1,hubid=1 -device xen-net-device,netdev=n1"
        " -netdev hubport,id=n2,hubid=1 -device xen-net-device,netdev=n2"
        " -chardev null,id=c0 -device xen-console,chardev=c0"
        " -chardev null,id=c1 -device xen-console,chardev=c1");

    fuzz_controllers_init();
    if (strstr(t->name, "-gone")) {
        g_string_append(line, " -global xen-platform.x-park=off");
    }
    return line;
}

static void prepare(QTestState *s)
{
    platform = xen_platform_find();
    vm_start();
    guest_loop();
    all_functions = enabled_functions();
    reset();
}

static void run(QTestState *s, const unsigned char *data, size_t size)
{
    FuzzInput in = { data, size };
    unsigned steps = 0;

    resets = 0;
    start_guest();
    while (fuzz_more(&in) && steps++ < STEPS_MAX) {
        step(&in, false);
    }
    guest_loop();
    fuzz_controllers_end();
    reset();
}

/* Where the counters of a copy of the process come back to it */
static uint8_t *coverage;

static size_t coverage_size(void)
{
    return __stop___sancov_cntrs - __start___sancov_cntrs;
}

static void run_in_copy(const unsigned char *data, size_t size)
{
    FuzzInput in = { data, size };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    resets = 0;
    guest_alone();
    start_guest();
    for (unsigned i = 0; fuzz_more(&in) && i < STEPS_MAX; i++) {
        step(&in, true);
    }
    guest_loop();
    qemu_system_reset(SHUTDOWN_CAUSE_GUEST_RESET);
    guest_loop();
    memcpy(coverage, __start___sancov_cntrs, coverage_size());
    /* No other thread is there to be waited for */
    _exit(0);
}

/* Returns false if it had to be ended */
static bool wait_copy(pid_t pid)
{
    int status;

    for (unsigned i = 0; i < COPY_MAX_MS; i++) {
        pid_t ended = waitpid(pid, &status, WNOHANG);

        g_assert_cmpint(ended, >=, 0);
        if (ended) {
            g_assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
            memcpy(__start___sancov_cntrs, coverage, coverage_size());
            return true;
        }
        g_usleep(1000);
    }
    kill(pid, SIGKILL);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return false;
}

/*
 * A copy may begin with a lock that another thread held: only an input that
 * hangs twice does so by itself.
 */
static void run_once(QTestState *s, const unsigned char *data, size_t size)
{
    for (unsigned try = 0; try < 2; try++) {
        pid_t pid;

        rcu_enable_atfork();
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (!pid) {
            run_in_copy(data, size);
        }
        if (wait_copy(pid)) {
            return;
        }
    }
    g_assert_not_reached();
}

static void prepare_once(QTestState *s)
{
    platform = xen_platform_find();
    vm_start();
    guest_loop();
    coverage = mmap(NULL, coverage_size(), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(coverage != MAP_FAILED);
}

static void register_target(void)
{
    fuzz_add_target(&(FuzzTarget) {
        .name = "xen-machine",
        .description = "xen-platform, emulated Xen, PV backends, controllers",
        .get_init_cmdline = command_line,
        .pre_fuzz = prepare,
        .fuzz = run,
    });
    fuzz_add_target(&(FuzzTarget) {
        .name = "xen-machine-gone",
        .description = "the same, with what is unplugged deleted",
        .get_init_cmdline = command_line,
        .pre_fuzz = prepare_once,
        .fuzz = run_once,
    });
}

fuzz_target_init(register_target);
