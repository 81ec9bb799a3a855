/*
 * The first serial port
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "console.h"
#include "io.h"

#define COM1                0x3f8
#define UART_DATA           (COM1 + 0)
#define UART_DIVISOR_LOW    (COM1 + 0)
#define UART_IRQ_ENABLE     (COM1 + 1)
#define UART_DIVISOR_HIGH   (COM1 + 1)
#define UART_FIFO           (COM1 + 2)
#define UART_LINE           (COM1 + 3)
#define UART_MODEM          (COM1 + 4)
#define UART_STATUS         (COM1 + 5)

#define UART_LINE_8N1       0x03
#define UART_LINE_DLAB      0x80
#define UART_FIFO_ON        0x07
#define UART_MODEM_DTR_RTS  0x03
#define UART_STATUS_RX      0x01
#define UART_STATUS_TX_FREE 0x20 /* its FIFO is empty */
#define UART_STATUS_TX_IDLE 0x40 /* has sent all of them */

/* Bytes in the FIFO */
#define UART_FIFO_SIZE      16

/* Seconds: a transmitter that stays busy longer has no listener */
#define TX_POLLS            20000000

void console_init(void)
{
    outb(UART_IRQ_ENABLE, 0);
    outb(UART_LINE, UART_LINE_DLAB);
    outb(UART_DIVISOR_LOW, 1);
    outb(UART_DIVISOR_HIGH, 0);
    outb(UART_LINE, UART_LINE_8N1);
    outb(UART_FIFO, UART_FIFO_ON);
    outb(UART_MODEM, UART_MODEM_DTR_RTS);
}

static void wait_for_transmitter(uint8_t status)
{
    static bool no_listener;

    for (int i = 0; i < TX_POLLS && !no_listener; i++) {
        if (inb(UART_STATUS) & status) {
            return;
        }
    }
    no_listener = true;
}

static char pending[UART_FIFO_SIZE];
static unsigned pending_count;

/* Many bytes at once: on real Xen, a single access takes a millisecond */
static void put_pending(void)
{
    if (pending_count) {
        wait_for_transmitter(UART_STATUS_TX_FREE);
        outsb(UART_DATA, pending, pending_count);
        pending_count = 0;
    }
}

static void put_char(char c)
{
    pending[pending_count++] = c;
    if (pending_count == UART_FIFO_SIZE) {
        put_pending();
    }
}

void console_flush(void)
{
    wait_for_transmitter(UART_STATUS_TX_IDLE);
}

void console_vprintf(const char *fmt, va_list ap)
{
    format(put_char, fmt, ap);
    put_pending();
}

void console_printf(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    console_vprintf(fmt, ap);
    va_end(ap);
}

void console_wait_byte(void)
{
    while (!(inb(UART_STATUS) & UART_STATUS_RX)) {
        asm volatile("pause");
    }
    inb(UART_DATA);
}
