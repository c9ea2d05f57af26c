/* SPDX-License-Identifier: ISC */
/*
 * Start of the bare-metal benchmark guest: an arm64 Image that needs nothing of its board but RAM at
 * 1 GiB, a serial port's transmit register at 0x0900_0000 and PSCI over HVC. The worker's 16550 and
 * the PL011 of QEMU's virt both take a byte written to offset 0.
 *
 * Turns the MMU on with one 1 GiB block of device memory and one of normal memory, because that is
 * how guests run, and calls guest_main.
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
    adrp    x0, page_table
    msr     ttbr0_el1, x0
    ldr     x0, =0xff00         /* MAIR: 0 is device, 1 is normal write-back */
    msr     mair_el1, x0
    ldr     x0, =0x803519       /* TCR: T0SZ 25, inner shareable write-back walks, EPD1 */
    msr     tcr_el1, x0
    mov     x0, #(3 << 20)      /* FP and SIMD */
    msr     cpacr_el1, x0
    isb
    tlbi    vmalle1
    dsb     nsh
    isb
    ldr     x0, =0x30d0198d     /* SCTLR: M, C, SA, I and the bits that are one */
    msr     sctlr_el1, x0
    isb
    adrp    x0, stack_top
    mov     sp, x0
    bl      guest_main

    .globl guest_power_off
guest_power_off:
    ldr     x0, =0x84000008
    hvc     #0
    b       guest_power_off
    .ltorg

    .section .rodata
    .balign 4096
page_table:                     /* level 1: [0, 1 GiB) and [1 GiB, 2 GiB) */
    .quad   0x00000000 | 1 << 10 | 1
    .quad   0x40000000 | 1 << 10 | 3 << 8 | 1 << 2 | 1
    .fill   510, 8, 0

    .section .bss
    .balign 4096
    .skip   16384
stack_top:
