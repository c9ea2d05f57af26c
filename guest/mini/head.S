/* SPDX-License-Identifier: ISC */
/*
 * Start of every mini guest: an arm64 Image that needs no more than RAM. It runs with the MMU off,
 * wherever it is loaded: a stack for each vCPU, and on to guest_main.
 */
    .section .head, "ax"
    .globl _start
_start:
    b       begin
    .long   0
    .quad   0                   /* text_offset */
    .quad   image_size          /* with .bss; from the linker script */
    .quad   0xa                 /* 4 KiB pages, anywhere in RAM, little-endian */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

begin:
    adrp    x0, stacks
    add     sp, x0, #4096
    bl      guest_main
    b       guest_power_off

    /* Where CPU_ON sends the others, with their number in x0. */
    .globl guest_secondary
guest_secondary:
    adrp    x1, stacks + 4096
    add     x1, x1, x0, lsl #12
    mov     sp, x1
    bl      guest_run_secondary
1:  wfi
    b       1b

    /* int64_t guest_call(function, a, b, c): PSCI over HVC */
    .globl guest_call
guest_call:
    hvc     #0
    ret

    .globl guest_power_off
guest_power_off:
    ldr     x0, =0x84000008
    hvc     #0
    b       guest_power_off
    .ltorg

    .section .bss
    .balign 4096
stacks:
    .skip   16 * 4096
