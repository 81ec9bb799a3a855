/*
 * What libxen needs of a C library, where there is one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef LIBXEN_HOST_LIB_H
#define LIBXEN_HOST_LIB_H

#include "qemu/osdep.h"

#define PRINTF_LIKE(fmt, args) G_GNUC_PRINTF(fmt, args)

#endif
