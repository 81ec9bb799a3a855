/*
 * Emulated controllers of the fuzzed machine, driven as their drivers do
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_FUZZ_CONTROLLERS_H
#define TESTS_FUZZ_CONTROLLERS_H

#include "fuzz-input.h"

/* An image that can have another size: the descriptor that it is opened by */
#define FUZZ_IMAGE      100

/* A slow disk whose sector 2 can neither be read nor written */
#define FUZZ_BAD_SECTOR(name) \
    " -blockdev null-co,node-name=" name "f,size=1048576,latency-ns=100000" \
    " -blockdev blkdebug,node-name=" name ",image=" name "f," \
    "inject-error.0.event=none,inject-error.0.sector=2"
#define FUZZ_STOP       "rerror=stop,werror=stop"

/* The machine's devices that the functions below speak to, for -device */
#define FUZZ_CONTROLLERS_ARGS \
    " -blockdev null-co,node-name=n0,size=1048576,latency-ns=100000" \
    " -device ide-hd,id=hda,drive=n0,bus=ide.0,unit=0" \
    FUZZ_BAD_SECTOR("n1") \
    " -device ide-hd,id=hdb,drive=n1,bus=ide.0,unit=1," FUZZ_STOP \
    " -blockdev file,node-name=n2,locking=off,filename=/proc/self/fd/" \
    stringify(FUZZ_IMAGE) \
    " -device ide-hd,id=hdc,drive=n2,bus=ide.1,unit=0" \
    " -blockdev null-co,node-name=c3,size=1048576,latency-ns=100000" \
    " -device ide-cd,id=hdd,drive=c3,bus=ide.1,unit=1" \
    " -device ahci,id=ahci,addr=0x10" \
    " -blockdev null-co,node-name=s0,size=1048576,latency-ns=100000" \
    " -device ide-hd,id=sda,drive=s0,bus=ahci.0" \
    " -blockdev null-co,node-name=s1,size=1048576,latency-ns=100000" \
    " -device ide-cd,id=sdb,drive=s1,bus=ahci.1" \
    FUZZ_BAD_SECTOR("s2") \
    " -device ide-hd,id=sdc,drive=s2,bus=ahci.2," FUZZ_STOP \
    " -device lsi53c895a,id=lsi,addr=0x11" \
    " -blockdev null-co,node-name=l0,size=1048576,latency-ns=100000" \
    " -device scsi-hd,id=lda,drive=l0,bus=lsi.0,scsi-id=0" \
    " -blockdev null-co,node-name=l1,size=1048576,latency-ns=100000" \
    " -device scsi-cd,id=ldb,drive=l1,bus=lsi.0,scsi-id=1" \
    " -device nvme,id=nvme,serial=x,addr=0x12" \
    " -blockdev null-co,node-name=v0,size=1048576,latency-ns=100000" \
    " -device nvme-ns,id=vda,drive=v0,bus=nvme,nsid=1" \
    " -netdev hubport,id=e0,hubid=8" \
    " -device e1000,id=nic,netdev=e0,romfile=,addr=0x13" \
    " -netdev hubport,id=e1,hubid=8" \
    " -device rtl8139,id=nic1,netdev=e1,romfile=,addr=0x14" \
    " -blockdev null-co,node-name=x0,size=1048576,read-zeroes=on" \
    " -netdev hubport,id=e2,hubid=8"

/* The ID of what fuzz_host() has plugged in */
#define FUZZ_PLUGGED    "plugged"

/* fuzz_controllers_init: make what FUZZ_CONTROLLERS_ARGS needs */
void fuzz_controllers_init(void);

/* fuzz_controllers_end: take back what the host has done to images */
void fuzz_controllers_end(void);

/* fuzz_controllers_start: map all BARs, switch bus masters on */
void fuzz_controllers_start(void);

/* One action each, taken from the input */
void fuzz_ide(FuzzInput *in);
void fuzz_ahci(FuzzInput *in);
void fuzz_lsi(FuzzInput *in);
void fuzz_nvme(FuzzInput *in);
void fuzz_e1000(FuzzInput *in);
void fuzz_rtl8139(FuzzInput *in);

/* A command of the host on a device, a node or a network backend */
void fuzz_host(FuzzInput *in);

/* The host deletes a device, or the guest ejects it, and it stays away */
void fuzz_eject(FuzzInput *in);

/* fuzz_failed: has the VM to stop, for an I/O error? */
bool fuzz_failed(void);

#endif
