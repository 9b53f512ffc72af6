/* SPDX-License-Identifier: Apache-2.0
 *
 * Why is found as `weir explain` finds it: from a line back through its causes (causes.c), to a
 * fault of the world or the failure that nothing explains. What a job FAILED by is looked for in
 * the same way, but not beyond a restart. A rescale in which something fails has two causes: it
 * began the outage, the other one prolonged or ended it.
 */
#include "sim/report/incident_why.h"

#include <string.h>

#include "core/base/text.h"
#include "sim/report/causes.h"

const char incident_no_reason[] = "for no reason known";
const char incident_rescale[] = "rescale";
static const char rescale_then[] = "rescale, then ";

/* "tm3 killed: machine reclaimed"; a reason that names the process says it all, and so does the
 * label of what the script did. */
void incident_fault_text(const struct log_entry *fault, char out[INCIDENT_CAUSE_SIZE])
{
    const char *reason = fault->reason && *fault->reason ? fault->reason : NULL;
    if (text_equal(fault->machine, "script"))
        text_format(out, INCIDENT_CAUSE_SIZE, "%s", reason ? reason : fault->what);
    else if (reason && strstr(reason, fault->node))
        text_format(out, INCIDENT_CAUSE_SIZE, "%s", reason);
    else
        text_format(out, INCIDENT_CAUSE_SIZE, "%s %s%s%s", fault->node, fault->what,
                    reason ? ": " : "", reason ? reason : "");
}

/* The fault behind the last entry; null: none is. */
const struct log_entry *incident_last_fault(const struct incidents *incidents)
{
    struct cause_chain chain;
    if (incidents->log.entries.count == 0)
        return NULL;
    causes_of(&incidents->log, incidents->log.entries.count - 1, &chain);
    size_t place = causes_fault(&incidents->log, &chain);
    return place == SIZE_MAX ? NULL : &incidents->log.entries.items[place];
}

/* A failure that no fault is behind: the task that failed, or what the job as a whole failed by, as
 * its exception history has it. */
struct root_sought {
    time_ns at;
    char *out;
};

static void take_root(void *context, const struct look_exception *exception)
{
    const struct root_sought *sought = context;
    if (exception->is_root && exception->at == sought->at)
        text_format(sought->out, INCIDENT_CAUSE_SIZE, "%s", exception->text);
}

void incident_put_failure(const struct incidents *incidents, struct job_id id, time_ns at,
                          char out[INCIDENT_CAUSE_SIZE])
{
    const struct job_incidents *job = &incidents->jobs.items[id.n];
    struct root_sought sought = { at, out };
    bool is_of_task = job->failed_at == at;
    text_format(out, INCIDENT_CAUSE_SIZE, "%s", is_of_task ? job->failure : incident_no_reason);
    if (!is_of_task)
        incidents->look->each_exception(incidents->look->context, id, take_root, &sought);
}

void incident_spoil_rescale(const struct incidents *incidents, struct incident *incident)
{
    const struct log_entry *fault = incident_last_fault(incidents);
    char text[INCIDENT_CAUSE_SIZE];
    if (fault)
        incident_fault_text(fault, text);
    text_format(incident->cause, INCIDENT_CAUSE_SIZE, "%s%s", rescale_then,
                fault ? text : incidents->jobs.items[incident->job.n].failure);
    incident->planned = false;
}

/* The fault by which the last entry came about with no restart in between; null: there is none. */
static const struct log_entry *fault_of_end(const struct incidents *incidents)
{
    const struct log_entry *entries = incidents->log.entries.items;
    struct cause_chain chain;
    if (incidents->log.entries.count == 0)
        return NULL;
    causes_of(&incidents->log, incidents->log.entries.count - 1, &chain);
    for (size_t i = 0; i < chain.count; i++)
        if (run_log_fits(&entries[chain.place[i]], "scheduler Restarting"))
            return NULL;
    size_t place = causes_fault(&incidents->log, &chain);
    return place == SIZE_MAX ? NULL : &entries[place];
}

struct last_root {
    time_ns at;
    char text[INCIDENT_CAUSE_SIZE];
};

static void take_last_root(void *context, const struct look_exception *exception)
{
    struct last_root *last = context;
    if (!exception->is_root)
        return;
    last->at = exception->at;
    text_format(last->text, sizeof last->text, "%s", exception->text);
}

/* The task that failed last says more than its root does; a root without a task came after. Gives
 * whether that is known: where no history is kept, a line to come may tell. */
static bool put_last_failure(const struct incidents *incidents, const struct incident *incident,
                             time_ns at, char out[INCIDENT_CAUSE_SIZE])
{
    const struct job_incidents *job = &incidents->jobs.items[incident->job.n];
    struct last_root last = { .at = -1 };
    time_ns failed_at = job->failed_at == TIME_NEVER ? -1 : job->failed_at;
    incidents->look->each_exception(incidents->look->context, incident->job, take_last_root, &last);
    const char *text = last.at > failed_at ? last.text : job->failure;
    bool is_known = last.at >= incident->down_at || failed_at == at;
    text_format(out, INCIDENT_CAUSE_SIZE, "%s", is_known ? text : incident_no_reason);
    return is_known;
}

/* The cause tells of this one: it is the one, or one of the "and 3 more" of its instant. */
static bool is_of_cause(const struct job_incidents *job, const struct log_entry *fault)
{
    const struct log_entry *cause = &job->fault;
    if (cause->seq == 0 || fault->seq == cause->seq)
        return cause->seq != 0;
    return job->others > 0 && fault->at == cause->at &&
           text_equal(fault->machine, cause->machine) && text_equal(fault->what, cause->what);
}

/* What ended a rescale is told as that, and not as what it went on with besides. */
static void tell_once(struct incident *incident)
{
    size_t length = sizeof rescale_then - 1;
    if (strncmp(incident->cause, rescale_then, length) == 0 &&
        text_equal(incident->cause + length, incident->end))
        text_format(incident->cause, INCIDENT_CAUSE_SIZE, "%s", incident_rescale);
}

void incident_put_end(const struct incidents *incidents, struct incident *incident, time_ns at)
{
    const struct job_incidents *job = &incidents->jobs.items[incident->job.n];
    const struct log_entry *fault = fault_of_end(incidents);
    bool survived = incident->restarts > 0 || incident->rescaled;
    if (fault && (incident->rescaled || !is_of_cause(job, fault)))
        incident_fault_text(fault, incident->end);
    if (!fault && (survived || job->fault.seq != 0)) { /* else the cause is the failure */
        bool is_known = put_last_failure(incidents, incident, at, incident->end);
        if (!is_known && !survived)
            incident->end[0] = '\0';
    }
    if (incident->rescaled)
        tell_once(incident);
}

void incident_hear_failure(struct incident *incident, const char *text)
{
    bool survived = incident->end[0] != '\0';
    char *by = survived ? incident->end : incident->cause;
    if (text_equal(by, incident_no_reason))
        text_format(by, INCIDENT_CAUSE_SIZE, "%s", text);
}
