/*
 * NVMe at work: an admin queue and two I/O queues with many commands
 *
 * Queue 0 is for commands to the controller, 1 and 2 are for I/O.  Each has a
 * ring of commands, which a doorbell announces, and one of completions; the
 * guest has taken those up to where another doorbell says.  There may be one
 * namespace or more; the first has the marks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "persona.h"
#include "tap.h"
#include "work.h"

#define REG_CONFIG          0x14
#define REG_STATUS          0x1c
#define REG_ADMIN_SIZES     0x24
#define REG_ADMIN_SQ        0x28
#define REG_ADMIN_CQ        0x30
#define REG_DOORBELLS       0x1000
#define BAR_BYTES           0x2000

#define CONFIG_ENABLE       0x00460001  /* entries of 64 and 16 bytes */
#define CONFIG_SHUTDOWN     0x00004000
#define STATUS_READY        0x1

#define ADMIN_DELETE_SQ     0x00
#define ADMIN_CREATE_SQ     0x01
#define ADMIN_CREATE_CQ     0x05
#define ADMIN_IDENTIFY      0x06
#define ADMIN_ABORT         0x08
#define ADMIN_EVENT         0x0c
#define ADMIN_FORMAT        0x80

#define IO_FLUSH            0x00
#define IO_WRITE            0x01
#define IO_READ             0x02
#define IO_COMPARE          0x05
#define IO_ZEROES           0x08
#define IO_DISCARD          0x09

#define QUEUES              3
#define DEPTH               64
#define SECTORS             8
#define MAX_NAMESPACES      8

typedef struct Command {
    uint8_t opcode;
    uint8_t flags;
    uint16_t id;
    uint32_t nsid;
    uint32_t reserved[4];
    uint32_t data;
    uint32_t data_high;
    uint32_t data_2[2];
    uint32_t args[6];
} Command;

typedef struct Completion {
    uint32_t result;
    uint32_t reserved;
    uint16_t head;
    uint16_t queue;
    uint16_t id;
    uint16_t status;        /* and the phase, in bit 0 */
} Completion;

static struct Queue {
    unsigned tail;
    unsigned head;          /* of the completions */
    unsigned done;
    unsigned issued;
    uint16_t last_status;
    bool phase;
} queues[QUEUES];

static PciFunction function;
static uint32_t bars[6];
static uint32_t base;
static uint32_t namespaces[MAX_NAMESPACES];
static unsigned nr_namespaces;
static unsigned working;
static unsigned completion_depth;

/* Commands are read by the controller, completions written */
static Command *commands(unsigned queue)
{
    return (Command *)work_table + queue * DEPTH;
}

static Completion *completions(unsigned queue)
{
    return (Completion *)(work_target + queue * 0x1000);
}

static uint8_t *data(unsigned n)
{
    return work_target + 0x4000 + n % 112 * SECTORS * WORK_SECTOR;
}

static unsigned depth(unsigned queue)
{
    return queue ? completion_depth : DEPTH;
}

static void doorbell(unsigned queue, bool completion, uint32_t value)
{
    mmio_write(base + REG_DOORBELLS + queue * 8 + completion * 4, value);
}

static Command *next(unsigned queue, uint8_t opcode, uint32_t nsid)
{
    struct Queue *q = &queues[queue];
    Command *command = &commands(queue)[q->tail];

    memset(command, 0, sizeof(*command));
    command->opcode = opcode;
    command->id = q->tail;
    command->nsid = nsid;
    q->tail = (q->tail + 1) % DEPTH;
    q->issued++;
    return command;
}

static void ring(unsigned queue)
{
    working = queue;
    asm volatile("" : : : "memory");
    doorbell(queue, false, queues[queue].tail);
}

static void io(unsigned queue, uint8_t opcode, uint32_t nsid, uint32_t lba,
               unsigned sectors, void *buf)
{
    Command *command = next(queue, opcode, nsid);

    if (opcode == IO_DISCARD) {
        uint32_t *range = buf;

        range[0] = 0;
        range[1] = sectors;
        range[2] = lba;
        range[3] = 0;
        command->args[0] = 0;
        command->args[1] = 4;
    } else if (opcode != IO_FLUSH) {
        command->args[0] = lba;
        command->args[2] = sectors - 1;
    }
    command->data = address(buf);
}

/* Take the completions that are there */
static void take(unsigned queue)
{
    struct Queue *q = &queues[queue];
    bool any = false;

    for (;;) {
        uint16_t status = __atomic_load_n(
            &completions(queue)[q->head].status, __ATOMIC_ACQUIRE);

        if ((status & 1) != !q->phase) {
            break;
        }
        q->last_status = status >> 1;
        q->done++;
        q->head = (q->head + 1) % depth(queue);
        q->phase ^= !q->head;
        any = true;
    }
    if (any) {
        doorbell(queue, true, q->head);
    }
}

static bool all_done(void)
{
    take(working);
    return queues[working].done == queues[working].issued;
}

static bool wait_done(unsigned queue)
{
    working = queue;
    return work_wait(all_done, WORK_PATIENCE) &&
           !queues[queue].last_status;
}

static bool is_ready(void)
{
    return mmio_read(base + REG_STATUS) & STATUS_READY;
}

static bool is_off(void)
{
    return !is_ready();
}

static bool transfer(bool write, uint32_t sector, void *buf)
{
    io(1, write ? IO_WRITE : IO_READ, namespaces[0], sector, 1, buf);
    ring(1);
    return wait_done(1);
}

static bool create_queue(unsigned queue)
{
    Command *command = next(0, ADMIN_CREATE_CQ, 0);

    command->data = address(completions(queue));
    command->args[0] = queue | (depth(queue) - 1) << 16;
    command->args[1] = 1;
    ring(0);
    if (!wait_done(0)) {
        return false;
    }
    command = next(0, ADMIN_CREATE_SQ, 0);
    command->data = address(commands(queue));
    command->args[0] = queue | (DEPTH - 1) << 16;
    command->args[1] = queue << 16 | 1;
    ring(0);
    return wait_done(0);
}

static bool list_namespaces(void)
{
    Command *command = next(0, ADMIN_IDENTIFY, 0);
    const uint32_t *list = (uint32_t *)data(0);

    command->data = address(list);
    command->args[0] = 2;
    ring(0);
    if (!wait_done(0)) {
        return false;
    }
    for (nr_namespaces = 0; nr_namespaces < MAX_NAMESPACES &&
         list[nr_namespaces]; nr_namespaces++) {
        namespaces[nr_namespaces] = list[nr_namespaces];
    }
    return nr_namespaces;
}

static bool bring_up(void)
{
    mmio_write(base + REG_CONFIG, 0);
    if (!work_wait(is_off, WORK_PATIENCE)) {
        return false;
    }
    memset(queues, 0, sizeof(queues));
    memset(work_target, 0, 0x4000);
    mmio_write(base + REG_ADMIN_SIZES, (DEPTH - 1) << 16 | (DEPTH - 1));
    mmio_write(base + REG_ADMIN_SQ, address(commands(0)));
    mmio_write(base + REG_ADMIN_SQ + 4, 0);
    mmio_write(base + REG_ADMIN_CQ, address(completions(0)));
    mmio_write(base + REG_ADMIN_CQ + 4, 0);
    mmio_write(base + REG_CONFIG, CONFIG_ENABLE);
    return work_wait(is_ready, WORK_PATIENCE) && list_namespaces() &&
           create_queue(1) && create_queue(2);
}

static bool find(void)
{
    if (!pci_find(PCI_CLASS_NVME, 0, &function)) {
        tap_say("there is no NVMe controller");
        return false;
    }
    pci_enable(&function);
    for (unsigned i = 0; i < 6; i++) {
        bars[i] = pci_bar(&function, i);
    }
    base = bars[0];
    completion_depth = DEPTH;
    if (!bring_up()) {
        tap_say("the controller's status is 0x%x",
                mmio_read(base + REG_STATUS));
        return false;
    }
    tap_say("there are %u namespaces", nr_namespaces);
    return true;
}

static bool start_nothing(void)
{
    return true;
}

static void many(unsigned queue, const uint8_t *opcodes, unsigned nr)
{
    for (unsigned i = 0; i < DEPTH - 1; i++) {
        uint8_t opcode = opcodes[i % nr];
        unsigned slot = i + (queue - 1) * DEPTH;
        uint32_t lba = WORK_SCRATCH + slot * SECTORS;

        if (opcode == IO_WRITE) {
            work_fill(data(slot), lba, SECTORS, work_seed);
        }
        io(queue, opcode, namespaces[i % nr_namespaces], lba, SECTORS,
           data(slot));
    }
    ring(queue);
}

static bool start_reads(void)
{
    static const uint8_t opcodes[] = { IO_READ };

    many(1, opcodes, 1);
    return true;
}

static bool start_writes(void)
{
    static const uint8_t opcodes[] = { IO_WRITE };

    many(1, opcodes, 1);
    return true;
}

static bool start_two_queues(void)
{
    static const uint8_t opcodes[] = { IO_READ, IO_READ, IO_WRITE };

    many(1, opcodes, 2);
    many(2, opcodes, 3);
    return true;
}

static bool start_mixed(void)
{
    static const uint8_t opcodes[] = {
        IO_READ, IO_WRITE, IO_COMPARE, IO_ZEROES, IO_DISCARD, IO_FLUSH,
    };

    many(1, opcodes, ARRAY_SIZE(opcodes));
    return true;
}

/* The doorbell says so, and nobody has looked at it yet */
static bool start_admin(void)
{
    for (unsigned i = 0; i < DEPTH - 1; i++) {
        next(0, ADMIN_IDENTIFY, 0)->data = address(data(i));
        commands(0)[(queues[0].tail + DEPTH - 1) % DEPTH].args[0] = 1;
    }
    ring(0);
    return true;
}

static bool start_events(void)
{
    for (unsigned i = 0; i < 4; i++) {
        next(0, ADMIN_EVENT, 0);
    }
    ring(0);
    return true;
}

static bool start_delete_queue(void)
{
    start_reads();
    next(0, ADMIN_DELETE_SQ, 0)->args[0] = 1;
    ring(0);
    return true;
}

static bool start_abort(void)
{
    start_reads();
    for (unsigned i = 0; i < 8; i++) {
        next(0, ADMIN_ABORT, 0)->args[0] = 1 | i << 16;
    }
    ring(0);
    return true;
}

/* It is to wait for room for its completions */
static bool start_full(void)
{
    completion_depth = 4;
    return bring_up() && start_reads();
}

static bool start_shutdown(void)
{
    start_writes();
    mmio_write(base + REG_CONFIG, CONFIG_ENABLE | CONFIG_SHUTDOWN);
    return true;
}

static bool start_disabled(void)
{
    start_reads();
    mmio_write(base + REG_CONFIG, 0);
    return true;
}

static bool start_format(void)
{
    for (unsigned i = 0; i < nr_namespaces; i++) {
        next(0, ADMIN_FORMAT, namespaces[i]);
    }
    ring(0);
    return true;
}

static const WorkPhase phases[] = {
    { .name = "idle", .start = start_nothing, .idle = true },
    { .name = "reads", .start = start_reads },
    { .name = "writes", .start = start_writes },
    { .name = "two-queues", .start = start_two_queues },
    { .name = "mixed", .start = start_mixed },
    { .name = "admin", .start = start_admin, .idle = true },
    { .name = "events", .start = start_events },
    { .name = "delete-queue", .start = start_delete_queue, .idle = true },
    { .name = "abort", .start = start_abort, .idle = true },
    { .name = "full", .start = start_full },
    { .name = "shutdown", .start = start_shutdown, .idle = true },
    { .name = "disabled", .start = start_disabled, .idle = true },
    { .name = "format", .start = start_format, .idle = true, .erases = true },
    { },
};

static bool outstanding(void)
{
    return !all_done();
}

static bool gone(uint16_t mask)
{
    return work_no_function(&function);
}

static void poke(void)
{
    work_poke_memory(base, BAR_BYTES);
    work_poke_function(&function, bars);
    work_poke_memory(base, BAR_BYTES);
}

const Worker work_nvme = {
    .name = "nvme",
    .mask = UNPLUG_NVME,
    .disk = true,
    .phases = phases,
    .find = find,
    .transfer = transfer,
    .outstanding = outstanding,
    .gone = gone,
    .poke = poke,
};
