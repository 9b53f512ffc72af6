/* SPDX-License-Identifier: Apache-2.0
 *
 * Sources of files and of made records: each line, each record once, however splits are cut and
 * whenever the source is begun anew at another parallelism; and never faster than the rate. What
 * they say of what is left, so that they neither spin nor sleep over it.
 */
#include <check.h>

#include "core/base/hash.h"
#include "core/base/rng.h"
#include "core/exec/file_source.h"
#include "core/exec/generator_source.h"
#include "core/exec/log_source.h"
#include "core/exec/task.h"
#include "tests/lib/lone_chains.h"

enum { FILES = 3, FILE_BYTES = 9000, SPLITS = 20 };

static char files[FILES][FILE_BYTES];
static size_t file_sizes[FILES];
static size_t piece_max; /* bytes that a read gives at most */

static struct err read_file(void *context, uint32_t file, uint64_t offset, uint8_t *out,
                            size_t room, size_t *got, struct note *note)
{
    (void)context;
    if (file >= FILES)
        return err_note(note, ERR_NOT_FOUND_CODE, "there is no such file");
    size_t left = offset < file_sizes[file] ? file_sizes[file] - (size_t)offset : 0;
    *got = left < room ? left : room;
    *got = *got < piece_max ? *got : piece_max;
    memcpy(out, files[file] + (left ? offset : 0), *got);
    return OK;
}

static struct file_range ranges[SPLITS];
static const struct source_port port = { .read = read_file };
static struct file_source_params file_params = { .splits = ranges, .port = &port };
static struct record_layout line_layout[] = { { 0, false } };
static const struct operator_spec file_specs[] = { { .name = "lines",
                                                     .class = &file_source_class,
                                                     .params = &file_params,
                                                     .outputs = { line_layout, 1, 1 } } };

/* Lines "file:number:padding", ended by LF or CRLF, some empty, the last perhaps without an end. */
static uint32_t write_file(struct rng *rng, uint32_t file, uint32_t number)
{
    size_t size = 0;
    while (size + 80 < FILE_BYTES && rng_below(rng, 200) > 0) {
        char *at = files[file] + size;
        size_t from = size;
        at[0] = (char)('a' + file);
        memcpy(at + 1,
               &(char[4]){ (char)('0' + number / 1000 % 10), (char)('0' + number / 100 % 10),
                           (char)('0' + number / 10 % 10), (char)('0' + number % 10) },
               4);
        size += 5;
        for (uint64_t pad = rng_below(rng, 50); pad > 0; pad--)
            files[file][size++] = 'x';
        if (rng_below(rng, 4) == 0)
            files[file][size++] = '\r';
        files[file][size++] = '\n';
        number++;
        ck_assert_uint_gt(size, from);
    }
    if (size > 0 && rng_below(rng, 2) == 0 && files[file][size - 2] != '\r')
        size--; /* no end of the last line */
    file_sizes[file] = size;
    return number;
}

/* Each file cut anywhere, into a few ranges. */
static uint32_t cut(struct rng *rng)
{
    uint32_t count = 0;
    for (uint32_t file = 0; file < FILES; file++) {
        uint64_t from = 0;
        for (uint64_t cuts = rng_below(rng, 5); cuts > 0; cuts--) {
            uint64_t to = from + rng_below(rng, file_sizes[file] / 3 + 2);
            ranges[count++] = (struct file_range){ file, from, to };
            from = to;
        }
        ranges[count++] = (struct file_range){ file, from, UINT64_MAX };
    }
    return count;
}

static uint32_t number_of(const struct lone_record *record)
{
    uint32_t number = 0;
    ck_assert_uint_ge(record->size, 5);
    for (int i = 1; i < 5; i++)
        number = number * 10 + (uint32_t)(record->payload[i] - '0');
    for (uint32_t i = 5; i < record->size; i++)
        ck_assert_int_eq(record->payload[i], 'x');
    return number;
}

/* Where its splits stand: who has read has moved on, and who has passed something over. */
static uint64_t place_of(const struct lone_chain *lone)
{
    const struct operator* op = lone->chain.operators[0];
    struct state_list splits = { 0 };
    op->class->save(op, &splits);
    uint64_t place = hash_add_bytes(0, splits.bytes.items, splits.bytes.count);
    state_list_fini(&splits);
    return place;
}

/* Who says that there is more is polled again at once: had it not moved on, for ever. Who does not
 * is not, until something comes: had it left anything, that would lie there. */
static enum source_status poll(struct lone_chain *lone, uint32_t most)
{
    uint64_t before = place_of(lone);
    enum source_status status = chain_poll(&lone->chain, most);
    uint64_t behind = place_of(lone);
    if (status == SOURCE_MORE) {
        ck_assert_msg(before != behind || lone->context.failed, "it says more, and goes nowhere");
        return status;
    }
    ck_assert_int_eq(chain_poll(&lone->chain, most), status);
    ck_assert_msg(behind == place_of(lone), "it says that there is no more, and goes on");
    return status;
}

/* Polls at random, with restarts in between; all have ended. */
static void read_all(struct lone_chains *lone, struct rng *rng)
{
    uint32_t ended = 0;
    while (ended < lone->width) {
        ended = 0;
        for (uint32_t i = 0; i < lone->width; i++) {
            ended += poll(&lone->chains[i], 1 + (uint32_t)rng_below(rng, 30)) == SOURCE_ENDED;
            ck_assert_msg(!lone->chains[i].context.failed, "%s", lone->chains[i].context.note.text);
        }
        if (rng_below(rng, 10) == 0) {
            lone_chains_restart(lone, 1 + (uint32_t)rng_below(rng, LONE_WIDTH_MAX));
            ended = 0;
        }
    }
}

START_TEST(each_line_is_read_once_however_files_are_cut)
{
    static struct lone_chains lone;
    static uint8_t seen[10000];
    struct rng rng = rng_stream((uint64_t)_i, "lines", 0);
    uint32_t lines = 0;
    size_t count;
    for (uint32_t file = 0; file < FILES; file++)
        lines = write_file(&rng, file, lines);
    file_params.split_count = cut(&rng);
    piece_max = _i % 2 ? 1 + rng_below(&rng, 100) : FILE_READ_BYTES;
    memset(seen, 0, sizeof seen);
    lone_chains_init(&lone, file_specs, 1, 2);
    read_all(&lone, &rng);
    struct lone_record *found = lone_chains_take(&lone, &count);
    ck_assert_uint_eq(count, lines);
    for (size_t i = 0; i < count; i++)
        seen[number_of(&found[i])]++;
    for (uint32_t n = 0; n < lines; n++)
        ck_assert_uint_eq(seen[n], 1);
    mem_destroy(found);
    lone_chains_fini(&lone);
}
END_TEST

static struct err read_long(void *context, uint32_t file, uint64_t offset, uint8_t *out,
                            size_t room, size_t *got, struct note *note)
{
    (void)context;
    (void)file;
    (void)offset;
    (void)note;
    memset(out, 'x', room);
    *got = room;
    return OK;
}

START_TEST(what_cannot_be_read_fails_the_task)
{
    static const char *const texts[] = { "lines: file 9: there is no such file",
                                         "lines: file 0: the line at byte 0 is longer than 24576 "
                                         "bytes" };
    static const struct source_port long_port = { .read = read_long };
    struct lone_chain lone;
    file_params.split_count = 1;
    file_params.port = _i ? &long_port : &port;
    ranges[0] = (struct file_range){ _i ? 0 : 9, 0, UINT64_MAX };
    lone_chain_init(&lone, file_specs, 1, 0, 1, NULL, 0);
    chain_poll(&lone.chain, 10);
    file_params.port = &port;
    ck_assert(lone.context.failed);
    ck_assert_str_eq(lone.context.note.text, texts[_i]);
    lone_chain_fini(&lone);
}
END_TEST

/* By their ends, which are behind so many bytes; a piece that is read is larger. */
static struct err read_lines(void *context, uint32_t file, uint64_t offset, uint8_t *out,
                             size_t room, size_t *got, struct note *note)
{
    (void)file, (void)note;
    size_t size = *(const size_t *)context;
    memset(out, 'x', room);
    *got = offset > size ? 0 : room;
    if (offset <= size && size - offset < room) {
        out[size - offset] = '\n';
        *got = (size_t)(size - offset) + 1;
    }
    return OK;
}

/* Told as such also where its end is in sight. */
START_TEST(a_line_has_a_largest_size)
{
    size_t size = _i ? FILE_LINE_MAX + 1 : 1000;
    const struct source_port line_port = { .read = read_lines, .context = &size };
    struct exec_task_config config = { .identity = { 1, 1, 0, 1, 128, 0 },
                                       .groups = { 0, 127 },
                                       .operators = file_specs,
                                       .operator_count = 1,
                                       .buffer_timeout = TIME_NEVER };
    struct note note = { { 0 } };
    const char *why = "";
    file_params.split_count = 1;
    file_params.port = &line_port;
    ranges[0] = (struct file_range){ 0, 0, UINT64_MAX };
    struct exec_task *task = exec_task_create(&config, &note);
    exec_task_open(task, NULL, 0, 0);
    exec_task_step(task, 0);
    exec_task_cause(task, &why);
    ck_assert_msg((exec_task_state(task) == EXEC_FAILED) == _i, "%s", why);
    ck_assert_int_eq(strstr(why, "is longer than") != NULL, _i);
    file_params.port = &port;
    exec_task_destroy(task);
}
END_TEST

static void make(const void *context, uint32_t split, uint64_t from, uint32_t count, uint8_t *slots,
                 void **room)
{
    (void)room;
    (void)context;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = (from + i) * 5 + split;
        memcpy(slots + i * 8, &number, sizeof number);
    }
}

static struct generator_source_params made = { .splits = 5, .make = make };
static struct record_layout made_layout[] = { { 8, false } };
static const struct operator_spec made_specs[] = { { .name = "generator",
                                                     .class = &generator_source_class,
                                                     .params = &made,
                                                     .outputs = { made_layout, 1, 1 } } };

START_TEST(each_record_is_made_once)
{
    static struct lone_chains lone;
    struct rng rng = rng_stream((uint64_t)_i, "made", 0);
    uint8_t seen[2000] = { 0 };
    size_t count;
    made.count = rng_below(&rng, 2000);
    made.rate_per_s = 0;
    lone_chains_init(&lone, made_specs, 1, 2);
    read_all(&lone, &rng);
    struct lone_record *found = lone_chains_take(&lone, &count);
    ck_assert_uint_eq(count, made.count);
    for (size_t i = 0; i < count; i++)
        seen[*(const uint64_t *)(const void *)found[i].payload]++;
    for (uint64_t n = 0; n < made.count; n++)
        ck_assert_uint_eq(seen[n], 1);
    mem_destroy(found);
    lone_chains_fini(&lone);
}
END_TEST

/* Record n of a subtask comes at n * subtasks / rate, not earlier; woken just then. */
START_TEST(records_come_at_their_rate)
{
    static const uint64_t rates[] = { 1, 3, 1000, 999999937, GENERATOR_RATE_MAX };
    struct lone_chain lone;
    made.count = UINT64_MAX;
    made.rate_per_s = rates[_i];
    lone_chain_init_at(&lone, made_specs, 1, 1, 2, NULL, 0, 7);
    for (uint64_t n = 0; n < 500; n++) {
        uint64_t due = (n * 2 * (uint64_t)TIME_S + rates[_i] - 1) / rates[_i];
        ck_assert_int_eq(lone.context.now, 7 + (time_ns)due);
        ck_assert_int_eq(poll(&lone, 1000), SOURCE_WAITS);
        ck_assert_uint_eq(lone.out.count, n + 1);
        time_ns next = chain_deadline(&lone.chain);
        ck_assert_int_gt(next, lone.context.now);
        lone.context.now = next - 1;
        ck_assert_int_eq(poll(&lone, 1000), SOURCE_WAITS);
        ck_assert_uint_eq(lone.out.count, n + 1);
        lone.context.now = next;
        chain_on_time(&lone.chain, next);
        ck_assert_int_gt(chain_deadline(&lone.chain), next);
    }
    lone_chain_fini(&lone);
}
END_TEST

enum { LOG_SPLITS = 4, LINES_LESS = 300, TURNS = 5 * SOURCE_BATCH_MAX + 7 };

/* Split s has 300 lines more than the one before, the last one as many as turns, or none has any:
 * the turns behind them are passed over. */
static const void *line_of(const void *context, uint32_t split, uint64_t offset, uint32_t *size,
                           int64_t *timestamp)
{
    static const uint64_t line;
    *size = sizeof line;
    *timestamp = (int64_t)offset;
    return !context && offset < (split + 1) * LINES_LESS ? &line : NULL;
}

static void make_timed(const void *context, uint32_t split, uint64_t from, uint32_t count,
                       uint8_t *slots, void **room)
{
    (void)context, (void)split, (void)room;
    for (uint64_t i = 0; i < count; i++) {
        int64_t timestamp = (int64_t)(from + i);
        memcpy(slots + i * 16, &timestamp, sizeof timestamp);
    }
}

static const struct watermark_strategy strategy = { .interval = TIME_MS };
static struct log_source_params log_params = { .record = line_of, .watermarks = &strategy };
static struct generator_source_params timed = {
    .count = 2000, .splits = LOG_SPLITS, .make = make_timed, .watermarks = &strategy
};
static struct record_layout log_layout[] = { { 0, true } }, timed_layout[] = { { 8, true } };
static const struct operator_spec timed_specs[] = { { .name = "log",
                                                      .class = &log_source_class,
                                                      .params = &log_params,
                                                      .outputs = { log_layout, 1, 1 } },
                                                    { .name = "generator",
                                                      .class = &generator_source_class,
                                                      .params = &timed,
                                                      .outputs = { timed_layout, 1, 1 } } };

/* In polls of any size, while the log grows, or as fast as the rate is, and what splits have is
 * beyond the bound now and then. */
START_TEST(who_reads_moves_on_or_waits)
{
    struct lone_chain lone;
    struct rng rng = rng_stream((uint64_t)_i, "moves", 0);
    enum source_status status = SOURCE_WAITS;
    uint64_t turns = LOG_SPLITS * LOG_SPLITS * LINES_LESS;
    log_params.splits = LOG_SPLITS;
    log_params.context = NULL;
    timed.rate_per_s = _i % 4 == 1 ? 0 : 50000;
    lone_chain_init(&lone, &timed_specs[_i % 2], 1, 0, 1, NULL, 0);
    while (status != SOURCE_ENDED) {
        uint64_t comes = rng_below(&rng, 30), left = turns - lone.context.arrived;
        lone.context.arrived += comes < left ? comes : left;
        lone.context.log_ended = comes >= left;
        lone.context.watermark_bound =
            rng_below(&rng, 2) ? WATERMARK_MAX : (int64_t)rng_below(&rng, 1000);
        lone.context.now += (time_ns)rng_below(&rng, TIME_MS);
        if (chain_deadline(&lone.chain) <= lone.context.now)
            chain_on_time(&lone.chain, lone.context.now);
        status = poll(&lone, 1 + (uint32_t)rng_below(&rng, 40));
    }
    ck_assert_uint_eq(lone.out.count, _i % 2 ? timed.count : (1 + 2 + 3 + 4) * LINES_LESS);
    lone_chain_fini(&lone);
}
END_TEST

/* Flink polls a reader again that says MORE_AVAILABLE, also when it has given nothing. A step that
 * did no work would be the last one: nothing comes that could wake the task. */
START_TEST(who_says_more_and_gives_nothing_is_polled_again)
{
    struct exec_task_config config = { .identity = { 1, 1, 0, 1, 128, 0 },
                                       .groups = { 0, 127 },
                                       .operators = timed_specs,
                                       .operator_count = 1,
                                       .buffer_timeout = TIME_NEVER };
    struct note note = { { 0 } };
    log_params.splits = 1;
    log_params.context = "no lines";
    for (int ends = 0; ends < 2; ends++) {
        struct exec_task *task = exec_task_create(&config, &note);
        exec_task_open(task, NULL, 0, 0);
        exec_task_set_arrived(task, TURNS, ends);
        for (int i = 0; i < TURNS / SOURCE_BATCH_MAX; i++) {
            ck_assert_int_eq(exec_task_step(task, 0).kind, STEP_WORKED);
            ck_assert_int_eq(exec_task_state(task), EXEC_RUNNING);
        }
        enum exec_step_kind last = exec_task_step(task, 0).kind;
        ck_assert_int_eq(last, ends ? STEP_WORKED : STEP_NOTHING);
        ck_assert_int_eq(exec_task_state(task) == EXEC_RUNNING, !ends);
        exec_task_destroy(task);
    }
}
END_TEST

Suite *test_exec_sources_suite(void);

Suite *test_exec_sources_suite(void)
{
    Suite *suite = suite_create("exec_sources");
    TCase *tcase = tcase_create("sources");
    tcase_add_loop_test(tcase, each_line_is_read_once_however_files_are_cut, 0, 60);
    tcase_add_loop_test(tcase, what_cannot_be_read_fails_the_task, 0, 2);
    tcase_add_loop_test(tcase, a_line_has_a_largest_size, 0, 2);
    tcase_add_loop_test(tcase, each_record_is_made_once, 0, 20);
    tcase_add_loop_test(tcase, records_come_at_their_rate, 0, 5);
    tcase_add_loop_test(tcase, who_reads_moves_on_or_waits, 0, 40);
    tcase_add_test(tcase, who_says_more_and_gives_nothing_is_polled_again);
    suite_add_tcase(suite, tcase);
    return suite;
}
