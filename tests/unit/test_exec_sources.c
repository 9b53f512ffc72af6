/* SPDX-License-Identifier: Apache-2.0
 *
 * Sources of files and of made records: each line, each record once, however splits are cut and
 * whenever the source is begun anew at another parallelism; and never faster than the rate.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/file_source.h"
#include "core/exec/generator_source.h"
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

/* Polls at random, with restarts in between; all have ended. */
static void read_all(struct lone_chains *lone, struct rng *rng)
{
    uint32_t ended = 0;
    while (ended < lone->width) {
        ended = 0;
        for (uint32_t i = 0; i < lone->width; i++) {
            ended += chain_poll(&lone->chains[i].chain, 1 + (uint32_t)rng_below(rng, 30)) ==
                     SOURCE_ENDED;
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
        ck_assert_int_eq(chain_poll(&lone.chain, 1000), SOURCE_WAITS);
        ck_assert_uint_eq(lone.out.count, n + 1);
        time_ns next = chain_deadline(&lone.chain);
        ck_assert_int_gt(next, lone.context.now);
        lone.context.now = next - 1;
        ck_assert_int_eq(chain_poll(&lone.chain, 1000), SOURCE_WAITS);
        ck_assert_uint_eq(lone.out.count, n + 1);
        lone.context.now = next;
        chain_on_time(&lone.chain, next);
        ck_assert_int_gt(chain_deadline(&lone.chain), next);
    }
    lone_chain_fini(&lone);
}
END_TEST

Suite *test_exec_sources_suite(void);

Suite *test_exec_sources_suite(void)
{
    Suite *suite = suite_create("exec_sources");
    TCase *tcase = tcase_create("sources");
    tcase_add_loop_test(tcase, each_line_is_read_once_however_files_are_cut, 0, 60);
    tcase_add_loop_test(tcase, what_cannot_be_read_fails_the_task, 0, 2);
    tcase_add_loop_test(tcase, each_record_is_made_once, 0, 20);
    tcase_add_loop_test(tcase, records_come_at_their_rate, 0, 5);
    suite_add_tcase(suite, tcase);
    return suite;
}
