/*
 * Devices at work: a small driver for each, which leaves transfers under way
 *
 *   dev-ide.c  dev-ahci.c  dev-nvme.c  dev-lsi.c  dev-e1000.c  dev-rtl8139.c
 *        each a Worker: a table of phases and a few functions
 *                    |
 *   unplug-at-work.c: takes the device away in the middle of each phase
 *
 * All that a device may read or write by DMA lies in two areas.  In work_target
 * is what it writes: data, completion queues, received frames.  Once the device
 * has gone, any change there is a fault.  In work_table is what it reads, or
 * reads and writes: commands, scatter lists, rings of descriptors; these stay
 * as they were, so that a device that is still going hits its targets.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_WORK_H
#define XEN_PLATFORM_GUEST_WORK_H

#include "lib.h"
#include "pci.h"

#define WORK_SECTOR         512
#define WORK_TARGET_BYTES   0x80000
#define WORK_TABLE_BYTES    0x20000

/* Sectors of each disk that hold marks, and the first one of later writes */
#define WORK_MARKS          8
#define WORK_SCRATCH        64

/* In ms: as long as anything may take, and longer than any transfer takes */
#define WORK_PATIENCE       20000
#define WORK_QUIET          200

typedef struct WorkPhase {
    const char *name;
    /* Leave transfers under way; false, and a comment, if that fails */
    bool (*start)(void);
    /* End those of what stays; false if they come out wrong.  NULL: none */
    bool (*finish)(void);
    uint16_t mask;              /* what to unplug, if not the worker's */
    bool idle;                  /* nothing has to be outstanding here */
    bool erases;                /* no marks are left afterwards */
} WorkPhase;

typedef struct Worker {
    const char *name;
    uint16_t mask;              /* the unplug that takes it */
    bool disk;                  /* has marks, on its disk */
    const WorkPhase *phases;    /* up to one without a name */

    /* Find and reset the device; false, and a comment, if it is not there */
    bool (*find)(void);
    /* One sector of its disk, or one frame; false if that fails */
    bool (*transfer)(bool write, uint32_t sector, void *buf);
    /* Is what start() has left still under way? */
    bool (*outstanding)(void);
    /* Is its place empty after this unplug?  Comments say what is there */
    bool (*gone)(uint16_t mask);
    /* Write and read all registers that it had */
    void (*poke)(void);
    /* Does what stays beside it still work?  NULL: nothing does */
    bool (*rest)(void);
} Worker;

extern const Worker work_ide, work_ahci, work_nvme, work_lsi, work_e1000,
                    work_rtl8139;

extern uint8_t work_target[WORK_TARGET_BYTES];
extern uint8_t work_table[WORK_TABLE_BYTES];

/* What marks differ by, from boot to boot */
extern uint32_t work_seed;

/* Fill or check sectors of @buf, as they belong to @sector of a disk. */
void work_fill(void *buf, uint32_t sector, unsigned sectors, uint32_t seed);
bool work_check(const void *buf, uint32_t sector, unsigned sectors,
                uint32_t seed);

/* The seed of a disk that the host has filled: a CD */
#define WORK_SEED_HOST 0

/* Returns: whether @done was true within @ms; the CPU sleeps meanwhile */
bool work_wait(bool (*done)(void), uint32_t ms);


/* Is there no function at @f?  A comment says what is. */
bool work_no_function(const PciFunction *f);

/* Write to what was a function's configuration space, as if to revive it. */
void work_poke_function(const PciFunction *f, const uint32_t bars[6]);

/* Write, and read, @bytes at a memory address where nothing should be left. */
void work_poke_memory(uint32_t addr, uint32_t bytes);
void work_poke_ports(uint16_t port, unsigned bytes);

static inline uint32_t address(const void *p)
{
    return (uintptr_t)p;
}

static inline uint32_t mmio_read(uint32_t addr)
{
    return __atomic_load_n((uint32_t *)(uintptr_t)addr, __ATOMIC_ACQUIRE);
}

static inline void mmio_write(uint32_t addr, uint32_t value)
{
    __atomic_store_n((uint32_t *)(uintptr_t)addr, value, __ATOMIC_RELEASE);
}

#endif
