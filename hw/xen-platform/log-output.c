/*
 * xen-platform: where the guest driver's log goes
 *
 *   chardev   the line as it is
 *   trace     without a chardev, if the event xen_platform_log is enabled: the
 *             line as QEMU's trace backend "log" writes it to stderr or to the
 *             file of -D, with the name of the event and a time stamp.  With a
 *             chardev the event fires as well
 *   stderr    else, with a prefix that keeps it from passing for QEMU's own
 *
 * The guest's limit is on what is put out, so that each line costs what all
 * its sinks get, prefixes included.
 *
 * A vCPU is waiting, so that nothing is written unless it is taken at once.  A
 * chardev says how much it took.  For stderr and the trace's file we ask: a pipe
 * that polls as writable takes PIPE_BUF bytes.  What cannot be written at once,
 * or fails to be (a full disk, a reader that has gone), counts as suppressed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <poll.h>
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/xen/xen-platform-device.h"
#include "trace.h"

#define STDERR_PREFIX "xen-platform: "

/* Around a line in the trace, see trace-events */
#define TRACE_PREFIX "xen_platform_log xen platform: "
#define TRACE_STAMP_MAX 64

static bool is_writable(int fd)
{
    struct pollfd pfd = { .fd = fd, .events = POLLOUT };

    return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLOUT);
}

static bool has_chardev(XenPlatformState *s)
{
    return qemu_chr_fe_backend_connected(&s->log_chr);
}

static bool is_traced(void)
{
    return trace_event_get_state_backends(TRACE_XEN_PLATFORM_LOG);
}

/* Returns how many of the @len bytes were taken */
static size_t write_stderr(const char *buf, size_t len)
{
    size_t done = 0;

    while (done < len && is_writable(STDERR_FILENO)) {
        ssize_t n = write(STDERR_FILENO, buf + done, MIN(len - done, PIPE_BUF));

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
    bool chardev = has_chardev(s);
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

/*
 * Returns true if the trace's file took the line.  One that, with what stands
 * around it, would not fit in what a pipe takes at once is cut.
 */
static bool trace_line(const char *line, size_t len)
{
    size_t room = PIPE_BUF - strlen(TRACE_PREFIX) - TRACE_STAMP_MAX;
    g_autofree char *text = g_strndup(line, MIN(len - 1, room));
    FILE *file = qemu_log_trylock();
    bool taken = true;

    if (file) {
        /* Locked, it can be locked once more for the event itself */
        clearerr(file);
        taken = is_writable(fileno(file));
    }
    if (taken) {
        trace_xen_platform_log(text);
    }
    if (file) {
        taken = taken && !ferror(file);
        qemu_log_unlock(file);
    }
    return taken;
}

static bool log_emit(void *opaque, const char *line, size_t len)
{
    XenPlatformState *s = opaque;

    if (is_traced()) {
        bool taken = trace_line(line, len);

        if (!has_chardev(s)) {
            /* The trace is the output: no line shows twice */
            return taken;
        }
    }
    return write_line(s, line, len);
}

static size_t log_cost(void *opaque, size_t len)
{
    XenPlatformState *s = opaque;
    size_t bytes = 0;

    if (has_chardev(s)) {
        bytes += len;
    }
    if (is_traced()) {
        bytes += strlen(TRACE_PREFIX) + len;
        if (message_with_timestamp) {
            /* Process, seconds and microseconds */
            bytes += snprintf(NULL, 0, "%d@%" PRId64 ".%06d:",
                              qemu_get_thread_id(),
                              g_get_real_time() / G_USEC_PER_SEC, 0);
        }
    } else if (!has_chardev(s)) {
        bytes += strlen(STDERR_PREFIX) + len;
    }
    return bytes;
}

static int64_t log_clock(void *opaque)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

void xen_platform_log_start(XenPlatformState *s)
{
    xen_platform_log_init(&s->log, s->log_rate, s->log_burst,
                          log_emit, log_clock, s);
    s->log.cost = log_cost;
}
