/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries with their texts kept once. Lines are read with jansson; the time is taken from the text,
 * because a double has not enough digits for nanoseconds of a year.
 */
#include "sim/report/run_log.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "sim/load/event_pattern.h"
#include "sim/load/input_file.h"

enum { SHOWN_MAX = 40 };

/* Equal texts share one place; two that only share a hash each get their own. */
static const char *keep(struct run_log *log, const char *text)
{
    if (!text)
        return NULL;
    uint64_t hash = hash_add_text(0, text);
    uint32_t place = index_map_get(&log->text_by_hash, hash);
    if (place != INDEX_NONE && text_equal(log->known.items[place], text))
        return log->known.items[place];
    const char *copy = arena_copy_text(&log->texts, text);
    if (place == INDEX_NONE) {
        index_map_put(&log->text_by_hash, hash, (uint32_t)log->known.count);
        vec_push(&log->known, copy);
    }
    return copy;
}

void run_log_init(struct run_log *log)
{
    *log = (struct run_log){ 0 };
    arena_init(&log->texts);
}

void run_log_take(struct run_log *log, const struct log_entry *entry)
{
    struct log_entry kept = *entry;
    const char **const texts[] = {
        &kept.node, &kept.machine, &kept.what, &kept.from,   &kept.to,
        &kept.job,  &kept.vertex,  &kept.peer, &kept.remote, &kept.reason
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep(log, *texts[i]);
    vec_push(&log->entries, kept);
}

static const char *text_of(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

static int64_t number_of(const json_t *line, const char *key)
{
    const json_t *value = json_object_get(line, key);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* {"t":SECONDS.NANOSECONDS, */
static bool take_time(const char *line, time_ns *out)
{
    static const char start[] = "{\"t\":";
    time_ns seconds = 0, part = 0, unit = TIME_S;
    if (strncmp(line, start, sizeof start - 1) != 0)
        return false;
    const char *p = line + sizeof start - 1;
    for (; *p >= '0' && *p <= '9' && seconds < INT64_MAX / TIME_S / 20; p++)
        seconds = seconds * 10 + (*p - '0');
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9' && unit > 1; p++) {
            unit /= 10;
            part += (*p - '0') * unit;
        }
    *out = seconds * TIME_S + part;
    return *p == ',';
}

static bool take_line(struct run_log *log, const char *text, size_t length)
{
    json_error_t fault;
    struct log_entry entry;
    json_t *line = json_loadb(text, length, 0, &fault);
    bool good = json_is_object(line) && take_time(text, &entry.at);
    if (good) {
        entry.seq = number_of(line, "seq");
        entry.node = text_of(line, "node");
        entry.machine = text_of(line, "machine");
        entry.what = text_of(line, "what");
        entry.from = text_of(line, "from");
        entry.to = text_of(line, "to");
        entry.job = text_of(line, "job");
        entry.vertex = text_of(line, "vertex");
        entry.peer = text_of(line, "peer");
        entry.remote = text_of(line, "remote");
        entry.reason = text_of(line, "reason");
        entry.subtask = number_of(line, "subtask");
        entry.attempt = number_of(line, "attempt");
        entry.slot = number_of(line, "slot");
        entry.checkpoint = number_of(line, "checkpoint");
        entry.value = number_of(line, "value");
        entry.request = number_of(line, "request");
        good = entry.node && entry.machine && entry.what && entry.seq > 0;
    }
    if (good)
        run_log_take(log, &entry);
    json_decref(line);
    return good;
}

static struct err complain_line(const char *path, size_t number, const char *line,
                                struct note *note)
{
    size_t length = strcspn(line, "\r\n");
    return err_note(note, ERR_SYNTAX_CODE, "%s:%zu: found '%.*s', expected a line of the log", path,
                    number, (int)(length < SHOWN_MAX ? length : SHOWN_MAX), line);
}

struct err run_log_read_from(struct run_log *log, FILE *file, const char *path, struct note *note)
{
    char *line = NULL;
    size_t size = 0, number = 0;
    struct err e = OK;
    run_log_init(log);
    rewind(file);
    for (ssize_t length; !err_is(e) && (length = getline(&line, &size, file)) > 0;) {
        number++;
        if (!take_line(log, line, (size_t)length))
            e = complain_line(path, number, line, note);
    }
    free(line);
    return e;
}

struct err run_log_read(struct run_log *log, const char *path, struct note *note)
{
    FILE *file;
    run_log_init(log);
    TRY(input_open(path, &file, NULL, note));
    struct err e = run_log_read_from(log, file, path, note);
    fclose(file);
    return e;
}

void run_log_fini(struct run_log *log)
{
    vec_fini(&log->entries);
    vec_fini(&log->known);
    index_map_fini(&log->text_by_hash);
    arena_fini(&log->texts);
}

/* Answers stand in the log as a request with where it went; patterns know them as one fact. */
size_t run_log_place(const struct run_log *log, time_ns at)
{
    size_t low = 0, high = log->entries.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (log->entries.items[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool run_log_fits(const struct log_entry *entry, const char *pattern)
{
    char what[64];
    if (!entry->to || !text_equal(entry->machine, "client"))
        return event_pattern_matches(pattern, entry->machine, entry->what, entry->from, entry->to);
    text_format(what, sizeof what, "%s %s", entry->what, entry->to);
    return event_pattern_matches(pattern, entry->machine, what, NULL, NULL);
}

void run_log_describe(const struct log_entry *entry, char *out, size_t size)
{
    size_t at;
    if (entry->from)
        at = text_format(out, size, "%s %s -> %s", entry->machine, entry->from, entry->to);
    else
        at = text_format(out, size, "%s %s%s%s", entry->machine, entry->what, entry->to ? " " : "",
                         entry->to ? entry->to : "");
    if (text_equal(entry->machine, "process"))
        at += text_format(out + at, size - at, " %s", entry->node);
    if (entry->peer && !entry->vertex)
        at += text_format(out + at, size - at, " %s", entry->peer);
    if (entry->checkpoint >= 0)
        at += text_format(out + at, size - at, " %lld", (long long)entry->checkpoint);
    else if (text_equal(entry->machine, "checkpoint") && entry->value > 0)
        at += text_format(out + at, size - at, " %lld", (long long)entry->value);
    if (entry->job)
        at += text_format(out + at, size - at, ", job %s", entry->job);
    if (entry->vertex && entry->subtask >= 0)
        at += text_format(out + at, size - at, ", %s subtask %lld", entry->vertex,
                          (long long)entry->subtask);
    if (entry->vertex && entry->attempt >= 0)
        at += text_format(out + at, size - at, " attempt %lld%s%s", (long long)entry->attempt,
                          entry->peer ? " on " : "", entry->peer ? entry->peer : "");
    if (entry->reason)
        at += text_format(out + at, size - at, ": %s", entry->reason);
    if (entry->remote)
        text_format(out + at, size - at, " (%s)", entry->remote);
}
