/* SPDX-License-Identifier: Apache-2.0
 *
 * From facts and lines to what is remembered. Numbers of machines, slots and TaskManagers are
 * integrated at each change, whatever is sampled or logged; samples are taken in recorder_sample.c.
 */
#include "sim/report/recorder.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "sim/cluster/virtual_cluster.h"
#include "sim/report/number_text.h"

#define SECONDS_PER_HOUR 3600.0

void recorder_init(struct recorder *recorder, const struct run_look *look)
{
    const struct scenario *scenario = look->scenario;
    *recorder = (struct recorder){ .look = look, .scripted_at = TIME_NEVER };
    metrics_init(&recorder->metrics, scenario);
    incidents_init(&recorder->incidents, look);
    timeline_init(&recorder->timeline, scenario);
    vec_resize(&recorder->jobs, scenario->jobs.count);
    vec_resize(&recorder->values, scenario->jobs.count * METRIC_NAME_COUNT);
    for (uint32_t j = 0; j < scenario->jobs.count; j++) {
        struct job_record *job = &recorder->jobs.items[j];
        vec_resize(&job->vertices, scenario->jobs.items[j].graph->vertices.count);
        for (uint32_t v = 0; v < job->vertices.count; v++)
            job->vertices.items[v].column = metrics_find(
                &recorder->metrics, METRIC_busy, (struct job_id){ j }, (struct vertex_id){ v });
    }
}

void recorder_fini(struct recorder *recorder)
{
    for (VEC_EACH(struct job_record, job, &recorder->jobs)) {
        for (VEC_EACH(struct failure_count, failure, &job->failures))
            mem_destroy(failure->reason);
        vec_fini(&job->failures);
        network_record_fini(&job->network);
        vec_fini(&job->vertices);
    }
    vec_fini(&recorder->jobs);
    vec_fini(&recorder->values);
    timeline_fini(&recorder->timeline);
    incidents_fini(&recorder->incidents);
    metrics_fini(&recorder->metrics);
}

/* Numbers over time. */

void recorder_count_up_to(struct recorder *recorder, time_ns now)
{
    double seconds = (double)(now - recorder->counted_at) / (double)TIME_S;
    const struct look_cluster *cluster = &recorder->cluster;
    recorder->machine_seconds += recorder->machines * seconds;
    recorder->task_manager_seconds += cluster->task_managers * seconds;
    recorder->slot_seconds += cluster->slots_total * seconds;
    recorder->free_seconds += cluster->slots_free * seconds;
    recorder->used_seconds += (cluster->slots_total - cluster->slots_free) * seconds;
    recorder->cost += recorder->price_now * seconds / SECONDS_PER_HOUR;
    recorder->counted_at = now;
}

void recorder_step(struct recorder *recorder, time_ns at)
{
    const struct look_cluster *last = &recorder->cluster;
    struct look_cluster now = recorder->look->cluster(recorder->look->context);
    if (now.task_managers == last->task_managers && now.slots_total == last->slots_total &&
        now.slots_free == last->slots_free)
        return;
    recorder_count_up_to(recorder, at);
    recorder->cluster = now;
}

/* Facts. */

static const char *name_of(const struct recorder *recorder, struct node_id node)
{
    if (node_id_is_none(node))
        return "the cluster";
    return recorder->look->process(recorder->look->context, node).name;
}

static void machine_came(struct recorder *recorder, time_ns at, struct node_id node, bool came)
{
    struct process_view process = recorder->look->process(recorder->look->context, node);
    if (process.kind != NODE_TASK_MANAGER)
        return;
    recorder_count_up_to(recorder, at);
    double price = process.machine ? process.machine->price_per_hour : 0;
    recorder->machines += came ? 1u : (uint32_t)-1;
    recorder->machines_lost += !came;
    recorder->price_now += came ? price : -price;
    if (recorder->machines == 0)
        recorder->price_now = 0; /* no cents left over from rounding */
}

enum fact_effect {
    FACT_ADDED = 1,
    FACT_ENDED = 2,  /* the process is no more */
    FACT_FAULT = 4,  /* may bring a job down */
    FACT_MARKED = 8, /* worth a mark of its own when nobody scripted it */
    FACT_GOES = 16,  /* the machine is lost */
};

static const struct fact_row {
    const char *word;
    unsigned effects; /* of fact_effect */
} fact_rows[] = {
    { "added", FACT_ADDED | FACT_MARKED },
    { "killed", FACT_ENDED | FACT_FAULT | FACT_MARKED | FACT_GOES },
    { "exited", FACT_ENDED | FACT_FAULT | FACT_MARKED | FACT_GOES },
    { "stopped", FACT_ENDED },
    { "stopping", FACT_FAULT | FACT_MARKED | FACT_GOES },
    { "frozen", FACT_FAULT | FACT_MARKED },
    { "cut off", FACT_FAULT | FACT_MARKED },
    { "lossy", FACT_FAULT | FACT_MARKED },
    { "slowed", FACT_MARKED },
    { "throttled", FACT_MARKED },
    { "resumed", FACT_MARKED },
    { "healed", FACT_MARKED },
    { "lossless", FACT_MARKED },
    { "unthrottled", FACT_MARKED },
    { "full speed", FACT_MARKED },
};

static unsigned effects_of(const char *word)
{
    for (size_t i = 0; i < sizeof fact_rows / sizeof *fact_rows; i++)
        if (text_equal(fact_rows[i].word, word))
            return fact_rows[i].effects;
    return 0;
}

/* "tm3 killed: machine reclaimed"; a reason that names the process says it all. */
static void put_fault(const char *name, const char *word, const char *reason, char *out,
                      size_t size)
{
    if (reason && strstr(reason, name))
        text_format(out, size, "%s", reason);
    else
        text_format(out, size, "%s %s%s%s", name, word, reason && *reason ? ": " : "",
                    reason ? reason : "");
}

/* Whom the script did it to, where that is one job (actions from FAIL_TASK on are on jobs); the
 * label tells which event it was. */
static struct job_id job_of_script(const struct scenario *scenario, const char *word,
                                   const char *label)
{
    struct job_id job = job_id_none();
    for (VEC_EACH(const struct scripted_event, event, &scenario->events)) {
        if (!label || !text_equal(action_words[event->kind], word) ||
            !text_equal(event->label, label))
            continue;
        if (event->kind < ACTION_FAIL_TASK || (!job_id_is_none(job) && job.n != event->job.n))
            return job_id_none();
        job = event->job;
    }
    return job;
}

static void note_job(struct recorder *recorder, time_ns at, struct job_id job, const char *text)
{
    const struct job_incidents *own = &recorder->incidents.jobs.items[job.n];
    timeline_note_job(&recorder->timeline, at, job, own->since, text);
}

static void take_script(struct recorder *recorder, time_ns at, const char *word, const char *label)
{
    if (text_equal(word, "missed"))
        return;
    recorder->scripted_at = at;
    timeline_mark(&recorder->timeline, at, MARK_SCRIPT, label ? label : word);
    if (!incidents_is_failing(&recorder->incidents))
        timeline_open_notes(&recorder->timeline, at);
    struct job_id job = job_of_script(recorder->look->scenario, word, label);
    if (job_id_is_none(job))
        timeline_note(&recorder->timeline, at, label ? label : word);
    else
        note_job(recorder, at, job, label);
}

static const char tasks_gone[] = "tasks gone";

/* The scheduler's state where it has some of its own, with what a person wants to know of running:
 * do all tasks run yet, or no more though the JobManager takes them to? A job of the default
 * scheduler is RUNNING already while it waits for its slots: then it has the adaptive one's state.
 */
static void review_phase(struct recorder *recorder, time_ns at, struct job_id job)
{
    struct look_job view;
    const struct job_incidents *own = &recorder->incidents.jobs.items[job.n];
    if (!recorder->look->job(recorder->look->context, job, &view))
        return;
    const char *name = text_equal(view.scheduler, "Adaptive") ? view.scheduler_state : view.status;
    if (text_equal(view.status, "RUNNING") && own->state == UPTIME_UP)
        name = "running";
    else if (view.ended_at != TIME_NEVER)
        name = view.status;
    else if (text_equal(view.status, "RUNNING"))
        name = own->state == UPTIME_DOWN && (!own->noticed || view.tasks_running == view.tasks)
                   ? tasks_gone
               : view.waits_for_slots ? "WaitingForResources"
                                      : "deploying";
    timeline_phase(&recorder->timeline, at, job, name);
}

void recorder_review_phases(struct recorder *recorder, time_ns now)
{
    for (uint32_t j = 0; j < recorder->jobs.count; j++)
        review_phase(recorder, now, (struct job_id){ j });
}

/* What happens now comes behind this, so until now nobody has noticed what broke before. */
void recorder_settle(struct recorder *recorder, time_ns now)
{
    struct incidents *incidents = &recorder->incidents;
    size_t known = incidents->list.count;
    incidents_settle(incidents, now);
    for (size_t i = known; i < incidents->list.count; i++) {
        const struct incident *incident = &incidents->list.items[i];
        if (incident->down_at < now)
            timeline_phase(&recorder->timeline, incident->down_at, incident->job, tasks_gone);
        else
            review_phase(recorder, now, incident->job);
    }
}

void recorder_fact(struct recorder *recorder, time_ns at, struct node_id node, const char *word,
                   const char *reason)
{
    unsigned effects = effects_of(word);
    recorder_step(recorder, at); /* with the JobManager goes what it knew */
    recorder_settle(recorder, at);
    incidents_on_fact(&recorder->incidents, at, node, word, reason, (effects & FACT_ENDED) != 0);
    if (text_equal(virtual_cluster_fact_machine(word), "script")) {
        take_script(recorder, at, word, reason);
        return;
    }
    char text[INCIDENT_CAUSE_SIZE];
    put_fault(name_of(recorder, node), word, reason, text, sizeof text);
    bool scripted = recorder->scripted_at == at;
    if (effects & FACT_ADDED)
        machine_came(recorder, at, node, true);
    if (effects & FACT_ENDED)
        machine_came(recorder, at, node, false);
    if ((effects & FACT_MARKED) && !scripted && at > 0)
        timeline_mark_machine(&recorder->timeline, at,
                              effects & FACT_GOES ? MARK_LOSS : MARK_MACHINE,
                              name_of(recorder, node), word, text);
    if ((effects & FACT_FAULT) && !scripted && !incidents_is_failing(&recorder->incidents))
        timeline_open_notes(&recorder->timeline, at);
    if ((effects & FACT_FAULT) && !scripted)
        timeline_note_of(&recorder->timeline, at, job_id_none(), word, name_of(recorder, node));
}

/* Lines. */

static void count_failure(struct job_record *job, const char *reason)
{
    const char *text = reason ? reason : "no reason given";
    job->failed++;
    for (VEC_EACH(struct failure_count, failure, &job->failures))
        if (text_equal(failure->reason, text)) {
            failure->count++;
            return;
        }
    vec_push(&job->failures, (struct failure_count){ mem_copy_text(text), 1 });
}

static void on_checkpoint(struct recorder *recorder, time_ns at, const struct log_line *line)
{
    struct job_record *job = &recorder->jobs.items[line->job.n];
    size_t all = recorder->jobs.count;
    if (text_equal(line->what, "failed")) {
        count_failure(job, line->reason);
        vec_push(&recorder->timeline.failed_checkpoints, at);
    }
    if (!text_equal(line->what, "completed"))
        return;
    job->completed++;
    double seconds = (double)line->value / (double)TIME_S;
    vec_push(&recorder->metrics.durations.items[line->job.n].values, seconds);
    vec_push(&recorder->metrics.durations.items[all].values, seconds);
    struct look_job view;
    bool known = recorder->look->job(recorder->look->context, line->job, &view);
    if (known && view.checkpoint == line->checkpoint) {
        double bytes = (double)view.checkpoint_bytes;
        double written = (double)view.checkpoint_written_bytes;
        vec_push(&recorder->metrics.sizes.items[line->job.n].values, bytes);
        vec_push(&recorder->metrics.sizes.items[all].values, bytes);
        vec_push(&recorder->metrics.written.items[line->job.n].values, written);
        vec_push(&recorder->metrics.written.items[all].values, written);
    }
}

/* Moves that say something the others do not; FAILED has a label of its own. */
static bool is_step(const struct log_line *line)
{
    static const char *const states[] = {
        "RESTARTING",
        "FAILING",
        "FINISHED",
        "Restarting",
        "WaitingForResources",
        "CreatingExecutionGraph",
        "Failing",
    };
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (text_equal(line->to, states[i]))
            return true;
    return false;
}

/* What a job goes on from was left by another: that it does is planned, as the script is. */
static void mark_start(struct recorder *recorder, time_ns at, const struct log_line *line)
{
    char text[MARK_LABEL_SIZE];
    text_format(text, sizeof text, "%s from %s",
                recorder->look->scenario->jobs.items[line->job.n].name, line->reason);
    timeline_mark(&recorder->timeline, at, MARK_SCRIPT, text);
}

/* Behind the end of its input, a stop or a cancel, what it does no more it is not to do; a job that
 * FAILED was given up. */
static void mark_end(struct recorder *recorder, time_ns at, const struct log_line *line)
{
    char text[MARK_LABEL_SIZE];
    if (!line->reason)
        return;
    text_format(text, sizeof text, "%.*s %s", MARK_LABEL_SIZE - 16,
                recorder->look->scenario->jobs.items[line->job.n].name, line->reason);
    bool failed = text_equal(line->reason, "FAILED");
    timeline_mark(&recorder->timeline, at, failed ? MARK_END : MARK_SCRIPT, text);
}

static void note_line(struct recorder *recorder, time_ns at, const struct log_line *line)
{
    char text[INCIDENT_CAUSE_SIZE];
    if (line->to && text_equal(line->to, "FAILED") && line->subject & LOG_OF_TASK) {
        const struct job_spec *job = &recorder->look->scenario->jobs.items[line->job.n];
        const char *reason = line->reason ? line->reason : "";
        const char *colon = strchr(reason, ':');
        bool blames = line->subject & LOG_OF_REMOTE;
        text_format(text, sizeof text, "%s failed: %s%s%s%s",
                    job->graph->vertices.items[line->vertex.n].name, colon ? colon + 2 : reason,
                    blames ? " (" : "", blames ? name_of(recorder, line->remote) : "",
                    blames ? ")" : "");
        incidents_on_failure(&recorder->incidents, line->job, at, text);
    } else if (line->to) {
        if (!is_step(line))
            return;
        text_format(text, sizeof text, "%s%s", text_equal(line->machine, "job") ? "job " : "",
                    line->to);
    } else if (line->subject & LOG_OF_PEER) {
        text_format(text, sizeof text, "%s %s", line->machine, line->what);
        struct job_id job = line->subject & LOG_OF_JOB ? line->job : job_id_none();
        timeline_note_of(&recorder->timeline, at, job, text, name_of(recorder, line->peer));
        return;
    } else if (text_equal(line->what, "starting from savepoint")) {
        mark_start(recorder, at, line);
        return;
    } else if (text_equal(line->what, "job ended")) {
        mark_end(recorder, at, line);
        return;
    } else if (text_equal(line->what, "restore from checkpoint")) {
        text_format(text, sizeof text, "restore checkpoint %lld", (long long)line->value);
    } else if (text_equal(line->machine, "job")) {
        text_format(text, sizeof text, "%s", line->what);
    } else {
        return;
    }
    if (line->subject & LOG_OF_JOB && line->job.n < recorder->jobs.count)
        note_job(recorder, at, line->job, text);
    else
        timeline_note(&recorder->timeline, at, text);
}

/* A job can fail without any task of it: by what it was to start from, or for want of slots. */
static void hear_refusal(struct recorder *recorder, time_ns at, const struct log_line *line)
{
    if (!text_equal(line->machine, "job") || !line->reason || !*line->reason)
        return;
    if (text_equal(line->what, "restore refused"))
        incidents_on_refusal(&recorder->incidents, line->job, at, line->reason);
    else if (text_equal(line->what, "archived"))
        incidents_on_failure(&recorder->incidents, line->job, at, line->reason);
}

static void review_job(struct recorder *recorder, time_ns at, const struct log_line *line)
{
    bool all_running = text_equal(line->what, "all tasks RUNNING");
    size_t longest = recorder->incidents.longest;
    bool was_failing = incidents_is_failing(&recorder->incidents);
    incidents_review(&recorder->incidents, line->job, at, all_running);
    review_phase(recorder, at, line->job);
    if (recorder->incidents.longest != longest)
        timeline_keep_notes(&recorder->timeline, line->job);
    if (was_failing && !incidents_is_failing(&recorder->incidents))
        timeline_close_notes(&recorder->timeline);
}

void recorder_line(struct recorder *recorder, time_ns at, struct node_id node,
                   const struct log_line *line)
{
    recorder_settle(recorder, at);
    if (line->level != LOG_DECISION)
        return;
    incidents_on_line(&recorder->incidents, at, node, line);
    note_line(recorder, at, line);
    if (line->subject & LOG_OF_JOB && line->job.n < recorder->jobs.count) {
        if (text_equal(line->machine, "checkpoint"))
            on_checkpoint(recorder, at, line);
        hear_refusal(recorder, at, line);
        if (!text_equal(line->machine, "execution") && !text_equal(line->machine, "checkpoint"))
            review_job(recorder, at, line);
    }
}
