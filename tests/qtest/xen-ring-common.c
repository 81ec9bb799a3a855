/*
 * What the tests of xen-net and xen-console share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/mman.h>
#include <sys/socket.h>
#include "xen-platform-common.h"
#include "xen-ring-common.h"

#define RAM_SIZE    (128ull << 20)

/* The machine's memory in a file, which the test maps too */
static void map_ram(RingMachine *m, const char *path)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, RAM_SIZE), ==, 0);
    m->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    g_assert_true(m->ram != MAP_FAILED);
    close(fd);
}

void ring_start(RingMachine *m, const char *fmt, ...)
{
    g_autofree char *sock = xp_tmp_path("xenstore");
    g_autofree char *ram = xp_tmp_path("ram");
    g_autofree char *options = NULL;
    va_list ap;

    va_start(ap, fmt);
    options = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    memset(m, 0, sizeof(*m));
    map_ram(m, ram);
    m->log = xp_tmp_path("log");
    m->qts = xp_start("-M pc,memory-backend=ram -object memory-backend-file,"
                      "id=ram,size=128M,share=on,mem-path=%s "
                      "-object xenstore-socket,id=xs,path=%s "
                      "-d guest_errors,unimp %s 2>%s ", ram, sock, options,
                      m->log);
    m->host = xs_connect(sock);
    m->g = xen_guest_qtest_init(&m->q, m->qts);
    g_assert_true(xenstore_init(&m->xs, m->g));
    g_assert_true(gnttab_init(&m->grants, m->g));
    m->data = m->g->ops->alloc_pages(m->g, RING_DATA_PAGES);
}

void ring_end(RingMachine *m)
{
    xs_close(m->host);
    qtest_quit(m->qts);
    munmap(m->ram, RAM_SIZE);
    g_free(m->log);
}

/*
 * The lowest free port is taken first: what leaks is among these.  All ports
 * are too many to ask for over qtest.
 */
static unsigned open_ports(RingMachine *m)
{
    unsigned count = 0;

    for (unsigned port = 1; port < 32; port++) {
        count += evtchn_status(m->g, port) > EVTCHNSTAT_closed;
    }
    return count;
}

void ring_begin_count(RingMachine *m)
{
    m->granted = gnttab_granted(&m->grants);
    m->mapped = gnttab_mapped(&m->grants);
    m->ports = open_ports(m);
}

void ring_expect_count(RingMachine *m)
{
    g_assert_cmpuint(gnttab_granted(&m->grants), ==, m->granted);
    g_assert_cmpuint(gnttab_mapped(&m->grants), ==, m->mapped);
    g_assert_cmpuint(open_ports(m), ==, m->ports);
}

typedef struct Held {
    RingMachine *m;
    unsigned port;
} Held;

static bool is_let_go(void *opaque)
{
    Held *held = opaque;

    return gnttab_mapped(&held->m->grants) <= held->m->mapped &&
           evtchn_status(held->m->g, held->port) != EVTCHNSTAT_interdomain;
}

void ring_expect_let_go(RingMachine *m, Xenbus *bus, unsigned port)
{
    Held held = { m, port };

    xenstore_write_number(&m->xs, 0, bus->frontend, "state",
                          XenbusStateClosed);
    if (!xen_guest_wait(m->g, is_let_go, &held)) {
        g_test_message("%u pages are mapped, %u before; status of the port %d",
                       gnttab_mapped(&m->grants), m->mapped,
                       evtchn_status(m->g, port));
        g_test_fail();
    }
}

void ring_expect_alive(RingMachine *m)
{
    xp_expect_alive(m->qts);
}

unsigned ring_log_lines(RingMachine *m)
{
    g_autofree char *text = NULL;
    unsigned lines = 0;

    g_assert_true(g_file_get_contents(m->log, &text, NULL, NULL));
    for (const char *p = text; (p = strchr(p, '\n')); p++) {
        lines++;
    }
    return lines;
}

void ring_expect_log(RingMachine *m, const char *text, unsigned lines)
{
    g_autofree char *said = NULL;

    g_assert_true(g_file_get_contents(m->log, &said, NULL, NULL));
    if (!strstr(said, text) || ring_log_lines(m) > lines ||
        strlen(said) > 200 * lines) {
        g_test_message("expected '%s' and %u lines at most, got %u", text,
                       lines, ring_log_lines(m));
        g_test_message("%.1000s", said);
        g_test_fail();
    }
}

void ring_socket(int type, int fds[2])
{
    struct timeval timeout = { .tv_sec = 30 };

    g_assert_cmpint(socketpair(AF_UNIX, type, 0, fds), ==, 0);
    setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

void ring_host_state(RingMachine *m, const char *path, int state)
{
    g_autofree char *request = g_strdup_printf("%s/state|%d", path, state);

    xs_expect(m->host, XS_WRITE, 0, request, "OK|");
}
