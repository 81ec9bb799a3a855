/*
 * The test process as the guest of libxen
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_XEN_PLATFORM_GUEST_H
#define TESTS_QTEST_XEN_PLATFORM_GUEST_H

#include "libqtest.h"
#include "persona.h"

#define XP_BAR0 0xc000

/* What the next port accesses do, all of them on @qts */
typedef struct XPGuest {
    QTestState *qts;
    bool no_magic;          /* pretend that there is no protocol */
    int version;            /* pretend that it has this one; -1: as it is */
    unsigned accesses;      /* so far; bytes of a log do not count */
    /* called before each access, may put another machine in @qts */
    void (*before)(unsigned access);
} XPGuest;

extern XPGuest xp_guest;

/* To the machine of xp_guest; the transcript goes to g_test_message() */
extern const GuestOps xp_guest_ops;

/* xp_guest_map_bar0: map BAR0 of the platform device in @slot at XP_BAR0 */
void xp_guest_map_bar0(unsigned slot);

/* xp_assert_result: @got must be @expected but for what is only expected */
void xp_assert_result(const PersonaResult *expected, const PersonaResult *got);

/*
 * What a guest sees of these: four disks on IDE, the last a CD-ROM, an NVMe
 * controller and two NICs, one behind a bridge.
 */
#define XP_GUEST_DEVICES \
    "-drive if=ide,index=0,driver=null-co,size=1M,read-zeroes=on " \
    "-drive if=ide,index=1,driver=null-co,size=1M,read-zeroes=on " \
    "-drive if=ide,index=2,driver=null-co,size=1M,read-zeroes=on " \
    "-drive if=ide,index=3,media=cdrom " \
    "-drive if=none,id=ns,driver=null-co,size=1M,read-zeroes=on " \
    "-device nvme,drive=ns,serial=x,addr=6 " \
    "-netdev hubport,hubid=0,id=net0 -device e1000,netdev=net0,addr=7 " \
    "-device pci-bridge,id=br,chassis_nr=1,addr=8 " \
    "-netdev hubport,hubid=0,id=net1 " \
    "-device rtl8139,netdev=net1,bus=br,addr=1 "

/* xp_guest_assert_devices: of XP_GUEST_DEVICES, what @gone leaves is there */
void xp_guest_assert_devices(uint16_t gone);

#endif
