/* SPDX-License-Identifier: ISC */
/*
 * test-trust.c: supervisor/trust.c. A table of what may be wrong with a path; each is refused by name. Violations by owner
 * are made with chown, so they need root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trust.h"

static char base[64]; /* BASE/etc/paddock.yaml is what is opened */
static char why[512];

static void path_of(char out[256], const char *name)
{
    snprintf(out, 256, "%s/%s", base, name);
}

static void sh(const char *format) /* the tests' own names only */
{
    char script[512];
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        snprintf(script, sizeof(script), "cd '%s' && %s", base, format);
        execl("/bin/sh", "sh", "-ec", script, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("%s: failed", format);
    }
}

static int make(void **state)
{
    (void)state;
    snprintf(base, sizeof(base), "/tmp/paddock-test-trust.XXXXXX");
    assert_non_null(mkdtemp(base));
    sh("mkdir -m 755 etc && echo 'version: 1' >etc/paddock.yaml && chmod 644 etc/paddock.yaml");
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    sh("rm -rf '../'${PWD##*/}");
    return 0;
}

static const struct {
    const char *name, *setup, *path, *says;
    int err;
    bool root; /* the setup needs root */
} violations[] = {
    {"relative", ":", "../etc/paddock.yaml", "no absolute path", -EINVAL, false},
    {"missing", ":", "etc/nothing", "etc/nothing", -ENOENT, false},
    {"folder missing", ":", "nothing/paddock.yaml", "nothing", -ENOENT, false},
    {"empty name", ":", "", "is no regular file", -EINVAL, false},
    {"a folder", ":", "etc", "is no regular file", -EINVAL, false},
    {"file is a folder's", ":", "etc/paddock.yaml/x", "etc/paddock.yaml", -ENOTDIR, false},
    {"group writes file", "chmod 664 etc/paddock.yaml", "etc/paddock.yaml",
     "the file is writable by its group (mode 0664)", -EPERM, false},
    {"all write file", "chmod 646 etc/paddock.yaml", "etc/paddock.yaml", "writable by everybody",
     -EPERM, false},
    {"group writes folder", "chmod 775 etc", "etc/paddock.yaml",
     "the folder is writable by its group", -EPERM, false},
    {"all write a folder above", "mkdir etc/a && chmod 757 etc && echo x >etc/a/f", "etc/a/f",
     "the folder is writable by everybody", -EPERM, false},
    {"a link", "ln -s paddock.yaml etc/link", "etc/link", "is a symbolic link", -ELOOP, false},
    {"a link to nothing", "ln -s nowhere etc/link", "etc/link", "is a symbolic link", -ELOOP,
     false},
    {"a link into a writable folder", "mkdir -m 777 open && echo x >open/f && ln -s ../open etc/in",
     "etc/in/f", "writable by everybody", -EPERM, false},
    {"links without end", "ln -s b etc/a && ln -s a etc/b", "etc/a/f", "too many symbolic links",
     -ELOOP, false},
    {"a fifo", "mkfifo -m 600 etc/fifo", "etc/fifo", "no regular file", -EINVAL, false},
    {"a stranger's file", "chown 12345 etc/paddock.yaml", "etc/paddock.yaml",
     "the file belongs to user 12345", -EPERM, true},
    {"a stranger's folder", "chown 12345 etc", "etc/paddock.yaml",
     "the folder belongs to user 12345", -EPERM, true},
    {"a stranger's sticky folder", "chmod 1777 etc && chown 12345 etc", "etc/paddock.yaml",
     "belongs to user 12345", -EPERM, true},
    {"a stranger's link in a sticky folder",
     "mkdir -m 1777 tmp && ln -s ../etc tmp/in && chown -h 12345 tmp/in", "tmp/in/paddock.yaml",
     "the symbolic link belongs to user 12345", -EPERM, true},
    {"a stranger's file in a sticky folder",
     "mkdir -m 1777 tmp && echo x >tmp/f && chown 12345 tmp/f", "tmp/f", "belongs to user 12345",
     -EPERM, true},
    {"a device", "mknod etc/null c 1 3 && chmod 644 etc/null", "etc/null", "no regular file",
     -EINVAL, true},
};

static int lowest_free(void)
{
    int fd = dup(0);

    close(fd);
    return fd;
}

static void test_violations(void **state)
{
    unsigned left_out = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(violations) / sizeof(violations[0]); i++) {
        int fd = -1, before = lowest_free();
        char path[256];

        if (violations[i].root && geteuid() != 0) {
            left_out++;
            continue;
        }
        unmake(NULL);
        make(NULL);
        sh(violations[i].setup);
        if (violations[i].path[0] == '.') {
            snprintf(path, sizeof(path), "%s", violations[i].path);
        } else {
            path_of(path, violations[i].path);
        }
        if (violations[i].path[0] == '\0') {
            path[strlen(base)] = '\0';
        }
        why[0] = '\0';
        fd = trust_open(path, O_RDONLY, why, sizeof(why));
        if (fd != violations[i].err || strstr(why, violations[i].says) == NULL) {
            fail_msg("%s: %d, \"%s\"", violations[i].name, fd, why);
        }
        assert_int_equal(lowest_free(), before); /* no descriptor is left */
    }
    if (left_out != 0) {
        print_message("%u violations by owner left out: not root\n", left_out);
    }
}

/* A socket cannot be opened; it only must not be taken for a file. */
static void test_socket(void **state)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    char path[256];

    (void)state;
    path_of(path, "etc/s");
    snprintf(a.sun_path, sizeof(a.sun_path), "%.90s", path);
    assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(chmod(path, 0600), 0);
    assert_true(trust_open(path, O_RDONLY, why, sizeof(why)) < 0);
    close(s);
}

static const struct {
    const char *name, *setup, *path;
} trusted[] = {
    {"as it is", ":", "etc/paddock.yaml"},
    {"slashes and dots", ":", "etc//.///paddock.yaml"},
    {"up and down", ":", "etc/../etc/paddock.yaml"},
    {"readable by the owner alone", "chmod 600 etc/paddock.yaml && chmod 700 etc",
     "etc/paddock.yaml"},
    {"through a link of ours", "ln -s etc in", "in/paddock.yaml"},
    {"through an absolute link", "ln -s \"$PWD/etc\" in", "in/paddock.yaml"},
    {"through a chain of links", "ln -s etc a && ln -s a b && ln -s ./b/../b c", "c/paddock.yaml"},
};

static void test_trusted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(trusted) / sizeof(trusted[0]); i++) {
        char path[256], text[64];
        int fd = -1, before = lowest_free();

        unmake(NULL);
        make(NULL);
        sh(trusted[i].setup);
        path_of(path, trusted[i].path);
        fd = trust_open(path, O_RDONLY, why, sizeof(why));
        if (fd < 0) {
            fail_msg("%s: %s", trusted[i].name, why);
        }
        assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        assert_int_equal(read(fd, text, sizeof(text)), strlen("version: 1\n"));
        close(fd);
        assert_int_equal(lowest_free(), before);
    }
}

static void test_read(void **state)
{
    char path[256], *text = NULL;
    size_t length = 0;

    (void)state;
    path_of(path, "etc/paddock.yaml");
    assert_int_equal(trust_read(path, 11, &text, &length, why, sizeof(why)), 0);
    assert_int_equal(length, 11);
    assert_string_equal(text, "version: 1\n");
    free(text);
    text = NULL;
    assert_int_equal(trust_read(path, 10, &text, &length, why, sizeof(why)), -EFBIG);
    assert_null(text);
    assert_non_null(strstr(why, "11 bytes"));
    sh(": >etc/paddock.yaml");
    assert_int_equal(trust_read(path, 10, &text, &length, why, sizeof(why)), 0);
    assert_int_equal(length, 0);
    assert_string_equal(text, "");
    free(text);
    sh("rm etc/paddock.yaml");
    assert_int_equal(trust_read(path, 10, &text, &length, why, sizeof(why)), -ENOENT);
}

static void test_long_paths(void **state)
{
    static char path[8192];

    (void)state;
    memset(path, 'a', sizeof(path) - 1);
    path[0] = '/';
    assert_int_equal(trust_open(path, O_RDONLY, why, sizeof(why)), -ENAMETOOLONG);
    memset(path, '/', sizeof(path) - 1);
    assert_int_equal(trust_open(path, O_RDONLY, why, sizeof(why)), -ENAMETOOLONG);
    path[4000] = '\0';
    assert_int_equal(trust_open(path, O_RDONLY, why, sizeof(why)), -EINVAL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(test_violations), TEST(test_trusted),    TEST(test_socket),
        TEST(test_read),       TEST(test_long_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
