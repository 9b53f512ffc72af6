/* SPDX-License-Identifier: Apache-2.0
 *
 * Mains are resumed by events of their own, never from within what they wait for.
 */
#include "sim/run/programs.h"

#include "core/base/text.h"
#include "sim/program/session.h"

/* Tells a program's requests from the script's and the scenario's own. */
#define TOKEN_OF_PROGRAMS ((uint64_t)1 << 62)

struct run_job {
    enum weir_status status;
    struct note failure;
    bool is_refused; /* by what it was to begin from: nothing that ends it then says more */
    struct job_program *program; /* as main built it in the run */
};

struct run_program {
    struct programs *all;
    const struct program_spec *spec;
    uint32_t place; /* in the scenario, from 1 */
    struct session *session;
};

struct programs {
    const struct scenario *scenario;
    struct virtual_cluster *cluster;
    struct sim_queue *queue;
    const struct plane *plane;
    struct outputs *outputs;
    struct run_program *items;
    struct run_job *jobs; /* by job of the scenario */
};

/* The program's n-th job in the scenario; none: its plan had not so many. */
static struct job_id job_of(const struct run_program *program, uint32_t number)
{
    const struct scenario *scenario = program->all->scenario;
    for (uint32_t j = 0; j < scenario->jobs.count; j++)
        if (scenario->jobs.items[j].main == program->place &&
            scenario->jobs.items[j].number == number)
            return (struct job_id){ j };
    return job_id_none();
}

/* Is it the graph of the plan? Null: yes. Else what is different. */
static const char *difference(const struct job_graph *a, const struct job_graph *b)
{
    if (a->vertices.count != b->vertices.count)
        return "the number of vertices";
    if (a->edges.count != b->edges.count)
        return "the number of edges";
    for (size_t v = 0; v < a->vertices.count; v++) {
        const struct job_vertex *one = &a->vertices.items[v], *other = &b->vertices.items[v];
        if (!text_equal(one->name, other->name) || one->operators.count != other->operators.count)
            return one->name;
        for (size_t o = 0; o < one->operators.count; o++)
            if (one->operators.items[o].id != other->operators.items[o].id)
                return one->operators.items[o].name;
        if (one->parallelism != other->parallelism ||
            one->max_parallelism != other->max_parallelism || one->group.n != other->group.n)
            return one->name;
    }
    for (size_t e = 0; e < a->edges.count; e++) {
        const struct job_edge *one = &a->edges.items[e], *other = &b->edges.items[e];
        if (one->producer.n != other->producer.n || one->consumer.n != other->consumer.n ||
            one->partitioner != other->partitioner)
            return a->vertices.items[one->consumer.n].name;
    }
    return NULL;
}

static MUST_CHECK struct err translate(const struct job_files *files, const struct job_spec *spec,
                                       struct api_job *built, struct job_program **out,
                                       struct note *note)
{
    struct job_graph *graph = job_graph_create(spec->name, spec->graph->id, &spec->graph->config);
    struct err e = job_program_translate(built, graph, out, note);
    bool is_there = !err_is(e);
    const char *different = is_there ? difference(spec->graph, graph) : NULL;
    if (different)
        e = err_note(note, ERR_REFUSED_CODE,
                     "job '%s' is not the one of the plan (%s): main must build the same streams "
                     "each time it is called",
                     spec->name, different);
    else if (is_there)
        e = job_files_give(files, *out, note);
    if (is_there && err_is(e))
        job_program_destroy(*out);
    job_graph_destroy(graph);
    return e;
}

static struct err submit(void *context, uint32_t number, struct api_job *built, struct note *note)
{
    struct run_program *program = context;
    struct programs *all = program->all;
    struct job_id id = job_of(program, number);
    struct job_program *own;
    if (job_id_is_none(id)) {
        struct err e = err_note(note, ERR_REFUSED_CODE,
                                "job '%s' was not in the plan: main executes the same jobs each "
                                "time it is called",
                                built->name);
        api_job_destroy(built);
        return e;
    }
    const struct job_spec *spec = &all->scenario->jobs.items[id.n];
    TRY(translate(&all->scenario->files, spec, built, &own, note));
    all->jobs[id.n] = (struct run_job){ .status = WEIR_JOB_CREATED, .program = own };
    outputs_open(all->outputs, spec->name,
                 spec->former > 0 ? all->scenario->jobs.items[spec->former - 1].name : NULL, own);
    all->plane->class->job_begins(all->plane->self, id, own);
    virtual_cluster_ask(all->cluster, &(struct event_client){ .request = CLIENT_SUBMIT_JOB,
                                                              .token = TOKEN_OF_PROGRAMS | id.n,
                                                              .job = id,
                                                              .graph = spec->graph });
    return OK;
}

static enum weir_status status(void *context, uint32_t number, struct note *failure)
{
    const struct run_program *program = context;
    const struct run_job *job = &program->all->jobs[job_of(program, number).n];
    if (failure)
        *failure = job->failure;
    return job->status;
}

static bool ask(const struct run_program *program, uint32_t number, enum client_request request,
                bool drain)
{
    struct job_id id = job_of(program, number);
    if (program->all->jobs[id.n].status != WEIR_JOB_CREATED &&
        program->all->jobs[id.n].status != WEIR_JOB_RUNNING)
        return false;
    virtual_cluster_ask(
        program->all->cluster,
        &(struct event_client){
            .request = request, .token = TOKEN_OF_PROGRAMS | id.n, .job = id, .drain = drain });
    return true;
}

static bool cancel(void *context, uint32_t number)
{
    return ask(context, number, CLIENT_CANCEL_JOB, false);
}

static bool savepoint(void *context, uint32_t number, bool stop, bool drain)
{
    return ask(context, number, stop ? CLIENT_STOP_WITH_SAVEPOINT : CLIENT_TRIGGER_SAVEPOINT,
               drain);
}

static void resume(void *context, uint64_t unused, uint64_t unused_too)
{
    struct run_program *program = context;
    (void)unused;
    (void)unused_too;
    session_resume(program->session);
}

static void resume_at(struct run_program *program, time_ns at)
{
    sim_queue_push(program->all->queue, at, SIM_CLASS_FAULT, resume, program, 0, 0);
}

static void sleep_for(void *context, int64_t ms)
{
    struct run_program *program = context;
    time_ns now = sim_queue_now(program->all->queue);
    resume_at(program, ms < TIME_NEVER / TIME_MS ? time_add(now, ms * TIME_MS) : TIME_NEVER);
}

static bool collected(void *context, uint32_t number, const char *sink,
                      struct collection_cursor *cursor, const void **bytes, uint32_t *size)
{
    const struct run_program *program = context;
    const struct programs *all = program->all;
    const char *job = all->scenario->jobs.items[job_of(program, number).n].name;
    const struct output *output = outputs_find(all->outputs, job, sink);
    return output && collection_next(&output->written, cursor, bytes, size);
}

struct programs *programs_create(const struct scenario *scenario, struct virtual_cluster *cluster,
                                 struct sim_queue *queue, const struct plane *plane,
                                 struct outputs *outputs)
{
    struct programs *programs = mem_create(sizeof *programs);
    *programs = (struct programs){
        .scenario = scenario, .cluster = cluster, .queue = queue, .plane = plane, .outputs = outputs
    };
    programs->items = mem_create_array(scenario->programs.count, sizeof *programs->items);
    programs->jobs = mem_create_array(scenario->jobs.count, sizeof *programs->jobs);
    for (uint32_t p = 0; p < scenario->programs.count; p++) {
        struct run_program *program = &programs->items[p];
        const struct program_spec *spec = &scenario->programs.items[p];
        struct session_world world = { program,   submit,    status,   cancel,
                                       savepoint, sleep_for, collected };
        *program = (struct run_program){ .all = programs, .spec = spec, .place = p + 1 };
        program->session = session_create(spec->main, (int)spec->arguments.count - 1,
                                          spec->arguments.items, &world);
    }
    return programs;
}

void programs_start(struct programs *programs)
{
    for (uint32_t p = 0; p < programs->scenario->programs.count; p++)
        resume_at(&programs->items[p], programs->scenario->programs.items[p].at);
}

void programs_end(struct programs *programs)
{
    for (uint32_t p = 0; p < programs->scenario->programs.count; p++)
        session_destroy(programs->items[p].session);
}

void programs_destroy(struct programs *programs)
{
    outputs_close(programs->outputs);
    for (uint32_t j = 0; j < programs->scenario->jobs.count; j++)
        job_program_destroy(programs->jobs[j].program);
    mem_destroy(programs->items);
    mem_destroy(programs->jobs);
    mem_destroy(programs);
}

bool programs_code(const struct programs *programs, size_t program, int *code)
{
    return session_code(programs->items[program].session, code);
}

/* Null: the scenario submits the job itself. */
static struct run_program *main_of(struct programs *programs, struct job_id job)
{
    uint32_t place = programs->scenario->jobs.items[job.n].main;
    return place > 0 ? &programs->items[place - 1] : NULL;
}

static bool awaits(const struct programs *programs, const struct run_program *program,
                   struct job_id job, enum session_wait what)
{
    return session_waits(program->session) == what &&
           session_awaited(program->session) == programs->scenario->jobs.items[job.n].number;
}

void programs_on_job_ended(struct programs *programs, struct job_id id, const char *word)
{
    struct run_program *program = main_of(programs, id);
    struct run_job *job = &programs->jobs[id.n];
    if (!program)
        return;
    job->status = text_equal(word, "FINISHED")   ? WEIR_JOB_FINISHED
                  : text_equal(word, "CANCELED") ? WEIR_JOB_CANCELED
                  : text_equal(word, "FAILED")   ? WEIR_JOB_FAILED
                                                 : WEIR_JOB_SUSPENDED;
    if (job->status != WEIR_JOB_FAILED)
        job->failure.text[0] = '\0';
    if (awaits(programs, program, id, SESSION_WAITS_FOR_JOB))
        resume_at(program, sim_queue_now(programs->queue));
}

void programs_on_failure(struct programs *programs, struct job_id id, const char *cause)
{
    struct run_job *job = &programs->jobs[id.n];
    if (main_of(programs, id) && !job->is_refused)
        text_format(job->failure.text, sizeof job->failure.text, "%s", cause);
}

void programs_on_refusal(struct programs *programs, struct job_id id, const char *why)
{
    programs_on_failure(programs, id, why);
    if (main_of(programs, id))
        programs->jobs[id.n].is_refused = true;
}

void programs_on_answer(struct programs *programs, const struct effect_answer *answer)
{
    struct run_program *program =
        answer->token & TOKEN_OF_PROGRAMS ? main_of(programs, answer->job) : NULL;
    struct run_job *job = program ? &programs->jobs[answer->job.n] : NULL;
    if (!program)
        return;
    bool is_savepoint = answer->request == CLIENT_TRIGGER_SAVEPOINT ||
                        answer->request == CLIENT_STOP_WITH_SAVEPOINT;
    if (answer->request == CLIENT_SUBMIT_JOB) {
        job->status = err_is(answer->result) ? WEIR_JOB_REFUSED : WEIR_JOB_RUNNING;
        if (answer->text)
            text_format(job->failure.text, sizeof job->failure.text, "%s", answer->text);
        if (err_is(answer->result) && awaits(programs, program, answer->job, SESSION_WAITS_FOR_JOB))
            resume_at(program, sim_queue_now(programs->queue));
    } else if (is_savepoint &&
               awaits(programs, program, answer->job, SESSION_WAITS_FOR_SAVEPOINT)) {
        session_savepoint_done(program->session, !err_is(answer->result));
        resume_at(program, sim_queue_now(programs->queue));
    }
}
