/*
 * xen-platform: the guest driver's log, made safe and bounded
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/timer.h"
#include "hw/xen/xen-platform-log.h"

void xen_platform_log_init(XenPlatformLog *log, uint32_t rate, uint32_t burst,
                           XenPlatformLogEmit *emit,
                           XenPlatformLogClock *clock, void *opaque)
{
    *log = (XenPlatformLog) {
        .emit = emit,
        .clock = clock,
        .opaque = opaque,
        .rate = rate,
        .burst = burst,
        .throttled = true,
        .tokens = burst,
        .refilled_ns = clock(opaque),
    };
}

size_t xen_platform_log_render(const char *raw, size_t len, char *out)
{
    static const char hex[] = "0123456789abcdef";
    const size_t mark_len = strlen(XEN_PLATFORM_LOG_MARK);
    size_t n = 0;
    size_t cut = 0; /* where the mark goes, should the line not fit */

    for (size_t i = 0; i < len; i++) {
        uint8_t c = raw[i] == '\t' ? ' ' : raw[i];
        bool plain = c >= 0x20 && c <= 0x7e;

        if (n + (plain ? 1 : 4) > XEN_PLATFORM_LOG_LINE_MAX) {
            memcpy(out + cut, XEN_PLATFORM_LOG_MARK, mark_len);
            return cut + mark_len;
        }
        if (plain) {
            out[n++] = c;
        } else {
            out[n++] = '\\';
            out[n++] = 'x';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        }
        if (n <= XEN_PLATFORM_LOG_LINE_MAX - mark_len) {
            cut = n;
        }
    }
    return n;
}

static void refill(XenPlatformLog *log)
{
    int64_t now_ns = log->clock(log->opaque);
    uint64_t elapsed = now_ns - log->refilled_ns;
    uint32_t room = log->burst - log->tokens;
    uint32_t earned;

    if (now_ns < log->refilled_ns ||
        elapsed >= muldiv64(room, NANOSECONDS_PER_SECOND, log->rate)) {
        /* The clock was set back (a snapshot was loaded), or it is full */
        log->tokens += now_ns < log->refilled_ns ? 0 : room;
        log->refilled_ns = now_ns;
        return;
    }
    earned = muldiv64(elapsed, log->rate, NANOSECONDS_PER_SECOND);
    log->tokens += earned;
    /* Keep the time that did not make a whole byte, rounded against us */
    log->refilled_ns += DIV_ROUND_UP(earned * NANOSECONDS_PER_SECOND,
                                     log->rate);
}

static bool is_limited(const XenPlatformLog *log)
{
    return log->throttled && log->rate;
}

/* What putting out a line of @len bytes takes from the bucket */
static size_t price(XenPlatformLog *log, size_t len)
{
    return log->cost ? log->cost(log->opaque, len) : len;
}

/* Put out what was kept back, as a note, and @line.  Returns false if not. */
static bool let_through(XenPlatformLog *log, const char *line, size_t len)
{
    size_t cost = price(log, len);
    char note[80];
    int note_len = 0;

    if (is_limited(log)) {
        refill(log);
        /* A guest over the limit comes no further */
        if (log->tokens < cost) {
            return false;
        }
    }
    if (log->unreported_lines) {
        note_len = snprintf(note, sizeof(note), "suppressed %" PRIu64
                            " lines (%" PRIu64 " bytes)\n",
                            log->unreported_lines, log->unreported_bytes);
        cost += price(log, note_len);
        if (is_limited(log) && log->tokens < cost) {
            return false;
        }
    }
    if (is_limited(log)) {
        log->tokens -= cost;
    }
    if (note_len) {
        if (!log->emit(log->opaque, note, note_len)) {
            return false;
        }
        log->unreported_lines = 0;
        log->unreported_bytes = 0;
    }
    return log->emit(log->opaque, line, len);
}

static void put_line(XenPlatformLog *log, const char *raw, size_t len)
{
    char line[XEN_PLATFORM_LOG_LINE_MAX + 1];
    size_t line_len = xen_platform_log_render(raw, len, line);

    line[line_len++] = '\n';
    if (let_through(log, line, line_len)) {
        log->lines++;
        return;
    }
    log->suppressed_lines++;
    log->suppressed_bytes += line_len;
    log->unreported_lines++;
    log->unreported_bytes += line_len;
}

void xen_platform_log_byte_slow(XenPlatformLog *log, uint8_t byte)
{
    unsigned len = log->len;

    if (byte == '\n') {
        if (len && log->raw[len - 1] == '\r') {
            len--;
        }
        /* The CR LF of a line that filled the buffer is not a line */
        if (len || !log->continued) {
            put_line(log, log->raw, len);
        }
        log->len = 0;
        log->continued = false;
        return;
    }
    if (len == sizeof(log->raw)) {
        put_line(log, log->raw, len);
        log->len = 0;
        log->continued = true;
    }
    log->raw[log->len++] = byte;
}

void xen_platform_log_flush(XenPlatformLog *log)
{
    if (log->len) {
        put_line(log, log->raw, log->len);
    }
    log->len = 0;
    log->continued = false;
}
