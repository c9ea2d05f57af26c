/* SPDX-License-Identifier: ISC */
/*
 * The oracle's half of the differential test: a static arm64 Linux program that runs under qemu-aarch64.
 *
 *   diff-guest SHARED-FD COMMAND-FD ANSWER-FD       (started by hv-diff)
 *
 * There is no loader of registers. A case starts and ends inside one signal handler: the end marker of a
 * case is a BRK, its SIGTRAP carries the whole state in the ucontext, the handler stores it, overwrites the
 * ucontext with the state of the next case and returns. Returning from a signal is the one thing in user
 * mode that loads every register at once, SP and PC included. A batch starts with a BRK of our own, whose
 * context is kept and put back at the end of the batch.
 *
 * Any other signal is an exception of the case: it is noted, and the case goes on behind the instruction.
 * The handler runs on a stack of its own, because a case's SP can be anything but an address in that stack:
 * then the signal would be taken for a nested one. So the stack is far from the small numbers that cases like.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "layout.h"

static struct diff_shared *shared;
static struct diff_command command;
static uint32_t slot;
static int running;
static mcontext_t main_context;
static uint64_t main_tpidr;

static uint64_t read_tpidr(void)
{
    uint64_t value;

    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(value));
    return value;
}

static void write_tpidr(uint64_t value)
{
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(value));
}

static void fail(const char *what)
{
    write_tpidr(main_tpidr);
    fprintf(stderr, "diff-guest: %s: %s\n", what, strerror(errno));
    _exit(2);
}

static struct fpsimd_context *fpsimd_of(mcontext_t *m)
{
    return (struct fpsimd_context *)(void *)m->__reserved;
}

static void load_case(mcontext_t *m)
{
    const struct diff_state *in = &shared->cases[slot].in;
    struct fpsimd_context *fp = fpsimd_of(m);

    memcpy(m->regs, in->x, sizeof in->x);
    m->sp = in->sp;
    m->pc = in->pc;
    m->pstate = in->nzcv;
    fp->fpcr = (uint32_t)in->fpcr;
    fp->fpsr = (uint32_t)in->fpsr;
    memcpy(fp->vregs, in->v, sizeof in->v);
    write_tpidr(in->tpidr_el0);
    shared->results[slot].fault_count = 0;
    shared->results[slot].partial = 0;
}

static void store_case(mcontext_t *m)
{
    struct diff_state *out = &shared->results[slot].out;
    struct fpsimd_context *fp = fpsimd_of(m);

    memcpy(out->x, m->regs, sizeof out->x);
    out->sp = m->sp;
    out->pc = m->pc;
    out->nzcv = m->pstate;
    out->fpcr = fp->fpcr;
    out->fpsr = fp->fpsr;
    out->tpidr_el0 = read_tpidr();
    memcpy(out->v, fp->vregs, sizeof out->v);
}

/* Notes the exception; true if the case can go on behind it. */
static int note_fault(int signal_number, const siginfo_t *info, const mcontext_t *m)
{
    struct diff_result *result = &shared->results[slot];
    struct diff_fault *fault = &result->fault[result->fault_count];
    uint64_t offset = m->pc - diff_code_va(slot);

    if (result->fault_count == DIFF_FAULTS)
        return 0;
    result->fault_count++;
    fault->detail = (uint32_t)info->si_code;
    fault->pc = m->pc;
    fault->address = 0;
    switch (signal_number) {
    case SIGILL: fault->kind = DIFF_ILL; break;
    case SIGTRAP: fault->kind = DIFF_TRAP; break;
    case SIGSEGV: fault->kind = DIFF_SEGV; break;
    case SIGBUS: fault->kind = DIFF_BUS; break;
    default: fault->kind = DIFF_OTHER; break;
    }
    if (signal_number == SIGSEGV || signal_number == SIGBUS)
        fault->address = (uint64_t)(uintptr_t)info->si_addr;
    if (offset >= 4 * DIFF_CODE_WORDS || offset % 4)
        return 0;
    result->partial =
        signal_number == SIGSEGV &&
        diff_may_be_partial(*(const uint32_t *)(uintptr_t)m->pc, slot, fault->address);
    return !result->partial;
}

static void on_signal(int signal_number, siginfo_t *info, void *context)
{
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    uint64_t offset;

    if (!running) {
        if (signal_number != SIGTRAP)
            fail("a fault of our own");
        main_context = *m;
        running = 1;
        slot = command.first;
        load_case(m);
        return;
    }
    offset = m->pc - diff_code_va(slot);
    if (signal_number != SIGTRAP || offset > 4 * DIFF_CODE_WORDS ||
        *(const uint32_t *)(uintptr_t)m->pc != DIFF_END_WORD) {
        if (note_fault(signal_number, info, m)) {
            m->pc += 4;
            return;
        }
    }
    store_case(m);
    if (++slot < command.first + command.count) {
        load_case(m);
        return;
    }
    write_tpidr(main_tpidr);
    *m = main_context;
    m->pc += 4;
    running = 0;
}

static void *map(uint64_t va, size_t size, int protection, int flags, int fd, uint64_t offset)
{
    void *wanted = (void *)(uintptr_t)va;
    void *got = mmap(wanted, size, protection, MAP_FIXED_NOREPLACE | flags, fd, (off_t)offset);

    if (got != wanted)
        fail("mmap");
    return got;
}

static void catch_signals(void)
{
    static const int signals[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE};
    stack_t alternate = {.ss_size = DIFF_STACK_SIZE};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    alternate.ss_sp = map(DIFF_STACK_VA, DIFF_STACK_SIZE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sigaltstack(&alternate, NULL))
        fail("sigaltstack");
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (sigaction(signals[i], &action, NULL))
            fail("sigaction");
}

static void map_everything(int fd)
{
    shared = map(DIFF_SHARED_VA, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (uint32_t s = 0; s < DIFF_SLOTS; s++)
        for (uint32_t p = 0; p < DIFF_PAGES; p++)
            map(diff_data_va(s) + p * DIFF_PAGE, DIFF_PAGE,
                p == 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                ((uint64_t)p * DIFF_SLOTS + s) * DIFF_PAGE);
    map(DIFF_CODE_VA, DIFF_CODE_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* The pages lose the right to execute while they are written: then qemu translates them anew. */
static void place_code(void)
{
    void *all = (void *)(uintptr_t)DIFF_CODE_VA;

    if (mprotect(all, DIFF_CODE_SIZE, PROT_READ | PROT_WRITE))
        fail("mprotect");
    for (uint32_t s = command.first; s < command.first + command.count; s++)
        memcpy((void *)(uintptr_t)diff_code_va(s), shared->cases[s].code,
               sizeof shared->cases[s].code);
    if (mprotect(all, DIFF_CODE_SIZE, PROT_READ | PROT_EXEC))
        fail("mprotect");
}

int main(int argc, char **argv)
{
    int commands, answers;

    if (argc != 4) {
        fprintf(stderr, "usage: diff-guest SHARED-FD COMMAND-FD ANSWER-FD (hv-diff starts it)\n");
        return 2;
    }
    commands = atoi(argv[2]);
    answers = atoi(argv[3]);
    main_tpidr = read_tpidr();
    map_everything(atoi(argv[1]));
    catch_signals();
    while (read(commands, &command, sizeof command) == (ssize_t)sizeof command) {
        if (command.count == 0 || command.first >= DIFF_SLOTS ||
            command.count > DIFF_SLOTS - command.first)
            fail("a bad command");
        place_code();
        __asm__ volatile("brk #0xd1fe" : : : "memory");
        if (write(answers, "", 1) != 1)
            fail("write");
    }
    return 0;
}
