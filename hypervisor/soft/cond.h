/* SPDX-License-Identifier: ISC */
/*
 * cond.h: the list of condition codes (C1.2.4), for families of handlers with one member per
 * condition.
 *
 * A handler made for one condition calls cpu_cond with a constant, which leaves a test of one or
 * two flags. X(name, code) is expanded for every code but 15, which A64 treats as 14; COND_TABLE
 * makes the array that a decoder indexes with the instruction's cond field.
 */
#ifndef SOFTHV_COND_H
#define SOFTHV_COND_H

#define FOR_EACH_COND(X)                                                                           \
    X(eq, 0)                                                                                       \
    X(ne, 1)                                                                                       \
    X(cs, 2)                                                                                       \
    X(cc, 3)                                                                                       \
    X(mi, 4)                                                                                       \
    X(pl, 5)                                                                                       \
    X(vs, 6)                                                                                       \
    X(vc, 7)                                                                                       \
    X(hi, 8)                                                                                       \
    X(ls, 9)                                                                                       \
    X(ge, 10)                                                                                      \
    X(lt, 11)                                                                                      \
    X(gt, 12)                                                                                      \
    X(le, 13)                                                                                      \
    X(al, 14)

/* {eq, ne, … al, al}, each between name_ and suffix. */
#define COND_TABLE(name, suffix)                                                                   \
    {                                                                                              \
        name##_eq##suffix, name##_ne##suffix, name##_cs##suffix, name##_cc##suffix,                \
            name##_mi##suffix, name##_pl##suffix, name##_vs##suffix, name##_vc##suffix,            \
            name##_hi##suffix, name##_ls##suffix, name##_ge##suffix, name##_lt##suffix,            \
            name##_gt##suffix, name##_le##suffix, name##_al##suffix, name##_al##suffix             \
    }

#endif
