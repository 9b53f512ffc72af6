/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a task: its states, when it wants a step, how it ends before its time.
 */
#include <check.h>

#include "core/exec/generator_source.h"
#include "core/exec/keyed_process.h"
#include "core/exec/log_source.h"
#include "tests/lib/exec_line.h"

static struct exec_line line;

static void begin(uint64_t records)
{
    struct exec_line_config config = {
        .splits = 3, .records = records, .keys = 10, .buffer_size = 512, .checkpoints = true
    };
    exec_line_init(&line, &config);
    exec_line_start(&line, 1, 1);
}

static struct exec_task *source(void)
{
    return line.tasks[0][0];
}

static struct exec_task *counter(void)
{
    return line.tasks[1][0];
}

START_TEST(states_are_reached_from_those_that_may)
{
    static const uint32_t legal[EXEC_STATE_COUNT] = {
        [EXEC_INITIALIZING] = STATE(EXEC_RECOVERING) | STATE(EXEC_RUNNING) | STATE(EXEC_FAILED) |
                              STATE(EXEC_CANCELED),
        [EXEC_RECOVERING] = STATE(EXEC_RUNNING) | STATE(EXEC_FAILED) | STATE(EXEC_CANCELED),
        [EXEC_RUNNING] = STATE(EXEC_AT_END) | STATE(EXEC_FAILED) | STATE(EXEC_CANCELED),
        [EXEC_AT_END] = STATE(EXEC_FINISHED) | STATE(EXEC_FAILED) | STATE(EXEC_CANCELED),
    };
    for (unsigned from = 0; from < EXEC_STATE_COUNT; from++)
        for (unsigned to = 0; to < EXEC_STATE_COUNT; to++)
            ck_assert_int_eq(state_can_move(&exec_task_states, from, to), legal[from] >> to & 1);
    ck_assert(state_is_final(&exec_task_states, EXEC_FINISHED));
}
END_TEST

/* Part-filled buffers go out at the time-out, without any input in between. */
START_TEST(a_task_wants_a_step_when_its_buffers_are_due)
{
    uint32_t channel;
    begin(5);
    exec_task_set_arrived(source(), 5, false); /* there may be more */
    exec_line_carry(&line);                    /* credits */
    ck_assert_int_eq(exec_task_deadline(source()), TIME_NEVER);
    ck_assert_int_eq(exec_task_step(source(), 7 * TIME_US).kind, STEP_WORKED);
    time_ns deadline = exec_task_deadline(source());
    ck_assert_int_gt(deadline, 7 * TIME_US);
    ck_assert_int_eq(exec_task_step(source(), deadline - 1).kind, STEP_NOTHING);
    ck_assert(!result_partition_next_ready(exec_task_output(source(), 0), &channel));
    ck_assert_int_eq(exec_task_step(source(), deadline).kind, STEP_WORKED);
    ck_assert(result_partition_next_ready(exec_task_output(source(), 0), &channel));
    exec_line_fini(&line);
}
END_TEST

START_TEST(a_cancelled_task_takes_no_step_and_says_nothing_more)
{
    struct task_fact fact;
    begin(100000);
    exec_task_step(source(), 1);
    exec_task_cancel(source());
    exec_task_fail(source(), CAUSE_USER_CODE, "too late");
    ck_assert_int_eq(exec_task_state(source()), EXEC_CANCELED);
    ck_assert_int_eq(exec_task_step(source(), 2).kind, STEP_NOTHING);
    ck_assert_int_eq(exec_task_deadline(source()), TIME_NEVER);
    ck_assert(!exec_task_take_fact(source(), &fact));
    exec_line_fini(&line);
}
END_TEST

START_TEST(a_failed_task_says_why)
{
    struct task_fact fact;
    const char *why;
    begin(1000);
    exec_task_fail(counter(), CAUSE_CONNECTION_LOST, "tm2 is gone");
    ck_assert(exec_task_take_fact(counter(), &fact));
    ck_assert_int_eq(fact.kind, TASK_FACT_FAILED);
    ck_assert_int_eq(exec_task_cause(counter(), &why), CAUSE_CONNECTION_LOST);
    ck_assert_str_eq(why, "tm2 is gone");
    exec_line_fini(&line);
}
END_TEST

static void step_both(int times)
{
    for (int i = 0; i < times; i++) {
        exec_task_step(source(), 1);
        exec_task_step(counter(), 1);
    }
}

/* Its last checkpoint is complete, and one that is taken meanwhile may need what it has written:
 * not before all of it is read; and who reads not before who writes. */
START_TEST(a_task_finishes_behind_its_readers_and_its_producers)
{
    const struct checkpoint_barrier barrier = { .id = 1, .alignment = BARRIER_ALIGNED };
    begin(5);
    exec_line_carry(&line);
    while (exec_task_state(source()) != EXEC_AT_END)
        exec_task_step(source(), 1);
    exec_task_trigger_checkpoint(source(), &barrier, false);
    exec_task_checkpoint_complete(source(), 1);
    for (int i = 0; i < 9; i++)
        exec_task_step(source(), 1);
    ck_assert_int_eq(exec_task_state(source()), EXEC_AT_END);
    while (exec_task_state(counter()) != EXEC_AT_END) {
        exec_line_carry(&line);
        exec_task_step(counter(), 1);
    }
    step_both(9);
    ck_assert_int_eq(exec_task_state(source()), EXEC_AT_END);
    exec_line_carry(&line);
    exec_task_checkpoint_complete(counter(), 1);
    step_both(9);
    ck_assert_int_eq(exec_task_state(source()), EXEC_FINISHED);
    ck_assert_int_eq(exec_task_state(counter()), EXEC_AT_END);
    exec_line_carry(&line);
    step_both(9);
    ck_assert_int_eq(exec_task_state(counter()), EXEC_FINISHED);
    exec_line_fini(&line);
}
END_TEST

static const struct checkpoint_barrier stop_barrier = { .id = 1,
                                                        .alignment = BARRIER_ALIGNED,
                                                        .kind = CHECKPOINT_STOP_DRAIN };

/* StreamTask.notifyCheckpointAbortAsync: nothing sets it going again. */
START_TEST(a_task_that_has_stopped_fails_when_its_savepoint_is_aborted)
{
    const char *why;
    begin(100000);
    exec_task_trigger_checkpoint(source(), &stop_barrier, true);
    exec_task_step(source(), 1);
    ck_assert_int_eq(exec_task_step(source(), 2).kind, STEP_NOTHING);
    exec_task_checkpoint_aborted(source(), 1);
    exec_task_step(source(), 3);
    ck_assert_int_eq(exec_task_state(source()), EXEC_FAILED);
    ck_assert_int_eq(exec_task_cause(source(), &why), CAUSE_STOP_FAILED);
    exec_line_fini(&line);
}
END_TEST

START_TEST(a_stop_that_is_aborted_before_it_begins_stops_nothing)
{
    begin(100000);
    exec_task_checkpoint_aborted(source(), 1);
    exec_task_trigger_checkpoint(source(), &stop_barrier, true);
    exec_task_step(source(), 1);
    exec_task_step(source(), 1);
    ck_assert_int_eq(exec_task_step(source(), 1).kind, STEP_WORKED);
    ck_assert_uint_gt(exec_task_chain(source())->operators[0]->records_in, 0);
    ck_assert_int_eq(exec_task_state(source()), EXEC_RUNNING);
    exec_line_fini(&line);
}
END_TEST

/* CHECKPOINT_DECLINED_TASK_CLOSING: asked for in the mail behind the one that ends it, and later.
 */
START_TEST(a_task_that_has_finished_declines_what_it_is_asked_for)
{
    struct checkpoint_barrier barrier = { .id = 1, .alignment = BARRIER_ALIGNED };
    struct task_fact fact;
    begin(0);
    while (exec_task_state(source()) != EXEC_AT_END)
        exec_task_step(source(), 1);
    exec_task_trigger_checkpoint(source(), &barrier, false);
    exec_task_step(source(), 1);
    exec_task_data_is_read(source(), 0, 0);
    while (exec_task_take_fact(source(), &fact))
        ;
    exec_task_checkpoint_complete(source(), 1);
    barrier.id = 2;
    exec_task_trigger_checkpoint(source(), &barrier, false);
    exec_task_step(source(), 1);
    ck_assert_int_eq(exec_task_state(source()), EXEC_FINISHED);
    ck_assert(exec_task_take_fact(source(), &fact));
    ck_assert(fact.kind == TASK_FACT_DECLINED && fact.checkpoint == 2);
    ck_assert(exec_task_take_fact(source(), &fact));
    ck_assert_int_eq(fact.kind, TASK_FACT_FINISHED);
    barrier.id = 3;
    exec_task_trigger_checkpoint(source(), &barrier, false);
    ck_assert(exec_task_take_fact(source(), &fact));
    ck_assert(fact.kind == TASK_FACT_DECLINED && fact.checkpoint == 3);
    exec_line_fini(&line);
}
END_TEST

/* Offsets, state and watermark of a line that has read everything. */
START_TEST(what_a_task_has_done_can_be_looked_at)
{
    uint64_t read = 0, offset;
    uint32_t split;
    begin(1000);
    while (exec_task_state(counter()) != EXEC_AT_END) {
        exec_line_carry(&line);
        exec_task_step(source(), 1);
        exec_task_step(counter(), 1);
    }
    const struct operator* op = exec_task_chain(source())->operators[0];
    for (size_t i = 0; log_source_split(op, i, &split, &offset); i++) {
        ck_assert_uint_eq(split, i);
        read += offset;
    }
    ck_assert_uint_eq(read, 1000);
    ck_assert_int_eq(exec_task_watermark(counter()), WATERMARK_MAX);
    ck_assert_uint_gt(exec_task_state_bytes(counter()), 10 * 16);
    exec_line_fini(&line);
}
END_TEST

static uint64_t records_read(void)
{
    uint64_t read = 0, offset;
    uint32_t split;
    const struct operator* op = exec_task_chain(source())->operators[0];
    for (size_t i = 0; log_source_split(op, i, &split, &offset); i++)
        read += offset;
    return read;
}

/* A load that a subtask makes for itself goes on from where its splits stand on average: some of
 * them are ahead of what has arrived then. */
START_TEST(a_restored_split_that_is_ahead_of_what_has_arrived_waits)
{
    begin(90);
    exec_task_set_arrived(source(), 90, false);
    exec_task_step(source(), 1);
    exec_line_trigger(&line, BARRIER_ALIGNED, TIME_NEVER);
    while (!line.complete.id)
        ck_assert(exec_line_go(&line));
    exec_line_kill(&line);
    line.config.records = 3;
    exec_line_start(&line, 1, 1);
    uint64_t before = records_read();
    ck_assert_uint_gt(before, 30);
    for (int i = 0; i < 20; i++) {
        exec_line_carry(&line);
        exec_task_step(source(), line.now);
    }
    ck_assert_uint_eq(records_read(), before);
    exec_line_fini(&line);
}
END_TEST

static void begin_with_steps(uint32_t records)
{
    exec_line_init(&line, &(struct exec_line_config){ .splits = 3,
                                                      .records = 5000,
                                                      .keys = 10,
                                                      .buffer_size = 512,
                                                      .barriers = BARRIER_MODE_ALTERNATING,
                                                      .checkpoints = true,
                                                      .step_records = records });
    exec_line_start(&line, 1, 1);
}

/* A buffer holds 63 records. */
START_TEST(a_source_takes_no_more_than_there_are_buffers_for)
{
    begin_with_steps(0);
    const struct result_partition *output = exec_task_output(source(), 0);
    while (exec_task_step(source(), 1).kind == STEP_WORKED)
        ck_assert_uint_eq(buffer_pool_overdraft(output->pool), 0);
    ck_assert_uint_eq(output->pool->in_use, output->pool->limit);
    ck_assert_uint_le(records_read(), 63 * output->pool->limit);
    exec_line_fini(&line);
}
END_TEST

START_TEST(a_step_takes_no_more_records_than_its_cost_allows)
{
    const struct chain *chain;
    begin_with_steps(20);
    chain = exec_task_chain(counter());
    for (uint64_t i = 1; i <= 5; i++) {
        ck_assert_int_eq(exec_task_step(source(), 1).cost, 20 * TIME_US);
        ck_assert_uint_eq(records_read(), 20 * i);
    }
    exec_line_carry(&line);
    ck_assert_uint_eq(chain->operators[0]->records_in, 0);
    while (exec_task_step(counter(), 1).kind != STEP_WORKED)
        exec_line_carry(&line);
    ck_assert_uint_eq(chain->operators[0]->records_in, 20);
    exec_task_checkpoint_aborted(counter(), 7); /* mail comes between the records of a buffer */
    ck_assert_int_eq(exec_task_step(counter(), 1).kind, STEP_WORKED);
    ck_assert_uint_eq(chain->operators[0]->records_in, 20);
    ck_assert_int_eq(exec_task_step(counter(), 1).cost, 20 * TIME_US);
    ck_assert_int_eq(exec_task_step(counter(), 1).cost, 20 * TIME_US);
    ck_assert_int_eq(exec_task_step(counter(), 1).cost, 3 * TIME_US);
    ck_assert_uint_eq(chain->operators[0]->records_in, 63);
    exec_task_check(counter());
    exec_line_fini(&line);
}
END_TEST

/* What was counted before the barrier and what is stored with it are all that the source had read.
 */
START_TEST(a_barrier_with_priority_comes_between_the_records_of_a_buffer)
{
    struct task_fact fact;
    const struct chain *chain;
    bool begun = false;
    begin_with_steps(20);
    chain = exec_task_chain(counter());
    for (int i = 0; i < 5; i++)
        exec_task_step(source(), 1);
    exec_line_carry(&line);
    while (chain->operators[0]->records_in == 0) {
        exec_line_carry(&line);
        exec_task_step(counter(), 1);
    }
    exec_line_trigger(&line, BARRIER_UNALIGNED, TIME_NEVER);
    exec_task_step(source(), 1);
    exec_line_carry(&line);
    exec_task_step(counter(), 1);
    ck_assert_uint_eq(chain->operators[0]->records_in, 20);
    while (exec_task_take_fact(counter(), &fact))
        begun |= fact.kind == TASK_FACT_SNAPSHOT;
    ck_assert(begun);
    exec_line_fini(&line);
}
END_TEST

static bool says_end_of_data(enum checkpoint_kind kind)
{
    struct task_fact fact;
    struct checkpoint_barrier barrier = { .id = 1, .kind = kind };
    bool said = false;
    begin(1000);
    exec_task_set_arrived(source(), 1000, false);
    exec_task_trigger_checkpoint(source(), &barrier, true);
    exec_task_step(source(), 1);
    exec_task_checkpoint_complete(source(), 1);
    for (int i = 0; i < 20; i++) {
        exec_line_carry(&line);
        exec_task_step(source(), 2);
        while (exec_task_take_fact(source(), &fact))
            said |= fact.kind == TASK_FACT_END_OF_DATA;
    }
    ck_assert_int_ne(exec_task_state(source()), EXEC_RUNNING);
    exec_line_fini(&line);
    return said;
}

/* StreamTask.processInput: END_OF_DATA calls notifyEndOfData, STOPPED does not. */
START_TEST(a_task_that_stops_behind_a_savepoint_has_not_read_all_its_input)
{
    ck_assert(!says_end_of_data(CHECKPOINT_STOP_SUSPEND));
    ck_assert(says_end_of_data(CHECKPOINT_STOP_DRAIN));
}
END_TEST

/* Buffers that were on their way when an unaligned checkpoint was taken. */
static void begin_with_some_in_flight(void)
{
    exec_line_init(&line, &(struct exec_line_config){ .splits = 3,
                                                      .records = 5000,
                                                      .keys = 10,
                                                      .buffer_size = 512,
                                                      .barriers = BARRIER_MODE_ALTERNATING,
                                                      .checkpoints = true });
    exec_line_start(&line, 1, 1);
    exec_line_carry(&line);
    for (int i = 0; i < 8; i++)
        exec_task_step(source(), 1);
    exec_line_carry(&line);
    exec_line_trigger(&line, BARRIER_UNALIGNED, TIME_NEVER);
    while (line.complete.id == 0)
        ck_assert(exec_line_go(&line));
    exec_line_kill(&line);
    exec_line_start(&line, 1, 1);
}

/* StreamTask.restoreInternal: RUNNING when the state of all channels is consumed. */
START_TEST(a_task_runs_when_what_was_in_flight_to_it_is_read)
{
    struct task_fact fact;
    begin_with_some_in_flight();
    uint32_t buffers = exec_task_gate(counter(), 0)->recovered.count;
    ck_assert_uint_gt(buffers, 1);
    ck_assert_int_eq(exec_task_state(source()), EXEC_RUNNING); /* nothing comes in */
    for (uint32_t i = 0; i < buffers; i++) {
        ck_assert_int_eq(exec_task_state(counter()), EXEC_RECOVERING);
        ck_assert(!exec_task_take_fact(counter(), &fact));
        ck_assert_int_eq(exec_task_step(counter(), 1).kind, STEP_WORKED);
    }
    ck_assert_int_eq(exec_task_state(counter()), EXEC_RUNNING);
    ck_assert(exec_task_take_fact(counter(), &fact));
    ck_assert(fact.kind == TASK_FACT_INPUT_RECOVERED && fact.input == 0);
    ck_assert(!exec_task_take_fact(counter(), &fact));
    while (exec_line_go(&line))
        exec_line_trigger(&line, BARRIER_UNALIGNED, TIME_NEVER);
    exec_line_check_counts(&line);
    exec_line_fini(&line);
}
END_TEST

START_TEST(a_task_that_recovers_can_be_cancelled)
{
    begin_with_some_in_flight();
    exec_task_step(counter(), 1);
    exec_task_cancel(counter());
    ck_assert_int_eq(exec_task_state(counter()), EXEC_CANCELED);
    ck_assert_int_eq(exec_task_step(counter(), 2).kind, STEP_NOTHING);
    exec_line_fini(&line);
}
END_TEST

enum { ALARM_AFTER = 100 };
static int rung;

static const char *set_later(const void *context, struct process_key *key, uint32_t input,
                             const void *payload, uint32_t size)
{
    (void)context, (void)input, (void)payload, (void)size;
    process_set_timer(key, DOMAIN_PROCESSING_TIME, key->op->task->now + ALARM_AFTER);
    return NULL;
}

static const char *count_ring(const void *context, struct process_key *key)
{
    (void)context, (void)key;
    rung++;
    return NULL;
}

static void make_numbers(const void *context, uint32_t split, uint64_t from, uint32_t count,
                         uint8_t *slots, void **room)
{
    (void)room;
    (void)context, (void)split;
    for (uint64_t i = 0; i < count; i++)
        memcpy(slots + i * sizeof i, &(uint64_t){ from + i }, sizeof i);
}

/* TimerService.quiesce: what a timer did behind the savepoint, who goes on from there would do
 * again. */
START_TEST(no_timer_is_called_behind_a_savepoint_that_the_task_stops_with)
{
    static struct record_layout layout[] = { { 8, false } };
    static const struct generator_source_params numbers = {
        .splits = 1, .count = UINT64_MAX, .rate_per_s = 1, .make = make_numbers
    };
    static const struct keyed_process_params later = { .keys = { { KEY_HASH_LONG, 0, 8 } },
                                                       .record = set_later,
                                                       .timer = count_ring };
    static const struct operator_spec specs[] = {
        { .name = "numbers",
          .class = &generator_source_class,
          .params = &numbers,
          .outputs = { layout, 1, 1 } },
        { .name = "later", .class = &keyed_process_class, .params = &later }
    };
    const struct exec_task_config config = { .identity = { 1, 1, 0, 1, 128, 0 },
                                             .groups = { 0, 127 },
                                             .operators = specs,
                                             .operator_count = 2,
                                             .buffer_timeout = TIME_NEVER };
    const struct checkpoint_barrier barrier = { .id = 1,
                                                .kind = _i ? CHECKPOINT_STOP_SUSPEND
                                                           : CHECKPOINT_PERIODIC };
    struct note note = { { 0 } };
    struct exec_task *task = exec_task_create(&config, &note);
    rung = 0;
    exec_task_open(task, NULL, 0, 0);
    exec_task_step(task, 0);
    ck_assert_int_eq(exec_task_deadline(task), ALARM_AFTER);
    exec_task_trigger_checkpoint(task, &barrier, true);
    exec_task_step(task, 1);
    ck_assert_int_eq(exec_task_deadline(task), _i ? TIME_NEVER : ALARM_AFTER);
    exec_task_step(task, ALARM_AFTER);
    ck_assert_int_eq(rung, _i ? 0 : 1);
    exec_task_destroy(task);
}
END_TEST

Suite *test_exec_life_suite(void);

Suite *test_exec_life_suite(void)
{
    Suite *suite = suite_create("exec_life");
    TCase *tcase = tcase_create("life");
    tcase_add_test(tcase, states_are_reached_from_those_that_may);
    tcase_add_test(tcase, a_task_wants_a_step_when_its_buffers_are_due);
    tcase_add_test(tcase, a_cancelled_task_takes_no_step_and_says_nothing_more);
    tcase_add_test(tcase, a_failed_task_says_why);
    tcase_add_test(tcase, a_task_that_has_stopped_fails_when_its_savepoint_is_aborted);
    tcase_add_test(tcase, a_stop_that_is_aborted_before_it_begins_stops_nothing);
    tcase_add_test(tcase, a_task_that_has_finished_declines_what_it_is_asked_for);
    tcase_add_test(tcase, a_task_finishes_behind_its_readers_and_its_producers);
    tcase_add_test(tcase, what_a_task_has_done_can_be_looked_at);
    tcase_add_test(tcase, a_restored_split_that_is_ahead_of_what_has_arrived_waits);
    tcase_add_test(tcase, a_source_takes_no_more_than_there_are_buffers_for);
    tcase_add_test(tcase, a_step_takes_no_more_records_than_its_cost_allows);
    tcase_add_test(tcase, a_barrier_with_priority_comes_between_the_records_of_a_buffer);
    tcase_add_test(tcase, a_task_that_stops_behind_a_savepoint_has_not_read_all_its_input);
    tcase_add_test(tcase, a_task_runs_when_what_was_in_flight_to_it_is_read);
    tcase_add_test(tcase, a_task_that_recovers_can_be_cancelled);
    tcase_add_loop_test(tcase, no_timer_is_called_behind_a_savepoint_that_the_task_stops_with, 0,
                        2);
    suite_add_tcase(suite, tcase);
    return suite;
}
