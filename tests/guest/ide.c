/*
 * What is on the four legacy IDE positions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "ide.h"
#include "io.h"

/* Offsets from the command block */
#define IDE_DATA                0
#define IDE_LBA_MID             4
#define IDE_LBA_HIGH            5
#define IDE_DEVICE              6
#define IDE_STATUS              7   /* read */
#define IDE_COMMAND             7   /* write */

#define STATUS_ERR              0x01
#define STATUS_DRQ              0x08
#define STATUS_BSY              0x80
#define STATUS_FLOATING         0xff

#define CONTROL_NO_IRQ          0x02

#define COMMAND_IDENTIFY        0xec
#define COMMAND_IDENTIFY_PACKET 0xa1

/* What a packet device leaves in LBA mid and high when it refuses IDENTIFY */
#define ATAPI_MID               0x14
#define ATAPI_HIGH              0xeb

#define IDENTIFY_WORDS          256
#define IDENTIFY_MODEL          27
#define MODEL_WORDS             20

#define POLLS                   100000

static const struct {
    uint16_t command;
    uint16_t control;
} channels[] = {
    { 0x1f0, 0x3f6 },
    { 0x170, 0x376 },
};

/* Returns: the status once BSY is clear, 0 if it does not clear in time */
static uint8_t wait_idle(uint16_t base)
{
    for (int i = 0; i < POLLS; i++) {
        uint8_t status = inb(base + IDE_STATUS);

        if (!(status & STATUS_BSY)) {
            return status;
        }
    }
    return 0;
}

/* Take the 512 bytes of an IDENTIFY; the model's bytes come in swapped pairs */
static void read_model(uint16_t base, char model[2 * MODEL_WORDS + 1])
{
    size_t len = 2 * MODEL_WORDS;

    for (unsigned i = 0; i < IDENTIFY_WORDS; i++) {
        uint16_t word = inw(base + IDE_DATA);

        if (i >= IDENTIFY_MODEL && i < IDENTIFY_MODEL + MODEL_WORDS) {
            model[2 * (i - IDENTIFY_MODEL)] = word >> 8;
            model[2 * (i - IDENTIFY_MODEL) + 1] = word;
        }
    }
    while (len && model[len - 1] == ' ') {
        len--;
    }
    model[len] = '\0';
}

/* Returns: whether the command ended with data to read */
static bool issue(uint16_t base, uint8_t command)
{
    uint8_t status;

    outb(base + IDE_COMMAND, command);
    status = wait_idle(base);
    return (status & STATUS_DRQ) && !(status & STATUS_ERR);
}

void ide_identify(unsigned position, IdeDrive *drive)
{
    uint16_t base = channels[position / 2].command;
    uint16_t control = channels[position / 2].control;
    uint8_t status;

    memset(drive, 0, sizeof(*drive));
    outb(control, CONTROL_NO_IRQ);
    outb(base + IDE_DEVICE, 0xa0 | (position & 1) << 4);
    /* The drive may take 400 ns to put its status on the bus */
    for (int i = 0; i < 4; i++) {
        inb(control);
    }

    status = inb(base + IDE_STATUS);
    if (status && status != STATUS_FLOATING) {
        wait_idle(base);
        /* An absent drive must not pass for one by what was left here */
        outb(base + IDE_LBA_MID, 0);
        outb(base + IDE_LBA_HIGH, 0);
        if (issue(base, COMMAND_IDENTIFY)) {
            drive->kind = IDE_DISK;
            read_model(base, drive->model);
        } else if (inb(base + IDE_LBA_MID) == ATAPI_MID &&
                   inb(base + IDE_LBA_HIGH) == ATAPI_HIGH &&
                   issue(base, COMMAND_IDENTIFY_PACKET)) {
            drive->kind = IDE_CD;
            read_model(base, drive->model);
        }
    }
    outb(control, 0);
}

const char *ide_position_name(unsigned position)
{
    static const char *const names[IDE_POSITIONS] = {
        "primary master", "primary slave",
        "secondary master", "secondary slave",
    };

    return names[position];
}

const char *ide_kind_name(IdeKind kind)
{
    static const char *const names[] = { "none", "disk", "CD" };

    return names[kind];
}
