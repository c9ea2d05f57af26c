/* SPDX-License-Identifier: ISC */
/* primecell.c: see primecell.h. */
#include "primecell.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "../device-tree.h"
#include "../device.h"

int primecell_fdt(void *fdt, const char *node, const char *compatible, uint64_t base, uint64_t size,
                  uint32_t spi, bool end)
{
    char list[64];
    int n = snprintf(list, sizeof(list), "%s%carm,primecell", compatible, '\0');
    int err = fdt_begin_node(fdt, node);

    err = err < 0 ? err : fdt_property(fdt, "compatible", list, n + 1);
    err = err < 0 ? err : fdt_reg(fdt, base, size);
    err = err < 0 ? err : fdt_interrupts(fdt, spi);
    err = err < 0 ? err : fdt_property_u32(fdt, "clocks", PHANDLE_APB_PCLK);
    err = err < 0 ? err : fdt_property_string(fdt, "clock-names", "apb_pclk");
    return err < 0 || !end ? err : fdt_end_node(fdt);
}
