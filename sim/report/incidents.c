/* SPDX-License-Identifier: Apache-2.0
 *
 * Uptime of jobs. Tasks stop long before Flink notices: a process takes them with it when it ends,
 * a TaskManager that gives its JobMaster up cancels them. The job is down from then on, as the data
 * plane says. What that says just after the end of a process, against what it said just before,
 * tells whose tasks they were. Why is found as `weir explain` finds it: from the line back through
 * its causes (causes.c), to a fault of the world or the failure that nothing explains.
 */
#include "sim/report/incidents.h"

#include <string.h>

#include "core/base/text.h"
#include "sim/cluster/virtual_cluster.h"
#include "sim/report/causes.h"
#include "sim/report/incident_why.h"
#include "sim/report/log_memory.h"
#include "sim/report/scripted_task.h"

void incidents_init(struct incidents *incidents, const struct run_look *look)
{
    *incidents =
        (struct incidents){ .look = look, .process_lost = TIME_NEVER, .longest = SIZE_MAX };
    run_log_init(&incidents->log);
    vec_resize(&incidents->jobs, look->scenario->jobs.count);
    for (VEC_EACH(struct job_incidents, job, &incidents->jobs))
        job->first_up = job->failed_at = TIME_NEVER;
}

void incidents_fini(struct incidents *incidents)
{
    vec_fini(&incidents->jobs);
    vec_fini(&incidents->list);
    run_log_fini(&incidents->log);
}

/* What is remembered. */

static const char *name_of(const struct incidents *incidents, struct node_id node)
{
    if (node_id_is_none(node))
        return "the cluster";
    return incidents->look->process(incidents->look->context, node).name;
}

static void remember(struct incidents *incidents, struct log_entry *entry)
{
    log_memory_thin(&incidents->log, &incidents->log_kept, entry->at);
    entry->seq = ++incidents->log_seen;
    run_log_take(&incidents->log, entry);
}

/* Why. */

/* One more process with tasks of the job went at the instant that brought it down; what the script
 * did to all of them is one cause. */
static void retell(struct incidents *incidents, struct job_incidents *job)
{
    struct incident *incident = &incidents->list.items[job->open];
    const struct log_entry *fault = incident_last_fault(incidents);
    size_t length = strlen(incident->cause);
    if (fault->seq == job->fault.seq)
        return;
    if (job->others > 0) { /* ", and 3 more" */
        while (length > 0 && incident->cause[length] != ',')
            length--;
    }
    job->others++;
    text_format(incident->cause + length, INCIDENT_CAUSE_SIZE - length, ", and %u more",
                job->others);
}

/* Why, from the last entry back. A fault that came after the tasks had stopped is not why; where
 * the JobManager knows of nothing yet, no line is a failure. */
static void blame(struct incidents *incidents, struct job_id id, time_ns at)
{
    struct job_incidents *job = &incidents->jobs.items[id.n];
    struct incident *incident = &incidents->list.items[job->open];
    const struct log_entry *fault = incident_last_fault(incidents);
    if (fault && fault->at <= incident->down_at) {
        incident_fault_text(fault, incident->cause);
        incident->at = fault->at;
        job->fault = *fault;
        job->blamed = true;
    } else if (job->noticed) {
        incident_put_failure(incidents, id, at, incident->cause);
    }
}

static void go_down(struct incidents *incidents, struct job_id id, time_ns at, bool planned)
{
    struct job_incidents *job = &incidents->jobs.items[id.n];
    struct incident incident = { .job = id,
                                 .rescaled = planned,
                                 .planned = planned,
                                 .at = at,
                                 .down_at = at,
                                 .running_at = TIME_NEVER,
                                 .over_at = TIME_NEVER,
                                 .failed_at = TIME_NEVER };
    text_format(incident.cause, sizeof incident.cause, "%s",
                planned ? incident_rescale : incident_no_reason);
    job->open = incidents->list.count;
    vec_push(&incidents->list, incident);
    job->fault = (struct log_entry){ .seq = 0 };
    job->others = 0;
    job->noticed = false;
    job->blamed = planned;
    job->state = UPTIME_DOWN;
    job->since = at;
}

/* The JobManager has just moved: what it does is done about the outage. */
static void notice(struct incidents *incidents, struct job_id id, time_ns at)
{
    struct job_incidents *job = &incidents->jobs.items[id.n];
    job->noticed = true;
    if (!job->blamed)
        blame(incidents, id, at);
    job->blamed = true;
}

/* To compare: what a job FAILED by is longer than anything that ended. */
static time_ns rank_of(const struct incidents *incidents, size_t place)
{
    if (place == SIZE_MAX)
        return -1;
    const struct incident *incident = &incidents->list.items[place];
    return incident->running_at - incident->down_at;
}

static void end(struct incidents *incidents, struct job_incidents *job, time_ns at)
{
    bool is_open = job->state == UPTIME_DOWN || job->state == UPTIME_FAILED;
    if (is_open) {
        job->down = time_add(job->down, at - job->since);
        incidents->list.items[job->open].over_at = at;
    }
    job->state = UPTIME_ENDED;
    job->since = at;
}

/* What FAILED is made good by the job that goes on from it; of a chain of jobs, by the last. */
static void make_good(struct incidents *incidents, struct job_id id, time_ns at)
{
    const struct job_spec *jobs = incidents->look->scenario->jobs.items;
    for (uint32_t former = jobs[id.n].former; former > 0; former = jobs[former - 1].former) {
        struct job_incidents *job = &incidents->jobs.items[former - 1];
        if (job->state != UPTIME_FAILED)
            break;
        incidents->list.items[job->open].running_at = at;
        end(incidents, job, at);
    }
}

/* The JobManager hears of the last task's RUNNING later than it runs. */
static time_ns up_since(const struct incidents *incidents, struct job_id id, time_ns at)
{
    time_ns whole = incidents->look->whole_at(incidents->look->context, id);
    return whole > incidents->jobs.items[id.n].since && whole < at ? whole : at;
}

static void come_up(struct incidents *incidents, struct job_id id, const struct look_job *view,
                    time_ns heard_at)
{
    struct job_incidents *job = &incidents->jobs.items[id.n];
    time_ns at = up_since(incidents, id, heard_at);
    if (job->state == UPTIME_DOWN) {
        struct incident *incident = &incidents->list.items[job->open];
        job->down = time_add(job->down, at - job->since);
        incident->running_at = incident->over_at = at;
        if (!incident->planned &&
            rank_of(incidents, job->open) > rank_of(incidents, incidents->longest))
            incidents->longest = job->open;
    }
    if (job->state == UPTIME_BEFORE) {
        job->first_up = at;
        make_good(incidents, id, at);
    }
    job->state = UPTIME_UP;
    job->since = at;
    job->restarts = view->restarts;
    job->rescales = view->rescales;
}

/* Its tasks have never run all, so that no failure before has brought it down: the last one did,
 * when what else it had has ended. */
static void blame_last(const struct job_incidents *job, struct incident *incident)
{
    if (job->failed_at != TIME_NEVER && text_equal(incident->cause, incident_no_reason))
        text_format(incident->cause, INCIDENT_CAUSE_SIZE, "%s", job->failure);
}

/* For good. A rescale that led to it was a failure, and a job whose tasks never ran all is down
 * from then on. */
static void fail(struct incidents *incidents, struct job_id id, const struct look_job *view,
                 time_ns at)
{
    struct job_incidents *job = &incidents->jobs.items[id.n];
    bool is_new = job->state == UPTIME_BEFORE;
    if (job->state != UPTIME_DOWN) {
        go_down(incidents, id, at, false);
        job->restarts = view->restarts;
    }
    struct incident *incident = &incidents->list.items[job->open];
    notice(incidents, id, at);
    if (is_new)
        blame_last(job, incident);
    incident->restarts = view->restarts - job->restarts;
    incident_put_end(incidents, incident, at);
    incident->planned = false;
    incident->failed_at = at;
    job->state = UPTIME_FAILED;
    if (rank_of(incidents, incidents->longest) < rank_of(incidents, job->open))
        incidents->longest = job->open;
}

/* Is it to be seen whether the end of a process at this instant takes tasks of the job? */
static bool may_lose_tasks(const struct job_incidents *job, time_ns at)
{
    return job->state == UPTIME_UP || (job->state == UPTIME_DOWN && job->since == at);
}

void incidents_on_fact(struct incidents *incidents, time_ns at, struct node_id node,
                       const char *word, const char *reason, bool ends_process)
{
    struct log_entry entry = { .at = at,
                               .node = name_of(incidents, node),
                               .machine = virtual_cluster_fact_machine(word),
                               .what = word,
                               .reason = reason };
    struct scripted_task task;
    if (scripted_task_find(incidents->look->scenario, word, reason, &task)) {
        entry.job = task.job;
        entry.vertex = task.vertex;
        entry.subtask = task.subtask;
    }
    remember(incidents, &entry);
    if (!ends_process)
        return;
    incidents->process_lost = at;
    for (uint32_t j = 0; j < incidents->jobs.count; j++) {
        struct job_incidents *job = &incidents->jobs.items[j];
        job->loses_tasks =
            may_lose_tasks(job, at) &&
            incidents->look->needs(incidents->look->context, (struct job_id){ j }, node);
    }
}

void incidents_on_line(struct incidents *incidents, time_ns at, struct node_id node,
                       const struct log_line *line)
{
    struct log_entry entry = { .at = at,
                               .node = name_of(incidents, node),
                               .machine = line->machine,
                               .what = line->what,
                               .from = line->from,
                               .to = line->to,
                               .reason = line->reason && *line->reason ? line->reason : NULL,
                               .checkpoint = -1,
                               .value = -1 };
    if (line->subject & LOG_OF_JOB && line->job.n < incidents->jobs.count) {
        const struct job_spec *job = &incidents->look->scenario->jobs.items[line->job.n];
        entry.job = job->name;
        if (line->subject & LOG_OF_TASK) {
            entry.vertex = job->graph->vertices.items[line->vertex.n].name;
            entry.subtask = line->subtask;
        }
    }
    if (line->subject & LOG_OF_PEER)
        entry.peer = name_of(incidents, line->peer);
    if (line->subject & LOG_OF_REMOTE)
        entry.remote = name_of(incidents, line->remote);
    if (line->subject & LOG_OF_CHECKPOINT)
        entry.checkpoint = (int64_t)line->checkpoint;
    if (line->subject & LOG_OF_VALUE)
        entry.value = line->value;
    remember(incidents, &entry);
}

/* The plane says now, which may be later, what has stopped: what did since is no doing of the
 * process. */
static bool has_lost_tasks(const struct incidents *incidents, struct job_id id, time_ns at)
{
    const struct run_look *look = incidents->look;
    const struct job_incidents *job = &incidents->jobs.items[id.n];
    return job->loses_tasks && may_lose_tasks(job, at) && look->broken_at(look->context, id) <= at;
}

/* Whose tasks the process took that ended at that instant. */
static void settle_process(struct incidents *incidents)
{
    time_ns at = incidents->process_lost;
    if (at == TIME_NEVER)
        return;
    incidents->process_lost = TIME_NEVER;
    for (uint32_t j = 0; j < incidents->jobs.count; j++) {
        struct job_incidents *job = &incidents->jobs.items[j];
        struct job_id id = { j };
        if (!has_lost_tasks(incidents, id, at))
            continue;
        if (job->state == UPTIME_UP) {
            go_down(incidents, id, at, false);
            blame(incidents, id, at);
            job->blamed = true;
        } else if (!incidents->list.items[job->open].rescaled) {
            retell(incidents, job);
        }
    }
}

/* Who ended the tasks has just said that it does so: a TaskManager, or the script that makes one
 * fail, which the JobManager may never hear of. */
static bool is_told(const struct incidents *incidents, struct job_id job, time_ns at)
{
    if (incidents->log.entries.count == 0)
        return false;
    const struct log_entry *last = &vec_last(&incidents->log.entries);
    const char *name = incidents->look->scenario->jobs.items[job.n].name;
    bool is_own = last->job && text_equal(last->job, name);
    if (run_log_fits(last, "script fail"))
        return last->at == at && (is_own || !last->job);
    return last->at == at && is_own && text_equal(last->machine, "taskmanager");
}

void incidents_settle(struct incidents *incidents, time_ns now)
{
    const struct run_look *look = incidents->look;
    settle_process(incidents);
    uint64_t count = look->break_count(look->context);
    if (incidents->break_count == count)
        return;
    incidents->break_count = count;
    for (uint32_t j = 0; j < incidents->jobs.count; j++) {
        const struct job_incidents *job = &incidents->jobs.items[j];
        struct job_id id = { j };
        time_ns broken = look->broken_at(look->context, id);
        /* What broke before all of them ran belongs to an attempt before. */
        if (job->state != UPTIME_UP || broken < job->since || broken > now)
            continue;
        go_down(incidents, id, broken, false);
        if (is_told(incidents, id, broken))
            blame(incidents, id, broken);
    }
}

void incidents_on_failure(struct incidents *incidents, struct job_id job, time_ns at,
                          const char *text)
{
    struct job_incidents *own = &incidents->jobs.items[job.n];
    if (own->failed_at == at)
        return; /* the first one of an instant is the root */
    own->failed_at = at;
    text_format(own->failure, sizeof own->failure, "%s", text);
    if (own->state == UPTIME_DOWN && incidents->list.items[own->open].planned)
        incident_spoil_rescale(incidents, &incidents->list.items[own->open]);
    /* Lines of one step tell one by one what has happened already. */
    if (own->state != UPTIME_FAILED)
        return;
    struct incident *incident = &incidents->list.items[own->open];
    if (incident->failed_at == at)
        incident_hear_failure(incident, text);
}

void incidents_on_refusal(struct incidents *incidents, struct job_id job, time_ns at,
                          const char *text)
{
    struct job_incidents *own = &incidents->jobs.items[job.n];
    incidents_on_failure(incidents, job, at, text);
    if (own->state != UPTIME_FAILED || incidents->list.items[own->open].failed_at != at)
        return;
    /* In place of the exception, which says less. */
    struct incident *incident = &incidents->list.items[own->open];
    bool survived = own->fault.seq != 0 || incident->end[0] != '\0';
    text_format(survived ? incident->end : incident->cause, INCIDENT_CAUSE_SIZE, "%s", text);
}

/* Do all tasks run in the data plane, too? A line that says so may have lain before a JobManager
 * that was frozen, or count tasks of a TaskManager that is gone and not missed yet. */
static bool is_whole(const struct incidents *incidents, struct job_id job)
{
    return incidents->look->broken_at(incidents->look->context, job) == TIME_NEVER;
}

/* What goes on is over already where all tasks run and the JobManager has yet to hear of it. */
static time_ns down_until(const struct incidents *incidents, struct job_id id, time_ns now)
{
    bool is_down = incidents->jobs.items[id.n].state == UPTIME_DOWN;
    return is_down && is_whole(incidents, id) ? up_since(incidents, id, now) : now;
}

time_ns incident_length(const struct incidents *incidents, const struct incident *incident,
                        time_ns now)
{
    time_ns over_at = incident->over_at;
    return (over_at == TIME_NEVER ? down_until(incidents, incident->job, now) : over_at) -
           incident->down_at;
}

void incidents_review(struct incidents *incidents, struct job_id id, time_ns at, bool all_running)
{
    struct job_incidents *job = &incidents->jobs.items[id.n];
    struct look_job view;
    bool is_over = job->state == UPTIME_ENDED || job->state == UPTIME_FAILED;
    if (is_over || !incidents->look->job(incidents->look->context, id, &view))
        return;
    bool runs = text_equal(view.status, "RUNNING");
    if (job->state == UPTIME_DOWN)
        incidents->list.items[job->open].restarts = view.restarts - job->restarts;
    if (view.ended_at != TIME_NEVER && text_equal(view.status, "FAILED")) {
        fail(incidents, id, &view, at);
    } else if (view.ended_at != TIME_NEVER || text_equal(view.status, "CANCELLING")) {
        end(incidents, job, at);
    } else if (all_running && runs && is_whole(incidents, id)) {
        come_up(incidents, id, &view, at);
    } else if (job->state == UPTIME_UP && !runs) {
        go_down(incidents, id, at, view.rescales > job->rescales);
        incidents->list.items[job->open].slots_held = view.slots_held;
        incidents->list.items[job->open].slots_wanted = view.slots_wanted;
        notice(incidents, id, at);
    } else if (job->state == UPTIME_DOWN && !runs && !job->noticed) {
        notice(incidents, id, at);
    }
}

bool incidents_bear_out(const struct incidents *incidents, const struct log_line *line)
{
    return !text_equal(line->what, "all tasks RUNNING") ||
           incidents->jobs.items[line->job.n].state == UPTIME_UP;
}

bool incidents_is_failing(const struct incidents *incidents)
{
    for (VEC_EACH(const struct job_incidents, job, &incidents->jobs))
        if (job->state == UPTIME_DOWN && !incidents->list.items[job->open].planned)
            return true;
    return false;
}

size_t incidents_shown(const struct incidents *incidents)
{
    if (incidents->longest != SIZE_MAX)
        return incidents->longest;
    for (size_t i = 0; i < incidents->list.count; i++)
        if (!incidents->list.items[i].planned)
            return i;
    return SIZE_MAX;
}

time_ns incidents_downtime(const struct incidents *incidents, struct job_id job, time_ns now)
{
    const struct job_incidents *own = &incidents->jobs.items[job.n];
    bool is_down = own->state == UPTIME_DOWN || own->state == UPTIME_FAILED;
    return time_add(own->down, is_down ? down_until(incidents, job, now) - own->since : 0);
}
