/* SPDX-License-Identifier: Apache-2.0
 *
 * Composition of a run. Order of creation and destruction matters: cluster, then what acts on it
 * (model, provider, script), watchers last; destroyed in the opposite order.
 */
#include "sim/run/simulation.h"

#include "core/base/text.h"
#include "core/cluster/view.h"
#include "sim/kernel/fatal.h"
#include "sim/provider/provider.h"
#include "sim/run/programs.h"

enum { PROGRESS_STEPS = 1000, STOP_CHECK_EVENTS = 4096, COMMAND_SIZE = 512, REASON_SIZE = 600 };

struct simulation {
    const struct scenario *scenario;
    struct sim_queue *queue;
    struct virtual_cluster *cluster;
    struct plane plane;
    struct programs *programs;
    struct outputs outputs; /* where nobody asked for them */
    struct provider *provider;
    struct script *script;
    VEC(struct watcher) watchers;
    struct fatal_run identity; /* for last words */
    char command[COMMAND_SIZE];
};

/* A task's own words in place of the general ones. */
static void put_own_words(const struct simulation *simulation, struct log_line *line, char *reason,
                          size_t size)
{
    const struct plane *plane = &simulation->plane;
    const char *text = plane->class->failure_text(plane->self, line->detail);
    const char *colon = text && line->reason ? strstr(line->reason, ": ") : NULL;
    if (!colon)
        return;
    text_format(reason, size, "%.*s%s", (int)(colon - line->reason) + 2, line->reason, text);
    line->reason = reason;
}

/* Of a task; or of a job without any, for want of slots, say. */
static bool tells_of_failure(const struct log_line *line)
{
    if (line->subject & LOG_OF_TASK)
        return line->to && text_equal(line->to, "FAILED");
    return text_equal(line->machine, "job") && text_equal(line->what, "archived");
}

static void on_log(void *context, time_ns at, struct node_id node, const struct log_line *said)
{
    struct simulation *simulation = context;
    const struct log_line *line = said;
    struct log_line own;
    char reason[REASON_SIZE];
    if (said->detail > 0) {
        own = *said;
        put_own_words(simulation, &own, reason, sizeof reason);
        line = &own;
    }
    fatal_keep_line(at, node, line);
    for (VEC_EACH(const struct watcher, watcher, &simulation->watchers))
        if (watcher->line)
            watcher->line(watcher->context, at, node, line);
    script_on_log(simulation->script, line);
    if (text_equal(line->machine, "dispatcher") && text_equal(line->what, "job ended")) {
        simulation->plane.class->job_ended(simulation->plane.self, line->job,
                                           text_equal(line->reason, "FAILED"));
        programs_on_job_ended(simulation->programs, line->job, line->reason);
    } else if (text_equal(line->machine, "job") && text_equal(line->what, "restore refused")) {
        programs_on_refusal(simulation->programs, line->job, line->reason);
    } else if (tells_of_failure(line)) {
        programs_on_failure(simulation->programs, line->job, line->reason ? line->reason : "");
    }
}

static void on_fact(void *context, time_ns at, struct node_id node, const char *word,
                    const char *reason)
{
    struct simulation *simulation = context;
    for (VEC_EACH(const struct watcher, watcher, &simulation->watchers))
        if (watcher->fact)
            watcher->fact(watcher->context, at, node, word, reason);
    script_on_fact(simulation->script, word);
}

static void on_answer(void *context, time_ns at, const struct effect_answer *answer)
{
    struct simulation *simulation = context;
    for (VEC_EACH(const struct watcher, watcher, &simulation->watchers))
        if (watcher->answer)
            watcher->answer(watcher->context, at, answer);
    script_on_answer(simulation->script, answer);
    programs_on_answer(simulation->programs, answer);
    if (answer->request == CLIENT_CANCEL_JOB && !err_is(answer->result))
        simulation->plane.class->job_cancelled(simulation->plane.self, answer->job);
}

static void on_step(void *context, time_ns at)
{
    const struct simulation *simulation = context;
    for (VEC_EACH(const struct watcher, watcher, &simulation->watchers))
        if (watcher->step)
            watcher->step(watcher->context, at);
}

static uint32_t slots_used(void *context, struct node_id task_manager)
{
    const struct simulation *simulation = context;
    const struct node *node = virtual_cluster_node(simulation->cluster, task_manager);
    return node ? view_task_manager_slots_used(node) : 0;
}

static void submit(void *context, uint64_t job, uint64_t unused)
{
    (void)unused;
    struct simulation *simulation = context;
    const struct job_spec *spec = &simulation->scenario->jobs.items[job];
    virtual_cluster_ask(simulation->cluster, &(struct event_client){ .request = CLIENT_SUBMIT_JOB,
                                                                     .token = job + 1,
                                                                     .job = spec->graph->id,
                                                                     .graph = spec->graph });
}

static void sample(void *context, uint64_t unused, uint64_t unused_too)
{
    (void)unused;
    (void)unused_too;
    struct simulation *simulation = context;
    time_ns now = sim_queue_now(simulation->queue);
    for (VEC_EACH(const struct watcher, watcher, &simulation->watchers))
        if (watcher->sample)
            watcher->sample(watcher->context, now);
    time_ns next = time_add(now, simulation->scenario->sample);
    if (next <= simulation->scenario->duration)
        sim_queue_push(simulation->queue, next, SIM_CLASS_OBSERVE, sample, simulation, 0, 0);
}

static void tell_fatal(struct simulation *simulation, enum node_checks checks)
{
    const struct scenario *scenario = simulation->scenario;
    text_format(simulation->command, sizeof simulation->command, "weir run %s --seed %llu%s",
                scenario->path, (unsigned long long)scenario->seed,
                checks == NODE_CHECKS_NONE ? "" : " --check");
    simulation->identity = (struct fatal_run){ .scenario = scenario->path,
                                               .command = simulation->command,
                                               .seed = scenario->seed,
                                               .queue = simulation->queue };
    fatal_set_run(&simulation->identity);
}

struct simulation *simulation_create(const struct scenario *scenario,
                                     const struct simulation_settings *settings)
{
    CHECK(scenario->sample > 0);
    struct simulation *simulation = mem_create(sizeof *simulation);
    simulation->scenario = scenario;
    simulation->queue = sim_queue_create();
    struct cluster_observer observer = { on_log, on_fact, on_answer, on_step, simulation };
    simulation->cluster = virtual_cluster_create(scenario, simulation->queue, &observer);
    virtual_cluster_set_vouching(simulation->cluster, settings->vouching);
    virtual_cluster_set_invariants(simulation->cluster, settings->check_invariants);
    simulation->plane = plane_create(scenario, simulation->cluster, simulation->queue);
    virtual_cluster_set_data_plane(simulation->cluster, simulation->plane.ops,
                                   simulation->plane.self);
    simulation->programs =
        programs_create(scenario, simulation->cluster, simulation->queue, &simulation->plane,
                        settings->outputs ? settings->outputs : &simulation->outputs);
    simulation->provider = provider_create(simulation->cluster);
    simulation->script = script_create(simulation->cluster, slots_used, simulation);
    tell_fatal(simulation, settings->check_invariants);
    return simulation;
}

void simulation_destroy(struct simulation *simulation)
{
    fatal_set_run(NULL);
    programs_end(simulation->programs);
    script_destroy(simulation->script);
    provider_destroy(simulation->provider);
    simulation->plane.class->destroy(simulation->plane.self);
    programs_destroy(simulation->programs);
    outputs_fini(&simulation->outputs);
    virtual_cluster_destroy(simulation->cluster);
    sim_queue_destroy(simulation->queue);
    vec_fini(&simulation->watchers);
    mem_destroy(simulation);
}

void simulation_watch(struct simulation *simulation, const struct watcher *watcher)
{
    vec_push(&simulation->watchers, *watcher);
}

void simulation_start(struct simulation *simulation)
{
    const struct scenario *scenario = simulation->scenario;
    sim_queue_push(simulation->queue, 0, SIM_CLASS_OBSERVE, sample, simulation, 0, 0);
    for (uint32_t i = 0; i < scenario->jobs.count; i++)
        if (scenario->jobs.items[i].main == 0)
            sim_queue_push(simulation->queue, scenario->jobs.items[i].at, SIM_CLASS_FAULT, submit,
                           simulation, i, 0);
    programs_start(simulation->programs);
    virtual_cluster_start(simulation->cluster);
    provider_start(simulation->provider);
    script_start(simulation->script);
}

/* Up to `until` in slices of the queue, so that a stop is seen soon. */
static bool run_slice(struct simulation *simulation, time_ns until,
                      const volatile sig_atomic_t *stop)
{
    for (uint64_t count = 0; sim_queue_run_one(simulation->queue, until); count++)
        if (count % STOP_CHECK_EVENTS == 0 && stop && *stop)
            return false;
    return !(stop && *stop);
}

bool simulation_run(struct simulation *simulation, time_ns until, const volatile sig_atomic_t *stop,
                    void (*progress)(void *context, time_ns now), void *progress_context)
{
    time_ns end = simulation->scenario->duration < until ? simulation->scenario->duration : until;
    time_ns step = end / PROGRESS_STEPS > 0 ? end / PROGRESS_STEPS : 1;
    simulation_start(simulation);
    for (time_ns at = step;; at = time_add(at, step)) {
        bool last = at >= end;
        if (!run_slice(simulation, last ? end : at, stop))
            return false;
        if (progress)
            progress(progress_context, last ? end : at);
        if (last)
            break;
    }
    /* The last sample is the end's, whether or not the step divides the duration. */
    time_ns now = sim_queue_now(simulation->queue);
    if (now % simulation->scenario->sample != 0)
        for (VEC_EACH(const struct watcher, watcher, &simulation->watchers))
            if (watcher->sample)
                watcher->sample(watcher->context, now);
    return true;
}

bool simulation_run_events(struct simulation *simulation, uint64_t count)
{
    while (count > 0 && sim_queue_run_one(simulation->queue, simulation->scenario->duration))
        count--;
    return count == 0;
}

time_ns simulation_now(const struct simulation *simulation)
{
    return sim_queue_now(simulation->queue);
}

uint64_t simulation_event_count(const struct simulation *simulation)
{
    return sim_queue_run_count(simulation->queue);
}

const struct scenario *simulation_scenario(const struct simulation *simulation)
{
    return simulation->scenario;
}

struct virtual_cluster *simulation_cluster(struct simulation *simulation)
{
    return simulation->cluster;
}

struct model *simulation_model(struct simulation *simulation)
{
    struct model *model = plane_model(&simulation->plane);
    CHECK(model);
    return model;
}

const struct plane *simulation_plane(const struct simulation *simulation)
{
    return &simulation->plane;
}

struct script_outcome simulation_outcome(const struct simulation *simulation, size_t event)
{
    return script_outcome(simulation->script, event);
}

bool simulation_program_code(const struct simulation *simulation, size_t program, int *code)
{
    return programs_code(simulation->programs, program, code);
}

const struct node *simulation_job_manager(const struct simulation *simulation)
{
    return virtual_cluster_node(simulation->cluster, (struct node_id){ 0 });
}
