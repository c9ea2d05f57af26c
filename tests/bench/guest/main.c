/* SPDX-License-Identifier: ISC */
/*
 * The bare-metal benchmark guest: runs each loop once and prints around it, as guest/bench.sh does,
 *
 *     bench: NAME begin
 *     bench: NAME end CHECKSUM AMOUNT
 *
 * AMOUNT is instructions, for copy bytes; decimal. Who watches the console takes the time between the
 * two lines. The code runs wherever it is loaded, so it keeps no pointers in data.
 */
#include <stdint.h>

#include "loops.h"

#define UART        ((volatile uint8_t *)0x09000000)
#define BUFFER_A    ((void *)0x44000000) /* 32 MiB each, in the first 128 MiB of RAM */
#define BUFFER_B    ((void *)0x46000000)

#define MILLION     UINT64_C(1000000)
#define COPY_BYTES  (UINT64_C(32) << 20)
#define COPY_PASSES 8u

void guest_main(void);

static void put(const char *text)
{
    while (*text != '\0')
        *UART = (uint8_t)*text++;
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[24];
    char *at = digits + sizeof(digits) - 1;

    *at = '\0';
    do {
        *--at = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    put(at);
}

static void begin(const char *name)
{
    put("bench: ");
    put(name);
    put(" begin\n");
}

static void end(const char *name, uint64_t checksum, uint64_t amount)
{
    put("bench: ");
    put(name);
    put(" end ");
    put_number(checksum, 16);
    put(" ");
    put_number(amount, 10);
    put("\n");
}

static uint64_t counter(void)
{
    uint64_t count;

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count));
    return count;
}

/* A quarter of a second in which the process that runs this can still be looked at. */
static void linger(void)
{
    uint64_t frequency, since = counter();

    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    while (counter() - since < frequency / 4)
        continue;
}

static void copy(void)
{
    uint64_t *a = BUFFER_A;
    uint64_t checksum = 0;

    for (uint64_t i = 0; i < COPY_BYTES / sizeof(*a); i++)
        a[i] = i * UINT64_C(0x9e3779b97f4a7c15);
    loop_copy(COPY_BYTES / LOOP_COPY_BYTES, BUFFER_B, BUFFER_A); /* touch every page first */
    begin("copy");
    for (unsigned pass = 0; pass < COPY_PASSES / 2; pass++) {
        loop_copy(COPY_BYTES / LOOP_COPY_BYTES, BUFFER_B, BUFFER_A);
        loop_copy(COPY_BYTES / LOOP_COPY_BYTES, BUFFER_A, BUFFER_B);
    }
    for (uint64_t i = 0; i < COPY_BYTES / sizeof(*a); i += 512)
        checksum = checksum * 31 + a[i];
    end("copy", checksum, COPY_PASSES * COPY_BYTES);
}

void guest_main(void)
{
    uint64_t result;

    begin("integer");
    result = loop_integer(25 * MILLION);
    end("integer", result, 25 * MILLION * LOOP_INTEGER_INSTRUCTIONS);

    begin("branch");
    result = loop_branch(10 * MILLION);
    end("branch", result, 10 * MILLION * LOOP_BRANCH_INSTRUCTIONS);

    begin("memory");
    result = loop_memory(20 * MILLION, BUFFER_A);
    end("memory", result, 20 * MILLION * LOOP_MEMORY_INSTRUCTIONS);

    begin("float");
    result = loop_float(5 * MILLION);
    end("float", result, 5 * MILLION * LOOP_FLOAT_INSTRUCTIONS);

    copy();
    linger();
}
