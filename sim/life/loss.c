/* SPDX-License-Identifier: Apache-2.0
 *
 * What a dead process does to those who read from it: their data connections break, and the
 * reading TaskManagers notice, all at the same time (one draw per death). All of their tasks that
 * read from there then fail. Producers towards the dead process do not notice: they wait for room.
 * Readers stand in a heap and only the first one has an event, because the failures it causes
 * usually end all the others. A task that sets up its channels later asks loss_awaits.
 */
#include "sim/life/loss.h"

#include "core/base/hash.h"
#include "sim/cluster/tcp.h"
#include "sim/life/life.h"

/* A frozen reader notices within this of being resumed. */
#define FROZEN_RECHECK (100 * TIME_MS)

/* A subtask whose TaskManager has ended. */
struct lost_producer {
    uint32_t job, vertex, subtask, host;
    struct task_attempt attempt;
};

static void reader_notices(void *context, uint64_t a, uint64_t b);

static bool is_earlier(const struct loss_reader *a, const struct loss_reader *b)
{
    return a->at != b->at ? a->at < b->at : a->host < b->host;
}

static void sift_down(struct loss *loss, size_t i)
{
    struct loss_reader *heap = loss->readers.items;
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < loss->readers.count; child++)
            if (is_earlier(&heap[child], &heap[least]))
                least = child;
        if (least == i)
            return;
        struct loss_reader moved = heap[i];
        heap[i] = heap[least];
        heap[least] = moved;
        i = least;
    }
}

static uint32_t loss_create(struct life *life)
{
    for (uint32_t i = 0; i < life->losses.count; i++)
        if (!life->losses.items[i].used)
            return i;
    vec_push(&life->losses, (struct loss){ 0 });
    return (uint32_t)life->losses.count - 1;
}

static void loss_release(struct loss *loss)
{
    loss->used = false;
    loss->generation++;
    vec_clear(&loss->readers);
    vec_clear(&loss->tasks);
    vec_clear(&loss->next);
}

/* Puts one reading task under its host; `reader_of` by host: place in readers, or NONE. */
static void add_reader(struct life *life, struct loss *loss, uint32_t task,
                       const struct lost_producer *dead, uint32_t *reader_of)
{
    const struct life_task *t = life_task(life, task);
    if (t->host == dead->host || !task_is_up(t) || !t->connected ||
        !task_same_try(t->attempt, dead->attempt))
        return;
    if (reader_of[t->host] == NONE) {
        reader_of[t->host] = (uint32_t)loss->readers.count;
        vec_push(&loss->readers, (struct loss_reader){ .host = t->host, .first_task = NONE });
    }
    struct loss_reader *reader = &loss->readers.items[reader_of[t->host]];
    vec_push(&loss->tasks, task_ref_of(life, task));
    vec_push(&loss->next, reader->first_task);
    reader->first_task = (uint32_t)loss->tasks.count - 1;
}

/* Readers of what one subtask sends. An all-to-all edge has the same ones for all subtasks: once
 * per vertex is enough. */
static void add_readers_of(struct life *life, struct loss *loss, const struct lost_producer *dead,
                           bool *seen_edges, uint32_t *reader_of)
{
    struct life_job *job = &life->jobs[dead->job];
    const struct job_vertex *vertex = &job->spec->graph->vertices.items[dead->vertex];
    for (VEC_EACH(const uint32_t, e, &vertex->outputs)) {
        const struct job_edge *edge = &job->spec->graph->edges.items[*e];
        const struct life_vertex *reader = life_vertex(life, dead->job, edge->consumer.n);
        uint32_t parallelism = life_parallelism(life, dead->job, edge->consumer.n);
        bool to_all = edge->pattern == DISTRIBUTION_ALL_TO_ALL;
        if (parallelism == 0 || (to_all && seen_edges[*e]))
            continue;
        seen_edges[*e] = true;
        struct subtask_range range = { 0, parallelism - 1 };
        if (!to_all)
            range = edge_consumers_of(job->plan, *e, dead->subtask);
        for (uint32_t s = range.first; s <= range.last; s++)
            if (reader->current.items[s] != NONE)
                add_reader(life, loss, reader->current.items[s], dead, reader_of);
    }
}

/* The connections of a process break together, when its system has torn it down. Were each reader
 * to draw, the first of many would be early, and its job's first cancel would hang, because the RPC
 * layer takes the dead TaskManager for alive, the more often the more TaskManagers there are. Who
 * finds nobody there tries for itself. */
static void draw_times(struct life *life, struct loss *loss, bool break_together, struct rng rng)
{
    const struct distribution *length = &life->scenario->cluster.timing.connection_loss;
    time_ns at = 0;
    for (size_t i = 0; i < loss->readers.count; i++) {
        if (i == 0 || !break_together)
            at = time_add(life_now(life), distribution_draw(length, &rng));
        loss->readers.items[i].at = at;
    }
    for (size_t i = loss->readers.count / 2; i-- > 0;)
        sift_down(loss, i);
}

/* The event of the first reader that still has tasks; none left: the loss is over. */
static void wait_for_first(struct life *life, uint32_t index)
{
    struct loss *loss = &life->losses.items[index];
    while (loss->readers.count > 0) {
        bool live = false;
        for (uint32_t t = loss->readers.items[0].first_task; t != NONE && !live;
             t = loss->next.items[t])
            live = task_ref_is_live(life, loss->tasks.items[t]) &&
                   task_is_up(life_task(life, loss->tasks.items[t].index));
        if (live) {
            sim_queue_push(life->queue, loss->readers.items[0].at, SIM_CLASS_DATA, reader_notices,
                           life, index, loss->generation);
            return;
        }
        loss->readers.items[0] = vec_last(&loss->readers);
        loss->readers.count--;
        sift_down(loss, 0);
    }
    loss_release(loss);
}

/* Who reads from these, and when each of them notices. */
static void lose(struct life *life, const struct lost_producer *dead, size_t count,
                 bool break_together, struct rng rng)
{
    uint32_t index = loss_create(life), job = NONE;
    life->losses.items[index].host = dead[0].host;
    struct loss *loss = &life->losses.items[index];
    uint32_t *reader_of = mem_create_array(life->hosts.count, sizeof *reader_of);
    bool *seen_edges = mem_create_array(JOB_EDGES_MAX, sizeof *seen_edges);
    memset(reader_of, 0xff, life->hosts.count * sizeof *reader_of);
    loss->used = true;
    loss->began = life_now(life);
    for (size_t i = 0; i < count; i++) {
        if (dead[i].job != job)
            memset(seen_edges, 0, JOB_EDGES_MAX * sizeof *seen_edges);
        job = dead[i].job;
        add_readers_of(life, loss, &dead[i], seen_edges, reader_of);
    }
    mem_destroy(reader_of);
    mem_destroy(seen_edges);
    draw_times(life, loss, break_together, rng);
    wait_for_first(life, index);
}

static void note_lost(struct life *life, const struct lost_producer *dead)
{
    struct life_vertex *vertex = life_vertex(life, dead->job, dead->vertex);
    struct lost_places *lost = &vertex->lost;
    uint32_t parallelism = life_parallelism(life, dead->job, dead->vertex);
    const struct lost_place none = { { .graph = UINT32_MAX }, NONE };
    while (lost->by_subtask.count < parallelism)
        vec_push(&lost->by_subtask, none);
    loss_forget(lost, dead->subtask);
    lost->by_subtask.items[dead->subtask] = (struct lost_place){ dead->attempt, dead->host };
    if (lost->newest_count == 0 || !task_same_try(lost->newest, dead->attempt)) {
        lost->newest = dead->attempt;
        lost->newest_count = 0;
        lost->newest_first = dead->subtask;
    }
    lost->newest_count++;
    if (dead->subtask < lost->newest_first)
        lost->newest_first = dead->subtask;
}

void loss_forget(struct lost_places *lost, uint32_t subtask)
{
    if (subtask >= lost->by_subtask.count)
        return;
    struct task_attempt *attempt = &lost->by_subtask.items[subtask].attempt;
    if (lost->newest_count > 0 && task_same_try(*attempt, lost->newest))
        lost->newest_count--;
    attempt->graph = UINT32_MAX;
    if (lost->newest_count == 0 || subtask != lost->newest_first)
        return;
    while (!task_same_try(lost->by_subtask.items[lost->newest_first].attempt, lost->newest))
        lost->newest_first++; /* to the right only, so linear over all of them */
}

void loss_of_process(struct life *life, uint32_t host)
{
    const struct life_host *h = life_host(life, host);
    VEC(struct lost_producer) dead = { 0 };
    for (uint32_t j = 0; j < life->job_count; j++)
        for (VEC_EACH(const uint32_t, index, &h->tasks)) {
            const struct life_task *t = life_task(life, *index);
            if (t->job != j || !t->current || (!task_is_up(t) && t->phase != TASK_LINGERING))
                continue;
            vec_push(&dead, (struct lost_producer){ j, t->vertex, t->subtask, host, t->attempt });
            note_lost(life, &vec_last(&dead));
        }
    if (dead.count > 0)
        lose(life, dead.items, dead.count, true,
             rng_stream(life->scenario->seed, "model connection loss", host));
    vec_fini(&dead);
}

bool loss_is_missed(const struct life *life, uint32_t host, uint32_t job)
{
    if (host >= life->hosts.count)
        return false; /* nothing ever ran there */
    for (VEC_EACH(const uint32_t, index, &life_host(life, host)->tasks)) {
        const struct life_task *task = life_task(life, *index);
        if (task->job == job && task->current && (task_works(task) || task_is_leaving(task)))
            return true;
    }
    return false;
}

void loss_of_deployment(struct life *life, uint32_t host, uint32_t job,
                        const struct task_deployment *lost)
{
    note_lost(life,
              &(struct lost_producer){ job, lost->vertex.n, lost->subtask, host, lost->attempt });
}

void loss_notify(struct life *life, uint32_t host, uint32_t job, const struct task_deployment *lost,
                 size_t count)
{
    uint64_t key = hash_add(host, (uint64_t)life_now(life));
    struct lost_producer *dead = mem_create_array(count, sizeof *dead);
    for (size_t i = 0; i < count; i++)
        dead[i] =
            (struct lost_producer){ job, lost[i].vertex.n, lost[i].subtask, host, lost[i].attempt };
    lose(life, dead, count, false, rng_stream(life->scenario->seed, "model lost deployment", key));
    mem_destroy(dead);
}

uint32_t loss_awaits(const struct life *life, uint32_t task)
{
    const struct life_task *t = life_task(life, task);
    const struct life_job *job = &life->jobs[t->job];
    const struct job_graph *graph = job->spec->graph;
    for (size_t i = 0; t->current && i < graph->vertices.items[t->vertex].inputs.count; i++) {
        uint32_t e = graph->vertices.items[t->vertex].inputs.items[i];
        const struct job_edge *edge = &graph->edges.items[e];
        const struct lost_places *lost = &life_vertex(life, t->job, edge->producer.n)->lost;
        if (lost->newest_count == 0)
            continue;
        if (edge->pattern == DISTRIBUTION_ALL_TO_ALL) {
            if (task_same_try(lost->newest, t->attempt))
                return lost->by_subtask.items[lost->newest_first].host;
            continue;
        }
        struct subtask_range range = edge_producers_of(job->plan, e, t->subtask);
        for (uint32_t s = range.first; s <= range.last && s < lost->by_subtask.count; s++)
            if (task_same_try(lost->by_subtask.items[s].attempt, t->attempt))
                return lost->by_subtask.items[s].host;
    }
    return NONE;
}

bool loss_reads_from(const struct life *life, const struct life_task *reader,
                     const struct life_task *producer)
{
    const struct life_job *job = &life->jobs[reader->job];
    const struct job_graph *graph = job->spec->graph;
    if (producer->job != reader->job || !producer->current || !reader->current)
        return false;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[reader->vertex].inputs)) {
        if (graph->edges.items[*e].producer.n != producer->vertex)
            continue;
        if (graph->edges.items[*e].pattern == DISTRIBUTION_ALL_TO_ALL)
            return true;
        struct subtask_range range = edge_producers_of(job->plan, *e, reader->subtask);
        if (range.first <= producer->subtask && producer->subtask <= range.last)
            return true;
    }
    return false;
}

void loss_count_place(struct life *life, uint32_t task, int by)
{
    const struct life_task *t = life_task(life, task);
    struct life_vertex *vertex = life_vertex(life, t->job, t->vertex);
    if (!t->current)
        return;
    CHECK(by > 0 || vertex->placed > 0);
    vertex->placed += (uint32_t)by;
    if (life_host(life, t->host)->cut_off)
        vertex->cut_off += (uint32_t)by;
    CHECK(vertex->cut_off <= vertex->placed);
}

/* The host of the vertex's first subtask that is not here: behind at most as many as are. */
static uint32_t find_elsewhere(const struct life *life, const struct life_vertex *vertex,
                               uint32_t host)
{
    for (VEC_EACH(const uint32_t, index, &vertex->current))
        if (*index != NONE && life_task(life, *index)->host != host)
            return life_task(life, *index)->host;
    return NONE;
}

/* The host of a subtask that is cut off. All readers of a vertex look for the same one, and start
 * where the last of them found it. */
static uint32_t find_cut_off(const struct life *life, struct life_vertex *vertex)
{
    uint32_t count = (uint32_t)vertex->current.count;
    for (uint32_t i = 0; i < count && vertex->cut_off > 0; i++) {
        uint32_t s = (vertex->cut_off_found + i) % count, index = vertex->current.items[s];
        if (index == NONE || !life_host(life, life_task(life, index)->host)->cut_off)
            continue;
        vertex->cut_off_found = s;
        return life_task(life, index)->host;
    }
    CHECK(vertex->cut_off == 0);
    return NONE;
}

/* A reader whose host's own links are looked at. */
struct connecting {
    const struct life *life;
    const struct life_task *reader;
    uint32_t remote; /* of the producers beyond the cuts, the host of the lowest number; NONE */
};

static void meet_cut(void *visitor, struct node_id peer)
{
    struct connecting *connecting = visitor;
    const struct life *life = connecting->life;
    if (peer.n >= life->hosts.count)
        return; /* nothing ever ran there */
    for (VEC_EACH(const uint32_t, index, &life_host(life, peer.n)->tasks))
        if (peer.n < connecting->remote &&
            loss_reads_from(life, connecting->reader, life_task(life, *index)))
            connecting->remote = peer.n;
}

/* One subtask of the producing vertex, over a pointwise edge. */
static uint32_t find_cut_producer(const struct life *life, const struct life_task *reader,
                                  const struct life_job *job, uint32_t e)
{
    uint32_t producer = job->spec->graph->edges.items[e].producer.n;
    const struct life_vertex *from = life_vertex(life, reader->job, producer);
    if (life_parallelism(life, reader->job, producer) == 0)
        return NONE; /* nobody was ever there */
    struct subtask_range range = edge_producers_of(job->plan, e, reader->subtask);
    for (uint32_t s = range.first; s <= range.last; s++)
        if (from->current.items[s] != NONE &&
            !life_can_talk(life, reader->host, life_task(life, from->current.items[s])->host))
            return life_task(life, from->current.items[s])->host;
    return NONE;
}

/* Hosts that are cut off are counted by vertex, links cut by name are few. */
uint32_t loss_out_of_reach(struct life *life, uint32_t task)
{
    const struct life_task *t = life_task(life, task);
    const struct life_job *job = &life->jobs[t->job];
    const struct life_host *here = life_host(life, t->host);
    const struct job_graph *graph = job->spec->graph;
    struct connecting connecting = { life, t, NONE };
    if (life->suspects == 0 || !t->current)
        return NONE;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[t->vertex].inputs)) {
        const struct job_edge *edge = &graph->edges.items[*e];
        struct life_vertex *from = life_vertex(life, t->job, edge->producer.n);
        uint32_t remote;
        if (edge->pattern != DISTRIBUTION_ALL_TO_ALL)
            remote = find_cut_producer(life, t, job, *e);
        else if (here->cut_off)
            remote = find_elsewhere(life, from, t->host);
        else
            remote = find_cut_off(life, from);
        if (remote != NONE)
            return remote;
    }
    if (here->suspect && !here->cut_off && life->world.each_cut)
        life->world.each_cut(life->world.context, (struct node_id){ t->host }, meet_cut,
                             &connecting);
    return connecting.remote;
}

/* Those of the host that read from the peer. */
static void disconnect_readers(struct life *life, uint32_t host, uint32_t peer)
{
    for (size_t i = 0; i < life_host(life, host)->tasks.count; i++) {
        uint32_t reader = life_host(life, host)->tasks.items[i];
        bool reads = false;
        for (VEC_EACH(const uint32_t, producer, &life_host(life, peer)->tasks))
            reads |= loss_reads_from(life, life_task(life, reader), life_task(life, *producer));
        if (reads && life_task(life, reader)->connected)
            task_disconnect(life, reader, peer);
    }
}

void loss_of_connections(struct life *life, uint32_t a, uint32_t b)
{
    uint32_t first = b == NONE ? 0 : b;
    uint32_t end = b == NONE ? (uint32_t)life->hosts.count : b + 1;
    for (uint32_t peer = first; peer < end; peer++) {
        if (peer == a)
            continue;
        disconnect_readers(life, a, peer);
        disconnect_readers(life, peer, a);
    }
}

/* The marks of an ended host are gone, the network's are not. */
bool loss_is_heard(const struct life *life, uint32_t host, uint32_t ended)
{
    return !life->world.can_talk ||
           life->world.can_talk(life->world.context, (struct node_id){ host },
                                (struct node_id){ ended });
}

/* When a reader that cannot notice yet looks again; TIME_NEVER: it notices. What was lost is sent
 * again until it is given up. */
static time_ns next_look(const struct life *life, const struct loss *loss, uint32_t reader)
{
    time_ns now = life_now(life);
    if (life_host(life, reader)->frozen)
        return now + FROZEN_RECHECK;
    return loss_is_heard(life, reader, loss->host) ? TIME_NEVER
                                                   : tcp_retry_at(loss->began, now + 1);
}

static void reader_notices(void *context, uint64_t a, uint64_t b)
{
    struct life *life = context;
    uint32_t index = (uint32_t)a;
    struct loss *loss = &life->losses.items[index];
    if (loss->generation != (uint32_t)b)
        return;
    struct loss_reader reader = loss->readers.items[0];
    time_ns again = next_look(life, loss, reader.host);
    if (again != TIME_NEVER) { /* others must not wait for it */
        loss->readers.items[0].at = again;
        sift_down(loss, 0);
        wait_for_first(life, index);
        return;
    }
    for (uint32_t t = reader.first_task; t != NONE; t = life->losses.items[index].next.items[t]) {
        struct task_ref ref = life->losses.items[index].tasks.items[t];
        if (task_ref_is_live(life, ref))
            task_disconnect(life, ref.index, life->losses.items[index].host);
    }
    wait_for_first(life, index);
}
