/* SPDX-License-Identifier: Apache-2.0
 *
 * Watching a run and putting the recordings' words to its lines. A line that no recording has a
 * word for is left out.
 */
#include "tests/lib/retelling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/port/data.h"
#include "sim/run/simulation.h"

enum { LABEL_SIZE = 160, JOB_MANAGER = 0 };

struct observer {
    struct retelling *retelling;
    const struct scenario *scenario;
    struct simulation *simulation;
    const char *origin_text;
    bool submitted, has_origin;
};

/* Facts of the log that are events of a recording with the same words throughout. */
static const struct fact_row {
    const char *machine, *what, *label;
} fact_rows[] = {
    { "job", "first task DEPLOYING", "first task of a deployment DEPLOYING" },
    { "job", "could not acquire the minimum required resources",
      "Could not acquire the minimum required resources" },
    { "transition manager", "desired resources met", "transition manager: desired resources met" },
    { "transition manager", "sufficient resources met",
      "transition manager: sufficient resources met" },
    { "checkpoint", "starting checkpoint scheduler", "starting checkpoint scheduler" },
    { "checkpoint", "stopping checkpoint scheduler", "stopping checkpoint scheduler" },
    { "checkpoint", "restore from checkpoint", "restore from checkpoint (number varies)" },
    { "checkpoint", "refused", "periodic trigger refused: tasks not running" },
};

/* Machines whose moves a recording lists. */
static const struct machine_row {
    const char *machine, *label;
} machine_rows[RECORDED_MACHINE_COUNT] = {
    [RECORDED_JOB] = { "job", "job status" },
    [RECORDED_SCHEDULER] = { "scheduler", "scheduler state" },
    [RECORDED_PHASE] = { "transition manager", "phase" },
};

/* How the recordings say why a contact ended. */
static const struct reason_row {
    const char *ours, *theirs;
} reason_rows[] = {
    { "TaskManager no longer reachable", "no longer reachable" },
    { "heartbeat of a TaskManager timed out", "heartbeat timeout" },
    { "TaskManager is shutting down", "TaskExecutor is shutting down" },
    { "the JobMaster stops", "Stopping JobMaster" },
};

/* What a script does to a process. */
static const struct script_row {
    const char *word, *label;
} script_rows[] = {
    { "kill", "kill -9" },
    { "stop", "SIGTERM" },
    { "freeze", "SIGSTOP" },
    { "resumed", "SIGCONT" },
};

static void add(struct observer *o, time_ns at, const char *label)
{
    vec_push(&o->retelling->events, (struct retold_event){ at, mem_copy_text(label) });
    if (o->has_origin || !text_equal(label, o->origin_text))
        return;
    o->has_origin = true;
    o->retelling->origin = o->retelling->events.count - 1;
}

/* A client sends the job some time before the JobManager has taken it. */
static void add_submission(struct observer *o, time_ns now)
{
    if (o->submitted || now < o->scenario->jobs.items[0].at)
        return;
    o->submitted = true;
    add(o, o->scenario->jobs.items[0].at, "submit job");
}

static const char *process_name(const struct observer *o, struct node_id node)
{
    return virtual_cluster_process(simulation_cluster(o->simulation), node).name;
}

static const char *reason_of(const char *ours)
{
    for (size_t i = 0; i < sizeof reason_rows / sizeof *reason_rows; i++)
        if (text_equal(reason_rows[i].ours, ours))
            return reason_rows[i].theirs;
    return ours;
}

static void take_move(struct observer *o, time_ns at, const struct log_line *line)
{
    char label[LABEL_SIZE];
    for (int m = 0; m < RECORDED_MACHINE_COUNT; m++) {
        const struct machine_row *row = &machine_rows[m];
        if (!text_equal(line->machine, row->machine))
            continue;
        text_format(label, sizeof label, "%s %s -> %s", row->label, line->from, line->to);
        add(o, at, label);
        if (!o->has_origin)
            continue;
        struct name_list *states = &o->retelling->states[m];
        if (states->names.count == 0) /* the recordings' state "at origin" */
            vec_push(&states->names, line->from);
        vec_push(&states->names, line->to);
        if (text_equal(line->to, "RESTARTING") || text_equal(line->to, "Restarting"))
            o->retelling->restarts++;
    }
}

static void take_failure(struct observer *o, time_ns at, const struct log_line *line)
{
    char label[LABEL_SIZE], class[LABEL_SIZE];
    const struct job_graph *graph = o->scenario->jobs.items[line->job.n].graph;
    struct name_list *causes = &o->retelling->causes;
    text_format(class, sizeof class, "%s", line->reason);
    class[strcspn(class, ":")] = '\0';
    text_format(label, sizeof label, "a task of %s FAILED: %s",
                graph->vertices.items[line->vertex.n].name, class);
    add(o, at, label);
    for (size_t i = 0; i < causes->names.count; i++)
        if (text_equal(causes->names.items[i], class))
            return;
    vec_push(&causes->names, mem_copy_text(class));
}

static void take_job_fact(struct observer *o, time_ns at, const struct log_line *line)
{
    char label[LABEL_SIZE];
    if (text_equal(line->what, "tasks will be restarted")) {
        text_format(label, sizeof label, "%lld task%s will be restarted", (long long)line->value,
                    line->value == 1 ? "" : "s");
        add(o, at, label);
    } else if (text_equal(line->what, "all tasks RUNNING")) {
        text_format(label, sizeof label, "all %lld tasks RUNNING (%s)", (long long)line->value,
                    line->reason);
        add(o, at, label);
        /* Recordings saw it over REST as well, which nothing here delays. */
        text_format(label, sizeof label, "REST sees all tasks RUNNING at %s", line->reason);
        add(o, at, label);
    }
}

static void take_checkpoint(struct observer *o, time_ns at, const struct log_line *line)
{
    char label[LABEL_SIZE];
    if (text_equal(line->what, "restore from checkpoint"))
        vec_push(&o->retelling->restored.ids, (uint64_t)line->value);
    if (!(line->subject & LOG_OF_CHECKPOINT))
        return;
    text_format(label, sizeof label, "checkpoint %llu %s", (unsigned long long)line->checkpoint,
                line->what);
    add(o, at, label);
}

static void take_contact(struct observer *o, time_ns at, const struct log_line *line)
{
    char label[LABEL_SIZE];
    const char *peer = process_name(o, line->peer), *reason = line->reason;
    const char *who = text_equal(line->machine, "job master") ? "JobMaster" : "RM";
    if (reason)
        text_format(label, sizeof label, "%s: %s %s: %s", who, line->what, peer, reason_of(reason));
    else
        text_format(label, sizeof label, "%s: %s %s", who, peer, line->what);
    add(o, at, label);
}

static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    struct observer *o = context;
    (void)node;
    add_submission(o, at);
    for (size_t i = 0; i < sizeof fact_rows / sizeof *fact_rows; i++)
        if (text_equal(line->machine, fact_rows[i].machine) &&
            text_equal(line->what, fact_rows[i].what))
            add(o, at, fact_rows[i].label);
    if (text_equal(line->machine, "checkpoint"))
        take_checkpoint(o, at, line);
    else if (text_equal(line->machine, "execution") && text_equal(line->to, "FAILED"))
        take_failure(o, at, line);
    else if (text_equal(line->machine, "job") && !line->from)
        take_job_fact(o, at, line);
    else if (line->subject & LOG_OF_PEER && (text_equal(line->machine, "job master") ||
                                             text_equal(line->machine, "resource manager")))
        take_contact(o, at, line);
    if (line->from)
        take_move(o, at, line);
}

static void take_process_fact(struct observer *o, time_ns at, struct node_id node, const char *word)
{
    char label[LABEL_SIZE];
    bool is_manager = node.n == JOB_MANAGER;
    if (text_equal(word, "added")) {
        text_format(label, sizeof label, "%s process started",
                    is_manager ? "jm" : process_name(o, node));
        add(o, at, label);
    } else if (text_equal(word, "up") && is_manager) {
        add(o, at, "dispatcher leadership granted");
        add(o, at, "0 persisted jobs recovered");
    }
}

static void on_fact(void *context, time_ns at, struct node_id node, const char *word,
                    const char *reason)
{
    struct observer *o = context;
    char label[LABEL_SIZE];
    add_submission(o, at);
    if (text_equal(word, "rescale"))
        add(o, at, reason); /* the scenario's label has the bounds */
    if (node_id_is_none(node))
        return;
    take_process_fact(o, at, node, word);
    bool any_victim = strstr(o->origin_text, " of a TM in use") != NULL;
    for (size_t i = 0; i < sizeof script_rows / sizeof *script_rows; i++) {
        const struct script_row *row = &script_rows[i];
        if (!text_equal(word, row->word))
            continue;
        if (any_victim)
            text_format(label, sizeof label, "%s of a TM in use", row->label);
        else
            text_format(label, sizeof label, "%s %s", row->label, process_name(o, node));
        add(o, at, label);
    }
}

static void take_replay(struct observer *o)
{
    const struct job_spec *job = &o->scenario->jobs.items[0];
    struct model_job_view view;
    model_view_job(simulation_model(o->simulation), job->graph->id, &view);
    int32_t subtasks = job->graph->vertices.items[0].parallelism;
    o->retelling->replayed = subtasks > 0 ? view.reread_total / subtasks : 0;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "run of %s: %s\n", what, why);
    abort();
}

void retelling_run(struct retelling *retelling, const char *path, const char *origin)
{
    struct scenario *scenario = NULL;
    struct note note = { "" };
    *retelling = (struct retelling){ 0 };
    if (err_is(scenario_load(path, NULL, NULL, 0, &scenario, &note)))
        die(path, note.text);
    struct simulation_settings settings = { .vouching = true, .check_invariants = NODE_CHECKS_ALL };
    struct simulation *simulation = simulation_create(scenario, &settings);
    struct observer observer = { .retelling = retelling,
                                 .scenario = scenario,
                                 .simulation = simulation,
                                 .origin_text = origin };
    simulation_watch(simulation,
                     &(struct watcher){ .context = &observer, .line = on_line, .fact = on_fact });
    simulation_run(simulation, TIME_NEVER, NULL, NULL, NULL);
    take_replay(&observer);
    if (!observer.has_origin)
        die(path, "its origin never came");
    simulation_destroy(simulation);
    scenario_destroy(scenario);
}

void retelling_fini(struct retelling *retelling)
{
    for (size_t i = 0; i < retelling->events.count; i++)
        mem_destroy(retelling->events.items[i].label);
    for (size_t i = 0; i < retelling->causes.names.count; i++)
        mem_destroy((char *)retelling->causes.names.items[i]);
    for (int m = 0; m < RECORDED_MACHINE_COUNT; m++)
        vec_fini(&retelling->states[m].names);
    vec_fini(&retelling->events);
    vec_fini(&retelling->restored.ids);
    vec_fini(&retelling->causes.names);
}

/* Cuts " #N" off a label; 0: it has none. */
static long take_number(char *label)
{
    char *mark = strstr(label, " #");
    if (!mark)
        return 0;
    *mark = '\0';
    return strtol(mark + 2, NULL, 10);
}

bool retelling_time(const struct retelling *retelling, const char *label, bool before, double *out)
{
    char text[LABEL_SIZE];
    text_format(text, sizeof text, "%s", label);
    long number = take_number(text);
    if (number == 0)
        number = before ? -1 : 1;
    size_t i = retelling->origin;
    size_t last = number > 0 ? retelling->events.count : 0;
    for (long left = labs(number); i != last;) {
        if (number < 0)
            i--;
        const struct retold_event *event = &retelling->events.items[i];
        if (recording_label_matches(text, event->label) && --left == 0) {
            time_ns since = event->at - retelling->events.items[retelling->origin].at;
            *out = (double)since / (double)TIME_S;
            return true;
        }
        if (number > 0)
            i++;
    }
    return false;
}
