/*
 * LSI 53C895A at work: its SCRIPTS processor, with SCSI commands in each phase
 *
 *   target 0: disk, with the marks     target 1: CD, which may be there
 *
 * The script of a command selects the target, hands over message and command,
 * and then goes wherever the target leads: it moves data, status or a message,
 * or is told to disconnect and waits for being reselected.  A target that has
 * to wait for its image disconnects.  Scripts end by an interrupt, whose number
 * is then in DSPS.
 *
 * With a CD the adapter stays, and only the disk goes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "persona.h"
#include "tap.h"
#include "work.h"

#define LSI                 0x00121000

#define REG_SCNTL1          0x01
#define REG_DSTAT           0x0c
#define REG_ISTAT           0x14
#define REG_DSP             0x2c
#define REG_DSPS            0x30
#define REG_SIEN            0x40
#define REG_SIST0           0x42
#define REG_SIST1           0x43
#define BAR_BYTES           0x100
#define RAM_BYTES           0x2000

#define SCNTL1_RESET        0x08
#define ISTAT_INTERRUPT     0x03
#define ISTAT_RESET         0x40
#define SIST1_NO_TARGET     0x04

/* Instructions: the first word, and phases of the bus in it */
#define MOVE(phase)         (0x08000000 | (phase) << 24)
#define SELECT(id)          (0x41000008 | (id) << 16)
#define WAIT_DISCONNECT     0x48000000
#define WAIT_RESELECT       0x50000000
#define JUMP                0x80080000
#define JUMP_PHASE(phase)   (0x800b0000 | (phase) << 24)
#define JUMP_BYTE(byte)     (0x800c0000 | (byte))
#define INTERRUPT           0x98080000

enum {
    DATA_OUT, DATA_IN, COMMAND, STATUS, MESSAGE_OUT = 6, MESSAGE_IN,
};

/* Numbers of interrupts */
enum { ENDED = 0x100, DISCONNECTED, HALF, LOST, SELECTED_NONE };

#define MESSAGE_IDENTIFY    0xc0
#define MESSAGE_TAG         0x20
#define MESSAGE_DISCONNECT  0x04

#define SCSI_TEST_UNIT_READY    0x00
#define SCSI_REQUEST_SENSE      0x03
#define SCSI_INQUIRY            0x12
#define SCSI_READ               0x28
#define SCSI_WRITE              0x2a
#define SCSI_SYNCHRONIZE        0x35

#define TAGS                16
#define SECTORS             8
#define CD_SECTOR           2048
#define CD_SECTORS          2

typedef struct Script {
    uint32_t words[96];
    uint8_t message[4];
    uint8_t command[12];
} Script;

/* What the adapter writes beside data */
typedef struct Answer {
    uint8_t status;
    uint8_t message;
} Answer;

static PciFunction function;
static uint32_t bars[6];
static uint32_t base;
static bool has_cd;

static Script *const scripts = (Script *)work_table;
static Script cd_script;
static Answer answer_aside;
static Answer *answer;
static uint8_t aside[CD_SECTORS * CD_SECTOR] __attribute__((aligned(4096)));

/* Where scripts go on after a reselection */
static uint32_t cd_reselected;

static uint8_t read8(uint32_t offset)
{
    return __atomic_load_n((uint8_t *)(uintptr_t)(base + offset),
                           __ATOMIC_ACQUIRE);
}

static void write8(uint32_t offset, uint8_t value)
{
    __atomic_store_n((uint8_t *)(uintptr_t)(base + offset), value,
                     __ATOMIC_RELEASE);
}

static uint8_t *data(unsigned n)
{
    return work_target + 0x1000 + n * SECTORS * WORK_SECTOR;
}

static bool has_ended(void)
{
    return read8(REG_ISTAT) & ISTAT_INTERRUPT;
}

/* Returns: the number of the interrupt that has ended the script */
static uint32_t take_interrupt(void)
{
    uint32_t number = mmio_read(base + REG_DSPS);
    uint8_t no_target = 0;

    while (has_ended()) {
        read8(REG_DSTAT);
        read8(REG_SIST0);
        no_target |= read8(REG_SIST1) & SIST1_NO_TARGET;
    }
    return no_target ? SELECTED_NONE : number;
}

static uint32_t wait_interrupt(void)
{
    return work_wait(has_ended, WORK_PATIENCE) ? take_interrupt() : LOST;
}

static void put(uint32_t **p, uint32_t instruction, uint32_t arg)
{
    *(*p)++ = instruction;
    *(*p)++ = arg;
}

/**
 * make_script: that of one command
 *
 * @half: move only so many bytes of data, then interrupt; 0: move all
 * @leave: interrupt when the target disconnects, rather than wait for it
 *
 * Returns: where to go on when it reselects
 */
static uint32_t make_script(Script *script, unsigned target, unsigned tag,
                            const uint8_t *cdb, unsigned cdb_bytes, void *buf,
                            unsigned bytes, unsigned half, bool leave)
{
    uint32_t *p = script->words;
    const unsigned per = 2;
    /* Numbers of instructions */
    enum { LEAD = 3, DATA_IS_IN = 8, DATA_IS_OUT = 11, STATUS_IS = 14,
           MESSAGE_IS = 16, GONE = 20, END = 24 };
    uint32_t at = address(script->words);
    unsigned moved = half ? half : bytes;

    memset(script, 0, sizeof(*script));
    memcpy(script->command, cdb, cdb_bytes);
    script->message[0] = MESSAGE_IDENTIFY;
    script->message[1] = MESSAGE_TAG;
    script->message[2] = tag;

    put(&p, SELECT(target), at + END * per * 4);
    put(&p, MOVE(MESSAGE_OUT) | 3, address(script->message));
    put(&p, MOVE(COMMAND) | cdb_bytes, address(script->command));
    /* LEAD: where does the target want to go? */
    put(&p, JUMP_PHASE(DATA_IN), at + DATA_IS_IN * per * 4);
    put(&p, JUMP_PHASE(DATA_OUT), at + DATA_IS_OUT * per * 4);
    put(&p, JUMP_PHASE(STATUS), at + STATUS_IS * per * 4);
    put(&p, JUMP_PHASE(MESSAGE_IN), at + MESSAGE_IS * per * 4);
    put(&p, INTERRUPT, LOST);
    /* DATA_IS_IN */
    put(&p, MOVE(DATA_IN) | moved, address(buf));
    put(&p, half ? INTERRUPT : JUMP, half ? HALF : at + LEAD * per * 4);
    put(&p, INTERRUPT, LOST);
    /* DATA_IS_OUT */
    put(&p, MOVE(DATA_OUT) | moved, address(buf));
    put(&p, half ? INTERRUPT : JUMP, half ? HALF : at + LEAD * per * 4);
    put(&p, INTERRUPT, LOST);
    /* STATUS_IS */
    put(&p, MOVE(STATUS) | 1, address(&answer->status));
    put(&p, JUMP, at + LEAD * per * 4);
    /* MESSAGE_IS: a byte at a time; most say nothing new */
    put(&p, MOVE(MESSAGE_IN) | 1, address(&answer->message));
    put(&p, JUMP_BYTE(MESSAGE_DISCONNECT), at + GONE * per * 4);
    put(&p, JUMP_BYTE(0), at + (END - 1) * per * 4);
    put(&p, JUMP, at + LEAD * per * 4);
    /* GONE */
    put(&p, WAIT_DISCONNECT, 0);
    put(&p, leave ? INTERRUPT : WAIT_RESELECT, leave ? DISCONNECTED : 0);
    put(&p, JUMP, at + LEAD * per * 4);
    put(&p, WAIT_DISCONNECT, 0);
    /* END */
    put(&p, INTERRUPT, ENDED);
    return at + (GONE + 1) * per * 4;
}

static void run(const Script *script)
{
    answer->status = 0xff;
    mmio_write(base + REG_DSP, address(script->words));
}

static bool run_all(Script *script, unsigned target, const uint8_t *cdb,
                    unsigned cdb_bytes, void *buf, unsigned bytes)
{
    make_script(script, target, 1, cdb, cdb_bytes, buf, bytes, 0, false);
    run(script);
    return wait_interrupt() == ENDED && !answer->status;
}

static void make_read_write(uint8_t cdb[10], uint8_t opcode, uint32_t lba,
                            unsigned blocks)
{
    memset(cdb, 0, 10);
    cdb[0] = opcode;
    cdb[4] = lba >> 8;
    cdb[5] = lba;
    cdb[8] = blocks;
}

static bool transfer(bool write, uint32_t sector, void *buf)
{
    uint8_t cdb[10];

    make_read_write(cdb, write ? SCSI_WRITE : SCSI_READ, sector, 1);
    return run_all(&scripts[0], 0, cdb, sizeof(cdb), buf, WORK_SECTOR);
}

static bool read_cd(uint32_t lba, unsigned blocks)
{
    static uint8_t sense[18];
    static const uint8_t request_sense[6] = {
        SCSI_REQUEST_SENSE, 0, 0, 0, sizeof(sense),
    };
    uint8_t cdb[10];

    make_read_write(cdb, SCSI_READ, lba, blocks);
    for (unsigned attempt = 0; attempt < 3; attempt++) {
        memset(aside, 0, sizeof(aside));
        if (run_all(&cd_script, 1, cdb, sizeof(cdb), aside,
                    blocks * CD_SECTOR)) {
            return work_check(aside, lba * 4, blocks * 4, WORK_SEED_HOST);
        }
        run_all(&cd_script, 1, request_sense, sizeof(request_sense), sense,
                sizeof(sense));
    }
    return false;
}

/* Returns: the type of what @target is, UINT32_MAX if it does not answer */
static uint32_t inquire(unsigned target)
{
    static uint8_t buf[36];
    static const uint8_t inquiry[6] = { SCSI_INQUIRY, 0, 0, 0, sizeof(buf) };

    return run_all(&cd_script, target, inquiry, sizeof(inquiry), buf,
                   sizeof(buf)) ? buf[0] & 0x1f : UINT32_MAX;
}

static void reset(void)
{
    write8(REG_ISTAT, ISTAT_RESET);
    write8(REG_ISTAT, 0);
    write8(REG_SIEN, 0xff);
    write8(REG_SIEN + 1, 0xff);
    take_interrupt();
}

static bool find(void)
{
    static const uint8_t ready[6] = { SCSI_TEST_UNIT_READY };

    if (!pci_find(PCI_CLASS_SCSI, LSI, &function)) {
        tap_say("there is no LSI 53C895A");
        return false;
    }
    pci_enable(&function);
    for (unsigned i = 0; i < 6; i++) {
        bars[i] = pci_bar(&function, i);
    }
    base = bars[1];
    answer = &answer_aside;
    reset();
    if (inquire(0) != 0) {
        tap_say("target 0 is no disk");
        return false;
    }
    has_cd = inquire(1) == 5;
    if (!has_cd) {
        answer = (Answer *)work_target;
    }
    /* It tells once of its reset */
    run_all(&scripts[0], 0, ready, sizeof(ready), NULL, 0);
    return !has_cd || read_cd(0, 1);
}

static bool start_nothing(void)
{
    return true;
}

static void queue(unsigned tag, uint8_t opcode, unsigned half, bool leave)
{
    uint32_t lba = WORK_SCRATCH + tag * SECTORS;
    uint8_t cdb[10];

    make_read_write(cdb, opcode, lba, SECTORS);
    if (opcode == SCSI_WRITE) {
        work_fill(data(tag), lba, SECTORS, work_seed);
    }
    make_script(&scripts[tag], 0, tag + 1, cdb, sizeof(cdb), data(tag),
                SECTORS * WORK_SECTOR, half, leave);
    run(&scripts[tag]);
}

static bool start_reselect(void)
{
    queue(0, SCSI_READ, 0, false);
    return true;
}

static bool start_write(void)
{
    queue(0, SCSI_WRITE, 0, false);
    return true;
}

/* Commands that have disconnected, and nobody waits for them yet */
static bool start_tags(void)
{
    uint32_t number = DISCONNECTED;

    for (unsigned tag = 0; tag < TAGS && number == DISCONNECTED; tag++) {
        queue(tag, SCSI_READ, 0, true);
        number = wait_interrupt();
    }
    return number == DISCONNECTED || number == ENDED;
}

static bool start_half(uint8_t opcode)
{
    uint32_t number;

    queue(0, opcode, 100, false);
    number = wait_interrupt();
    if (number != HALF) {
        tap_say("interrupt 0x%x", number);
    }
    return number == HALF;
}

static bool start_data_in(void)
{
    return start_half(SCSI_READ);
}

static bool start_data_out(void)
{
    return start_half(SCSI_WRITE);
}

/* It goes round until somebody changes its memory */
static bool start_loop(void)
{
    uint32_t *p = scripts[0].words;

    put(&p, JUMP, address(scripts[0].words));
    run(&scripts[0]);
    return true;
}

static bool start_flush(void)
{
    static const uint8_t flush[10] = { SCSI_SYNCHRONIZE };

    start_write();
    if (wait_interrupt() != ENDED) {
        return false;
    }
    make_script(&scripts[0], 0, 1, flush, sizeof(flush), NULL, 0, 0, false);
    run(&scripts[0]);
    return true;
}

static bool start_bus_reset(void)
{
    start_tags();
    write8(REG_SCNTL1, SCNTL1_RESET);
    return true;
}

/* The CD's command has disconnected before the disk's */
static bool start_cd(void)
{
    uint8_t cdb[10];

    if (!has_cd) {
        return start_tags();
    }
    /* Its throttle lets the first two through */
    read_cd(0, 1);
    read_cd(0, 1);
    make_read_write(cdb, SCSI_READ, 1, CD_SECTORS);
    memset(aside, 0, sizeof(aside));
    cd_reselected = make_script(&cd_script, 1, 99, cdb, sizeof(cdb), aside,
                                CD_SECTORS * CD_SECTOR, 0, true);
    run(&cd_script);
    if (wait_interrupt() != DISCONNECTED) {
        return false;
    }
    return start_tags();
}

static bool finish_cd(void)
{
    uint32_t *p = cd_script.words + (cd_reselected -
                                     address(cd_script.words)) / 4;

    if (!has_cd) {
        return true;
    }
    put(&p, WAIT_RESELECT, 0);
    mmio_write(base + REG_DSP, cd_reselected);
    return wait_interrupt() == ENDED && !answer->status &&
           work_check(aside, 4, CD_SECTORS * 4, WORK_SEED_HOST);
}

static const WorkPhase phases[] = {
    { .name = "idle", .start = start_nothing, .idle = true },
    { .name = "reselect", .start = start_reselect },
    { .name = "write", .start = start_write },
    { .name = "tags", .start = start_tags, .idle = true },
    { .name = "data-in", .start = start_data_in, .idle = true },
    { .name = "data-out", .start = start_data_out, .idle = true },
    { .name = "loop", .start = start_loop },
    { .name = "flush", .start = start_flush, .idle = true },
    { .name = "bus-reset", .start = start_bus_reset, .idle = true },
    { .name = "cd", .start = start_cd, .finish = finish_cd, .idle = true },
    { },
};

/* The script has not come to its end */
static bool outstanding(void)
{
    return !has_ended();
}

static bool gone(uint16_t mask)
{
    uint32_t type;

    if (!has_cd) {
        return work_no_function(&function);
    }
    reset();
    type = inquire(0);
    if (type != UINT32_MAX) {
        tap_say("target 0 is of type %u", type);
    }
    return type == UINT32_MAX && inquire(1) == 5;
}

static void poke(void)
{
    if (has_cd) {
        for (unsigned i = 0; i < 16; i++) {
            if (i != 1 && i != 7) {
                tap_ok(inquire(i) == UINT32_MAX, "target %u is not there", i);
                reset();
            }
        }
        return;
    }
    work_poke_memory(base, BAR_BYTES);
    work_poke_memory(bars[2], RAM_BYTES);
    work_poke_ports(bars[0], BAR_BYTES);
    work_poke_function(&function, bars);
    work_poke_memory(base, BAR_BYTES);
}

static bool rest(void)
{
    if (!has_cd) {
        return true;
    }
    reset();
    return read_cd(7, 2);
}

const Worker work_lsi = {
    .name = "lsi",
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
