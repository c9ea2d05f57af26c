/* SPDX-License-Identifier: ISC */
/*
 * Every decoder of the channel's messages (common/protocol.c). What one accepts is within its ranges and
 * encodes to the same bytes again.
 */
#include <stdbool.h>
#include <string.h>

#include "../../common/protocol.h"
#include "fuzz-input.h"

static uint8_t again[FRAME_MAX_PAYLOAD];

static void same(const uint8_t *data, size_t size, size_t encoded)
{
    FUZZ_CHECK(encoded == size && memcmp(again, data, size) == 0);
}

static void check_start(const uint8_t *data, size_t size)
{
    static struct msg_start m;
    char why[PROTOCOL_TEXT_MAX + 1];

    if (msg_start_decode(data, size, &m, why) != 0) {
        FUZZ_CHECK(why[0] != '\0' && m.disk_count <= PROTOCOL_DISKS_MAX &&
                   m.net_count <= PROTOCOL_NETS_MAX);
        return;
    }
    FUZZ_CHECK(m.cpus >= 1 && m.cpus <= PROTOCOL_CPUS_MAX);
    FUZZ_CHECK(m.memory >= PROTOCOL_MEMORY_MIN && m.memory <= PROTOCOL_MEMORY_MAX);
    FUZZ_CHECK(msg_start_fd_count(&m) <= FRAME_MAX_FDS);
    FUZZ_CHECK(strlen(m.cmdline) <= PROTOCOL_CMDLINE_MAX && strchr(m.name, '/') == NULL);
    same(data, size, msg_start_encode(&m, again, sizeof(again)));
}

#define CHECK(kind)                                                                                \
    do {                                                                                           \
        static struct msg_##kind m;                                                                \
        if (msg_##kind##_decode(data, size, &m) == 0) {                                            \
            same(data, size, msg_##kind##_encode(&m, again, sizeof(again)));                       \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t which;

    if (size == 0 || size > FRAME_MAX_PAYLOAD) {
        return 0;
    }
    which = *data++;
    size--;
    switch (which % 8) {
    case 0: check_start(data, size); break;
    case 1: CHECK(hello); break;
    case 2: CHECK(stop); break;
    case 3: CHECK(number); break;
    case 4: CHECK(ready); break;
    case 5: CHECK(text); break;
    case 6: CHECK(ended); break;
    default: CHECK(stats); break;
    }
    return 0;
}
