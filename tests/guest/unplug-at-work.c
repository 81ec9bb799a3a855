/*
 * test=unplug-at-work: device= goes while it is in the middle of a transfer
 *
 * For each phase of the device's work, or for the one that phase= names:
 *
 *   find, write and read marks -> start the phase -> unplug
 *     -> fill what the device may write to, and watch it
 *     -> what stays goes on, its place is empty, its registers do nothing
 *     -> unplug again
 *
 * With reboot=1 a reset of the machine follows each phase, after which the
 * device must be back, with what was written on it; what to go on with, and the
 * number of results, are in CMOS memory then.  Without, phase= is needed.
 *
 * With pv=1 the PV disk xvda is the same image: the marks are read from there
 * when the device is gone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "blkfront.h"
#include "cpu.h"
#include "console.h"
#include "events.h"
#include "exit.h"
#include "guest-xen.h"
#include "io.h"
#include "tap.h"
#include "work.h"
#include "xen-tests.h"

#define UNPLUG_PORT         0x10
#define XVDA                51712

#define RESET_PORT          0xcf9
#define RESET_HARD          0x06

#define CMOS_INDEX          0x70
#define CMOS_DATA           0x71
#define CMOS_MARK           0xb7

/* In CMOS memory, where firmware keeps nothing */
enum {
    CMOS_MARKED = 0x68,
    CMOS_PHASE,
    CMOS_SEED,                  /* 0: there are no marks */
    CMOS_RESULTS,               /* 16 bits each */
    CMOS_FAILURES = CMOS_RESULTS + 2,
};

/* Nobody writes this by chance, and no disk holds it */
#define FILL                0x5a

uint8_t work_target[WORK_TARGET_BYTES] __attribute__((aligned(4096)));
uint8_t work_table[WORK_TABLE_BYTES] __attribute__((aligned(4096)));
uint32_t work_seed;

static uint8_t table_copy[WORK_TABLE_BYTES];

/* Where the choices of device= are */
static const Worker *const workers[] = {
    &work_ide, &work_ahci, &work_nvme, &work_lsi, &work_e1000, &work_rtl8139,
};

static uint32_t word(uint32_t sector, uint32_t i, uint32_t seed)
{
    return sector * 0x01000193 + i + seed * 0x9e3779b1;
}

void work_fill(void *buf, uint32_t sector, unsigned sectors, uint32_t seed)
{
    uint32_t *p = buf;

    for (unsigned i = 0; i < sectors * WORK_SECTOR / 4; i++) {
        p[i] = word(sector + i / (WORK_SECTOR / 4), i % (WORK_SECTOR / 4),
                    seed);
    }
}

bool work_check(const void *buf, uint32_t sector, unsigned sectors,
                uint32_t seed)
{
    const uint32_t *p = buf;

    for (unsigned i = 0; i < sectors * WORK_SECTOR / 4; i++) {
        uint32_t n = sector + i / (WORK_SECTOR / 4);
        uint32_t must = word(n, i % (WORK_SECTOR / 4), seed);

        if (p[i] != must) {
            tap_say("sector %u, word %u: 0x%x, not 0x%x", n,
                    i % (WORK_SECTOR / 4), p[i], must);
            return false;
        }
    }
    return true;
}

/* Leave the CPU to the host */
static void sleep_us(uint32_t us)
{
    struct sched_poll op = { .timeout = time_now() + (uint64_t)us * 1000 };

    while (time_now() < op.timeout) {
        sched_op(SCHEDOP_poll, &op);
    }
}

bool work_wait(bool (*done)(void), uint32_t ms)
{
    uint64_t end = time_now() + (uint64_t)ms * 1000000;

    while (!done()) {
        if (time_now() > end) {
            return false;
        }
        sleep_us(100);
    }
    return true;
}

bool work_no_function(const PciFunction *f)
{
    uint32_t id = pci_config_read(f, 0);

    if (id != UINT32_MAX) {
        tap_say("%02x:%02x.%x is %04x:%04x", f->bus, f->device, f->function,
                id & 0xffff, id >> 16);
    }
    return id == UINT32_MAX;
}

void work_poke_function(const PciFunction *f, const uint32_t bars[6])
{
    for (unsigned offset = 0; offset < 0x100; offset += 4) {
        pci_config_write(f, offset, UINT32_MAX);
        pci_config_read(f, offset);
    }
    for (unsigned bar = 0; bar < 6; bar++) {
        pci_config_write(f, 0x10 + 4 * bar, bars[bar]);
    }
    pci_config_write(f, 4, 7);
}

void work_poke_memory(uint32_t addr, uint32_t bytes)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < bytes; i += 4) {
        uint32_t value = mmio_read(addr + i);

        /* What is nowhere reads so, on one machine or another */
        left += value && value != UINT32_MAX;
        mmio_write(addr + i, UINT32_MAX);
        mmio_write(addr + i, 0);
        mmio_write(addr + i, address(work_target));
    }
    tap_equal(0, left, "no register at 0x%x is left", addr);
}

void work_poke_ports(uint16_t port, unsigned bytes)
{
    uint32_t left = 0;

    for (unsigned i = 0; i < bytes; i += 4) {
        left += inl(port + i) != UINT32_MAX;
        outl(port + i, UINT32_MAX);
        outl(port + i, 0);
        outl(port + i, address(work_target));
    }
    tap_equal(0, left, "no register at port 0x%x is left", port);
}

static uint8_t cmos_read(uint8_t index)
{
    outb(CMOS_INDEX, index);
    return inb(CMOS_DATA);
}

static void cmos_write(uint8_t index, uint8_t value)
{
    outb(CMOS_INDEX, index);
    outb(CMOS_DATA, value);
}

static uint32_t cmos_read16(uint8_t index)
{
    return cmos_read(index) | cmos_read(index + 1) << 8;
}

static void cmos_write16(uint8_t index, uint32_t value)
{
    cmos_write(index, value);
    cmos_write(index + 1, value >> 8);
}

/* Come back with phase number @phase */
static _Noreturn void reboot(unsigned phase)
{
    unsigned results, failures;

    tap_count(&results, &failures);
    cmos_write(CMOS_PHASE, phase);
    cmos_write(CMOS_SEED, work_seed);
    cmos_write16(CMOS_RESULTS, results);
    cmos_write16(CMOS_FAILURES, failures);
    cmos_write(CMOS_MARKED, CMOS_MARK);
    tap_say("The machine starts again");
    console_flush();
    outb(RESET_PORT, RESET_HARD);
    for (;;) {
        pause();
    }
}

static bool write_marks(const Worker *worker)
{
    static uint8_t buf[WORK_SECTOR];

    for (uint32_t sector = 0; sector < WORK_MARKS; sector++) {
        work_fill(buf, sector, 1, work_seed);
        if (!worker->transfer(true, sector, buf)) {
            tap_say("sector %u cannot be written", sector);
            return false;
        }
    }
    /* Where the host finds them */
    tap_say("marked: 0x%x", work_seed);
    return true;
}

static bool read_marks(const Worker *worker)
{
    static uint8_t buf[WORK_SECTOR];

    for (uint32_t sector = 0; sector < WORK_MARKS; sector++) {
        memset(buf, 0, sizeof(buf));
        if (!worker->transfer(false, sector, buf)) {
            tap_say("sector %u cannot be read", sector);
            return false;
        }
        if (!work_check(buf, sector, 1, work_seed)) {
            return false;
        }
    }
    return true;
}

/* Does the worker work?  It may have been away. */
static bool works(const Worker *worker, const char *name, bool again)
{
    bool ok = worker->find();

    tap_ok(ok, "%s: the device is %s", name, again ? "back" : "there");
    if (ok && again && worker->disk && work_seed) {
        ok = read_marks(worker);
        tap_ok(ok, "%s: what was written before is on it", name);
    }
    if (ok) {
        work_seed++;
        ok = worker->disk ? write_marks(worker) && read_marks(worker) :
                            worker->transfer(false, 0, NULL);
        tap_ok(ok, "%s: it works", name);
    }
    return ok;
}

/* How many bytes differ from what the targets were filled with */
static uint32_t changed_targets(void)
{
    uint32_t changed = 0;

    for (uint32_t i = 0; i < WORK_TARGET_BYTES; i++) {
        if (work_target[i] != FILL) {
            if (!changed) {
                tap_say("0x%x is 0x%x", address(work_target + i),
                        work_target[i]);
            }
            changed++;
        }
    }
    return changed;
}

static uint32_t changed_tables(void)
{
    uint32_t changed = 0;

    for (uint32_t i = 0; i < WORK_TABLE_BYTES; i++) {
        changed += work_table[i] != table_copy[i];
    }
    return changed;
}

static void run_phase(const Worker *worker, const WorkPhase *phase)
{
    const char *name = phase->name;
    uint16_t mask = phase->mask ? phase->mask : worker->mask;
    uint64_t begin;
    uint32_t us;
    bool outstanding;

    if (!phase->start()) {
        tap_ok(false, "%s: it starts", name);
        return;
    }
    outstanding = worker->outstanding();
    begin = time_now();
    outw(UNPLUG_PORT, mask);
    us = div64(time_now() - begin, 1000);
    /* Nothing may come between, so that nothing late is missed */
    memset(work_target, FILL, sizeof(work_target));
    memcpy(table_copy, work_table, sizeof(table_copy));
    tap_say("%s: the unplug took %u us", name, us);
    if (!phase->idle) {
        tap_ok(outstanding, "%s: it was under way", name);
    }

    if (phase->finish) {
        tap_ok(phase->finish(), "%s: what stays ends what it was doing", name);
    }
    sleep_us(WORK_QUIET * 1000);
    tap_equal(0, changed_targets(), "%s: nothing is written to memory", name);
    tap_equal(0, changed_tables(), "%s: no table is written to", name);
    tap_ok(worker->gone(mask), "%s: its place is empty", name);
    if (worker->rest) {
        tap_ok(worker->rest(), "%s: what stays works", name);
    }

    begin = time_now();
    worker->poke();
    tap_say("%s: poked for %u ms", name,
            (uint32_t)div64(time_now() - begin, 1000000));
    sleep_us(WORK_QUIET * 1000 / 5);
    tap_equal(0, changed_targets(), "%s: its registers do nothing", name);
    outw(UNPLUG_PORT, mask);
    outw(UNPLUG_PORT, mask);
    tap_ok(worker->gone(mask), "%s: its place is empty after another", name);
    if (worker->rest) {
        tap_ok(worker->rest(), "%s: what stays still works", name);
    }
}

/* The image is free for the PV disk */
static void read_by_pv(void)
{
    static uint8_t buf[XEN_GUEST_PAGE_SIZE]
        __attribute__((aligned(XEN_GUEST_PAGE_SIZE)));
    XenGuest *g = guest_xen();
    static XenStore store;
    static GrantTable grants;
    static Blkfront disk;

    if (!xenstore_init(&store, g) || !gnttab_init(&grants, g) ||
        !blkfront_init(&disk, &store, &grants, XVDA) ||
        !blkfront_connect(&disk, BLKFRONT_32, 0)) {
        tap_ok(false, "there is xvda");
        return;
    }
    tap_equal(BLKIF_RSP_OKAY,
              blkfront_transfer(&disk, BLKIF_OP_READ, 0, WORK_MARKS,
                                address(buf)), "xvda is read");
    tap_ok(work_check(buf, 0, WORK_MARKS, work_seed),
           "what was written before is on xvda");
    tap_ok(blkfront_disconnect(&disk), "xvda closes");
}

void xen_test_unplug_at_work(const Args *args)
{
    const Worker *worker = workers[args->value[ARG_DEVICE]];
    bool again = cmos_read(CMOS_MARKED) == CMOS_MARK;
    unsigned first = 0, last = 0, i;

    for (i = 0; worker->phases[i].name; i++) {
        if (args->phase && !strcmp(args->phase, worker->phases[i].name)) {
            first = last = i;
            break;
        }
        last = i;
    }
    if (args->phase && !strcmp(args->phase, "list")) {
        for (i = 0; worker->phases[i].name; i++) {
            console_printf("phase %s\n", worker->phases[i].name);
        }
        tap_ok(true, "listed");
        return;
    }
    if (args->phase && !worker->phases[i].name) {
        tap_bail_out("phase=%s is not known; phase=list lists all",
                     args->phase);
        return;
    }
    if (!args->phase && !args->value[ARG_AND_REBOOT]) {
        tap_bail_out("test=unplug-at-work needs phase= or reboot=1");
        return;
    }

    if (!events_start()) {
        return;
    }
    i = first;
    if (again) {
        i = cmos_read(CMOS_PHASE);
        work_seed = cmos_read(CMOS_SEED);
        tap_resume(cmos_read16(CMOS_RESULTS), cmos_read16(CMOS_FAILURES));
        cmos_write(CMOS_MARKED, 0);
    }
    if (!works(worker, i > last ? "after all" : worker->phases[i].name,
               again)) {
        return;
    }
    if (i > last) {
        return;
    }
    run_phase(worker, &worker->phases[i]);
    if (worker->phases[i].erases) {
        tap_say("marked: 0x0");
        work_seed = 0;
    } else if (args->value[ARG_PV]) {
        read_by_pv();
    }
    if (args->value[ARG_AND_REBOOT]) {
        reboot(i + 1);
    }
}
