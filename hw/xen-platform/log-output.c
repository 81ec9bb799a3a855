/*
 * xen-platform: where the guest driver's log goes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <poll.h>
#include "qemu/timer.h"
#include "hw/xen/xen-platform-device.h"
#include "trace.h"

/* Keeps a guest's line from passing for one of QEMU's own */
#define STDERR_PREFIX "xen-platform: "

/*
 * A vCPU is waiting, so that nothing is written unless it is taken at once:
 * a pipe that polls as writable takes PIPE_BUF bytes.
 *
 * Returns how many of the @len bytes were taken.
 */
static size_t write_stderr(const char *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };
        ssize_t n;

        if (poll(&pfd, 1, 0) != 1 || !(pfd.revents & POLLOUT)) {
            break;
        }
        n = write(STDERR_FILENO, buf + done, MIN(len - done, PIPE_BUF));
        if (n <= 0) {
            break;
        }
        done += n;
    }
    return done;
}

/* Returns true if the sink took the whole line */
static bool write_line(XenPlatformState *s, const char *line, size_t len)
{
    bool chardev = qemu_chr_fe_backend_connected(&s->log_chr);
    char out[1 + sizeof(STDERR_PREFIX) + XEN_PLATFORM_LOG_LINE_MAX + 1];
    size_t n = 0;
    int done;

    if (s->log_torn) {
        out[n++] = '\n';
    }
    if (!chardev) {
        memcpy(out + n, STDERR_PREFIX, strlen(STDERR_PREFIX));
        n += strlen(STDERR_PREFIX);
    }
    memcpy(out + n, line, len);
    n += len;

    done = chardev ? qemu_chr_fe_write(&s->log_chr, (const uint8_t *)out, n) :
                     write_stderr(out, n);
    if (done > 0) {
        s->log_torn = done < n;
    }
    return done == n;
}

static bool log_emit(void *opaque, const char *line, size_t len)
{
    XenPlatformState *s = opaque;
    bool traced = trace_event_get_state_backends(TRACE_XEN_PLATFORM_LOG);

    if (traced) {
        g_autofree char *text = g_strndup(line, len - 1);

        trace_xen_platform_log(text);
    }
    if (traced && !qemu_chr_fe_backend_connected(&s->log_chr)) {
        /* The trace is the output: no line shows twice */
        return true;
    }
    return write_line(s, line, len);
}

static int64_t log_clock(void *opaque)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

void xen_platform_log_start(XenPlatformState *s)
{
    xen_platform_log_init(&s->log, s->log_rate, s->log_burst,
                          log_emit, log_clock, s);
}
