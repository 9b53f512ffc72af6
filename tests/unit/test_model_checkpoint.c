/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints in the data plane: cut, barrier, snapshot, upload, acknowledgement. Storage moves
 * 1 GB/s per transfer.
 */
#include <check.h>
#include <math.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };

static struct model_fixture f;
static struct fixture_deployment two_by_two;
static struct vertex_model *source, *count;

static void setup(void)
{
    model_fixture_init(&f);
    source = model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    count = model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    two_by_two = model_fixture_two_by_two();
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

START_TEST(every_task_acknowledges_with_its_state)
{
    count->keys = 1000;
    count->state_per_key = 1e6; /* 1 GB over two subtasks: half a second each */
    source->state_fixed = 100;
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert(model_fixture_acknowledged(&f, 1, 2) < 10001 * TIME_MS);
    time_ns last = model_fixture_acknowledged(&f, 1, 4);
    ck_assert(last > 10450 * TIME_MS && last < 10550 * TIME_MS);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 1, 5), TIME_NEVER);
    int64_t state = 0;
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        if (line->kind == DATA_CHECKPOINT_ACKNOWLEDGED) {
            state += line->ack.state_bytes;
            ck_assert_int_eq(line->ack.written_bytes, line->ack.state_bytes);
        }
    ck_assert_double_eq_tol((double)state, 1e9 + 200, 1e6);
}
END_TEST

/* execution.checkpointing.data-inline-threshold: up to 20 KiB travel inside the acknowledgement and
 * see no storage, which takes a second per KiB here. */
START_TEST(small_state_is_inside_the_acknowledgement)
{
    f.storage_bandwidth = 1024;
    count->state_fixed = 20 * 1024;
    model_fixture_begin(&f, &two_by_two, 10);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_int_lt(model_fixture_acknowledged(&f, 1, 4), 11 * TIME_S);
}
END_TEST

START_TEST(state_above_the_inline_threshold_is_written_to_storage)
{
    f.storage_bandwidth = 1024;
    count->state_fixed = 20 * 1024 + 1;
    model_fixture_begin(&f, &two_by_two, 10);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 60 * TIME_S);
    time_ns sources = model_fixture_acknowledged(&f, 1, 2);
    time_ns last = model_fixture_acknowledged(&f, 1, 4);
    ck_assert_int_lt(sources, 11 * TIME_S);
    ck_assert(last > 30 * TIME_S && last < 31 * TIME_S);
}
END_TEST

/* The job of the recordings checkpoint-*-under-backpressure: one TaskManager, parallelism 2, 20,000
 * records/s per source subtask, 13 bytes each, the map parks 200 us. What one record really took is
 * not recorded; the drain of full buffers (24 x 32 KiB) says about 400 us on that overloaded host.
 */
static void start_recorded_job(void)
{
    static const uint32_t one_host[] = { 1 };
    two_by_two.hosts = one_host;
    two_by_two.host_count = 1;
    f.scenario.jobs.items[0].load_per_subtask.items[0] = true;
    source->record_bytes = 13;
    source->source_function = true;
    count->cost_ns = 0;
    count->wait_ns = 400e3;
    model_fixture_begin(&f, &two_by_two, 20000);
}

/* A source hears of it when one of its buffers comes free, then 24 full ones drain: each at 2 x
 * 2,500 records/s. */
static double recorded_alignment(void)
{
    return 32768 / (2500 * 13.0) + 24 * 32768 / (5000 * 13.0);
}

START_TEST(aligned_checkpoints_wait_for_full_buffers)
{
    start_recorded_job();
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_trigger(&f, &two_by_two, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 60 * TIME_S);
    time_ns took = model_fixture_acknowledged(&f, 2, 4) - 20 * TIME_S;
    ck_assert(took > 12 * TIME_S && took < 18 * TIME_S); /* 12 to 18 s measured */
    ck_assert_double_eq_tol((double)took / 1e9, recorded_alignment(), 1e-3);
}
END_TEST

/* One second of data in front of the counting tasks, and as much less in the buffer that the source
 * waits for. */
START_TEST(debloated_buffers_hold_what_is_read_within_the_target)
{
    f.config.debloat = true;
    start_recorded_job();
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_trigger(&f, &two_by_two, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 60 * TIME_S);
    time_ns took = model_fixture_acknowledged(&f, 2, 4) - 20 * TIME_S;
    double size = 5000 * 13.0 / 24;
    ck_assert_double_eq_tol((double)took / 1e9, 1 + size / (2500 * 13.0), 1e-3);
}
END_TEST

START_TEST(no_buffer_is_smaller_than_the_smallest)
{
    f.config.debloat = true;
    f.config.debloat_target = 1 * TIME_MS;
    start_recorded_job();
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_trigger(&f, &two_by_two, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 60 * TIME_S);
    time_ns took = model_fixture_acknowledged(&f, 2, 4) - 20 * TIME_S;
    ck_assert_double_eq_tol((double)took / 1e9, 24 * 256 / (5000 * 13.0) + 256 / (2500 * 13.0),
                            2e-3);
}
END_TEST

START_TEST(unaligned_checkpoints_store_the_buffers_instead)
{
    start_recorded_job();
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_checkpoint(&f, &two_by_two, DATA_TRIGGER_CHECKPOINT,
                             &(struct checkpoint_order){ .checkpoint = 2, .unaligned = true });
    model_fixture_run(&f, 60 * TIME_S);
    time_ns took = model_fixture_acknowledged(&f, 2, 4) - 20 * TIME_S;
    ck_assert(took > 700 * TIME_MS && took < 3 * TIME_S); /* measured */
    int64_t stored = 0;
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        stored += line->ack.in_flight_bytes;
    ck_assert(stored > 280000 && stored <= 24 * 32768); /* 0.3 to 0.7 MB measured */
}
END_TEST

/* One of two readers is half as fast: each sender has ten buffers for it and its gate ten for the
 * channel from the other host, 30 of which it reads 15 a second. The other one has its barrier at
 * once, and stores 1 GB in a second. */
START_TEST(others_store_their_parts_while_the_slowest_waits_for_the_barrier)
{
    f.hosts[1].speed = 0.5;
    count->state_fixed = 1e9;
    model_fixture_begin(&f, &two_by_two, 30000);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 60 * TIME_S);
    double wait = 30 * 32768 / 500e3;
    ck_assert_double_eq_tol((double)model_fixture_acknowledged(&f, 1, 3) / 1e9, 11, 0.01);
    ck_assert_double_eq_tol((double)model_fixture_acknowledged(&f, 1, 4) / 1e9, 11 + wait, 0.01);
}
END_TEST

/* The checkpoint may be unaligned, the way into this vertex is not. */
START_TEST(barriers_wait_for_buffers_on_a_broadcast_edge)
{
    start_recorded_job();
    model_fixture_run(&f, 20 * TIME_S);
    f.scenario.jobs.items[0].graph->edges.items[0].partitioner = PARTITION_BROADCAST;
    model_fixture_checkpoint(&f, &two_by_two, DATA_TRIGGER_CHECKPOINT,
                             &(struct checkpoint_order){ .checkpoint = 2, .unaligned = true });
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_int_gt(model_fixture_acknowledged(&f, 2, 4), 25 * TIME_S);
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        ck_assert_int_eq(line->ack.in_flight_bytes, 0);
}
END_TEST

/* FLIP-27: the trigger is a mail, which a source that waits for a buffer takes at once. */
START_TEST(a_source_with_a_mailbox_hears_of_the_checkpoint_at_once)
{
    start_recorded_job();
    source->source_function = false;
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_checkpoint(&f, &two_by_two, DATA_TRIGGER_CHECKPOINT,
                             &(struct checkpoint_order){ .checkpoint = 2, .unaligned = true });
    model_fixture_run(&f, 30 * TIME_S);
    time_ns took = model_fixture_acknowledged(&f, 2, 4) - 20 * TIME_S;
    ck_assert(took < 10 * TIME_MS); /* 0.8 MB at 1 GB/s */
    model_fixture_trigger(&f, &two_by_two, 3, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 80 * TIME_S);
    took = model_fixture_acknowledged(&f, 3, 4) - 30 * TIME_S;
    ck_assert_double_eq_tol((double)took / 1e9, 24 * 32768 / (5000 * 13.0), 1e-3);
}
END_TEST

START_TEST(aligned_with_a_timeout_switches_when_it_has_passed)
{
    start_recorded_job();
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_checkpoint(&f, &two_by_two, DATA_TRIGGER_CHECKPOINT,
                             &(struct checkpoint_order){ .checkpoint = 2,
                                                         .unaligned = true,
                                                         .aligned_timeout = 6 * TIME_S });
    model_fixture_run(&f, 60 * TIME_S);
    time_ns at = model_fixture_acknowledged(&f, 2, 4);
    ck_assert(at >= 26 * TIME_S && at < 26010 * TIME_MS); /* and the upload */
    int64_t stored = vec_last(&f.lines).ack.in_flight_bytes * 2;
    ck_assert(stored > 300000 && stored < 600000); /* what 5 s have not drained */
}
END_TEST

/* Just after the start the buffers are not full yet. */
START_TEST(the_first_checkpoint_finds_buffers_that_have_not_filled)
{
    static const uint32_t one_host[] = { 1 };
    two_by_two.hosts = one_host;
    two_by_two.host_count = 1;
    source->record_bytes = 13;
    count->cost_ns = 400e3;
    model_fixture_load(&f, job_0, 0, 0, 40000);
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 151 * TIME_MS);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 20 * TIME_S);
    /* 6,000 records had arrived: 3,000 for each of two readers */
    ck_assert(model_fixture_acknowledged(&f, 1, 4) < 2 * TIME_S);
}
END_TEST

/* Two exchanges before the bottleneck, with records of other sizes: before a barrier there is never
 * more than has arrived and is not worked off, whatever the sources read behind it. */
START_TEST(a_barrier_waits_for_what_came_before_it_only)
{
    static const double sizes[][3] = {
        { 100, 100, 1 }, { 1000, 100, 1 }, { 100, 1000, 1 }, { 100, 100, 0.1 }
    };
    static const uint32_t parallelism[] = { 2, 2, 2 };
    time_ns at = (500 + 1500 * (_i % 3)) * TIME_MS;
    struct vertex_model *last = model_fixture_vertex(&f, job_0, "last", 128, 400 * TIME_US);
    model_fixture_edge(&f, job_0, 1, 2, PARTITION_HASH);
    two_by_two.parallelism = parallelism;
    source->record_bytes = sizes[_i / 3][0];
    count->record_bytes = sizes[_i / 3][1];
    count->selectivity = sizes[_i / 3][2];
    last->cost_ns /= count->selectivity;
    count->cost_ns = 10e3;
    f.config.buffer_size = 1 << 20; /* none is full */
    model_fixture_load(&f, job_0, 0, 0, 20000);
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, at);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 60 * TIME_S);
    double took = (double)(model_fixture_acknowledged(&f, 1, 6) - at) / 1e9;
    double left = 20000 * (double)at / 1e9 - 5000 * (double)(at - 100 * TIME_MS) / 1e9;
    ck_assert_double_le(took, left / 5000 + 0.1);
    ck_assert_double_ge(took, left / 5000 - 0.3);
}
END_TEST

START_TEST(checkpoints_without_backpressure_take_a_moment)
{
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert(model_fixture_acknowledged(&f, 1, 4) < 10005 * TIME_MS);
}
END_TEST

/* A barrier on its way goes on at the pace of the moment. */
START_TEST(a_barrier_waits_while_the_data_before_it_does_not_move)
{
    start_recorded_job();
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_trigger(&f, &two_by_two, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 22 * TIME_S);
    model_fixture_freeze(&f, 1, true);
    model_fixture_run(&f, 32 * TIME_S);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 2, 4), TIME_NEVER);
    model_fixture_freeze(&f, 1, false);
    model_fixture_run(&f, 70 * TIME_S);
    time_ns took = model_fixture_acknowledged(&f, 2, 4) - 20 * TIME_S;
    ck_assert_double_eq_tol((double)took / 1e9, recorded_alignment() + 10, 1e-3);
}
END_TEST

START_TEST(a_frozen_participant_does_not_acknowledge)
{
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_freeze(&f, 2, true);
    model_fixture_trigger(&f, &two_by_two, 1,
                          CHECKPOINT_PERIODIC); /* the fixture hands it on; the sources on host 2
                                                   heard it before they froze */
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 1, 4), TIME_NEVER);
    model_fixture_freeze(&f, 2, false);
    model_fixture_run(&f, 31 * TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 1, 4), TIME_NEVER);
}
END_TEST

START_TEST(the_synchronous_part_stops_the_flow)
{
    count->snapshot_sync = 2 * TIME_S;
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 11 * TIME_S);
    ck_assert_double_eq(model_fixture_job(&f, job_0).served_rate, 0);
    model_fixture_run(&f, 12100 * TIME_MS);
    time_ns last = model_fixture_acknowledged(&f, 1, 4);
    ck_assert(last >= 12 * TIME_S && last < 12010 * TIME_MS);
    ck_assert_int_eq(vec_last(&f.lines).ack.sync, 2 * TIME_S);
    ck_assert_double_gt(model_fixture_job(&f, job_0).served_rate, 1000);
}
END_TEST

/* recording checkpoint-interval-2s-pause-1s-slow-snapshot-1500ms */
START_TEST(a_snapshot_that_sleeps_acknowledges_late_and_alone)
{
    vec_push(&f.scenario.jobs.items[0].faults,
             ((struct planned_fault){ .kind = FAULT_SNAPSHOT_SLEEP,
                                      .vertex = { 1 },
                                      .checkpoint_last = UINT64_MAX,
                                      .sleep = 1500 * TIME_MS }));
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 11 * TIME_S);
    ck_assert(model_fixture_acknowledged(&f, 1, 3) < 10010 * TIME_MS);
    ck_assert_double_eq(model_fixture_job(&f, job_0).served_rate, 0);
    model_fixture_run(&f, 20 * TIME_S);
    time_ns last = model_fixture_acknowledged(&f, 1, 4);
    ck_assert(last >= 11500 * TIME_MS && last < 11510 * TIME_MS);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 0, 1e-6);
}
END_TEST

/* Surprise 8: an exception in the synchronous part fails the task. */
START_TEST(a_snapshot_that_throws_fails_its_task)
{
    vec_push(&f.scenario.jobs.items[0].faults,
             ((struct planned_fault){ .kind = FAULT_SNAPSHOT_THROW,
                                      .vertex = { 1 },
                                      .checkpoint_first = 3,
                                      .checkpoint_last = 3 }));
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_trigger(&f, &two_by_two, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 12 * TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 2, 4), TIME_NEVER);
    model_fixture_trigger(&f, &two_by_two, 3, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 3, 4), TIME_NEVER);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 1);
    ck_assert_int_eq(vec_last(&f.lines).task.cause, CAUSE_SNAPSHOT);
}
END_TEST

START_TEST(an_aborted_checkpoint_is_not_acknowledged_any_more)
{
    count->state_fixed = 1e9;
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 10500 * TIME_MS);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_ABORTED, 1);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 1, 3), TIME_NEVER);
    ck_assert_uint_eq(f.model->jobs[0].cuts.count, 0);
}
END_TEST

START_TEST(checkpoints_can_be_in_progress_together)
{
    count->state_fixed = 1e9;
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 10300 * TIME_MS);
    model_fixture_trigger(&f, &two_by_two, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_int_lt(model_fixture_acknowledged(&f, 1, 4), model_fixture_acknowledged(&f, 2, 4));
    ck_assert_int_ne(model_fixture_acknowledged(&f, 2, 4), TIME_NEVER);
}
END_TEST

START_TEST(a_task_that_does_not_run_declines)
{
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_cancel(&f, &two_by_two);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 20 * TIME_S);
    size_t declined = 0;
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        declined += line->kind == DATA_CHECKPOINT_DECLINED && line->checkpoint == 1;
    ck_assert_uint_eq(declined, 2);
}
END_TEST

Suite *test_model_checkpoint_suite(void)
{
    Suite *suite = suite_create("model_checkpoint");
    TCase *tests = tcase_create("checkpoints");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, others_store_their_parts_while_the_slowest_waits_for_the_barrier);
    tcase_add_test(tests, every_task_acknowledges_with_its_state);
    tcase_add_test(tests, small_state_is_inside_the_acknowledgement);
    tcase_add_test(tests, state_above_the_inline_threshold_is_written_to_storage);
    tcase_add_test(tests, aligned_checkpoints_wait_for_full_buffers);
    tcase_add_test(tests, debloated_buffers_hold_what_is_read_within_the_target);
    tcase_add_test(tests, no_buffer_is_smaller_than_the_smallest);
    tcase_add_test(tests, unaligned_checkpoints_store_the_buffers_instead);
    tcase_add_test(tests, barriers_wait_for_buffers_on_a_broadcast_edge);
    tcase_add_test(tests, a_source_with_a_mailbox_hears_of_the_checkpoint_at_once);
    tcase_add_test(tests, aligned_with_a_timeout_switches_when_it_has_passed);
    tcase_add_test(tests, the_first_checkpoint_finds_buffers_that_have_not_filled);
    tcase_add_loop_test(tests, a_barrier_waits_for_what_came_before_it_only, 0, 12);
    tcase_add_test(tests, checkpoints_without_backpressure_take_a_moment);
    tcase_add_test(tests, a_barrier_waits_while_the_data_before_it_does_not_move);
    tcase_add_test(tests, a_frozen_participant_does_not_acknowledge);
    tcase_add_test(tests, the_synchronous_part_stops_the_flow);
    tcase_add_test(tests, a_snapshot_that_sleeps_acknowledges_late_and_alone);
    tcase_add_test(tests, a_snapshot_that_throws_fails_its_task);
    tcase_add_test(tests, an_aborted_checkpoint_is_not_acknowledged_any_more);
    tcase_add_test(tests, checkpoints_can_be_in_progress_together);
    tcase_add_test(tests, a_task_that_does_not_run_declines);
    suite_add_tcase(suite, tests);
    return suite;
}
