/* SPDX-License-Identifier: ISC */
/*
 * process-darwin.c: process identity from proc_pidinfo and kern.bootsessionuuid. See process.h.
 */
#include "process.h"

#include <errno.h>
#include <libproc.h>
#include <string.h>
#include <sys/proc.h>
#include <sys/sysctl.h>

static int read_info(pid_t pid, struct proc_bsdinfo *info)
{
    int n = proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, info, (int)sizeof(*info));

    return n == (int)sizeof(*info) ? 0 : -ESRCH;
}

int process_identify(pid_t pid, struct vm_process *out)
{
    struct vm_process p = {.pid = pid};
    struct proc_bsdinfo info;
    size_t size = sizeof(p.boot);
    int err = read_info(pid, &info);

    if (err != 0) {
        return err;
    }
    p.start = info.pbi_start_tvsec * UINT64_C(1000000) + info.pbi_start_tvusec;
    if (sysctlbyname("kern.bootsessionuuid", p.boot, &size, NULL, 0) != 0) {
        return -errno;
    }
    *out = p;
    return 0;
}

bool process_is_alive(const struct vm_process *p)
{
    struct vm_process now;
    struct proc_bsdinfo info;

    return p->pid > 0 && process_identify(p->pid, &now) == 0 && now.start == p->start &&
           strcmp(now.boot, p->boot) == 0 && read_info(p->pid, &info) == 0 &&
           info.pbi_status != SZOMB;
}
