/* SPDX-License-Identifier: ISC */
/*
 * A client of the control socket that sends what the input says, in pieces, with descriptors where it says so
 * (common/rpc.c). A piece: a byte of length, a byte with the number of descriptors, the bytes. The reader never holds
 * more than its limit, no descriptor stays open, and what is parsed can be written and parsed again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../common/rpc.h"
#include "fuzz-input.h"

#define LIMIT  5000u /* more than one read's room, so that the buffer grows */
#define PIECES 64u

static void check_line(const char *line, size_t size)
{
    char why[64];
    json_t *v = rpc_parse(line, size, why, sizeof(why)), *again;
    char *text;

    if (v == NULL) {
        FUZZ_CHECK(strlen(why) < sizeof(why));
        return;
    }
    text = json_dumps(v, JSON_COMPACT);
    FUZZ_CHECK(text != NULL && strchr(text, '\n') == NULL);
    again = rpc_parse(text, strlen(text), why, sizeof(why));
    FUZZ_CHECK(again != NULL && json_equal(v, again));
    json_decref(again);
    json_decref(v);
    free(text);
}

/* Reads all there is. false: the connection is done with. */
static bool read_all(struct rpc_reader *r, int fd)
{
    for (;;) {
        size_t size;
        char *line;
        long n = rpc_reader_fill(r, fd);

        FUZZ_CHECK(r->size <= LIMIT + 1 && r->used <= r->size);
        if (n <= 0) {
            FUZZ_CHECK(n == -EAGAIN || n == -EPROTO);
            return n == -EAGAIN;
        }
        while ((line = rpc_reader_line(r, &size)) != NULL) {
            int fds[RPC_FDS_MAX];
            size_t want = size % (RPC_FDS_MAX + 1);
            FUZZ_CHECK(size <= LIMIT && strlen(line) == size);
            check_line(line, size);
            if (rpc_reader_take_fds(r, want, fds) == 0) {
                for (size_t i = 0; i < want; i++) {
                    FUZZ_CHECK(fcntl(fds[i], F_GETFD) == FD_CLOEXEC);
                    close(fds[i]);
                }
            }
        }
        if (!rpc_reader_clean(r)) {
            return false;
        }
    }
}

static int count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 128; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpc_reader reader;
    int pair[2], before = count_fds(), fds[RPC_FDS_MAX] = {0};

    check_line((const char *)data, size); /* as one line, whatever is in it */
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        return 0;
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    rpc_reader_init(&reader, LIMIT);
    for (unsigned i = 0; i < PIECES && size >= 2; i++) {
        size_t length = data[0], count = data[1] % (RPC_FDS_MAX + 1);
        data += 2;
        size -= 2;
        length = length < size ? length : size;
        if (length != 0) {
            (void)rpc_send_some(pair[0], (const char *)data, length, fds, count);
        }
        data += length;
        size -= length;
        if (!read_all(&reader, pair[1])) {
            break;
        }
    }
    rpc_reader_free(&reader);
    close(pair[0]);
    close(pair[1]);
    FUZZ_CHECK(count_fds() == before);
    return 0;
}
