/* SPDX-License-Identifier: Apache-2.0
 *
 * Watermarks and idleness that operators say themselves, as their readers get them, against a plain
 * rule; splits of a source, of which the slowest counts; and sources that are held together.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/assign_watermarks.h"
#include "core/exec/generator_source.h"
#include "core/exec/log_source.h"
#include "core/exec/state_list.h"
#include "core/exec/task.h"
#include "tests/lib/partitions.h"

enum { INTERVAL = 20, IDLE_AFTER = 50, SPLITS = 3 };

enum heard_kind { HEARD_RECORD, HEARD_WATERMARK, HEARD_STATUS };

struct heard {
    enum heard_kind kind;
    int64_t value; /* timestamp, watermark, idle */
};

/* One operator and who reads from it. */
struct line {
    struct operator_task context;
    struct task_output output;
    struct chain chain;
    VEC(struct heard) heard;
};

static struct record_layout stamped[] = { { 8, true } };

static void line_init(struct line *line, const struct operator_spec *spec, uint32_t subtask,
                      uint32_t parallelism)
{
    struct task_output_config config = { .partition = partitions_config(PARTITION_FORWARD, 1) };
    static const struct chain_binding binding = { 0, 0 };
    struct note note = { { 0 } };
    config.partition.layout = stamped[0];
    config.partition.buffer_size = 4096;
    config.partition.buffers = 100;
    *line = (struct line){ .context = { .subtask = subtask,
                                        .parallelism = parallelism,
                                        .max_parallelism = 128,
                                        .watermark_bound = WATERMARK_MAX } };
    ck_assert(!err_is(task_output_init(&line->output, &config, &note)));
    chain_init(&line->chain, &line->context, spec, 1, &line->output, &binding, 1);
    chain_open(&line->chain);
}

static void line_fini(struct line *line)
{
    chain_close(&line->chain);
    chain_fini(&line->chain);
    task_output_fini(&line->output);
    vec_fini(&line->heard);
}

static void hear_buffer(struct line *line, struct frame_reader *reader, struct buffer *buffer)
{
    struct note note;
    struct frame frame;
    ck_assert(!err_is(frame_reader_open(reader, buffer, &note)));
    do {
        ck_assert(!err_is(frame_reader_next(reader, &frame, &note)));
        if (frame.kind == FRAME_RECORDS)
            for (uint32_t i = 0; i < frame.batch.count; i++)
                vec_push(&line->heard,
                         (struct heard){ HEARD_RECORD, batch_timestamp(&frame.batch, i) });
        else if (frame.kind == FRAME_WATERMARK)
            vec_push(&line->heard, (struct heard){ HEARD_WATERMARK, frame.watermark });
        else if (frame.kind == FRAME_WATERMARK_STATUS)
            vec_push(&line->heard, (struct heard){ HEARD_STATUS, frame.idle });
    } while (frame.kind != FRAME_END);
    buffer_release(buffer);
}

static void hear(struct line *line)
{
    struct result_partition *partition = &line->output.partition;
    struct frame_reader reader;
    struct channel_item item;
    uint32_t backlog;
    frame_reader_init(&reader, stamped[0], partition->config.buffer_size);
    result_partition_add_credit(partition, 0, 1000);
    chain_flush(&line->chain);
    while (result_partition_take(partition, 0, &item, &backlog))
        if (item.buffer)
            hear_buffer(line, &reader, item.buffer);
    frame_reader_fini(&reader);
}

static void tick(struct line *line, time_ns now)
{
    line->context.now = now;
    if (chain_deadline(&line->chain) <= now)
        chain_on_time(&line->chain, now);
}

static int64_t time_of(const void *context, const void *payload, uint32_t size)
{
    (void)context;
    (void)size;
    return *(const int64_t *)payload;
}

static struct assign_watermarks_params params = { .strategy = { .interval = INTERVAL },
                                                  .timestamp = time_of };
static struct operator_spec assign_spec = { .name = "assign",
                                            .class = &assign_watermarks_class,
                                            .params = &params,
                                            .outputs = { stamped, 1, 1 } };

/* The plain rule, at each interval. */
struct plain {
    int64_t highest, watermark;
    bool any, came, idle;
    time_ns quiet_since; /* -1: it is not quiet */
    VEC(struct heard) heard;
};

static void plain_tick(struct plain *plain, time_ns now)
{
    bool was_quiet = plain->quiet_since >= 0 && !plain->came;
    int64_t watermark = plain->highest - params.strategy.out_of_orderness - 1;
    if (!was_quiet)
        plain->quiet_since = plain->came ? -1 : now;
    plain->came = false;
    if (params.strategy.idle_after > 0 && was_quiet &&
        now - plain->quiet_since > params.strategy.idle_after) {
        if (!plain->idle)
            vec_push(&plain->heard, (struct heard){ HEARD_STATUS, true });
        plain->idle = true;
        return;
    }
    if (!plain->any || watermark <= plain->watermark)
        return;
    if (plain->idle)
        vec_push(&plain->heard, (struct heard){ HEARD_STATUS, false });
    plain->idle = false;
    plain->watermark = watermark;
    vec_push(&plain->heard, (struct heard){ HEARD_WATERMARK, watermark });
}

static void put(struct line *line, int64_t time)
{
    struct batch batch = {
        .slots = (const uint8_t *)&time, .count = 1, .stride = 8, .layout = { 8, false }
    };
    chain_process(&line->chain, 0, &batch);
}

START_TEST(watermarks_follow_the_plain_rule)
{
    struct rng rng = rng_stream((uint64_t)_i, "watermarks", 0);
    struct line line;
    struct plain plain = { .highest = INT64_MIN / 2, .watermark = INT64_MIN, .quiet_since = -1 };
    params.strategy.out_of_orderness = _i % 3 * 7;
    params.strategy.idle_after = _i % 2 ? IDLE_AFTER : 0;
    line_init(&line, &assign_spec, 0, 1);
    for (time_ns now = 1; now < 6000; now++) {
        bool is_busy = now / 300 % 2 == 0;
        tick(&line, now);
        if (now % INTERVAL == 0)
            plain_tick(&plain, now);
        if (rng_below(&rng, is_busy ? 4 : 150) == 0) {
            int64_t time = now + rng_between(&rng, -40, 5);
            put(&line, time);
            vec_push(&plain.heard, (struct heard){ HEARD_RECORD, time });
            plain.highest = time > plain.highest ? time : plain.highest;
            plain.any = plain.came = true;
        }
        if (now == 3000)
            chain_watermark(&line.chain, 5000); /* another's: it does not count */
    }
    chain_watermark(&line.chain, WATERMARK_MAX);
    if (plain.idle)
        vec_push(&plain.heard, (struct heard){ HEARD_STATUS, false });
    vec_push(&plain.heard, (struct heard){ HEARD_WATERMARK, WATERMARK_MAX });
    hear(&line);
    ck_assert_uint_eq(line.heard.count, plain.heard.count);
    for (size_t i = 0; i < plain.heard.count; i++)
        ck_assert_msg(line.heard.items[i].kind == plain.heard.items[i].kind &&
                          line.heard.items[i].value == plain.heard.items[i].value,
                      "%d of %d: kind %d value %lld, not %d %lld", (int)i, (int)plain.heard.count,
                      (int)line.heard.items[i].kind, (long long)line.heard.items[i].value,
                      (int)plain.heard.items[i].kind, (long long)plain.heard.items[i].value);
    line_fini(&line);
    vec_fini(&plain.heard);
}
END_TEST

/* Split s goes on by 1 + s ms with each record. */
static void make(const void *context, uint32_t split, uint64_t from, uint32_t count, uint8_t *slots,
                 void **room)
{
    (void)room;
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        int64_t slot[2] = { (int64_t)((from + i) * (1 + split)), split };
        memcpy(slots + i * sizeof slot, slot, sizeof slot);
    }
}

static const struct watermark_strategy plain_strategy = { .interval = INTERVAL,
                                                          .idle_after = IDLE_AFTER };
static const struct log_source_params log_params = { .splits = SPLITS,
                                                     .make = make,
                                                     .watermarks = &plain_strategy };
static const struct operator_spec log_spec = {
    .name = "log", .class = &log_source_class, .params = &log_params, .outputs = { stamped, 1, 1 }
};

/* The first record of the log is of split 0, the second of split 1 ... */
START_TEST(the_slowest_split_counts)
{
    struct line line;
    line_init(&line, &log_spec, 0, 1);
    line.context.arrived = 30; /* ten of each: up to 9, 18, 27 ms */
    ck_assert_int_eq(chain_poll(&line.chain, 1000), SOURCE_WAITS);
    tick(&line, INTERVAL);
    ck_assert_int_eq(line.context.source_watermark, 8);
    line.context.arrived = 31; /* one more of split 0 */
    chain_poll(&line.chain, 1000);
    tick(&line, 2 * INTERVAL);
    ck_assert_int_eq(line.context.source_watermark, 9);
    for (time_ns now = 3 * INTERVAL; now <= 8 * INTERVAL; now += INTERVAL)
        tick(&line, now);
    ck_assert_int_eq(line.context.source_watermark, WATERMARK_MAX); /* all are idle */
    hear(&line);
    ck_assert_uint_eq(line.heard.count, 31 + 2 + 1);
    ck_assert_int_eq(vec_last(&line.heard).kind, HEARD_STATUS);
    line.context.arrived = 60; /* readers take no watermark of who is idle */
    chain_poll(&line.chain, 1000);
    tick(&line, 9 * INTERVAL);
    hear(&line);
    ck_assert_uint_eq(line.heard.count, 60 + 2 + 1 + 2);
    ck_assert(line.heard.items[63].kind == HEARD_STATUS && !line.heard.items[63].value);
    ck_assert_int_eq(line.heard.items[64].value, 18);
    line_fini(&line);
}
END_TEST

/* Ten of each split again: the first two are read to their end, which nothing follows. */
START_TEST(a_split_at_the_end_of_the_log_holds_nobody_back)
{
    struct line line;
    line_init(&line, &log_spec, 0, 1);
    line.context.arrived = 30;
    line.context.log_ended = true;
    chain_poll(&line.chain, 10);
    chain_poll(&line.chain, 10);
    ck_assert_int_eq(chain_poll(&line.chain, 5), SOURCE_MORE); /* of split 2: up to 12 ms */
    tick(&line, INTERVAL);
    ck_assert_int_eq(line.context.source_watermark, 11);
    line_fini(&line);
}
END_TEST

/* A line of a log's file each, 1 ms apart; those of split 0 end with the third. */
static const void *line_of(const void *context, uint32_t split, uint64_t offset, uint32_t *size,
                           int64_t *timestamp)
{
    static uint64_t line;
    (void)context;
    line = offset;
    *size = sizeof line;
    *timestamp = (int64_t)offset;
    return split == 0 && offset >= 3 ? NULL : &line;
}

static struct watermark_strategy file_strategy = { .interval = INTERVAL };
static const struct log_source_params file_params = { .splits = 2,
                                                      .record = line_of,
                                                      .watermarks = &file_strategy };
static const struct operator_spec file_spec = { .name = "files",
                                                .class = &log_source_class,
                                                .params = &file_params,
                                                .outputs = { stamped, 1, 1 } };

static const struct state_list no_splits;

/* At the next interval it says so, once, and then wants no more time; the log goes on. */
static void must_rest(struct line *line, time_ns now)
{
    size_t before;
    hear(line);
    before = line->heard.count;
    ck_assert_int_eq(chain_poll(&line->chain, 1000), SOURCE_WAITS);
    ck_assert_int_le(chain_deadline(&line->chain), now + INTERVAL);
    for (int i = 1; i <= 10; i++)
        tick(line, now + i * INTERVAL);
    hear(line);
    ck_assert_uint_eq(line->heard.count, before + 1);
    ck_assert_int_eq(vec_last(&line->heard).kind, HEARD_STATUS);
    ck_assert_int_eq(vec_last(&line->heard).value, true);
    ck_assert_int_eq(line->context.source_watermark, WATERMARK_MAX);
    ck_assert_int_eq(chain_deadline(&line->chain), TIME_NEVER);
    line->context.log_ended = true;
    ck_assert_int_eq(chain_poll(&line->chain, 1000), SOURCE_ENDED);
}

/* More subtasks than splits, from the beginning or since a restore; with a time-out and without. */
START_TEST(a_subtask_without_a_split_holds_nobody_back)
{
    struct line line;
    struct note note;
    bool is_restored = _i % 2 == 1;
    file_strategy.idle_after = _i / 2 ? IDLE_AFTER : 0;
    line_init(&line, &file_spec, is_restored ? 1 : 2, 3);
    if (is_restored) {
        struct operator* op = line.chain.operators[0];
        chain_close(&line.chain);
        ck_assert(!err_is(op->class->load(op, &no_splits, &note)));
        chain_open(&line.chain);
    }
    line.context.arrived = 100;
    line.context.watermark_bound = -1; /* a group's; it waits for nobody */
    must_rest(&line, 0);
    line_fini(&line);
}
END_TEST

/* The same of one whose splits have ended before the log has, wherever its group is. */
START_TEST(a_subtask_whose_splits_have_ended_holds_nobody_back)
{
    struct line line;
    file_strategy.idle_after = _i ? IDLE_AFTER : 0;
    line_init(&line, &file_spec, 0, 2);
    line.context.arrived = 6;
    chain_poll(&line.chain, 1000);
    tick(&line, INTERVAL);
    ck_assert_int_eq(line.context.source_watermark, 1);
    line.context.arrived = 8; /* its fourth turn: the file has no such line */
    chain_poll(&line.chain, 1000);
    line.context.watermark_bound = 0;
    line.context.arrived = 100;
    must_rest(&line, INTERVAL);
    line_fini(&line);
}
END_TEST

/* A split that rested while another went on is behind its source. Flink's SourceOperator waits as a
 * whole then, by the last watermark that it emitted (shouldWaitForAlignment). */
START_TEST(a_source_beyond_the_bound_reads_none_of_its_splits)
{
    const struct source_split rests = { .offset = 50, .number = 1 }, goes_on = { .number = 0 };
    struct state_list splits = { 0 };
    struct line line;
    struct note note;
    state_list_add(&splits, &goes_on, sizeof goes_on);
    state_list_add(&splits, &rests, sizeof rests);
    line_init(&line, &log_spec, 0, 1);
    struct operator* op = line.chain.operators[0];
    chain_close(&line.chain);
    ck_assert(!err_is(op->class->load(op, &splits, &note)));
    chain_open(&line.chain);
    line.context.arrived = 30 * SPLITS;
    for (time_ns now = INTERVAL; line.context.source_watermark < 35; now += INTERVAL) {
        ck_assert_int_lt(now, 100 * INTERVAL);
        line.context.arrived += SPLITS;
        chain_poll(&line.chain, 1000);
        tick(&line, now);
    }
    uint64_t before = op->records_in;
    line.context.watermark_bound = line.context.source_watermark - 1;
    line.context.arrived = 100 * SPLITS;
    ck_assert_int_eq(chain_poll(&line.chain, 1000), SOURCE_WAITS);
    ck_assert_uint_eq(op->records_in, before);
    line.context.watermark_bound++;
    ck_assert_int_eq(chain_poll(&line.chain, 1000), SOURCE_WAITS);
    ck_assert_uint_eq(op->records_in, 100 + 50);
    line_fini(&line);
    state_list_fini(&splits);
}
END_TEST

static struct generator_source_params gen_params = { .splits = 2 * SPLITS,
                                                     .make = make,
                                                     .watermarks = &plain_strategy };
static const struct operator_spec gen_spec = { .name = "generator",
                                               .class = &generator_source_class,
                                               .params = &gen_params,
                                               .outputs = { stamped, 1, 1 } };

/* It has come to its end at once, also of a generator that goes on for ever. */
START_TEST(a_generator_without_a_split_ends)
{
    struct line line;
    gen_params.count = UINT64_MAX;
    line_init(&line, &gen_spec, 2 * SPLITS, 2 * SPLITS + 1);
    ck_assert_int_eq(chain_poll(&line.chain, 1000), SOURCE_ENDED);
    line_fini(&line);
}
END_TEST

/* Two subtasks of very unlike splits are told a bound now and then: none reads on beyond it, and
 * all is read in the end. */
START_TEST(aligned_splits_stay_together)
{
    enum { RUN = 10, DRIFT = 100 };
    struct rng rng = rng_stream((uint64_t)_i, "aligned", 0);
    struct line lines[2];
    bool ended[2] = { false, false };
    int64_t bound = WATERMARK_MAX;
    size_t records = 0;
    gen_params.count = 3000;
    for (uint32_t i = 0; i < 2; i++)
        line_init(&lines[i], &gen_spec, i, 2);
    for (time_ns now = 0; !ended[0] || !ended[1]; now++) {
        ck_assert_int_lt(now, 100000);
        for (uint32_t i = 0; i < 2; i++) {
            tick(&lines[i], now);
            lines[i].context.watermark_bound = bound;
            if (!ended[i] && rng_below(&rng, 2) == 0)
                ended[i] = chain_poll(&lines[i].chain, RUN) == SOURCE_ENDED;
            hear(&lines[i]);
            for (VEC_EACH(const struct heard, heard, &lines[i].heard))
                if (heard->kind == HEARD_RECORD) {
                    records++;
                    /* the run under way may pass it, by 6 ms a record at most */
                    if (bound != WATERMARK_MAX)
                        ck_assert_int_le(heard->value, bound + 1 + RUN * 2 * SPLITS);
                }
            vec_clear(&lines[i].heard);
        }
        if (now % 50 == 49) {
            int64_t watermarks[2];
            for (uint32_t i = 0; i < 2; i++)
                watermarks[i] = ended[i] ? WATERMARK_MAX : lines[i].context.source_watermark;
            int64_t told = watermark_alignment_bound(watermarks, 2, DRIFT);
            ck_assert(now < 100 || told >= bound || bound == WATERMARK_MAX);
            bound = told;
        }
        if (now == 0)
            bound = DRIFT;
    }
    ck_assert_uint_eq(records, 3000);
    for (uint32_t i = 0; i < 2; i++)
        line_fini(&lines[i]);
}
END_TEST

/* A task reports its source's watermark and reads no further than it is told. */
START_TEST(a_task_waits_for_the_bound)
{
    struct exec_task_config config = { .identity = { 1, 1, 0, 1, 128, 0 },
                                       .groups = { 0, 127 },
                                       .operators = &gen_spec,
                                       .operator_count = 1,
                                       .buffer_timeout = TIME_NEVER };
    struct note note = { { 0 } };
    gen_params.count = 60000;
    struct exec_task *task = exec_task_create(&config, &note);
    exec_task_open(task, NULL, 0, 0);
    ck_assert_int_eq(exec_task_source_watermark(task), WATERMARK_NONE);
    exec_task_set_watermark_bound(task, 100);
    for (time_ns now = 0; now < 1000; now++)
        exec_task_step(task, now);
    ck_assert_int_eq(exec_task_state(task), EXEC_RUNNING);
    ck_assert_int_gt(exec_task_source_watermark(task), 100);
    ck_assert_int_lt(exec_task_source_watermark(task), 100 + 2 * SPLITS * SOURCE_BATCH_MAX);
    exec_task_set_watermark_bound(task, WATERMARK_MAX);
    for (time_ns now = 1000; now < 2000; now++)
        exec_task_step(task, now);
    ck_assert_int_eq(exec_task_state(task), EXEC_FINISHED);
    exec_task_destroy(task);
}
END_TEST

START_TEST(the_bound_is_the_least_and_the_drift)
{
    static const int64_t some[] = { 40, 7, WATERMARK_MAX }, none[] = { WATERMARK_MAX };
    ck_assert_int_eq(watermark_alignment_bound(some, 3, 10), 17);
    ck_assert_int_eq(watermark_alignment_bound(none, 1, 10), WATERMARK_MAX);
    ck_assert_int_eq(watermark_alignment_bound(none, 0, 10), WATERMARK_MAX);
}
END_TEST

Suite *test_exec_watermarks_suite(void);

Suite *test_exec_watermarks_suite(void)
{
    Suite *suite = suite_create("exec_watermarks");
    TCase *tcase = tcase_create("watermarks");
    tcase_add_loop_test(tcase, watermarks_follow_the_plain_rule, 0, 18);
    tcase_add_test(tcase, the_slowest_split_counts);
    tcase_add_test(tcase, a_split_at_the_end_of_the_log_holds_nobody_back);
    tcase_add_loop_test(tcase, a_subtask_without_a_split_holds_nobody_back, 0, 4);
    tcase_add_loop_test(tcase, a_subtask_whose_splits_have_ended_holds_nobody_back, 0, 2);
    tcase_add_test(tcase, a_source_beyond_the_bound_reads_none_of_its_splits);
    tcase_add_test(tcase, a_generator_without_a_split_ends);
    tcase_add_loop_test(tcase, aligned_splits_stay_together, 0, 10);
    tcase_add_test(tcase, a_task_waits_for_the_bound);
    tcase_add_test(tcase, the_bound_is_the_least_and_the_drift);
    suite_add_tcase(suite, tcase);
    return suite;
}
