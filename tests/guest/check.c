/*
 * What must be true after a persona was played
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "check.h"
#include "tap.h"

/* The choices of expect-disks=, and of the other two as far as they go */
typedef enum Fate {
    FATE_STAY,
    FATE_GONE,
    FATE_AUX,   /* all but the primary master are gone */
} Fate;

void check_answers(const PersonaResult *expected, const PersonaResult *got)
{
    if (expected->magic) {
        tap_equal(expected->magic, got->magic,
                  "the first magic is 0x%04x", expected->magic);
    }
    if (expected->version) {
        tap_equal(expected->version, got->version,
                  "the protocol version is %u", expected->version);
    }
    if (expected->magic_again) {
        tap_equal(expected->magic_again, got->magic_again,
                  "the magic after the build number is 0x%04x",
                  expected->magic_again);
    }
    tap_equal(expected->requested, got->requested,
              "the unplug bits that the driver wrote are 0x%04x",
              expected->requested);
}

static Fate fate(const Args *args, ArgId id, Fate by_mask)
{
    return args->given[id] ? args->value[id] : by_mask;
}

static void check_ide(Fate fate, const Inventory *before,
                      const Inventory *after)
{
    for (unsigned i = 0; i < IDE_POSITIONS; i++) {
        IdeKind was = before->ide[i].kind;
        IdeKind is = after->ide[i].kind;
        bool goes = was == IDE_DISK &&
                    (fate == FATE_GONE || (fate == FATE_AUX && i));
        IdeKind must = goes ? IDE_NONE : was;

        tap_equal_str(ide_kind_name(must), ide_kind_name(is),
                      "IDE %s: was %s, must be %s", ide_position_name(i),
                      ide_kind_name(was), ide_kind_name(must));
    }
    if (!before->disks && fate != FATE_STAY) {
        tap_skip("IDE disks are gone", "there were none");
    }
}

static void check_count(Fate fate, unsigned before, unsigned after,
                        const char *stay, const char *gone)
{
    if (fate == FATE_STAY) {
        tap_equal(before, after, "%s", stay);
    } else if (before) {
        tap_equal(0, after, "%s", gone);
    } else {
        tap_skip(gone, "there were none");
    }
}

void check_devices(const Args *args, uint16_t honoured,
                   const Inventory *before, const Inventory *after)
{
    Fate disks = FATE_STAY;
    Fate nics = honoured & UNPLUG_NICS ? FATE_GONE : FATE_STAY;
    Fate nvmes = honoured & UNPLUG_NVME ? FATE_GONE : FATE_STAY;

    if (honoured & UNPLUG_DISKS) {
        disks = FATE_GONE;
    } else if (honoured & UNPLUG_AUX_IDE) {
        disks = FATE_AUX;
    }
    check_ide(fate(args, ARG_EXPECT_DISKS, disks), before, after);
    check_count(fate(args, ARG_EXPECT_NICS, nics), before->nics, after->nics,
                "all NICs are still there", "all NICs are gone");
    if (before->nvmes || args->given[ARG_EXPECT_NVME]) {
        check_count(fate(args, ARG_EXPECT_NVME, nvmes),
                    before->nvmes, after->nvmes,
                    "all NVMe controllers are still there",
                    "all NVMe controllers are gone");
    }
    if (args->value[ARG_MAGIC] == ARG_PRESENT) {
        tap_equal(args->activation ? before->platforms : 1, after->platforms,
                  "the Xen platform device is there");
    }
}
