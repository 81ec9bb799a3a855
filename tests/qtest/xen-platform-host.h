/*
 * The host's commands on what a guest has unplugged
 *
 * A machine with a disk of each bus, CDs beside them, an NVMe controller and
 * NICs, on which the guest has been at work: disks were asked for their size,
 * the transfer of one of them is half done, BARs are mapped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_XEN_PLATFORM_HOST_H
#define TESTS_QTEST_XEN_PLATFORM_HOST_H

#include "libqtest.h"

#define HOST_SECTORS    2048u   /* of each disk */

enum {
    HDA = 1 << 0,       /* -blockdev, IDE */
    HDB = 1 << 1,       /* -drive, IDE */
    SATA = 1 << 2,
    SDA = 1 << 3,       /* beside a CD, so that only the disk goes */
    SDC = 1 << 4,       /* goes with its adapter */
    NVME = 1 << 5,
    NIC = 1 << 6,
    FAR_NIC = 1 << 7,   /* behind a bridge */
    CD = 1 << 8,        /* IDE, empty */
    SATA_CD = 1 << 9,
    SCSI_CD = 1 << 10,

    IDE_DISKS = HDA | HDB | SATA,
    SCSI_DISKS = SDA | SDC,
    DISKS = IDE_DISKS | SCSI_DISKS | NVME,
    NICS = NIC | FAR_NIC,
    CDS = CD | SATA_CD | SCSI_CD,
    TAKEN = DISKS | NICS,
};

typedef struct HostTarget {
    unsigned bit;
    const char *id;     /* of the device; n-ID and f-ID are a disk's nodes, */
    const char *blk;    /* and this its name for commands that take a device */
    bool (*there)(QTestState *qts, unsigned a, unsigned b);
    unsigned a, b;
} HostTarget;

extern const HostTarget host_targets[];     /* ends without id */

/*
 * host_start: the machine, at work
 *
 * @park: what is unplugged is parked, else removed
 */
QTestState *host_start(bool park, const char *more);

/* host_use: have the guest's drivers at work, as after each reset */
void host_use(QTestState *qts);

/* host_check: TAKEN must answer or not as @there says, but for @except */
void host_check(QTestState *qts, bool there, unsigned except);

/*
 * host_fill: put a target's names in a template
 *
 * @id, @blk, @node, @file (the node below it), @net (the backend), @path (in
 * QOM), and @tmp, the path of a new file.  To be freed with g_free().
 */
char *host_fill(const char *template, const HostTarget *t);

/*
 * host_command: run "NAME" or "NAME { arguments }"
 *
 * It must answer within a bound of time; returns the answer, to be unreffed.
 */
QDict *host_command(QTestState *qts, const char *command);

/* host_ok: run one that must succeed */
void host_ok(QTestState *qts, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* host_refused: run one that must fail, with @error in its description */
void host_refused(QTestState *qts, const char *error, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

/* host_verdict: NULL if the answer is what @want says, else why not */
#define OK  ""      /* success */
#define ANY "*"     /* either */
char *host_verdict(QDict *answer, const char *want);

/* host_end_jobs: end all block jobs and forget them */
void host_end_jobs(QTestState *qts);

#endif
