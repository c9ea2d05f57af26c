/* SPDX-License-Identifier: ISC */
/* The timed loops of the bare-metal guest. See loops.h. */
#include "loops.h"

    .text

    /* Checks that a loop's body, from label 1 to label 9, has the length that loops.h says. */
    .macro body_is instructions
    .if (9b - 1b) - 4 * (\instructions)
    .error "loops.h counts this loop's instructions wrongly"
    .endif
    .endm

    .globl loop_integer
    .balign 64
loop_integer:
    mov     x1, #1
    mov     x2, #2
    mov     x3, #3
1:  add     x1, x1, x2
    eor     x3, x3, x1, lsl #7
    lsl     x4, x3, #3
    sub     x2, x4, x2
    and     x5, x2, #0xffff
    orr     x1, x1, x5
    ror     x3, x3, #13
    madd    x2, x5, x3, x2
    cmp     x2, x1
    csel    x1, x3, x1, lt
    subs    x0, x0, #1
    b.ne    1b
9:  body_is LOOP_INTEGER_INSTRUCTIONS
    add     x0, x1, x2
    eor     x0, x0, x3
    ret

    /*
     * A diamond takes 3 instructions either way, a call 3 (bl, body, ret). x1 is a linear
     * congruential generator.
     */
    .macro diamond bit
    tbz     x1, #\bit, 2f
    add     x2, x2, #3
    b       3f
2:  eor     x2, x2, x1
    nop
3:
    .endm

    .globl loop_branch
    .balign 64
loop_branch:
    mov     x7, x30
    mov     x1, #42
    mov     x2, #0
    adr     x3, add_one
    adr     x4, add_two
    ldr     x5, =6364136223846793005
    ldr     x6, =1442695040888963407
1:  madd    x1, x1, x5, x6
    diamond 33
    diamond 47
    diamond 62
    bl      add_one
    tst     x1, #(1 << 40)
    csel    x8, x3, x4, eq
    blr     x8
    subs    x0, x0, #1
    b.ne    1b
    mov     x0, x2
    ret     x7
add_one:
    add     x2, x2, #1
    ret
add_two:
    add     x2, x2, #2
    ret
    .ltorg

    .globl loop_memory
    .balign 64
loop_memory:
    mov     x2, #1
    mov     x3, #0
1:  and     x4, x3, #0xfff0
    add     x5, x1, x4
    ldr     x6, [x5]
    add     x2, x2, x6
    str     x2, [x5, #8]
    ldp     x6, x7, [x5]
    ldrb    w6, [x1, x4]
    str     w7, [x5, #4]
    strb    w6, [x5, #3]
    add     x3, x3, #48
    subs    x0, x0, #1
    b.ne    1b
9:  body_is LOOP_MEMORY_INSTRUCTIONS
    mov     x0, x2
    ret

    .globl loop_float
    .balign 64
loop_float:
    fmov    d0, #1.0
    fmov    d1, #1.5
    fmov    d2, #0.5
    fmov    d3, #3.0
1:  fmul    d4, d0, d1
    fadd    d4, d4, d2
    fdiv    d0, d4, d3
    fmadd   d5, d0, d2, d5
    scvtf   d6, x0
    fsub    d7, d6, d5
    fcmp    d7, d4
    fcsel   d1, d2, d3, gt
    subs    x0, x0, #1
    b.ne    1b
9:  body_is LOOP_FLOAT_INSTRUCTIONS
    fadd    d0, d0, d5
    fmov    x0, d0
    ret

    .globl loop_copy
    .balign 64
loop_copy:
1:  ldp     x3, x4, [x2]
    ldp     x5, x6, [x2, #16]
    ldp     x7, x8, [x2, #32]
    ldp     x9, x10, [x2, #48]
    stp     x3, x4, [x1]
    stp     x5, x6, [x1, #16]
    stp     x7, x8, [x1, #32]
    stp     x9, x10, [x1, #48]
    add     x2, x2, #LOOP_COPY_BYTES
    add     x1, x1, #LOOP_COPY_BYTES
    subs    x0, x0, #1
    b.ne    1b
    ret
