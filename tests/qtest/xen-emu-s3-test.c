/*
 * Suspend to RAM of a guest of the Xen guest environment: what it has is kept
 *
 * Waking is a reset of the machine, but on Xen not one of the domain.  Each
 * row of the table below sets one kind of state before the guest sleeps, and
 * checks it when it is awake.  The rows run one by one, and all together in
 * machines that sleep in other ways: twice, on q35, saved while asleep, saved
 * when awake again.
 *
 * A driver may also let go of its devices before and take them again after, as
 * those of Windows do.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/socket.h>
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "../libxen/blkfront.h"
#include "../libxen/consfront.h"
#include "../libxen/evtchn.h"
#include "../libxen/netfront.h"
#include "xen-guest-qtest.h"
#include "xen-hypercall.h"
#include "xen-platform-common.h"
#include "xen-platform-machine.h"
#include "xenstore-client.h"

#define MS              1000000ull

enum { HVMOP_SET_PARAM = 0, HVMOP_GET_PARAM = 1 };
enum { PARAM_CALLBACK_IRQ = 0 };
enum { VCPUOP_RUNSTATE = 5, VCPUOP_PERIODIC = 6, VCPUOP_SINGLESHOT = 8,
       VCPUOP_VCPU_INFO = 10, VCPUOP_TIME = 13 };

#define CALLBACK_VECTOR     (2ull << 56)
#define CALLBACK_GSI        5
#define VCPU_VECTOR         0x33

/* Ends of the wires that come out of the machine */
enum { WIRE, CONSOLE, PRIMARY, NR_WIRES };

typedef struct Machine {
    const char *machine;
    const char *version;
    char *disk;                 /* the file behind xvda */
    QTestState *qts;
    XsClient *host;             /* domain 0 */
    int wires[NR_WIRES];

    XenGuestQtest q;
    XenGuest *g;
    XenStore xs;
    GrantTable grants;
    Blkfront xvda;
    Netfront nic;
    Consfront console, primary;
    uint64_t data;              /* pages for data */

    /* What rows remember */
    unsigned ipi0, ipi1, timer, periodic;
    uint64_t info1, time1, runstate1;
    uint64_t wall_clock;
    int32_t pirq;
    uint32_t ref;
    uint32_t tx;
    char *events;
    char *driver;
} Machine;

static void start(Machine *m, const char *more)
{
    static unsigned started;
    g_autofree char *name = g_strdup_printf("xs-%u", started++);
    g_autofree char *sock = xp_tmp_path(name);
    int fds[NR_WIRES][2];

    for (unsigned i = 0; i < NR_WIRES; i++) {
        struct timeval timeout = { .tv_sec = 30 };

        g_assert_cmpint(socketpair(AF_UNIX, i == WIRE ? SOCK_DGRAM :
                                   SOCK_STREAM, 0, fds[i]), ==, 0);
        setsockopt(fds[i][0], SOL_SOCKET, SO_RCVTIMEO, &timeout,
                   sizeof(timeout));
        m->wires[i] = fds[i][0];
    }
    m->qts = qtest_initf(
        "-nodefaults -accel qtest,xen-version=%s -M %s -smp 2 "
        "-object xenstore-socket,id=xs,path=%s "
        "-blockdev driver=file,node-name=f,filename=%s,locking=off "
        "-device xen-disk,vdev=xvda,drive=f "
        "-netdev dgram,id=n,local.type=fd,local.str=%d "
        "-device xen-net-device,idx=0,netdev=n "
        "-chardev socket,id=c0,fd=%d -device xen-console,idx=0,chardev=c0 "
        "-chardev socket,id=c1,fd=%d -device xen-console,idx=1,chardev=c1 %s",
        m->version, m->machine, sock, m->disk, fds[WIRE][1], fds[PRIMARY][1],
        fds[CONSOLE][1], more);
    for (unsigned i = 0; i < NR_WIRES; i++) {
        close(fds[i][1]);
    }
    m->q.qts = m->qts;
    m->host = xs_connect(sock);
}

static void stop(Machine *m)
{
    xs_close(m->host);
    qtest_quit(m->qts);
    for (unsigned i = 0; i < NR_WIRES; i++) {
        close(m->wires[i]);
    }
}

static void machine_start(Machine *m, const char *machine, const char *version)
{
    *m = (Machine) { .machine = machine, .version = version };
    m->disk = xp_tmp_path("disk");
    g_assert_true(g_file_set_contents(m->disk, g_strnfill(1 << 16, 'd'),
                                      1 << 16, NULL));
    start(m, "");
    m->g = xen_guest_qtest_init(&m->q, m->qts);
    g_assert_true(xenstore_init(&m->xs, m->g));
    g_assert_true(gnttab_init(&m->grants, m->g));
    m->data = m->g->ops->alloc_pages(m->g, 16);
}

static void machine_end(Machine *m)
{
    stop(m);
    g_free(m->disk);
    g_free(m->events);
    g_free(m->driver);
}

/* The same state in another process */
static void move(Machine *m)
{
    g_autofree char *path = xp_tmp_path("state");
    Machine from;

    xp_save(m->qts, path);
    from = *m;
    start(m, "-incoming defer");
    g_assert_true(xp_load(m->qts, path));
    qtest_qmp_assert_success(m->qts, "{ 'execute': 'cont' }");
    stop(&from);
}

static void call(Machine *m, uint32_t number, uint32_t command, void *data,
                 size_t size)
{
    g_assert_cmpint(xen_guest_call(m->g, number, command, data, size), ==, 0);
}

static unsigned bind_ipi(Machine *m, unsigned vcpu)
{
    evtchn_bind_ipi_t bind = { .vcpu = vcpu };
    evtchn_unmask_t unmask;

    call(m, XEN_EVENT_CHANNEL_OP, EVTCHNOP_bind_ipi, &bind, sizeof(bind));
    unmask.port = bind.port;
    call(m, XEN_EVENT_CHANNEL_OP, EVTCHNOP_unmask, &unmask, sizeof(unmask));
    return bind.port;
}

static void set_callback(Machine *m, uint64_t via)
{
    struct {
        uint16_t domid;
        uint32_t index;
        uint64_t value;
    } param = { .domid = DOMID_SELF, .index = PARAM_CALLBACK_IRQ,
                .value = via };

    call(m, XEN_HVM_OP, HVMOP_SET_PARAM, &param, sizeof(param));
}

/* An operation on vCPU 1 */
static void vcpu_op(Machine *m, unsigned op, void *data, size_t size)
{
    m->g->ops->write(m->g, m->g->args, data, size);
    g_assert_cmpint(xen_call(m->qts, XEN_VCPU_OP, op, 1, m->g->args), ==, 0);
}

/* The shared info page is where it was, and the wall clock goes on */

static void set_shared_info(Machine *m)
{
    m->wall_clock = m->g->ops->read32(m->g, m->g->shared_info + 0xc04);
    m->g->ops->write64(m->g, m->g->shared_info + 0xf00, 0x5a5aa5a512345678);
}

static void check_shared_info(Machine *m)
{
    uint64_t now = m->g->ops->read32(m->g, m->g->shared_info + 0xc04);

    g_assert_cmphex(m->g->ops->read64(m->g, m->g->shared_info + 0xf00), ==,
                    0x5a5aa5a512345678);
    g_assert_cmpuint(now - m->wall_clock, <=, 60);
}

/* All event channels, of each kind, with what is pending and masked */

static char *list_events(Machine *m)
{
    QDict *rsp = qtest_qmp(m->qts, "{ 'execute': 'xen-event-list' }");
    GString *json = qobject_to_json(qdict_get(rsp, "return"));

    qobject_unref(rsp);
    return g_string_free(json, false);
}

static void set_events(Machine *m)
{
    evtchn_bind_virq_t virq = { .virq = VIRQ_DEBUG, .vcpu = 1 };

    call(m, XEN_EVENT_CHANNEL_OP, EVTCHNOP_bind_virq, &virq, sizeof(virq));
    g_assert_cmpuint(evtchn_alloc(m->g, 0), >, 0);
    g_assert_cmpint(evtchn_send(m->g, bind_ipi(m, 0)), ==, 0);
    m->events = list_events(m);
}

static void check_events(Machine *m)
{
    g_autofree char *events = list_events(m);

    g_assert_cmpstr(events, ==, m->events);
}

/* As if the guest had looked for events */
static void forget_upcall(Machine *m, uint64_t vcpu_info)
{
    m->g->ops->write8(m->g, vcpu_info, 0);
    m->g->ops->write64(m->g, vcpu_info + 8, 0);
}

/* An event is signalled in the vCPU's place in the shared info page */

static void set_ipi(Machine *m)
{
    m->ipi0 = bind_ipi(m, 0);
}

static void check_ipi(Machine *m)
{
    forget_upcall(m, m->g->shared_info);
    g_assert_cmpint(evtchn_send(m->g, m->ipi0), ==, 0);
    g_assert_true(evtchn_pending(m->g, m->ipi0));
    g_assert_cmpint(m->g->ops->read8(m->g, m->g->shared_info), ==, 1);
}

/* ... or where the guest wants it, and the time with it */

static void set_vcpu_info(Machine *m)
{
    uint64_t where[2];

    m->info1 = m->g->ops->alloc_pages(m->g, 1);
    where[0] = m->info1 >> XEN_GUEST_PAGE_SHIFT;
    where[1] = 0x80;
    vcpu_op(m, VCPUOP_VCPU_INFO, where, sizeof(where));
    m->info1 += 0x80;
    m->ipi1 = bind_ipi(m, 1);
}

static void check_vcpu_info(Machine *m)
{
    forget_upcall(m, m->info1);
    g_assert_cmpint(evtchn_send(m->g, m->ipi1), ==, 0);
    g_assert_cmpint(m->g->ops->read8(m->g, m->info1), ==, 1);
    g_assert_cmphex(m->g->ops->read32(m->g, m->info1 + 56), ==, 1u << 31);
}

/*
 * Time and run state where the guest wants them: as they are filled anew only
 * when the machine moves, that is when it shows
 */

static void set_areas(Machine *m)
{
    m->time1 = m->g->ops->alloc_pages(m->g, 1);
    m->runstate1 = m->time1 + 0x100;
    vcpu_op(m, VCPUOP_TIME, &m->time1, sizeof(m->time1));
    vcpu_op(m, VCPUOP_RUNSTATE, &m->runstate1, sizeof(m->runstate1));
}

static void wipe_areas(Machine *m)
{
    xen_guest_zero(m->g, m->time1, 0x200);
}

static void check_areas(Machine *m)
{
    g_assert_cmphex(m->g->ops->read32(m->g, m->time1 + 24), ==, 1u << 31);
    g_assert_cmpuint(m->g->ops->read32(m->g, m->runstate1), ==, 3);
}

/* The vector of a vCPU; an event that waits is signalled again */

static void set_upcall_vector(Machine *m)
{
    struct {
        uint32_t vcpu;
        uint8_t vector;
    } args = { .vcpu = 1, .vector = VCPU_VECTOR };

    call(m, XEN_HVM_OP, 23, &args, sizeof(args));
    g_assert_cmpint(evtchn_send(m->g, bind_ipi(m, 1)), ==, 0);
}

static void check_upcall_vector(Machine *m)
{
    g_autofree char *early = qtest_hmp(m->qts, "info lapic 1");

    /* Firmware must not have it, but a kernel, which does hypercalls */
    g_assert_null(strstr(early, "IRR\t 51"));
    xen_call_from(m->qts, (XenCaller) { .vcpu = 1, .width = 64 },
                  XEN_XEN_VERSION, 1, (uint64_t[]) { 0 });
    for (unsigned i = 0; ; i++) {
        g_autofree char *apic = qtest_hmp(m->qts, "info lapic 1");
        char *irr = strstr(apic, "IRR");

        if (irr && strtol(irr + 3, NULL, 10) == VCPU_VECTOR) {
            break;
        }
        if (i == 100) {
            g_test_message("vector 0x%x is not in IRR: %s", VCPU_VECTOR, apic);
            g_test_fail();
            break;
        }
        g_usleep(10 * 1000);
    }
}

/* An interrupt of the machine: its line is up while an event waits */

static void set_callback_gsi(Machine *m)
{
    set_callback(m, CALLBACK_GSI);
    m->ipi0 = bind_ipi(m, 0);
    g_assert_cmpint(evtchn_send(m->g, m->ipi0), ==, 0);
}

/* Has an interrupt controller seen it?  @irr: before the number; @bits: of it */
static void expect_gsi(Machine *m, const char *irr, bool bits)
{
    g_autofree char *info = qtest_hmp(m->qts, "info pic");
    const char *at = strstr(info, irr);
    long value = at ? strtol(at + strlen(irr), NULL, bits ? 16 : 10) : 0;

    if (bits ? !(value >> CALLBACK_GSI & 1) : value != CALLBACK_GSI) {
        g_test_message("GSI %d is not up in '%s': %s", CALLBACK_GSI, irr, info);
        g_test_fail();
    }
}

static void check_callback_gsi(Machine *m)
{
    xen_call(m->qts, XEN_XEN_VERSION, 0);
    expect_gsi(m, "\npic0: irr=", true);

    /* As Linux does on resume: an I/O APIC forgets what comes too early */
    qtest_writel(m->qts, 0xfec00000, 0x10 + 2 * CALLBACK_GSI);
    qtest_writel(m->qts, 0xfec00010, 1 << 15 | VCPU_VECTOR);
    set_callback(m, CALLBACK_GSI);
    expect_gsi(m, "\n  IRR ", false);
}

/* Physical interrupts */

static void set_pirq(Machine *m)
{
    struct {
        uint16_t domid;
        int32_t type, index, pirq, bus, devfn, entry_nr;
        uint64_t table_base;
    } args = { .domid = DOMID_SELF, .type = 1, .index = 10, .pirq = -1 };
    evtchn_bind_pirq_t bind = { 0 };

    call(m, XEN_PHYSDEV_OP, 13, &args, sizeof(args));
    m->pirq = args.pirq;
    bind.pirq = args.pirq;
    call(m, XEN_EVENT_CHANNEL_OP, EVTCHNOP_bind_pirq, &bind, sizeof(bind));
}

static void check_pirq(Machine *m)
{
    uint32_t args[2] = { m->pirq, -1 };

    call(m, XEN_PHYSDEV_OP, 5, args, sizeof(args));
    g_assert_cmpint(args[1], ==, 1);
}

/* Timers: they ring while the guest sleeps, too */

static void set_timers(Machine *m)
{
    evtchn_bind_virq_t virq = { .virq = VIRQ_TIMER, .vcpu = 1 };
    uint64_t period = 40 * MS;

    call(m, XEN_EVENT_CHANNEL_OP, EVTCHNOP_bind_virq, &virq, sizeof(virq));
    m->timer = virq.port;
    vcpu_op(m, VCPUOP_PERIODIC, &period, sizeof(period));
}

static void check_timers(Machine *m)
{
    evtchn_take(m->g, m->timer);
    qtest_clock_step(m->qts, 50 * MS);
    g_assert_true(evtchn_take(m->g, m->timer));
    qtest_clock_step(m->qts, 50 * MS);
    g_assert_true(evtchn_pending(m->g, m->timer));
}

/* Grants: the table is where it was, with what is in it */

static void set_grants(Machine *m)
{
    m->ref = gnttab_grant(&m->grants, m->data, false);
    g_assert_cmpuint(m->ref, >, 0);
}

static void check_grants(Machine *m)
{
    struct {
        uint16_t domid;
        uint32_t nr_frames, max_nr_frames;
        int16_t status;
    } size = { .domid = DOMID_SELF };
    uint64_t entry = m->g->ops->read64(m->g, m->grants.table + m->ref * 8);

    g_assert_cmphex(entry >> 32, ==, m->data >> XEN_GUEST_PAGE_SHIFT);
    g_assert_cmphex(entry & GTF_type_mask, ==, GTF_permit_access);
    m->g->ops->write(m->g, m->g->args, &size, sizeof(size));
    g_assert_cmpint(xen_call(m->qts, XEN_GRANT_TABLE_OP, GNTTABOP_query_size,
                             m->g->args, 1), ==, 0);
    m->g->ops->read(m->g, m->g->args, &size, sizeof(size));
    g_assert_cmpuint(size.nr_frames, ==, GNTTAB_FRAMES);
}

/* xenstore: nodes, a watch, an event that is not taken yet, a transaction */

static void set_nodes(Machine *m)
{
    g_assert_true(xenstore_write(&m->xs, 0, "data", "mine", "kept"));
    g_assert_true(xenstore_rm(&m->xs, 0, "", "drivers"));
    xs_expect(m->host, XS_WRITE, 0, "/local/domain/1/data/host|too", "OK|");
}

static void check_nodes(Machine *m)
{
    g_assert_cmpstr(xenstore_read(&m->xs, 0, "data", "mine"), ==, "kept");
    g_assert_null(xenstore_read(&m->xs, 0, "", "drivers"));
    xs_expect(m->host, XS_READ, 0, "/local/domain/1/data/host|", "too");
}

static void expect_event(Machine *m, const char *path, const char *token)
{
    for (unsigned i = 0; i < 1000; i++) {
        const char *got_token;
        const char *got = xenstore_event(&m->xs, &got_token);

        if (got && !strcmp(got, path) && !strcmp(got_token, token)) {
            return;
        }
        if (!got) {
            g_usleep(10 * 1000);
        }
    }
    g_test_message("no event for %s with the token %s", path, token);
    g_test_fail();
}

static void set_watch(Machine *m)
{
    g_assert_true(xenstore_watch(&m->xs, "data/watched", "token"));
    expect_event(m, "data/watched", "token");
    xs_expect(m->host, XS_WRITE, 0, "/local/domain/1/data/watched|1", "OK|");
}

static void check_watch(Machine *m)
{
    expect_event(m, "data/watched", "token");
    xs_expect(m->host, XS_WRITE, 0, "/local/domain/1/data/watched/x|2", "OK|");
    expect_event(m, "data/watched/x", "token");
}

static void set_transaction(Machine *m)
{
    m->tx = xenstore_begin(&m->xs);
    g_assert_cmpuint(m->tx, >, 0);
    g_assert_true(xenstore_write(&m->xs, m->tx, "data", "in-tx", "1"));
}

static void check_transaction(Machine *m)
{
    if (!xenstore_end(&m->xs, m->tx, true)) {
        g_test_message("the transaction is gone: %s", m->xs.error);
        g_test_fail();
        return;
    }
    g_assert_cmpstr(xenstore_read(&m->xs, 0, "data", "in-tx"), ==, "1");
}

/* PV devices go on with the rings that they have */

static void expect_state(Machine *m, Xenbus *bus)
{
    g_assert_cmpint(xenbus_backend_state(bus), ==, XenbusStateConnected);
    g_assert_cmpint(atoi(xenstore_read(&m->xs, 0, bus->frontend, "state")), ==,
                    XenbusStateConnected);
}

static void set_disk(Machine *m)
{
    g_assert_true(blkfront_init(&m->xvda, &m->xs, &m->grants, 51712));
    g_assert_true(blkfront_connect(&m->xvda, BLKFRONT_64, 0));
    m->g->ops->write64(m->g, m->data, 0x0123456789abcdef);
    g_assert_cmpint(blkfront_transfer(&m->xvda, BLKIF_OP_WRITE, 3, 1, m->data),
                    ==, BLKIF_RSP_OKAY);
}

static void check_disk(Machine *m)
{
    expect_state(m, &m->xvda.bus);
    m->g->ops->write64(m->g, m->data, 0);
    g_assert_cmpint(blkfront_transfer(&m->xvda, BLKIF_OP_READ, 3, 1, m->data),
                    ==, BLKIF_RSP_OKAY);
    g_assert_cmphex(m->g->ops->read64(m->g, m->data), ==, 0x0123456789abcdef);
}

static void set_nic(Machine *m)
{
    g_assert_true(netfront_init(&m->nic, &m->xs, &m->grants, 0));
    g_assert_true(netfront_connect(&m->nic));
    netfront_post(&m->nic, 2);
}

static void check_nic(Machine *m)
{
    uint8_t packet[60] = "packet", got[60];

    expect_state(m, &m->nic.bus);
    m->g->ops->write(m->g, m->data, packet, sizeof(packet));
    g_assert_cmpint(netfront_send(&m->nic, m->data, sizeof(packet), 0), ==,
                    NETIF_RSP_OKAY);
    do {
        g_assert_cmpint(recv(m->wires[WIRE], got, sizeof(got), 0), ==,
                        sizeof(got));
        /* A machine that has moved says so, unasked, with type RARP */
    } while (got[12] == 0x80 && got[13] == 0x35);
    g_assert_cmpmem(got, sizeof(got), packet, sizeof(packet));
    memset(packet, 0xff, 6);
    g_assert_cmpint(send(m->wires[WIRE], packet, sizeof(packet), 0), ==,
                    sizeof(packet));
    g_assert_cmpint(netfront_receive(&m->nic, got, sizeof(got)), ==,
                    sizeof(got));
    g_assert_cmpmem(got, sizeof(got), packet, sizeof(packet));
}

static void console_works(Machine *m, Consfront *console, int fd)
{
    char got[8] = "";

    g_assert_true(consfront_write(console, "out", 3));
    g_assert_cmpint(recv(fd, got, 3, MSG_WAITALL), ==, 3);
    g_assert_cmpstr(got, ==, "out");
    g_assert_cmpint(send(fd, "in", 2, 0), ==, 2);
    g_assert_true(consfront_read(console, got, 2));
    g_assert_cmpmem(got, 2, "in", 2);
}

static void set_console(Machine *m)
{
    g_assert_true(consfront_init(&m->console, &m->xs, &m->grants, 1));
    g_assert_true(consfront_connect(&m->console));
}

static void check_console(Machine *m)
{
    expect_state(m, &m->console.bus);
    console_works(m, &m->console, m->wires[CONSOLE]);
}

static void set_primary(Machine *m)
{
    g_assert_true(consfront_init(&m->primary, &m->xs, &m->grants, 0));
    console_works(m, &m->primary, m->wires[PRIMARY]);
}

static void check_primary(Machine *m)
{
    console_works(m, &m->primary, m->wires[PRIMARY]);
}

/* The platform device: driver, latch, masks */

static char *driver(Machine *m)
{
    QDict *info = xp_driver_info(m->qts);
    GString *json = qobject_to_json(QOBJECT(info));

    qobject_unref(info);
    return g_string_free(json, false);
}

static void set_driver(Machine *m)
{
    xp_announce(m->qts, 3, 1);
    xp_unplug(m->qts, 3);
    m->driver = driver(m);
}

static void check_driver(Machine *m)
{
    g_autofree char *now = driver(m);

    g_assert_cmpstr(now, ==, m->driver);
}

/* Events of a 32-bit guest are elsewhere in the page */

static void set_width(Machine *m)
{
    uint32_t args[2] = { 0 };
    struct {
        uint16_t domid;
        uint32_t index;
        uint64_t value;
    } param = { .domid = DOMID_SELF, .index = PARAM_CALLBACK_IRQ };

    m->g->ops->write(m->g, m->g->args, &param, sizeof(param));
    g_assert_cmpint(xen_call_from(m->qts, (XenCaller) { .width = 32 },
                                  XEN_HVM_OP, 2,
                                  (uint64_t[]) { HVMOP_SET_PARAM, m->g->args }),
                    ==, 0);
    call(m, XEN_EVENT_CHANNEL_OP, EVTCHNOP_bind_ipi, args, sizeof(args));
    m->ipi0 = args[1];
}

static void check_width(Machine *m)
{
    qtest_writel(m->qts, m->g->shared_info + 0x800, 0);
    g_assert_cmpint(evtchn_send(m->g, m->ipi0), ==, 0);
    g_assert_cmphex(qtest_readl(m->qts, m->g->shared_info + 0x800) &
                    1u << m->ipi0, !=, 0);
}

typedef struct Kind {
    const char *name;
    void (*set)(Machine *m);
    void (*check)(Machine *m);
    /* Before the machine moves: what it fills in on the other side */
    void (*wipe)(Machine *m);
    bool alone;         /* does not go together with the others */
} Kind;

static const Kind kinds[] = {
    { "shared-info", set_shared_info, check_shared_info },
    { "ipi", set_ipi, check_ipi },
    { "vcpu-info", set_vcpu_info, check_vcpu_info },
    { "areas", set_areas, check_areas, wipe_areas },
    { "upcall-vector", set_upcall_vector, check_upcall_vector, .alone = true },
    { "callback-gsi", set_callback_gsi, check_callback_gsi, .alone = true },
    { "pirq", set_pirq, check_pirq },
    { "timers", set_timers, check_timers },
    { "grants", set_grants, check_grants },
    { "nodes", set_nodes, check_nodes },
    { "watch", set_watch, check_watch },
    { "disk", set_disk, check_disk },
    { "nic", set_nic, check_nic },
    { "console", set_console, check_console },
    { "primary-console", set_primary, check_primary },
    { "transaction", set_transaction, check_transaction, .alone = true },
    { "driver", set_driver, check_driver },
    { "width", set_width, check_width, .alone = true },
    { "events", set_events, check_events, .alone = true },
};

typedef struct Way {
    const char *name;
    const char *machine;
    const char *version;
    unsigned sleeps;
    bool move_asleep;
    bool move_awake;
} Way;

static const Way ways[] = {
    { "pc", "pc", "0x40011", 1 },
    { "pc-4.16", "pc", "0x40010", 1 },
    { "q35", "q35", "0x40011", 1 },
    { "twice", "pc", "0x40011", 2 },
    { "moved-asleep", "pc", "0x40011", 1, .move_asleep = true },
    { "moved-awake", "pc", "0x40011", 1, .move_awake = true },
    { "q35-moved-asleep", "q35", "0x40011", 2, .move_asleep = true },
};

static void sleep_and_wake(Machine *m, const Way *way, void (*wipe)(Machine *m))
{
    for (unsigned i = 0; i < way->sleeps; i++) {
        xp_suspend(m->qts);
        if (way->move_asleep) {
            wipe(m);
            move(m);
        }
        xp_wake_up(m->qts);
    }
    if (way->move_awake) {
        wipe(m);
        move(m);
    }
}

static void wipe_nothing(Machine *m)
{
}

static void test_one(const void *opaque)
{
    const Kind *kind = opaque;
    Machine m;

    machine_start(&m, "pc", "0x40011");
    kind->set(&m);
    sleep_and_wake(&m, &ways[0], wipe_nothing);
    kind->check(&m);
    machine_end(&m);
}

static void wipe_all(Machine *m)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (kinds[i].wipe) {
            kinds[i].wipe(m);
        }
    }
}

static void test_all(const void *opaque)
{
    const Way *way = opaque;
    Machine m;

    machine_start(&m, way->machine, way->version);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!kinds[i].alone) {
            kinds[i].set(&m);
        }
    }
    sleep_and_wake(&m, way, wipe_all);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!kinds[i].alone) {
            g_test_message("%s", kinds[i].name);
            kinds[i].check(&m);
        }
    }
    machine_end(&m);
}

/* The host sees that the guest sleeps, and backends work on meanwhile */
static void test_while_asleep(void)
{
    char got[8] = "";
    Machine m;

    machine_start(&m, "pc", "0x40011");
    set_console(&m);
    set_disk(&m);
    xp_suspend(m.qts);
    g_assert_cmpint(send(m.wires[CONSOLE], "typed", 5, 0), ==, 5);
    check_disk(&m);
    g_assert_true(consfront_read(&m.console, got, 5));
    g_assert_cmpmem(got, 5, "typed", 5);
    xp_wake_up(m.qts);
    check_console(&m);
    machine_end(&m);
}

/* A driver that closes its devices before it sleeps, and connects them anew */
static void test_reconnect(void)
{
    Machine m;

    machine_start(&m, "pc", "0x40011");
    set_disk(&m);
    set_nic(&m);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_true(blkfront_disconnect(&m.xvda));
        g_assert_true(netfront_disconnect(&m.nic));
        xp_suspend(m.qts);
        xp_wake_up(m.qts);
        g_assert_true(blkfront_connect(&m.xvda, BLKFRONT_64, 0));
        g_assert_true(netfront_connect(&m.nic));
        netfront_post(&m.nic, 2);
        check_disk(&m);
        check_nic(&m);
    }
    machine_end(&m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        g_autofree char *path = g_strconcat("xen-emu/s3/kept/", kinds[i].name,
                                            NULL);

        qtest_add_data_func(path, &kinds[i], test_one);
    }
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        g_autofree char *path = g_strconcat("xen-emu/s3/all/", ways[i].name,
                                            NULL);

        qtest_add_data_func(path, &ways[i], test_all);
    }
    qtest_add_func("xen-emu/s3/while-asleep", test_while_asleep);
    qtest_add_func("xen-emu/s3/reconnect", test_reconnect);
    return g_test_run();
}
