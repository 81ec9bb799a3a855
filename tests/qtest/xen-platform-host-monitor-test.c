/*
 * xen-platform: what each HMP command does to devices that were unplugged
 *
 * As xen-platform-host-commands-test.c, with the commands that "help" lists and
 * those of "info".  A command answers within a bound of time, QEMU lives, and a
 * parked machine has its devices back after a reset.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "xen-platform-common.h"
#include "xen-platform-host.h"

#define EVERYTHING  0xf

/* What a command has to say: ANY, OK for nothing at all, or what is in it */
typedef struct Row {
    const char *command;    /* templates of host_fill() */
    unsigned targets;       /* 0: run once */
    const char *parked;
    const char *gone;
} Row;

static const Row rows[] = {
    /* On devices, drives and backends; those that end a device come last */
    { "announce_self @id", NICS, OK, OK },
    { "block_job_cancel @blk", DISKS, "not found", "not found" },
    { "block_job_complete @blk", DISKS, "not found", "not found" },
    { "block_job_pause @blk", DISKS, "not found", "not found" },
    { "block_job_resume @blk", DISKS, "not found", "not found" },
    { "block_job_set_speed @blk 1", DISKS, "not found", "not found" },
    { "block_resize d-hdb 1048576", HDB, OK, "annot find" },
    { "block_set_io_throttle @id 0 0 0 0 0 0", DISKS, ANY, "Error" },
    { "block_stream @blk", DISKS, ANY, "annot find" },
    { "change @id /dev/null", DISKS, "Error", "Error" },
    { "commit @blk", DISKS, ANY, "not found" },
    { "drive_backup -n @blk /nowhere", DISKS, "Error", "annot find" },
    { "drive_mirror -n @blk /nowhere", DISKS, "Error", "annot find" },
    { "eject @blk", DISKS, "Error", "not found" },
    { "hostfwd_add @net tcp:127.0.0.1:0-:22", NICS, ANY, ANY },
    { "hostfwd_remove @net tcp:127.0.0.1:0", NICS, ANY, ANY },
    { "nbd_server_add @blk", DISKS, "Error", "Error" },
    { "nbd_server_remove @blk", DISKS, "Error", "Error" },
    { "nbd_server_start 127.0.0.1:0", 0, ANY, ANY },
    { "nbd_server_stop", 0, ANY, ANY },
    { "pcie_aer_inject_error @id 0", NICS | NVME, "Error", "Error" },
    { "qemu-io @blk \"read 0 512\"", DISKS, OK, "annot find" },
    { "qemu-io -d @id \"read 0 512\"", DISKS, OK, "not found" },
    { "qom-get @path type", TAKEN, "\"", "not found" },
    { "qom-list @path", TAKEN, "type", "not found" },
    { "qom-set @path hotplugged true", TAKEN, "not writable", "not found" },
    { "set_link @id off", NICS, OK, "not found" },
    { "set_link @id on", NICS, OK, "not found" },
    { "snapshot_blkdev_internal @blk s", DISKS, "Error", "annot find" },
    { "snapshot_delete_blkdev_internal @blk s", DISKS, "Error", "annot find" },
    { "snapshot_blkdev @blk @tmp", DISKS, ANY, "annot find" },
    { "drive_add 0 if=none,id=d-hdb,file=/dev/null,format=raw", HDB,
      "Duplicate", "OK" },
    { "drive_del d-hdb", HDB, OK, ANY },
    { "device_add e1000,id=@id", TAKEN, "Duplicate", OK },
    { "device_del @id", NICS | NVME, OK, OK },
    { "netdev_add user,id=@net", NICS, "help netdev_add", OK },
    { "netdev_del @net", NICS, OK, OK },
    /* On nothing that could be unplugged */
#define ONCE(command) { command, 0, ANY, ANY }
    ONCE("balloon 16"), ONCE("boot_set n"), ONCE("calc_dirty_rate 1"),
    ONCE("cancel_vcpu_dirty_limit"), ONCE("chardev-add null,id=c"),
    ONCE("chardev-change c null"), ONCE("chardev-send-break c"),
    ONCE("chardev-remove c"), ONCE("client_migrate_info spice a 1"),
    ONCE("closefd x"), ONCE("cont"), ONCE("cpu 0"), ONCE("delvm x"),
    ONCE("dump-guest-memory @tmp 0 4096"), ONCE("dumpdtb @tmp"),
    ONCE("exit_preconfig"), ONCE("expire_password vnc now"),
    ONCE("gdbserver none"), ONCE("getfd x"), ONCE("gpa2hpa 0"),
    ONCE("gpa2hva 0"), ONCE("gva2gpa 0"), ONCE("help"), ONCE("i /b 0x80"),
    ONCE("loadvm x"), ONCE("log none"), ONCE("logfile @tmp"),
    ONCE("mce 0 0 0 0 0 0"), ONCE("memsave 0 16 @tmp"),
    ONCE("migrate_cancel"), ONCE("migrate_continue completed"),
    ONCE("migrate_incoming defer"), ONCE("migrate_pause"),
    ONCE("migrate_recover tcp:no:1"),
    ONCE("migrate_set_capability events on"),
    ONCE("migrate_set_parameter max-bandwidth 1M"),
    ONCE("migrate_start_postcopy"), ONCE("mouse_button 0"),
    ONCE("mouse_move 1 1"), ONCE("mouse_set 1"), ONCE("nmi"),
    ONCE("o /b 0x80 0"), ONCE("object_add iothread,id=io"),
    ONCE("object_del io"), ONCE("one-insn-per-tb off"),
    ONCE("pmemsave 0 16 @tmp"), ONCE("print 1"), ONCE("replay_break 1"),
    ONCE("replay_delete_break"), ONCE("replay_seek 1"),
    ONCE("ringbuf_read c 1"), ONCE("ringbuf_write c x"), ONCE("savevm x"),
    ONCE("screendump @tmp"), ONCE("sendkey a"), ONCE("set_password vnc x"),
    ONCE("set_vcpu_dirty_limit 1"), ONCE("stop"), ONCE("stopcapture 0"),
    ONCE("cont"), ONCE("sum 0 16"), ONCE("sync-profile off"),
    ONCE("system_powerdown"), ONCE("system_wakeup"),
    ONCE("trace-event ide_reset off"), ONCE("watchdog_action none"),
    ONCE("wavcapture @tmp x"), ONCE("x /b 0"), ONCE("xen-event-inject 1"),
    ONCE("xen-event-list"), ONCE("xp /b 0"), ONCE("info qtree"),
    ONCE("migrate file:@tmp"),
    { }
};

/* These end the machine, or are what the test does itself */
static const char *const not_run[] = { "quit", "system_reset" };

/* Runs a command; it must answer and, in time, say what it has to */
static void run(QTestState *qts, const char *command, const char *want)
{
    int64_t start = g_get_monotonic_time();
    g_autofree char *said = NULL;
    int64_t us;

    /* Should QEMU end, this was the last of it */
    g_test_message("%s", command);
    said = qtest_hmp(qts, "%s", command);
    us = g_get_monotonic_time() - start;
    g_assert_cmpint(us, <, 5 * G_USEC_PER_SEC);
    if (strcmp(want, ANY) && (*want ? !strstr(said, want) : *said != 0)) {
        g_test_message("said '%s', expected '%s'", said, want);
        g_test_fail();
    }
}

static void test_commands(gconstpointer opaque)
{
    bool park = opaque != NULL;
    QTestState *qts = host_start(park, "");

    xp_unplug(qts, EVERYTHING);
    for (const Row *row = rows; row->command; row++) {
        for (const HostTarget *t = host_targets; t->id; t++) {
            if (row->targets ? row->targets & t->bit : t == host_targets) {
                g_autofree char *command = host_fill(row->command, t);

                run(qts, command, park ? row->parked : row->gone);
            }
        }
        host_end_jobs(qts);
    }
    qtest_system_reset(qts);
    xp_expect_alive(qts);
    if (park) {
        host_check(qts, true, NICS | NVME | HDB | CDS);
    }
    qtest_quit(qts);
}

/* The names that "help ..." lists, to be freed with g_ptr_array_unref() */
static GPtrArray *listed(QTestState *qts, const char *help, const char *prefix)
{
    g_autofree char *text = qtest_hmp(qts, "%s", help);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; lines[i]; i++) {
        const char *name = lines[i];

        if (!g_str_has_prefix(name, prefix) ||
            !g_ascii_isalpha(name[strlen(prefix)])) {
            continue;
        }
        name += strlen(prefix);
        g_ptr_array_add(names, g_strndup(name, strcspn(name, " |\r")));
    }
    g_assert_cmpuint(names->len, >, 10);
    return names;
}

static void test_info(gconstpointer opaque)
{
    QTestState *qts = host_start(opaque != NULL, "");
    g_autoptr(GPtrArray) names = listed(qts, "help info", "info ");

    xp_unplug(qts, EVERYTHING);
    for (unsigned i = 0; i < names->len; i++) {
        g_autofree char *command = g_strdup_printf(
            "info %s", (char *)g_ptr_array_index(names, i));

        run(qts, command, ANY);
    }
    host_check(qts, false, 0);
    qtest_quit(qts);
}

static bool in_table(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(not_run); i++) {
        if (g_str_equal(name, not_run[i])) {
            return true;
        }
    }
    for (const Row *row = rows; row->command; row++) {
        if (strcspn(row->command, " ") == strlen(name) &&
            g_str_has_prefix(row->command, name)) {
            return true;
        }
    }
    return false;
}

static void test_complete(void)
{
    QTestState *qts = xp_start("-M pc");
    g_autoptr(GPtrArray) names = listed(qts, "help", "");

    for (unsigned i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);

        if (!in_table(name)) {
            g_test_message("%s is not in the table of this test", name);
            g_test_fail();
        }
    }
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host-monitor/complete", test_complete);
    g_test_add_data_func("/host-monitor/parked", "park", test_commands);
    g_test_add_data_func("/host-monitor/gone", NULL, test_commands);
    g_test_add_data_func("/host-monitor/info/parked", "park", test_info);
    g_test_add_data_func("/host-monitor/info/gone", NULL, test_info);
    return g_test_run();
}
