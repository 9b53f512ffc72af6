/* SPDX-License-Identifier: Apache-2.0
 *
 * Stretches of a key group's table in a snapshot: a restored table is the same again, and a file
 * whose checksums are right but whose entries are where no search would find them is refused.
 */
#include <check.h>

#include "core/base/hash.h"
#include "core/base/rng.h"
#include "core/exec/state_parts.h"
#include "core/exec/state_stretch.h"

enum { TAIL = 16, OLD = 77, SIZES = 60, NUMBER = 8, SHAPES = 9, BYTES_MOST = 40 };

static const struct snapshot_identity identity = { .job = 7, .name = "count" };
static const struct state_spec spec = { .key_size = 8,
                                        .value_size = 8,
                                        .key_hash = KEY_HASH_LONG,
                                        .max_parallelism = 1,
                                        .range = { 0, 0 },
                                        .incremental = true };

/* Of each way that entries lie, with loops of their own and without; words first. */
static struct state_spec spec_of(int shape)
{
    static const struct {
        uint32_t key_size, value_size;
    } sizes[SHAPES] = { { 8, 8 }, { 8, 16 }, { 8, 24 }, { 4, 8 }, { 12, 20 },
                        { 9, 8 }, { 8, 0 },  { 0, 8 },  { 0, 0 } };
    struct state_spec shaped = spec;
    shaped.key_size = sizes[shape].key_size;
    shaped.value_size = sizes[shape].value_size;
    shaped.key_hash = KEY_HASH_TEXT;
    return shaped;
}

/* A key as bytes; where sizes vary, those of a number. The same of a value. */
struct bytes {
    uint8_t bytes[BYTES_MOST];
    uint32_t size;
};

static struct bytes bytes_of(uint32_t size, uint64_t number)
{
    struct bytes bytes = { .size = size != 0 ? size : NUMBER + (uint32_t)(number % 7) };
    memcpy(bytes.bytes, &number, size != 0 && size < NUMBER ? size : NUMBER);
    return bytes;
}

static struct state_key key_of(const struct bytes *key)
{
    return (struct state_key){ key->bytes, key->size, STATE_GROUP_COMPUTED };
}

static void put(struct state_table *table, uint64_t number, uint64_t count)
{
    const struct state_spec *shape = state_table_spec(table);
    struct bytes key = bytes_of(shape->key_size, number);
    struct bytes value = bytes_of(shape->value_size, count);
    ck_assert(!err_is(state_table_put(table, key_of(&key), value.bytes, value.size, NULL)));
}

static bool take_away(struct state_table *table, uint64_t number)
{
    struct bytes key = bytes_of(state_table_spec(table)->key_size, number);
    return state_table_remove(table, key_of(&key));
}

static struct snapshot_bytes snapshot_of(struct state_table *table, uint64_t id)
{
    struct snapshot_bytes bytes = { 0 };
    struct state_snapshot *snapshot = state_snapshot_begin(table, &identity, id, false);
    while (state_snapshot_write(snapshot, &bytes, 1))
        ;
    state_snapshot_end(snapshot);
    return bytes;
}

static struct err restore(struct state_table *table, const struct snapshot_bytes *file,
                          struct note *note)
{
    struct state_restore *restore = state_restore_begin(table, &identity);
    struct err e = state_restore_add(restore, file->items, file->count, note);
    if (!err_is(e))
        return state_restore_finish(restore, true, note);
    state_restore_cancel(restore);
    return e;
}

/* Does the first bucket have an entry whose home is the last one? */
static bool goes_round(const struct state_table *table)
{
    const struct state_group *group = &table->groups[0];
    bool found = false;
    for (uint64_t taken = state_taken(*group->tags); taken != 0; taken &= taken - 1) {
        uint64_t hash = state_group_hash_at(&table->layout, group, state_slot(taken));
        found |= state_home(hash, group->bucket_count) > 0;
    }
    return found;
}

/* All blocks are stretches, and both files have the same. */
static void expect_stretches(const struct snapshot_bytes *first,
                             const struct snapshot_bytes *second)
{
    struct snapshot_file files[2];
    struct snapshot_block block;
    uint64_t from[2], to[2];
    ck_assert(!err_is(snapshot_open(first->items, first->count, &files[0], NULL)));
    ck_assert(!err_is(snapshot_open(second->items, second->count, &files[1], NULL)));
    for (int i = 0; i < 2; i++)
        ck_assert(!err_is(snapshot_section(&files[i], 0, &from[i], &to[i], NULL)));
    ck_assert_uint_eq(to[0] - from[0], to[1] - from[1]);
    ck_assert_mem_eq(first->items + from[0], second->items + from[1], to[0] - from[0]);
    while (from[0] < to[0]) {
        ck_assert(!err_is(snapshot_read_block(&files[0], 0, &from[0], to[0], &block, NULL)));
        ck_assert_int_eq(block.kind, SNAPSHOT_BLOCK_STRETCH);
    }
}

/* Some have gone again, so that there are holes, but not so many that the table has become small.
 */
START_TEST(a_restored_table_has_the_same_size_and_gives_the_same_bytes)
{
    uint32_t rounds = 0;
    struct note note = { { 0 } };
    struct state_spec shape = spec_of(_i);
    for (uint64_t size = 0; size < SIZES; size++) {
        struct state_table *table = state_table_create(&shape), *again = state_table_create(&shape);
        uint64_t keys = 7 + size * size * 3;
        for (uint64_t i = 0; i < keys; i++)
            put(table, hash_mix(i), i);
        for (uint64_t i = 0; i < keys; i += 5)
            ck_assert(size % 2 == 0 || take_away(table, hash_mix(i)));
        struct snapshot_bytes first = snapshot_of(table, 3);
        ck_assert_msg(!err_is(restore(again, &first, &note)), "%s", note.text);
        state_table_check(again);
        struct snapshot_bytes second = snapshot_of(again, 4);
        ck_assert_uint_eq(again->groups[0].bucket_count, table->groups[0].bucket_count);
        ck_assert_uint_eq(again->groups[0].buckets->size, table->groups[0].buckets->size);
        ck_assert_uint_eq(state_table_memory(again).allocations, again->layout.in_heap ? 2 : 1);
        expect_stretches(&first, &second);
        rounds += goes_round(again);
        snapshot_bytes_fini(&first);
        snapshot_bytes_fini(&second);
        state_table_destroy(table);
        state_table_destroy(again);
    }
    ck_assert_uint_gt(rounds, 0);
}
END_TEST

/* Room for records is made by what those of the first block take. */
START_TEST(records_that_are_not_like_the_first_ones_are_all_restored)
{
    enum { KEYS = 20000, LONG = 64, LONG_UP_TO = 1 << 13 };
    static const uint8_t value[LONG];
    struct note note = { { 0 } };
    struct state_spec shape = spec;
    shape.value_size = 0;
    struct state_table *table = state_table_create(&shape), *again = state_table_create(&shape);
    for (uint64_t i = 0; i < KEYS; i++) {
        struct bytes key = bytes_of(sizeof i, i);
        bool comes_first = state_hash_word(i) >> 48 < LONG_UP_TO;
        ck_assert(
            !err_is(state_table_put(table, key_of(&key), value, comes_first ? LONG : 1, NULL)));
    }
    struct snapshot_bytes first = snapshot_of(table, 3);
    ck_assert_msg(!err_is(restore(again, &first, &note)), "%s", note.text);
    state_table_check(again);
    struct snapshot_bytes second = snapshot_of(again, 4);
    expect_stretches(&first, &second);
    ck_assert_uint_gt(state_table_memory(again).allocations, 2);
    snapshot_bytes_fini(&first);
    snapshot_bytes_fini(&second);
    state_table_destroy(table);
    state_table_destroy(again);
}
END_TEST

/* A table that most has gone from is not made again with all its room. */
START_TEST(a_table_that_is_almost_empty_is_restored_small)
{
    struct note note = { { 0 } };
    struct state_table *table = state_table_create(&spec), *again = state_table_create(&spec);
    for (uint64_t i = 0; i < 10000; i++)
        put(table, hash_mix(i), i);
    for (uint64_t i = 100; i < 10000; i++)
        ck_assert(take_away(table, hash_mix(i)));
    struct snapshot_bytes file = snapshot_of(table, 3);
    ck_assert_msg(!err_is(restore(again, &file, &note)), "%s", note.text);
    state_table_check(again);
    ck_assert_uint_eq(state_table_memory(again).entries, 100);
    ck_assert_uint_lt(state_table_memory(again).live_bytes, 5000);
    snapshot_bytes_fini(&file);
    state_table_destroy(table);
    state_table_destroy(again);
}
END_TEST

/* Values that are no more than a stamp: what is out of date stays behind, so there is no stretch.
 */
START_TEST(stamps_that_are_out_of_date_are_in_no_snapshot)
{
    struct note note = { { 0 } };
    struct state_spec stamped = spec;
    stamped.stamped = true;
    struct state_table *table = state_table_create(&stamped);
    struct state_table *again = state_table_create(&stamped);
    for (uint64_t i = 0; i < 1000; i++)
        put(table, hash_mix(i), i);
    state_table_set_horizon(table, 599);
    struct snapshot_bytes file = snapshot_of(table, 3);
    ck_assert_msg(!err_is(restore(again, &file, &note)), "%s", note.text);
    ck_assert_uint_eq(state_table_memory(again).entries, 400);
    snapshot_bytes_fini(&file);
    state_table_destroy(table);
    state_table_destroy(again);
}
END_TEST

/* The n-th number whose home is this one of so many buckets. */
static uint64_t key_at_home(const struct state_spec *shape, uint32_t home, uint32_t buckets, int n)
{
    struct state_layout layout = state_layout_of(shape->key_size, shape->value_size);
    for (uint64_t number = 1;; number++) {
        struct bytes key = bytes_of(shape->key_size, number);
        if (state_home(state_hash(&layout, key.bytes, key.size), buckets) == home && n-- == 0)
            return number;
    }
}

static void append(struct snapshot_bytes *out, const void *bytes, size_t size)
{
    memcpy(snapshot_bytes_take(out, size), bytes, size);
}

/* As a file has it. */
static void append_entry(struct snapshot_bytes *out, const struct state_spec *shape,
                         uint64_t number, uint64_t count)
{
    struct bytes key = bytes_of(shape->key_size, number);
    struct bytes value = bytes_of(shape->value_size, count);
    if (shape->key_size == 0)
        append(out, &key.size, sizeof key.size);
    if (shape->value_size == 0)
        append(out, &value.size, sizeof value.size);
    append(out, key.bytes, key.size);
    append(out, value.bytes, value.size);
}

/* Buckets as text: a digit for the home of an entry, a letter for which key; '|' between them. */
static uint32_t add_stretch(struct snapshot_bytes *out, const struct state_spec *shape,
                            uint32_t first, uint32_t of_group, const char *text)
{
    uint8_t counts[16] = { 0 };
    uint32_t at = 0, entries = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '|') {
            at++;
            continue;
        }
        append_entry(out, shape, key_at_home(shape, (uint32_t)(*c - '0'), of_group, c[1] - 'a'),
                     entries++);
        counts[at]++;
        c++;
    }
    uint32_t words[] = { first, of_group, at + 1, 0 };
    append(out, counts, at + 1);
    append(out, words, sizeof words);
    return entries;
}

/* A file of one key group. */
struct draft {
    const struct state_spec *shape;
    struct snapshot_bytes bytes;
    uint64_t begin;
};

static struct draft draft_begin(const struct state_spec *shape, uint64_t base)
{
    struct draft draft = { .shape = shape };
    struct snapshot_header header = { .identity = identity,
                                      .key_size = shape->key_size,
                                      .value_size = shape->value_size,
                                      .key_hash = shape->key_hash,
                                      .max_parallelism = 1,
                                      .id = 2,
                                      .base = base,
                                      .whole = { 0, base == 0 ? 0 : -1 } };
    snapshot_write_header(&draft.bytes, &header);
    draft.begin = draft.bytes.count;
    return draft;
}

static void draft_entry(struct draft *draft, uint64_t key)
{
    size_t opened = snapshot_open_block(&draft->bytes);
    append_entry(&draft->bytes, draft->shape, key, 1);
    snapshot_close_block(&draft->bytes, opened, SNAPSHOT_BLOCK_ENTRIES, 0, 1);
}

static void draft_stretch(struct draft *draft, uint32_t first, uint32_t of_group, const char *text)
{
    size_t opened = snapshot_open_block(&draft->bytes);
    uint32_t entries = add_stretch(&draft->bytes, draft->shape, first, of_group, text);
    snapshot_close_block(&draft->bytes, opened, SNAPSHOT_BLOCK_STRETCH, 0, entries);
}

/* Restored into a table that holds something else. Null: it is taken, with so many entries. */
static void expect_line(struct draft *draft, const char *line, uint64_t entries)
{
    struct note note = { { 0 } };
    struct state_table *table = state_table_create(draft->shape);
    put(table, OLD, 1);
    snapshot_write_index(&draft->bytes, &draft->begin, 1, draft->bytes.count);
    struct err e = restore(table, &draft->bytes, &note);
    ck_assert_str_eq(note.text, line ? line : "");
    ck_assert_int_eq(err_is(e), line != NULL);
    state_table_check(table);
    ck_assert_uint_eq(state_table_memory(table).entries, line ? 1 : entries);
    state_table_destroy(table);
    snapshot_bytes_fini(&draft->bytes);
}

/* Two buckets more: behind what is looked at stand whole entries. */
#define MORE   "|2a2b2c2d2e2f2g|3a3b3c3d3e3f3g"
#define ASTRAY "key group 0: an entry is not where it is looked for, or is twice"

START_TEST(entries_must_be_where_a_search_finds_them)
{
    static const struct {
        uint32_t of_group;
        const char *text, *line;
    } cases[] = {
        { 2, "0a0b0c|1a1b", NULL },
        { 2, "0a0b0c|1a1b1a", ASTRAY },
        { 2, "0a0b0c0d0e0f0g0a|1a", ASTRAY },
        { 2, "0a0b0c0d0e0f0g0h|0i1a1b", NULL },   /* no room at home */
        { 2, "0a0b0c0d0e0f0g0h|0a1a1b", ASTRAY }, /* is there already */
        { 2, "0a0b0c|0d1a1b", ASTRAY },
        { 2, "0a0b0c0d0e0f0g|0i1a1b", ASTRAY },              /* there was room */
        { 2, "1i0a0b|1a1b1c1d1e1f1g1h", NULL },              /* round the end of the table */
        { 2, "1a0a0b|1a1b1c1d1e1f1g1h", ASTRAY },            /* is there already */
        { 2, "1i0a0b|1a1b1c1d1e1f1g", ASTRAY },              /* there was room */
        { 3, "0a0b0c0d0e0f0g0h|1a1b1c1d1e1f1g1h|0i", NULL }, /* two buckets on */
        { 3, "0a0b0c0d0e0f0g0h|1a1b1c1d1e1f1g0i|0i", ASTRAY },
        { 3, "0a0b0c0d0e0f0g0h|1a1b1c1d1e1f1g|0i2a", ASTRAY },
        { 1, "0a0b0c0d0e0f0g", NULL },
        { 1, "0a0b0c0d0e0f0g0h", "key group 0: its table is too full" },
        { 2, "0a0b0c0d0e0f0g0h|1a1b1c1d1e1f1g", "key group 0: its table is too full" },
        { 4, "0a0b0c0d0e0f0g0h|0i1a1b" MORE, NULL },
        { 4, "0a0b0c0d0e0f0g0h|0a1a1b" MORE, ASTRAY },
        { 4, "0a0b0c0d0e0f0g|0i1a1b" MORE, ASTRAY },
        { 4, "0a0b0c0d0e0f0g0h|1a|0i2a2b2c2d2e2f2g|3a", ASTRAY },
        { 3, "0a0b0c0d|1a1b1c", "key group 0: the end of its table is missing" },
        { 99, "0a0b0c0d0e", "key group 0: its table has more buckets than entries make sense of" },
    };
    struct state_spec shape = spec_of(_i);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct draft draft = draft_begin(&shape, 0);
        uint64_t entries = 0;
        for (const char *c = cases[i].text; *c != '\0'; c++)
            entries += *c >= 'a' && *c <= 'z';
        draft_stretch(&draft, 0, cases[i].of_group, cases[i].text);
        expect_line(&draft, cases[i].line, entries);
    }
}
END_TEST

START_TEST(a_key_that_is_twice_in_a_bucket_is_seen_wherever_it_is)
{
    struct state_spec shape = spec_of(_i);
    for (int second = 1; second < STATE_SLOTS; second++)
        for (int first = 0; first < second; first++) {
            char text[] = "0a0b0c0d0e0f0g0h|1a";
            struct draft draft = draft_begin(&shape, 0);
            text[2 * second + 1] = text[2 * first + 1];
            draft_stretch(&draft, 0, 2, text);
            expect_line(&draft, ASTRAY, 0);
        }
}
END_TEST

START_TEST(the_end_of_a_stretch_must_be_right)
{
    enum { FIRST, OF_GROUP, BUCKETS, ZERO };
    static const char beyond[] = "key group 0: a stretch of its table does not go on where it must";
    static const char longer[] = "key group 0: a stretch of its table is not as long as it says";
    static const char more[] = "key group 0: a bucket has more entries than there are";
    static const struct {
        int at; /* from where the tail begins */
        uint8_t value;
        const char *line;
    } cases[] = {
        { FIRST * 4, 1, beyond },
        { OF_GROUP * 4, 1, beyond },
        { BUCKETS * 4, 0, beyond },
        { BUCKETS * 4, 1, longer },
        { BUCKETS * 4 + 1, 2, beyond },
        { ZERO * 4, 1, beyond },
        { -2, 6, longer },
        { -2, 2, longer },
    };
    struct state_spec shape = spec_of(_i);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct draft draft = draft_begin(&shape, 0);
        size_t opened = snapshot_open_block(&draft.bytes);
        add_stretch(&draft.bytes, &shape, 0, 2, "0a0b0c|1a1b");
        draft.bytes.items[draft.bytes.count - TAIL + (size_t)cases[i].at] = cases[i].value;
        snapshot_close_block(&draft.bytes, opened, SNAPSHOT_BLOCK_STRETCH, 0, 5);
        expect_line(&draft, cases[i].line, 0);
    }
    /* What the head of the block says agrees, and the entries do not. */
    static const struct {
        uint8_t first, second;
        const char *line;
    } counts[] = { { 9, 0, more },
                   { 5, 1, more },
                   { 3, 3, more },
                   { 3, 1, "key group 0: its buckets have fewer entries than there are" } };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct draft draft = draft_begin(&shape, 0);
        size_t opened = snapshot_open_block(&draft.bytes);
        add_stretch(&draft.bytes, &shape, 0, 2, "0a0b0c|1a1b");
        uint8_t *at = draft.bytes.items + draft.bytes.count - TAIL - 2;
        at[0] = counts[i].first;
        at[1] = counts[i].second;
        snapshot_close_block(&draft.bytes, opened, SNAPSHOT_BLOCK_STRETCH, 0,
                             (uint32_t)counts[i].first + counts[i].second);
        expect_line(&draft, counts[i].line, 0);
    }
    struct draft draft = draft_begin(&shape, 0);
    size_t opened = snapshot_open_block(&draft.bytes);
    memset(snapshot_bytes_take(&draft.bytes, TAIL - 1), 0, TAIL - 1);
    snapshot_close_block(&draft.bytes, opened, SNAPSHOT_BLOCK_STRETCH, 0, 0);
    expect_line(&draft, "key group 0: a stretch of its table is too short", 0);
}
END_TEST

START_TEST(stretches_follow_one_another)
{
    struct draft draft = draft_begin(&spec, 0);
    draft_stretch(&draft, 0, 3, "0a0b0c0d|1a1b1c");
    draft_stretch(&draft, 2, 3, "2a2b");
    expect_line(&draft, NULL, 9);
    draft = draft_begin(&spec, 0);
    draft_stretch(&draft, 0, 3, "0a0b0c0d|1a1b1c");
    draft_stretch(&draft, 1, 3, "1d|2a2b");
    expect_line(&draft, "key group 0: a stretch of its table does not go on where it must", 0);
    draft = draft_begin(&spec, 0);
    draft_stretch(&draft, 0, 3, "0a0b0c0d|1a1b1c");
    draft_stretch(&draft, 2, 4, "2a2b|3a");
    expect_line(&draft, "key group 0: a stretch of its table does not go on where it must", 0);
}
END_TEST

START_TEST(stretches_are_no_part_of_anything_else)
{
    static const char wrong[] = "key group 0: a block of a kind that cannot be there";
    struct draft draft = draft_begin(&spec, 0);
    draft_entry(&draft, 9);
    draft_stretch(&draft, 0, 1, "0a0b");
    expect_line(&draft, wrong, 0);
    draft = draft_begin(&spec, 0);
    draft_stretch(&draft, 0, 1, "0a0b");
    draft_entry(&draft, 9);
    expect_line(&draft, wrong, 0);

    /* Behind a full snapshot, as an increment to it. */
    struct note note = { { 0 } };
    struct state_table *table = state_table_create(&spec);
    struct snapshot_bytes full = snapshot_of(table, 1);
    struct state_restore *restore = state_restore_begin(table, &identity);
    ck_assert(!err_is(state_restore_add(restore, full.items, full.count, &note)));
    draft = draft_begin(&spec, 1);
    draft_stretch(&draft, 0, 1, "0a0b");
    snapshot_write_index(&draft.bytes, &draft.begin, 1, draft.bytes.count);
    ck_assert(err_is(state_restore_add(restore, draft.bytes.items, draft.bytes.count, &note)));
    ck_assert_str_eq(note.text, wrong);
    state_restore_cancel(restore);
    snapshot_bytes_fini(&full);
    snapshot_bytes_fini(&draft.bytes);
    state_table_destroy(table);
}
END_TEST

Suite *test_exec_state_stretch_suite(void);
Suite *test_exec_state_stretch_suite(void)
{
    Suite *suite = suite_create("exec_state_stretch");
    TCase *tcase = tcase_create("stretch");
    tcase_add_loop_test(tcase, a_restored_table_has_the_same_size_and_gives_the_same_bytes, 0,
                        SHAPES);
    tcase_add_test(tcase, records_that_are_not_like_the_first_ones_are_all_restored);
    tcase_add_test(tcase, a_table_that_is_almost_empty_is_restored_small);
    tcase_add_test(tcase, stamps_that_are_out_of_date_are_in_no_snapshot);
    tcase_add_loop_test(tcase, entries_must_be_where_a_search_finds_them, 0, SHAPES);
    tcase_add_loop_test(tcase, a_key_that_is_twice_in_a_bucket_is_seen_wherever_it_is, 0, SHAPES);
    tcase_add_loop_test(tcase, the_end_of_a_stretch_must_be_right, 0, SHAPES);
    tcase_add_test(tcase, stretches_follow_one_another);
    tcase_add_test(tcase, stretches_are_no_part_of_anything_else);
    suite_add_tcase(suite, tcase);
    return suite;
}
