/* SPDX-License-Identifier: Apache-2.0
 *
 * The dispatcher's requests. In: what clients ask, what the store has made durable, the ends of
 * jobs. Out: JobMasters started and told, answers. Always: every request is answered exactly once,
 * by the dispatcher or, where it takes time, by the JobMaster; a job's id is taken for ever.
 */
#include "core/cluster/dispatcher.h"

#include "core/base/hash.h"
#include "core/schedule/bounds.h"
#include "core/schedule/request_token.h"

/* So many jobs are walked more quickly than looked up. */
enum { FEW = 4 };

/* Effects are shared with the other roles of the process; the seed goes to each JobMaster, whose
 * streams are told apart by the job's id. */
void dispatcher_init(struct dispatcher *dispatcher, uint64_t seed, struct effects *effects,
                     struct role_queue *facts)
{
    *dispatcher = (struct dispatcher){ .effects = effects, .facts = facts, .seed = seed };
}

/* JobMasters of jobs that have ended are among them. */
void dispatcher_fini(struct dispatcher *dispatcher)
{
    for (VEC_EACH(struct dispatcher_job, job, &dispatcher->jobs)) {
        job_master_destroy(job->master);
        vec_fini(&job->update.bounds);
    }
    vec_fini(&dispatcher->jobs);
    index_map_fini(&dispatcher->by_id);
    snapshot_shelf_fini(&dispatcher->shelf);
}

/* Most clusters run one job or a few, and every message asks for one of them. */
uint32_t dispatcher_job_place(const struct dispatcher *dispatcher, struct job_id job)
{
    if (dispatcher->jobs.count > FEW)
        return index_map_get(&dispatcher->by_id, job.n);
    for (uint32_t i = 0; i < dispatcher->jobs.count; i++)
        if (job_id_equal(dispatcher->jobs.items[i].id, job))
            return i;
    return INDEX_NONE;
}

/* Ended jobs are found as well: their ids stay taken. */
static struct dispatcher_job *find(const struct dispatcher *dispatcher, struct job_id job)
{
    uint32_t index = dispatcher_job_place(dispatcher, job);
    return index == INDEX_NONE ? NULL : &dispatcher->jobs.items[index];
}

/* What is late for a job that has ended is for nobody. */
struct job_master *dispatcher_job_master(const struct dispatcher *dispatcher, struct job_id job)
{
    struct dispatcher_job *known = find(dispatcher, job);
    return known && !known->master->ended ? known->master : NULL;
}

/* Every request ends here, now or when what it asked for is done. */
static void answer(struct dispatcher *dispatcher, const struct event_client *request,
                   struct err result, const struct note *note, uint64_t value)
{
    effects_answer(dispatcher->effects,
                   &(struct effect_answer){ .token = request->token,
                                            .request = request->request,
                                            .job = request->job,
                                            .result = result,
                                            .text = err_is(result) ? note->text : NULL,
                                            .value = value });
}

/* A job id is good for one job, for ever: a second submission of the same is a duplicate even when
 * the first has ended (globally terminated). */
static struct err submit(struct dispatcher *dispatcher, const struct event_client *request,
                         struct note *note)
{
    CHECK(request->graph != NULL);
    struct job_id id = request->graph->id;
    if (find(dispatcher, id))
        return err_note(note, ERR_REFUSED_CODE, "job %u has been submitted before", id.n);
    if (dispatcher->jobs.count == JOBS_MAX)
        return err_note(note, ERR_FULL_CODE, "the dispatcher holds %d jobs", JOBS_MAX);
    struct job_master *master;
    TRY(job_master_create(request->graph, dispatcher->seed, &dispatcher->shelf, dispatcher->effects,
                          dispatcher->facts, &master, note));
    index_map_put(&dispatcher->by_id, id.n, (uint32_t)dispatcher->jobs.count);
    vec_push(&dispatcher->jobs,
             (struct dispatcher_job){
                 .id = id, .master = master, .ended_as = JOB_CREATED, .ended_at = TIME_NEVER });
    effects_log(dispatcher->effects, &(struct log_line){ .level = LOG_DECISION,
                                                         .machine = "dispatcher",
                                                         .what = "job submitted",
                                                         .subject = LOG_OF_JOB,
                                                         .job = id,
                                                         .reason = request->graph->name });
    job_master_start(master);
    return OK;
}

/* Checked, then made durable, and only then applied: the order of Dispatcher.updateJobResource-
 * Requirements. The answer comes when it is applied.
 *
 *   PUT ----> checked ---------> stored -----------> handed to the JobMaster ----> answer
 *             refused at once    not stored: an      a scheduler that takes no
 *             (400)              error, and nothing  bounds refuses them here, though
 *                                has changed         they are durable by now
 *   |<-------- another PUT of the same job is a conflict (409) ------------------->|
 */
static struct err begin_update(struct dispatcher *dispatcher, struct dispatcher_job *job,
                               const struct event_client *request, struct note *note)
{
    if (job->update.token)
        return err_note(note, ERR_REFUSED_CODE,
                        "another update of the job's requirements is in progress");
    const struct job_graph *graph = job->master->graph;
    struct parallelism_bounds *checked =
        arena_take(&dispatcher->effects->arena, graph->vertices.count * sizeof *checked);
    TRY(bounds_check(graph, request->bounds, request->bound_count, checked, note));
    job->update.token = request->token;
    vec_clear(&job->update.bounds);
    for (size_t i = 0; i < request->bound_count; i++)
        vec_push(&job->update.bounds, request->bounds[i]);
    effects_store(dispatcher->effects, EFFECT_STORE_WRITE,
                  &(struct effect_store){ .object = STORE_EXECUTION_PLAN,
                                          .job = job->id,
                                          .bytes = (int64_t)(64 * graph->vertices.count),
                                          .token = request_token(job->id, 0) });
    return OK;
}

/* The update is over, one way or the other. */
static void answer_update(struct dispatcher *dispatcher, struct dispatcher_job *job,
                          struct err result, const struct note *note)
{
    struct event_client request = { .request = CLIENT_UPDATE_REQUIREMENTS,
                                    .token = job->update.token,
                                    .job = job->id };
    job->update.token = 0;
    answer(dispatcher, &request, result, note, 0);
}

/* Durable now, or not: only what is durable is applied. */
void dispatcher_on_plan_stored(struct dispatcher *dispatcher, struct job_id id, bool failed)
{
    struct dispatcher_job *job = find(dispatcher, id);
    if (!job || !job->update.token)
        return; /* the job ended meanwhile, and the client has heard of that */
    struct note note = { "" };
    struct err result;
    if (failed)
        result = err_note(&note, ERR_IO_CODE, "the requirements could not be stored");
    else
        result = job_master_require(job->master, job->update.bounds.items, job->update.bounds.count,
                                    &note);
    answer_update(dispatcher, job, result, &note);
}

/* Requests about a job that runs. *later: the answer comes from elsewhere. */
static struct err on_job_request(struct dispatcher *dispatcher, const struct event_client *request,
                                 bool *later, struct note *note)
{
    struct dispatcher_job *job = find(dispatcher, request->job);
    if (!job)
        return err_note(note, ERR_NOT_FOUND_CODE, "the job has not been submitted");
    if (job->master->ended)
        return err_note(note, ERR_REFUSED_CODE, "the job has ended");
    *later = true;
    if (request->request == CLIENT_STOP_WITH_SAVEPOINT)
        return job_master_stop(job->master, request->drain, request->token, note);
    if (request->request == CLIENT_TRIGGER_SAVEPOINT)
        return job_master_savepoint(job->master, CHECKPOINT_SAVEPOINT, request->token, note);
    if (request->request == CLIENT_TRIGGER_CHECKPOINT)
        return job_master_savepoint(job->master, CHECKPOINT_PERIODIC, request->token, note);
    if (request->request == CLIENT_UPDATE_REQUIREMENTS)
        return begin_update(dispatcher, job, request, note);
    CHECK(request->request == CLIENT_CANCEL_JOB);
    *later = false;
    job_master_cancel(job->master);
    return OK;
}

/* Requests about one job go by way of its JobMaster; the others are answered at once. */
void dispatcher_on_client(struct dispatcher *dispatcher, const struct event_client *request)
{
    CHECK(request->request < CLIENT_REQUEST_COUNT);
    struct note note = { "" };
    struct err result = OK;
    uint64_t value = 0;
    bool later = false;
    switch (request->request) {
    case CLIENT_SUBMIT_JOB: result = submit(dispatcher, request, &note); break;
    case CLIENT_LIST_JOBS: value = dispatcher->jobs.count; break;
    case CLIENT_CANCEL_JOB:
    case CLIENT_STOP_WITH_SAVEPOINT:
    case CLIENT_TRIGGER_SAVEPOINT:
    case CLIENT_TRIGGER_CHECKPOINT:
    case CLIENT_UPDATE_REQUIREMENTS:
        result = on_job_request(dispatcher, request, &later, &note);
        break;
    case CLIENT_REQUEST_COUNT: IMPOSSIBLE("client request");
    }
    if (!later || err_is(result))
        answer(dispatcher, request, result, &note, value);
}

/* The JobMaster stays, for those who look; whoever waits for an update hears that it is off. */
void dispatcher_on_job_ended(struct dispatcher *dispatcher, struct job_id id)
{
    struct dispatcher_job *job = find(dispatcher, id);
    CHECK(job != NULL);
    job->ended_as = job->master->scheduler.status;
    job->ended_at = dispatcher->effects->now;
    struct note note = { "" };
    if (job->update.token)
        answer_update(dispatcher, job, err_note(&note, ERR_REFUSED_CODE, "the job has ended"),
                      &note);
    effects_log(dispatcher->effects,
                &(struct log_line){ .level = LOG_DECISION,
                                    .machine = "dispatcher",
                                    .what = "job ended",
                                    .subject = LOG_OF_JOB,
                                    .job = id,
                                    .reason = state_name(&job_statuses, job->ended_as) });
}

/* With all JobMasters, those of ended jobs too: how a job ended is state that clients can ask for.
 */
uint64_t dispatcher_hash(const struct dispatcher *dispatcher)
{
    uint64_t hash = snapshot_shelf_hash(&dispatcher->shelf, hash_mix(dispatcher->jobs.count));
    for (VEC_EACH(const struct dispatcher_job, job, &dispatcher->jobs)) {
        hash = hash_add(hash, (uint64_t)job->id.n << 8 | job->ended_as);
        hash = hash_add(hash, (uint64_t)job->ended_at);
        hash = hash_add(hash, job->update.token);
        for (VEC_EACH(const struct vertex_bounds, bounds, &job->update.bounds)) {
            hash = hash_add(hash, bounds->vertex.n);
            hash = hash_add(hash, (uint64_t)bounds->lower << 32 | (uint32_t)bounds->upper);
        }
        hash = hash_add(hash, job_master_hash(job->master));
    }
    return hash;
}

/* No job is lost from the index, and an ended one owes nothing. */
void dispatcher_check(const struct dispatcher *dispatcher)
{
    CHECK(dispatcher->by_id.count == dispatcher->jobs.count);
    for (size_t i = 0; i < dispatcher->jobs.count; i++) {
        const struct dispatcher_job *job = &dispatcher->jobs.items[i];
        CHECK(index_map_get(&dispatcher->by_id, job->id.n) == i);
        CHECK(job->master->ended == (job->ended_at != TIME_NEVER));
        CHECK(!job->master->ended || job->update.token == 0);
        job_master_check(job->master);
    }
}
