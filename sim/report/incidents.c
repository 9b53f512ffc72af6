/* SPDX-License-Identifier: Apache-2.0
 *
 * Uptime of jobs. A process takes its tasks with it at once, long before Flink notices: the job is
 * down from then on. What the data plane says just after the end of a process, against what it said
 * just before, tells whose tasks they were.
 */
#include "sim/report/incidents.h"

#include "core/base/text.h"

void incidents_init(struct incidents *incidents, const struct run_look *look)
{
    *incidents =
        (struct incidents){ .look = look, .process_lost = TIME_NEVER, .longest = SIZE_MAX };
    incidents->fault.at = TIME_NEVER;
    vec_resize(&incidents->jobs, look->scenario->jobs.count);
    for (VEC_EACH(struct job_incidents, job, &incidents->jobs))
        job->failed_at = TIME_NEVER;
}

void incidents_fini(struct incidents *incidents)
{
    vec_fini(&incidents->jobs);
    vec_fini(&incidents->list);
}

static uint64_t running_in_plane(const struct incidents *incidents, struct job_id job)
{
    const struct run_look *look = incidents->look;
    const struct job_graph *graph = look->scenario->jobs.items[job.n].graph;
    uint64_t running = 0;
    for (uint32_t v = 0; v < graph->vertices.count; v++) {
        struct model_vertex_view view;
        look->vertex(look->context, job, (struct vertex_id){ v }, &view);
        running += view.running;
    }
    return running;
}

/* How long after a fault a failure may still be its doing: as long as heartbeats and the RPC layer
 * take to notice it. */
static time_ns patience(const struct incidents *incidents)
{
    const struct config *config = &incidents->look->scenario->config;
    return time_add(time_add(config->heartbeat_timeout, 2 * config->heartbeat_interval),
                    20 * TIME_S);
}

static bool is_blamed(const struct incidents *incidents, const struct job_incidents *job,
                      time_ns at)
{
    time_ns fault_at = incidents->fault.at;
    return fault_at != TIME_NEVER && fault_at >= job->since && at - fault_at <= patience(incidents);
}

static void put_fault(const struct fault *fault, char out[INCIDENT_CAUSE_SIZE])
{
    size_t length = text_format(out, INCIDENT_CAUSE_SIZE, "%s", fault->text);
    if (fault->others)
        text_format(out + length, INCIDENT_CAUSE_SIZE - length, ", and %u more", fault->others);
}

/* More was struck at the instant that brought a job down: its cause grows. */
static void retell(struct incidents *incidents)
{
    for (VEC_EACH(const struct job_incidents, job, &incidents->jobs)) {
        if (job->state != UPTIME_DOWN)
            continue;
        struct incident *incident = &incidents->list.items[job->open];
        if (incident->at == incidents->fault.at && !incident->planned)
            put_fault(&incidents->fault, incident->cause);
    }
}

static void go_down(struct incidents *incidents, struct job_id id, time_ns at, bool planned)
{
    struct job_incidents *job = &incidents->jobs.items[id.n];
    struct incident incident = {
        .job = id, .planned = planned, .at = at, .down_at = at, .running_at = TIME_NEVER
    };
    const char *cause = "for no reason known";
    if (planned) {
        cause = "rescale";
    } else if (is_blamed(incidents, job, at)) {
        cause = incidents->fault.text;
        incident.at = incidents->fault.at;
    } else if (job->failed_at == at) {
        cause = job->failure;
    }
    if (cause == incidents->fault.text)
        put_fault(&incidents->fault, incident.cause);
    else
        text_format(incident.cause, sizeof incident.cause, "%s", cause);
    job->open = incidents->list.count;
    vec_push(&incidents->list, incident);
    job->state = UPTIME_DOWN;
    job->since = at;
}

static time_ns length_of(const struct incidents *incidents, size_t place)
{
    if (place == SIZE_MAX)
        return -1;
    const struct incident *incident = &incidents->list.items[place];
    return incident->running_at - incident->at;
}

static void come_up(struct incidents *incidents, struct job_incidents *job,
                    const struct look_job *view, time_ns at)
{
    if (job->state == UPTIME_DOWN) {
        struct incident *incident = &incidents->list.items[job->open];
        job->down = time_add(job->down, at - job->since);
        incident->running_at = at;
        incident->restarts = view->restarts - job->restarts;
        if (!incident->planned && at - incident->at > length_of(incidents, incidents->longest))
            incidents->longest = job->open;
    }
    job->state = UPTIME_UP;
    job->since = at;
    job->restarts = view->restarts;
    job->rescales = view->rescales;
}

static void end(struct job_incidents *job, time_ns at)
{
    if (job->state == UPTIME_DOWN)
        job->down = time_add(job->down, at - job->since);
    job->state = UPTIME_ENDED;
    job->since = at;
}

void incidents_on_fault(struct incidents *incidents, time_ns at, const char *text,
                        bool ends_process)
{
    if (text && incidents->fault.at == at) {
        incidents->fault.others++;
        retell(incidents);
    } else if (text) {
        incidents->fault = (struct fault){ .at = at };
        text_format(incidents->fault.text, sizeof incidents->fault.text, "%s", text);
    }
    if (!ends_process)
        return;
    incidents->process_lost = at;
    for (uint32_t j = 0; j < incidents->jobs.count; j++)
        if (incidents->jobs.items[j].state == UPTIME_UP)
            incidents->jobs.items[j].tasks_running =
                running_in_plane(incidents, (struct job_id){ j });
}

void incidents_settle(struct incidents *incidents)
{
    time_ns at = incidents->process_lost;
    if (at == TIME_NEVER)
        return;
    incidents->process_lost = TIME_NEVER;
    for (uint32_t j = 0; j < incidents->jobs.count; j++) {
        struct job_incidents *job = &incidents->jobs.items[j];
        if (job->state == UPTIME_UP &&
            running_in_plane(incidents, (struct job_id){ j }) < job->tasks_running)
            go_down(incidents, (struct job_id){ j }, at, false);
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
}

void incidents_review(struct incidents *incidents, struct job_id id, time_ns at, bool all_running)
{
    struct job_incidents *job = &incidents->jobs.items[id.n];
    struct look_job view;
    if (job->state == UPTIME_ENDED || !incidents->look->job(incidents->look->context, id, &view))
        return;
    if (view.ended_at != TIME_NEVER || text_equal(view.status, "CANCELLING"))
        end(job, at);
    else if (all_running && text_equal(view.status, "RUNNING"))
        come_up(incidents, job, &view, at);
    else if (job->state == UPTIME_UP && !text_equal(view.status, "RUNNING"))
        go_down(incidents, id, at, view.rescales > job->rescales);
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
    return own->state == UPTIME_DOWN ? time_add(own->down, now - own->since) : own->down;
}
