/* SPDX-License-Identifier: Apache-2.0
 *
 * Interval joins and window joins against plain lists of both sides, out of order and late, begun
 * anew at another parallelism in between; and that nothing is left behind.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/window_join.h"
#include "tests/lib/lone_chains.h"

enum { RECORDS = 500, KEYS = 4, ENTRIES_MAX = RECORDS * 8 };

struct item {
    uint64_t key, id;
};

struct pair {
    uint64_t left, right;
    int64_t timestamp;
};

static void give_pair(const void *context, struct operator* op, const struct join_record *left,
                      const struct join_record *right, int64_t timestamp)
{
    struct collector *out = op->outs[0];
    struct pair pair = { ((const struct item *)left->payload)->id,
                         ((const struct item *)right->payload)->id, timestamp };
    (void)context;
    memcpy(collector_put(out, timestamp, sizeof pair), &pair, sizeof pair);
}

static struct interval_join_params interval = { .keys = { { KEY_HASH_LONG, 0, 8 },
                                                          { KEY_HASH_LONG, 0, 8 } },
                                                .payload_sizes = { sizeof(struct item), 0 },
                                                .join = give_pair };
static struct window_join_params windowed = { .keys = { { KEY_HASH_LONG, 0, 8 },
                                                        { KEY_HASH_LONG, 0, 8 } },
                                              .payload_sizes = { sizeof(struct item), 0 },
                                              .join = give_pair };
/* The right side's sizes vary: from its item on. */
static const struct record_layout layouts[] = { { sizeof(struct item), true }, { 0, true } };
static struct record_layout pair_layout[] = { { sizeof(struct pair), true } };
static const struct operator_spec interval_specs[] = { { .name = "interval",
                                                         .class = &interval_join_class,
                                                         .params = &interval,
                                                         .outputs = { pair_layout, 1, 1 } } };
static const struct operator_spec window_specs[] = { { .name = "windowed",
                                                       .class = &window_join_class,
                                                       .params = &windowed,
                                                       .outputs = { pair_layout, 1, 1 } } };

/* The plain way: what is kept, of a window (its end) or of none. */
struct kept {
    struct item item;
    int64_t time, end;
    uint32_t side;
};

static struct plain {
    struct kept kept[ENTRIES_MAX];
    size_t count;
    int64_t watermark;
    VEC(struct pair) out;
} plain;

static void plain_pair(const struct kept *a, const struct kept *b, int64_t timestamp)
{
    struct pair pair = { a->item.id, b->item.id, timestamp };
    if (a->side == JOIN_RIGHT)
        pair = (struct pair){ b->item.id, a->item.id, timestamp };
    vec_push(&plain.out, pair);
}

static void plain_drop(bool (*is_over)(const struct kept *kept))
{
    size_t left = 0;
    for (size_t i = 0; i < plain.count; i++)
        if (!is_over(&plain.kept[i]))
            plain.kept[left++] = plain.kept[i];
    plain.count = left;
}

static int64_t least, most; /* of the interval, inclusive */

static void interval_put(uint32_t side, struct item item, int64_t at)
{
    struct kept record = { item, at, 0, side };
    if (at < plain.watermark)
        return;
    for (size_t i = 0; i < plain.count; i++) {
        const struct kept *other = &plain.kept[i];
        int64_t apart = side == JOIN_LEFT ? other->time - at : at - other->time;
        if (other->side != side && other->item.key == item.key && apart >= least && apart <= most)
            plain_pair(&record, other, other->time > at ? other->time : at);
    }
    plain.kept[plain.count++] = record;
}

/* IntervalJoinOperator: its timer stands at the last time a partner may have, never before it. */
static bool interval_is_over(const struct kept *kept)
{
    int64_t life = kept->side == JOIN_LEFT ? most : -least;
    return kept->time + (life > 0 ? life : 0) <= plain.watermark;
}

static void window_give(uint64_t key, int64_t end)
{
    for (size_t i = 0; i < plain.count; i++)
        for (size_t k = 0; k < plain.count; k++) {
            const struct kept *a = &plain.kept[i], *b = &plain.kept[k];
            if (a->side == JOIN_LEFT && b->side == JOIN_RIGHT && a->item.key == key &&
                b->item.key == key && a->end == end && b->end == end)
                plain_pair(a, b, end - 1);
        }
}

static void window_put(uint32_t side, struct item item, int64_t at)
{
    for (int64_t end = at + 1; end <= at + windowed.size; end++) {
        if ((end - windowed.size - windowed.offset) % windowed.slide != 0 ||
            end - 1 + windowed.lateness <= plain.watermark)
            continue;
        ck_assert_uint_lt(plain.count, ENTRIES_MAX);
        plain.kept[plain.count++] = (struct kept){ item, at, end, side };
        if (end - 1 <= plain.watermark)
            window_give(item.key, end);
    }
}

static bool window_is_over(const struct kept *kept)
{
    return kept->end - 1 + windowed.lateness <= plain.watermark;
}

static void sort(struct pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && memcmp(&pairs[k], &pairs[k - 1], sizeof *pairs) < 0; k--) {
            struct pair pair = pairs[k];
            pairs[k] = pairs[k - 1];
            pairs[k - 1] = pair;
        }
}

static void compare(struct lone_chains *lone)
{
    size_t count;
    struct lone_record *found = lone_chains_take(lone, &count);
    struct pair *pairs = mem_create_array(count, sizeof *pairs);
    ck_assert_uint_eq(count, plain.out.count);
    for (size_t i = 0; i < count; i++) {
        memcpy(&pairs[i], found[i].payload, sizeof *pairs);
        ck_assert_int_eq(found[i].timestamp, pairs[i].timestamp);
    }
    sort(pairs, count);
    sort(plain.out.items, plain.out.count);
    if (count > 0)
        ck_assert_mem_eq(pairs, plain.out.items, count * sizeof *pairs);
    vec_clear(&plain.out);
    mem_destroy(pairs);
    mem_destroy(found);
}

static void put(struct lone_chains *lone, uint32_t side, struct item item, int64_t at)
{
    uint8_t payload[LONE_PAYLOAD_MAX] = { 0 };
    uint32_t size = (uint32_t)sizeof item + (side == JOIN_RIGHT ? (uint32_t)item.id % 11 : 0);
    memcpy(payload, &item, sizeof item);
    struct lone_chain *to = lone_chains_of(lone, item.key);
    lone_chain_put(to, side, layouts[side], at, payload, size);
    ck_assert_msg(!to->context.failed, "%s", to->context.note.text);
}

static void give_windows(int64_t from, int64_t to)
{
    for (int64_t end = from + 2; end - 1 <= to; end++)
        for (uint64_t key = 0; key < KEYS; key++)
            window_give(key, end);
}

static void play(uint64_t seed, const struct operator_spec *specs, bool in_windows, int64_t behind)
{
    static struct lone_chains lone;
    struct rng rng = rng_stream(seed, "joins", in_windows);
    int64_t clock = -50;
    plain.count = 0;
    plain.watermark = WATERMARK_NONE;
    lone_chains_init(&lone, specs, 1, 2);
    for (uint64_t n = 0; n < RECORDS; n++) {
        struct item item = { rng_below(&rng, KEYS), n };
        uint32_t side = (uint32_t)rng_below(&rng, 2);
        int64_t at = clock + rng_between(&rng, -behind, 10);
        put(&lone, side, item, at);
        (in_windows ? window_put : interval_put)(side, item, at);
        clock += rng_between(&rng, 0, 2);
        if (rng_below(&rng, 10) == 0 && clock - 15 > plain.watermark) {
            int64_t from = plain.watermark == WATERMARK_NONE ? -400 : plain.watermark;
            lone_chains_watermark(&lone, clock - 15);
            if (in_windows)
                give_windows(from, clock - 15);
            plain.watermark = clock - 15;
            plain_drop(in_windows ? window_is_over : interval_is_over);
        }
        compare(&lone);
        if (rng_below(&rng, 80) == 0)
            lone_chains_restart(&lone, 1 + (uint32_t)rng_below(&rng, LONE_WIDTH_MAX));
    }
    lone_chains_watermark(&lone, WATERMARK_MAX);
    for (uint32_t i = 0; i < lone.width; i++)
        for (VEC_EACH(const struct keyed_state, state, &lone.chains[i].states.states))
            ck_assert_uint_eq(state_table_memory(state->table).entries, 0);
    lone_chains_fini(&lone);
    vec_fini(&plain.out);
}

START_TEST(pairs_of_an_interval_are_those_of_plain_lists)
{
    static const int64_t bounds[][2] = { { -5, 5 }, { 0, 0 }, { 2, 9 }, { -9, -2 }, { -20, 1 } };
    const int64_t *bound = bounds[(size_t)_i % (sizeof bounds / sizeof *bounds)];
    interval.lower = bound[0], interval.upper = bound[1];
    interval.lower_exclusive = _i % 4 == 1 && bound[0] < bound[1];
    interval.upper_exclusive = _i % 4 == 2 && bound[0] < bound[1];
    least = bound[0] + interval.lower_exclusive;
    most = bound[1] - interval.upper_exclusive;
    play((uint64_t)_i, interval_specs, false, 25);
}
END_TEST

START_TEST(pairs_of_windows_are_those_of_plain_lists)
{
    static const int64_t shapes[][4] = { /* size, slide, offset, lateness */
                                         { 10, 10, 0, 0 },
                                         { 10, 10, 3, 7 },
                                         { 12, 4, 1, 20 },
                                         { 10, 23, -5, 7 }
    };
    const int64_t *shape = shapes[(size_t)_i % (sizeof shapes / sizeof *shapes)];
    windowed.size = shape[0], windowed.slide = shape[1], windowed.offset = shape[2];
    windowed.lateness = shape[3];
    play((uint64_t)_i, window_specs, true, 40);
}
END_TEST

/* Groups of which one may be empty: an outer join is made of them. */
static void give_group(const void *context, struct operator* op, const uint8_t *key, int64_t start,
                       int64_t end, struct record_slots left, struct record_slots right)
{
    struct collector *out = op->outs[0];
    struct pair counts = { 0, 0, end - start };
    const void *payload;
    uint32_t size;
    int64_t time;
    (void)context;
    ck_assert_uint_eq(*(const uint64_t *)(const void *)key, 3);
    while (record_slots_next(&left, &time, &payload, &size))
        counts.left++;
    while (record_slots_next(&right, &time, &payload, &size))
        counts.right++;
    memcpy(collector_put(out, end - 1, sizeof counts), &counts, sizeof counts);
}

START_TEST(a_co_group_sees_both_sides)
{
    static const uint64_t expected[][2] = { { 2, 0 }, { 1, 1 }, { 0, 1 } };
    struct window_join_params params = windowed;
    struct operator_spec spec = window_specs[0];
    struct lone_chains lone;
    size_t count;
    params.co_group = give_group;
    params.size = params.slide = 10;
    params.offset = params.lateness = 0;
    spec.params = &params;
    lone_chains_init(&lone, &spec, 1, 1);
    put(&lone, JOIN_LEFT, (struct item){ 3, 1 }, 1);
    put(&lone, JOIN_LEFT, (struct item){ 3, 2 }, 9);
    put(&lone, JOIN_LEFT, (struct item){ 3, 3 }, 10);
    put(&lone, JOIN_RIGHT, (struct item){ 3, 4 }, 19);
    put(&lone, JOIN_RIGHT, (struct item){ 3, 5 }, 20);
    lone_chains_watermark(&lone, 100);
    struct lone_record *found = lone_chains_take(&lone, &count);
    ck_assert_uint_eq(count, 3);
    for (size_t i = 0; i < count; i++) {
        struct pair pair;
        memcpy(&pair, found[i].payload, sizeof pair);
        ck_assert(pair.left == expected[i][0] && pair.right == expected[i][1]);
    }
    mem_destroy(found);
    lone_chains_fini(&lone);
}
END_TEST

START_TEST(bounds_that_cannot_be_are_refused)
{
    static const int64_t far = INT64_MAX / 2;
    const struct {
        int64_t lower, upper;
        bool lower_exclusive, can_be;
    } rows[] = { { 1, 1, true, false },
                 { -far - 1, 0, false, false },
                 { 0, far + 1, false, false },
                 { -far - 1, far, true, true } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lone_chain lone;
        interval.lower = rows[i].lower, interval.upper = rows[i].upper;
        interval.lower_exclusive = rows[i].lower_exclusive;
        interval.upper_exclusive = false;
        ck_assert_int_eq(lone_chain_can_init(&lone, interval_specs, 1, NULL, 0), rows[i].can_be);
        ck_assert_int_eq(strstr(lone.context.note.text, "interval: the lower bound") == NULL,
                         rows[i].can_be);
        lone_chain_fini(&lone);
    }
}
END_TEST

Suite *test_exec_join_suite(void);

Suite *test_exec_join_suite(void)
{
    Suite *suite = suite_create("exec_join");
    TCase *tcase = tcase_create("join");
    tcase_add_loop_test(tcase, pairs_of_an_interval_are_those_of_plain_lists, 0, 40);
    tcase_add_loop_test(tcase, pairs_of_windows_are_those_of_plain_lists, 0, 30);
    tcase_add_test(tcase, a_co_group_sees_both_sides);
    tcase_add_test(tcase, bounds_that_cannot_be_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
