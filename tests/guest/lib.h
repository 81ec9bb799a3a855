/*
 * The few library functions that the guest image needs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef XEN_PLATFORM_GUEST_LIB_H
#define XEN_PLATFORM_GUEST_LIB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* As in C; the compiler may also call the first two by itself. */
void *memcpy(void *dst, const void *src, size_t len);
void *memset(void *dst, int c, size_t len);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t len);
int memcmp(const void *a, const void *b, size_t len);

/**
 * parse_u32: read all of @s as an unsigned number
 *
 * Decimal, or hexadecimal after 0x.
 *
 * Returns: false if @s is empty, holds anything else, or is more than 32 bits
 */
bool parse_u32(const char *s, uint32_t *value);

/**
 * format: write a formatted string through @put, one character at a time
 *
 * Knows %s %c %u %x %% with the flags '-' and '0' and a width; arguments are
 * at most 32 bits wide.
 */
void format(void (*put)(char c), const char *fmt, va_list ap);

#endif
