/* SPDX-License-Identifier: ISC */
/*
 * debugger.c: runs in a Linux guest: a debugger and what it debugs. Uses what gdb uses, ptrace's
 * hardware breakpoints and watchpoints and its single steps, and closes with
 * "debugger: N checks, N failures".
 */
#include <elf.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <asm/ptrace.h>

/* DBGBCR and DBGWCR: enabled, EL0. */
#define CONTROL(access, bas) (1u | 2u << 1 | (access) << 3 | (bas) << 5)
enum {
    LOAD = 1,
    STORE = 2
};

static unsigned checks;
static unsigned failures;

static void check(bool holds, const char *what)
{
    checks++;
    if (!holds) {
        failures++;
        printf("debugger: failed: %s\n", what);
    }
}

/* ---- What is debugged ------------------------------------------------------------------------ */

static struct {
    volatile uint64_t counter;
    volatile uint8_t bytes[8];
    volatile uint64_t near;
} watched __attribute__((aligned(64)));

#define CALLS 3u
static volatile uint64_t calls;

__attribute__((noinline)) static void stop_here(void)
{
    __asm__ volatile("" ::: "memory");
}

static void debuggee(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    for (calls = 0; calls < CALLS; calls++) {
        stop_here();
    }
    raise(SIGSTOP);
    for (volatile unsigned i = 0; i < 1000; i++) { /* to step through */
    }
    watched.near = 1;
    watched.bytes[2] = 1;
    watched.bytes[3] = 2; /* the one that is watched */
    watched.bytes[4] = 3;
    raise(SIGSTOP);
    watched.counter = watched.counter + 40; /* the load, then the store */
    /* The kernel reads it for us. */
    if (write(-1, (const void *)(uintptr_t)&watched.counter, 8) == 0) {
        _exit(1);
    }
    raise(SIGSTOP);
    watched.counter = watched.counter + 2;
    _exit((int)watched.counter);
}

/* ---- The debugger ---------------------------------------------------------------------------- */

static pid_t child;

static int wait_stop(void)
{
    int status;

    if (waitpid(child, &status, 0) != child) {
        perror("debugger: waitpid");
        exit(1);
    }
    return status;
}

static int resume(void)
{
    ptrace(PTRACE_CONT, child, NULL, NULL);
    return wait_stop();
}

static bool stopped_by(int status, int signal)
{
    return WIFSTOPPED(status) && WSTOPSIG(status) == signal;
}

static struct user_pt_regs registers(void)
{
    struct user_pt_regs regs = {0};
    struct iovec io = {&regs, sizeof(regs)};

    ptrace(PTRACE_GETREGSET, child, (void *)(uintptr_t)NT_PRSTATUS, &io);
    return regs;
}

static unsigned slots(unsigned set)
{
    struct user_hwdebug_state state = {0};
    struct iovec io = {&state, sizeof(state)};

    if (ptrace(PTRACE_GETREGSET, child, (void *)(uintptr_t)set, &io) != 0) {
        return 0;
    }
    return state.dbg_info & 0xff;
}

static bool set_slot(unsigned set, unsigned n, const volatile void *address, unsigned control)
{
    struct user_hwdebug_state state = {0};
    struct iovec io = {&state, offsetof(struct user_hwdebug_state, dbg_regs) +
                                   (n + 1) * sizeof(state.dbg_regs[0])};

    if (ptrace(PTRACE_GETREGSET, child, (void *)(uintptr_t)set, &io) != 0) {
        return false;
    }
    state.dbg_regs[n].addr = (uintptr_t)address & ~UINT64_C(7);
    if (set == NT_ARM_HW_BREAK) {
        state.dbg_regs[n].addr = (uintptr_t)address;
    }
    state.dbg_regs[n].ctrl = control;
    io.iov_len =
        offsetof(struct user_hwdebug_state, dbg_regs) + (n + 1) * sizeof(state.dbg_regs[0]);
    return ptrace(PTRACE_SETREGSET, child, (void *)(uintptr_t)set, &io) == 0;
}

static siginfo_t signal_info(void)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    ptrace(PTRACE_GETSIGINFO, child, NULL, &info);
    return info;
}

static void expect_hit(int status, const volatile void *address, const char *what)
{
    siginfo_t info = signal_info();

    check(stopped_by(status, SIGTRAP) && info.si_code == TRAP_HWBKPT &&
              info.si_addr == (const void *)(uintptr_t)address,
          what);
}

/* Makes so many single steps; what was debugged must have moved at each of them. */
static void steps(unsigned count)
{
    bool moved = true;

    for (unsigned i = 0; i < count; i++) {
        uint64_t before = registers().pc;
        ptrace(PTRACE_SINGLESTEP, child, NULL, NULL);
        moved &= stopped_by(wait_stop(), SIGTRAP) && registers().pc != before;
    }
    check(moved, "single steps move by an instruction each");
}

/* As gdb does: what stopped the child is taken away for the step over it. */
static int resume_over(unsigned set, unsigned n, const volatile void *address, unsigned control)
{
    check(set_slot(set, n, address, 0), "taken away");
    steps(1);
    check(set_slot(set, n, address, control), "put back");
    return resume();
}

static uint64_t peek(const volatile void *address)
{
    return (uint64_t)ptrace(PTRACE_PEEKDATA, child, (void *)(uintptr_t)address, NULL);
}

static void debug_breakpoint(void)
{
    const void *function = (const void *)(uintptr_t)stop_here;
    unsigned control = CONTROL(0u, 0xfu);
    uint64_t sp;
    int status;

    check(set_slot(NT_ARM_HW_BREAK, 1, function, control), "a breakpoint is accepted");
    status = resume();
    sp = registers().sp;
    for (unsigned i = 0; i < CALLS; i++) {
        expect_hit(status, function, "the breakpoint stops the child");
        check(registers().pc == (uintptr_t)function && registers().sp == sp,
              "in front of the function's first instruction");
        check(peek(&calls) == i, "once a call");
        status = resume_over(NT_ARM_HW_BREAK, 1, function, control);
    }
    check(stopped_by(status, SIGSTOP), "the child goes on");
    check(set_slot(NT_ARM_HW_BREAK, 1, function, 0), "no breakpoint any more");
    steps(1000);
}

static void debug_store(void)
{
    unsigned control = CONTROL((unsigned)STORE, 1u << ((uintptr_t)&watched.bytes[3] & 7));
    int status;

    check(set_slot(NT_ARM_HW_WATCH, 0, &watched.bytes[3], control), "a watchpoint is accepted");
    status = resume();
    expect_hit(status, &watched.bytes[3], "a store to the watched byte, and only that");
    check(peek(watched.bytes) == UINT64_C(0x00010000), "it has not been stored yet");
    status = resume_over(NT_ARM_HW_WATCH, 0, &watched.bytes[3], control);
    check(stopped_by(status, SIGSTOP), "the child goes on");
    check(peek(watched.bytes) == UINT64_C(0x0302010000), "all three bytes are there");
    check(set_slot(NT_ARM_HW_WATCH, 0, &watched.bytes[3], 0), "no watchpoint any more");
}

static void debug_load(void)
{
    unsigned control = CONTROL((unsigned)LOAD, 0xffu);
    int status;

    check(set_slot(NT_ARM_HW_WATCH, 1, &watched.counter, control), "a watchpoint is accepted");
    status = resume();
    expect_hit(status, &watched.counter, "a load of the counter");
    status = resume_over(NT_ARM_HW_WATCH, 1, &watched.counter, control);
    check(stopped_by(status, SIGSTOP), "neither the store nor the kernel's load stop it");
    control = CONTROL((unsigned)LOAD | (unsigned)STORE, 0xffu);
    check(set_slot(NT_ARM_HW_WATCH, 1, &watched.counter, control), "and changed");
    status = resume();
    expect_hit(status, &watched.counter, "the load");
    status = resume_over(NT_ARM_HW_WATCH, 1, &watched.counter, control);
    expect_hit(status, &watched.counter, "the store");
    check(peek(&watched.counter) == 40, "which has not been made");
    status = resume_over(NT_ARM_HW_WATCH, 1, &watched.counter, control);
    expect_hit(status, &watched.counter, "the load for the exit status");
    status = resume_over(NT_ARM_HW_WATCH, 1, &watched.counter, control);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 42, "the child ends as it would have");
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    child = fork();
    if (child == 0) {
        debuggee();
    }
    check(stopped_by(wait_stop(), SIGSTOP), "the child stops");
    printf("debugger: %u breakpoints, %u watchpoints\n", slots(NT_ARM_HW_BREAK),
           slots(NT_ARM_HW_WATCH));
    debug_breakpoint();
    debug_store();
    debug_load();
    printf("debugger: %u checks, %u failures\n", checks, failures);
    return failures != 0;
}
