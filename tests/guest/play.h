/*
 * The personas, and the bus driver that looks for its device, on bare metal
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_PLAY_H
#define XEN_PLATFORM_GUEST_PLAY_H

#include "args.h"

/* Returns: whether all results of the persona in @args are good */
bool play_persona(const Args *args);

/* Returns: whether all results of the boot in @args are good */
bool play_activation(const Args *args);

#endif
