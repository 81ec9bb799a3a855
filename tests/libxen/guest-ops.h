/*
 * What a persona needs of the machine that it runs on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef LIBXEN_GUEST_OPS_H
#define LIBXEN_GUEST_OPS_H

/* That of the image, or host/lib.h */
#include "lib.h"

typedef struct GuestOps {
    uint8_t (*inb)(uint16_t port);
    uint16_t (*inw)(uint16_t port);
    void (*outb)(uint16_t port, uint8_t value);
    void (*outw)(uint16_t port, uint16_t value);
    void (*outl)(uint16_t port, uint32_t value);
    /* @len bytes to one port, as rep outsb does */
    void (*outsb)(uint16_t port, const void *buf, size_t len);
    /* one line of the transcript, without its newline */
    void (*say)(const char *fmt, ...) PRINTF_LIKE(1, 2);
} GuestOps;

#endif
