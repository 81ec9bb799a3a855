/*
 * Emulated controllers of the fuzzed machine, driven as their drivers do
 *
 * Random bytes in registers hardly ever start a transfer.  So the actions are
 * those of a driver, with valid tables in memory and valid commands as a rule,
 * in any order: a command given and its bus master not started, a queue with a
 * doorbell and no end of the command, a reset in the middle.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/pci/pci_regs.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-block.h"
#include "qapi/qapi-commands-block-core.h"
#include "qapi/qapi-commands-misc.h"
#include "qapi/qapi-commands-net.h"
#include "qapi/qapi-commands-qdev.h"
#include "qapi/qmp-registry.h"
#include "monitor/monitor-internal.h"
#include "monitor/qdev.h"
#include "qemu/coroutine.h"
#include "qemu/main-loop.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "system/block-backend.h"
#include "system/runstate.h"
#include "fuzz-controllers.h"

/* Where things are */
#define IDE_DEVFN       (1 << 3 | 1)
#define AHCI_DEVFN      (0x10 << 3)
#define LSI_DEVFN       (0x11 << 3)
#define NVME_DEVFN      (0x12 << 3)
#define NIC_DEVFN       (0x13 << 3)
#define RTL_DEVFN       (0x14 << 3)
#define BM_BASE         0xc100
#define AHCI_BASE       0xe0100000u
#define LSI_BASE        0xe0200000u
#define NVME_BASE       0xe0300000u
#define NIC_BASE        0xe0400000u
#define RTL_BASE        0xc200

#define PRD             0x200000u
#define DATA            0x210000u
#define AHCI_LIST(p)    (0x220000u + (p) * 0x1000)
#define AHCI_FIS(p)     (0x228000u + (p) * 0x1000)
#define AHCI_TABLE(n)   (0x230000u + (n) * 0x400)
#define SCRIPT          0x240000u
#define NVME_QUEUE(n)   (0x250000u + (n) * 0x1000)
#define NIC_TX          0x260000u
#define NIC_RX          0x261000u

static void out(unsigned port, unsigned size, uint32_t value)
{
    address_space_write(&address_space_io, port, MEMTXATTRS_UNSPECIFIED,
                        &value, size);
}

static uint32_t in_port(unsigned port, unsigned size)
{
    uint32_t value = 0;

    address_space_read(&address_space_io, port, MEMTXATTRS_UNSPECIFIED,
                       &value, size);
    return value;
}

static void put(uint64_t addr, const void *buf, size_t size)
{
    address_space_write(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                        buf, size);
}

static void put32(uint64_t addr, uint32_t value)
{
    value = cpu_to_le32(value);
    put(addr, &value, sizeof(value));
}

static void put64(uint64_t addr, uint64_t value)
{
    put32(addr, value);
    put32(addr + 4, value >> 32);
}

static uint32_t get32(uint64_t addr)
{
    uint32_t value = 0;

    address_space_read(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                       &value, sizeof(value));
    return le32_to_cpu(value);
}

static void config(unsigned devfn, unsigned reg, uint32_t value)
{
    out(0xcf8, 4, 1u << 31 | devfn << 8 | reg);
    out(0xcfc, 4, value);
}

static void map(unsigned devfn, unsigned bar, uint32_t addr)
{
    config(devfn, bar, addr);
    config(devfn, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
           PCI_COMMAND_MASTER);
}

void fuzz_controllers_init(void)
{
    int fd = memfd_create("image", 0);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, 1048576), ==, 0);
    g_assert_cmpint(dup2(fd, FUZZ_IMAGE), ==, FUZZ_IMAGE);
    close(fd);
}

void fuzz_controllers_start(void)
{
    map(IDE_DEVFN, PCI_BASE_ADDRESS_4, BM_BASE);
    map(AHCI_DEVFN, PCI_BASE_ADDRESS_5, AHCI_BASE);
    map(LSI_DEVFN, PCI_BASE_ADDRESS_1, LSI_BASE);
    map(NVME_DEVFN, PCI_BASE_ADDRESS_0, NVME_BASE);
    map(NIC_DEVFN, PCI_BASE_ADDRESS_0, NIC_BASE);
    map(RTL_DEVFN, PCI_BASE_ADDRESS_0, RTL_BASE);
}

/* Task file, by offset: features, count, LBA low, mid, high, device, command */
void fuzz_ide(FuzzInput *in)
{
    static const uint8_t commands[] = {
        0x20, 0x24, 0x25, 0x30, 0x34, 0x35, 0xc4, 0x29, 0xc5, 0x39, 0xc6,
        0xc8, 0xca, 0x06, 0xe7, 0xea, 0xec, 0xa1, 0xa0, 0x91, 0x90, 0xef,
        0xb0, 0x08, 0x40, 0x70, 0xf8, 0x00, 0xe0, 0xe5,
    };
    static const uint8_t packets[] = {
        0x28, 0xa8, 0xbe, 0x12, 0x00, 0x03, 0x1b, 0x1e, 0x25, 0x43, 0x4a,
        0x5a, 0x51, 0x46, 0x2b, 0xad, 0xbd, 0x42,
    };
    uint8_t what = fuzz_u8(in);
    unsigned channel = what >> 7;
    unsigned base = channel ? 0x170 : 0x1f0;
    unsigned control = channel ? 0x376 : 0x3f6;
    unsigned bm = BM_BASE + channel * 8;
    uint8_t cdb[12] = { };

    switch (what & 15) {
    case 0:
        out(base + fuzz_u8(in) % 8, 1, fuzz_u8(in));
        break;
    case 1: case 2: case 3: case 4:
        out(base + 6, 1, 0xa0 | (what & 0x10) | (what & 0x60));
        out(base + 1, 1, what & 0x20 ? fuzz_u8(in) : 1);
        out(base + 2, 1, fuzz_u8(in) % 20);
        out(base + 3, 1, fuzz_u8(in) % 4);
        out(base + 4, 1, 0);
        out(base + 5, 1, 0);
        out(base + 7, 1, commands[fuzz_u8(in) % ARRAY_SIZE(commands)]);
        break;
    case 5:
        for (unsigned i = fuzz_u8(in) * 2; i; i--) {
            in_port(base, 2);
        }
        break;
    case 6:
        for (unsigned i = fuzz_u8(in) * 2; i; i--) {
            out(base, what & 0x10 ? 4 : 2, i);
        }
        break;
    case 7: case 8:
        /* What there is of data, in two pieces */
        /* An address that is no RAM makes two transfers of one */
        put32(PRD, DATA);
        put32(PRD + 4, 0x200 * (1 + fuzz_u8(in) % 4));
        put32(PRD + 8, what & 0x10 ? 0xfee00000 : DATA + 0x1000);
        put32(PRD + 12, 0x80000000 | (fuzz_u8(in) << 7 & 0xfffe));
        out(bm + 4, 4, PRD);
        out(bm, 1, what & 0x20 ? 1 : 9);
        break;
    case 9:
        out(bm, 1, fuzz_u8(in) & 9);
        break;
    case 10:
        out(bm + 2, 1, fuzz_u8(in));
        break;
    case 11:
        out(control, 1, fuzz_u8(in) & 0x86);
        break;
    case 12:
        in_port(base + fuzz_u8(in) % 8, 1);
        in_port(control, 1);
        break;
    default:
        /* A packet for the CD */
        out(base + 6, 1, 0xb0);
        out(base + 1, 1, what >> 5 & 1);
        out(base + 4, 1, 0);
        out(base + 5, 1, 8);
        out(base + 7, 1, 0xa0);
        cdb[0] = packets[fuzz_u8(in) % ARRAY_SIZE(packets)];
        cdb[4] = cdb[8] = fuzz_u8(in) % 0x41;
        cdb[9] = what & 0x10 ? 0xf8 : 4;
        for (unsigned i = 0; i < sizeof(cdb); i += 2) {
            out(base, 2, cdb[i] | cdb[i + 1] << 8);
        }
        break;
    }
}

static void ahci_issue(FuzzInput *in, unsigned port)
{
    static const uint8_t commands[] = {
        0x25, 0x35, 0xc8, 0xca, 0x60, 0x61, 0x60, 0x61, 0xec, 0x20, 0x30,
        0x24, 0x34, 0xa0, 0xa1, 0x06, 0xe7, 0xea, 0xef, 0x91, 0x63, 0x64,
        0x08, 0xc4, 0xc5, 0xb0,
    };
    uint8_t slot = fuzz_u8(in) % 32, flags = fuzz_u8(in);
    uint8_t command = commands[fuzz_u8(in) % ARRAY_SIZE(commands)];
    uint32_t table = AHCI_TABLE(port * 8 + slot % 8);
    uint8_t fis[20] = { 0x27, 0x80, command, 1 };
    uint8_t packet[16] = { 0x28, [8] = 2 };
    unsigned entries = flags & 3;

    fis[4] = fuzz_u8(in) % 4;
    fis[7] = 0x40;
    fis[12] = (command & 0xf0) == 0x60 ? slot << 3 : fuzz_u8(in) % 25;
    if (flags & 0x80) {
        fis[1] = 0;
        fis[15] = flags & 0x40 ? 4 : 0;
    }
    packet[0] = flags & 0x10 ? 0x12 : 0x28;
    put(table, fis, sizeof(fis));
    put(table + 0x40, packet, sizeof(packet));
    for (unsigned i = 0; i < entries; i++) {
        put64(table + 0x80 + i * 16, i == 2 ? 0xfee00000 : DATA + i * 0x1000);
        put32(table + 0x80 + i * 16 + 12, flags & 8 ? 0x1ff : 0xfff);
    }
    put32(AHCI_LIST(port) + slot * 32,
          entries << 16 | (flags & 0x20) | (flags & 4) << 4 | 5);
    put32(AHCI_LIST(port) + slot * 32 + 4, 0);
    put64(AHCI_LIST(port) + slot * 32 + 8, table);
    if ((command & 0xf0) == 0x60) {
        put32(AHCI_BASE + 0x134 + port * 0x80, 1u << slot);
    }
    put32(AHCI_BASE + 0x138 + port * 0x80, 1u << slot);
}

void fuzz_ahci(FuzzInput *in)
{
    uint8_t what = fuzz_u8(in);
    unsigned port = what >> 6;
    uint32_t regs = AHCI_BASE + 0x100 + port * 0x80;

    switch (what & 7) {
    case 0:
        put32(regs + (fuzz_u8(in) & 0x7c), fuzz_u32(in));
        break;
    case 1:
        put32(AHCI_BASE + 4, 0x80000002);
        put64(regs, AHCI_LIST(port));
        put64(regs + 8, what & 0x20 ? 0xfffffffffff00000ull : AHCI_FIS(port));
        put32(regs + 0x14, 0xfdc000ff);
        put32(regs + 0x18, 0x17);
        break;
    case 2:
        /* Stop or start the engines */
        put32(regs + 0x18, what & 0x10 ? 6 : 0x17);
        break;
    case 3:
        put32(regs + 0x2c, 1);
        put32(regs + 0x2c, 0);
        break;
    case 4:
        put32(AHCI_BASE + 4, what & 0x10 ? 1 : 0x80000002);
        break;
    case 5:
        get32(regs + (fuzz_u8(in) & 0x7c));
        put32(regs + 0x10, 0xffffffff);
        break;
    default:
        ahci_issue(in, port);
        break;
    }
}

void fuzz_lsi(FuzzInput *in)
{
    static const uint8_t cdbs[][10] = {
        { 0x28, [8] = 2 }, { 0x2a, [8] = 2 }, { 0x12, [4] = 36 }, { 0x00 },
        { 0x03, [4] = 18 }, { 0x35 }, { 0x25 }, { 0x1a, 0, 0x3f, 0, 0xff },
        { 0xa0, [9] = 64 }, { 0x28, [7] = 1 },
    };
    uint8_t what = fuzz_u8(in);
    uint8_t cdb[10], identify = what & 0x40 ? 0xc0 : 0x80;
    unsigned target = fuzz_u8(in) % 3;
    uint32_t at = SCRIPT, len = 0x400;
    bool write;

    switch (what & 7) {
    case 0:
        put(LSI_BASE + fuzz_u8(in), &what, 1);
        return;
    case 1:
        put32(LSI_BASE + (fuzz_u8(in) & 0xfc), fuzz_u32(in));
        return;
    case 2:
        /* Software reset, or one of the bus */
        identify = what & 0x10 ? 0x40 : 0;
        put(LSI_BASE + 0x14, &identify, 1);
        identify = what & 0x20 ? 8 : 0;
        put(LSI_BASE + 1, &identify, 1);
        identify = 0;
        put(LSI_BASE + 0x14, &identify, 1);
        put(LSI_BASE + 1, &identify, 1);
        return;
    case 3:
        /* Wait for a reselection */
        put32(SCRIPT, 0x50000000);
        put32(SCRIPT + 4, SCRIPT + 0x100);
        put32(SCRIPT + 0x100, 0x98080000);
        put32(LSI_BASE + 0x2c, SCRIPT);
        return;
    }

    memcpy(cdb, cdbs[fuzz_u8(in) % ARRAY_SIZE(cdbs)], sizeof(cdb));
    cdb[5] = fuzz_u8(in);
    write = cdb[0] == 0x2a;
    put(DATA + 0x8000, &identify, 1);
    put(DATA + 0x8010, cdb, sizeof(cdb));
    /* SELECT with ATN, identify, command, data, status, message, disconnect */
    put32(at, 0x41000000 | target << 16);
    put32(at + 4, SCRIPT + 0x200);
    put32(at + 8, 0x0e000001);
    put32(at + 12, DATA + 0x8000);
    put32(at + 16, 0x0a00000a);
    put32(at + 20, DATA + 0x8010);
    at += 24;
    if (what & 0x80) {
        put32(at, (write ? 0x08000000 : 0x09000000) | len);
        put32(at + 4, DATA);
        at += 8;
    }
    if (what & 0x20) {
        put32(at, 0x0b000001);
        put32(at + 4, DATA + 0x8020);
        put32(at + 8, 0x0f000001);
        put32(at + 12, DATA + 0x8021);
        put32(at + 16, 0x48000000);
        put32(at + 20, 0);
        at += 24;
    }
    put32(at, 0x98080000);
    put32(at + 4, 1);
    put32(SCRIPT + 0x200, 0x98080000);
    put32(SCRIPT + 0x204, 2);
    put32(LSI_BASE + 0x2c, SCRIPT);
}

static uint16_t nvme_tail[2];

static void nvme_submit(FuzzInput *in, unsigned queue, uint8_t opcode,
                        uint8_t flags)
{
    uint64_t entry = NVME_QUEUE(queue * 2) + (nvme_tail[queue] % 16) * 64;

    put32(entry, opcode | (uint32_t)nvme_tail[queue] << 16);
    put32(entry + 4, flags & 0x80 ? fuzz_u8(in) : opcode == 0x06 ? 0 : 1);
    put64(entry + 24, DATA);
    put64(entry + 32, DATA + 0x1000);
    for (unsigned word = 10; word < 16; word++) {
        put32(entry + word * 4, flags & 0x40 ? fuzz_u8(in) : 0);
    }
    if (opcode == 0x06 && !queue) {
        put32(entry + 40, flags & 3);
    } else if ((opcode == 0x01 || opcode == 0x05) && !queue) {
        /* I/O queues 1: submission, completion */
        put64(entry + 24, NVME_QUEUE(opcode == 0x05 ? 3 : 2));
        put32(entry + 40, 15 << 16 | 1);
        put32(entry + 44, opcode == 0x05 ? 3 : 1 << 16 | 1);
    }
    nvme_tail[queue]++;
    put32(NVME_BASE + 0x1000 + queue * 8, nvme_tail[queue] % 16);
}

void fuzz_nvme(FuzzInput *in)
{
    static const uint8_t admin[] = {
        0x06, 0x05, 0x01, 0x05, 0x01, 0x00, 0x04, 0x08, 0x09, 0x0a, 0x0c,
        0x02, 0x80, 0x15, 0x0d, 0x7c,
    };
    static const uint8_t io[] = {
        0x02, 0x01, 0x00, 0x02, 0x01, 0x08, 0x09, 0x05, 0x19, 0x0c, 0x79,
    };
    uint8_t what = fuzz_u8(in);

    switch (what & 7) {
    case 0:
        put32(NVME_BASE + (fuzz_u8(in) & 0xfc), fuzz_u32(in));
        break;
    case 1:
        put32(NVME_BASE + 0x14, 0);
        put32(NVME_BASE + 0x24, 15 << 16 | 15);
        put64(NVME_BASE + 0x28, NVME_QUEUE(0));
        put64(NVME_BASE + 0x30, NVME_QUEUE(1));
        put32(NVME_BASE + 0x14, 4 << 20 | 6 << 16 | 1);
        nvme_tail[0] = nvme_tail[1] = 0;
        /* The I/O queues as well */
        nvme_submit(in, 0, 0x05, 0);
        nvme_submit(in, 0, 0x01, 0);
        break;
    case 2: case 3:
        nvme_submit(in, 0, admin[fuzz_u8(in) % ARRAY_SIZE(admin)], what);
        break;
    case 4:
        put32(NVME_BASE + 0x1000 + (fuzz_u8(in) & 0x1c), fuzz_u8(in));
        break;
    default:
        nvme_submit(in, 1, io[fuzz_u8(in) % ARRAY_SIZE(io)], what);
        break;
    }
}

void fuzz_e1000(FuzzInput *in)
{
    static const uint16_t regs[] = {
        0x0000, 0x0008, 0x00c0, 0x00c8, 0x00d0, 0x0100, 0x0400, 0x2800,
        0x2808, 0x2810, 0x2818, 0x3800, 0x3808, 0x3810, 0x3818, 0x0020,
        0x0014, 0x00c4, 0x5400, 0x5800,
    };
    uint8_t what = fuzz_u8(in);

    switch (what & 3) {
    case 0:
        put32(NIC_BASE + regs[fuzz_u8(in) % ARRAY_SIZE(regs)], fuzz_u32(in));
        break;
    case 1:
        /* Receive ring, receiver on */
        for (unsigned i = 0; i < 8; i++) {
            put64(NIC_RX + i * 16, DATA + i * 0x800);
        }
        put64(NIC_BASE + 0x2800, NIC_RX);
        put32(NIC_BASE + 0x2808, 128);
        put32(NIC_BASE + 0x2810, 0);
        put32(NIC_BASE + 0x2818, 7);
        put32(NIC_BASE + 0x0100, 0x0000801e);
        put32(NIC_BASE + 0x00d0, 0xff);
        break;
    case 2:
        put64(NIC_BASE + 0x3800, NIC_TX);
        put32(NIC_BASE + 0x3808, 256);
        put32(NIC_BASE + 0x3810, 0);
        put32(NIC_BASE + 0x3818, 0);
        put32(NIC_BASE + 0x0400, 0x0000000a | (what & 0x80 ? 0x400000 : 0));
        break;
    default:
        for (unsigned i = 0; i < 4; i++) {
            put64(NIC_TX + i * 16, DATA);
            put32(NIC_TX + i * 16 + 8, 60 | (uint32_t)(what | 9) << 24);
        }
        put32(NIC_BASE + 0x3818, fuzz_u8(in) % 5);
        break;
    }
}

void fuzz_rtl8139(FuzzInput *in)
{
    uint8_t what = fuzz_u8(in);
    unsigned slot = what >> 4 & 3;

    switch (what & 7) {
    case 0:
        out(RTL_BASE + fuzz_u8(in), 1 << (what >> 4) % 3, fuzz_u32(in));
        break;
    case 1:
        /* Receiver and transmitter on, or a reset */
        out(RTL_BASE + 0x37, 1, what & 0x80 ? 0x10 : 0x0c);
        out(RTL_BASE + 0x30, 4, NIC_RX);
        out(RTL_BASE + 0x3c, 2, 0xffff);
        out(RTL_BASE + 0x44, 4, 0x000f);
        break;
    case 2:
        out(RTL_BASE + 0x40, 4, what & 0x80 ? 0x60000 : 0);
        break;
    case 3:
        /* The mode with rings in memory, and their addresses */
        out(RTL_BASE + 0xe0, 2, what & 0x80 ? 0x0003 : 0);
        out(RTL_BASE + 0x20, 4, NIC_TX);
        out(RTL_BASE + 0x24, 4, 0);
        out(RTL_BASE + 0xe4, 4, NIC_RX);
        out(RTL_BASE + 0xe8, 4, 0);
        break;
    case 4:
        for (unsigned i = 0; i < 4; i++) {
            put32(NIC_TX + i * 16, 0xb0000000 | (i == 3) << 30 |
                  (what & 0x40) << 21 | 60);
            put64(NIC_TX + i * 16 + 8, DATA);
            put32(NIC_RX + i * 16, 0x80000800 | (i == 3) << 30);
            put64(NIC_RX + i * 16 + 8, DATA + 0x1000);
        }
        out(RTL_BASE + 0xd9, 1, 0x40);
        break;
    default:
        out(RTL_BASE + 0x20 + slot * 4, 4, DATA);
        out(RTL_BASE + 0x10 + slot * 4, 4, fuzz_u8(in) * 8);
        break;
    }
}

/* Plugged in by the host, beside what the machine starts with */
static void plug(const char *driver, const char *bus, const char *property,
                 const char *backend)
{
    QDict *args = qdict_new();

    qdict_put_str(args, "driver", driver);
    qdict_put_str(args, "id", FUZZ_PLUGGED);
    qdict_put_str(args, "bus", bus);
    qdict_put_str(args, property, backend);
    qmp_device_add(args, NULL, NULL);
    qobject_unref(args);
}

typedef struct Request {
    QDict *request;
    bool done;
} Request;

static GSList *unfinished;

static void coroutine_fn dispatch(void *opaque)
{
    Request *r = opaque;

    qobject_unref(qmp_dispatch(&qmp_commands, QOBJECT(r->request), false,
                               NULL));
    r->done = true;
}

/* Any command, as the monitor runs it; one that does not end is left alone */
static void G_GNUC_PRINTF(1, 2) command(const char *format, ...)
{
    Request *r = g_new0(Request, 1);
    va_list ap;

    va_start(ap, format);
    r->request = qdict_from_vjsonf_nofail(format, ap);
    va_end(ap);
    qemu_coroutine_enter(qemu_coroutine_create(dispatch, r));
    for (unsigned i = 0; !r->done && i < 200; i++) {
        main_loop_wait(true);
    }
    if (r->done) {
        qobject_unref(r->request);
        g_free(r);
    } else {
        unfinished = g_slist_prepend(unfinished, r);
    }
}

static const char *const nodes[] = {
    "n0", "n1", "n2", "s0", "s2", "l0", "v0", "c3", "x0", "s1", "l1", "n1f",
};

static const char *const devices[] = {
    "hda", "hdb", "hdc", "hdd", "sda", "sdb", "sdc", "lda", "ldb", "vda",
};

static bool disturbed;  /* something is not as it was at the start */

static void command_node(unsigned what, const char *node, const char *device)
{
    disturbed = true;
    switch (what % 12) {
    case 0: case 1:
        command("{'execute': 'block_resize', 'arguments': {"
                "'node-name': 'n2', 'size': %d}}", what & 16 ? 4096 : 2097152);
        break;
    case 2:
        command("{'execute': 'block_set_io_throttle', 'arguments': {"
                "'id': %s, 'bps': 0, 'bps_rd': 0, 'bps_wr': 0, 'iops': %d,"
                "'iops_rd': 0, 'iops_wr': 0}}", device, what & 16 ? 1000 : 0);
        break;
    case 3:
        command("{'execute': 'blockdev-add', 'arguments': {"
                "'driver': 'null-co', 'node-name': 't', 'size': 1048576,"
                "'latency-ns': 100000}}");
        break;
    case 4:
        command("{'execute': 'blockdev-mirror', 'arguments': {"
                "'job-id': 'j', 'device': %s, 'target': 't', 'sync': 'full',"
                "'copy-mode': 'write-blocking'}}", node);
        break;
    case 5:
        command("{'execute': 'blockdev-backup', 'arguments': {"
                "'job-id': 'j', 'device': %s, 'target': 't',"
                "'sync': 'full'}}", node);
        break;
    case 6:
        command("{'execute': 'block-job-cancel', 'arguments': {"
                "'device': 'j', 'force': true}}");
        break;
    case 7:
        command("{'execute': 'block-job-complete', 'arguments': {"
                "'device': 'j'}}");
        break;
    case 8:
        command("{'execute': 'blockdev-remove-medium', 'arguments': {"
                "'id': %s}}", what & 16 ? "hdd" : device);
        break;
    case 9:
        command("{'execute': 'blockdev-insert-medium', 'arguments': {"
                "'id': %s, 'node-name': %s}}", what & 16 ? "hdd" : "sdb", node);
        break;
    case 10:
        command("{'execute': 'blockdev-open-tray', 'arguments': {"
                "'id': %s}}", device);
        break;
    default:
        command("{'execute': 'blockdev-del', 'arguments': {"
                "'node-name': %s}}", what & 16 ? "t" : node);
        break;
    }
}

void fuzz_host(FuzzInput *in)
{
    AnnounceParameters announce = { .initial = 1, .max = 1, .rounds = 1 };
    uint8_t what = fuzz_u8(in), more = fuzz_u8(in);
    const char *node = nodes[more % ARRAY_SIZE(nodes)];
    const char *device = devices[more % ARRAY_SIZE(devices)];

    switch (what % 16) {
    case 0:
        qmp_device_del(FUZZ_PLUGGED, NULL);
        break;
    case 1:
        qmp_set_link(what & 0x40 ? "nic" : "nic1", what & 0x80, NULL);
        break;
    case 2:
        qmp_stop(NULL);
        break;
    case 3:
        qmp_cont(NULL);
        break;
    case 4:
        qmp_announce_self(&announce, NULL);
        g_free(announce.id);
        break;
    case 5:
        qmp_eject(NULL, what & 0x80 ? "hdd" : "sdb", true, what & 0x40, NULL);
        break;
    case 6:
        qmp_blockdev_close_tray(NULL, what & 0x80 ? "hdd" : "sdb", NULL);
        break;
    case 7:
        command("{'execute': 'netdev_del', 'arguments': {'id': %s}}",
                what & 0x40 ? "e2" : "e1");
        break;
    case 8:
        plug("scsi-hd", "lsi.0", "drive", "x0");
        break;
    case 9:
        plug("rtl8139", "pci.0", "netdev", "e2");
        break;
    case 10:
        plug("ide-hd", "ahci.3", "drive", "x0");
        break;
    default:
        command_node(more >> 4 | (what & 0x10), node, device);
        break;
    }
}

void fuzz_eject(FuzzInput *in)
{
    uint8_t what = fuzz_u8(in);

    if (what & 0x80) {
        out(0xae10, 4, 0);
        out(0xae08, 4, 1u << (what & 31));
    } else {
        qmp_device_del(devices[what % ARRAY_SIZE(devices)], NULL);
    }
}

bool fuzz_failed(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(devices); i++) {
        BlockBackend *blk = blk_by_qdev_id(devices[i], NULL);

        if (blk && blk_iostatus_is_enabled(blk) &&
            blk_iostatus(blk) != BLOCK_DEVICE_IO_STATUS_OK) {
            return true;
        }
    }
    return false;
}

void fuzz_controllers_end(void)
{
    if (!disturbed) {
        return;
    }
    disturbed = false;
    command("{'execute': 'block-job-cancel', 'arguments': {"
            "'device': 'j', 'force': true}}");
    command("{'execute': 'blockdev-del', 'arguments': {'node-name': 't'}}");
    command("{'execute': 'block_resize', 'arguments': {"
            "'node-name': 'n2', 'size': 1048576}}");
    for (unsigned i = 0; i < ARRAY_SIZE(devices); i++) {
        command("{'execute': 'block_set_io_throttle', 'arguments': {"
                "'id': %s, 'bps': 0, 'bps_rd': 0, 'bps_wr': 0, 'iops': 0,"
                "'iops_rd': 0, 'iops_wr': 0}}", devices[i]);
    }
}
