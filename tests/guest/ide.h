/*
 * What is on the four legacy IDE positions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_IDE_H
#define XEN_PLATFORM_GUEST_IDE_H

#include "lib.h"

#define IDE_POSITIONS 4

typedef enum IdeKind {
    IDE_NONE,
    IDE_DISK,
    IDE_CD,
} IdeKind;

typedef struct IdeDrive {
    IdeKind kind;
    char model[41];     /* without padding; empty if none */
} IdeDrive;

/**
 * ide_identify: ask one position what it holds
 *
 * @position: 0 primary master, 1 primary slave, 2 and 3 the secondary ones
 *
 * Every wait is bounded: what does not answer is IDE_NONE.
 */
void ide_identify(unsigned position, IdeDrive *drive);

/* Returns: "primary master" and so on */
const char *ide_position_name(unsigned position);

/* Returns: "disk", "CD" or "none" */
const char *ide_kind_name(IdeKind kind);

#endif
