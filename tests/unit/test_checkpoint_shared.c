/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that checkpoints share: the registry against brute force, with random chains over several
 * subtasks and several checkpoints retained; and when the coordinator orders that they go.
 */
#include <check.h>

#include "core/base/rng.h"
#include "tests/lib/checkpoints.h"

enum { WIDTH = 4, ROUNDS = 300, CHAIN_MOST = 5, RETAINED_MOST = 3 };

/* Which files each checkpoint names: by number of the checkpoint, and of the one named. */
static bool names[ROUNDS + 1][ROUNDS + 1][WIDTH];
static bool is_there[ROUNDS + 1][WIDTH];

static void take(struct shared_state_registry *registry, struct rng *rng, uint64_t id)
{
    for (uint32_t s = 0; s < WIDTH; s++) {
        uint64_t first = id - rng_below(rng, id < CHAIN_MOST ? id : CHAIN_MOST);
        for (uint64_t of = first; of <= id; of++) {
            if (of < id && !is_there[of][s])
                continue;
            names[id][of][s] = is_there[of][s] = true;
            shared_state_use(registry, &(struct shared_state_file){ { 3 }, of, s }, id);
        }
    }
}

static bool is_needed(uint64_t lowest, uint64_t newest, uint64_t of, uint32_t s)
{
    for (uint64_t id = lowest; id <= newest; id++)
        if (names[id][of][s])
            return true;
    return false;
}

START_TEST(a_file_goes_with_the_last_checkpoint_that_names_it)
{
    struct rng rng = rng_stream(3, "shared", (uint64_t)_i);
    struct shared_state_registry registry = { 0 };
    uint64_t retained = 1 + (uint64_t)_i % RETAINED_MOST, gone = 0;
    struct shared_state_files files = { 0 };
    for (uint64_t id = 1; id <= ROUNDS; id++) {
        uint64_t lowest = id > retained ? id - retained + 1 : 1;
        take(&registry, &rng, id);
        vec_clear(&files);
        shared_state_release(&registry, lowest, &files);
        for (VEC_EACH(const struct shared_state_file, file, &files)) {
            ck_assert_uint_eq(file->vertex.n, 3);
            ck_assert(is_there[file->checkpoint][file->subtask]);
            is_there[file->checkpoint][file->subtask] = false;
            gone++;
        }
        for (uint64_t of = 1; of <= id; of++)
            for (uint32_t s = 0; s < WIDTH; s++)
                ck_assert(is_there[of][s] == is_needed(lowest, id, of, s));
    }
    vec_clear(&files);
    shared_state_release(&registry, UINT64_MAX, &files);
    ck_assert_uint_eq(gone + files.count, ROUNDS * WIDTH);
    ck_assert_uint_eq(registry.entries.count, 0);
    vec_fini(&files);
    shared_state_fini(&registry);
}
END_TEST

static struct checkpoint_fixture f;
static const struct task_id count = { 1 };

static void begin(const char *retention)
{
    const char *const keys[] = { "execution.checkpointing.interval",
                                 "1h",
                                 "execution.checkpointing.max-concurrent-checkpoints",
                                 "3",
                                 "execution.checkpointing.externalized-checkpoint-retention",
                                 retention,
                                 NULL };
    checkpoint_fixture_init(&f, 1, keys);
    f.silent = UINT64_MAX;
}

static void trigger(void)
{
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 0);
    checkpoint_fixture_advance_to(&f, f.effects.now + TIME_MS);
}

static void name(uint64_t checkpoint, struct task_id task, uint64_t of)
{
    checkpoint_coordinator_on_shared(&f.coordinator, checkpoint,
                                     &(struct shared_file){ task, of, 0 }, 1);
}

/* It stands on its own file, and on that of an older one (0: on none). */
static void complete(uint64_t checkpoint, uint64_t older)
{
    if (older > 0)
        name(checkpoint, count, older);
    name(checkpoint, count, checkpoint);
    checkpoint_fixture_acknowledge(&f, checkpoint);
    checkpoint_fixture_carry_out(&f);
    checkpoint_fixture_advance_to(&f, f.effects.now + 10 * TIME_MS);
    ck_assert_uint_eq(completed_store_latest(&f.coordinator.store)->id, checkpoint);
}

static uint32_t gone(void)
{
    return f.order_counts[ORDER_DISCARD_SHARED];
}

START_TEST(shared_files_go_when_what_names_them_is_subsumed)
{
    begin("NO_EXTERNALIZED_CHECKPOINTS");
    for (int i = 0; i < 3; i++)
        trigger();
    complete(1, 0);
    trigger();
    ck_assert_uint_eq(gone(), 0);
    complete(2, 1);
    complete(3, 2);
    ck_assert_uint_eq(gone(), 0); /* 4 may build on 1 still */
    complete(4, 0);
    ck_assert_uint_eq(gone(), 3);
    ck_assert_uint_eq(f.last[ORDER_DISCARD_SHARED].shared.vertex.n, 1);
    checkpoint_coordinator_shutdown(&f.coordinator, JOB_END_FINISHED, &f.effects);
    checkpoint_fixture_carry_out(&f);
    ck_assert_uint_eq(gone(), 4);
    ck_assert_uint_eq(f.last[ORDER_DISCARD_SHARED].shared.checkpoint, 4);
    checkpoint_fixture_fini(&f);
}
END_TEST

/* 3 began when 1 was the newest: it may add to 1, though 2 does not. */
START_TEST(what_a_pending_checkpoint_may_add_to_stays)
{
    begin("NO_EXTERNALIZED_CHECKPOINTS");
    trigger();
    complete(1, 0);
    trigger();
    trigger();
    complete(2, 0);
    ck_assert_uint_eq(gone(), 0);
    complete(3, 1);
    ck_assert_uint_eq(gone(), 1);
    ck_assert_uint_eq(f.last[ORDER_DISCARD_SHARED].shared.checkpoint, 2);
    checkpoint_fixture_fini(&f);
}
END_TEST

START_TEST(shared_files_of_retained_checkpoints_outlive_the_job)
{
    begin("RETAIN_ON_CANCELLATION");
    trigger();
    complete(1, 0);
    checkpoint_coordinator_shutdown(&f.coordinator, JOB_END_CANCELED, &f.effects);
    checkpoint_fixture_carry_out(&f);
    ck_assert_uint_eq(gone(), 0);
    checkpoint_fixture_fini(&f);
}
END_TEST

START_TEST(names_that_cannot_be_are_not_taken)
{
    begin("NO_EXTERNALIZED_CHECKPOINTS");
    trigger();
    name(7, count, 1);                  /* no such checkpoint */
    name(1, (struct task_id){ 99 }, 1); /* no such task */
    name(1, count, 2);                  /* it does not exist yet */
    checkpoint_fixture_acknowledge(&f, 1);
    name(1, count, 1); /* behind the task's acknowledgement */
    checkpoint_fixture_carry_out(&f);
    checkpoint_fixture_advance_to(&f, f.effects.now + 10 * TIME_MS);
    ck_assert_uint_eq(completed_store_latest(&f.coordinator.store)->id, 1);
    ck_assert_uint_eq(f.coordinator.shared.entries.count, 0);
    checkpoint_fixture_fini(&f);
}
END_TEST

Suite *test_checkpoint_shared_suite(void);
Suite *test_checkpoint_shared_suite(void)
{
    Suite *suite = suite_create("checkpoint_shared");
    TCase *tcase = tcase_create("registry");
    tcase_add_loop_test(tcase, a_file_goes_with_the_last_checkpoint_that_names_it, 0, 12);
    tcase_add_test(tcase, shared_files_go_when_what_names_them_is_subsumed);
    tcase_add_test(tcase, what_a_pending_checkpoint_may_add_to_stays);
    tcase_add_test(tcase, shared_files_of_retained_checkpoints_outlive_the_job);
    tcase_add_test(tcase, names_that_cannot_be_are_not_taken);
    suite_add_tcase(suite, tcase);
    return suite;
}
