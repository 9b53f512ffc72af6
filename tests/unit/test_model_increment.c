/* SPDX-License-Identifier: Apache-2.0
 *
 * Incremental checkpoints in the model: what they write, what they stand on, whose they are.
 */
#include <check.h>
#include <math.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };

static struct model_fixture f;
static struct fixture_deployment two_by_two;
static struct vertex_model *count;

static void set_up_with(int32_t groups)
{
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    count = model_fixture_vertex(&f, job_0, "count", groups, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    two_by_two = model_fixture_two_by_two();
}

static void setup(void)
{
    set_up_with(128);
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* One each 10 s, the first at 10 s. */
static void complete(uint64_t id)
{
    model_fixture_trigger(&f, &two_by_two, id, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, (time_ns)(id + 1) * 10 * TIME_S);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, id);
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

/* Operator state: 1,000 records of 100 bytes a second, all of them again. */
START_TEST(state_without_keys_is_written_whole)
{
    f.config.checkpoint_incremental = true;
    f.config.state_backend = STATE_BACKEND_ROCKSDB;
    count->state_growth = 100;
    model_fixture_begin(&f, &two_by_two, 1000);
    for (uint64_t id = 1; id <= 3; id++)
        complete(id);
    double written[4] = { 0 };
    for (VEC_EACH(const struct fixture_line, line, &f.lines)) {
        if (line->kind != DATA_CHECKPOINT_ACKNOWLEDGED)
            continue;
        ck_assert_int_eq(line->ack.written_bytes, line->ack.state_bytes);
        written[line->checkpoint] += (double)line->ack.written_bytes;
    }
    for (int id = 1; id <= 3; id++)
        ck_assert_double_eq_tol(written[id], id * 1e6, 1e4);
}
END_TEST

/* The option is RocksDB's: a hash backend is written whole. */
START_TEST(a_hash_backend_has_full_checkpoints_only)
{
    f.config.checkpoint_incremental = true;
    count->keys = 1000;
    count->state_per_key = 1000;
    model_fixture_begin(&f, &two_by_two, 10000);
    for (uint64_t id = 1; id <= 2; id++)
        complete(id);
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        if (line->kind == DATA_CHECKPOINT_ACKNOWLEDGED)
            ck_assert_int_eq(line->ack.written_bytes, line->ack.state_bytes);
    ck_assert_uint_eq(vec_last(&f.lines).checkpoint, 2);
}
END_TEST

enum { ROUND_TRIPS = 120, GROUPS_OF_ONE = 64 };

/* 10,000 keys of 100 bytes in all, of which 10 s of 100 records/s touch a tenth. In the long run
 * each checkpoint writes as many bytes of whole key groups as of changes, to a group or two, and
 * stands on one and a half times the state. A round is a whole number of checkpoints. */
START_TEST(as_much_is_written_again_as_is_changed)
{
    const double state = 1e6, changed = state * (1 - exp(-0.1));
    f.config.checkpoint_incremental = true;
    f.config.state_backend = STATE_BACKEND_ROCKSDB;
    count->keys = 10000;
    count->state_per_key = 100;
    model_fixture_begin(&f, &two_by_two, 100);
    double written = 0, stands_on = 0, most = 0;
    for (uint64_t id = 1; id <= ROUND_TRIPS; id++) {
        double own = 0, all = 0;
        size_t before = f.lines.count;
        complete(id);
        for (size_t i = before; i < f.lines.count; i++) {
            const struct fixture_line *line = &f.lines.items[i];
            own += line->kind == DATA_CHECKPOINT_ACKNOWLEDGED ? (double)line->ack.written_bytes : 0;
            all += line->kind == DATA_CHECKPOINT_ACKNOWLEDGED ? (double)line->ack.state_bytes : 0;
        }
        if (id <= ROUND_TRIPS / 2)
            continue; /* keys are new yet */
        written += own / (ROUND_TRIPS / 2);
        stands_on += all / (ROUND_TRIPS / 2);
        most = fmax(most, own);
    }
    ck_assert_double_eq_tol(written, 2 * changed / (1 + changed / state), 0.04 * changed);
    ck_assert_double_eq_tol(stands_on, 1.5 * state, 0.05 * state);
    ck_assert_double_lt(most, written + 2 * state / GROUPS_OF_ONE);
}
END_TEST

enum { SUBTASKS_MOST = 4 };

/* What the subtasks of count have stored for the checkpoint. */
struct parts {
    double written[SUBTASKS_MOST], state[SUBTASKS_MOST];
};

/* Triggered now, stored a second later and, perhaps, completed. */
static struct parts take(const struct fixture_deployment *how, uint64_t id, bool completes)
{
    struct parts parts = { 0 };
    model_fixture_trigger(&f, how, id, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, sim_queue_now(f.queue) + TIME_S);
    for (VEC_EACH(const struct fixture_line, line, &f.lines)) {
        uint32_t task = line->ack.attempt.task.n;
        if (line->kind != DATA_CHECKPOINT_ACKNOWLEDGED || line->checkpoint != id ||
            task < how->parallelism[0])
            continue;
        parts.written[task - how->parallelism[0]] = (double)line->ack.written_bytes;
        parts.state[task - how->parallelism[0]] = (double)line->ack.state_bytes;
    }
    if (completes)
        model_fixture_tell(&f, how, DATA_CHECKPOINT_COMPLETE, id);
    return parts;
}

static void rescale(struct fixture_deployment *how, const uint32_t *parallelism,
                    uint64_t checkpoint)
{
    model_fixture_cancel(&f, how);
    model_fixture_run(&f, sim_queue_now(f.queue) + TIME_S);
    how->attempt++;
    how->graph++;
    how->parallelism = parallelism;
    how->checkpoint = checkpoint;
    model_fixture_deploy(&f, how);
    model_fixture_run(&f, sim_queue_now(f.queue) + 3 * TIME_S);
}

/* Checkpoint 1 at 10 s, of 10,000 records of 100 bytes; the job goes on from it, so. */
static void begin_with_one(const uint32_t *parallelism)
{
    f.config.checkpoint_incremental = true;
    f.config.state_backend = STATE_BACKEND_ROCKSDB;
    count->keys = 30000; /* whose records go by key group */
    count->state_growth = 100;
    model_fixture_begin(&f, &two_by_two, 1000);
    take(&two_by_two, 1, true);
    if (parallelism)
        rescale(&two_by_two, parallelism, 1);
    else
        model_fixture_restart(&f, &two_by_two, 1);
    model_fixture_run(&f, 20 * TIME_S);
}

/* Nobody hears of 2; so 3 has nothing to build on either, and 4 has 3. */
START_TEST(behind_a_rescale_the_first_is_a_full_one)
{
    static const uint32_t widths[][2] = { { 2, 1 }, { 2, 3 }, { 2, 4 } };
    const uint32_t *parallelism = widths[_i];
    begin_with_one(parallelism);
    struct parts second = take(&two_by_two, 2, false), third = take(&two_by_two, 3, true);
    struct parts fourth = take(&two_by_two, 4, true);
    double all[3] = { 0 };
    for (uint32_t s = 0; s < parallelism[1]; s++) {
        ck_assert_double_eq(second.state[s], second.written[s]);
        ck_assert_double_eq(third.state[s], third.written[s]);
        ck_assert_double_eq_tol(fourth.state[s], third.state[s] + fourth.written[s], 2);
        all[0] += second.written[s];
        all[1] += third.written[s];
        all[2] += fourth.written[s];
    }
    ck_assert_double_eq_tol(all[0], 20000 * 100, 1000);
    ck_assert_double_eq_tol(all[1], 21000 * 100, 1000);
    ck_assert_double_eq_tol(all[2], 1000 * 100, 1000);
}
END_TEST

START_TEST(behind_a_restart_a_chain_goes_on)
{
    begin_with_one(NULL);
    struct parts second = take(&two_by_two, 2, true);
    for (uint32_t s = 0; s < 2; s++) {
        ck_assert_double_eq_tol(second.written[s], 10000 / 2 * 100, 10000);
        ck_assert_double_eq_tol(second.state[s], 20000 / 2 * 100, 20000);
    }
}
END_TEST

/* Of three key groups old subtask 1 had the last, as subtask 2 of three has. */
START_TEST(who_has_the_same_key_groups_goes_on)
{
    static const uint32_t three[] = { 2, 3 };
    teardown();
    set_up_with(3);
    begin_with_one(three);
    struct parts second = take(&two_by_two, 2, true), third = take(&two_by_two, 3, true);
    for (uint32_t s = 0; s < 3; s++)
        ck_assert_int_eq(second.state[s] > second.written[s], s == 2);
    ck_assert_double_eq_tol(second.written[2], 10000 / 3 * 100, 10000);
    ck_assert_double_eq_tol(second.state[2], 20000 / 3 * 100, 20000);
    for (uint32_t s = 0; s < 3; s++)
        ck_assert_double_eq_tol(third.written[s], 1000 / 3 * 100, 1000);
}
END_TEST

Suite *test_model_increment_suite(void);
Suite *test_model_increment_suite(void)
{
    Suite *suite = suite_create("model_increment");
    TCase *tests = tcase_create("increments");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, an_incremental_checkpoint_writes_what_has_changed);
    tcase_add_test(tests, state_without_keys_is_written_whole);
    tcase_add_test(tests, a_hash_backend_has_full_checkpoints_only);
    tcase_add_test(tests, as_much_is_written_again_as_is_changed);
    tcase_add_loop_test(tests, behind_a_rescale_the_first_is_a_full_one, 0, 3);
    tcase_add_test(tests, behind_a_restart_a_chain_goes_on);
    tcase_add_test(tests, who_has_the_same_key_groups_goes_on);
    suite_add_tcase(suite, tests);
    return suite;
}
