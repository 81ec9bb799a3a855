/*
 * What a fuzzer's input is read with
 *
 * Past the end of the input every value is 0, so that any input is a valid
 * one.  Programs loop while fuzz_more().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

typedef struct FuzzInput {
    const uint8_t *data;
    size_t size;
} FuzzInput;

/* What libFuzzer calls; the linker finds it by its name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What libFuzzer learns from: a counter for each edge; the linker's names */
extern uint8_t __start___sancov_cntrs[] __attribute__((weak));
extern uint8_t __stop___sancov_cntrs[] __attribute__((weak));

static inline bool fuzz_more(const FuzzInput *in)
{
    return in->size;
}

/* Up to @max bytes, fewer at the end of the input; owned by the input */
static inline const uint8_t *fuzz_bytes(FuzzInput *in, size_t max, size_t *len)
{
    const uint8_t *bytes = in->data;

    *len = MIN(max, in->size);
    in->data += *len;
    in->size -= *len;
    return bytes;
}

static inline uint64_t fuzz_uint(FuzzInput *in, size_t bytes)
{
    uint64_t value = 0;
    size_t len;
    const uint8_t *from = fuzz_bytes(in, bytes, &len);

    while (len--) {
        value = value << 8 | from[len];
    }
    return value;
}

static inline uint8_t fuzz_u8(FuzzInput *in)
{
    return fuzz_uint(in, 1);
}

static inline uint16_t fuzz_u16(FuzzInput *in)
{
    return fuzz_uint(in, 2);
}

static inline uint32_t fuzz_u32(FuzzInput *in)
{
    return fuzz_uint(in, 4);
}

static inline uint64_t fuzz_u64(FuzzInput *in)
{
    return fuzz_uint(in, 8);
}

/* A string of at most @max bytes, its length first; owned by the caller */
static inline char *fuzz_string(FuzzInput *in, size_t max)
{
    size_t len;
    const uint8_t *from = fuzz_bytes(in, MIN(fuzz_u8(in), max), &len);

    return g_strndup((const char *)from, len);
}

#endif
