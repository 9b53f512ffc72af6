/* SPDX-License-Identifier: Apache-2.0
 *
 * State tables against an array of all keys: every shape of keys and values, one and several
 * subtasks, few and many key groups.
 */
#include <check.h>
#include <signal.h>

#include "core/base/alloc.h"
#include "core/base/hash.h"
#include "tests/lib/state_oracle.h"

static const struct {
    int32_t max_parallelism, parallelism;
} settings[] = { { 1, 1 }, { 5, 2 }, { 128, 3 }, { 4096, 1 } };

enum { SETTINGS = sizeof settings / sizeof *settings };

START_TEST(state_table_agrees_with_an_array_under_random_work)
{
    struct rng rng = rng_stream(11, "state table", (uint64_t)_i);
    struct oracle_job *job = mem_create(sizeof *job);
    oracle_job_init(job, _i % ORACLE_SHAPES, settings[_i / ORACLE_SHAPES].max_parallelism,
                    settings[_i / ORACLE_SHAPES].parallelism);
    for (int step = 0; step < 4000; step++) {
        oracle_job_step(job, &rng);
        if (step % 100 == 0)
            oracle_job_check(job);
    }
    oracle_job_check(job);
    oracle_job_fini(job);
    mem_destroy(job);
}
END_TEST

Suite *test_exec_state_table_suite(void);
Suite *test_exec_state_table_suite(void)
{
    Suite *suite = suite_create("exec_state_table");
    TCase *tcase = tcase_create("state table");
    tcase_add_loop_test(tcase, state_table_agrees_with_an_array_under_random_work, 0,
                        ORACLE_SHAPES * SETTINGS);
    suite_add_tcase(suite, tcase);
    return suite;
}
