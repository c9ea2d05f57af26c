/* SPDX-License-Identifier: ISC */
/*
 * shapes.c: the table of shapes. See shape.h.
 */
#include "shape.h"

#define N       SHAPE_NULL
#define M       SHAPE_MAYBE
#define MN      (SHAPE_MAYBE | SHAPE_NULL)

#define STATES  "stopped queued starting running stopping restarting failed"
#define HEALTHS "none starting ready unhealthy unresponsive"
#define REASONS "user shutdown lifetime restart removal start_timeout fault"
#define RUNGS   "button term kill"

#define FIELDS(of)                                                                                 \
    {                                                                                              \
        "", SHAPE_FIELDS, 0, NULL, of, NULL                                                        \
    }

/* ---- VMs ---------------------------------------------------------------------------------------- */

static const struct shape_field vm[] = {
    {"name", SHAPE_TEXT, 0, "its name", NULL, NULL},
    {"id", SHAPE_TEXT, 0, "16 characters that no other VM of this host ever has", NULL, NULL},
    {"state", SHAPE_CHOICE, 0, "what it is doing", NULL, STATES},
    {"health", SHAPE_CHOICE, 0, "how its worker and its health check are; none if it is not up",
     NULL, HEALTHS},
    {"cpus", SHAPE_NUMBER, 0, "virtual CPUs", NULL, NULL},
    {"memory", SHAPE_NUMBER, 0, "bytes", NULL, NULL},
    {"source", SHAPE_CHOICE, 0, "where it was made: in the configuration or by a client", NULL,
     "config client"},
    {"owner", SHAPE_NUMBER, 0, "the user's number who may do what concerns it", NULL, NULL},
    {"labels", SHAPE_TEXTS, 0, "labels by their keys", NULL, NULL},
    {"autostart", SHAPE_FLAG, 0, "whether it starts with the daemon", NULL, NULL},
    {"created_at", SHAPE_TIME, 0, "when it was made", NULL, NULL},
    {"started_at", SHAPE_TIME, N, "when its present run began", NULL, NULL},
    {"uptime_ms", SHAPE_NUMBER, N, "milliseconds since then", NULL, NULL},
    {"restarts", SHAPE_NUMBER, 0, "automatic restarts since it was last started by hand", NULL,
     NULL},
    {"queue_position", SHAPE_NUMBER, N, "its place in the queue, from 1", NULL, NULL},
    {"pid", SHAPE_NUMBER, N, "its worker's process", NULL, NULL},
    {"outcome", SHAPE_OUTCOME, N, "how its latest run ended", NULL, NULL},
    {"cause", SHAPE_TEXT, N, "why it failed, in a sentence", NULL, NULL},
    {"ip", SHAPE_TEXT, N, "its address in a network that paddockd serves", NULL, NULL},
    {"ephemeral", SHAPE_FLAG, 0, "whether it is removed when it ends", NULL, NULL},
    {0}};

static const struct shape_field run[] = {
    {"started_at", SHAPE_TIME, N, "when its worker was started", NULL, NULL},
    {"ready_at", SHAPE_TIME, N, "when the guest began to run", NULL, NULL},
    {"ended_at", SHAPE_TIME, N, "when the worker was gone", NULL, NULL},
    {"outcome", SHAPE_OUTCOME, N, "how it ended", NULL, NULL},
    {"step", SHAPE_STEP, N, "the step at which its start failed", NULL, NULL},
    {"code", SHAPE_NUMBER, 0, "the error's number", NULL, NULL},
    {"exit_status", SHAPE_NUMBER, N, "of the worker", NULL, NULL},
    {"signal", SHAPE_NUMBER, N, "that ended the worker", NULL, NULL},
    {"cause", SHAPE_TEXT, N, "the first cause, in a sentence", NULL, NULL},
    {0}};
static const struct shape_field restart[] = {
    {"policy", SHAPE_CHOICE, 0, "as configured", NULL, "no on-failure always unless-stopped"},
    {"attempts", SHAPE_NUMBER, 0, "failed runs in a row", NULL, NULL},
    {"attempts_max", SHAPE_NUMBER, 0, "after which it is given up; 0: never", NULL, NULL},
    {"retry_at", SHAPE_TIME, N, "when it will start again", NULL, NULL},
    {"stopped_by_user", SHAPE_FLAG, 0, "whether a person has stopped it", NULL, NULL},
    {"given_up", SHAPE_FLAG, 0, "whether it stays failed until it is started by hand", NULL, NULL},
    {0}};
static const struct shape_field pending[] = {
    {"keys", SHAPE_TEXT, 0, "the settings that will change, with commas between", NULL, NULL},
    {"config", SHAPE_CONFIG, 0, "the settings as they will be", NULL, NULL},
    {0}};
static const struct shape_field detail[] = {
    FIELDS(vm),
    {"health_cause", SHAPE_TEXT, N, "why it is unhealthy", NULL, NULL},
    {"wanted", SHAPE_CHOICE, 0, "what the daemon is to bring about", NULL,
     "stopped running absent"},
    {"seen", SHAPE_CHOICE, 0, "what there is of it", NULL,
     "nothing starting running stopping ended"},
    {"config", SHAPE_CONFIG, 0, "its settings", NULL, NULL},
    {"pending", SHAPE_OBJECT, N, "what its next start will change", pending, NULL},
    {"config_place", SHAPE_TEXT, N, "FILE:LINE of the configuration", NULL, NULL},
    {"config_error", SHAPE_TEXT, N, "the mistake there that disables it", NULL, NULL},
    {"run", SHAPE_OBJECT, 0, "its present or latest run", run, NULL},
    {"restart", SHAPE_OBJECT, 0, "its restart policy and where it stands", restart, NULL},
    {"boots", SHAPE_NUMBER, 0, "runs in all", NULL, NULL},
    {"stop_rung", SHAPE_CHOICE, N, "how far its stop has come", NULL, RUNGS},
    {"stop_reason", SHAPE_CHOICE, N, "why it is being stopped", NULL, REASONS},
    {"boot_us", SHAPE_NUMBER, N, "microseconds to what the guest told its boot timer", NULL, NULL},
    {"cpu_us", SHAPE_NUMBER, 0, "CPU time of the worker when it was last asked", NULL, NULL},
    {"last_error", SHAPE_TEXT, N, "the last error that the worker told", NULL, NULL},
    {0}};
static const struct shape_field waited[] = {
    FIELDS(vm), {"removed", SHAPE_FLAG, M, "that it was removed", NULL, NULL}, {0}};
static const struct shape_field removed[] = {{"id", SHAPE_TEXT, 0, "the VM's id", NULL, NULL},
                                             {"name", SHAPE_TEXT, 0, "its name", NULL, NULL},
                                             {0}};

/* ---- Figures ------------------------------------------------------------------------------------ */

static const struct shape_field usage[] = {
    {"name", SHAPE_TEXT, 0, "the VM's name", NULL, NULL},
    {"id", SHAPE_TEXT, 0, "its id", NULL, NULL},
    {"cpu_us", SHAPE_NUMBER, 0, "CPU time of the worker, microseconds", NULL, NULL},
    {"memory", SHAPE_NUMBER, 0, "the guest's, bytes", NULL, NULL},
    {"resident", SHAPE_NUMBER, 0, "the worker's resident memory, bytes", NULL, NULL},
    {"entries", SHAPE_COUNTS, 0, "what the worker counts", NULL, NULL},
    {"unresponsive", SHAPE_FLAG, 0, "whether the worker did not answer", NULL, NULL},
    {0}};
static const struct shape_field measured[] = {
    FIELDS(usage),
    {"cpu_percent", SHAPE_REAL, N, "of one CPU, over the interval; not of a VM that just started",
     NULL, NULL},
    {0}};

/* ---- The host ----------------------------------------------------------------------------------- */

static const struct shape_field daemon_version[] = {
    {"version", SHAPE_TEXT, 0, "the release", NULL, NULL},
    {"build", SHAPE_TEXT, 0, "the commit", NULL, NULL},
    {"protocol", SHAPE_NUMBER, 0, "the protocol's version", NULL, NULL},
    {"pid", SHAPE_NUMBER, 0, "the daemon's process", NULL, NULL},
    {"started_at", SHAPE_TIME, 0, "when it was started", NULL, NULL},
    {"root", SHAPE_TEXT, N, "its --root", NULL, NULL},
    {0}};
static const struct shape_field client_version[] = {
    {"version", SHAPE_TEXT, 0, "the release", NULL, NULL},
    {"build", SHAPE_TEXT, 0, "the commit", NULL, NULL},
    {"protocol", SHAPE_NUMBER, 0, "the protocol's version", NULL, NULL},
    {0}};
static const struct shape_field version[] = {
    {"schema_version", SHAPE_NUMBER, 0, "of all these shapes: 1", NULL, NULL},
    {"client", SHAPE_OBJECT, 0, "vmctl", client_version, NULL},
    {"daemon", SHAPE_OBJECT, N, "paddockd, if it answers", daemon_version, NULL},
    {0}};
static const struct shape_field budget[] = {
    {"vms", SHAPE_NUMBER, 0, "VMs; 0: no limit", NULL, NULL},
    {"cpus", SHAPE_NUMBER, 0, "virtual CPUs; 0: no limit", NULL, NULL},
    {"memory", SHAPE_NUMBER, 0, "bytes; 0: no limit", NULL, NULL},
    {0}};
static const struct shape_field status[] = {
    FIELDS(daemon_version),
    {"draining", SHAPE_FLAG, 0, "whether it starts no more VMs", NULL, NULL},
    {"budget", SHAPE_OBJECT, 0, "what VMs may take together", budget, NULL},
    {"used", SHAPE_OBJECT, 0, "what they take", budget, NULL},
    {"queued", SHAPE_NUMBER, 0, "VMs in the queue", NULL, NULL},
    {"queue_max", SHAPE_NUMBER, 0, "how many there may be", NULL, NULL},
    {"states", SHAPE_COUNTS, 0, "the number of VMs in each state", NULL, NULL},
    {"losses", SHAPE_TEXT, N, "what protects VMs elsewhere and not here", NULL, NULL},
    {0}};
static const struct shape_field diagnostic[] = {
    {"file", SHAPE_TEXT, M, "where", NULL, NULL},
    {"line", SHAPE_NUMBER, M, "from 1", NULL, NULL},
    {"column", SHAPE_NUMBER, M, "from 1", NULL, NULL},
    {"severity", SHAPE_CHOICE, 0, "whether it is refused", NULL, "error warning"},
    {"path", SHAPE_TEXT, M, "the setting, as vms.web.memory", NULL, NULL},
    {"message", SHAPE_TEXT, 0, "what is wrong", NULL, NULL},
    {"hint", SHAPE_TEXT, M, "what to do about it", NULL, NULL},
    {0}};
static const struct shape_field waiting[] = {
    {"name", SHAPE_TEXT, 0, "a VM that runs with older settings", NULL, NULL},
    {"keys", SHAPE_TEXT, 0, "those that its next start will change", NULL, NULL},
    {0}};
static const struct shape_field reload[] = {
    {"applied", SHAPE_FLAG, 0, "whether the files were taken", NULL, NULL},
    {"diagnostics", SHAPE_LIST, 0, "all that is wrong with them", diagnostic, NULL},
    {"waiting", SHAPE_LIST, 0, "VMs to which changes come with their next start", waiting, NULL},
    {0}};
static const struct shape_field drain[] = {
    {"draining", SHAPE_FLAG, 0, "whether it starts no more VMs", NULL, NULL}, {0}};
static const struct shape_field finding[] = {
    {"verdict", SHAPE_CHOICE, 0, "how it is", NULL, "ok warn fail"},
    {"subject", SHAPE_TEXT, 0, "what was looked at", NULL, NULL},
    {"detail", SHAPE_TEXT, 0, "what was found", NULL, NULL},
    {0}};
static const struct shape_field nothing[] = {{0}};

/* ---- Failures ----------------------------------------------------------------------------------- */

static const struct shape_field error_body[] = {
    {"code", SHAPE_FAILURE, 0, "the failure's stable name", NULL, NULL},
    {"message", SHAPE_TEXT, 0, "what failed, in a sentence", NULL, NULL},
    {"hint", SHAPE_TEXT, M, "what to do about it", NULL, NULL},
    {0}};
static const struct shape_field error[] = {
    {"error", SHAPE_OBJECT, 0, "what went wrong", error_body, NULL}, {0}};
static const struct shape_field file[] = {
    {"slot", SHAPE_TEXT, 0, "kernel, initrd, disk0 and so on", NULL, NULL},
    {"path", SHAPE_TEXT, 0, "what its client opened the first time", NULL, NULL},
    {"writable", SHAPE_FLAG, 0, "whether it is to be opened for writing", NULL, NULL},
    {0}};
static const struct shape_field failure_data[] = {
    {"code", SHAPE_FAILURE, 0, "the failure's stable name", NULL, NULL},
    {"hint", SHAPE_TEXT, M, "what to do about it", NULL, NULL},
    {"diagnostics", SHAPE_LIST, M, "invalid_config: all that is wrong", diagnostic, NULL},
    {"files", SHAPE_LIST, M, "files_needed: which", file, NULL},
    {"state", SHAPE_CHOICE, M, "start_failed, timed_out: the VM's state", NULL, STATES},
    {"health", SHAPE_CHOICE, M, "timed_out: the VM's health", NULL, HEALTHS},
    {"outcome", SHAPE_TEXT, M, "start_failed: how its latest run ended", NULL, NULL},
    {"step", SHAPE_STEP, M, "start_failed: the step at which it failed", NULL, NULL},
    {"reason", SHAPE_NUMBER, M, "start_failed: the error's number", NULL, NULL},
    {"cause", SHAPE_TEXT, M, "start_failed: the first cause", NULL, NULL},
    {"need_cpus", SHAPE_NUMBER, M, "over_budget: what the VM needs", NULL, NULL},
    {"need_memory", SHAPE_NUMBER, M, "over_budget: bytes that it needs", NULL, NULL},
    {"used_cpus", SHAPE_NUMBER, M, "over_budget: what others have", NULL, NULL},
    {"used_memory", SHAPE_NUMBER, M, "over_budget: bytes that others have", NULL, NULL},
    {"limit_cpus", SHAPE_NUMBER, M, "over_budget: the budget; 0: none", NULL, NULL},
    {"limit_memory", SHAPE_NUMBER, M, "over_budget: the budget's bytes; 0: none", NULL, NULL},
    {"queued", SHAPE_NUMBER, M, "over_budget: VMs in the queue", NULL, NULL},
    {"queue_max", SHAPE_NUMBER, M, "over_budget: how many there may be", NULL, NULL},
    {"uid", SHAPE_NUMBER, M, "wrong_state: the user who has the console", NULL, NULL},
    {"pid", SHAPE_NUMBER, M, "wrong_state: the process that has it", NULL, NULL},
    {0}};
static const struct shape_field failure[] = {
    {"code", SHAPE_NUMBER, 0, "JSON-RPC's number", NULL, NULL},
    {"message", SHAPE_TEXT, 0, "what failed, in a sentence", NULL, NULL},
    {"data", SHAPE_OBJECT, 0, "for programs", failure_data, NULL},
    {0}};

/* ---- Events ------------------------------------------------------------------------------------- */

const struct shape_field shape_event[] = {
    {"seq", SHAPE_NUMBER, 0, "its place in the order of all", NULL, NULL},
    {"time", SHAPE_TIME, 0, "when it happened", NULL, NULL},
    {"type", SHAPE_TEXT, 0, "what happened", NULL, NULL},
    {"vm", SHAPE_TEXT, N, "the VM's name", NULL, NULL},
    {"id", SHAPE_TEXT, N, "the VM's id", NULL, NULL},
    {"detail", SHAPE_DETAIL, 0, "more of it, by its type", NULL, NULL},
    {0}};

static const struct shape_field config_detail[] = {
    {"vms", SHAPE_NUMBER, 0, "VMs in it", NULL, NULL}, {0}};
static const struct shape_field queued_detail[] = {
    {"position", SHAPE_NUMBER, 0, "its place in the queue, from 1", NULL, NULL},
    {"cause", SHAPE_TEXT, 0, "what is lacking", NULL, NULL},
    {0}};
static const struct shape_field starting_detail[] = {
    {"boot", SHAPE_NUMBER, 0, "the run's number", NULL, NULL},
    {"attempts", SHAPE_NUMBER, 0, "failed runs in a row before it", NULL, NULL},
    {"by_hand", SHAPE_FLAG, 0, "whether a person asked for it", NULL, NULL},
    {0}};
static const struct shape_field ready_detail[] = {
    {"boot", SHAPE_NUMBER, 0, "the run's number", NULL, NULL},
    {"setup_us", SHAPE_NUMBER, 0, "microseconds that the worker took", NULL, NULL},
    {0}};
static const struct shape_field booted_detail[] = {
    {"us", SHAPE_NUMBER, 0, "microseconds that the guest took", NULL, NULL}, {0}};
static const struct shape_field health_detail[] = {
    {"health", SHAPE_CHOICE, 0, "how it is now", NULL, HEALTHS},
    {"cause", SHAPE_TEXT, M, "unhealthy: why", NULL, NULL},
    {0}};
static const struct shape_field stopping_detail[] = {
    {"reason", SHAPE_CHOICE, 0, "why", NULL, REASONS}, {0}};
static const struct shape_field rung_detail[] = {
    {"rung", SHAPE_CHOICE, 0, "the step", NULL, RUNGS},
    {"reason", SHAPE_CHOICE, 0, "why it is stopped", NULL, REASONS},
    {0}};
static const struct shape_field ended_detail[] = {
    {"boot", SHAPE_NUMBER, 0, "the run's number", NULL, NULL},
    {"outcome", SHAPE_OUTCOME, 0, "how it ended", NULL, NULL},
    {"cause", SHAPE_TEXT, 0, "the first cause, or empty", NULL, NULL},
    {"step", SHAPE_STEP, M, "the step at which its start failed", NULL, NULL},
    {"code", SHAPE_NUMBER, M, "the error's number, 0 if there is none", NULL, NULL},
    {"exit_status", SHAPE_NUMBER, M, "of the worker", NULL, NULL},
    {"signal", SHAPE_NUMBER, M, "that ended the worker", NULL, NULL},
    {"length_ms", SHAPE_NUMBER, M, "how long the run was", NULL, NULL},
    {"reason", SHAPE_CHOICE, M, "why it was stopped, if it was", NULL, REASONS},
    {"console", SHAPE_TEXT, M, "of a failed run, the console's last lines", NULL, NULL},
    {0}};
static const struct shape_field restarting_detail[] = {
    {"delay_ms", SHAPE_NUMBER, 0, "until it starts again", NULL, NULL},
    {"attempts", SHAPE_NUMBER, 0, "failed runs in a row", NULL, NULL},
    {0}};
static const struct shape_field stopped_detail[] = {
    {"outcome", SHAPE_TEXT, M, "how its latest run ended", NULL, NULL},
    {"cause", SHAPE_TEXT, M, "the first cause, or empty", NULL, NULL},
    {0}};
static const struct shape_field autostart_detail[] = {
    {"autostart", SHAPE_FLAG, 0, "whether it starts with the daemon", NULL, NULL}, {0}};

const struct shape_event shape_events[] = {{"host.started", SHAPE_OBJECT, 0, NULL},
                                           {"host.config", SHAPE_OBJECT, 0, config_detail},
                                           {"host.draining", SHAPE_OBJECT, 0, drain},
                                           {"vm.created", SHAPE_CONFIG, 0, NULL},
                                           {"vm.queued", SHAPE_OBJECT, 0, queued_detail},
                                           {"vm.starting", SHAPE_OBJECT, 0, starting_detail},
                                           {"vm.ready", SHAPE_OBJECT, 0, ready_detail},
                                           {"vm.booted", SHAPE_OBJECT, 0, booted_detail},
                                           {"vm.health", SHAPE_OBJECT, 0, health_detail},
                                           {"vm.stopping", SHAPE_OBJECT, 0, stopping_detail},
                                           {"vm.stop_rung", SHAPE_OBJECT, 0, rung_detail},
                                           {"vm.ended", SHAPE_OBJECT, 0, ended_detail},
                                           {"vm.restarting", SHAPE_OBJECT, 0, restarting_detail},
                                           {"vm.stopped", SHAPE_OBJECT, N, stopped_detail},
                                           {"vm.failed", SHAPE_OBJECT, N, stopped_detail},
                                           {"vm.autostart", SHAPE_OBJECT, 0, autostart_detail},
                                           {"vm.removed", SHAPE_OBJECT, 0, NULL},
                                           {0}};

/* ---- What answers what -------------------------------------------------------------------------- */

static const struct shape_field list_answer[] = {
    {"vms", SHAPE_LIST, 0, "VMs by their names", vm, NULL}, {0}};
static const struct shape_field stats_answer[] = {
    {"vms", SHAPE_LIST, 0, "those that run", usage, NULL}, {0}};
static const struct shape_field logs_answer[] = {
    {"newer", SHAPE_NUMBER, 0, "the segment written to last, 0 or 1", NULL, NULL},
    {"sizes", SHAPE_NUMBERS, 0, "bytes of both", NULL, NULL},
    {"present", SHAPE_FLAGS, 0, "which of them there are", NULL, NULL},
    {"boot", SHAPE_NUMBER, 0, "the run's number", NULL, NULL},
    {"state", SHAPE_CHOICE, 0, "what the VM is doing", NULL, STATES},
    {0}};
static const struct shape_field events_answer[] = {
    {"events", SHAPE_LIST, 0, "oldest first", shape_event, NULL}, {0}};
static const struct shape_field subscribe_answer[] = {
    {"seq", SHAPE_NUMBER, 0, "the latest event's number", NULL, NULL}, {0}};

const struct shape shapes[] = {{"list", SHAPE_MANY, vm},
                               {"ps", SHAPE_MANY, vm},
                               {"inspect", SHAPE_MANY, detail},
                               {"stats", SHAPE_MANY, measured},
                               {"events", SHAPE_MANY, shape_event},
                               {"version", SHAPE_ONE, version},
                               {"validate", SHAPE_MANY, diagnostic},
                               {"config", SHAPE_HOST, NULL},
                               {"reload", SHAPE_ONE, reload},
                               {"doctor", SHAPE_MANY, finding},
                               {"error", SHAPE_ONE, error},
                               {"daemon.version", SHAPE_ONE, daemon_version},
                               {"daemon.status", SHAPE_ONE, status},
                               {"daemon.reload", SHAPE_ONE, reload},
                               {"daemon.drain", SHAPE_ONE, drain},
                               {"daemon.shutdown", SHAPE_ONE, nothing},
                               {"daemon.config", SHAPE_HOST, NULL},
                               {"vm.create", SHAPE_ONE, vm},
                               {"vm.list", SHAPE_ONE, list_answer},
                               {"vm.inspect", SHAPE_ONE, detail},
                               {"vm.start", SHAPE_ONE, vm},
                               {"vm.stop", SHAPE_ONE, vm},
                               {"vm.restart", SHAPE_ONE, vm},
                               {"vm.remove", SHAPE_ONE, removed},
                               {"vm.wait", SHAPE_ONE, waited},
                               {"vm.logs", SHAPE_ONE, logs_answer},
                               {"vm.console", SHAPE_ONE, nothing},
                               {"vm.stats", SHAPE_ONE, stats_answer},
                               {"vm.autostart", SHAPE_ONE, vm},
                               {"events.list", SHAPE_ONE, events_answer},
                               {"events.subscribe", SHAPE_ONE, subscribe_answer},
                               {"event", SHAPE_ONE, shape_event},
                               {"failure", SHAPE_ONE, failure},
                               {NULL, SHAPE_ONE, NULL}};
