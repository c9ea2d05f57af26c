/* SPDX-License-Identifier: ISC */
/*
 * test-paths.c: supervisor/paths.c: what is where, with which modes, and that a socket's path fits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "paths.h"

static char base[64], root[128], why[2048];

static int make(void **state)
{
    (void)state;
    snprintf(base, sizeof(base), "/tmp/paddock-test-paths.XXXXXX");
    assert_non_null(mkdtemp(base));
    snprintf(root, sizeof(root), "%s/r", base);
    return 0;
}

static int unmake(void **state)
{
    static const char *const made[] = {"/r/db",     "/r/run/vm", "/r/run", "/r/log/vm",
                                       "/r/log/it", "/r/log",    "/r",     ""};
    char path[256];

    (void)state;
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", base, made[i]);
        (void)remove(path);
    }
    return access(base, F_OK) == 0;
}

static unsigned mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void test_system(void **state)
{
    struct paths p;

    (void)state;
    assert_int_equal(paths_set(&p, NULL, NULL, why, sizeof(why)), 0);
    assert_string_equal(p.config, "/etc/paddock/paddock.yaml");
    assert_string_equal(p.config_dir, "/etc/paddock/vms.d");
    assert_non_null(strstr(p.database, "/paddock/paddock.db"));
    assert_non_null(strstr(p.socket, "run/paddock"));
    assert_string_equal(p.vm_log, "/var/log/paddock/vm");
    assert_string_equal(strrchr(p.worker, '/'), "/vmm-worker");
}

static void test_root(void **state)
{
    struct paths p;
    char expected[256];

    (void)state;
    snprintf(expected, sizeof(expected), "%s///", root);
    assert_int_equal(paths_set(&p, expected, "/opt/worker", why, sizeof(why)), 0);
    snprintf(expected, sizeof(expected), "%s/etc/paddock.yaml", root);
    assert_string_equal(p.config, expected);
    snprintf(expected, sizeof(expected), "%s/db/paddock.db", root);
    assert_string_equal(p.database, expected);
    snprintf(expected, sizeof(expected), "%s/run/control.sock", root);
    assert_string_equal(p.socket, expected);
    snprintf(expected, sizeof(expected), "%s/run/vm", root);
    assert_string_equal(p.vm_run, expected);
    assert_string_equal(p.worker, "/opt/worker");
}

static void test_relative_root(void **state)
{
    struct paths p;
    char here[1024], expected[1200];

    (void)state;
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(chdir(base), 0);
    assert_int_equal(paths_set(&p, "r", "w", why, sizeof(why)), 0);
    assert_int_equal(chdir(here), 0);
    snprintf(expected, sizeof(expected), "%s/r/db", base);
    assert_string_equal(p.state, expected);
    snprintf(expected, sizeof(expected), "%s/w", base);
    assert_string_equal(p.worker, expected);
}

/* The longest root that is accepted is one whose sockets can really be bound; one byte more is refused. */
static void test_sun_path(void **state)
{
    const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
    char long_root[256], numbers[64];
    size_t longest = 0;
    struct paths p;

    (void)state;
    memset(long_root, 'x', sizeof(long_root));
    long_root[0] = '/';
    for (size_t n = 2; n < 200; n++) {
        long_root[n] = '\0';
        if (paths_set(&p, long_root, "/w", why, sizeof(why)) == 0) {
            assert_int_equal(longest, longest == 0 ? 0 : n - 1);
            longest = n;
        } else {
            assert_int_equal(paths_set(&p, long_root, "/w", why, sizeof(why)), -ENAMETOOLONG);
        }
        long_root[n] = 'x';
    }
    assert_int_equal(longest + strlen("/run/vm/abcdefghijklmnop/" PATHS_RENDEZVOUS), room);
    long_root[longest + 1] = '\0';
    assert_int_equal(paths_set(&p, long_root, "/w", why, sizeof(why)), -ENAMETOOLONG);
    snprintf(numbers, sizeof(numbers), "%zu bytes", room + 1);
    assert_non_null(strstr(why, numbers)); /* both lengths */
    snprintf(numbers, sizeof(numbers), "may have %zu", room);
    assert_non_null(strstr(why, numbers));
}

static void test_endless(void **state)
{
    static char path[5000];
    struct paths p;

    (void)state;
    memset(path, 'x', sizeof(path) - 1);
    path[0] = '/';
    assert_int_equal(paths_set(&p, path, "/w", why, sizeof(why)), -ENAMETOOLONG);
    assert_int_equal(paths_set(&p, root, path, why, sizeof(why)), -ENAMETOOLONG);
}

static void test_make(void **state)
{
    struct paths p;

    (void)state;
    assert_int_equal(paths_set(&p, root, "/w", why, sizeof(why)), 0);
    umask(0077);
    assert_int_equal(paths_make(&p, why, sizeof(why)), 0);
    assert_int_equal(umask(022), 0077); /* the caller's mask is as it was, and was not used */
    assert_int_equal(mode_of(p.state), 0700);
    assert_int_equal(mode_of(p.run), 0755);
    assert_int_equal(mode_of(p.vm_run), 0700);
    assert_int_equal(mode_of(p.log), 0750);
    assert_int_equal(mode_of(p.vm_log), 0750);
    /* Again, and with one that is more open than it has to be. */
    assert_int_equal(chmod(p.state, 0755), 0);
    assert_int_equal(paths_make(&p, why, sizeof(why)), 0);
    assert_int_equal(mode_of(p.state), 0700);
}

static void test_refused(void **state)
{
    struct paths p;
    char target[PATHS_MAX + 8];

    (void)state;
    assert_int_equal(paths_set(&p, root, "/w", why, sizeof(why)), 0);
    assert_int_equal(paths_make(&p, why, sizeof(why)), 0);

    assert_int_equal(chmod(p.run, 0777), 0);
    assert_int_equal(paths_make(&p, why, sizeof(why)), -EPERM);
    assert_non_null(strstr(why, "writable by others"));
    assert_non_null(strstr(why, p.run));
    assert_int_equal(chmod(p.run, 0755), 0);

    assert_int_equal(rmdir(p.vm_log), 0);
    snprintf(target, sizeof(target), "%s/it", p.log);
    assert_int_equal(mkdir(target, 0700), 0);
    assert_int_equal(symlink("it", p.vm_log), 0);
    assert_true(paths_make(&p, why, sizeof(why)) < 0);
    assert_non_null(strstr(why, "is no folder"));
    assert_int_equal(unlink(p.vm_log), 0);
}

static void test_strangers_folder(void **state)
{
    struct paths p;

    (void)state;
    if (geteuid() != 0) {
        print_message("not root: no folder can be given away\n");
        skip();
    }
    assert_int_equal(paths_set(&p, root, "/w", why, sizeof(why)), 0);
    assert_int_equal(paths_make(&p, why, sizeof(why)), 0);
    assert_int_equal(chown(p.state, 12345, 12345), 0);
    assert_int_equal(paths_make(&p, why, sizeof(why)), -EPERM);
    assert_non_null(strstr(why, "12345"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(test_system),  TEST(test_root), TEST(test_relative_root), TEST(test_sun_path),
        TEST(test_endless), TEST(test_make), TEST(test_refused),       TEST(test_strangers_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
