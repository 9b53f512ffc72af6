/* SPDX-License-Identifier: Apache-2.0
 *
 * The retained checkpoints. In: completed ones, oldest number first. Out: the latest, and the
 * number of the one that each new one pushes out. Never more than retained_max are held.
 */
#include "core/checkpoint/completed_store.h"

#include "core/base/check.h"
#include "core/base/hash.h"

/* Flink bounds the number from below only; the upper bound is for our memory. */
void completed_store_init(struct completed_store *store, size_t retained_max)
{
    CHECK(retained_max > 0);
    if (retained_max > COMPLETED_CHECKPOINTS_MAX)
        retained_max = COMPLETED_CHECKPOINTS_MAX;
    *store = (struct completed_store){ .retained_max = retained_max };
}

/* The spare states stay, for the next checkpoint to use. */
void completed_store_clear(struct completed_store *store)
{
    for (VEC_EACH(struct completed_checkpoint, each, &store->checkpoints)) {
        vec_fini(&each->states);
        vec_fini(&each->vertices);
    }
    vec_clear(&store->checkpoints);
}

void completed_store_fini(struct completed_store *store)
{
    completed_store_clear(store);
    vec_fini(&store->checkpoints);
    vec_fini(&store->spare);
}

static struct vertex_state sum_part(const struct task_states *states, uint32_t first)
{
    struct vertex_state part = { .first = first, .parallelism = states->items[first].parallelism };
    for (uint32_t i = 0; i < part.parallelism; i++) {
        const struct task_state *state = &states->items[first + i];
        part.finished += state->finished;
        part.bytes += state->bytes;
        part.in_flight_bytes += state->in_flight_bytes;
        part.max_parallelism = state->range.last + 1; /* the last one's stays */
    }
    return part;
}

/* Behind all vertices. */
static void add_part(struct completed_checkpoint *checkpoint, uint32_t vertex, uint32_t first)
{
    struct vertex_state part = sum_part(&checkpoint->states, first);
    part.next = checkpoint->vertices.items[vertex].next;
    checkpoint->vertices.items[vertex].next = (uint32_t)checkpoint->vertices.count;
    vec_push(&checkpoint->vertices, part);
}

/* Tasks are numbered vertex by vertex, so each vertex is one stretch of the states, or each of its
 * parts is. */
static void sum_vertices(struct completed_checkpoint *checkpoint)
{
    const struct task_states *states = &checkpoint->states;
    uint32_t at = 0;
    for (; at < states->count; at += states->items[at].parallelism)
        if (states->items[at].vertex.n == checkpoint->vertices.count)
            vec_push(&checkpoint->vertices, sum_part(states, at));
    checkpoint->vertex_count = checkpoint->vertices.count;
    for (at = 0; at < states->count; at += states->items[at].parallelism) {
        uint32_t vertex = states->items[at].vertex.n;
        CHECK(vertex < checkpoint->vertex_count);
        if (checkpoint->vertices.items[vertex].first != at)
            add_part(checkpoint, vertex, at);
    }
}

/* addCheckpointAndSubsumeOldestOne. Ids ascend, because a completed checkpoint aborts all older
 * pending ones. */
uint64_t completed_store_add(struct completed_store *store, struct completed_checkpoint *take)
{
    CHECK(take->id > 0);
    CHECK(store->retained_max > 0);
    const struct completed_checkpoint *latest = completed_store_latest(store);
    CHECK(take->kind == CHECKPOINT_PERIODIC);
    CHECK(latest == NULL || latest->id < take->id);
    sum_vertices(take);
    vec_push(&store->checkpoints, *take);
    *take = (struct completed_checkpoint){ 0 };
    if (store->checkpoints.count <= store->retained_max)
        return 0;
    struct completed_checkpoint *oldest = &store->checkpoints.items[0];
    uint64_t id = oldest->id;
    vec_fini(&store->spare);
    store->spare = oldest->states;
    vec_fini(&oldest->vertices);
    vec_remove_ordered(&store->checkpoints, 0);
    return id;
}

/* Largest id and last completed are the same one, since ids ascend. */
const struct completed_checkpoint *completed_store_latest(const struct completed_store *store)
{
    return store->checkpoints.count ? &vec_last(&store->checkpoints) : NULL;
}

/* States circle: pending, completed, fallen out, pending again. */
struct task_states completed_store_give_states(struct completed_store *store)
{
    struct task_states states = store->spare;
    store->spare = (struct task_states){ 0 };
    return states;
}

/* CheckpointProperties.forCheckpoint: NEVER_RETAIN_AFTER_TERMINATION, RETAIN_ON_CANCELLATION,
 * RETAIN_ON_FAILURE, in the order of the option's choices. */
bool completed_store_discards_at(enum config_choice_RETENTION retention,
                                 enum checkpoint_job_end end)
{
    static const bool discards[RETENTION_COUNT][JOB_END_COUNT] = {
        [RETENTION_NO_EXTERNALIZED] = { true, true, true },
        [RETENTION_RETAIN_ON_CANCELLATION] = { [JOB_END_FINISHED] = true },
        [RETENTION_DELETE_ON_CANCELLATION] = { [JOB_END_FINISHED] = true,
                                               [JOB_END_CANCELED] = true },
    };
    CHECK(retention < RETENTION_COUNT);
    CHECK(end < JOB_END_COUNT);
    return discards[retention][end];
}

/* Ranges follow from subtask and parallelism. */
static uint64_t states_hash(const struct task_states *states, uint64_t hash)
{
    for (VEC_EACH(const struct task_state, state, states)) {
        hash = hash_add(hash, (uint64_t)state->vertex.n << 32 | state->subtask);
        hash = hash_add(hash, (uint64_t)state->parallelism << 1 | state->finished);
        hash = hash_add(hash, (uint64_t)state->bytes);
        hash = hash_add(hash, (uint64_t)state->in_flight_bytes);
    }
    return hash;
}

uint64_t completed_store_hash(const struct completed_store *store, uint64_t hash)
{
    hash = hash_add(hash, store->checkpoints.count);
    for (VEC_EACH(const struct completed_checkpoint, each, &store->checkpoints)) {
        hash = hash_add(hash, each->id);
        hash = hash_add(hash, (uint64_t)each->completed_at);
        hash = states_hash(&each->states, hash);
    }
    return hash;
}
