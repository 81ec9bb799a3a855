/*
 * xen-platform: the guest driver's log, made safe and bounded
 *
 * Bytes are assembled into lines, rendered so that they can neither forge a
 * line nor drive a terminal, and let through by a token bucket.  Pure logic:
 * time and output are the caller's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_XEN_PLATFORM_LOG_H
#define HW_XEN_PLATFORM_LOG_H

#define XEN_PLATFORM_LOG_LINE_MAX   4096    /* bytes, raw and rendered */
#define XEN_PLATFORM_LOG_MARK       "[...]" /* ends a line cut when rendered */
#define XEN_PLATFORM_LOG_RATE       256     /* bytes per second */
#define XEN_PLATFORM_LOG_BURST      131072  /* bytes */
#define XEN_PLATFORM_LOG_BURST_MIN  8192    /* bytes: any line and a note */

/*
 * Puts one rendered line out.  @line holds @len bytes with its newline.
 * Must not block.  Returns false if the line could not be put out.
 */
typedef bool XenPlatformLogEmit(void *opaque, const char *line, size_t len);

/*
 * Returns how many bytes are put out for a line of @len bytes, whatever the
 * sink adds to it included
 */
typedef size_t XenPlatformLogCost(void *opaque, size_t len);

/* Returns the time in ns that refills the bucket; asked once a line */
typedef int64_t XenPlatformLogClock(void *opaque);

typedef struct XenPlatformLog {
    XenPlatformLogEmit *emit;
    XenPlatformLogCost *cost;   /* NULL: lines are put out as they are */
    XenPlatformLogClock *clock;
    void *opaque;
    uint32_t rate;          /* bytes per second, 0: no limit */
    uint32_t burst;         /* bytes */
    bool throttled;         /* the bucket is in force */

    char raw[XEN_PLATFORM_LOG_LINE_MAX];
    unsigned len;
    bool continued;         /* the line began in an earlier, full buffer */

    uint32_t tokens;        /* bytes that may go out at once */
    int64_t refilled_ns;    /* when @tokens was last brought up to date */

    uint64_t lines;             /* put out, all told */
    uint64_t suppressed_lines;  /* kept back, all told */
    uint64_t suppressed_bytes;
    uint64_t unreported_lines;  /* kept back since a line last went out */
    uint64_t unreported_bytes;
} XenPlatformLog;

/*
 * xen_platform_log_init: start with an empty line and a full bucket
 *
 * @rate: bytes per second, 0 for no limit
 * @burst: depth of the bucket in bytes, at least XEN_PLATFORM_LOG_BURST_MIN
 */
void xen_platform_log_init(XenPlatformLog *log, uint32_t rate, uint32_t burst,
                           XenPlatformLogEmit *emit,
                           XenPlatformLogClock *clock, void *opaque);

/* xen_platform_log_byte_slow: xen_platform_log_byte(), for any byte */
void xen_platform_log_byte_slow(XenPlatformLog *log, uint8_t byte);

/*
 * xen_platform_log_byte: take one byte from the guest
 *
 * A newline ends the line; so does the byte after a full buffer, which then
 * begins the next one.
 */
static inline void xen_platform_log_byte(XenPlatformLog *log, uint8_t byte)
{
    /* Inline: a call more can be measured in a guest's port access */
    if (byte != '\n' && log->len < sizeof(log->raw)) {
        log->raw[log->len++] = byte;
    } else {
        xen_platform_log_byte_slow(log, byte);
    }
}

/* xen_platform_log_flush: put a partial line out, if there is one */
void xen_platform_log_flush(XenPlatformLog *log);

/*
 * xen_platform_log_render: make @len raw bytes fit to be read by a person
 *
 * A tab becomes a space, every other byte outside 0x20..0x7e becomes "\xNN".
 * At most XEN_PLATFORM_LOG_LINE_MAX bytes are written to @out, the last of
 * them XEN_PLATFORM_LOG_MARK if there would have been more.
 *
 * Returns the number of bytes written; @out is not terminated.
 */
size_t xen_platform_log_render(const char *raw, size_t len, char *out);

#endif
