/*
 * What the parts that need no QEMU process take of qemu/host-utils.h
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef QEMU_HOST_UTILS_H
#define QEMU_HOST_UTILS_H

/* muldiv64: a * b / c, where a * b may take more than 64 bits */
static inline uint64_t muldiv64(uint64_t a, uint32_t b, uint32_t c)
{
    return (unsigned __int128)a * b / c;
}

#endif
