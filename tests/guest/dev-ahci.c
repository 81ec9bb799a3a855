/*
 * AHCI at work: 32 command slots of a port, NCQ, PIO and packets
 *
 *   port 0: disk, with the marks      port 1: CD, which stays
 *   port 2: disk                      the last port: nothing, to compare with
 *
 * A port has a list of 32 command headers, each with a command table (the FIS
 * of a command, and where its data go), and an area for received FISes.  A bit
 * in its register CI issues the command of a slot, one in SACT names it as
 * queued (NCQ); both are cleared as commands end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "persona.h"
#include "tap.h"
#include "work.h"

#define HOST_CONTROL        0x04
#define HOST_AHCI           0x80000000u
#define HOST_RESET          0x00000001u
#define HOST_PORTS          0x0c
#define HOST_BYTES          0x100
#define PORT_BYTES          0x80

/* Registers of a port */
#define PORT_LIST           0x00
#define PORT_FIS            0x08
#define PORT_IRQ_STATUS     0x10
#define PORT_COMMAND        0x18
#define PORT_TASK_FILE      0x20
#define PORT_SIGNATURE      0x24
#define PORT_STATUS         0x28
#define PORT_CONTROL        0x2c
#define PORT_ERROR          0x30
#define PORT_ACTIVE         0x34
#define PORT_ISSUE          0x38

#define COMMAND_START       0x0001
#define COMMAND_SPIN_UP     0x0006
#define COMMAND_FIS         0x0010
#define COMMAND_RUNNING     0xc000
#define TASK_FILE_BUSY      0x88
#define STATUS_DEVICE       0x03
#define CONTROL_RESET       0x01
#define SIGNATURE_DISK      0x00000101
#define SIGNATURE_CD        0xeb140101

#define HEADER_FIS_WORDS    5
#define HEADER_PACKET       0x0020
#define HEADER_WRITE        0x0040
#define FIS_COMMAND         0x27
#define FIS_IS_COMMAND      0x80

#define ATA_DATA_SET_MANAGEMENT 0x06
#define ATA_READ            0x24
#define ATA_READ_DMA        0x25
#define ATA_WRITE           0x34
#define ATA_WRITE_DMA       0x35
#define ATA_READ_NCQ        0x60
#define ATA_WRITE_NCQ       0x61
#define ATA_PACKET          0xa0
#define ATA_FLUSH           0xea
#define ATA_IDENTIFY        0xec

#define SCSI_REQUEST_SENSE  0x03
#define SCSI_READ_10        0x28

#define SLOTS               32
#define SECTORS             8
#define CD_SECTOR           2048
#define CD_SECTORS          4

enum { DISK, CD, DISK_2, PORTS };

typedef struct Header {
    uint16_t flags;
    uint16_t regions;
    uint32_t done;
    uint32_t table;
    uint32_t table_high;
    uint32_t reserved[4];
} Header;

typedef struct Region {
    uint32_t base;
    uint32_t base_high;
    uint32_t reserved;
    uint32_t last;          /* size - 1 */
} Region;

typedef struct Table {
    uint8_t fis[64];
    uint8_t packet[16];
    uint8_t reserved[48];
    Region regions[8];
} Table;

/* One port's; slot n has table n */
typedef struct Port {
    Header list[SLOTS];
    Table tables[SLOTS];
} __attribute__((aligned(1024))) Port;

static uint32_t host;
static PciFunction function;
static unsigned working, last_port;

/* That of the CD stays, and so is no target */
static Port cd_port;
static uint8_t cd_fis[256] __attribute__((aligned(256)));
static uint8_t aside[CD_SECTORS * CD_SECTOR] __attribute__((aligned(4096)));
static uint8_t disk_aside[SECTORS * WORK_SECTOR]
    __attribute__((aligned(4096)));

static Port *port_memory(unsigned port)
{
    return port == CD ? &cd_port : (Port *)work_table + port / 2;
}

/* Received FISes are first among the targets, then the data */
static uint8_t *port_fis(unsigned port)
{
    return port == CD ? cd_fis : work_target + port / 2 * 256;
}

static uint8_t *data(unsigned slot)
{
    return work_target + 0x1000 + slot * SECTORS * WORK_SECTOR;
}

static uint32_t reg(unsigned port, unsigned offset)
{
    return host + HOST_BYTES + port * PORT_BYTES + offset;
}

static bool is_stopped(void)
{
    return !(mmio_read(reg(working, PORT_COMMAND)) & COMMAND_RUNNING);
}

static bool is_idle(void)
{
    return !mmio_read(reg(working, PORT_ISSUE)) &&
           !mmio_read(reg(working, PORT_ACTIVE)) &&
           !(mmio_read(reg(working, PORT_TASK_FILE)) & TASK_FILE_BUSY);
}

static bool has_device(void)
{
    return (mmio_read(reg(working, PORT_STATUS)) & 0xf) == STATUS_DEVICE &&
           !(mmio_read(reg(working, PORT_TASK_FILE)) & TASK_FILE_BUSY);
}

static bool is_reset(void)
{
    return !(mmio_read(host + HOST_CONTROL) & HOST_RESET);
}

static void start_port(unsigned port)
{
    mmio_write(reg(port, PORT_LIST), address(port_memory(port)->list));
    mmio_write(reg(port, PORT_LIST + 4), 0);
    mmio_write(reg(port, PORT_FIS), address(port_fis(port)));
    mmio_write(reg(port, PORT_FIS + 4), 0);
    mmio_write(reg(port, PORT_COMMAND), COMMAND_SPIN_UP | COMMAND_FIS);
    mmio_write(reg(port, PORT_ERROR), UINT32_MAX);
    mmio_write(reg(port, PORT_IRQ_STATUS), UINT32_MAX);
    mmio_write(reg(port, PORT_COMMAND),
               COMMAND_SPIN_UP | COMMAND_FIS | COMMAND_START);
}

/* Make the command in @slot, with its data in one region or in @pieces */
static void prepare(unsigned port, unsigned slot, uint8_t code, uint32_t lba,
                    unsigned sectors, void *buf, unsigned bytes,
                    unsigned pieces)
{
    Port *memory = port_memory(port);
    Header *header = &memory->list[slot];
    Table *table = &memory->tables[slot];
    bool ncq = code == ATA_READ_NCQ || code == ATA_WRITE_NCQ;
    bool write = code == ATA_WRITE || code == ATA_WRITE_DMA ||
                 code == ATA_WRITE_NCQ || code == ATA_DATA_SET_MANAGEMENT;
    unsigned count = ncq ? slot << 3 : sectors;
    unsigned features = ncq ? sectors : code == ATA_DATA_SET_MANAGEMENT;
    const uint8_t fis[20] = {
        FIS_COMMAND, FIS_IS_COMMAND, code, features,
        lba, lba >> 8, lba >> 16, 0x40,
        lba >> 24, 0, 0, features >> 8,
        count, count >> 8,
    };

    memset(header, 0, sizeof(*header));
    memset(table, 0, sizeof(*table));
    memcpy(table->fis, fis, sizeof(fis));
    header->table = address(table);
    header->flags = HEADER_FIS_WORDS | (write ? HEADER_WRITE : 0);
    header->regions = bytes ? pieces : 0;
    for (unsigned i = 0; i < pieces && bytes; i++) {
        table->regions[i].base = address(buf) + bytes / pieces * i;
        table->regions[i].last = bytes / pieces - 1;
    }
}

static void issue(unsigned port, uint32_t slots, bool ncq)
{
    working = port;
    if (ncq) {
        mmio_write(reg(port, PORT_ACTIVE), slots);
    }
    mmio_write(reg(port, PORT_ISSUE), slots);
}

static bool no_error(void)
{
    return !(mmio_read(reg(working, PORT_TASK_FILE)) & 1);
}

static bool transfer(bool write, uint32_t sector, void *buf)
{
    prepare(DISK, 0, write ? ATA_WRITE_DMA : ATA_READ_DMA, sector, 1, buf,
            WORK_SECTOR, 1);
    issue(DISK, 1, false);
    return work_wait(is_idle, WORK_PATIENCE) && no_error();
}

static void issue_packet(uint8_t opcode, uint32_t lba, unsigned length,
                         unsigned bytes)
{
    uint8_t cdb[12] = {
        opcode, 0, lba >> 24, lba >> 16, lba >> 8, lba, 0, 0, length,
    };

    if (opcode == SCSI_REQUEST_SENSE) {
        cdb[4] = length;
        cdb[8] = 0;
    }
    memset(aside, 0, sizeof(aside));
    prepare(CD, 0, ATA_PACKET, 0, 0, aside, bytes, 1);
    cd_port.tables[0].fis[3] = 1;       /* DMA */
    memcpy(cd_port.tables[0].packet, cdb, sizeof(cdb));
    cd_port.list[0].flags |= HEADER_PACKET;
    issue(CD, 1, false);
}

static bool read_cd(uint32_t lba, unsigned sectors)
{
    for (unsigned attempt = 0; attempt < 3; attempt++) {
        issue_packet(SCSI_READ_10, lba, sectors, sectors * CD_SECTOR);
        if (work_wait(is_idle, WORK_PATIENCE) && no_error()) {
            return work_check(aside, lba * 4, sectors * 4, WORK_SEED_HOST);
        }
        start_port(CD);
        issue_packet(SCSI_REQUEST_SENSE, 0, 18, 18);
        work_wait(is_idle, WORK_PATIENCE);
    }
    return false;
}

static bool find(void)
{
    static const uint32_t signatures[PORTS] = {
        SIGNATURE_DISK, SIGNATURE_CD, SIGNATURE_DISK,
    };
    uint32_t ports;

    if (!pci_find(PCI_CLASS_SATA, 0, &function)) {
        tap_say("there is no AHCI controller");
        return false;
    }
    pci_enable(&function);
    host = pci_bar(&function, 5);
    mmio_write(host + HOST_CONTROL, HOST_AHCI | HOST_RESET);
    if (!work_wait(is_reset, WORK_PATIENCE)) {
        return false;
    }
    mmio_write(host + HOST_CONTROL, HOST_AHCI);
    ports = mmio_read(host + HOST_PORTS);
    last_port = 31 - __builtin_clz(ports);
    for (working = 0; working < PORTS; working++) {
        /* A FIS with the signature comes once it can be received */
        start_port(working);
        if (!work_wait(has_device, WORK_PATIENCE) ||
            mmio_read(reg(working, PORT_SIGNATURE)) != signatures[working]) {
            tap_say("port %u: status 0x%x, signature 0x%x", working,
                    mmio_read(reg(working, PORT_STATUS)),
                    mmio_read(reg(working, PORT_SIGNATURE)));
            return false;
        }
    }
    return read_cd(0, 1);
}

static bool start_nothing(void)
{
    working = DISK;
    return true;
}

static bool one(unsigned port, uint8_t code, unsigned pieces)
{
    uint32_t lba = code == ATA_WRITE || code == ATA_WRITE_DMA ? WORK_SCRATCH
                                                              : 0;

    work_fill(data(0), lba, SECTORS, work_seed);
    prepare(port, 0, code, lba, SECTORS, data(0), SECTORS * WORK_SECTOR,
            pieces);
    issue(port, 1, false);
    return true;
}

static bool start_pio_read(void)
{
    return one(DISK, ATA_READ, 8);
}

static bool start_pio_write(void)
{
    return one(DISK, ATA_WRITE, 8);
}

static bool start_dma_read(void)
{
    return one(DISK, ATA_READ_DMA, 1);
}

static bool start_dma_write(void)
{
    return one(DISK, ATA_WRITE_DMA, 8);
}

static bool all(unsigned port, uint8_t code)
{
    bool ncq = code == ATA_READ_NCQ || code == ATA_WRITE_NCQ;
    bool write = code == ATA_WRITE_NCQ || code == ATA_WRITE_DMA;

    for (unsigned slot = 0; slot < SLOTS; slot++) {
        uint32_t lba = WORK_SCRATCH + slot * SECTORS;

        if (write) {
            work_fill(data(slot), lba, SECTORS, work_seed);
        }
        prepare(port, slot, code, lba, SECTORS, data(slot),
                SECTORS * WORK_SECTOR, 4);
    }
    issue(port, UINT32_MAX, ncq);
    return true;
}

static bool start_ncq_read(void)
{
    return all(DISK, ATA_READ_NCQ);
}

static bool start_ncq_write(void)
{
    return all(DISK, ATA_WRITE_NCQ);
}

static bool start_queued(void)
{
    return all(DISK, ATA_READ_DMA);
}

static bool start_stopped(void)
{
    start_ncq_read();
    mmio_write(reg(DISK, PORT_COMMAND), COMMAND_SPIN_UP);
    return work_wait(is_stopped, WORK_PATIENCE);
}

static bool start_port_reset(void)
{
    start_ncq_read();
    mmio_write(reg(DISK, PORT_CONTROL), CONTROL_RESET);
    return true;
}

/* The first half of a software reset: SRST is set, in slot 31 */
static bool start_soft_reset(void)
{
    start_dma_read();
    prepare(DISK, 31, 0, 0, 0, NULL, 0, 0);
    port_memory(DISK)->tables[31].fis[1] = 0;
    port_memory(DISK)->tables[31].fis[15] = 4;
    mmio_write(reg(DISK, PORT_ISSUE), 1u << 31);
    return true;
}

static bool start_flush(void)
{
    start_ncq_write();
    if (!work_wait(is_idle, WORK_PATIENCE)) {
        return false;
    }
    prepare(DISK, 0, ATA_FLUSH, 0, 0, NULL, 0, 0);
    issue(DISK, 1, false);
    return true;
}

static bool start_trim(void)
{
    memset(data(0), 0, WORK_SECTOR);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t *range = (uint32_t *)data(0) + 2 * i;

        range[0] = WORK_SCRATCH + 8 * i;
        range[1] = 8 << 16;
    }
    prepare(DISK, 0, ATA_DATA_SET_MANAGEMENT, 0, 1, data(0), WORK_SECTOR, 1);
    issue(DISK, 1, false);
    return true;
}

static bool start_both_ports(void)
{
    start_ncq_read();
    return one(DISK_2, ATA_READ_DMA, 1);
}

static bool start_cd_beside_ncq(void)
{
    /* Its throttle lets the first two through */
    read_cd(0, 1);
    read_cd(0, 1);
    start_ncq_read();
    issue_packet(SCSI_READ_10, 1, CD_SECTORS, CD_SECTORS * CD_SECTOR);
    return true;
}

static bool finish_cd(void)
{
    working = CD;
    return work_wait(is_idle, WORK_PATIENCE) && no_error() &&
           work_check(aside, 4, CD_SECTORS * 4, WORK_SEED_HOST);
}

/* The disk of port 0 stays, and is in the middle of its own */
static bool start_aux(void)
{
    one(DISK_2, ATA_READ_DMA, 1);
    prepare(DISK, 3, ATA_READ_NCQ, 0, SECTORS, disk_aside, sizeof(disk_aside),
            2);
    issue(DISK, 1 << 3, true);
    return true;
}

static bool finish_aux(void)
{
    working = DISK;
    /* What it receives is among the targets */
    start_port(DISK);
    return work_wait(is_idle, WORK_PATIENCE) && no_error() &&
           work_check(disk_aside, 0, WORK_MARKS, work_seed);
}

static const WorkPhase phases[] = {
    { .name = "idle", .start = start_nothing, .idle = true },
    { .name = "pio-read", .start = start_pio_read },
    { .name = "pio-write", .start = start_pio_write },
    { .name = "dma-read", .start = start_dma_read },
    { .name = "dma-write", .start = start_dma_write },
    { .name = "ncq-read", .start = start_ncq_read },
    { .name = "ncq-write", .start = start_ncq_write },
    { .name = "queued", .start = start_queued },
    { .name = "stopped", .start = start_stopped, .idle = true },
    { .name = "port-reset", .start = start_port_reset, .idle = true },
    { .name = "soft-reset", .start = start_soft_reset, .idle = true },
    { .name = "flush", .start = start_flush, .idle = true },
    { .name = "trim", .start = start_trim, .idle = true },
    { .name = "both-ports", .start = start_both_ports },
    { .name = "cd-beside-ncq",
      .start = start_cd_beside_ncq, .finish = finish_cd },
    { .name = "aux-ncq",
      .start = start_aux, .finish = finish_aux, .mask = UNPLUG_AUX_IDE },
    { },
};

static bool outstanding(void)
{
    return !is_idle();
}

/* As if its cable were pulled: as the port that never had one */
static bool empty(unsigned port)
{
    static const uint8_t compared[] = {
        PORT_STATUS, PORT_SIGNATURE, PORT_TASK_FILE, PORT_ISSUE, PORT_ACTIVE,
    };
    bool ok = true;

    for (unsigned i = 0; i < ARRAY_SIZE(compared); i++) {
        uint32_t is = mmio_read(reg(port, compared[i]));
        uint32_t must = mmio_read(reg(last_port, compared[i]));

        if (is != must) {
            tap_say("port %u, register 0x%x: 0x%x, that of an empty port "
                    "0x%x", port, compared[i], is, must);
            ok = false;
        }
    }
    return ok;
}

static bool gone(uint16_t mask)
{
    bool ok = empty(DISK_2);

    working = DISK;
    if (mask == UNPLUG_AUX_IDE) {
        return has_device() && ok;
    }
    return empty(DISK) && ok;
}

/*
 * An empty port of QEMU tells of an error by a FIS when it is started, and so
 * may one that has become empty: these are received elsewhere.
 */
static void poke_port(unsigned port)
{
    static uint8_t fis[256] __attribute__((aligned(256)));

    working = port;
    mmio_write(reg(port, PORT_COMMAND), COMMAND_SPIN_UP);
    mmio_write(reg(port, PORT_LIST), address(port_memory(DISK)->list));
    mmio_write(reg(port, PORT_FIS), address(fis));
    for (unsigned code = 0; code < 256; code++) {
        prepare(DISK, code % SLOTS, code, 0, SECTORS, data(code % SLOTS),
                SECTORS * WORK_SECTOR, 8);
        mmio_write(reg(port, PORT_COMMAND),
                   COMMAND_SPIN_UP | COMMAND_FIS | COMMAND_START);
        mmio_write(reg(port, PORT_ACTIVE), 1u << code % SLOTS);
        mmio_write(reg(port, PORT_ISSUE), 1u << code % SLOTS);
        if (code % SLOTS == SLOTS - 1) {
            mmio_write(reg(port, PORT_COMMAND), COMMAND_SPIN_UP);
        }
    }
    for (unsigned offset = PORT_IRQ_STATUS; offset < PORT_BYTES; offset += 4) {
        mmio_read(reg(port, offset));
        mmio_write(reg(port, offset), UINT32_MAX);
        mmio_write(reg(port, offset), 0);
    }
    mmio_write(reg(port, PORT_CONTROL), CONTROL_RESET);
    mmio_write(reg(port, PORT_CONTROL), 0);
    mmio_write(reg(port, PORT_COMMAND), COMMAND_SPIN_UP);
}

static void poke(void)
{
    for (unsigned port = DISK; port < PORTS; port += DISK_2) {
        working = port;
        if (!has_device()) {
            poke_port(port);
        }
    }
    poke_port(last_port);
}

static bool rest(void)
{
    return read_cd(7, 2);
}

const Worker work_ahci = {
    .name = "ahci",
    .mask = UNPLUG_DISKS,
    .disk = true,
    .phases = phases,
    .find = find,
    .transfer = transfer,
    .outstanding = outstanding,
    .gone = gone,
    .poke = poke,
    .rest = rest,
};
