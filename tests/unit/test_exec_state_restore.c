/* SPDX-License-Identifier: Apache-2.0
 *
 * What restore refuses: every bit of a file turned over, every length it can be cut to, another
 * owner, another shape, gaps and repetitions in the order of files. Each time there is one line of
 * complaint, and the table holds what it held.
 */
#include <check.h>
#include <signal.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "tests/lib/state_oracle.h"

enum { MAX_PARALLELISM = 8, WORK = 300 };

static const struct snapshot_identity identity = {
    .job = 7, .operator_uid = { 1, 2 }, .key = { 3, 1 }, .value = { 4, 1 }, .name = "count"
};

/* The whole of a table, as bytes. */
static struct snapshot_bytes snapshot_of(struct state_table *table, uint64_t id, bool incremental)
{
    struct snapshot_bytes bytes = { 0 };
    struct state_snapshot *snapshot = state_snapshot_begin(table, &identity, id, incremental);
    while (state_snapshot_write(snapshot, &bytes, 1000))
        ;
    state_snapshot_end(snapshot);
    return bytes;
}

static void expect_same(const struct snapshot_bytes *a, const struct snapshot_bytes *b)
{
    ck_assert_uint_eq(a->count, b->count);
    ck_assert(memcmp(a->items, b->items, a->count) == 0);
}

/* A file of a job with some state, and a table that holds something else. */
struct fixture {
    struct oracle_job job, target;
    struct snapshot_bytes file;
    struct note note;
};

static void fixture_init(struct fixture *fixture, int shape)
{
    struct rng rng = rng_stream(3, "restore", (uint64_t)shape);
    oracle_job_init(&fixture->job, shape, MAX_PARALLELISM, 1);
    oracle_job_init(&fixture->target, shape, MAX_PARALLELISM, 1);
    for (int i = 0; i < WORK; i++)
        oracle_job_step(i % 30 == 0 ? &fixture->job : &fixture->target, &rng);
    fixture->file = snapshot_of(fixture->job.tables[0], 1, false);
    ck_assert_uint_gt(fixture->file.count, 500);
}

static void fixture_fini(struct fixture *fixture)
{
    oracle_job_check(&fixture->target);
    oracle_job_fini(&fixture->job);
    oracle_job_fini(&fixture->target);
    snapshot_bytes_fini(&fixture->file);
}

/* Is it refused, with a line, and without a change? The caller checks the table at the end. */
static bool refuses(struct fixture *fixture, const struct snapshot_identity *whose,
                    const uint8_t *bytes, uint64_t size)
{
    struct state_restore *restore = state_restore_begin(fixture->target.tables[0], whose);
    fixture->note.text[0] = '\0';
    struct err e = state_restore_add(restore, bytes, size, &fixture->note);
    state_restore_cancel(restore);
    if (err_is(e))
        ck_assert_str_ne(fixture->note.text, "");
    return err_is(e);
}

START_TEST(restore_refuses_a_file_with_any_byte_changed)
{
    struct fixture fixture;
    fixture_init(&fixture, _i);
    for (size_t i = 0; i < fixture.file.count; i++)
        for (int bit = 0; bit < 8; bit += 7) {
            fixture.file.items[i] ^= (uint8_t)(1 << bit);
            ck_assert_msg(refuses(&fixture, &identity, fixture.file.items, fixture.file.count),
                          "byte %zu", i);
            fixture.file.items[i] ^= (uint8_t)(1 << bit);
        }
    ck_assert(!refuses(&fixture, &identity, fixture.file.items, fixture.file.count));
    fixture_fini(&fixture);
}
END_TEST

START_TEST(restore_refuses_a_file_cut_anywhere)
{
    struct fixture fixture;
    fixture_init(&fixture, _i);
    for (size_t size = 0; size < fixture.file.count; size++) {
        uint8_t *cut = mem_create(size); /* so that a look behind the end is seen */
        memcpy(cut, fixture.file.items, size);
        ck_assert_msg(refuses(&fixture, &identity, cut, size), "%zu bytes", size);
        mem_destroy(cut);
    }
    fixture_fini(&fixture);
}
END_TEST

START_TEST(restore_refuses_another_version_of_the_format)
{
    enum { VERSION_AT = 8 };
    struct fixture fixture;
    fixture_init(&fixture, 0);
    for (uint8_t version = 0; version < 6; version++) {
        char line[64];
        text_format(line, sizeof line, "format version %u; only 4 can be read", version);
        fixture.file.items[VERSION_AT] = version;
        bool is_ours = version == SNAPSHOT_FORMAT_VERSION;
        ck_assert(refuses(&fixture, &identity, fixture.file.items, fixture.file.count) != is_ours);
        ck_assert_str_eq(fixture.note.text, is_ours ? "" : line);
    }
    fixture_fini(&fixture);
}
END_TEST

/* Whole key groups are those of the file, all where it adds to nothing. */
START_TEST(restore_refuses_headers_whose_whole_groups_cannot_be)
{
    static const struct {
        uint64_t base;
        struct key_group_range whole;
        bool is_refused;
    } cases[] = {
        { 0, { 2, 5 }, false }, { 0, { 3, 5 }, true },  { 0, { 2, 4 }, true },
        { 0, { 2, 1 }, true },  { 1, { 2, 5 }, false }, { 1, { 3, 2 }, false },
        { 1, { 5, 5 }, false }, { 1, { 1, 2 }, true },  { 1, { 5, 6 }, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct snapshot_header header = { .identity = identity,
                                                .key_size = 8,
                                                .value_size = 8,
                                                .max_parallelism = MAX_PARALLELISM,
                                                .range = { 2, 5 },
                                                .id = 2,
                                                .base = cases[i].base,
                                                .whole = cases[i].whole };
        struct snapshot_bytes bytes = { 0 };
        struct snapshot_file file;
        struct note note = { { 0 } };
        snapshot_write_header(&bytes, &header);
        const uint64_t begin = bytes.count, offsets[4] = { begin, begin, begin, begin };
        snapshot_write_index(&bytes, offsets, 4, begin);
        ck_assert_int_eq(err_is(snapshot_open(bytes.items, bytes.count, &file, &note)),
                         cases[i].is_refused);
        ck_assert_str_eq(note.text, cases[i].is_refused ? "the header contradicts itself" : "");
        snapshot_bytes_fini(&bytes);
    }
}
END_TEST

START_TEST(restore_refuses_another_owner_and_says_which_part_differs)
{
    static const struct {
        struct snapshot_identity identity;
        const char *line;
    } others[] = {
        { { 8, { 1, 2 }, { 3, 1 }, { 4, 1 }, "count", { USER_VALUE, false } }, "of another job" },
        { { 7, { 1, 3 }, { 3, 1 }, { 4, 1 }, "count", { USER_VALUE, false } },
          "of another operator" },
        { { 7, { 1, 2 }, { 3, 1 }, { 4, 1 }, "sum", { USER_VALUE, false } },
          "of state 'count', not 'sum'" },
        { { 7, { 1, 2 }, { 5, 1 }, { 4, 1 }, "count", { USER_VALUE, false } },
          "state 'count': its keys were written by the serializer of another type" },
        { { 7, { 1, 2 }, { 3, 1 }, { 4, 2 }, "count", { USER_VALUE, false } },
          "state 'count': its values were written by another serializer (version 1, expected 2)" },
        { { 7, { 1, 2 }, { 3, 1 }, { 4, 1 }, "count", { USER_MAP, true } },
          "state 'count': found a value, expected a map with a time to live (Flink's "
          "StateMigrationException)" },
    };
    struct fixture fixture;
    fixture_init(&fixture, 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert(refuses(&fixture, &others[i].identity, fixture.file.items, fixture.file.count));
        ck_assert_str_eq(fixture.note.text, others[i].line);
    }
    fixture_fini(&fixture);
}
END_TEST

START_TEST(restore_refuses_another_shape_or_number_of_key_groups)
{
    struct fixture fixture, other;
    fixture_init(&fixture, 0);
    fixture_init(&other, 1);
    ck_assert(refuses(&fixture, &identity, other.file.items, other.file.count));
    ck_assert_str_eq(fixture.note.text, "state 'count': keys of 4 and values of 8 bytes, "
                                        "expected 8 and 8");
    struct snapshot_header numbers = { .identity = identity }, texts = numbers;
    texts.key_hash = KEY_HASH_TEXT;
    ck_assert(err_is(snapshot_expect(&numbers, &texts, &fixture.note)));
    ck_assert_str_eq(fixture.note.text,
                     "state 'count': keys are hashed as numbers of 8 bytes, expected as bytes");
    struct oracle_job many;
    oracle_job_init(&many, 0, MAX_PARALLELISM * 2, 1);
    struct snapshot_bytes file = snapshot_of(many.tables[0], 1, false);
    ck_assert(refuses(&fixture, &identity, file.items, file.count));
    ck_assert_str_eq(fixture.note.text, "state 'count': 16 key groups, expected 8");
    snapshot_bytes_fini(&file);
    oracle_job_fini(&many);
    fixture_fini(&fixture);
    fixture_fini(&other);
}
END_TEST

static struct err add(struct state_restore *restore, const struct snapshot_bytes *file,
                      struct note *note)
{
    return state_restore_add(restore, file->items, file->count, note);
}

START_TEST(restore_refuses_gaps_and_repetitions)
{
    struct rng rng = rng_stream(4, "gaps", 0);
    struct fixture fixture;
    fixture_init(&fixture, 0);
    struct state_table *table = fixture.job.tables[0], *target = fixture.target.tables[0];
    struct snapshot_bytes files[3];
    for (uint64_t i = 0; i < 3; i++) {
        files[i] = snapshot_of(table, i + 2, true);
        ck_assert(!err_is(state_table_confirm(table, i + 2)));
        oracle_job_step(&fixture.job, &rng);
    }
    struct state_restore *restore = state_restore_begin(target, &identity);
    ck_assert(err_is(add(restore, &files[1], &fixture.note))); /* its base is not there */
    state_restore_cancel(restore);
    restore = state_restore_begin(target, &identity);
    ck_assert(!err_is(add(restore, &files[0], &fixture.note)));
    ck_assert(err_is(add(restore, &files[2], &fixture.note))); /* one is left out */
    state_restore_cancel(restore);
    restore = state_restore_begin(target, &identity);
    ck_assert(!err_is(add(restore, &files[0], &fixture.note)));
    ck_assert(err_is(add(restore, &files[0], &fixture.note))); /* twice */
    state_restore_cancel(restore);
    for (int i = 0; i < 3; i++)
        snapshot_bytes_fini(&files[i]);
    fixture_fini(&fixture);
}
END_TEST

/* Two subtasks: the key groups of one are not enough, nor may they be of different snapshots. */
START_TEST(restore_wants_every_key_group_and_all_of_one_snapshot)
{
    struct fixture fixture;
    fixture_init(&fixture, 0);
    struct oracle_job halves;
    oracle_job_init(&halves, 0, MAX_PARALLELISM, 2);
    struct snapshot_bytes first = snapshot_of(halves.tables[0], 4, false);
    struct snapshot_bytes second = snapshot_of(halves.tables[1], 5, false);
    struct state_restore *restore = state_restore_begin(fixture.target.tables[0], &identity);
    ck_assert(!err_is(add(restore, &first, &fixture.note)));
    ck_assert_int_eq(state_restore_finish(restore, true, &fixture.note).code, ERR_MISSING_CODE);
    ck_assert_str_eq(fixture.note.text, "key group 4 is in no file");
    restore = state_restore_begin(fixture.target.tables[0], &identity);
    ck_assert(!err_is(add(restore, &first, &fixture.note)));
    ck_assert(!err_is(add(restore, &second, &fixture.note)));
    ck_assert(err_is(state_restore_finish(restore, true, &fixture.note)));
    ck_assert_str_eq(fixture.note.text, "key group 4 is of snapshot 5, key group 0 of 4");
    snapshot_bytes_fini(&first);
    snapshot_bytes_fini(&second);
    oracle_job_fini(&halves);
    fixture_fini(&fixture);
}
END_TEST

/* The other subtask had finished before the snapshot: its groups are there, and empty. */
START_TEST(groups_of_a_finished_subtask_begin_empty)
{
    struct fixture fixture;
    fixture_init(&fixture, 0);
    struct state_table *target = fixture.target.tables[0];
    struct oracle_job halves;
    oracle_job_init(&halves, 0, MAX_PARALLELISM, 2);
    struct key_group_range last = state_table_spec(halves.tables[1])->range;
    struct snapshot_bytes first = snapshot_of(halves.tables[0], 4, false);
    struct state_restore *restore = state_restore_begin(target, &identity);
    ck_assert(!err_is(add(restore, &first, &fixture.note)));
    state_restore_absent(restore, (struct key_group_range){ last.first + 1, last.last }, 4);
    ck_assert_int_eq(state_restore_finish(restore, true, &fixture.note).code, ERR_MISSING_CODE);
    restore = state_restore_begin(target, &identity);
    ck_assert(!err_is(add(restore, &first, &fixture.note)));
    state_restore_absent(restore, last, 4);
    ck_assert(!err_is(state_restore_finish(restore, true, &fixture.note)));
    ck_assert_uint_eq(state_table_memory(target).entries,
                      state_table_memory(halves.tables[0]).entries);
    snapshot_bytes_fini(&first);
    oracle_job_fini(&halves);
    oracle_job_fini(&fixture.job);
    state_table_check(target);
    oracle_job_fini(&fixture.target);
    snapshot_bytes_fini(&fixture.file);
}
END_TEST

START_TEST(restored_tables_give_the_same_bytes_again_where_calls_are_the_same)
{
    struct fixture fixture;
    fixture_init(&fixture, _i);
    struct snapshot_bytes files[2];
    for (int i = 0; i < 2; i++) {
        struct oracle_job job;
        oracle_job_init(&job, _i, MAX_PARALLELISM, 1);
        struct state_restore *restore = state_restore_begin(job.tables[0], &identity);
        ck_assert(!err_is(add(restore, &fixture.file, NULL)));
        ck_assert(!err_is(state_restore_finish(restore, true, NULL)));
        job.oracle = fixture.job.oracle;
        struct rng rng = rng_stream(9, "same", (uint64_t)_i);
        for (int step = 0; step < 500; step++)
            oracle_job_step(&job, &rng);
        files[i] = snapshot_of(job.tables[0], 9, true);
        oracle_job_fini(&job);
    }
    expect_same(&files[0], &files[1]);
    snapshot_bytes_fini(&files[0]);
    snapshot_bytes_fini(&files[1]);
    fixture_fini(&fixture);
}
END_TEST

Suite *test_exec_state_restore_suite(void);
Suite *test_exec_state_restore_suite(void)
{
    Suite *suite = suite_create("exec_state_restore");
    TCase *tcase = tcase_create("restore");
    tcase_add_loop_test(tcase, restore_refuses_a_file_with_any_byte_changed, 0, ORACLE_SHAPES);
    tcase_add_loop_test(tcase, restore_refuses_a_file_cut_anywhere, 0, ORACLE_SHAPES);
    tcase_add_test(tcase, restore_refuses_another_version_of_the_format);
    tcase_add_test(tcase, restore_refuses_headers_whose_whole_groups_cannot_be);
    tcase_add_test(tcase, restore_refuses_another_owner_and_says_which_part_differs);
    tcase_add_test(tcase, restore_refuses_another_shape_or_number_of_key_groups);
    tcase_add_test(tcase, restore_refuses_gaps_and_repetitions);
    tcase_add_test(tcase, restore_wants_every_key_group_and_all_of_one_snapshot);
    tcase_add_test(tcase, groups_of_a_finished_subtask_begin_empty);
    tcase_add_loop_test(tcase, restored_tables_give_the_same_bytes_again_where_calls_are_the_same,
                        0, ORACLE_SHAPES);
    suite_add_tcase(suite, tcase);
    return suite;
}
