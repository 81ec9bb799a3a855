/*
 * What must be true after a persona was played
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_CHECK_H
#define XEN_PLATFORM_GUEST_CHECK_H

#include "args.h"
#include "inventory.h"

/* A result for each answer of the host that the persona asked for. */
void check_answers(const PersonaResult *expected, const PersonaResult *got);

/**
 * check_devices: a result for each device that had to go or to stay
 *
 * @honoured: the unplug bits that the host obeys; expect-disks= and its like
 * in @args overrule them
 */
void check_devices(const Args *args, uint16_t honoured,
                   const Inventory *before, const Inventory *after);

#endif
