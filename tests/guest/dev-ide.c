/*
 * IDE at work: PIO, bus-master DMA and packets on the four legacy positions
 *
 *   primary    master: disk, with the marks      slave: disk
 *   secondary  master: disk                      slave: CD, which stays
 *
 * A command goes through the task file of its channel, at the command block's
 * ports.  PIO data then pass through the data port, a sector at a time, while
 * DRQ is set.  For DMA the command arms the drive, and nothing moves until the
 * bus master of the channel, in BAR4 of the controller, is started with a table
 * of regions (PRD).  Each of these steps is a phase.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "ide.h"
#include "io.h"
#include "persona.h"
#include "tap.h"
#include "work.h"

/* Offsets from the command block */
enum { DATA, FEATURES, COUNT, LBA_LOW, LBA_MID, LBA_HIGH, DEVICE, COMMAND };
#define STATUS                  COMMAND

#define STATUS_ERR              0x01
#define STATUS_DRQ              0x08
#define STATUS_BSY              0x80
#define STATUS_FLOATING         0xff

#define CONTROL_NO_IRQ          0x02
#define CONTROL_SRST            0x04

#define ATA_DATA_SET_MANAGEMENT 0x06
#define ATA_READ                0x20
#define ATA_WRITE               0x30
#define ATA_PACKET              0xa0
#define ATA_READ_DMA            0xc8
#define ATA_WRITE_DMA           0xca
#define ATA_FLUSH               0xe7
#define ATA_IDENTIFY            0xec

#define SCSI_REQUEST_SENSE      0x03
#define SCSI_READ_10            0x28

/* The bus master's registers, one set of 8 for each channel */
#define BM_COMMAND              0
#define BM_STATUS               2
#define BM_TABLE                4
#define BM_START                0x01
#define BM_TO_MEMORY            0x08
#define BM_ACTIVE               0x01
#define BM_CLEAR                0x06
#define PRD_END                 0x80000000u

#define SECTORS                 8       /* of a transfer */
#define LONG_SECTORS            240
#define CD_SECTOR               2048
#define CD_SECTORS              4       /* of a transfer */

enum { MASTER, SLAVE, SECOND_MASTER, CD };

typedef struct Prd {
    uint32_t base;
    uint32_t flags_size;
} Prd;

static const uint16_t command_block[] = { 0x1f0, 0x170 };
static const uint16_t control_block[] = { 0x3f6, 0x376 };

static uint16_t bus_master;
static unsigned working;        /* the position that start() left working */

/* Of what stays: not to be among the targets */
static uint32_t aside[CD_SECTORS * CD_SECTOR / 4]
    __attribute__((aligned(4096)));
static Prd aside_prd[1] __attribute__((aligned(8)));

static Prd *const prd = (Prd *)work_table;

static uint16_t reg(unsigned position, unsigned offset)
{
    return command_block[position / 2] + offset;
}

static uint16_t bm(unsigned position, unsigned offset)
{
    return bus_master + position / 2 * 8 + offset;
}

static bool is_idle(void)
{
    return !(inb(control_block[working / 2]) & STATUS_BSY);
}

static bool has_data(void)
{
    return (inb(control_block[working / 2]) & (STATUS_BSY | STATUS_DRQ)) ==
           STATUS_DRQ;
}

static bool dma_done(void)
{
    return !(inb(bm(working, BM_STATUS)) & BM_ACTIVE);
}

static void select(unsigned position, uint32_t lba)
{
    working = position;
    outb(reg(position, DEVICE), 0xe0 | (position & 1) << 4 | lba >> 24);
}

static void command(unsigned position, uint8_t code, uint32_t lba,
                    unsigned sectors)
{
    select(position, lba);
    outb(reg(position, COUNT), sectors);
    outb(reg(position, LBA_LOW), lba);
    outb(reg(position, LBA_MID), lba >> 8);
    outb(reg(position, LBA_HIGH), lba >> 16);
    outb(reg(position, COMMAND), code);
}

static void read_words(unsigned position, void *buf, unsigned words)
{
    uint16_t *p = buf;

    while (words--) {
        *p++ = inw(reg(position, DATA));
    }
}

static void write_words(unsigned position, const void *buf, unsigned words)
{
    const uint16_t *p = buf;

    while (words--) {
        outw(reg(position, DATA), *p++);
    }
}

/* Pieces of no particular size and alignment, as many as are needed */
static void fill_prd(Prd *table, const void *buf, unsigned bytes,
                     unsigned piece)
{
    uint32_t base = address(buf);

    for (;; table++) {
        /* None may cross a border of 64 KiB; 0 stands for 64 KiB */
        unsigned most = 0x10000 - (base & 0xffff);
        unsigned size = bytes < piece ? bytes : piece;

        size = size < most ? size : most;
        table->base = base;
        table->flags_size = (size & 0xffff) | (size == bytes ? PRD_END : 0);
        if (size == bytes) {
            return;
        }
        base += size;
        bytes -= size;
    }
}

static void start_bus_master(unsigned position, const Prd *table,
                             uint8_t direction)
{
    outb(bm(position, BM_COMMAND), direction);
    outl(bm(position, BM_TABLE), address(table));
    outb(bm(position, BM_STATUS), BM_CLEAR);
    outb(bm(position, BM_COMMAND), direction | BM_START);
}

static void stop_bus_master(unsigned position)
{
    outb(bm(position, BM_COMMAND), 0);
}

static bool transfer(bool write, uint32_t sector, void *buf)
{
    command(MASTER, write ? ATA_WRITE : ATA_READ, sector, 1);
    if (!work_wait(has_data, WORK_PATIENCE)) {
        return false;
    }
    if (write) {
        write_words(MASTER, buf, 256);
    } else {
        read_words(MASTER, buf, 256);
    }
    return work_wait(is_idle, WORK_PATIENCE) &&
           !(inb(reg(MASTER, STATUS)) & (STATUS_ERR | STATUS_DRQ));
}

/* Returns: whether the drive took the packet */
static bool packet(uint8_t opcode, uint32_t lba, unsigned length, bool dma)
{
    uint8_t cdb[12] = {
        opcode, 0, lba >> 24, lba >> 16, lba >> 8, lba, 0, 0, length,
    };

    if (opcode == SCSI_REQUEST_SENSE) {
        cdb[4] = length;
        cdb[8] = 0;
    }
    select(CD, 0);
    if (!work_wait(is_idle, WORK_PATIENCE)) {
        return false;
    }
    outb(reg(CD, FEATURES), dma);
    outb(reg(CD, LBA_MID), CD_SECTOR & 0xff);
    outb(reg(CD, LBA_HIGH), CD_SECTOR >> 8);
    outb(reg(CD, COMMAND), ATA_PACKET);
    if (!work_wait(has_data, WORK_PATIENCE)) {
        return false;
    }
    write_words(CD, cdb, sizeof(cdb) / 2);
    return true;
}

/* Take what a packet's data phases bring, up to @bytes */
static bool take_packet_data(void *buf, unsigned bytes)
{
    uint8_t *p = buf;

    while (work_wait(is_idle, WORK_PATIENCE) && has_data()) {
        unsigned size = inb(reg(CD, LBA_MID)) | inb(reg(CD, LBA_HIGH)) << 8;

        if (!size || size > bytes) {
            return false;
        }
        read_words(CD, p, size / 2);
        p += size;
        bytes -= size;
    }
    return !bytes && !(inb(reg(CD, STATUS)) & (STATUS_BSY | STATUS_ERR));
}

/* A new medium, and each reset, is told of once */
static bool read_cd(uint32_t lba, unsigned sectors)
{
    for (unsigned attempt = 0; attempt < 3; attempt++) {
        memset(aside, 0, sizeof(aside));
        if (packet(SCSI_READ_10, lba, sectors, false) &&
            take_packet_data(aside, sectors * CD_SECTOR)) {
            return work_check(aside, lba * 4, sectors * 4, WORK_SEED_HOST);
        }
        packet(SCSI_REQUEST_SENSE, 0, 18, false);
        take_packet_data(aside, 18);
    }
    return false;
}

static bool find(void)
{
    static const IdeKind wanted[] = { IDE_DISK, IDE_DISK, IDE_DISK, IDE_CD };
    PciFunction function;
    IdeDrive drive;

    if (!pci_find(PCI_CLASS_IDE, 0, &function)) {
        tap_say("there is no IDE controller");
        return false;
    }
    pci_enable(&function);
    bus_master = pci_bar(&function, 4);
    for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
        ide_identify(i, &drive);
        if (drive.kind != wanted[i]) {
            tap_say("IDE %s: %s", ide_position_name(i),
                    ide_kind_name(drive.kind));
            return false;
        }
    }
    outb(control_block[0], CONTROL_NO_IRQ);
    outb(control_block[1], CONTROL_NO_IRQ);
    return read_cd(0, 1);
}

static bool start_nothing(void)
{
    select(MASTER, 0);
    return true;
}

static bool start_pio_read_busy(void)
{
    command(MASTER, ATA_READ, 0, SECTORS);
    return true;
}

static bool start_pio_read(void)
{
    start_pio_read_busy();
    if (!work_wait(has_data, WORK_PATIENCE)) {
        return false;
    }
    read_words(MASTER, work_target, 100);
    return true;
}

static bool start_pio_write(void)
{
    work_fill(work_target, WORK_SCRATCH, SECTORS, work_seed);
    command(MASTER, ATA_WRITE, WORK_SCRATCH, SECTORS);
    if (!work_wait(has_data, WORK_PATIENCE)) {
        return false;
    }
    write_words(MASTER, work_target, 100);
    return true;
}

static bool start_pio_write_busy(void)
{
    if (!start_pio_write()) {
        return false;
    }
    write_words(MASTER, work_target + 200, 156);
    return true;
}

static bool arm(unsigned position, uint8_t code, uint32_t lba,
                unsigned sectors, unsigned piece)
{
    if (code == ATA_WRITE_DMA) {
        work_fill(work_target, lba, sectors, work_seed);
    }
    fill_prd(prd, work_target, sectors * WORK_SECTOR, piece);
    command(position, code, lba, sectors);
    return true;
}

static bool start_dma_read_armed(void)
{
    return arm(MASTER, ATA_READ_DMA, 0, SECTORS, 0x10000);
}

static bool start_dma_write_armed(void)
{
    return arm(MASTER, ATA_WRITE_DMA, WORK_SCRATCH, SECTORS, 0x10000);
}

static bool start_dma_read(void)
{
    arm(MASTER, ATA_READ_DMA, 0, SECTORS, 0x10000);
    start_bus_master(MASTER, prd, BM_TO_MEMORY);
    return true;
}

static bool start_dma_write(void)
{
    arm(MASTER, ATA_WRITE_DMA, WORK_SCRATCH, SECTORS, 0x10000);
    start_bus_master(MASTER, prd, 0);
    return true;
}

static bool start_dma_read_long(void)
{
    arm(MASTER, ATA_READ_DMA, 0, LONG_SECTORS, 1234);
    start_bus_master(MASTER, prd, BM_TO_MEMORY);
    return true;
}

static bool start_dma_write_long(void)
{
    arm(MASTER, ATA_WRITE_DMA, WORK_SCRATCH, LONG_SECTORS, 1234);
    start_bus_master(MASTER, prd, 0);
    return true;
}

static bool start_dma_stopped(void)
{
    start_dma_read();
    stop_bus_master(MASTER);
    return true;
}

static bool start_flush(void)
{
    /* Without something to flush it may be done at once */
    work_fill(work_target, WORK_SCRATCH, 1, work_seed);
    transfer(true, WORK_SCRATCH, work_target);
    command(MASTER, ATA_FLUSH, 0, 0);
    return true;
}

static bool start_trim(void)
{
    memset(work_target, 0, WORK_SECTOR);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t *range = (uint32_t *)work_target + 2 * i;

        range[0] = WORK_SCRATCH + 8 * i;
        range[1] = 8 << 16;
    }
    select(MASTER, 0);
    outb(reg(MASTER, FEATURES), 1);
    fill_prd(prd, work_target, WORK_SECTOR, 0x10000);
    command(MASTER, ATA_DATA_SET_MANAGEMENT, 0, 1);
    start_bus_master(MASTER, prd, 0);
    return true;
}

static bool start_identify(void)
{
    command(MASTER, ATA_IDENTIFY, 0, 0);
    if (!work_wait(has_data, WORK_PATIENCE)) {
        return false;
    }
    read_words(MASTER, work_target, 100);
    return true;
}

static bool start_srst(void)
{
    start_dma_read();
    outb(control_block[0], CONTROL_NO_IRQ | CONTROL_SRST);
    return true;
}

static bool start_both_units(void)
{
    command(SLAVE, ATA_READ, 0, SECTORS);
    command(MASTER, ATA_READ, 0, SECTORS);
    return true;
}

/* Have the throttle of a disk that was at rest let nothing more through */
static bool warm_up(unsigned position)
{
    for (unsigned i = 0; i < 2; i++) {
        command(position, ATA_READ, 0, 1);
        if (!work_wait(has_data, WORK_PATIENCE)) {
            return false;
        }
        read_words(position, work_target, 256);
    }
    return true;
}

static bool start_slave(void)
{
    if (!warm_up(SLAVE)) {
        return false;
    }
    arm(SLAVE, ATA_READ_DMA, 0, SECTORS, 0x10000);
    start_bus_master(SLAVE, prd, BM_TO_MEMORY);
    return true;
}

static bool start_both_channels(void)
{
    arm(SECOND_MASTER, ATA_READ_DMA, 0, SECTORS, 0x10000);
    start_bus_master(SECOND_MASTER, prd, BM_TO_MEMORY);
    return start_dma_read();
}

/*
 * A channel has one command at a time, so here the disk beside the CD has had
 * its own.  The CD's data are read half.
 */
static bool start_cd_beside_pio(void)
{
    start_dma_read();
    if (!packet(SCSI_READ_10, 1, CD_SECTORS, false) ||
        !work_wait(has_data, WORK_PATIENCE)) {
        return false;
    }
    read_words(CD, aside, CD_SECTOR / 4);
    return true;
}

static bool finish_cd_beside_pio(void)
{
    uint8_t *p = (uint8_t *)aside + CD_SECTOR / 2;

    read_words(CD, p, CD_SECTOR / 4);
    p += CD_SECTOR / 2;
    return take_packet_data(p, (CD_SECTORS - 1) * CD_SECTOR) &&
           work_check(aside, 4, CD_SECTORS * 4, WORK_SEED_HOST);
}

static bool start_cd_beside_dma(void)
{
    /* Its throttle lets the first two through */
    read_cd(0, 1);
    read_cd(0, 1);
    start_dma_read();
    fill_prd(aside_prd, aside, sizeof(aside), 0x10000);
    if (!packet(SCSI_READ_10, 1, CD_SECTORS, true)) {
        return false;
    }
    start_bus_master(CD, aside_prd, BM_TO_MEMORY);
    return true;
}

static bool finish_cd_dma(void)
{
    working = CD;
    return work_wait(dma_done, WORK_PATIENCE) &&
           work_wait(is_idle, WORK_PATIENCE) &&
           !(inb(reg(CD, STATUS)) & (STATUS_ERR | STATUS_DRQ)) &&
           work_check(aside, 4, CD_SECTORS * 4, WORK_SEED_HOST);
}

/* The CD's DMA is armed, and started after the disk has gone */
static bool start_cd_armed(void)
{
    /* Its throttle lets the first two through */
    read_cd(0, 1);
    read_cd(0, 1);
    start_dma_read();
    fill_prd(aside_prd, aside, sizeof(aside), 0x10000);
    return packet(SCSI_READ_10, 1, CD_SECTORS, true);
}

static bool finish_cd_armed(void)
{
    start_bus_master(CD, aside_prd, BM_TO_MEMORY);
    return finish_cd_dma();
}

/* No driver does this, and what comes of the data is open */
static bool start_cd_and_disk(void)
{
    command(SECOND_MASTER, ATA_READ, 0, SECTORS);
    fill_prd(prd, work_target, CD_SECTORS * CD_SECTOR, 0x10000);
    if (!packet(SCSI_READ_10, 1, CD_SECTORS, true)) {
        return false;
    }
    start_bus_master(CD, prd, BM_TO_MEMORY);
    return true;
}

static bool start_disk_beside_cd(void)
{
    if (!warm_up(SECOND_MASTER)) {
        return false;
    }
    arm(SECOND_MASTER, ATA_READ_DMA, 0, SECTORS, 0x10000);
    start_bus_master(SECOND_MASTER, prd, BM_TO_MEMORY);
    return true;
}

/* The first master stays, and is in the middle of its own */
static bool start_aux_dma(void)
{
    memset(aside, 0, sizeof(aside));
    fill_prd(aside_prd, aside, SECTORS * WORK_SECTOR, 0x10000);
    arm(SECOND_MASTER, ATA_READ_DMA, 0, SECTORS, 0x10000);
    start_bus_master(SECOND_MASTER, prd, BM_TO_MEMORY);
    command(MASTER, ATA_READ_DMA, 0, SECTORS);
    start_bus_master(MASTER, aside_prd, BM_TO_MEMORY);
    return true;
}

static bool finish_aux_dma(void)
{
    working = MASTER;
    return work_wait(dma_done, WORK_PATIENCE) &&
           work_wait(is_idle, WORK_PATIENCE) &&
           work_check(aside, 0, WORK_MARKS, work_seed);
}

static bool start_aux_pio(void)
{
    arm(SECOND_MASTER, ATA_READ_DMA, 0, SECTORS, 0x10000);
    start_bus_master(SECOND_MASTER, prd, BM_TO_MEMORY);
    command(MASTER, ATA_READ, 0, SECTORS);
    if (!work_wait(has_data, WORK_PATIENCE)) {
        return false;
    }
    read_words(MASTER, aside, 100);
    return true;
}

static bool finish_aux_pio(void)
{
    uint8_t *p = (uint8_t *)aside;

    working = MASTER;
    read_words(MASTER, p + 200, 156);
    for (unsigned i = 1; i < SECTORS; i++) {
        if (!work_wait(has_data, WORK_PATIENCE)) {
            return false;
        }
        read_words(MASTER, p + i * WORK_SECTOR, 256);
    }
    return work_check(aside, 0, WORK_MARKS, work_seed);
}

static const WorkPhase phases[] = {
    { .name = "idle", .start = start_nothing, .idle = true },
    { .name = "pio-read", .start = start_pio_read },
    { .name = "pio-read-busy", .start = start_pio_read_busy },
    { .name = "pio-write", .start = start_pio_write },
    { .name = "pio-write-busy", .start = start_pio_write_busy },
    { .name = "dma-read-armed", .start = start_dma_read_armed },
    { .name = "dma-write-armed", .start = start_dma_write_armed },
    { .name = "dma-read", .start = start_dma_read },
    { .name = "dma-write", .start = start_dma_write },
    { .name = "dma-read-long", .start = start_dma_read_long },
    { .name = "dma-write-long", .start = start_dma_write_long },
    { .name = "dma-stopped", .start = start_dma_stopped, .idle = true },
    { .name = "flush", .start = start_flush, .idle = true },
    { .name = "trim", .start = start_trim, .idle = true },
    { .name = "identify", .start = start_identify },
    { .name = "srst", .start = start_srst },
    { .name = "both-units", .start = start_both_units },
    { .name = "slave", .start = start_slave },
    { .name = "both-channels", .start = start_both_channels },
    { .name = "cd-beside-pio",
      .start = start_cd_beside_pio, .finish = finish_cd_beside_pio },
    { .name = "cd-beside-dma",
      .start = start_cd_beside_dma, .finish = finish_cd_dma },
    { .name = "cd-armed", .start = start_cd_armed, .finish = finish_cd_armed },
    { .name = "cd-and-disk", .start = start_cd_and_disk, .idle = true },
    { .name = "disk-beside-cd", .start = start_disk_beside_cd },
    { .name = "aux-dma",
      .start = start_aux_dma, .finish = finish_aux_dma,
      .mask = UNPLUG_AUX_IDE },
    { .name = "aux-pio",
      .start = start_aux_pio, .finish = finish_aux_pio,
      .mask = UNPLUG_AUX_IDE },
    { },
};

static bool outstanding(void)
{
    return (inb(control_block[working / 2]) & (STATUS_BSY | STATUS_DRQ)) ||
           (inb(bm(working, BM_STATUS)) & BM_ACTIVE);
}

static bool gone(uint16_t mask)
{
    bool ok = true;
    IdeDrive drive;

    for (unsigned i = 0; i < IDE_POSITIONS; i++) {
        IdeKind must = i == CD ? IDE_CD :
                       i == MASTER && mask == UNPLUG_AUX_IDE ? IDE_DISK :
                       IDE_NONE;

        ide_identify(i, &drive);
        if (drive.kind != must) {
            tap_say("IDE %s: %s", ide_position_name(i),
                    ide_kind_name(drive.kind));
            ok = false;
        }
        outb(control_block[i / 2], CONTROL_NO_IRQ);
    }
    return ok;
}

static void poke_unit(unsigned position, unsigned code)
{
    outb(reg(position, FEATURES), code & 1);
    command(position, code, code & 7, 1 + code % 8);
    inb(reg(position, STATUS));
    for (unsigned i = 0; i < 4; i++) {
        inw(reg(position, DATA));
        outw(reg(position, DATA), 0xffff);
    }
    fill_prd(prd, work_target, 8 * WORK_SECTOR, 0x10000);
    start_bus_master(position, prd, code & 2 ? BM_TO_MEMORY : 0);
    for (unsigned i = 0; i < 8; i++) {
        inb(reg(position, i));
        inb(bm(position, i));
    }
    inb(control_block[position / 2]);
    stop_bus_master(position);
}

static void poke(void)
{
    IdeDrive drive;

    for (unsigned position = MASTER; position < CD; position++) {
        ide_identify(position, &drive);
        outb(control_block[position / 2], CONTROL_NO_IRQ);
        for (unsigned code = 0; code < 256 && drive.kind == IDE_NONE; code++) {
            poke_unit(position, code);
        }
        outb(control_block[position / 2], CONTROL_NO_IRQ | CONTROL_SRST);
        outb(control_block[position / 2], CONTROL_NO_IRQ);
    }
    /* A reset leaves it without status until it is used */
    read_cd(0, 1);
}

static bool rest(void)
{
    return read_cd(7, 2);
}

const Worker work_ide = {
    .name = "ide",
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
