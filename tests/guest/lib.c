/*
 * The few library functions that the guest image needs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lib.h"

void *memcpy(void *dst, const void *src, size_t len)
{
    char *d = dst;
    const char *s = src;

    while (len--) {
        *d++ = *s++;
    }
    return dst;
}

void *memset(void *dst, int c, size_t len)
{
    char *d = dst;

    while (len--) {
        *d++ = c;
    }
    return dst;
}

size_t strlen(const char *s)
{
    size_t len = 0;

    while (s[len]) {
        len++;
    }
    return len;
}

int strncmp(const char *a, const char *b, size_t len)
{
    for (; len; a++, b++, len--) {
        if (*a != *b || !*a) {
            return (unsigned char)*a - (unsigned char)*b;
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int memcmp(const void *a, const void *b, size_t len)
{
    const unsigned char *p = a;
    const unsigned char *q = b;

    for (; len; p++, q++, len--) {
        if (*p != *q) {
            return *p - *q;
        }
    }
    return 0;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 'a' - 'A';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

bool parse_u32(const char *s, uint32_t *value)
{
    bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    uint32_t base = hex ? 16 : 10;
    uint32_t result = 0;

    s += hex ? 2 : 0;
    if (!*s) {
        return false;
    }
    for (; *s; s++) {
        uint32_t digit = digit_value(*s);

        if (digit >= base || result > (UINT32_MAX - digit) / base) {
            return false;
        }
        result = result * base + digit;
    }
    *value = result;
    return true;
}

static void put_padded(void (*put)(char c), const char *s, size_t width,
                       char pad, bool left)
{
    size_t len = strlen(s);
    size_t fill = width > len ? width - len : 0;

    while (!left && fill) {
        put(pad);
        fill--;
    }
    while (*s) {
        put(*s++);
    }
    while (fill--) {
        put(' ');
    }
}

static const char *number(uint32_t value, uint32_t base, char buf[11])
{
    char *p = buf + 10;

    *p = '\0';
    do {
        *--p = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    return p;
}

void format(void (*put)(char c), const char *fmt, va_list ap)
{
    for (; *fmt; fmt++) {
        bool left = false;
        char pad = ' ';
        size_t width = 0;
        char buf[11];

        if (*fmt != '%') {
            put(*fmt);
            continue;
        }
        fmt++;
        if (*fmt == '-') {
            left = true;
            fmt++;
        } else if (*fmt == '0') {
            pad = '0';
            fmt++;
        }
        for (; *fmt >= '0' && *fmt <= '9'; fmt++) {
            width = width * 10 + *fmt - '0';
        }
        switch (*fmt) {
        case 's':
            put_padded(put, va_arg(ap, const char *), width, ' ', left);
            break;
        case 'u':
            put_padded(put, number(va_arg(ap, uint32_t), 10, buf),
                       width, pad, left);
            break;
        case 'x':
            put_padded(put, number(va_arg(ap, uint32_t), 16, buf),
                       width, pad, left);
            break;
        case 'c':
            put(va_arg(ap, int));
            break;
        case '%':
            put('%');
            break;
        default:
            return;
        }
    }
}
