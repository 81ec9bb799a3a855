/*
 * What port accesses cost a guest
 *
 * Arguments (-append): "cost" (default), "flood", "control", "nothing", or the
 * name of a loop.
 *
 * cost: times loops of accesses, ROUNDS times in turn, and prints
 *   begin
 *   NAME TICKS          of ACCESSES accesses
 *   end TICKS/1024      since "begin"
 * flood: writes log lines until a byte arrives on the serial port, and prints
 *   begin
 *   end TICKS/1024 LINES LONGEST     since "begin"; ticks of the longest line
 * control: as flood, to a port that nobody owns
 * NAME: COUNTED accesses of that loop, and nothing: none; for who counts the
 *   host's instructions, and prints nothing
 *
 * Ticks are those of the time stamp counter, which is the host's under TCG; a
 * Xen guest's counts nanoseconds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "../guest/console.h"
#include "../guest/exit.h"
#include "../guest/io.h"

#define ROUNDS          40
#define ACCESSES        16384
#define COUNTED         (256 * ACCESSES)
#define LINE_LEN        64

#define XEN_PORT        0x10
#define XEN_PORT_LOG    0x12
#define XEN_PORT_NONE   0x13
#define NOBODYS_PORT    0x2a0
#define UART_STATUS     0x3fd
#define UART_STATUS_RX  0x01

#define MULTIBOOT_CMDLINE 4 /* place in the boot information, in words */

static const char line[LINE_LEN] =
    "xenvif: transmitter queue 3 of 8 is ready, 256 slots, MTU 1500.\n";

static uint64_t ticks(void)
{
    uint64_t value;

    asm volatile("rdtsc" : "=A" (value) : : "memory");
    return value;
}

static void read_words(uint16_t port)
{
    for (int i = 0; i < ACCESSES; i++) {
        inw(port);
    }
}

static void write_bytes(uint16_t port)
{
    for (int i = 0; i < ACCESSES; i++) {
        outb(port, line[i % LINE_LEN]);
    }
}

static const struct {
    const char *name;
    void (*loop)(uint16_t port);
    uint16_t port;
} loops[] = {
    { "read-nobodys", read_words, NOBODYS_PORT },
    { "read-magic", read_words, XEN_PORT },
    { "write-nobodys", write_bytes, NOBODYS_PORT },
    { "write-ignored", write_bytes, XEN_PORT_NONE },
    { "log", write_bytes, XEN_PORT_LOG },
};

/* Empty the bucket of the log's rate limit */
static void use_up_log(void)
{
    for (int i = 0; i < 16; i++) {
        write_bytes(XEN_PORT_LOG);
    }
}

static void cost(void)
{
    uint32_t taken[ROUNDS][ARRAY_SIZE(loops)];
    uint64_t begin;
    uint64_t end;

    use_up_log();
    console_printf("begin\n");
    begin = ticks();
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(loops); i++) {
            uint64_t start = ticks();

            loops[i].loop(loops[i].port);
            taken[round][i] = ticks() - start;
        }
    }
    end = ticks();
    console_printf("end %u\n", (uint32_t)((end - begin) >> 10));
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(loops); i++) {
            console_printf("%s %u\n", loops[i].name, taken[round][i]);
        }
    }
}

static void flood(uint16_t port)
{
    uint32_t longest = 0;
    uint32_t lines = 0;
    uint64_t begin;
    uint64_t end;

    console_printf("begin\n");
    begin = end = ticks();
    do {
        uint64_t start = end;

        for (int i = 0; i < LINE_LEN; i++) {
            outb(port, line[i]);
        }
        lines++;
        end = ticks();
        if (end - start > longest) {
            longest = end - start;
        }
    } while (lines % 256 || !(inb(UART_STATUS) & UART_STATUS_RX));
    console_printf("end %u %u %u\n", (uint32_t)((end - begin) >> 10), lines,
                   longest);
}

/* The command line starts with the file name of the image */
static bool asked_for(const uint32_t *info, const char *word)
{
    const char *cmdline = (const char *)info[MULTIBOOT_CMDLINE];
    size_t len = strlen(cmdline);
    size_t word_len = strlen(word);

    return len >= word_len && !strcmp(cmdline + len - word_len, word);
}

/* Returns whether that was all that was asked for */
static bool counted(const uint32_t *info)
{
    bool nothing = asked_for(info, "nothing");

    for (size_t i = 0; i < ARRAY_SIZE(loops); i++) {
        if (asked_for(info, loops[i].name)) {
            use_up_log();
            for (int j = 0; j < COUNTED / ACCESSES; j++) {
                loops[i].loop(loops[i].port);
            }
            return true;
        }
    }
    if (nothing) {
        use_up_log();
    }
    return nothing;
}

_Noreturn void guest_main(uint32_t loader, const uint32_t *info);

_Noreturn void guest_main(uint32_t loader, const uint32_t *info)
{
    console_init();
    if (asked_for(info, "flood")) {
        flood(XEN_PORT_LOG);
    } else if (asked_for(info, "control")) {
        flood(NOBODYS_PORT);
    } else if (!counted(info)) {
        cost();
    }
    guest_exit(GUEST_EXIT_OK);
}
