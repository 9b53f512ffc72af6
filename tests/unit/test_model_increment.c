/* SPDX-License-Identifier: Apache-2.0
 *
 * Incremental checkpoints in the model: what they write, what they stand on, whose they are.
 */
#include <check.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };

static struct model_fixture f;
static struct fixture_deployment two_by_two;
static struct vertex_model *count;

static void setup(void)
{
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    count = model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    two_by_two = model_fixture_two_by_two();
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

START_TEST(an_incremental_checkpoint_writes_what_has_changed)
{
    f.config.checkpoint_incremental = true;
    f.config.state_backend = STATE_BACKEND_ROCKSDB;
    count->keys = 1000000;
    count->state_per_key = 100;
    model_fixture_begin(&f, &two_by_two, 10000);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_trigger(&f, &two_by_two, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 30 * TIME_S);
    int64_t state[3] = { 0 }, written[3] = { 0 };
    for (VEC_EACH(const struct fixture_line, line, &f.lines)) {
        if (line->kind != DATA_CHECKPOINT_ACKNOWLEDGED)
            continue;
        state[line->checkpoint] += line->ack.state_bytes;
        written[line->checkpoint] += line->ack.written_bytes;
    }
    ck_assert_int_eq(state[1], written[1]); /* the first one has nothing to build on */
    /* 100,000 draws of a million keys: 95,163 distinct; the second one stands on both files */
    ck_assert_double_eq_tol((double)written[2], 9516300, 0.01 * 9516300);
    ck_assert_double_eq_tol((double)state[2], 2 * 9516300, 0.01 * 2 * 9516300);
}
END_TEST

/* The option is RocksDB's: a hash backend is written whole. */
START_TEST(a_hash_backend_has_full_checkpoints_only)
{
    f.config.checkpoint_incremental = true;
    count->keys = 1000;
    count->state_per_key = 1000;
    model_fixture_begin(&f, &two_by_two, 10000);
    for (uint64_t id = 1; id <= 2; id++) {
        model_fixture_trigger(&f, &two_by_two, id, CHECKPOINT_PERIODIC);
        model_fixture_run(&f, (time_ns)(id + 1) * 10 * TIME_S);
        model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, id);
    }
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        if (line->kind == DATA_CHECKPOINT_ACKNOWLEDGED)
            ck_assert_int_eq(line->ack.written_bytes, line->ack.state_bytes);
    ck_assert_uint_eq(vec_last(&f.lines).checkpoint, 2);
}
END_TEST

/* As often as what was added is more than what it was added to: 1, then 2 and 3 on it, 4 full. */
START_TEST(a_chain_that_outweighs_its_state_begins_anew)
{
    f.config.checkpoint_incremental = true;
    f.config.state_backend = STATE_BACKEND_ROCKSDB;
    count->keys = 1000000;
    count->state_per_key = 100;
    model_fixture_begin(&f, &two_by_two, 10000);
    for (uint64_t id = 1; id <= 5; id++) {
        model_fixture_trigger(&f, &two_by_two, id, CHECKPOINT_PERIODIC);
        model_fixture_run(&f, (time_ns)(id + 1) * 10 * TIME_S);
        model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, id);
    }
    int64_t state[6] = { 0 }, written[6] = { 0 };
    for (VEC_EACH(const struct fixture_line, line, &f.lines)) {
        if (line->kind != DATA_CHECKPOINT_ACKNOWLEDGED)
            continue;
        state[line->checkpoint] += line->ack.state_bytes;
        written[line->checkpoint] += line->ack.written_bytes;
    }
    static const double distinct[6] = {
        0, 1 - 0.904837, 1 - 0.818731, 1 - 0.740818, 1 - 0.670320, 1 - 0.606531
    };
    ck_assert_double_eq_tol((double)written[2], distinct[1] * 1e8, 1e6);
    ck_assert_double_eq_tol((double)written[3], distinct[1] * 1e8, 1e6);
    ck_assert_double_eq_tol((double)state[3], 3 * distinct[1] * 1e8, 3e6);
    ck_assert_double_eq_tol((double)written[4], distinct[4] * 1e8, 1e6);
    ck_assert_int_eq(state[4], written[4]);
    ck_assert_double_eq_tol((double)written[5], distinct[1] * 1e8, 1e6);
    ck_assert_double_eq_tol((double)state[5], (distinct[4] + distinct[1]) * 1e8, 2e6);
}
END_TEST

Suite *test_model_increment_suite(void);
Suite *test_model_increment_suite(void)
{
    Suite *suite = suite_create("model_increment");
    TCase *tests = tcase_create("increments");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, an_incremental_checkpoint_writes_what_has_changed);
    tcase_add_test(tests, a_hash_backend_has_full_checkpoints_only);
    tcase_add_test(tests, a_chain_that_outweighs_its_state_begins_anew);
    suite_add_tcase(suite, tests);
    return suite;
}
