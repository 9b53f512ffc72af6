/* SPDX-License-Identifier: Apache-2.0
 *
 * From one job to the next in the data plane: where the later job's sources stand, what waits while
 * nobody reads, what is a full checkpoint, and what is kept for it.
 */
#include <check.h>
#include <string.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };

static struct model_fixture f;
static struct fixture_deployment first, second;
static struct job_id job_1;
static const uint32_t two[] = { 2, 2 }, four[] = { 4, 4 }, hosts[] = { 1, 2 };

/* Job 0 reads 2000/s; job 1, of twice its size, is to start from what the path says. */
static void setup(void)
{
    model_fixture_init(&f);
    first = model_fixture_two_by_two();
    job_1 = model_fixture_add_job(&f);
    for (uint32_t j = 0; j < 2; j++) {
        struct job_id job = { j };
        model_fixture_vertex(&f, job, "source", 128, 1 * TIME_US);
        struct vertex_model *count = model_fixture_vertex(&f, job, "count", 128, 100 * TIME_US);
        count->state_growth = 100;
        model_fixture_edge(&f, job, 0, 1, PARTITION_HASH);
    }
    f.scenario.jobs.items[1].former = 1;
    second = (struct fixture_deployment){
        .job = job_1, .parallelism = four, .hosts = hosts, .host_count = 2, .checkpoint = 5
    };
    first.parallelism = two;
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

static void set(const char *key, const char *value)
{
    struct note note;
    ck_assert(!err_is(config_set(&f.config, key, value, &note)));
}

/* Job 0 takes snapshot 5 at 10 s. */
static void take(enum checkpoint_kind kind)
{
    model_fixture_begin(&f, &first, 2000);
    model_fixture_trigger(&f, &first, 5, kind);
    model_fixture_run(&f, 10500 * TIME_MS);
}

/* It has been told that 5 is complete, and so the job ends at 11 s. */
static void stop(void)
{
    set("execution.state-recovery.path", "savepoint of job");
    take(CHECKPOINT_STOP_SUSPEND);
    model_fixture_tell(&f, &first, DATA_CHECKPOINT_COMPLETE, 5);
    model_fixture_run(&f, 11 * TIME_S);
    model_job_ended(f.model, job_0, false);
}

START_TEST(records_wait_for_the_later_job_while_nobody_reads)
{
    stop();
    model_fixture_run(&f, 20 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_1);
    ck_assert_double_eq_tol(view.position, 20000, 5);
    ck_assert_double_eq_tol(view.taken_over, 20000, 5);
    ck_assert_double_eq(view.served_total, 0);
    ck_assert_double_eq_tol(view.backlog, 2000 * 10, 5);
    ck_assert_double_eq_tol(view.lag_seconds, 10, 0.01);
    /* Each record is offered to one job: those up to 11 s to the first. */
    ck_assert_double_eq_tol(view.offered_total, 2000 * 9, 5);
    view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.offered_total, 2000 * 11, 5);
    ck_assert_double_eq(view.backlog, 0);
    ck_assert_double_eq(view.lag_seconds, 0);
    ck_assert_double_eq(model_fixture_view(&f, job_0, 0).backlog, 0);
}
END_TEST

/* What lay before a stop's barrier is worked off while it is on its way: the first job has served
 * it, and the second one goes on behind it. */
START_TEST(what_drains_before_a_stop_is_served_once)
{
    set("execution.state-recovery.path", "savepoint of job");
    model_fixture_begin(&f, &first, 40000);
    double before = model_fixture_job(&f, job_0).served_total;
    model_fixture_trigger(&f, &first, 5, CHECKPOINT_STOP_SUSPEND);
    model_fixture_run(&f, 60 * TIME_S);
    time_ns last = model_fixture_acknowledged(&f, 5, 4);
    double drained = 20000 * (double)(last - 10 * TIME_S) / (double)TIME_S;
    double served = model_fixture_job(&f, job_0).served_total;
    ck_assert_double_gt(drained, 1000);
    ck_assert_double_eq_tol(served - before, drained, 0.02 * drained);
    model_fixture_tell(&f, &first, DATA_CHECKPOINT_COMPLETE, 5);
    model_fixture_run(&f, 61 * TIME_S);
    model_job_ended(f.model, job_0, false);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_1).position, served, 1);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_total, served, 1);
}
END_TEST

/* A cancelled job was behind: half of 40,000/s was too much for it. Its lag is as it was to the
 * end, whenever that is looked at, and then there is none, for nobody is to read what it has left.
 */
START_TEST(nobody_waits_for_what_a_cancelled_job_left)
{
    model_fixture_begin(&f, &first, 40000);
    struct model_job_view before = model_fixture_job(&f, job_0);
    ck_assert_double_ge(before.backlog, 200000);
    model_fixture_cancel(&f, &first);
    model_fixture_run(&f, 11 * TIME_S);
    model_job_ended(f.model, job_0, false);
    model_fixture_run(&f, 30 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq(view.backlog, 0);
    ck_assert_double_eq(view.lag_seconds, 0);
    ck_assert(!view.has_latency);
    ck_assert_double_eq(model_fixture_view(&f, job_0, 0).backlog, 0);
    ck_assert_double_eq_tol(view.offered_total, 40000 * 11, 1e-3);
    ck_assert_double_eq_tol(view.given_up, view.offered_total - view.served_total, 1e-3);
    ck_assert_double_eq_tol(view.backlog_max, before.backlog + 40000, 1e-3);
    ck_assert_double_eq_tol(view.lag_seconds_max, before.lag_seconds + 1, 1e-6);
    view = model_fixture_job(&f, job_0);
    ck_assert_double_eq(view.backlog_max, 0);
    ck_assert_double_eq(view.lag_seconds_max, 0);
}
END_TEST

/* What its tasks had read since the checkpoint would have to be read again, if any task were to. */
START_TEST(a_cancelled_job_misses_no_task_that_is_gone)
{
    model_fixture_begin(&f, &first, 2000);
    model_job_cancelled(f.model, job_0);
    model_fixture_cancel(&f, &first);
    model_fixture_run(&f, 15 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq(view.setback, 0);
    ck_assert_double_eq_tol(view.backlog, 2000 * 5, 100);
    ck_assert_double_eq_tol(view.lag_seconds_max, 5, 0.05);
    model_job_ended(f.model, job_0, true); /* it had been on its way to that before */
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 2000 * 15, 1);
}
END_TEST

/* A job that FAILED has a backlog until another one takes up its log, and none from then on: each
 * record is offered to one job. */
START_TEST(what_a_failed_job_left_waits_in_its_books_until_it_is_taken_up)
{
    set("execution.state-recovery.path", "checkpoint 5 of job");
    take(CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 12 * TIME_S);
    model_fixture_cancel(&f, &first);
    model_fixture_run(&f, 12500 * TIME_MS);
    model_job_ended(f.model, job_0, true); /* it is not complete: there is nothing to start from */
    model_fixture_run(&f, 20 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert(!view.ended);
    ck_assert_double_eq_tol(view.offered_total, 2000 * 20, 5);
    ck_assert_double_eq_tol(view.backlog, 2000 * 20, 5); /* what it had read must be read again */
    ck_assert_double_eq_tol(view.lag_seconds, 20, 0.01);
    ck_assert_double_eq_tol(view.lag_seconds_max, 20, 0.01);
    ck_assert_double_eq_tol(view.latency[0], 20, 0.01);
}
END_TEST

START_TEST(what_a_failed_job_left_is_its_heirs_once_it_goes_on)
{
    set("execution.state-recovery.path", "checkpoint of job");
    take(CHECKPOINT_PERIODIC);
    model_fixture_tell(&f, &first, DATA_CHECKPOINT_COMPLETE, 5);
    model_fixture_run(&f, 11 * TIME_S);
    model_job_ended(f.model, job_0, true);
    model_fixture_run(&f, 20 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert(view.ended); /* nothing is left of it */
    ck_assert_double_eq_tol(view.offered_total, 2000 * 11, 5);
    ck_assert_double_eq(view.backlog, 0);
    ck_assert_double_eq(view.lag_seconds, 0);
    view = model_fixture_job(&f, job_1);
    ck_assert_double_eq_tol(view.offered_total, 2000 * 9, 5);
    ck_assert_double_eq_tol(view.backlog, 2000 * 10, 5);
    struct note note = { "" };
    ck_assert_msg(!err_is(model_check_conservation(f.model, &note)), "%s", note.text);
}
END_TEST

START_TEST(the_later_job_reads_on_and_catches_up_at_another_parallelism)
{
    stop();
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_deploy(&f, &second);
    model_fixture_run(&f, 20200 * TIME_MS);
    struct model_job_view view = model_fixture_job(&f, job_1);
    ck_assert_uint_eq(view.restored.checkpoint, 5);
    ck_assert(view.restored.whole);
    ck_assert_double_eq_tol(view.restored.position, view.taken_over, 1e-6);
    ck_assert_double_eq_tol(view.restore_position, view.taken_over, 1e-6);
    ck_assert_double_eq(view.replayed_total, 0);
    model_fixture_run(&f, 60 * TIME_S);
    view = model_fixture_job(&f, job_1);
    ck_assert_double_eq_tol(view.position, 120000, 5);
    ck_assert_double_eq_tol(view.served_total, 100000, 5);
    ck_assert_double_eq_tol(view.backlog, 0, 1e-6);
    ck_assert_double_eq(view.replayed_total, 0);
    /* What it knows of the keys it has from the former job. */
    ck_assert_double_eq_tol(view.state_bytes, 120000 * 100.0, 1000);
}
END_TEST

/* Before that the log is the former job's alone. */
START_TEST(a_job_that_is_yet_to_go_on_has_no_backlog)
{
    set("execution.state-recovery.path", "savepoint of job");
    model_fixture_begin(&f, &first, 2000);
    model_fixture_run(&f, 20 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_1);
    ck_assert_double_eq(view.backlog, 0);
    ck_assert_double_eq(view.offered_total, 0);
    ck_assert_double_eq(view.position, 0);
    ck_assert_double_eq(model_fixture_view(&f, job_1, 0).backlog, 0);
}
END_TEST

/* A savepoint does not end the job: both read the log, each for itself; and the savepoint outlives
 * the checkpoints behind it, and restarts. */
START_TEST(a_second_reader_starts_from_an_older_savepoint)
{
    set("execution.state-recovery.path", "savepoint 5 of job");
    take(CHECKPOINT_SAVEPOINT);
    for (uint64_t checkpoint = 6; checkpoint < 9; checkpoint++) {
        if (checkpoint == 8) {
            model_fixture_cancel(&f, &first);
            model_fixture_run(&f, 13500 * TIME_MS);
            first.attempt = 1;
            first.checkpoint = 7;
            model_fixture_deploy(&f, &first);
            model_fixture_run(&f, 13900 * TIME_MS);
        }
        model_fixture_trigger(&f, &first, checkpoint, CHECKPOINT_PERIODIC);
        model_fixture_run(&f, (time_ns)(checkpoint + 6) * TIME_S);
        model_fixture_tell(&f, &first, DATA_CHECKPOINT_COMPLETE, checkpoint);
    }
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_deploy(&f, &second);
    model_fixture_run(&f, 20100 * TIME_MS);
    struct model_job_view view = model_fixture_job(&f, job_1);
    ck_assert_double_eq_tol(view.taken_over, 20000, 5);
    ck_assert_double_eq_tol(view.backlog, 2000 * 10.1, 10);
    view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.position, 2000 * 20.1, 10);
    ck_assert_double_eq_tol(view.backlog, 0, 1e-6);
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).position, 120000, 5);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_1).position, 120000, 5);
}
END_TEST

/* Where the later job starts. The former one has stored all of the snapshot; then, perhaps, it
 * begins anew from nothing, and is not told before that of the snapshot. */
static double start_behind(enum checkpoint_kind kind, double rate, bool restarts)
{
    setup();
    set("execution.checkpointing.incremental", "true");
    set("state.backend.type", "rocksdb");
    model_fixture_begin(&f, &first, rate);
    model_fixture_trigger(&f, &first, 5, kind);
    model_fixture_run(&f, 13 * TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 5, 4), TIME_NEVER);
    if (restarts)
        model_fixture_restart(&f, &first, 0);
    model_fixture_run(&f, 15 * TIME_S);
    model_fixture_deploy(&f, &second);
    model_fixture_run(&f, 16 * TIME_S);
    double start = model_fixture_job(&f, job_1).taken_over;
    teardown();
    return start;
}

/* With nothing in buffers in front of the barrier, and with as much as they hold. */
START_TEST(what_a_snapshot_holds_does_not_depend_on_what_comes_after_it)
{
    static const enum checkpoint_kind kinds[] = { CHECKPOINT_SAVEPOINT, CHECKPOINT_PERIODIC,
                                                  CHECKPOINT_STOP_SUSPEND };
    for (uint32_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        ck_assert_double_eq_tol(start_behind(kinds[k], 2000, false), 20000, 5);
        ck_assert_double_eq_tol(start_behind(kinds[k], 2000, true), 20000, 5);
        double start = start_behind(kinds[k], 40000, false);
        ck_assert_double_gt(start, 150000);
        ck_assert_double_eq_tol(start_behind(kinds[k], 40000, true), start, 1e-6);
    }
}
END_TEST

/* Of five partitions the first and the last have one reader of four and fall behind. With three
 * readers each of them has one that keeps up beside it: what lies in buffers is of those that are
 * behind. */
START_TEST(a_stop_drains_nothing_of_partitions_that_keep_up)
{
    static const uint32_t wide[] = { 4, 1 }, narrow[] = { 3, 1 };
    struct fixture_deployment how = { .parallelism = wide, .hosts = hosts, .host_count = 2 };
    model_fixture_init(&f);
    model_fixture_pair(&f, 1 * TIME_US, 100 * TIME_US, PARTITION_HASH, 12000);
    model_fixture_load(&f, job_0, 0, 30 * TIME_S, 4000);
    f.scenario.jobs.items[0].vertices.items[0].partitions = 5;
    job_1 = model_fixture_add_job(&f);
    model_fixture_vertex(&f, job_1, "source", 128, 1 * TIME_US)->partitions = 5;
    f.scenario.jobs.items[1].former = 1;
    set("execution.state-recovery.path", "savepoint of job");
    model_fixture_start(&f);
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 30 * TIME_S);
    model_fixture_trigger(&f, &how, 4, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 33 * TIME_S);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 4);
    how.parallelism = narrow;
    how.graph++;
    model_fixture_restart(&f, &how, 4);
    model_fixture_run(&f, 41 * TIME_S);
    model_fixture_trigger(&f, &how, 5, CHECKPOINT_STOP_SUSPEND);
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_int_lt(model_fixture_acknowledged(&f, 5, 4), TIME_NEVER);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 5);
    model_fixture_run(&f, 61 * TIME_S);
    model_job_ended(f.model, job_0, false);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.served_total - view.replayed_total,
                            model_fixture_job(&f, job_1).position, 1e-3);
    model_fixture_fini(&f);
}
END_TEST

/* How the later job starts. */
struct start {
    const char *path, *claim_mode;
    enum checkpoint_kind kind; /* of the snapshot */
    const uint32_t *parallelism;
    bool former_is_full; /* the former job has full checkpoints only */
};

/* Bytes that the tasks of the later job write for its first checkpoint, which is incremental
 * otherwise: 2 s of records, or all. */
static int64_t first_checkpoint_bytes(const struct start *start)
{
    set("execution.state-recovery.path", start->path);
    set("execution.state-recovery.claim-mode", start->claim_mode);
    set("execution.checkpointing.incremental", "true");
    set("state.backend.type", "rocksdb");
    second.parallelism = start->parallelism;
    for (uint32_t j = 0; j < 2; j++) /* what has no keys has no increments */
        f.scenario.jobs.items[j].vertices.items[1].keys = 30000;
    model_fixture_begin(&f, &first, 2000);
    f.scenario.jobs.items[0].graph->config.checkpoint_incremental = !start->former_is_full;
    model_fixture_trigger(&f, &first, 5, start->kind);
    model_fixture_run(&f, 10500 * TIME_MS);
    model_fixture_tell(&f, &first, DATA_CHECKPOINT_COMPLETE, 5);
    model_fixture_run(&f, 11 * TIME_S);
    model_job_ended(f.model, job_0, false);
    model_fixture_deploy(&f, &second);
    model_fixture_run(&f, 13 * TIME_S);
    model_fixture_trigger(&f, &second, 6, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 14 * TIME_S);
    int64_t written = 0;
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        if (line->kind == DATA_CHECKPOINT_ACKNOWLEDGED && line->checkpoint == 6 && line->job == 1)
            written += line->ack.written_bytes;
    return written;
}

static const struct start full_starts[] = {
    { "checkpoint of job", "no_claim", CHECKPOINT_PERIODIC, two, false },
    { "savepoint of job", "claim", CHECKPOINT_STOP_SUSPEND, two, false },
    { "checkpoint of job", "claim", CHECKPOINT_PERIODIC, four, false },
    { "checkpoint of job", "claim", CHECKPOINT_PERIODIC, two, true },
};

START_TEST(the_first_checkpoint_is_a_full_one)
{
    ck_assert_int_gt(first_checkpoint_bytes(&full_starts[_i]), 13 * 2000 * 100 * 9 / 10);
}
END_TEST

START_TEST(the_first_checkpoint_adds_to_one_that_was_claimed)
{
    const struct start start = { "checkpoint of job", "claim", CHECKPOINT_PERIODIC, two, false };
    ck_assert_int_lt(first_checkpoint_bytes(&start), 13 * 2000 * 100 * 4 / 10);
}
END_TEST

/* A generator inside the source goes on from where it was: nothing arrives in between. */
START_TEST(nothing_waits_for_a_paced_source)
{
    for (uint32_t j = 0; j < 2; j++) {
        vec_resize(&f.scenario.jobs.items[j].load_per_subtask, 2);
        f.scenario.jobs.items[j].load_per_subtask.items[0] = true;
    }
    stop();
    model_fixture_run(&f, 20 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_1);
    ck_assert_double_eq(view.backlog, 0);
    ck_assert_double_gt(view.taken_over, 30000);
    double taken_over = view.taken_over;
    model_fixture_deploy(&f, &second);
    model_fixture_run(&f, 30 * TIME_S);
    view = model_fixture_job(&f, job_1);
    ck_assert_double_eq_tol(view.taken_over, taken_over, 1e-6);
    ck_assert_double_gt(view.position, taken_over + 4 * 2000 * 9.5);
    ck_assert_double_eq(view.replayed_total, 0);
}
END_TEST

Suite *test_model_handover_suite(void)
{
    Suite *suite = suite_create("model handover");
    TCase *all = tcase_create("handover");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, records_wait_for_the_later_job_while_nobody_reads);
    tcase_add_test(all, what_drains_before_a_stop_is_served_once);
    tcase_add_test(all, nobody_waits_for_what_a_cancelled_job_left);
    tcase_add_test(all, a_cancelled_job_misses_no_task_that_is_gone);
    tcase_add_test(all, what_a_failed_job_left_waits_in_its_books_until_it_is_taken_up);
    tcase_add_test(all, what_a_failed_job_left_is_its_heirs_once_it_goes_on);
    tcase_add_test(all, the_later_job_reads_on_and_catches_up_at_another_parallelism);
    tcase_add_test(all, a_job_that_is_yet_to_go_on_has_no_backlog);
    tcase_add_test(all, a_second_reader_starts_from_an_older_savepoint);
    tcase_add_loop_test(all, the_first_checkpoint_is_a_full_one, 0,
                        (int)(sizeof full_starts / sizeof *full_starts));
    tcase_add_test(all, the_first_checkpoint_adds_to_one_that_was_claimed);
    tcase_add_test(all, nothing_waits_for_a_paced_source);
    suite_add_tcase(suite, all);
    TCase *bare = tcase_create("without fixture");
    tcase_add_test(bare, what_a_snapshot_holds_does_not_depend_on_what_comes_after_it);
    tcase_add_test(bare, a_stop_drains_nothing_of_partitions_that_keep_up);
    suite_add_tcase(suite, bare);
    return suite;
}
