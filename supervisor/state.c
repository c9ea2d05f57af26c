/* SPDX-License-Identifier: ISC */
/*
 * state.c: the daemon's memory: opening and migrating the database, rows of VMs, events.
 *
 * Order at opening: the folder's lock, then checks that change nothing, then WAL, then migrations. A file that is
 * refused is left as it was.
 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "clock.h"
#include "diagnostics.h"
#include "document.h"

#define APPLICATION_ID 0x5064646b /* "Pddk", in the file's header */
#define BUSY_MS        2000       /* somebody may look at it with another program */
#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))

/* Migration n leads from version n to n + 1. What was released is never edited: add one, and raise STATE_SCHEMA. */
static const char *const migrations[STATE_SCHEMA] = {
    "CREATE TABLE vms ("
    "  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, config TEXT NOT NULL,"
    "  source TEXT NOT NULL, owner INTEGER NOT NULL, wanted TEXT NOT NULL, seen TEXT NOT NULL,"
    "  ephemeral INTEGER NOT NULL, failed INTEGER NOT NULL, stopped_by_user INTEGER NOT NULL,"
    "  autostart INTEGER NOT NULL, attempts INTEGER NOT NULL, restarts INTEGER NOT NULL,"
    "  boots INTEGER NOT NULL, retry_at INTEGER NOT NULL, created_at INTEGER NOT NULL,"
    "  uid INTEGER NOT NULL, token BLOB NOT NULL,"
    "  pid INTEGER NOT NULL, pid_start INTEGER NOT NULL, pid_boot TEXT NOT NULL,"
    "  run_started_at INTEGER NOT NULL, run_ready_at INTEGER NOT NULL,"
    "  run_ended_at INTEGER NOT NULL, run_outcome INTEGER NOT NULL, run_step INTEGER NOT NULL,"
    "  run_code INTEGER NOT NULL, run_exit_status INTEGER NOT NULL, run_signal INTEGER NOT NULL,"
    "  run_cause BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE events ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, type TEXT NOT NULL,"
    "  vm_id TEXT, vm_name TEXT, detail TEXT"
    ") STRICT;"
    "CREATE INDEX events_of_vm ON events (vm_id);"
    "CREATE INDEX events_by_name ON events (vm_name);",
};

enum statement {
    LOAD,
    INSERT,
    UPDATE,
    DELETE,
    NOTE,
    EVENTS,
    LATEST_EVENTS,
    PRUNE,
    STATEMENTS
};

/* INSERT and UPDATE bind the same values in the same order, see bind_row(); LOAD reads them in it. */
#define SELECT_EVENTS                                                                              \
    "SELECT seq, at, type, vm_id, vm_name, detail FROM events WHERE seq > ?1 AND at >= ?2"         \
    " AND (?3 IS NULL OR vm_id = ?3 OR vm_name = ?3) AND (?4 IS NULL OR type GLOB ?4) "

static const char *const statements[STATEMENTS] = {
    [LOAD] = "SELECT * FROM vms ORDER BY name",
    [INSERT] = "INSERT INTO vms VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,"
               "?17,?18,?19,?20,?21,?22,?23,?24,?25,?26,?27,?28,?29,?30)",
    [UPDATE] = "UPDATE vms SET (name, config, source, owner, wanted, seen, ephemeral, failed,"
               " stopped_by_user, autostart, attempts, restarts, boots, retry_at, created_at, uid,"
               " token, pid, pid_start, pid_boot, run_started_at, run_ready_at, run_ended_at,"
               " run_outcome, run_step, run_code, run_exit_status, run_signal, run_cause) ="
               " (?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,"
               "?24,?25,?26,?27,?28,?29,?30) WHERE id = ?1",
    [DELETE] = "DELETE FROM vms WHERE id = ?1",
    [NOTE] = "INSERT INTO events (at, type, vm_id, vm_name, detail) VALUES (?1,?2,?3,?4,?5)",
    [EVENTS] = SELECT_EVENTS "ORDER BY seq LIMIT ?5",
    [LATEST_EVENTS] = SELECT_EVENTS "ORDER BY seq DESC LIMIT ?5",
    [PRUNE] = "DELETE FROM events WHERE at < ?1 OR seq <="
              " (SELECT seq FROM events ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
};

struct state {
    int folder; /* holds the lock */
    sqlite3 *db;
    sqlite3_stmt *statement[STATEMENTS];
    char error[256];
};

static int to_errno(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW: return 0;
    case SQLITE_CONSTRAINT: return -EEXIST;
    case SQLITE_FULL: return -ENOSPC;
    case SQLITE_NOMEM: return -ENOMEM;
    case SQLITE_READONLY: return -EROFS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return -EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH: return -EPROTO;
    default: return -EIO;
    }
}

static int fail(struct state *s, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct state *s, int err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(s->error, sizeof(s->error), format, args);
    va_end(args);
    return err;
}

static int fail_sql(struct state *s, int rc)
{
    int err = to_errno(rc), cause = sqlite3_system_errno(s->db);

    if (err == 0) {
        return 0;
    }
    if ((rc & 0xff) == SQLITE_IOERR && cause != 0) { /* "disk I/O error" alone helps nobody */
        return fail(s, err, "%s: %s", sqlite3_errmsg(s->db), strerror(cause));
    }
    return fail(s, err, "%s", sqlite3_errmsg(s->db));
}

const char *state_error(const struct state *s)
{
    return s->error;
}

/* ---- Opening ---- */

/* The first column of the first row, as text, "" if there is none. */
static int ask(struct state *s, const char *sql, char *out, size_t size)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);

    out[0] = '\0';
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(q);
        if (rc == SQLITE_ROW) {
            const unsigned char *text = sqlite3_column_text(q, 0);

            snprintf(out, size, "%s", text != NULL ? (const char *)text : "");
        }
    }
    rc = fail_sql(s, rc);
    sqlite3_finalize(q);
    return rc;
}

static int ask_number(struct state *s, const char *sql, long *out)
{
    char text[32];
    int err = ask(s, sql, text, sizeof(text));

    *out = strtol(text, NULL, 10);
    return err;
}

static int run_sql(struct state *s, const char *sql)
{
    return fail_sql(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

static int lock_folder(struct state *s, const char *database)
{
    char copy[1024];

    if (strlen(database) >= sizeof(copy)) {
        return fail(s, -ENAMETOOLONG, "the path is too long");
    }
    memcpy(copy, database, strlen(database) + 1);
    s->folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder < 0) {
        return fail(s, -errno, "its folder: %s", strerror(errno));
    }
    if (flock(s->folder, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? fail(s, -EBUSY, "another daemon uses it")
                                    : fail(s, -errno, "lock: %s", strerror(errno));
    }
    return 0;
}

/* The file is made here, so that nobody else may read it; SQLite takes an empty one for a new one. */
static int open_file(struct state *s, const char *database)
{
    struct stat st;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int fd = open(database, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

    if (fd < 0) {
        return fail(s, -errno, "%s", errno == ELOOP ? "is a symbolic link" : strerror(errno));
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return fail(s, -EPROTO, "is no regular file");
    }
    close(fd);
    if (sqlite3_open_v2(database, &s->db, flags, NULL) != SQLITE_OK) {
        return fail(s, -EIO, "%s", s->db != NULL ? sqlite3_errmsg(s->db) : "no memory");
    }
    sqlite3_busy_timeout(s->db, BUSY_MS);
    return 0;
}

/* Everything that may be wrong with a file, before anything is changed in it. */
static int check_file(struct state *s, long *version)
{
    char verdict[160];
    long id = 0, tables = 0;
    int err = ask(s, "PRAGMA quick_check(1)", verdict, sizeof(verdict));

    if (err != 0) {
        return err;
    }
    if (strcmp(verdict, "ok") != 0) {
        for (char *p = verdict; *p != '\0'; p++) {
            *p = *p == '\n' ? ' ' : *p;
        }
        return fail(s, -EPROTO, "is damaged: %s", verdict);
    }
    if ((err = ask_number(s, "PRAGMA user_version", version)) != 0 ||
        (err = ask_number(s, "PRAGMA application_id", &id)) != 0 ||
        (err = ask_number(s, "SELECT count(*) FROM sqlite_schema", &tables)) != 0) {
        return err;
    }
    if (id != APPLICATION_ID && (id != 0 || tables != 0)) {
        return fail(s, -EPROTO, "is another program's database");
    }
    if (*version < 0 || *version > STATE_SCHEMA) {
        return fail(s, -EPROTO,
                    "has schema %ld, and this program knows schemas up to %d: it was written by a "
                    "newer version",
                    *version, STATE_SCHEMA);
    }
    return 0;
}

static int configure(struct state *s)
{
    char mode[16];
    int err = ask(s, "PRAGMA journal_mode = WAL", mode, sizeof(mode));

    if (err == 0 && strcmp(mode, "wal") != 0) {
        err = fail(s, -EROFS, "write-ahead logging is not possible there (journal mode %s)", mode);
    }
    return err != 0 ? err : run_sql(s, "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF");
}

static int migrate(struct state *s, long version)
{
    char mark[96];
    int err = 0;

    for (; version < STATE_SCHEMA && err == 0; version++) {
        snprintf(mark, sizeof(mark),
                 "PRAGMA application_id = %d; PRAGMA user_version = %ld; COMMIT", APPLICATION_ID,
                 version + 1);
        err = run_sql(s, "BEGIN IMMEDIATE");
        err = err != 0 ? err : run_sql(s, migrations[version]);
        err = err != 0 ? err : run_sql(s, mark);
    }
    return err;
}

static int prepare(struct state *s)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        int rc = sqlite3_prepare_v3(s->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &s->statement[i], NULL);

        if (rc != SQLITE_OK) {
            return fail_sql(s, rc);
        }
    }
    return 0;
}

struct state *state_open(const char *database, char *why, size_t size)
{
    struct state *s = calloc(1, sizeof(*s));
    long version = 0;
    int err = 0;

    if (s == NULL) {
        snprintf(why, size, "no memory");
        return NULL;
    }
    s->folder = -1;
    if ((err = lock_folder(s, database)) == 0 && (err = open_file(s, database)) == 0 &&
        (err = check_file(s, &version)) == 0 && (err = configure(s)) == 0 &&
        (err = migrate(s, version)) == 0 && (err = prepare(s)) == 0) {
        return s;
    }
    snprintf(why, size, "%s: %s", database, s->error);
    state_close(s);
    return NULL;
}

void state_close(struct state *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(s->statement[i]);
    }
    sqlite3_close(s->db);
    if (s->folder >= 0) {
        close(s->folder); /* last: the lock goes with it */
    }
    free(s);
}

/* ---- Rows ---- */

/* Binding and reading go from column to column, in the order of the table. Integers are SQLite's: 64 bits with a
 * sign, so that unsigned ones go through it and back unchanged. */
struct cursor {
    sqlite3_stmt *q;
    int column; /* the latest that was bound, from 1; the next to read, from 0 */
    int rc;
};

static void put_int(struct cursor *c, int64_t value)
{
    c->rc = c->rc != SQLITE_OK ? c->rc : sqlite3_bind_int64(c->q, ++c->column, value);
}

static void put_text(struct cursor *c, const char *value)
{
    c->rc = c->rc != SQLITE_OK ? c->rc
                               : sqlite3_bind_text(c->q, ++c->column, value, -1, SQLITE_TRANSIENT);
}

static void put_blob(struct cursor *c, const void *value, size_t size)
{
    c->rc = c->rc != SQLITE_OK
                ? c->rc
                : sqlite3_bind_blob(c->q, ++c->column, value, (int)size, SQLITE_TRANSIENT);
}

static int bind_row(sqlite3_stmt *q, const struct vm_row *row)
{
    struct cursor c = {.q = q};
    json_t *object = vm_config_to_json(&row->config, false);
    char *config = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    if (config == NULL) {
        return SQLITE_NOMEM;
    }
    put_text(&c, row->id);
    put_text(&c, row->config.name);
    put_text(&c, config);
    put_text(&c, vm_source_name(row->source));
    put_int(&c, row->owner);
    put_text(&c, vm_wanted_name(row->wanted));
    put_text(&c, vm_seen_name(row->seen));
    put_int(&c, row->ephemeral);
    put_int(&c, row->failed);
    put_int(&c, row->stopped_by_user);
    put_int(&c, row->autostart);
    put_int(&c, row->attempts);
    put_int(&c, row->restarts);
    put_int(&c, (int64_t)row->boots);
    put_int(&c, row->retry_at);
    put_int(&c, row->created_at);
    put_int(&c, row->uid);
    put_blob(&c, row->token, sizeof(row->token));
    put_int(&c, row->process.pid);
    put_int(&c, (int64_t)row->process.start);
    put_text(&c, row->process.boot);
    put_int(&c, row->run.started_at);
    put_int(&c, row->run.ready_at);
    put_int(&c, row->run.ended_at);
    put_int(&c, row->run.outcome);
    put_int(&c, row->run.step);
    put_int(&c, row->run.code);
    put_int(&c, row->run.exit_status);
    put_int(&c, row->run.signal);
    put_blob(&c, row->run.cause, strlen(row->run.cause)); /* a worker's words: any bytes */
    free(config);
    return c.rc;
}

/* A value of the wrong kind, out of its range or too long makes the row one that cannot be understood. */
static int64_t get_int(struct cursor *c, int64_t min, int64_t max)
{
    int64_t value = sqlite3_column_int64(c->q, c->column++);

    if (value < min || value > max) {
        c->rc = SQLITE_MISMATCH;
        return min;
    }
    return value;
}

static bool get_bool(struct cursor *c)
{
    return get_int(c, 0, 1) != 0;
}

static void get_bytes(struct cursor *c, char *out, size_t size)
{
    const void *bytes = sqlite3_column_blob(c->q, c->column);
    size_t n = (size_t)sqlite3_column_bytes(c->q, c->column++);

    out[0] = '\0';
    if (n >= size || (n != 0 && (bytes == NULL || memchr(bytes, '\0', n) != NULL))) {
        c->rc = SQLITE_MISMATCH;
    } else if (n != 0) {
        memcpy(out, bytes, n);
        out[n] = '\0';
    }
}

/* The place of a name among those that name_of gives. */
static unsigned get_name(struct cursor *c, const char *(*name_of)(unsigned), unsigned count)
{
    char text[32];

    get_bytes(c, text, sizeof(text));
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(text, name_of(i)) == 0) {
            return i;
        }
    }
    c->rc = SQLITE_MISMATCH;
    return 0;
}

static const char *source_name(unsigned i)
{
    return vm_source_name((enum vm_source)i);
}

static const char *wanted_name(unsigned i)
{
    return vm_wanted_name((enum vm_wanted)i);
}

static const char *seen_name(unsigned i)
{
    return vm_seen_name((enum vm_seen)i);
}

static void get_config(struct cursor *c, const char *name, struct vm_config *config)
{
    struct diagnostics *d = diagnostics_new();
    const char *text = (const char *)sqlite3_column_text(c->q, c->column++);
    json_t *object = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    struct document *doc =
        d != NULL && object != NULL ? document_from_json("row", object, d) : NULL;

    vm_config_init(config);
    if (doc == NULL || vm_config_read(config, doc, doc->root, "", false, d) != 0 ||
        !vm_name_valid(name)) {
        c->rc = SQLITE_MISMATCH;
    }
    snprintf(config->name, sizeof(config->name), "%s", name);
    document_free(doc);
    json_decref(object);
    diagnostics_free(d);
}

static int read_row(sqlite3_stmt *q, struct vm_row *row)
{
    struct cursor c = {.q = q};
    char name[VM_NAME_MAX + 1], token[VM_TOKEN_LENGTH];

    memset(row, 0, sizeof(*row));
    get_bytes(&c, row->id, sizeof(row->id));
    get_bytes(&c, name, sizeof(name));
    get_config(&c, name, &row->config);
    row->source = (enum vm_source)get_name(&c, source_name, VM_FROM_CLIENT + 1);
    row->owner = (uid_t)get_int(&c, 0, UINT32_MAX);
    row->wanted = (enum vm_wanted)get_name(&c, wanted_name, WANTED_ABSENT + 1);
    row->seen = (enum vm_seen)get_name(&c, seen_name, SEEN_ENDED + 1);
    row->ephemeral = get_bool(&c);
    row->failed = get_bool(&c);
    row->stopped_by_user = get_bool(&c);
    row->autostart = (int)get_int(&c, -1, 1);
    row->attempts = (uint32_t)get_int(&c, 0, UINT32_MAX);
    row->restarts = (uint32_t)get_int(&c, 0, UINT32_MAX);
    row->boots = (uint64_t)get_int(&c, INT64_MIN, INT64_MAX);
    row->retry_at = get_int(&c, INT64_MIN, INT64_MAX);
    row->created_at = get_int(&c, INT64_MIN, INT64_MAX);
    row->uid = (uid_t)get_int(&c, 0, UINT32_MAX);
    if (sqlite3_column_bytes(q, c.column) == (int)sizeof(token)) {
        memcpy(row->token, sqlite3_column_blob(q, c.column), sizeof(token));
    } else {
        c.rc = SQLITE_MISMATCH;
    }
    c.column++;
    row->process.pid = (pid_t)get_int(&c, 0, INT32_MAX);
    row->process.start = (uint64_t)get_int(&c, INT64_MIN, INT64_MAX);
    get_bytes(&c, row->process.boot, sizeof(row->process.boot));
    row->run.started_at = get_int(&c, INT64_MIN, INT64_MAX);
    row->run.ready_at = get_int(&c, INT64_MIN, INT64_MAX);
    row->run.ended_at = get_int(&c, INT64_MIN, INT64_MAX);
    row->run.outcome = (enum outcome)get_int(&c, 0, OUTCOME_COUNT - 1);
    row->run.step = (enum start_step)get_int(&c, 0, STEP_COUNT - 1);
    row->run.code = (int32_t)get_int(&c, INT32_MIN, INT32_MAX);
    row->run.exit_status = (int)get_int(&c, -1, 255);
    row->run.signal = (int)get_int(&c, 0, 255);
    get_bytes(&c, row->run.cause, sizeof(row->run.cause));
    if (!vm_id_valid(row->id)) {
        c.rc = SQLITE_MISMATCH;
    }
    return c.rc;
}

int state_load(struct state *s, void (*each)(void *ctx, struct vm_row *row), void *ctx)
{
    sqlite3_stmt *q = s->statement[LOAD];
    int rc = SQLITE_OK, err = 0;

    while (err == 0 && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct vm_row row;

        if (read_row(q, &row) != SQLITE_OK) {
            err = fail(s, -EPROTO, "the row of VM \"%s\" cannot be understood",
                       (const char *)sqlite3_column_text(q, 1));
        } else {
            each(ctx, &row);
        }
        vm_config_free(&row.config);
    }
    err = err != 0 ? err : fail_sql(s, rc);
    sqlite3_reset(q);
    return err;
}

/* ---- Writing ---- */

static int perform(struct state *s, enum statement which)
{
    sqlite3_stmt *q = s->statement[which];
    int err = fail_sql(s, sqlite3_step(q));

    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
    return err;
}

static int write_event(struct state *s, const struct state_event *e)
{
    struct cursor c = {.q = s->statement[NOTE]};
    char *detail = e->detail != NULL ? json_dumps(e->detail, JSON_COMPACT) : NULL;

    if (e->detail != NULL && detail == NULL) {
        return fail(s, -ENOMEM, "no memory for an event");
    }
    put_int(&c, e->at != 0 ? e->at : clock_unix_ms());
    put_text(&c, e->type);
    put_text(&c, e->vm_id); /* NULL binds NULL */
    put_text(&c, e->vm_name);
    put_text(&c, detail);
    free(detail);
    return c.rc != SQLITE_OK ? fail_sql(s, c.rc) : perform(s, NOTE);
}

/* One transaction: the change, if there is one, for which the statement's values are bound, and its event. */
static int commit(struct state *s, enum statement change, const struct state_event *e, int64_t *seq)
{
    int err = run_sql(s, "BEGIN IMMEDIATE");
    int64_t number = 0;

    if (seq != NULL) {
        *seq = 0;
    }
    if (err == 0 && change != STATEMENTS) {
        err = perform(s, change);
        if (err == 0 && sqlite3_changes(s->db) == 0) {
            err = fail(s, -ENOENT, "there is no such VM in the database");
        }
    }
    if (err == 0 && e != NULL) {
        err = write_event(s, e);
        number = sqlite3_last_insert_rowid(s->db);
    }
    err = err != 0 ? err : run_sql(s, "COMMIT");
    if (err != 0) {
        if (!sqlite3_get_autocommit(s->db)) {
            sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        }
        return err;
    }
    if (seq != NULL) {
        *seq = number;
    }
    return 0;
}

static int write_row(struct state *s, enum statement how, const struct vm_row *row,
                     const struct state_event *e, int64_t *seq)
{
    int rc = bind_row(s->statement[how], row);

    if (rc != SQLITE_OK) {
        return fail(s, to_errno(rc), "the row of VM \"%s\": %s", row->config.name,
                    sqlite3_errstr(rc));
    }
    return commit(s, how, e, seq);
}

int state_insert(struct state *s, const struct vm_row *row, const struct state_event *e,
                 int64_t *seq)
{
    return write_row(s, INSERT, row, e, seq);
}

int state_update(struct state *s, const struct vm_row *row, const struct state_event *e,
                 int64_t *seq)
{
    return write_row(s, UPDATE, row, e, seq);
}

int state_delete(struct state *s, const char *id, const struct state_event *e, int64_t *seq)
{
    struct cursor c = {.q = s->statement[DELETE]};

    put_text(&c, id);
    return c.rc != SQLITE_OK ? fail_sql(s, c.rc) : commit(s, DELETE, e, seq);
}

int state_note(struct state *s, const struct state_event *e, int64_t *seq)
{
    return commit(s, STATEMENTS, e, seq);
}

/* ---- Events ---- */

static json_t *text_or_null(const char *text)
{
    json_t *value = text != NULL ? json_string(text) : NULL;

    return value != NULL ? value : json_null();
}

json_t *state_event_json(int64_t seq, int64_t at, const struct state_event *e)
{
    char time[CLOCK_TEXT];
    json_t *o = json_object();

    json_object_set_new(o, "seq", json_integer(seq));
    json_object_set_new(o, "time", json_string(clock_format(at, time)));
    json_object_set_new(o, "type", text_or_null(e->type));
    json_object_set_new(o, "vm", text_or_null(e->vm_name));
    json_object_set_new(o, "id", text_or_null(e->vm_id));
    json_object_set_new(o, "detail", e->detail != NULL ? json_deep_copy(e->detail) : json_null());
    return o;
}

static json_t *read_event(sqlite3_stmt *q)
{
    const char *detail = (const char *)sqlite3_column_text(q, 5);
    json_t *parsed = detail != NULL ? json_loads(detail, JSON_DECODE_ANY, NULL) : NULL;
    struct state_event e = {
        .type = (const char *)sqlite3_column_text(q, 2),
        .vm_id = (const char *)sqlite3_column_text(q, 3),
        .vm_name = (const char *)sqlite3_column_text(q, 4),
        .detail = parsed,
    };
    json_t *o = state_event_json(sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), &e);

    json_decref(parsed);
    return o;
}

json_t *state_events(struct state *s, const struct state_query *query)
{
    struct cursor c = {.q = s->statement[query->latest ? LATEST_EVENTS : EVENTS]};
    json_t *array = json_array();
    int rc = SQLITE_OK;

    put_int(&c, query->since);
    put_int(&c, query->since_time);
    put_text(&c, query->vm);
    put_text(&c, query->type);
    put_int(&c, query->limit > INT64_MAX ? INT64_MAX : (int64_t)query->limit);
    rc = c.rc;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(c.q);
        if (rc == SQLITE_ROW &&
            json_array_insert_new(array, query->latest ? 0 : json_array_size(array),
                                  read_event(c.q)) != 0) {
            rc = SQLITE_NOMEM;
        }
    }
    if (fail_sql(s, rc) != 0) {
        json_decref(array);
        array = NULL;
    }
    sqlite3_reset(c.q);
    sqlite3_clear_bindings(c.q);
    return array;
}

int state_prune_events(struct state *s, int64_t before_ms, size_t keep_at_most)
{
    struct cursor c = {.q = s->statement[PRUNE]};

    put_int(&c, before_ms);
    put_int(&c, keep_at_most > INT64_MAX ? INT64_MAX : (int64_t)keep_at_most);
    return c.rc != SQLITE_OK ? fail_sql(s, c.rc) : perform(s, PRUNE);
}
