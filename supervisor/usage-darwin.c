/* SPDX-License-Identifier: ISC */
/*
 * usage-darwin.c: proc_pid_rusage(), whose times are in units of mach_absolute_time(). See usage.h.
 */
#include "usage.h"

#include <errno.h>
#include <libproc.h>
#include <mach/mach_time.h>
#include <sys/resource.h>

int usage_get(pid_t pid, struct usage *out)
{
    struct rusage_info_v2 info;
    mach_timebase_info_data_t base;

    *out = (struct usage){0};
    if (proc_pid_rusage(pid, RUSAGE_INFO_V2, (rusage_info_t *)&info) != 0) {
        return -errno;
    }
    if (mach_timebase_info(&base) != 0 || base.denom == 0) {
        return -EPROTO;
    }
    out->cpu_us =
        (int64_t)((info.ri_user_time + info.ri_system_time) / 1000 * base.numer / base.denom);
    out->resident = info.ri_resident_size;
    return 0;
}
