/*
 * Emulated controllers of the fuzzed machine, driven as their drivers do
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_FUZZ_CONTROLLERS_H
#define TESTS_FUZZ_CONTROLLERS_H

#include "fuzz-input.h"

/* The machine's devices that the functions below speak to, for -device */
#define FUZZ_CONTROLLERS_ARGS \
    " -blockdev null-co,node-name=n0,size=1048576,latency-ns=100000" \
    " -device ide-hd,id=hda,drive=n0,bus=ide.0,unit=0" \
    " -blockdev null-co,node-name=n1,size=1048576,read-zeroes=on" \
    " -device ide-hd,id=hdb,drive=n1,bus=ide.0,unit=1" \
    " -blockdev null-co,node-name=n2,size=1048576,read-zeroes=on" \
    " -device ide-hd,id=hdc,drive=n2,bus=ide.1,unit=0" \
    " -blockdev null-co,node-name=c3,size=1048576,latency-ns=100000" \
    " -device ide-cd,id=hdd,drive=c3,bus=ide.1,unit=1" \
    " -device ahci,id=ahci,addr=0x10" \
    " -blockdev null-co,node-name=s0,size=1048576,latency-ns=100000" \
    " -device ide-hd,id=sda,drive=s0,bus=ahci.0" \
    " -blockdev null-co,node-name=s1,size=1048576,read-only=on" \
    " -device ide-cd,id=sdb,drive=s1,bus=ahci.1" \
    " -blockdev null-co,node-name=s2,size=1048576,read-zeroes=on" \
    " -device ide-hd,id=sdc,drive=s2,bus=ahci.2" \
    " -device lsi53c895a,id=lsi,addr=0x11" \
    " -blockdev null-co,node-name=l0,size=1048576,latency-ns=100000" \
    " -device scsi-hd,id=lda,drive=l0,bus=lsi.0,scsi-id=0" \
    " -blockdev null-co,node-name=l1,size=1048576,read-only=on" \
    " -device scsi-cd,id=ldb,drive=l1,bus=lsi.0,scsi-id=1" \
    " -device nvme,id=nvme,serial=x,addr=0x12" \
    " -blockdev null-co,node-name=v0,size=1048576,latency-ns=100000" \
    " -device nvme-ns,id=vda,drive=v0,bus=nvme,nsid=1" \
    " -netdev hubport,id=e0,hubid=8" \
    " -device e1000,id=nic,netdev=e0,romfile=,addr=0x13" \
    " -netdev hubport,id=e1,hubid=8" \
    " -blockdev null-co,node-name=x0,size=1048576,read-zeroes=on" \
    " -netdev hubport,id=e2,hubid=8"

/* The ID of what fuzz_host() has plugged in */
#define FUZZ_PLUGGED    "plugged"

/* fuzz_controllers_start: map all BARs, switch bus masters on */
void fuzz_controllers_start(void);

/* One action each, taken from the input */
void fuzz_ide(FuzzInput *in);
void fuzz_ahci(FuzzInput *in);
void fuzz_lsi(FuzzInput *in);
void fuzz_nvme(FuzzInput *in);
void fuzz_e1000(FuzzInput *in);

/* A command of the host on a device, a node or a network backend */
void fuzz_host(FuzzInput *in);

#endif
