/* SPDX-License-Identifier: Apache-2.0
 *
 * Views that give back what the test has set.
 */
#include "tests/lib/fake_run.h"

#include <string.h>

#include "tests/lib/load_fixture.h"

static struct look_cluster cluster(void *context)
{
    return ((struct fake_run *)context)->cluster;
}

static bool job(void *context, struct job_id id, struct look_job *out)
{
    const struct fake_run *run = context;
    *out = run->jobs[id.n];
    return run->submitted[id.n];
}

static void flow(void *context, struct job_id id, struct model_job_view *out)
{
    *out = ((struct fake_run *)context)->flows[id.n];
    if (out->offered_total == 0)
        out->offered_total = out->served_total + out->backlog - out->replayed_total;
    if (out->backlog_max == 0)
        out->backlog_max = out->backlog;
    out->has_latency = true;
}

static void vertex(void *context, struct job_id id, struct vertex_id v,
                   struct model_vertex_view *out)
{
    *out = ((struct fake_run *)context)->vertices[id.n][v.n];
}

static bool needs(void *context, struct job_id id, struct node_id node)
{
    (void)id;
    return !((struct fake_run *)context)->unneeded[node.n];
}

static time_ns broken_at(void *context, struct job_id id)
{
    time_ns at = ((struct fake_run *)context)->broken_at[id.n];
    return at == 0 ? TIME_NEVER : at;
}

static time_ns whole_at(void *context, struct job_id id)
{
    return ((struct fake_run *)context)->whole_at[id.n];
}

/* A test need not count: what may have changed is looked at each time. */
static uint64_t break_count(void *context)
{
    return ++((struct fake_run *)context)->break_count;
}

static struct process_view process(void *context, struct node_id node)
{
    return ((struct fake_run *)context)->processes[node.n];
}

static bool can_talk(void *context, struct node_id a, struct node_id b)
{
    const struct fake_run *run = context;
    return !run->cut[a.n] && !run->cut[b.n];
}

static struct err conservation(void *context, struct note *note)
{
    const struct fake_run *run = context;
    if (run->broken_books)
        return err_note(note, ERR_INTERNAL_CODE, "%s", run->broken_books);
    return OK;
}

static bool each_exception(void *context, struct job_id id, look_at_exception *at, void *at_context)
{
    const struct fake_run *run = context;
    for (size_t i = 0; id.n == 0 && i < run->exception_count; i++)
        at(at_context, &run->exceptions[i]);
    return id.n == 0 && run->exceptions_dropped;
}

static void each_rescale(void *context, struct job_id id, look_at_rescale *at, void *at_context)
{
    const struct fake_run *run = context;
    for (size_t i = 0; id.n == 0 && i < run->rescale_count; i++)
        at(at_context, &run->rescales[i]);
}

static void each_slot_held(void *context, look_at_slot *at, void *at_context)
{
    const struct fake_run *run = context;
    for (size_t i = 0; i < run->slot_count; i++)
        at(at_context, &run->slots[i]);
}

static void each_task_scheduled(void *context, look_at_task *at, void *at_context)
{
    const struct fake_run *run = context;
    for (size_t i = 0; i < run->scheduled_count; i++)
        at(at_context, &run->scheduled[i]);
}

static void each_task_run(void *context, look_at_task *at, void *at_context)
{
    const struct fake_run *run = context;
    for (size_t i = 0; i < run->run_count; i++)
        at(at_context, &run->run[i]);
}

void fake_run_init(struct fake_run *run, const char *yaml)
{
    static const char *const names[FAKE_PROCESSES] = { "jobmanager", "tm1",  "tm2",  "tm3",
                                                       "tm4",        "tm5",  "tm6",  "tm7",
                                                       "tm8",        "tm9",  "tm10", "tm11",
                                                       "tm12",       "tm13", "tm14", "tm15" };
    memset(run, 0, sizeof *run);
    run->scenario = load_fixture_scenario(yaml);
    run->look = (struct run_look){ .context = run,
                                   .scenario = run->scenario,
                                   .cluster = cluster,
                                   .job = job,
                                   .flow = flow,
                                   .vertex = vertex,
                                   .broken_at = broken_at,
                                   .needs = needs,
                                   .whole_at = whole_at,
                                   .break_count = break_count,
                                   .process = process,
                                   .can_talk = can_talk,
                                   .conservation = conservation,
                                   .each_exception = each_exception,
                                   .each_rescale = each_rescale,
                                   .each_slot_held = each_slot_held,
                                   .each_task_scheduled = each_task_scheduled,
                                   .each_task_run = each_task_run };
    for (int j = 0; j < FAKE_JOBS; j++) {
        run->submitted[j] = true;
        run->jobs[j] = (struct look_job){ .status = "RUNNING",
                                          .scheduler = "Adaptive",
                                          .scheduler_state = "Executing",
                                          .ended_at = TIME_NEVER };
    }
    for (uint32_t i = 0; i < FAKE_PROCESSES; i++)
        run->processes[i] =
            (struct process_view){ .id = { i },
                                   .name = names[i],
                                   .kind = i == 0 ? NODE_JOB_MANAGER : NODE_TASK_MANAGER,
                                   .state = PROCESS_RUNNING,
                                   .ended_at = TIME_NEVER,
                                   .machine = i == 0 ? NULL : &run->scenario->cluster.machine };
}

void fake_run_fini(struct fake_run *run)
{
    scenario_destroy(run->scenario);
}

struct node_id fake_node(uint32_t n)
{
    return (struct node_id){ n };
}

struct log_line fake_move(const char *machine, const char *from, const char *to)
{
    return (struct log_line){ .level = LOG_DECISION,
                              .machine = machine,
                              .what = "move",
                              .from = from,
                              .to = to,
                              .subject = LOG_OF_JOB };
}

struct log_line fake_fact(const char *machine, const char *what)
{
    return (struct log_line){
        .level = LOG_DECISION, .machine = machine, .what = what, .subject = LOG_OF_JOB
    };
}

struct log_line fake_checkpoint(const char *what, uint64_t id, int64_t value)
{
    return (struct log_line){ .level = LOG_DECISION,
                              .machine = "checkpoint",
                              .what = what,
                              .subject = LOG_OF_JOB | LOG_OF_CHECKPOINT | LOG_OF_VALUE,
                              .checkpoint = id,
                              .value = value };
}
