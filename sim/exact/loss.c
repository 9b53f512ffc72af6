/* SPDX-License-Identifier: Apache-2.0
 *
 * What a dead process does to those who read from it: their data connections break, and each
 * reading TaskManager notices after a time of its own (one draw per reader, from the model's
 * stream). Producers towards the dead process do not notice: they wait for credits. A task that
 * sets up its channels later asks wire_loss_awaits.
 */
#include "core/base/hash.h"
#include "sim/exact/parts.h"

static void reader_notices(void *context, uint64_t a, uint64_t b);

struct dead_producer {
    uint32_t job, vertex, subtask;
    struct task_attempt attempt;
};

static uint32_t loss_create(struct exact *exact, uint32_t reader, uint32_t dead)
{
    if (exact->free_losses.count == 0) {
        vec_push(&exact->free_losses, (uint32_t)exact->losses.count);
        vec_push(&exact->losses, (struct exact_loss){ .generation = 1 });
    }
    uint32_t index = exact->free_losses.items[--exact->free_losses.count];
    struct exact_loss *loss = &exact->losses.items[index];
    loss->reader = reader;
    loss->dead = dead;
    return index;
}

/* of_reader: by host, its loss; NONE. */
static void add_reader(struct exact *exact, uint32_t task, uint32_t dead,
                       const struct dead_producer *producer, uint32_t *of_reader, struct rng *rng)
{
    const struct exact_task *t = &exact->tasks.items[task];
    if (t->host == dead || !task_is_up(t) || !t->connected ||
        !same_try(t->attempt, producer->attempt))
        return;
    if (of_reader[t->host] == NONE) {
        of_reader[t->host] = loss_create(exact, t->host, dead);
        time_ns length = distribution_draw(&exact->scenario->cluster.timing.connection_loss, rng);
        exact_push(exact, time_add(exact_now(exact), length), reader_notices, of_reader[t->host],
                   exact->losses.items[of_reader[t->host]].generation);
    }
    vec_push(&exact->losses.items[of_reader[t->host]].tasks, task_ref_of(exact, task));
}

static void lose(struct exact *exact, uint32_t dead, const struct dead_producer *producers,
                 size_t count, struct rng rng)
{
    uint32_t *of_reader = mem_create_array(exact->hosts.count, sizeof *of_reader);
    memset(of_reader, 0xff, exact->hosts.count * sizeof *of_reader);
    for (size_t i = 0; i < count; i++) {
        const struct exact_job *job = &exact->jobs[producers[i].job];
        const struct job_graph *graph = job->spec->graph;
        for (VEC_EACH(const uint32_t, e, &graph->vertices.items[producers[i].vertex].outputs)) {
            const struct exact_vertex *to = &job->vertices[graph->edges.items[*e].consumer.n];
            if (to->parallelism == 0)
                continue;
            struct subtask_range range = edge_consumers_of(&job->plan, *e, producers[i].subtask);
            for (uint32_t s = range.first; s <= range.last; s++)
                if (to->current.items[s] != NONE)
                    add_reader(exact, to->current.items[s], dead, &producers[i], of_reader, &rng);
        }
    }
    mem_destroy(of_reader);
}

static void note_lost(struct exact *exact, uint32_t host, const struct dead_producer *dead)
{
    struct exact_vertex *vertex = &exact->jobs[dead->job].vertices[dead->vertex];
    vertex->lost.items[dead->subtask] = (struct lost_place){ dead->attempt, host };
}

void wire_loss_of_process(struct exact *exact, uint32_t host)
{
    VEC(struct dead_producer) dead = { 0 };
    for (VEC_EACH(const uint32_t, index, &exact->hosts.items[host].tasks)) {
        const struct exact_task *t = &exact->tasks.items[*index];
        if (!t->current || (!task_is_up(t) && t->phase != PHASE_LINGERING))
            continue;
        vec_push(&dead, (struct dead_producer){ t->job, t->vertex, t->subtask, t->attempt });
        note_lost(exact, host, &vec_last(&dead));
    }
    lose(exact, host, dead.items, dead.count,
         rng_stream(exact->scenario->seed, "model connection loss", host));
    vec_fini(&dead);
}

void wire_loss_of_deployment(struct exact *exact, uint32_t host, uint32_t job,
                             const struct task_deployment *lost, size_t count)
{
    uint64_t key = hash_add(host, (uint64_t)exact_now(exact));
    struct dead_producer *dead = mem_create_array(count, sizeof *dead);
    for (size_t i = 0; i < count; i++) {
        vertex_spread(exact, job, lost[i].vertex.n, lost[i].attempt.graph, lost[i].parallelism);
        dead[i] = (struct dead_producer){ job, lost[i].vertex.n, lost[i].subtask, lost[i].attempt };
        note_lost(exact, host, &dead[i]);
    }
    lose(exact, host, dead, count, rng_stream(exact->scenario->seed, "model lost deployment", key));
    mem_destroy(dead);
}

static void reader_notices(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    struct exact_loss *loss = &exact->losses.items[a];
    if (loss->generation != (uint32_t)b || exact_hold(exact, loss->reader, reader_notices, a, b))
        return;
    for (size_t i = 0; i < exact->losses.items[a].tasks.count; i++) {
        struct exact_ref ref = exact->losses.items[a].tasks.items[i];
        if (task_ref_is_live(exact, ref))
            life_disconnect(exact, ref.index, exact->losses.items[a].dead);
    }
    loss = &exact->losses.items[a];
    loss->generation++;
    vec_clear(&loss->tasks);
    vec_push(&exact->free_losses, (uint32_t)a);
}

/* The host of this producer that keeps the task from its data; NONE. */
typedef uint32_t blames(const struct exact *exact, const struct exact_task *t,
                        const struct exact_vertex *from, uint32_t producer);

static uint32_t blame_lost(const struct exact *exact, const struct exact_task *t,
                           const struct exact_vertex *from, uint32_t producer)
{
    (void)exact;
    if (producer >= from->lost.count || !same_try(from->lost.items[producer].attempt, t->attempt))
        return NONE;
    return from->lost.items[producer].host;
}

static uint32_t blame_unreachable(const struct exact *exact, const struct exact_task *t,
                                  const struct exact_vertex *from, uint32_t producer)
{
    if (producer >= from->current.count || from->current.items[producer] == NONE)
        return NONE;
    uint32_t host = exact->tasks.items[from->current.items[producer]].host;
    return exact_can_talk(exact, t->host, host) ? NONE : host;
}

/* Of those it reads from, in order of edges and subtasks, the first that is to blame. */
static uint32_t first_to_blame(const struct exact *exact, uint32_t index, blames *blame)
{
    const struct exact_task *t = &exact->tasks.items[index];
    const struct exact_job *job = &exact->jobs[t->job];
    const struct job_graph *graph = job->spec->graph;
    if (!t->current)
        return NONE;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[t->vertex].inputs)) {
        const struct exact_vertex *from = &job->vertices[graph->edges.items[*e].producer.n];
        if (from->parallelism == 0)
            continue;
        struct subtask_range range = edge_producers_of(&job->plan, *e, t->subtask);
        for (uint32_t s = range.first; s <= range.last; s++) {
            uint32_t host = blame(exact, t, from, s);
            if (host != NONE)
                return host;
        }
    }
    return NONE;
}

uint32_t wire_loss_awaits(const struct exact *exact, uint32_t index)
{
    return first_to_blame(exact, index, blame_lost);
}

uint32_t wire_loss_out_of_reach(const struct exact *exact, uint32_t index)
{
    return first_to_blame(exact, index, blame_unreachable);
}
