/*
 * What the parts that need no QEMU process take of qemu/osdep.h
 *
 * For the build at the top of the repository, which has no tree of QEMU.  The
 * folder stands for QEMU's include/qemu: a header of the same name has what
 * these parts use of it, and nothing else.  Whoever needs more of QEMU than
 * fits here is not such a part.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef QEMU_OSDEP_H
#define QEMU_OSDEP_H

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>

#define ARRAY_SIZE(x) G_N_ELEMENTS(x)
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))

/* GLib's evaluate an argument twice, QEMU's do not */
#undef MIN
#undef MAX
#define MIN(a, b) ({                    \
    __typeof__(1 ? (a) : (b)) a_ = (a); \
    __typeof__(a_) b_ = (b);            \
    a_ < b_ ? a_ : b_;                  \
})
#define MAX(a, b) ({                    \
    __typeof__(1 ? (a) : (b)) a_ = (a); \
    __typeof__(a_) b_ = (b);            \
    a_ > b_ ? a_ : b_;                  \
})

#endif
