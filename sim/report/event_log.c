/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing and fingerprinting lines. The fingerprint is taken over the meaning of a line (numbers
 * and words), not its text, so it does not depend on how lines are written.
 */
#include "sim/report/event_log.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/hash.h"
#include "sim/report/scripted_task.h"

void event_log_init(struct event_log *log, FILE *file, const struct scenario *scenario,
                    const struct virtual_cluster *cluster)
{
    *log = (struct event_log){ .file = file, .scenario = scenario, .cluster = cluster };
}

/* Seconds with nine decimals, exact: "12.500000000". */
static void put_time(time_ns at, char *out, size_t size)
{
    snprintf(out, size, "%" PRId64 ".%09" PRId64, at / TIME_S, at % TIME_S);
}

static void put_text(FILE *file, const char *key, const char *text)
{
    fprintf(file, ",\"%s\":\"", key);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(file, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(file, "\\u%04x", *p);
        else
            fputc(*p, file);
    }
    fputc('"', file);
}

static void put_number(FILE *file, const char *key, int64_t value)
{
    fprintf(file, ",\"%s\":%" PRId64, key, value);
}

static const char *process_name(const struct event_log *log, struct node_id node)
{
    if (node.n >= virtual_cluster_process_count(log->cluster))
        return "world";
    return virtual_cluster_process(log->cluster, node).name;
}

static const struct job_spec *job_of(const struct event_log *log, struct job_id job)
{
    return job.n < log->scenario->jobs.count ? &log->scenario->jobs.items[job.n] : NULL;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    return text ? hash_add_text(hash, text) : hash_add(hash, 0);
}

static void begin(struct event_log *log, time_ns at, struct node_id node, const char *machine,
                  const char *what)
{
    log->count++;
    uint64_t hash = hash_add(log->fingerprint, (uint64_t)at);
    hash = hash_add(hash, node.n);
    log->fingerprint = hash_text(hash_text(hash, machine), what);
    if (!log->file)
        return;
    char time[32];
    put_time(at, time, sizeof time);
    fprintf(log->file, "{\"t\":%s,\"seq\":%" PRIu64, time, log->count);
    put_text(log->file, "node", process_name(log, node));
    put_text(log->file, "machine", machine);
    put_text(log->file, "what", what);
}

static void end(struct event_log *log)
{
    if (log->file && fputs("}\n", log->file) == EOF)
        log->failed = true;
}

static void hash_subject(struct event_log *log, const struct log_line *line)
{
    uint64_t hash = hash_add(log->fingerprint, line->subject);
    if (line->subject & LOG_OF_JOB)
        hash = hash_add(hash, line->job.n);
    if (line->subject & (LOG_OF_VERTEX | LOG_OF_TASK))
        hash = hash_add(hash, line->vertex.n);
    if (line->subject & LOG_OF_TASK)
        hash = hash_add(hash, (uint64_t)line->subtask << 32 | line->attempt);
    if (line->subject & LOG_OF_PEER)
        hash = hash_add(hash, line->peer.n);
    if (line->subject & LOG_OF_REMOTE)
        hash = hash_add(hash, line->remote.n);
    if (line->subject & LOG_OF_SLOT)
        hash = hash_add(hash, line->slot.n);
    if (line->subject & LOG_OF_CHECKPOINT)
        hash = hash_add(hash, line->checkpoint);
    if (line->subject & LOG_OF_VALUE)
        hash = hash_add(hash, (uint64_t)line->value);
    log->fingerprint = hash;
}

static void put_subject(struct event_log *log, const struct log_line *line)
{
    const struct job_spec *job = line->subject & LOG_OF_JOB ? job_of(log, line->job) : NULL;
    if (job)
        put_text(log->file, "job", job->name);
    if (job && line->subject & (LOG_OF_VERTEX | LOG_OF_TASK) &&
        line->vertex.n < job->graph->vertices.count)
        put_text(log->file, "vertex", job->graph->vertices.items[line->vertex.n].name);
    if (line->subject & LOG_OF_TASK) {
        put_number(log->file, "subtask", line->subtask);
        put_number(log->file, "attempt", line->attempt);
    }
    if (line->subject & LOG_OF_PEER)
        put_text(log->file, "peer", process_name(log, line->peer));
    if (line->subject & LOG_OF_REMOTE)
        put_text(log->file, "remote", process_name(log, line->remote));
    if (line->subject & LOG_OF_SLOT)
        put_number(log->file, "slot", line->slot.n);
    if (line->subject & LOG_OF_CHECKPOINT)
        put_number(log->file, "checkpoint", (int64_t)line->checkpoint);
    if (line->subject & LOG_OF_VALUE)
        put_number(log->file, "value", line->value);
}

void event_log_line(struct event_log *log, time_ns at, struct node_id node,
                    const struct log_line *line)
{
    begin(log, at, node, line->machine, line->what);
    hash_subject(log, line);
    uint64_t hash = hash_text(hash_text(log->fingerprint, line->from), line->to);
    log->fingerprint = hash_text(hash, line->reason);
    if (log->file) {
        if (line->from)
            put_text(log->file, "from", line->from);
        if (line->to)
            put_text(log->file, "to", line->to);
        put_subject(log, line);
        if (line->reason && *line->reason)
            put_text(log->file, "reason", line->reason);
    }
    end(log);
}

void event_log_fact(struct event_log *log, time_ns at, struct node_id node, const char *word,
                    const char *reason)
{
    struct scripted_task task;
    begin(log, at, node, virtual_cluster_fact_machine(word), word);
    log->fingerprint = hash_text(log->fingerprint, reason);
    if (log->file && scripted_task_find(log->scenario, word, reason, &task)) {
        put_text(log->file, "job", task.job);
        put_text(log->file, "vertex", task.vertex);
        put_number(log->file, "subtask", task.subtask);
    }
    const char *job = log->file ? scripted_job_find(log->scenario, word, reason) : NULL;
    if (job)
        put_text(log->file, "job", job);
    if (log->file && reason && *reason)
        put_text(log->file, "reason", reason);
    end(log);
}

void event_log_answer(struct event_log *log, time_ns at, const struct effect_answer *answer)
{
    begin(log, at, (struct node_id){ 0 }, "client", client_request_names[answer->request]);
    uint64_t hash = hash_add(log->fingerprint, answer->result.code);
    log->fingerprint = hash_text(hash_add(hash, answer->value), answer->text);
    if (log->file) {
        const struct job_spec *job = job_of(log, answer->job);
        if (job)
            put_text(log->file, "job", job->name);
        put_text(log->file, "to", err_is(answer->result) ? "refused" : "done");
        put_number(log->file, "value", (int64_t)answer->value);
        if (answer->token & SCRIPT_TOKEN)
            put_number(log->file, "request", (int64_t)(answer->token & ~SCRIPT_TOKEN));
        if (answer->text)
            put_text(log->file, "reason", answer->text);
    }
    end(log);
}
