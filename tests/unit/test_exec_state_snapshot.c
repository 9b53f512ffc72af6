/* SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots of tables that go on changing, by random stories: several under way, full ones and
 * increments, confirmed, aborted or forgotten, each restored at another parallelism and held
 * against the array as it was when the snapshot began.
 */
#include <check.h>
#include <signal.h>

#include "core/base/alloc.h"
#include "tests/lib/state_oracle.h"

enum { TAKEN_MOST = 64, STEPS = 1500 };

enum fate { FATE_UNDER_WAY, FATE_WRITTEN, FATE_CONFIRMED, FATE_ABORTED };

/* A checkpoint of the job. */
struct taken {
    enum fate fate;
    uint64_t id, base;
    int32_t parallelism;
    struct oracle oracle; /* as it was */
    struct state_snapshot *snapshots[ORACLE_TABLES_MOST];
    struct snapshot_bytes files[ORACLE_TABLES_MOST];
};

struct story {
    int shape;
    int32_t max_parallelism;
    struct oracle_job job;
    struct taken taken[TAKEN_MOST];
    uint32_t taken_count;
    uint64_t next_id;
};

static const struct snapshot_identity identity = {
    .job = 7, .operator_uid = { 1, 2 }, .key = { 3, 1 }, .value = { 4, 1 }, .name = "count"
};

static void begin(struct story *story, struct rng *rng)
{
    if (story->taken_count == TAKEN_MOST)
        return;
    struct taken *taken = &story->taken[story->taken_count++];
    bool incremental = rng_below(rng, 4) != 0;
    story->next_id += 1 + rng_below(rng, 3);
    *taken = (struct taken){ .id = story->next_id,
                             .parallelism = story->job.parallelism,
                             .oracle = story->job.oracle };
    for (int32_t i = 0; i < taken->parallelism; i++) {
        taken->snapshots[i] =
            state_snapshot_begin(story->job.tables[i], &identity, taken->id, incremental);
        taken->base = state_snapshot_base(taken->snapshots[i]);
    }
}

static void write_some(struct taken *taken, size_t budget)
{
    bool more = false;
    for (int32_t i = 0; i < taken->parallelism; i++) {
        if (!taken->snapshots[i])
            continue;
        if (state_snapshot_write(taken->snapshots[i], &taken->files[i], budget)) {
            more = true;
        } else {
            state_snapshot_end(taken->snapshots[i]);
            taken->snapshots[i] = NULL;
        }
    }
    if (!more)
        taken->fate = FATE_WRITTEN;
}

static const struct taken *find_taken(const struct story *story, uint64_t id)
{
    for (uint32_t i = 0; i < story->taken_count; i++)
        if (story->taken[i].id == id)
            return &story->taken[i];
    ck_abort_msg("no snapshot %llu", (unsigned long long)id);
}

/* The base first. */
static void add_chain(const struct story *story, const struct taken *taken,
                      struct state_restore *restore)
{
    struct note note;
    if (taken->base != 0) {
        ck_assert_int_eq(find_taken(story, taken->base)->fate, FATE_CONFIRMED);
        add_chain(story, find_taken(story, taken->base), restore);
    }
    for (int32_t i = taken->parallelism; i-- > 0;)
        ck_assert_msg(!err_is(state_restore_add(restore, taken->files[i].items,
                                                taken->files[i].count, &note)),
                      "%s", note.text);
}

/* A job of this parallelism from the snapshot, checked. */
static void restore_into(const struct story *story, const struct taken *taken,
                         struct oracle_job *job, int32_t parallelism, bool is_base)
{
    struct note note;
    oracle_job_init(job, story->shape, story->max_parallelism, parallelism);
    job->oracle = taken->oracle;
    for (int32_t i = 0; i < parallelism; i++) {
        struct state_restore *restore = state_restore_begin(job->tables[i], &identity);
        add_chain(story, taken, restore);
        ck_assert(!err_is(state_restore_finish(restore, is_base, &note)));
    }
    oracle_job_check(job);
}

static int32_t draw_parallelism(const struct story *story, struct rng *rng)
{
    int32_t most =
        story->max_parallelism < ORACLE_TABLES_MOST ? story->max_parallelism : ORACLE_TABLES_MOST;
    return 1 + (int32_t)rng_below(rng, (uint64_t)most);
}

static void settle(struct story *story, struct taken *taken, struct rng *rng)
{
    struct oracle_job other;
    restore_into(story, taken, &other, draw_parallelism(story, rng), false);
    oracle_job_fini(&other);
    uint64_t draw = rng_below(rng, 4);
    if (draw == 0)
        return; /* nobody ever says what became of it */
    taken->fate = draw == 1 ? FATE_ABORTED : FATE_CONFIRMED;
    for (int32_t i = 0; i < taken->parallelism; i++) {
        if (draw == 1)
            state_table_abort(story->job.tables[i], taken->id);
        else if (err_is(state_table_confirm(story->job.tables[i], taken->id)))
            taken->fate = FATE_ABORTED; /* a newer one was confirmed before */
    }
}

/* Ends what is under way, as a failure of the job does. */
static void give_up(struct story *story)
{
    for (uint32_t i = 0; i < story->taken_count; i++)
        for (int32_t s = 0; s < ORACLE_TABLES_MOST; s++)
            if (story->taken[i].snapshots[s]) {
                state_snapshot_end(story->taken[i].snapshots[s]);
                story->taken[i].snapshots[s] = NULL;
                story->taken[i].fate = FATE_ABORTED;
            }
}

/* The job goes on from one of its confirmed snapshots, at another parallelism. */
static void start_again(struct story *story, struct rng *rng)
{
    const struct taken *from = NULL;
    for (uint32_t i = 0; i < story->taken_count; i++)
        if (story->taken[i].fate == FATE_CONFIRMED)
            from = &story->taken[i];
    if (!from)
        return;
    give_up(story);
    struct oracle_job job;
    restore_into(story, from, &job, draw_parallelism(story, rng), rng_below(rng, 2) == 0);
    oracle_job_fini(&story->job);
    story->job = job;
}

static void story_step(struct story *story, struct rng *rng)
{
    uint64_t draw = rng_below(rng, 200);
    if (draw < 8)
        begin(story, rng);
    else if (draw == 8)
        start_again(story, rng);
    for (uint32_t i = 0; i < story->taken_count; i++) {
        struct taken *taken = &story->taken[i];
        if (taken->fate == FATE_UNDER_WAY && rng_below(rng, 10) == 0)
            write_some(taken, 1 + (size_t)rng_below(rng, 4000));
        if (taken->fate == FATE_WRITTEN && taken->parallelism == story->job.parallelism &&
            i + 4 > story->taken_count && rng_below(rng, 10) == 0)
            settle(story, taken, rng);
    }
    oracle_job_step(&story->job, rng);
}

static const int32_t max_parallelisms[] = { 1, 6, 128 };

enum { MAX_PARALLELISMS = sizeof max_parallelisms / sizeof *max_parallelisms };

START_TEST(snapshots_hold_what_was_there_when_they_began)
{
    struct rng rng = rng_stream(5, "snapshots", (uint64_t)_i);
    struct story *story = mem_create(sizeof *story);
    story->shape = _i % ORACLE_SHAPES;
    story->max_parallelism = max_parallelisms[_i / ORACLE_SHAPES % MAX_PARALLELISMS];
    oracle_job_init(&story->job, story->shape, story->max_parallelism,
                    draw_parallelism(story, &rng));
    for (int step = 0; step < STEPS; step++) {
        story_step(story, &rng);
        if (step % 50 == 0)
            oracle_job_check(&story->job);
    }
    ck_assert_uint_gt(story->taken_count, 20);
    give_up(story);
    oracle_job_check(&story->job);
    oracle_job_fini(&story->job);
    for (uint32_t i = 0; i < story->taken_count; i++)
        for (int32_t s = 0; s < ORACLE_TABLES_MOST; s++)
            snapshot_bytes_fini(&story->taken[i].files[s]);
    mem_destroy(story);
}
END_TEST

Suite *test_exec_state_snapshot_suite(void);
Suite *test_exec_state_snapshot_suite(void)
{
    Suite *suite = suite_create("exec_state_snapshot");
    TCase *tcase = tcase_create("stories");
    tcase_add_loop_test(tcase, snapshots_hold_what_was_there_when_they_began, 0,
                        2 * ORACLE_SHAPES * MAX_PARALLELISMS);
    suite_add_tcase(suite, tcase);
    return suite;
}
