/*
 * A Xen guest inside the fuzzed QEMU: its memory, hypercalls and frontends
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "hw/core/cpu.h"
#include "hw/i386/kvm/xen_xenstore.h"
#include "hw/xen/xen.h"
#include "qemu/main-loop.h"
#include "system/kvm_xen.h"
#include "hw/xen-emu/xen-emu-internal.h"
#include "fuzz-guest.h"

#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include "hw/xen/interface/event_channel.h"
#include "hw/xen/interface/grant_table.h"
#include "hw/xen/interface/hvm/hvm_op.h"
#include "hw/xen/interface/hvm/params.h"
#include "hw/xen/interface/io/console.h"
#include "hw/xen/interface/io/ring.h"
#include "hw/xen/interface/io/xenbus.h"
#include "hw/xen/interface/io/xs_wire.h"
#include "hw/xen/interface/memory.h"

#define RING_HEADER     64
#define STORE_PAGE      ((uint64_t)XEN_SPECIAL_PFN(XENSTORE) << 12)
#define LOOPS_MAX       20

/* A frontend's area, the pages of its rings and the nodes that name them */
static const struct {
    const char *area;
    const char *port;
    struct {
        const char *node;
        unsigned page;
    } rings[2];
} devices[PV_DEVICES] = {
    [PV_DISK] = {
        "device/vbd/51712", "event-channel", { { "ring-ref", PAGE_BLK } },
    },
    [PV_NIC0] = {
        "device/vif/0", "event-channel",
        { { "tx-ring-ref", PAGE_TX }, { "rx-ring-ref", PAGE_RX } },
    },
    [PV_NIC1] = {
        "device/vif/1", "event-channel",
        { { "tx-ring-ref", PAGE_TX + 1 }, { "rx-ring-ref", PAGE_RX + 1 } },
    },
    [PV_CONSOLE] = {
        "device/console/1", "port", { { "ring-ref", PAGE_CONSOLE } },
    },
};

static uint32_t ports[PV_DEVICES];
static bool alone;      /* there are no threads of vCPUs */

void guest_write(uint64_t gpa, const void *buf, size_t size)
{
    address_space_write(&address_space_memory, gpa, MEMTXATTRS_UNSPECIFIED,
                        buf, size);
}

void guest_read(uint64_t gpa, void *buf, size_t size)
{
    address_space_read(&address_space_memory, gpa, MEMTXATTRS_UNSPECIFIED,
                       buf, size);
}

uint32_t guest_read32(uint64_t gpa)
{
    uint32_t value = 0;

    guest_read(gpa, &value, sizeof(value));
    return value;
}

void guest_write32(uint64_t gpa, uint32_t value)
{
    guest_write(gpa, &value, sizeof(value));
}

void guest_alone(void)
{
    CPUState *cs;

    alone = true;
    CPU_FOREACH(cs) {
        /* This thread is theirs, and need not be kicked */
        qemu_thread_get_self(cs->thread);
        cs->thread_kicked = true;
    }
}

static void nothing(CPUState *cs, run_on_cpu_data data)
{
}

int64_t guest_hypercall(bool longmode, unsigned number, const uint64_t *args)
{
    int64_t result = xen_emu_hypercall(first_cpu, longmode, 0, number, args);
    CPUState *cs;

    CPU_FOREACH(cs) {
        if (alone) {
            process_queued_cpu_work(cs);
        } else if (!QSIMPLEQ_EMPTY(&cs->work_list)) {
            run_on_cpu(cs, nothing, RUN_ON_CPU_NULL);
        }
    }
    return result;
}

static int64_t call(unsigned number, unsigned command, void *data, size_t size)
{
    uint64_t args[6] = { command, GUEST_PAGE(PAGE_ARGS) };
    int64_t result;

    guest_write(args[1], data, size);
    result = guest_hypercall(true, number, args);
    guest_read(args[1], data, size);
    return result;
}

static void map(unsigned space, unsigned page)
{
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF,
        .space = space,
        .gpfn = GUEST_PAGE(page) >> 12,
    };

    g_assert_cmpint(call(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &map,
                         sizeof(map)), ==, 0);
}

void guest_start(void)
{
    static const uint8_t zeroes[0x1000];
    struct xen_hvm_param callback = {
        .domid = DOMID_SELF,
        .index = HVM_PARAM_CALLBACK_IRQ,
    };

    for (unsigned i = 0; i < PAGES; i++) {
        guest_write(GUEST_PAGE(i), zeroes, sizeof(zeroes));
    }
    memset(ports, 0, sizeof(ports));
    map(XENMAPSPACE_shared_info, PAGE_SHARED_INFO);
    map(XENMAPSPACE_grant_table, PAGE_GRANTS);
    call(__HYPERVISOR_hvm_op, HVMOP_set_param, &callback, sizeof(callback));
    for (unsigned i = PAGE_BLK; i < PAGES; i++) {
        uint64_t entry = GUEST_PAGE(PAGE_GRANTS) + (FIRST_REF + i) * 8;

        guest_write32(entry + 4, GUEST_PAGE(i) >> 12);
        guest_write32(entry, GTF_permit_access);
    }
}

void guest_send(uint32_t port)
{
    struct evtchn_send send = { .port = port };

    call(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send, sizeof(send));
}

unsigned guest_status(uint32_t port, unsigned *other)
{
    struct evtchn_status status = { .dom = DOMID_SELF, .port = port };

    *other = 0;
    if (call(__HYPERVISOR_event_channel_op, EVTCHNOP_status, &status,
             sizeof(status))) {
        return EVTCHNSTAT_closed;
    }
    if (status.status == EVTCHNSTAT_interdomain) {
        *other = status.u.interdomain.port;
    }
    return status.status;
}

uint32_t guest_store_port(void)
{
    return xen_xenstore_get_port();
}

void guest_loop(void)
{
    for (unsigned i = 0; i < LOOPS_MAX && g_main_context_pending(NULL); i++) {
        main_loop_wait(true);
    }
}

#define STORE(field) \
    (STORE_PAGE + offsetof(struct xenstore_domain_interface, field))

void guest_store(const void *message, size_t size)
{
    uint32_t prod = guest_read32(STORE(req_prod));

    for (size_t i = 0; i < MIN(size, XENSTORE_RING_SIZE); i++) {
        guest_write(STORE(req) + MASK_XENSTORE_IDX(prod + i),
                    (const uint8_t *)message + i, 1);
    }
    guest_write32(STORE(req_prod), prod + MIN(size, XENSTORE_RING_SIZE));
    guest_send(xen_xenstore_get_port());
    guest_loop();
    guest_write32(STORE(rsp_cons), guest_read32(STORE(rsp_prod)));
}

void guest_node(unsigned device, const char *name, const char *value)
{
    g_autofree char *path = g_strdup_printf("/local/domain/%u/%s/%s",
                                            xen_domid, devices[device].area,
                                            name);
    g_autoptr(GByteArray) data = g_byte_array_new();

    g_byte_array_append(data, (const void *)value, strlen(value));
    /* It may have used up its quota */
    xs_impl_write(xen_xenstore_get_impl(), xen_domid, XBT_NULL, path, data);
}

static void node_number(unsigned device, const char *name, unsigned value)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", value);
    guest_node(device, name, text);
}

void guest_connect(unsigned device, unsigned state)
{
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF };

    if (!ports[device] &&
        !call(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &alloc,
              sizeof(alloc))) {
        ports[device] = alloc.port;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(devices[device].rings); i++) {
        unsigned page = devices[device].rings[i].page;

        if (page) {
            uint32_t events[] = { 0, 1, 0, 1 };

            if (device != PV_CONSOLE) {
                guest_write(GUEST_PAGE(page), events, sizeof(events));
            }
            node_number(device, devices[device].rings[i].node,
                        FIRST_REF + page);
        }
    }
    node_number(device, devices[device].port, ports[device]);
    if (device == PV_DISK) {
        guest_node(device, "protocol", "x86_64-abi");
    } else if (device != PV_CONSOLE) {
        guest_node(device, "request-rx-copy", "1");
    }
    node_number(device, "state", state);
    guest_loop();
}

void guest_push(unsigned device, unsigned page, unsigned slot_size,
                const void *request, size_t size)
{
    unsigned slots = 1u << (31 - clz32((0x1000 - RING_HEADER) / slot_size));
    uint64_t ring = GUEST_PAGE(page);
    uint32_t prod = guest_read32(ring);

    guest_write(ring + RING_HEADER + prod % slots * slot_size, request, size);
    guest_write32(ring, prod + 1);
    guest_send(ports[device]);
}

#define CONSOLE(field) \
    (GUEST_PAGE(PAGE_CONSOLE) + offsetof(struct xencons_interface, field))

void guest_console_write(const uint8_t *bytes, size_t size)
{
    uint32_t prod = guest_read32(CONSOLE(out_prod));

    for (size_t i = 0; i < size; i++) {
        guest_write(CONSOLE(out) + (prod + i) % 2048, &bytes[i], 1);
    }
    guest_write32(CONSOLE(out_prod), prod + size);
    guest_send(ports[PV_CONSOLE]);
}
