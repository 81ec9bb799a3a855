/*
 * The host's commands on what a guest has unplugged
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "xen-platform-common.h"
#include "xen-platform-host.h"
#include "xen-platform-machine.h"
#include "xen-platform-sectors.h"

/* The host may be busy; to take 1 MiB of answer apart takes libqtest long */
#define BOUND_SECONDS   5
#define LONG_ANSWER     "query-qmp-schema"

static bool pci(QTestState *qts, unsigned bus, unsigned slot)
{
    return xp_pci(qts, bus, slot);
}

const HostTarget host_targets[] = {
    { HDA, "hda", "n-hda", xp_ide_disk, 0, 0 },
    { HDB, "hdb", "d-hdb", xp_ide_disk, 0, 1 },
    { SATA, "sata", "n-sata", xp_ahci_port, 3, 0 },
    { SDA, "sda", "n-sda", xp_lsi_target, 4, 0 },
    { SDC, "sdc", "n-sdc", pci, 0, 5 },
    { NVME, "nvme", "n-nvme", pci, 0, 6 },
    { NIC, "nic", "nic", pci, 0, 7 },
    { FAR_NIC, "far", "far", pci, 1, 1 },
    { CD, "cd", "cd", xp_ide_cd, 1, 0 },
    { SATA_CD, "sata-cd", "d-sata-cd", xp_ahci_port, 3, 1 },
    { SCSI_CD, "scsi-cd", "n-scsi-cd", xp_lsi_target, 4, 1 },
    { }
};

#define IMG(id) \
    "-blockdev file,node-name=f-" id ",filename=@" id "@ " \
    "-blockdev raw,node-name=n-" id ",file=f-" id " "

static const char machine[] =
    "-M pc -m 32 "
    IMG("hda") "-device ide-hd,id=hda,drive=n-hda,bus=ide.0,unit=0,share-rw=on "
    "-drive if=none,id=d-hdb,node-name=n-hdb,format=raw,file.driver=file,"
    "file.filename=@hdb@,file.node-name=f-hdb "
    "-device ide-hd,id=hdb,drive=d-hdb,bus=ide.0,unit=1 "
    "-device ide-cd,id=cd,bus=ide.1,unit=0 "
    "-device ich9-ahci,id=ahci,addr=3 "
    IMG("sata") "-device ide-hd,id=sata,drive=n-sata,bus=ahci.0 "
    "-drive if=none,id=d-sata-cd,node-name=n-sata-cd,format=raw,file=@cd1@,"
    "media=cdrom,file.node-name=f-sata-cd "
    "-device ide-cd,id=sata-cd,drive=d-sata-cd,bus=ahci.1 "
    "-device lsi53c895a,id=lsi,addr=4 "
    IMG("sda") "-device scsi-hd,id=sda,drive=n-sda,bus=lsi.0,scsi-id=0 "
    "-blockdev file,node-name=f-scsi-cd,read-only=on,filename=@cd2@ "
    "-blockdev raw,node-name=n-scsi-cd,read-only=on,file=f-scsi-cd "
    "-device scsi-cd,id=scsi-cd,drive=n-scsi-cd,bus=lsi.0,scsi-id=1 "
    "-device lsi53c895a,id=lsi2,addr=5 "
    IMG("sdc") "-device scsi-hd,id=sdc,drive=n-sdc,bus=lsi2.0,scsi-id=0 "
    IMG("nvme") "-device nvme,id=nvme,serial=x,drive=n-nvme,addr=6 "
    "-netdev user,id=net-nic -device e1000,id=nic,netdev=net-nic,addr=7 "
    "-device pci-bridge,id=br,chassis_nr=1,shpc=on,addr=9 "
    "-netdev user,id=net-far "
    "-device rtl8139,id=far,netdev=net-far,bus=br,addr=1 "
    "-device xen-platform,addr=2,x-park=%s %s";

/* Takes @text; returns it with all @what in it replaced */
static char *replace(char *text, const char *what, const char *with)
{
    g_auto(GStrv) parts = g_strsplit(text, what, -1);

    g_free(text);
    return g_strjoinv(with, parts);
}

/* Put the path of a new image where the machine has @NAME@ */
static char *with_images(const char *args)
{
    static const char *const names[] = {
        "hda", "hdb", "sata", "cd1", "sda", "cd2", "sdc", "nvme",
    };
    char *text = g_strdup(args);

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        g_autofree char *mark = g_strdup_printf("@%s@", names[i]);
        g_autofree char *path = xp_tmp_path(names[i]);
        int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(ftruncate(fd, HOST_SECTORS * 512), ==, 0);
        close(fd);
        text = replace(text, mark, path);
    }
    return text;
}

/* After each reset, as firmware does */
static void number_bridges(QTestState *qts)
{
    static const unsigned bridges[] = { 9 };

    xp_number_bridges(qts, bridges, ARRAY_SIZE(bridges));
}

QTestState *host_start(bool park, const char *more)
{
    g_autofree char *args = g_strdup_printf(machine, park ? "on" : "off", more);
    g_autofree char *images = with_images(args);
    QTestState *qts = xp_start("%s", images);

    host_use(qts);
    return qts;
}

void host_use(QTestState *qts)
{
    number_bridges(qts);
    xp_ide_sectors(qts, 0, 0);
    xp_ahci_sectors(qts, 3, 0);
    xp_lsi_sectors(qts, 4, 0);
    xp_lsi_sectors(qts, 5, 0);
    xp_nvme_blocks(qts, 6);
    if (xp_pci(qts, 0, 7)) {
        xp_bar(qts, 7, PCI_BASE_ADDRESS_0);
    }
    /* Two sectors from the slave, of which half of one is read */
    qtest_outb(qts, 0x1f6, 0xf0);
    qtest_outb(qts, 0x1f2, 2);
    qtest_outb(qts, 0x1f7, 0x20);
    for (unsigned i = 0; i < 128; i++) {
        qtest_inw(qts, 0x1f0);
    }
}

void host_check(QTestState *qts, bool there, unsigned except)
{
    number_bridges(qts);
    for (const HostTarget *t = host_targets; t->id; t++) {
        bool want = there || !(t->bit & TAKEN);
        bool got;

        if (t->bit & except) {
            continue;
        }
        got = t->there(qts, t->a, t->b);
        if (got != want) {
            g_test_message("%s %s", t->id,
                           got ? "is still there" : "is gone");
        }
        g_assert_cmpint(got, ==, want);
    }
}

char *host_fill(const char *template, const HostTarget *t)
{
    static unsigned files;
    char *text = g_strdup(template);

    if (strstr(template, "@tmp")) {
        g_autofree char *name = g_strdup_printf("new-%u", files++);
        g_autofree char *path = xp_tmp_path(name);

        text = replace(text, "@tmp", path);
    }
    text = replace(text, "@id", t->id);
    text = replace(text, "@blk", t->blk);
    text = replace(text, "@node", "n-@");
    text = replace(text, "@file", "f-@");
    text = replace(text, "@net", "net-@");
    text = replace(text, "@path", "/machine/peripheral/@");
    text = replace(text, "@", t->id);
    return text;
}

QDict *host_command(QTestState *qts, const char *command)
{
    const char *space = strchr(command, ' ');
    g_autofree char *name = space ? g_strndup(command, space - command)
                                  : g_strdup(command);
    QDict *request = qdict_new();
    int64_t start = g_get_monotonic_time();
    int64_t us;
    QDict *answer;

    qdict_put_str(request, "execute", name);
    if (space) {
        QObject *args = qobject_from_json(space + 1, NULL);

        if (!args) {
            g_error("no JSON: %s", command);
        }
        qdict_put_obj(request, "arguments", args);
    }
    answer = qtest_qmp(qts, "%p", request);
    us = g_get_monotonic_time() - start;
    if (us > BOUND_SECONDS * G_USEC_PER_SEC && strcmp(name, LONG_ANSWER)) {
        g_error("%s took %" PRId64 " ms", command, us / 1000);
    }
    return answer;
}

char *host_verdict(QDict *answer, const char *want)
{
    QDict *error = qdict_get_qdict(answer, "error");
    const char *desc = error ? qdict_get_str(error, "desc") : OK;

    if (g_str_equal(want, ANY) ||
        (*want ? strstr(desc, want) != NULL : !error)) {
        return NULL;
    }
    return error ? g_strdup_printf("failed: '%s', expected %s%s%s", desc,
                                   *want ? "'" : "", *want ? want : "success",
                                   *want ? "'" : "")
                 : g_strdup_printf("succeeded, expected '%s'", want);
}

static void expect(QTestState *qts, const char *want, const char *fmt,
                   va_list ap)
{
    g_autofree char *command = g_strdup_vprintf(fmt, ap);
    g_autofree char *why = NULL;
    QDict *answer;

    g_test_message("%s", command);
    answer = host_command(qts, command);
    why = host_verdict(answer, want);
    if (why) {
        g_error("%s: %s", command, why);
    }
    qobject_unref(answer);
}

void host_ok(QTestState *qts, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    expect(qts, OK, fmt, ap);
    va_end(ap);
}

void host_refused(QTestState *qts, const char *error, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    expect(qts, error, fmt, ap);
    va_end(ap);
}

void host_end_jobs(QTestState *qts)
{
    for (unsigned round = 0; round < 1000; round++) {
        QDict *answer = host_command(qts, "query-jobs");
        QList *jobs = qdict_get_qlist(answer, "return");
        const QListEntry *e;

        if (qlist_empty(jobs)) {
            qobject_unref(answer);
            return;
        }
        QLIST_FOREACH_ENTRY(jobs, e) {
            QDict *job = qobject_to(QDict, qlist_entry_obj(e));
            const char *id = qdict_get_str(job, "id");

            /* What is concluded by itself goes by itself, or is dismissed */
            qobject_unref(qtest_qmp(qts, "{ 'execute': 'job-cancel',"
                                    " 'arguments': { 'id': %s } }", id));
            qobject_unref(qtest_qmp(qts, "{ 'execute': 'job-dismiss',"
                                    " 'arguments': { 'id': %s } }", id));
        }
        qobject_unref(answer);
        g_usleep(1000);
    }
    g_error("block jobs do not end");
}
