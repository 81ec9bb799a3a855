/*
 * xen-platform: where the guest driver's log goes
 *
 *   log.c --line--> chardev, else trace event, else stderr
 *                      `--> a copy by the trace event, if that is enabled
 *
 * A vCPU waits while a line is put out, and everybody who wants the big lock
 * with it.  So no sink may wait for its reader: it takes the line at once, or
 * the line is lost, which the caller counts.  Chardevs know how to do that.
 * stderr and the file of QEMU's log are whatever the host has opened, often
 * together with others, whose flags are not ours to change: see write_now().
 *
 * Each sink adds something to a line.  The rate limit is about what comes out
 * in the end, so that log_cost() must say what put_line() writes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <poll.h>
#include <sys/socket.h>
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/xen/xen-platform-device.h"

/*
 * The trace backend "log" would write the event by qemu_log(), which waits for
 * whoever reads.  Its part is done here, in the same words; the other backends
 * of the build get the event as ever.
 */
#define qemu_log(...) do { } while (0)
#include "trace.h"
#undef qemu_log

/* Keeps a guest's line from passing for one of QEMU's own */
#define STDERR_PREFIX   "xen-platform: "
#define TRACE_PREFIX    "xen_platform_log xen platform: "
#define PREFIX_MAX      96

/*
 * A description of our own of the open pipe or terminal @fd, which never waits
 *
 * Not kept: whoever reads a pipe waits for its end, and QEMU may give stderr
 * away, as it does with -daemonize.
 *
 * Returns -1 if it cannot be had, as when it belongs to another user.
 */
static int reopen(int fd)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/*
 * Write as much to @fd as it takes without waiting
 *
 * Returns how many of the @len bytes were taken.
 */
static size_t write_now(int fd, const char *buf, size_t len)
{
    size_t piece = len;
    size_t done = 0;
    struct stat st;
    bool pipe, terminal;
    ssize_t n;

    if (fstat(fd, &st)) {
        return 0;
    }
    if (S_ISSOCK(st.st_mode)) {
        n = send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        return MAX(n, 0);
    }
    pipe = S_ISFIFO(st.st_mode);
    terminal = S_ISCHR(st.st_mode) && isatty(fd);
    if (pipe || terminal) {
        int own = reopen(fd);

        if (own >= 0) {
            n = write(own, buf, len);
            close(own);
            return MAX(n, 0);
        }
        /* One that polls as writable takes this much at once */
        piece = pipe ? PIPE_BUF : 1;
    }
    while (done < len) {
        struct pollfd pfd = { .fd = fd, .events = POLLOUT };

        if (poll(&pfd, 1, 0) != 1 || !(pfd.revents & POLLOUT)) {
            break;
        }
        n = write(fd, buf + done, MIN(len - done, piece));
        if (n <= 0) {
            break;
        }
        done += n;
    }
    return done;
}

static size_t trace_prefix(char *buf)
{
#ifdef CONFIG_TRACE_LOG
    if (message_with_timestamp) {
        int64_t now_us = g_get_real_time();

        return snprintf(buf, PREFIX_MAX, "%d@%" PRId64 ".%06d:" TRACE_PREFIX,
                        qemu_get_thread_id(), now_us / 1000000,
                        (int)(now_us % 1000000));
    }
    return g_strlcpy(buf, TRACE_PREFIX, PREFIX_MAX);
#else
    return 0;
#endif
}

/* What @sink adds in front of a line; returns how many bytes */
static size_t prefix(XenPlatformLogSink sink, char *buf)
{
    switch (sink) {
    case XEN_PLATFORM_LOG_TRACE:
        return trace_prefix(buf);
    case XEN_PLATFORM_LOG_STDERR:
        return g_strlcpy(buf, STDERR_PREFIX, PREFIX_MAX);
    default:
        return 0;
    }
}

static size_t write_chardev(CharBackend *chr, const char *buf, size_t len)
{
    int n;

    /* As long as nobody has opened it, this one takes everything for nothing */
    if (CHARDEV_IS_PTY(chr->chr) && !qemu_chr_fe_backend_open(chr)) {
        return 0;
    }
    n = qemu_chr_fe_write(chr, (const uint8_t *)buf, len);
    return MAX(n, 0);
}

static size_t write_trace(const char *buf, size_t len)
{
#ifdef CONFIG_TRACE_LOG
    FILE *file = qemu_log_trylock();
    size_t done = file ? write_now(fileno(file), buf, len) : 0;

    qemu_log_unlock(file);
    return done;
#else
    return len;
#endif
}

/* Returns true if the sink took the whole line */
static bool put_line(XenPlatformState *s, XenPlatformLogSink sink,
                     const char *line, size_t len)
{
    char out[1 + PREFIX_MAX + XEN_PLATFORM_LOG_LINE_MAX + 1];
    size_t n = 0;
    size_t done;

    if (s->log_torn[sink]) {
        out[n++] = '\n';
    }
    n += prefix(sink, out + n);
    memcpy(out + n, line, len);
    n += len;

    switch (sink) {
    case XEN_PLATFORM_LOG_CHARDEV:
        done = write_chardev(&s->log_chr, out, n);
        break;
    case XEN_PLATFORM_LOG_TRACE:
        done = write_trace(out, n);
        break;
    default:
        done = write_now(STDERR_FILENO, out, n);
        break;
    }
    if (done) {
        s->log_torn[sink] = done < n;
    }
    return done == n;
}

static bool is_traced(void)
{
    return trace_event_get_state_backends(TRACE_XEN_PLATFORM_LOG);
}

static XenPlatformLogSink find_sink(XenPlatformState *s)
{
    if (qemu_chr_fe_backend_connected(&s->log_chr)) {
        return XEN_PLATFORM_LOG_CHARDEV;
    }
    /* The trace is the output: no line shows twice */
    return is_traced() ? XEN_PLATFORM_LOG_TRACE : XEN_PLATFORM_LOG_STDERR;
}

/* With a copy in the trace, the longer of the two counts */
static size_t log_cost(void *opaque, size_t len)
{
    char buf[PREFIX_MAX];
    size_t size = prefix(find_sink(opaque), buf);

    return len + (is_traced() ? MAX(size, trace_prefix(buf)) : size);
}

static bool log_emit(void *opaque, const char *line, size_t len)
{
    XenPlatformState *s = opaque;
    XenPlatformLogSink sink = find_sink(s);

    if (!put_line(s, sink, line, len)) {
        return false;
    }
    if (is_traced()) {
        g_autofree char *text = g_strndup(line, len - 1);

        if (sink != XEN_PLATFORM_LOG_TRACE) {
            put_line(s, XEN_PLATFORM_LOG_TRACE, line, len);
        }
        trace_xen_platform_log(text);
    }
    return true;
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
