/* SPDX-License-Identifier: ISC */
/* test-host-config.c: config/host-config.c, config/schema.c and the sample in etc/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "diagnostics.h"
#include "document.h"
#include "files.h"
#include "host-config.h"
#include "keys.h"

static struct diagnostics *d;
static struct host_config c;

static int set_up(void **state)
{
    (void)state;
    d = diagnostics_new();
    return d ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    host_config_free(&c);
    diagnostics_free(d);
    return 0;
}

/* paddock.yaml, and up to two files of vms.d; NULL: absent. */
static size_t read_files(const char *a, const char *b, const char *c_text)
{
    const struct host_file files[] = {{"p.yaml", a, a ? strlen(a) : 0},
                                      {"vms.d/a.yaml", b, b ? strlen(b) : 0},
                                      {"vms.d/b.yaml", c_text, c_text ? strlen(c_text) : 0}};

    return host_config_read(&c, files, c_text ? 3 : b ? 2 : 1, d);
}

static void test_without_a_file_there_are_the_defaults(void **state)
{
    (void)state;
    assert_int_equal(read_files(NULL, NULL, NULL), 0);
    assert_int_equal(c.queue_max, 1000);
    assert_int_equal(c.start_parallel, 4);
    assert_int_equal(c.console_log, 8 << 20);
    assert_int_equal(c.log_level, LOG_INFO);
    assert_int_equal(c.log_format, LOG_FORMAT_TEXT);
    assert_int_equal(c.budget.memory, 0);
    assert_null(c.socket_group);
    assert_int_equal(c.defaults.cpus, 1);
    assert_int_equal(c.vm_count, 0);
}

static void test_every_setting_of_the_host_reaches_its_field(void **state)
{
    (void)state;
    assert_int_equal(read_files("version: 1\n"
                                "budget: {vms: 10, cpus: 20, memory: 30GiB}\n"
                                "queue_max: 5\nqueue_timeout: 1m\nstart_parallel: 2\n"
                                "start_delay: 250ms\nshutdown_timeout: 2m\nsocket_group: staff\n"
                                "console_log: 1MiB\nlog_retention: 1d\nevent_retention: 2d\n"
                                "log_level: error\nlog_format: json\n"
                                "networks: {lan: {path: /run/lan, mtu: 9000}, x-a: 1}\n"
                                "defaults: {cpus: 2}\nx-anything: [1]\n",
                                NULL, NULL),
                     0);
    assert_int_equal(c.budget.vms, 10);
    assert_int_equal(c.budget.cpus, 20);
    assert_int_equal(c.budget.memory, (uint64_t)30 << 30);
    assert_int_equal(c.queue_max, 5);
    assert_int_equal(c.queue_timeout, 60000);
    assert_int_equal(c.start_parallel, 2);
    assert_int_equal(c.start_delay, 250);
    assert_int_equal(c.shutdown_timeout, 120000);
    assert_string_equal(c.socket_group, "staff");
    assert_int_equal(c.console_log, 1 << 20);
    assert_int_equal(c.log_retention, 86400000);
    assert_int_equal(c.event_retention, 172800000);
    assert_int_equal(c.log_level, LOG_ERR);
    assert_int_equal(c.log_format, LOG_FORMAT_JSON);
    assert_int_equal(c.network_count, 1);
    assert_string_equal(c.network[0].name, "lan");
    assert_string_equal(c.network[0].path, "/run/lan");
    assert_int_equal(c.network[0].mtu, 9000);
    assert_int_equal(c.defaults.cpus, 2);
}

static void test_a_vm_takes_defaults_templates_and_its_own(void **state)
{
    const struct vm_config *vm;

    (void)state;
    assert_int_equal(read_files("version: 1\n"
                                "vms: {a: {from: big, stop_timeout: 5s, labels: {own: x}}}\n"
                                "defaults: {kernel: /k, cpus: 2, owner: u, labels: {all: y}}\n",
                                "version: 1\n"
                                "templates:\n"
                                "  big: {from: base, memory: 4GiB, stop_timeout: 9s}\n"
                                "  base: {memory: 1GiB, cpus: 3, stop_timeout: 8s, initrd: /i}\n",
                                "version: 1\nvms: {b: {cpus: 1}}\n"),
                     0);
    assert_int_equal(diagnostics_count(d), 0);
    assert_int_equal(c.vm_count, 2);
    vm = &c.vm[0].config;
    assert_string_equal(vm->name, "a");
    assert_string_equal(vm->kernel, "/k");
    assert_string_equal(vm->initrd, "/i");
    assert_string_equal(vm->owner, "u");
    assert_int_equal(vm->cpus, 3);
    assert_int_equal(vm->memory, (uint64_t)4 << 30);
    assert_int_equal(vm->stop_timeout, 5000);
    assert_int_equal(vm->label_count, 2);
    assert_string_equal(c.vm[0].file, "p.yaml");
    assert_int_equal(c.vm[0].line, 2);
    assert_int_equal(c.vm[1].config.cpus, 1);
    assert_string_equal(c.vm[1].file, "vms.d/b.yaml");
}

static void test_a_mistake_disables_its_vm_only(void **state)
{
    (void)state;
    assert_int_equal(
        read_files("version: 1\nvms:\n  a: {cpus: 99}\n  b: {kernel: /k}\n", NULL, NULL), 0);
    assert_int_equal(diagnostics_errors(d), 2);
    assert_string_equal(c.vm[0].error,
                        "p.yaml:3:13: vms.a.cpus takes a whole number from 1 to 16, not \"99\"");
    assert_null(c.vm[1].error);
}

static void test_a_vm_in_two_files_is_disabled(void **state)
{
    (void)state;
    assert_int_equal(read_files("version: 1\nvms: {a: {kernel: /k}, b: {kernel: /k}}\n",
                                "version: 1\nvms: {a: {kernel: /other}}\n",
                                "version: 1\nvms: {a: {kernel: /third}}\n"),
                     0);
    assert_int_equal(diagnostics_errors(d), 2);
    assert_int_equal(c.vm_count, 2);
    assert_string_equal(c.vm[0].error, "vms.d/a.yaml:2:7: vms.a is defined twice");
    assert_null(c.vm[1].error);
}

static void test_a_file_of_vms_d_holds_no_settings_of_the_host(void **state)
{
    (void)state;
    assert_int_equal(read_files("version: 1\n", "version: 1\nbudget: {vms: 1}\n", NULL), 1);
    assert_string_equal(diagnostics_first_error(d, 0),
                        "vms.d/a.yaml:2:1: budget belongs in paddock.yaml");
    assert_int_equal(c.budget.vms, 0);
}

static void test_templates_in_two_files_are_the_hosts_mistake(void **state)
{
    (void)state;
    assert_int_equal(read_files("version: 1\ntemplates: {t: {cpus: 1}}\n",
                                "version: 1\ntemplates: {t: {cpus: 2}}\n", NULL),
                     1);
}

static void test_a_long_way_of_templates_ends(void **state)
{
    char text[2000] = "version: 1\ntemplates:\n  t0: {kernel: /k}\n", line[60];

    (void)state;
    for (int i = 1; i <= 17; i++) {
        snprintf(line, sizeof(line), "  t%d: {from: t%d}\n", i, i - 1);
        strncat(text, line, sizeof(text) - strlen(text) - 1);
    }
    assert_int_equal(read_files(text, NULL, NULL), 1);
    assert_string_equal(diagnostics_first_error(d, 0),
                        "p.yaml:20:15: templates.t17.from leads through more than 16 templates");
}

static void test_more_mistakes_than_are_kept_still_disable(void **state)
{
    static char text[40000];
    char line[60];

    (void)state;
    snprintf(text, sizeof(text), "version: 1\nvms:\n");
    for (int i = 0; i < 300; i++) {
        snprintf(line, sizeof(line), "  v%d: {kernel: /k, cpus: 99}\n", i);
        strncat(text, line, sizeof(text) - strlen(text) - 1);
    }
    assert_int_equal(read_files(text, NULL, NULL), 0);
    assert_int_equal(c.vm_count, 300);
    assert_int_equal(diagnostics_errors(d), 300);
    for (size_t i = 0; i < c.vm_count; i++) {
        assert_non_null(c.vm[i].error);
    }
}

static void test_json_shows_what_holds(void **state)
{
    json_t *json, *vm;

    (void)state;
    assert_int_equal(read_files("version: 1\nqueue_max: 7\ndefaults: {kernel: /k}\n"
                                "vms: {a: {cpus: 2}, b: {cpus: 99}}\n",
                                NULL, NULL),
                     0);
    json = host_config_to_json(&c, false);
    assert_int_equal(json_object_size(json), 4); /* version, queue_max, defaults, vms */
    assert_int_equal(json_object_size(json_object_get(json, "defaults")), 1);
    vm = json_object_get(json_object_get(json, "vms"), "a");
    assert_int_equal(json_object_size(vm), 1); /* with those defaults */
    assert_int_equal(json_integer_value(json_object_get(vm, "cpus")), 2);
    vm = json_object_get(json_object_get(json, "vms"), "b");
    assert_non_null(json_object_get(vm, "x-error"));
    json_decref(json);
    json = host_config_to_json(&c, true);
    assert_int_equal(json_integer_value(json_object_get(json, "start_parallel")), 4);
    vm = json_object_get(json_object_get(json, "vms"), "a");
    assert_string_equal(json_string_value(json_object_get(vm, "stop_timeout")), "30s");
    assert_string_equal(json_string_value(json_object_get(vm, "kernel")), "/k");
    vm = json_object_get(json, "defaults");
    assert_string_equal(json_string_value(json_object_get(vm, "stop_timeout")), "30s");
    json_decref(json);
    host_config_free(&c);
    assert_int_equal(read_files("version: 1\nvms: {a: {kernel: /k}}\n", NULL, NULL), 0);
    json = host_config_to_json(&c, false);
    assert_null(json_object_get(json, "defaults"));
    json_decref(json);
}

/* ---- the schema and the sample have every key ------------------------------------------------ */

static void schema_has(const json_t *object, const struct key *table)
{
    const json_t *keys = json_object_get(object, "properties");

    for (const struct key *key = table; key->name; key++) {
        if (!json_object_get(json_object_get(keys, key->name), "description")) {
            fail_msg("the schema lacks %s", key->name);
        }
    }
}

static void test_the_schema_has_every_key(void **state)
{
    json_t *schema = host_config_schema();

    (void)state;
    schema_has(schema, host_keys);
    schema_has(json_object_get(json_object_get(schema, "$defs"), "vm"), vm_keys);
    json_decref(schema);
}

static bool is_setting(const char *line)
{
    return line[0] == '#' && (line[1] != ' ' || line[2] == ' ');
}

/* Takes the "#" from every setting. */
static void uncomment(char *text)
{
    char *to = text;

    for (char *line = text, *next; *line; line = next) {
        size_t length = strcspn(line, "\n");

        length += line[length] == '\n';
        next = line + length;
        if (is_setting(line)) {
            line++;
            length--;
        }
        memmove(to, line, length);
        to += length;
    }
    *to = '\0';
}

/* The first mapping with that key, in `at` or below: lists show their long form in a later entry. */
static bool has_key(const struct node *at, const char *name)
{
    if (node_get(at, name)) {
        return true;
    }
    for (size_t i = 0; at->kind == NODE_SEQUENCE && i < at->count; i++) {
        if (has_key(at->items[i], name)) {
            return true;
        }
    }
    return false;
}

static const struct node *child(const struct node *at, const struct key *key)
{
    const struct node *value = node_get(at, key->name);

    return value && key->type == KEY_NAMED && value->count > 0 ? value->items[0] : value;
}

static void sample_has(const struct node *at, const struct key *table, const char *where)
{
    for (const struct key *key = table; key->name; key++) {
        if (!has_key(at, key->name)) {
            fail_msg("the sample lacks %s in %s", key->name, where);
        }
        if (key->of && strcmp(key->name, "ports") != 0 && strcmp(key->name, "defaults") != 0 &&
            strcmp(key->name, "templates") != 0) {
            sample_has(child(at, key), key->of, key->name);
        }
    }
}

static void test_the_sample_is_right_and_whole(void **state)
{
    struct document *doc;
    size_t size;
    char *text = file_read("etc/paddock.yaml", &size);

    (void)state;
    assert_non_null(text);
    assert_int_equal(read_files(text, NULL, NULL), 0);
    assert_int_equal(diagnostics_count(d), 0);
    assert_int_equal(c.vm_count, 0);
    host_config_free(&c);

    uncomment(text);
    assert_int_equal(read_files(text, NULL, NULL), 0);
    if (diagnostics_first_error(d, 0)) {
        fail_msg("%s", diagnostics_first_error(d, 0));
    }
    assert_int_equal(c.vm_count, 1);
    doc = document_parse_yaml("sample", text, strlen(text), d);
    assert_non_null(doc);
    sample_has(doc->root, host_keys, "the file");
    document_free(doc);
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_without_a_file_there_are_the_defaults),
        TEST(test_every_setting_of_the_host_reaches_its_field),
        TEST(test_a_vm_takes_defaults_templates_and_its_own),
        TEST(test_a_mistake_disables_its_vm_only),
        TEST(test_a_vm_in_two_files_is_disabled),
        TEST(test_a_file_of_vms_d_holds_no_settings_of_the_host),
        TEST(test_templates_in_two_files_are_the_hosts_mistake),
        TEST(test_a_long_way_of_templates_ends),
        TEST(test_more_mistakes_than_are_kept_still_disable),
        TEST(test_json_shows_what_holds),
        cmocka_unit_test(test_the_schema_has_every_key),
        TEST(test_the_sample_is_right_and_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
