/*
 * xen-platform: what each QMP command does to devices that were unplugged
 *
 * The table has every command of QEMU, and the test fails if QEMU has one that
 * is not there.  A row is run for each of its targets, after the guest has been
 * at work and has unplugged everything: on a machine that parks, where it is
 * then reset and must have all devices back, and on one that removes.  Commands
 * answer within a bound of time, and the guest finds nothing that is gone.
 *
 * What a command does, in short: a parked device is there for the host as it
 * was, under its name, with its node and its backend, and what the host does to
 * these shows when it comes back.  Of a removed one no name is left.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "xen-platform-common.h"
#include "xen-platform-host.h"

#define EVERYTHING  0xf     /* the mask */
#define NONE        0       /* of the targets: run once */

typedef struct Row {
    const char *command;
    unsigned targets;
    const char *parked;     /* OK, ANY, or what its error has to say */
    const char *gone;
    const char *then[5];    /* commands that are run if it succeeded */
    enum {
        DELETES = 1,        /* the target does not come back */
        FRESH = 2,          /* the machine is of no use any more */
        ENDS = 4,           /* QEMU ends, with exit code 0 */
    } after;
} Row;

/* Errors */
#define NO_NODE     "ode"           /* no such node, in several wordings */
#define NO_DEVICE   "not found"
#define NO_NIC      "invalid net client"
#define CD_ONLY     "is not removable"

static const Row nothing[] = {
    /* These reach none of the devices, be they there or not */
    { "add-fd", NONE, "No file descriptor", "No file descriptor" },
    { "add_client { 'protocol': 'vnc', 'fdname': 'no' }", NONE,
      "not been found", "not been found" },
    { "balloon { 'value': 16777216 }", NONE, "No balloon", "No balloon" },
    { "calc-dirty-rate { 'calc-time': 1 }", NONE, OK, OK },
    { "cancel-vcpu-dirty-limit", NONE, "", "" },
    { "change-vnc-password { 'password': 'x' }", NONE, "ould not", "ould not" },
    { "chardev-add { 'id': 'c', 'backend': { 'type': 'null', 'data': {} } }",
      NONE, OK, OK, { "chardev-remove { 'id': 'c' }" } },
    { "chardev-change { 'id': 'no', 'backend':"
      " { 'type': 'null', 'data': {} } }", NONE, "not", "not" },
    { "chardev-remove { 'id': 'no' }", NONE, "not found", "not found" },
    { "chardev-send-break { 'id': 'no' }", NONE, "not found", "not found" },
    { "client_migrate_info { 'protocol': 'vnc', 'hostname': 'x' }", NONE,
      "spice", "spice" },
    { "closefd { 'fdname': 'no' }", NONE, "not found", "not found" },
    { "cxl-add-dynamic-capacity { 'path': '@path', 'host-id': 0,"
      " 'selection-policy': 'free', 'region': 0, 'extents': [] }", NIC | NVME,
      "not supported", "not supported" },
    { "display-reload { 'type': 'vnc' }", NONE, OK, OK },
    { "display-update { 'type': 'vnc' }", NONE, "vnc", "vnc" },
    { "dump-guest-memory { 'paging': false, 'protocol': 'file:@tmp',"
      " 'begin': 0, 'length': 4096 }", NONE, OK, OK },
    { "dumpdtb { 'filename': '@tmp' }", NONE, "FDT", "FDT" },
    { "expire_password { 'protocol': 'vnc', 'time': 'now' }", NONE,
      "ould not", "ould not" },
    { "getfd { 'fdname': 'x' }", NONE, "No file descriptor",
      "No file descriptor" },
    { "inject-nmi", NONE, OK, OK },
    { "input-send-event { 'events': [] }", NONE, OK, OK },
    { "memsave { 'val': 0, 'size': 16, 'filename': '@tmp' }", NONE, OK, OK },
    { "pmemsave { 'val': 0, 'size': 16, 'filename': '@tmp' }", NONE, OK, OK },
    { "qmp_capabilities", NONE, "already complete", "already complete" },
    { "replay-break { 'icount': 1 }", NONE, "only in play", "only in play" },
    { "replay-delete-break", NONE, "only in play", "only in play" },
    { "replay-seek { 'icount': 1 }", NONE, "replay", "replay" },
    { "ringbuf-read { 'device': 'no', 'size': 1 }", NONE, "not", "not" },
    { "ringbuf-write { 'device': 'no', 'data': 'x' }", NONE, "not", "not" },
    { "rtc-reset-reinjection", NONE, OK, OK },
    { "screendump { 'filename': '@tmp' }", NONE, "no console", "no console" },
    { "send-key { 'keys': [] }", NONE, OK, OK },
    { "set-action { 'panic': 'pause' }", NONE, OK, OK },
    { "set-numa-node { 'type': 'node' }", NONE, "only before", "only before" },
    { "set-vcpu-dirty-limit { 'dirty-rate': 1 }", NONE, "requires KVM",
      "requires KVM" },
    { "set_password { 'protocol': 'vnc', 'password': 'x' }", NONE, "ould not",
      "ould not" },
    { "sev-inject-launch-secret { 'packet-header': '', 'secret': '' }", NONE,
      "not enabled", "not enabled" },
    { "system_powerdown", NONE, OK, OK },
    { "system_wakeup", NONE, "not in suspended", "not in suspended" },
    { "trace-event-get-state { 'name': 'ide_*' }", NONE, OK, OK },
    { "trace-event-set-state { 'name': 'ide_reset', 'enable': false }", NONE,
      OK, OK },
    { "watchdog-set-action { 'action': 'pause' }", NONE, OK, OK },
    { "x-exit-preconfig", NONE, "only before", "only before" },
    { "xen-event-inject { 'port': 1 }", NONE, ANY, ANY },
    { "yank { 'instances': [] }", NONE, OK, OK },
    { }
};

static const Row cxl[] = {
    /* Of the target's class, but not CXL memory */
    { "cxl-inject-correctable-error { 'path': '@path', 'type':"
      " 'cache-data-ecc' }", NIC | NVME, "CXL type 3", "resolve path" },
    { "cxl-inject-dram-event { 'path': '@path', 'log': 'fatal', 'flags': 0,"
      " 'dpa': 0, 'descriptor': 0, 'type': 0, 'transaction-type': 0 }",
      NIC | NVME, "CXL type 3", "resolve path" },
    { "cxl-inject-general-media-event { 'path': '@path', 'log': 'fatal',"
      " 'flags': 0, 'dpa': 0, 'descriptor': 0, 'type': 0,"
      " 'transaction-type': 0 }", NIC | NVME, "CXL type 3", "resolve path" },
    { "cxl-inject-memory-module-event { 'path': '@path', 'log': 'fatal',"
      " 'flags': 0, 'type': 0, 'health-status': 0, 'media-status': 0,"
      " 'additional-status': 0, 'life-used': 0, 'temperature': 0,"
      " 'dirty-shutdown-count': 0, 'corrected-volatile-error-count': 0,"
      " 'corrected-persistent-error-count': 0 }", NIC | NVME, "CXL type 3",
        "resolve path" },
    { "cxl-inject-poison { 'path': '@path', 'start': 0, 'length': 64 }",
      NIC | NVME, "CXL type 3", "resolve path" },
    { "cxl-inject-uncorrectable-errors { 'path': '@path', 'errors': [] }",
      NIC | NVME, "CXL type 3", "resolve path" },
    { "cxl-release-dynamic-capacity { 'path': '@path', 'host-id': 0,"
      " 'removal-policy': 'tag-based', 'region': 0, 'extents': [] }",
      NIC | NVME, "not supported", "not supported" },
    { }
};

static const Row queries[] = {
    /* A parked device is shown as it was, a removed one is not */
    { "device-list-properties { 'typename': 'ide-hd' }", NONE, OK, OK },
    { "human-monitor-command { 'command-line': 'info qtree' }", NONE, OK, OK },
    { "qom-list { 'path': '@path' }", TAKEN, OK, NO_DEVICE },
    { "qom-list-properties { 'typename': 'nvme' }", NONE, OK, OK },
    { "qom-list-types", NONE, OK, OK },
    { "qom-get { 'path': '@path', 'property': 'type' }", TAKEN, OK, NO_DEVICE },
    { "query-acpi-ospm-status", NONE, OK, OK },
    { "query-audiodevs", NONE, OK, OK },
    { "query-balloon", NONE, "No balloon", "No balloon" },
    { "query-block", NONE, OK, OK },
    { "query-block-exports", NONE, OK, OK },
    { "query-block-jobs", NONE, OK, OK },
    { "query-blockstats", NONE, OK, OK },
    { "query-chardev", NONE, OK, OK },
    { "query-chardev-backends", NONE, OK, OK },
    { "query-command-line-options", NONE, OK, OK },
    { "query-commands", NONE, OK, OK },
    { "query-cpu-definitions", NONE, OK, OK },
    { "query-cpu-model-expansion { 'type': 'static', 'model':"
      " { 'name': 'qemu64' } }", NONE, OK, OK },
    { "query-cpus-fast", NONE, OK, OK },
    { "query-cryptodev", NONE, OK, OK },
    { "query-current-machine", NONE, OK, OK },
    { "query-dirty-rate", NONE, OK, OK },
    { "query-display-options", NONE, OK, OK },
    { "query-dump", NONE, OK, OK },
    { "query-dump-guest-memory-capability", NONE, OK, OK },
    { "query-fdsets", NONE, OK, OK },
    { "query-hotpluggable-cpus", NONE, OK, OK },
    { "query-hv-balloon-status-report", NONE, "not enabled", "not enabled" },
    { "query-iothreads", NONE, OK, OK },
    { "query-jobs", NONE, OK, OK },
    { "query-kvm", NONE, OK, OK },
    { "query-machines", NONE, OK, OK },
    { "query-memdev", NONE, OK, OK },
    { "query-memory-devices", NONE, OK, OK },
    { "query-memory-size-summary", NONE, OK, OK },
    { "query-mice", NONE, OK, OK },
    { "query-migratable", NONE, OK, OK },
    { "query-migrate", NONE, OK, OK },
    { "query-migrate-capabilities", NONE, OK, OK },
    { "query-migrate-parameters", NONE, OK, OK },
    { "query-migrationthreads", NONE, OK, OK },
    { "query-name", NONE, OK, OK },
    { "query-named-block-nodes", NONE, OK, OK },
    { "query-pci", NONE, OK, OK },
    { "query-pr-managers", NONE, OK, OK },
    { "query-qmp-schema", NONE, OK, OK },
    { "query-replay", NONE, OK, OK },
    { "query-rocker { 'name': '@id' }", NICS, NO_DEVICE, NO_DEVICE },
    { "query-rocker-of-dpa-flows { 'name': '@id' }", NICS, NO_DEVICE,
      NO_DEVICE },
    { "query-rocker-of-dpa-groups { 'name': '@id' }", NICS, NO_DEVICE,
      NO_DEVICE },
    { "query-rocker-ports { 'name': '@id' }", NICS, NO_DEVICE, NO_DEVICE },
    { "query-rx-filter { 'name': '@id' }", NICS, "support rx-filter", NO_NIC },
    { "query-rx-filter", NONE, OK, OK },
    { "query-sev", NONE, OK, OK },
    { "query-sev-attestation-report { 'mnonce': '' }", NONE, "not enabled",
      "not enabled" },
    { "query-sev-capabilities", NONE, "not enabled", "not enabled" },
    { "query-sev-launch-measure", NONE, "not available", "not available" },
    { "query-sgx", NONE, "No EPC", "No EPC" },
    { "query-sgx-capabilities", NONE, "ould not open", "ould not open" },
    { "query-stats { 'target': 'vm' }", NONE, OK, OK },
    { "query-stats-schemas", NONE, OK, OK },
    { "query-status", NONE, OK, OK },
    { "query-target", NONE, OK, OK },
    { "query-uuid", NONE, OK, OK },
    { "query-vcpu-dirty-limit", NONE, "", "" },
    { "query-version", NONE, OK, OK },
    { "query-vm-generation-id", NONE, "not found", "not found" },
    { "query-vnc", NONE, OK, OK },
    { "query-vnc-servers", NONE, OK, OK },
    { "query-xen-platform-pv-driver-info", NONE, OK, OK },
    { "query-yank", NONE, OK, OK },
    { "x-debug-query-block-graph", NONE, OK, OK },
    { "x-query-interrupt-controllers", NONE, OK, OK },
    { "x-query-irq", NONE, OK, OK },
    { "x-query-jit", NONE, "accel=tcg", "accel=tcg" },
    { "x-query-numa", NONE, OK, OK },
    { "x-query-opcount", NONE, "accel=tcg", "accel=tcg" },
    { "x-query-ramblock", NONE, OK, OK },
    { "x-query-roms", NONE, OK, OK },
    { "x-query-usb", NONE, "not enabled", "not enabled" },
    { "x-query-virtio", NONE, "No virtio", "No virtio" },
    { "x-query-virtio-queue-element { 'path': '@path', 'queue': 0 }", NICS,
      "not a VirtIO", "not a VirtIO" },
    { "x-query-virtio-queue-status { 'path': '@path', 'queue': 0 }", NICS,
      "not a VirtIO", "not a VirtIO" },
    { "x-query-virtio-status { 'path': '@path' }", NICS,
      "not a realized VirtIO", "not a realized VirtIO" },
    { "x-query-virtio-vhost-queue-status { 'path': '@path', 'queue': 0 }",
      NICS, "not a VirtIO", "not a VirtIO" },
    { "xen-event-list", NONE, OK, OK },
    { }
};

static const Row devices[] = {
    /* Deletes a parked device at once; its node and backend are free then */
    { "device_del { 'id': '@id' }", DISKS & ~IDE_DISKS, OK, NO_DEVICE,
      { }, DELETES | FRESH },
    { "device_del { 'id': '@id' }", NICS, OK, NO_DEVICE,
      { "netdev_del { 'id': '@net' }",
        "netdev_add { 'type': 'user', 'id': '@net' }" }, DELETES | FRESH },
    { "device_del { 'id': '@id' }", IDE_DISKS, "does not support hotplugging",
      NO_DEVICE },
    /* Its place is taken, its name too; after a removal both are free */
    { "device_add { 'driver': 'e1000', 'id': '@id', 'addr': '0x10' }", TAKEN,
      "Duplicate device ID", OK, { }, FRESH },
    { "device_add { 'driver': 'e1000', 'id': 'new', 'addr': '7' }", NIC,
      "not available for", OK, { }, FRESH },
    { "device_add { 'driver': 'e1000', 'id': 'new', 'addr': '6' }", NVME,
      "not available for", OK, { }, FRESH },
    { "device_add { 'driver': 'e1000', 'id': 'new', 'addr': '5' }", SDC,
      "not available for", OK, { }, FRESH },
    { "device_add { 'driver': 'e1000', 'id': 'new', 'bus': 'br', 'addr': '1' }",
      FAR_NIC, "not available for", OK, { }, FRESH },
    { "device_add { 'driver': 'scsi-cd', 'id': 'new', 'bus': 'lsi.0',"
      " 'scsi-id': 0 }", SDA, "no free lun", OK, { }, FRESH },
    { "device_add { 'driver': 'ide-cd', 'id': 'new', 'bus': 'ide.0',"
      " 'unit': 0 }", HDA, "hotplug", "hotplug" },
    { "device-sync-config { 'id': '@id' }", TAKEN, "not supported",
      NO_DEVICE },
    { "qom-set { 'path': '@path', 'property': 'hotplugged', 'value': true }",
      TAKEN, "not writable", NO_DEVICE },
    { "netdev_add { 'type': 'user', 'id': '@net' }", NICS, "Duplicate", OK,
      { "netdev_del { 'id': '@net' }" } },
    { "netdev_del { 'id': '@net' }", NICS, OK, NO_DEVICE,
      { "netdev_add { 'type': 'user', 'id': '@net' }" }, FRESH },
    { "set_link { 'name': '@id', 'up': false }", NICS, OK, NO_DEVICE,
      { "set_link { 'name': '@net', 'up': false }",
        "set_link { 'name': '@net', 'up': true }",
        "set_link { 'name': '@id', 'up': true }" } },
    { "announce-self { 'initial': 50, 'max': 550, 'rounds': 3, 'step': 50 }",
      NONE, OK, OK },
    { "announce-self { 'initial': 50, 'max': 550, 'rounds': 3, 'step': 50,"
      " 'interfaces': ['@id'] }", NICS, OK, OK },
    { "object-add { 'qom-type': 'iothread', 'id': 'io' }", NONE, OK, OK,
      { "object-del { 'id': 'io' }" } },
    { "object-add { 'qom-type': 'filter-dump', 'id': 'dump',"
      " 'netdev': '@net', 'file': '@tmp' }", NICS, OK,
        "expects a network backend",
      { "object-del { 'id': 'dump' }" } },
    { "object-del { 'id': '@id' }", TAKEN, NO_DEVICE, NO_DEVICE },
    { "query-stats { 'target': 'cryptodev' }", NONE, OK, OK },
    { }
};

static const Row media[] = {
    /* A disk has no medium that could be changed; CDs are as ever */
    { "eject { 'id': '@id' }", DISKS, CD_ONLY, NO_DEVICE },
    { "eject { 'id': '@id', 'force': true }", DISKS, CD_ONLY, NO_DEVICE },
    { "eject { 'id': '@id', 'force': true }", CDS, OK, OK, { }, FRESH },
    { "eject { 'id': '@id' }", NICS, "block device backend", NO_DEVICE },
    { "blockdev-open-tray { 'id': '@id' }", DISKS, CD_ONLY, NO_DEVICE },
    { "blockdev-open-tray { 'id': '@id', 'force': true }", CDS, OK, OK,
      { "blockdev-close-tray { 'id': '@id' }" } },
    { "blockdev-close-tray { 'id': '@id' }", DISKS, CD_ONLY, NO_DEVICE },
    { "blockdev-remove-medium { 'id': '@id' }", DISKS, CD_ONLY, NO_DEVICE },
    { "blockdev-insert-medium { 'id': '@id', 'node-name': 'f-scsi-cd' }", DISKS,
      CD_ONLY, NO_DEVICE },
    { "blockdev-change-medium { 'id': '@id', 'filename': '/dev/null',"
      " 'format': 'raw' }", DISKS, CD_ONLY, NO_DEVICE },
    { "blockdev-change-medium { 'id': '@id', 'filename': '/dev/null',"
      " 'format': 'raw', 'read-only-mode': 'read-only', 'force': true }", CDS,
      OK, OK,
      { "blockdev-open-tray { 'id': '@id', 'force': true }",
        "blockdev-remove-medium { 'id': '@id' }",
        "blockdev-close-tray { 'id': '@id' }" }, FRESH },
    { }
};

static const Row nodes[] = {
    /* The node under a parked disk is there and in use; a removed one's gone */
    { "block_resize { 'node-name': '@node', 'size': 2097152 }", NVME,
      "unshared by block device", "ode-name" },
    { "block_resize { 'node-name': '@node', 'size': 2097152 }",
      IDE_DISKS | SCSI_DISKS, OK, NO_NODE,
      { "block_resize { 'node-name': '@node', 'size': 1048576 }" } },
    { "block_set_io_throttle { 'id': '@id', 'bps': 1000000, 'bps_rd': 0,"
      " 'bps_wr': 0, 'iops': 0, 'iops_rd': 0, 'iops_wr': 0 }", DISKS, OK,
      NO_DEVICE, { "block_set_io_throttle { 'id': '@id', 'bps': 0, 'bps_rd': 0,"
      " 'bps_wr': 0, 'iops': 0, 'iops_rd': 0, 'iops_wr': 0 }" } },
    { "block-latency-histogram-set { 'id': '@id', 'boundaries': [10] }", DISKS,
      OK, NO_DEVICE, { "block-latency-histogram-set { 'id': '@id' }" } },
    { "block-set-write-threshold { 'node-name': '@node',"
      " 'write-threshold': 4096 }", DISKS, OK, NO_DEVICE,
      { "block-set-write-threshold { 'node-name': '@node',"
        " 'write-threshold': 0 }" } },
    { "blockdev-add { 'driver': 'null-co', 'node-name': '@node' }", DISKS,
      "uplicate", OK, { "blockdev-del { 'node-name': '@node' }" } },
    { "blockdev-del { 'node-name': '@node' }", DISKS, "in use", NO_NODE },
    { "blockdev-del { 'node-name': '@file' }", DISKS & ~HDB, "in use",
      NO_NODE },
    { "blockdev-del { 'node-name': '@file' }", HDB, "not owned", NO_NODE },
    { "blockdev-reopen { 'options': [ { 'driver': 'raw', 'node-name': '@node',"
      " 'file': '@file' } ] }", DISKS, OK, NO_NODE },
    { "blockdev-set-active { 'node-name': '@node', 'active': false }", DISKS,
      ANY, NO_NODE, { "blockdev-set-active { 'node-name': '@node',"
      " 'active': true }" } },
    { "blockdev-create { 'job-id': 'j', 'options': { 'driver': 'raw',"
      " 'file': '@file', 'size': 1048576 } }", DISKS, ANY, ANY },
    { "change-backing-file { 'device': '@blk', 'image-node-name': '@node',"
      " 'backing-file': '/dev/null' }", DISKS, "without a backing", NO_NODE },
    { "x-blockdev-amend { 'job-id': 'j', 'node-name': '@node',"
      " 'options': { 'driver': 'qcow2' } }", DISKS,
        "changing the block driver", NO_NODE },
    { "x-blockdev-change { 'parent': '@node', 'node': 'f-scsi-cd' }", DISKS,
      "adding a child", NO_NODE },
    { "x-blockdev-set-iothread { 'node-name': '@node', 'iothread': null }",
      DISKS, "could be in use", NO_NODE },
    { "x-blockdev-set-iothread { 'node-name': '@node', 'iothread': 'no' }",
      DISKS, "could be in use", NO_NODE },
    { "x-debug-block-dirty-bitmap-sha256 { 'node': '@node', 'name': 'b' }",
      DISKS, "not found", NO_NODE },
    { "block-dirty-bitmap-add { 'node': '@node', 'name': 'b' }", DISKS, OK,
      NO_NODE, { "block-dirty-bitmap-disable { 'node': '@node', 'name': 'b' }",
      "block-dirty-bitmap-enable { 'node': '@node', 'name': 'b' }",
      "block-dirty-bitmap-clear { 'node': '@node', 'name': 'b' }",
      "block-dirty-bitmap-merge { 'node': '@node', 'target': 'b',"
      " 'bitmaps': ['b'] }",
      "block-dirty-bitmap-remove { 'node': '@node', 'name': 'b' }" } },
    { "block-dirty-bitmap-clear { 'node': '@node', 'name': 'b' }", DISKS,
      "not found", NO_NODE },
    { "block-dirty-bitmap-disable { 'node': '@node', 'name': 'b' }", DISKS,
      "not found", NO_NODE },
    { "block-dirty-bitmap-enable { 'node': '@node', 'name': 'b' }", DISKS,
      "not found", NO_NODE },
    { "block-dirty-bitmap-merge { 'node': '@node', 'target': 'b',"
      " 'bitmaps': [] }", DISKS, "not found", NO_NODE },
    { "block-dirty-bitmap-remove { 'node': '@node', 'name': 'b' }", DISKS,
      "not found", NO_NODE },
    { "nbd-server-start { 'addr': { 'type': 'unix', 'data':"
      " { 'path': '@tmp' } } }", DISKS, OK, OK,
      { "block-export-add { 'type': 'nbd', 'id': 'x', 'node-name': '@node',"
        " 'writable': false }", "block-export-del { 'id': 'x' }",
        "nbd-server-stop" }, FRESH },
    { "nbd-server-add { 'device': '@node' }", DISKS, "not running",
      NO_NODE },
    { "nbd-server-remove { 'name': '@node' }", DISKS, "is not found",
      "is not found" },
    { "nbd-server-stop", NONE, "not running", "not running" },
    { "block-export-add { 'type': 'nbd', 'id': 'x', 'node-name': '@node' }",
      DISKS, "not running", NO_NODE },
    { "block-export-del { 'id': 'x' }", NONE, "not found", "not found" },
    { }
};

static const Row jobs[] = {
    /* Jobs run on the node as before; what they find gone, they say */
    { "block-commit { 'job-id': 'j', 'device': '@blk' }", DISKS, ANY,
      NO_DEVICE },
    { "block-stream { 'job-id': 'j', 'device': '@blk' }", DISKS, OK,
      "ode-name" },
    { "drive-mirror { 'job-id': 'j', 'device': '@blk', 'target': '@tmp',"
      " 'sync': 'full', 'format': 'raw' }", DISKS, OK, "ode-name" },
    { "drive-backup { 'job-id': 'j', 'device': '@blk', 'target': '@tmp',"
      " 'sync': 'full', 'format': 'raw' }", DISKS, OK, "ode-name" },
    { "blockdev-add { 'driver': 'null-co', 'node-name': 'to',"
      " 'size': 1048576 }", DISKS, OK, OK,
      { "blockdev-mirror { 'job-id': 'j', 'device': '@blk', 'target': 'to',"
        " 'sync': 'full' }" }, FRESH },
    { "blockdev-mirror { 'job-id': 'j', 'device': '@blk', 'target': 'no',"
      " 'sync': 'full' }", DISKS, NO_NODE, NO_NODE },
    { "blockdev-backup { 'job-id': 'j', 'device': '@blk', 'target': 'no',"
      " 'sync': 'full' }", DISKS, NO_NODE, NO_NODE },
    { "blockdev-snapshot-sync { 'node-name': '@node', 'snapshot-file':"
      " '@tmp', 'snapshot-node-name': 's' }", DISKS, OK, NO_NODE, { }, FRESH },
    { "blockdev-snapshot { 'node': '@node', 'overlay': 'n-scsi-cd' }", DISKS,
      "overlay", NO_NODE },
    { "blockdev-snapshot { 'node': '@node', 'overlay': 'no' }", DISKS, NO_NODE,
      NO_NODE },
    { "blockdev-snapshot-internal-sync { 'device': '@blk', 'name': 's' }",
      DISKS, "snapshot", "ode-name" },
    { "blockdev-snapshot-delete-internal-sync { 'device': '@blk',"
      " 'name': 's' }", DISKS, "snapshot", "ode-name" },
    { "transaction { 'actions': [ { 'type': 'block-dirty-bitmap-add',"
      " 'data': { 'node': '@node', 'name': 'b' } }, { 'type': 'abort',"
      " 'data': {} } ] }", DISKS, "abort", "ode-name" },
    { "snapshot-save { 'job-id': 'j', 'tag': 't', 'vmstate': '@node',"
      " 'devices': ['@node'] }", DISKS, OK, OK },
    { "snapshot-load { 'job-id': 'j', 'tag': 't', 'vmstate': '@node',"
      " 'devices': ['@node'] }", DISKS, OK, OK, { }, FRESH },
    { "snapshot-delete { 'job-id': 'j', 'tag': 't', 'devices': ['@node'] }",
      DISKS, OK, OK },
#define NO_JOB(command) \
    { command " { 'device': '@blk' }", DISKS, "not found", "not found" }
    NO_JOB("block-job-cancel"),
    NO_JOB("block-job-complete"),
    NO_JOB("block-job-pause"),
    NO_JOB("block-job-resume"),
    { "block-job-set-speed { 'device': '@blk', 'speed': 1 }", DISKS,
      "not found", "not found" },
    { "block-job-change { 'id': '@blk', 'type': 'mirror',"
      " 'copy-mode': 'background' }", DISKS, "not found", "not found" },
    { "block-job-dismiss { 'id': 'j' }", NONE, "not found", "not found" },
    { "block-job-finalize { 'id': 'j' }", NONE, "not found", "not found" },
    { "job-cancel { 'id': 'j' }", NONE, "not found", "not found" },
    { "job-complete { 'id': 'j' }", NONE, "not found", "not found" },
    { "job-dismiss { 'id': 'j' }", NONE, "not found", "not found" },
    { "job-finalize { 'id': 'j' }", NONE, "not found", "not found" },
    { "job-pause { 'id': 'j' }", NONE, "not found", "not found" },
    { "job-resume { 'id': 'j' }", NONE, "not found", "not found" },
    { }
};

static const Row states[] = {
    /* Only a reset brings a parked device back, and it tells the rest so */
    { "stop", NONE, OK, OK, { "cont" } },
    { "cont", NONE, OK, OK },
    { "remove-fd { 'fdset-id': 1 }", NONE, "not found", "not found" },
    { "migrate-set-capabilities { 'capabilities': [] }", NONE, OK, OK },
    { "migrate-set-parameters { 'max-bandwidth': 1000000 }", NONE, OK, OK },
    { "migrate-continue { 'state': 'pre-switchover' }", NONE, "none", "none" },
    { "migrate-incoming { 'uri': 'defer' }", NONE, "incoming", "incoming" },
    { "migrate-pause", NONE, "only supported during", "only supported during" },
    { "migrate-recover { 'uri': 'tcp:no:1' }", NONE, "only be run",
      "only be run" },
    { "migrate-start-postcopy", NONE, "Enable postcopy", "Enable postcopy" },
    { "migrate_cancel", NONE, OK, OK },
    { "migrate { 'uri': 'file:@tmp' }", NONE, ANY, ANY,
      { "migrate_cancel" }, FRESH },
    { "xen-save-devices-state { 'filename': '@tmp', 'live': true }", NONE, OK,
      OK },
    { "xen-load-devices-state { 'filename': '@tmp' }", NONE,
      "while vm is running", "while vm is running" },
    { "xen-set-global-dirty-log { 'enable': true }", NONE, ANY, ANY },
    { "system_reset", NONE, OK, OK, { }, FRESH },
    { "quit", NONE, OK, OK, { }, ENDS },
    { }
};

static const struct {
    const char *name;
    const Row *rows;
} groups[] = {
    { "nothing", nothing }, { "cxl", cxl }, { "queries", queries },
    { "devices", devices }, { "media", media }, { "nodes", nodes },
    { "jobs", jobs }, { "states", states },
};

/* One machine serves many rows */
static QTestState *machine;
static bool machine_parks;

typedef struct Case {
    const Row *rows;
    enum { PARKED, GONE, STOPPED } mode;
} Case;

static void end_machine(void)
{
    if (machine) {
        qtest_quit(machine);
        machine = NULL;
    }
}

static void need_machine(bool park)
{
    if (machine && machine_parks != park) {
        end_machine();
    }
    if (!machine) {
        machine = host_start(park, "");
        machine_parks = park;
        xp_unplug(machine, EVERYTHING);
    } else if (park) {
        host_use(machine);
        xp_unplug(machine, EVERYTHING);
    }
}

static void run_then(const Row *row, const HostTarget *t, bool may_fail)
{
    for (unsigned i = 0; i < ARRAY_SIZE(row->then) && row->then[i]; i++) {
        g_autofree char *command = host_fill(row->then[i], t);
        QDict *answer = host_command(machine, command);
        g_autofree char *why = host_verdict(answer, may_fail ? ANY : OK);

        if (why) {
            g_test_message("%s: %s", command, why);
            g_test_fail();
        }
        qobject_unref(answer);
    }
}

/* The machine as it was before the row, or none */
static void clean_up(const Row *row, const HostTarget *t, bool park)
{
    if (row->after & ENDS) {
        qtest_wait_qemu(machine);
        qtest_quit(machine);
        machine = NULL;
        return;
    }
    host_end_jobs(machine);
    host_check(machine, false, row->after & FRESH ? TAKEN | CDS : 0);
    if (park) {
        qtest_system_reset(machine);
        host_check(machine, true,
                   (row->after & DELETES ? t->bit : 0) |
                   (row->after & FRESH ? CDS : 0));
    }
    if (row->after & FRESH) {
        end_machine();
    }
}

static void run(const Row *row, const HostTarget *t, int mode)
{
    g_autofree char *command = host_fill(row->command, t);
    g_autofree char *why = NULL;
    QDict *answer;

    need_machine(mode != GONE);
    if (mode == STOPPED) {
        host_ok(machine, "stop");
    }
    /* Should QEMU end, this was the last of it */
    g_test_message("%s %s", t->id, command);
    answer = host_command(machine, command);
    /* Of a stopped machine, it may say just that */
    why = host_verdict(answer, mode == GONE ? row->gone :
                               mode == STOPPED ? ANY : row->parked);
    if (why) {
        g_test_message("%s", why);
        g_test_fail();
    }
    if (!qdict_haskey(answer, "error")) {
        run_then(row, t, mode != PARKED);
    }
    qobject_unref(answer);
    if (mode == STOPPED && !(row->after & (ENDS | FRESH))) {
        host_ok(machine, "cont");
    }
    clean_up(row, t, mode != GONE);
}

static void test_rows(gconstpointer opaque)
{
    const Case *c = opaque;

    for (const Row *row = c->rows; row->command; row++) {
        const HostTarget *t = host_targets;

        if (row->targets == NONE) {
            run(row, t, c->mode);
            continue;
        }
        for (; t->id; t++) {
            if (row->targets & t->bit) {
                run(row, t, c->mode);
            }
        }
    }
    end_machine();
}

static bool in_table(const char *name)
{
    size_t length = strlen(name);

    for (unsigned g = 0; g < ARRAY_SIZE(groups); g++) {
        for (const Row *row = groups[g].rows; row->command; row++) {
            const char *commands[ARRAY_SIZE(row->then) + 1] = { row->command };

            memcpy(commands + 1, row->then, sizeof(row->then));
            for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
                if (commands[i] && strcspn(commands[i], " ") == length &&
                    !strncmp(commands[i], name, length)) {
                    return true;
                }
            }
        }
    }
    return false;
}

static void test_complete(void)
{
    QTestState *qts = xp_start("-M pc");
    QDict *answer = host_command(qts, "query-commands");
    const QListEntry *e;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(answer, "return"), e) {
        QDict *command = qobject_to(QDict, qlist_entry_obj(e));
        const char *name = qdict_get_str(command, "name");

        if (!in_table(name)) {
            g_test_message("%s is not in the table of this test", name);
            g_test_fail();
        }
    }
    qobject_unref(answer);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    static const char *const modes[] = { "parked", "gone", "stopped" };
    static Case cases[ARRAY_SIZE(modes)][ARRAY_SIZE(groups)];

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host-commands/complete", test_complete);
    for (unsigned m = 0; m < ARRAY_SIZE(modes); m++) {
        for (unsigned g = 0; g < ARRAY_SIZE(groups); g++) {
            g_autofree char *path = g_strdup_printf("/host-commands/%s/%s",
                                                    modes[m], groups[g].name);

            cases[m][g] = (Case) { groups[g].rows, m };
            g_test_add_data_func(path, &cases[m][g], test_rows);
        }
    }
    return g_test_run();
}
