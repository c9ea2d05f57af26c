/* SPDX-License-Identifier: ISC */
/* test-vm-config.c: config/vm-config.c. What is refused, and how, is in broken/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "diagnostics.h"
#include "document.h"
#include "vm-config.h"

static struct diagnostics *d;
static struct vm_config c;

static int set_up(void **state)
{
    (void)state;
    d = diagnostics_new();
    vm_config_init(&c);
    return d ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    vm_config_free(&c);
    diagnostics_free(d);
    return 0;
}

/* Reads over what `to` has; the number of errors. */
static size_t read_over(struct vm_config *to, const char *yaml, bool complete)
{
    struct document *doc = document_parse_yaml("f.yaml", yaml, strlen(yaml), d);
    size_t errors;

    assert_non_null(doc);
    errors = vm_config_read(to, doc, doc->root, "", complete, d);
    document_free(doc);
    return errors;
}

static size_t read_json(struct vm_config *to, const char *text, const char **first)
{
    size_t from = diagnostics_count(d), errors;
    json_t *value = json_loads(text, 0, NULL);
    struct document *doc = document_from_json("request", value, d);

    assert_non_null(doc);
    errors = vm_config_read(to, doc, doc->root, "", true, d);
    if (first) {
        *first = diagnostics_first_error(d, from);
    }
    document_free(doc);
    json_decref(value);
    return errors;
}

static const char everything[] =
    "cpus: 3\n"
    "memory: 1.5GiB\n"
    "kernel: /boot/Image\n"
    "initrd: /boot/initrd\n"
    "cmdline: 'console=ttyS0 quiet'\n"
    "disks:\n"
    "  - /a.img\n"
    "  - /b.img:ro\n"
    "  - {path: '/c:d.img', readonly: yes, serial: root}\n"
    "networks:\n"
    "  - none\n"
    "  - lan\n"
    "  - {name: lan, mac: '02:00:5E:10:00:01'}\n"
    "  - {mode: socket, path: /run/x.sock, mtu: 9000}\n"
    "ports: []\n"
    "vsock: on\n"
    "balloon: no\n"
    "labels: {team: toolchain, tier: 3, live: true}\n"
    "owner: builder\n"
    "autostart: yes\n"
    "start_delay: 250ms\n"
    "restart: {policy: always, max_attempts: 7, delay: 2, delay_max: 5m,"
    " window: 1m}\n"
    "start_timeout: 2m\n"
    "stop_timeout: 0\n"
    "max_lifetime: 1h30m\n"
    "healthcheck: {test: vsock, port: 1024, interval: 10s, timeout: 1s,"
    " start_period: 0s, retries: 5}\n";

static void test_the_built_in_defaults(void **state)
{
    (void)state;
    assert_int_equal(c.cpus, 1);
    assert_int_equal(c.memory, (uint64_t)512 << 20);
    assert_null(c.kernel);
    assert_string_equal(c.cmdline, "console=ttyS0");
    assert_true(c.vsock && c.balloon && !c.autostart);
    assert_int_equal(c.restart, RESTART_NO);
    assert_int_equal(c.restart_delay, 1000);
    assert_int_equal(c.restart_delay_max, 60000);
    assert_int_equal(c.restart_window, 10000);
    assert_int_equal(c.start_timeout, 60000);
    assert_int_equal(c.stop_timeout, 30000);
    assert_int_equal(c.health.test, HEALTH_NONE);
    assert_int_equal(c.health.retries, 3);
}

static void test_every_key_reaches_its_field(void **state)
{
    static const uint8_t mac[] = {2, 0, 0x5e, 0x10, 0, 1};

    (void)state;
    assert_int_equal(read_over(&c, everything, true), 0);
    assert_int_equal(c.cpus, 3);
    assert_int_equal(c.memory, (uint64_t)1536 << 20);
    assert_string_equal(c.kernel, "/boot/Image");
    assert_string_equal(c.initrd, "/boot/initrd");
    assert_string_equal(c.cmdline, "console=ttyS0 quiet");
    assert_int_equal(c.disk_count, 3);
    assert_string_equal(c.disk[0].path, "/a.img");
    assert_false(c.disk[0].read_only);
    assert_string_equal(c.disk[1].path, "/b.img");
    assert_true(c.disk[1].read_only);
    assert_string_equal(c.disk[2].path, "/c:d.img");
    assert_string_equal(c.disk[2].serial, "root");
    assert_int_equal(c.net_count, 4);
    assert_int_equal(c.net[0].mode, NET_NONE);
    assert_int_equal(c.net[1].mode, NET_SOCKET);
    assert_string_equal(c.net[1].name, "lan");
    assert_true(c.net[2].has_mac && !c.net[1].has_mac);
    assert_int_equal(c.net[2].mode, NET_SOCKET);
    assert_memory_equal(c.net[2].mac, mac, sizeof(mac));
    assert_string_equal(c.net[3].path, "/run/x.sock");
    assert_int_equal(c.net[3].mtu, 9000);
    assert_true(c.vsock && !c.balloon && c.autostart);
    assert_int_equal(c.label_count, 3);
    assert_string_equal(c.label[1].key, "tier");
    assert_string_equal(c.label[1].value, "3");
    assert_string_equal(c.owner, "builder");
    assert_int_equal(c.start_delay, 250);
    assert_int_equal(c.restart, RESTART_ALWAYS);
    assert_int_equal(c.restart_max, 7);
    assert_int_equal(c.restart_delay, 2000);
    assert_int_equal(c.restart_delay_max, 300000);
    assert_int_equal(c.restart_window, 60000);
    assert_int_equal(c.start_timeout, 120000);
    assert_int_equal(c.stop_timeout, 0);
    assert_int_equal(c.max_lifetime, 5400000);
    assert_int_equal(c.health.test, HEALTH_VSOCK);
    assert_int_equal(c.health.port, 1024);
    assert_int_equal(c.health.interval, 10000);
    assert_int_equal(c.health.timeout, 1000);
    assert_int_equal(c.health.start_period, 0);
    assert_int_equal(c.health.retries, 5);
}

static void comes_back(const struct vm_config *from, bool all)
{
    json_t *json = vm_config_to_json(from, all);
    struct document *doc = document_from_json("row", json, d);
    struct vm_config again;
    char differences[200];

    vm_config_init(&again);
    assert_non_null(doc);
    assert_int_equal(vm_config_read(&again, doc, doc->root, "", false, d), 0);
    vm_config_differences(from, &again, differences, sizeof(differences));
    assert_string_equal(differences, "");
    document_free(doc);
    json_decref(json);
    vm_config_free(&again);
}

static void test_json_reads_back_to_the_same(void **state)
{
    json_t *json;

    (void)state;
    comes_back(&c, false);
    comes_back(&c, true);
    json = vm_config_to_json(&c, false);
    assert_int_equal(json_object_size(json), 0);
    json_decref(json);
    assert_int_equal(read_over(&c, everything, true), 0);
    comes_back(&c, false);
    comes_back(&c, true);
    json = vm_config_to_json(&c, false);
    assert_int_equal(json_integer_value(json_object_get(json, "memory")), 1610612736);
    assert_string_equal(json_string_value(json_object_get(json, "max_lifetime")), "1h30m");
    json_decref(json);
}

static void test_a_bare_size_is_mib_in_yaml_and_bytes_in_json(void **state)
{
    const char *first;

    (void)state;
    assert_int_equal(read_over(&c, "memory: 1024\n", false), 0);
    assert_int_equal(c.memory, (uint64_t)1 << 30);
    assert_int_equal(read_json(&c, "{\"kernel\": \"/k\", \"memory\": 134217728}", NULL), 0);
    assert_int_equal(c.memory, (uint64_t)128 << 20);
    assert_int_equal(read_json(&c, "{\"kernel\": \"/k\", \"memory\": \"256\"}", NULL), 0);
    assert_int_equal(c.memory, (uint64_t)256 << 20);
    assert_int_equal(read_json(&c, "{\"kernel\": \"/k\", \"memory\": 1024}", &first), 1);
    assert_string_equal(first, "request: memory takes a size from 64MiB to 64GiB, not \"1024\"");
}

static void test_a_request_is_told_without_places(void **state)
{
    const char *first;

    (void)state;
    assert_int_equal(read_json(&c, "{\"kernel\": null}", &first), 1);
    assert_string_equal(first, "request: kernel has no value");
    assert_int_equal(read_json(&c, "{\"cpus\": 2.5, \"kernel\": \"/k\"}", &first), 1);
    assert_string_equal(first, "request: cpus takes a whole number from 1 to 16, not \"2.5\"");
    assert_int_equal(read_json(&c, "[]", &first), 1);
    assert_string_equal(first, "request: a VM takes a mapping, not a list");
    assert_int_equal(vm_config_read(&c, NULL, NULL, "", true, d), 1);
}

static void restarts(const char *text, enum restart_policy policy, uint32_t max)
{
    char yaml[100];

    snprintf(yaml, sizeof(yaml), "restart: %s\n", text);
    assert_int_equal(read_over(&c, yaml, false), 0);
    assert_int_equal(c.restart, policy);
    assert_int_equal(c.restart_max, max);
}

static void test_forms_of_restart(void **state)
{
    (void)state;
    restarts("on-failure:5", RESTART_ON_FAILURE, 5);
    restarts("on-failure", RESTART_ON_FAILURE, 0);
    restarts("always", RESTART_ALWAYS, 0);
    restarts("unless-stopped", RESTART_UNLESS_STOPPED, 0);
    restarts("{policy: on-failure, max_attempts: 2}", RESTART_ON_FAILURE, 2);
    restarts("{policy: no}", RESTART_NO, 2);
    restarts("always", RESTART_ALWAYS, 0);
    restarts("no", RESTART_NO, 0);
    restarts("always", RESTART_ALWAYS, 0);
    restarts("false", RESTART_NO, 0);
    restarts("\"no\"", RESTART_NO, 0);
    assert_int_equal(read_over(&c, "restart: \"false\"\n", false), 1);
    assert_int_equal(read_over(&c, "restart: \"on-failure:\"\n", false), 1);
    assert_int_equal(read_over(&c, "restart: on-failure:-1\n", false), 1);
    assert_string_equal(restart_policy_name(RESTART_NO), "no");
    assert_string_equal(restart_policy_name(RESTART_UNLESS_STOPPED), "unless-stopped");
}

static void test_lists_are_replaced_and_labels_merged(void **state)
{
    (void)state;
    assert_int_equal(read_over(&c, everything, true), 0);
    assert_int_equal(
        read_over(&c, "disks: [/z.img]\nnetworks: []\nlabels: {tier: 4, new: x}\n", true), 0);
    assert_int_equal(c.disk_count, 1);
    assert_string_equal(c.disk[0].path, "/z.img");
    assert_string_equal(c.disk[0].serial, "");
    assert_int_equal(c.net_count, 0);
    assert_int_equal(c.label_count, 4);
    assert_string_equal(c.label[1].value, "4");
    assert_string_equal(c.label[3].key, "new");
}

static void test_labels_are_counted_over_all_parts(void **state)
{
    char yaml[64];

    (void)state;
    for (unsigned i = 0; i < VM_LABELS_MAX; i++) {
        snprintf(yaml, sizeof(yaml), "labels: {l%u: x}\n", i);
        assert_int_equal(read_over(&c, yaml, false), 0);
    }
    assert_int_equal(read_over(&c, "labels: {l0: y}\n", false), 0);
    assert_int_equal(read_over(&c, "labels: {more: y}\n", false), 1);
    assert_string_equal(diagnostics_first_error(d, 0),
                        "f.yaml:1:10: labels.more is one label too many; a VM has at most 32");
}

static void test_a_part_need_not_be_whole(void **state)
{
    (void)state;
    assert_int_equal(read_over(&c, "x-note: anything\ncpus: 2\n", false), 0);
    assert_int_equal(read_over(&c, "cpus: 2\n", true), 1); /* no kernel */
}

static void test_copies_share_nothing(void **state)
{
    struct vm_config copy;
    char differences[200];

    (void)state;
    assert_int_equal(read_over(&c, everything, true), 0);
    snprintf(c.name, sizeof(c.name), "a");
    assert_int_equal(vm_config_copy(&copy, &c), 0);
    vm_config_free(&c);
    vm_config_init(&c);
    assert_int_equal(read_over(&c, everything, true), 0);
    vm_config_differences(&c, &copy, differences, sizeof(differences));
    assert_string_equal(differences, "");
    assert_string_equal(copy.name, "a");
    vm_config_free(&copy);
    vm_config_free(&copy); /* what was zeroed may be freed */
}

static void test_differences_name_the_keys(void **state)
{
    struct vm_config other;
    char differences[200], little[6];

    (void)state;
    vm_config_init(&other);
    assert_int_equal(
        read_over(&other, "cpus: 2\nkernel: /k\nrestart: always\nlabels: {a: b}\n", true), 0);
    vm_config_differences(&c, &other, differences, sizeof(differences));
    assert_string_equal(differences, "cpus,kernel,labels,restart");
    vm_config_differences(&other, &c, little, sizeof(little));
    assert_string_equal(little, "cpus,");
    vm_config_free(&other);
}

static void test_names(void **state)
{
    static const char *const good[] = {"a", "builder-1", "a--", "z9"};
    static const char *const bad[] = {"", "1a", "-a", "A", "a_b", "a.b", "a b", "\xc3\xa4", "a/"};
    char name[VM_NAME_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(vm_name_valid(good[i]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(vm_name_valid(bad[i]));
    }
    memset(name, 'a', sizeof(name));
    name[VM_NAME_MAX] = '\0';
    assert_true(vm_name_valid(name));
    name[VM_NAME_MAX] = 'a';
    name[VM_NAME_MAX + 1] = '\0';
    assert_false(vm_name_valid(name));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_built_in_defaults),
        TEST(test_every_key_reaches_its_field),
        TEST(test_json_reads_back_to_the_same),
        TEST(test_a_bare_size_is_mib_in_yaml_and_bytes_in_json),
        TEST(test_a_request_is_told_without_places),
        TEST(test_forms_of_restart),
        TEST(test_lists_are_replaced_and_labels_merged),
        TEST(test_labels_are_counted_over_all_parts),
        TEST(test_a_part_need_not_be_whole),
        TEST(test_copies_share_nothing),
        TEST(test_differences_name_the_keys),
        TEST(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
