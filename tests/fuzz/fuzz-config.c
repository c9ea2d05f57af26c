/* SPDX-License-Identifier: ISC */
/*
 * The configuration's reader (config/): any text as paddock.yaml, and as JSON that a client sent. What is
 * read without an error comes back from its own JSON; a VM that is not disabled is one that can start.
 */
#include <string.h>

#include "../../config/diagnostics.h"
#include "../../config/document.h"
#include "../../config/host-config.h"
#include "fuzz-input.h"

static void check_vm(const struct vm_config *vm)
{
    struct diagnostics *d = diagnostics_new();
    json_t *json = vm_config_to_json(vm, true);
    struct document *doc = document_from_json("row", json, d);
    struct vm_config again;
    char differences[256];

    FUZZ_CHECK(doc && vm->kernel && vm->kernel[0] == '/' && vm->memory % (2u << 20) == 0);
    FUZZ_CHECK(vm->cpus >= 1 && vm->cpus <= VM_CPUS_MAX && vm_name_valid(vm->name));
    vm_config_init(&again);
    FUZZ_CHECK(vm_config_read(&again, doc, doc->root, "", true, d) == 0);
    vm_config_differences(vm, &again, differences, sizeof(differences));
    FUZZ_CHECK(differences[0] == '\0');
    vm_config_free(&again);
    document_free(doc);
    json_decref(json);
    diagnostics_free(d);
}

static void check_file(const char *text, size_t size)
{
    const struct host_file file = {"paddock.yaml", text, size};
    struct diagnostics *d = diagnostics_new();
    struct host_config c;
    size_t errors = host_config_read(&c, &file, 1, d);

    FUZZ_CHECK(errors <= diagnostics_errors(d));
    for (size_t i = 0; i < c.vm_count; i++) {
        if (errors == 0 && !c.vm[i].error) {
            check_vm(&c.vm[i].config);
        }
    }
    json_decref(host_config_to_json(&c, true));
    json_decref(diagnostics_to_json(d));
    host_config_free(&c);
    diagnostics_free(d);
}

static void check_request(const char *text, size_t size)
{
    struct diagnostics *d = diagnostics_new();
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    struct document *doc = value ? document_from_json("request", value, d) : NULL;

    if (doc) {
        struct vm_config vm;

        vm_config_init(&vm);
        memcpy(vm.name, "request", sizeof("request"));
        if (vm_config_read(&vm, doc, doc->root, "", true, d) == 0) {
            check_vm(&vm);
        }
        vm_config_free(&vm);
    }
    document_free(doc);
    json_decref(value);
    diagnostics_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_file((const char *)data, size);
    check_request((const char *)data, size);
    return 0;
}
