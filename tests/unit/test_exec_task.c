/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole tasks, joined by hand in drawn orders: nothing is lost or counted twice, whatever is thrown
 * away on the way.
 */
#include <check.h>

#include "tests/lib/exec_line.h"

enum { SEEDS = 40, STEPS = 8 };

/* Buffers hold 31 records: with most seeds a task takes a few of them in a step. */
static struct exec_line_config config_of(uint64_t seed)
{
    return (struct exec_line_config){ .splits = 5,
                                      .records = 20000,
                                      .keys = 300,
                                      .buffer_size = 256,
                                      .barriers = BARRIER_MODE_ALIGNED,
                                      .step_records = (uint32_t)(seed % STEPS),
                                      .seed = seed };
}

START_TEST(a_line_counts_every_record_once)
{
    struct exec_line line;
    struct exec_line_config config = config_of((uint64_t)_i);
    exec_line_init(&line, &config);
    exec_line_start(&line, 1 + (uint32_t)_i % 3, 1 + (uint32_t)_i % 4);
    while (exec_line_go(&line))
        ;
    exec_line_check_counts(&line);
    exec_line_fini(&line);
}
END_TEST

/* Checkpoints all the time, everything thrown away at drawn moments, each time another width. */
static void go_through_kills(const struct exec_line_config *config,
                             enum barrier_alignment alignment, time_ns timeout)
{
    struct exec_line line;
    uint32_t kills = 0;
    exec_line_init(&line, config);
    exec_line_start(&line, 2, 3);
    for (bool goes = true; goes; goes = exec_line_go(&line)) {
        if (rng_below(&line.rng, 100) == 0)
            exec_line_trigger(&line, alignment, timeout);
        if (kills < 6 && rng_below(&line.rng, 4000) == 0 && exec_line_is_whole(&line)) {
            kills++;
            exec_line_kill(&line);
            exec_line_start(&line, 1 + (uint32_t)rng_below(&line.rng, 5),
                            1 + (uint32_t)rng_below(&line.rng, 5));
        }
    }
    ck_assert_uint_gt(line.complete.id, 0);
    exec_line_check_counts(&line);
    exec_line_fini(&line);
}

START_TEST(what_is_restored_goes_on_where_the_checkpoint_was)
{
    struct exec_line_config config = config_of((uint64_t)_i + 1000);
    config.checkpoints = true;
    go_through_kills(&config, BARRIER_ALIGNED, TIME_NEVER);
}
END_TEST

START_TEST(what_was_in_flight_is_restored_too)
{
    struct exec_line_config config = config_of((uint64_t)_i + 2000);
    config.checkpoints = true;
    config.barriers = BARRIER_MODE_ALTERNATING;
    go_through_kills(&config, BARRIER_UNALIGNED, TIME_NEVER);
}
END_TEST

/* From at once to never in time: some stay aligned, some change on the way. */
START_TEST(barriers_that_wait_too_long_leave_nothing_out)
{
    struct exec_line_config config = config_of((uint64_t)_i + 3000);
    config.checkpoints = true;
    config.barriers = BARRIER_MODE_ALTERNATING;
    go_through_kills(&config, BARRIER_ALIGNED, (time_ns)1 << (10 + _i % 16));
}
END_TEST

Suite *test_exec_task_suite(void);

Suite *test_exec_task_suite(void)
{
    Suite *suite = suite_create("exec_task");
    TCase *tcase = tcase_create("line");
    tcase_add_loop_test(tcase, a_line_counts_every_record_once, 0, SEEDS);
    tcase_add_loop_test(tcase, what_is_restored_goes_on_where_the_checkpoint_was, 0, SEEDS);
    tcase_add_loop_test(tcase, what_was_in_flight_is_restored_too, 0, SEEDS);
    tcase_add_loop_test(tcase, barriers_that_wait_too_long_leave_nothing_out, 0, SEEDS);
    suite_add_tcase(suite, tcase);
    return suite;
}
