/*
 * A Xen guest inside the fuzzed QEMU: its memory, hypercalls and frontends
 *
 * Without a guest's CPU and without a protocol between processes: all of it
 * are direct calls, made with the big lock held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_FUZZ_GUEST_H
#define TESTS_FUZZ_GUEST_H

/* Guest memory that matters, PAGES of it in a row */
enum {
    PAGE_ARGS,
    PAGE_SHARED_INFO,
    PAGE_GRANTS,
    PAGE_BLK,
    PAGE_TX,            /* of two NICs, then their receive rings */
    PAGE_RX = PAGE_TX + 2,
    PAGE_CONSOLE = PAGE_RX + 2,
    PAGE_DATA,
    PAGES = PAGE_DATA + 8,
};

#define GUEST_PAGE(n)   (0x100000 + (n) * 0x1000ull)

/* Grant references FIRST_REF + n are for page n, from PAGE_BLK on */
#define FIRST_REF       8

/* The PV devices of the machine */
enum { PV_DISK, PV_NIC0, PV_NIC1, PV_CONSOLE, PV_DEVICES };

/* guest_start: map shared info and grant table, grant pages, after a reset */
void guest_start(void);

/* guest_alone: in a copy of the process, which has no threads of vCPUs */
void guest_alone(void);

void guest_write(uint64_t gpa, const void *buf, size_t size);
void guest_read(uint64_t gpa, void *buf, size_t size);
uint32_t guest_read32(uint64_t gpa);
void guest_write32(uint64_t gpa, uint32_t value);

/* guest_hypercall: with its work done on all vCPUs when it returns */
int64_t guest_hypercall(bool longmode, unsigned number, const uint64_t *args);

/* guest_send: an event, to any port */
void guest_send(uint32_t port);

/* guest_status: of a port, and the other end's port if it is interdomain's */
unsigned guest_status(uint32_t port, unsigned *other);

/* guest_store_port: of the event channel to xenstore; 0 if there is none */
uint32_t guest_store_port(void);

/* guest_store: send a message of xenstore through its ring, drop the answer */
void guest_store(const void *message, size_t size);

/* guest_node: write a node of a PV device as its frontend */
void guest_node(unsigned device, const char *name, const char *value);

/* guest_connect: what a frontend writes, up to its state */
void guest_connect(unsigned device, unsigned state);

/* guest_push: put a request of @size bytes in the ring at @page, and tell */
void guest_push(unsigned device, unsigned page, unsigned slot_size,
                const void *request, size_t size);

/* guest_console_write: put bytes in the ring of the PV console */
void guest_console_write(const uint8_t *bytes, size_t size);

/* guest_loop: let the host do what it can do at once */
void guest_loop(void);

#endif
