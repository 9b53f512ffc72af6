/* SPDX-License-Identifier: Apache-2.0
 *
 * The completed store: how many it keeps, what it refuses, what is deleted when the job has ended.
 */
#include <check.h>
#include <signal.h>

#include "core/checkpoint/completed_store.h"

static struct completed_store store;

static void setup(void)
{
    completed_store_init(&store, 1);
}

static void teardown(void)
{
    completed_store_fini(&store);
}

START_TEST(store_names_what_falls_out_and_keeps_its_memory)
{
    struct completed_checkpoint one = { .id = 3 }, two = { .id = 7 };
    vec_reserve(&one.states, 100);
    const void *memory = one.states.items;
    ck_assert_uint_eq(completed_store_add(&store, &one), 0);
    ck_assert_ptr_null(one.states.items);
    ck_assert_uint_eq(completed_store_add(&store, &two), 3);
    struct task_states given = completed_store_give_states(&store);
    ck_assert_ptr_eq(given.items, memory);
    ck_assert_uint_eq(given.count, 0);
    ck_assert_ptr_null(completed_store_give_states(&store).items);
    vec_fini(&given);
}
END_TEST

START_TEST(store_cuts_the_number_retained_to_its_limit)
{
    struct completed_store large;
    completed_store_init(&large, (size_t)COMPLETED_CHECKPOINTS_MAX + 1);
    ck_assert_uint_eq(large.retained_max, COMPLETED_CHECKPOINTS_MAX);
    for (uint64_t id = 1; id <= COMPLETED_CHECKPOINTS_MAX; id++)
        ck_assert_uint_eq(completed_store_add(&large, &(struct completed_checkpoint){ .id = id }),
                          0);
    struct completed_checkpoint last = { .id = COMPLETED_CHECKPOINTS_MAX + 1 };
    ck_assert_uint_eq(completed_store_add(&large, &last), 1);
    completed_store_fini(&large);
}
END_TEST

START_TEST(store_does_not_take_savepoints)
{
    struct completed_checkpoint savepoint = { .id = 1, .kind = CHECKPOINT_SAVEPOINT };
    completed_store_add(&store, &savepoint);
}
END_TEST

START_TEST(store_does_not_take_an_older_checkpoint)
{
    completed_store_add(&store, &(struct completed_checkpoint){ .id = 2 });
    completed_store_add(&store, &(struct completed_checkpoint){ .id = 2 });
}
END_TEST

/* CheckpointProperties.forCheckpoint: rows as the option's choices. */
START_TEST(retention_at_the_end_of_the_job)
{
    static const bool discarded[RETENTION_COUNT][JOB_END_COUNT] = { { true, true, true },
                                                                    { true, false, false },
                                                                    { true, true, false } };
    for (int r = 0; r < RETENTION_COUNT; r++)
        for (int e = 0; e < JOB_END_COUNT; e++)
            ck_assert_int_eq(completed_store_discards_at((enum config_choice_RETENTION)r,
                                                         (enum checkpoint_job_end)e),
                             discarded[r][e]);
}
END_TEST

Suite *test_checkpoint_completed_suite(void);
Suite *test_checkpoint_completed_suite(void)
{
    Suite *suite = suite_create("checkpoint/completed");
    TCase *kept = tcase_create("completed store");
    tcase_add_checked_fixture(kept, setup, teardown);
    tcase_add_test(kept, store_names_what_falls_out_and_keeps_its_memory);
    tcase_add_test(kept, store_cuts_the_number_retained_to_its_limit);
    tcase_add_test_raise_signal(kept, store_does_not_take_savepoints, SIGABRT);
    tcase_add_test_raise_signal(kept, store_does_not_take_an_older_checkpoint, SIGABRT);
    tcase_add_test(kept, retention_at_the_end_of_the_job);
    suite_add_tcase(suite, kept);
    return suite;
}
