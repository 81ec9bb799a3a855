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
    bool nvme;              /* XP_GUEST_NVME is there */
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
 * What a guest sees of these: three disks and a CD-ROM on IDE, and two NICs,
 * one behind a bridge.
 */
#define XP_GUEST_DEVICES \
    "-drive if=ide,index=0,driver=null-co,size=1M,read-zeroes=on " \
    "-drive if=ide,index=1,driver=null-co,size=1M,read-zeroes=on " \
    "-drive if=ide,index=2,driver=null-co,size=1M,read-zeroes=on " \
    "-drive if=ide,index=3,media=cdrom " \
    "-netdev hubport,hubid=0,id=net0 -device e1000,netdev=net0,addr=7 " \
    "-device pci-bridge,id=br,chassis_nr=1,addr=8 " \
    "-netdev hubport,hubid=0,id=net1 " \
    "-device rtl8139,netdev=net1,bus=br,addr=1 "

/* It cannot migrate: set xp_guest.nvme where it is there */
#define XP_GUEST_NVME \
    "-drive if=none,id=ns,driver=null-co,size=1M,read-zeroes=on " \
    "-device nvme,drive=ns,serial=x,addr=6 "

/* xp_guest_assert_devices: of these devices, what @gone leaves is there */
void xp_guest_assert_devices(uint16_t gone);

/* The store's socket and the file that tells of lists being loaded */
#define XP_GUEST_STORE "-object xenstore-socket,id=xs,path=%s " \
    "-trace xen_platform_blacklist_loaded -D %s "

/* xp_guest_product: the name by which its builds are listed; NULL if none is */
const char *xp_guest_product(const Persona *persona);

/*
 * xp_guest_list: blacklist a persona's build, if that can be
 *
 * Waits until the device has loaded the list, if @loads.
 */
void xp_guest_list(const char *xs, const char *log, const Persona *persona,
                   bool loads);

/* xp_guest_unlist: empty the list, wait until the device has loaded it */
void xp_guest_unlist(const char *xs, const char *log);

#endif
