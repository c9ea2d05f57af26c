/* SPDX-License-Identifier: ISC */
/* The syndrome decoder (vmm-worker/exit.c): a syndrome and a value. */
#include "../../vmm-worker/exit.h"
#include "fuzz-input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};

    while (in.left != 0) {
        uint64_t syndrome = fuzz_take(&in, 8);
        uint64_t value = fuzz_take(&in, 8);
        struct exit_access a = exit_decode_access(syndrome);
        struct exit_sysreg r = exit_decode_sysreg(syndrome);
        uint64_t loaded = exit_load_result(&a, value);
        uint64_t stored = exit_store_value(&a, value);

        FUZZ_CHECK(exit_class(syndrome) < EXIT_CLASSES);
        FUZZ_CHECK(exit_class_name(exit_class(syndrome)) != NULL);
        FUZZ_CHECK(a.size == 1 || a.size == 2 || a.size == 4 || a.size == 8);
        FUZZ_CHECK(a.reg <= EXIT_REG_ZERO);
        FUZZ_CHECK(a.wide || loaded <= UINT32_MAX);
        FUZZ_CHECK(a.size == 8 || stored >> (8 * a.size) == 0);
        FUZZ_CHECK(a.size == 8 || a.sign_extend || loaded == stored);
        /* A second time through changes nothing. */
        FUZZ_CHECK(exit_load_result(&a, loaded) == loaded);
        FUZZ_CHECK(r.op0 < 4 && r.op1 < 8 && r.crn < 16 && r.crm < 16 && r.op2 < 8);
        FUZZ_CHECK(r.reg <= EXIT_REG_ZERO);
        (void)exit_is_wfi(syndrome);
    }
    return 0;
}
