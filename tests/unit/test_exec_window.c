/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows of event time against a plain list of all records, out of order and late, with restarts
 * at another parallelism in between; and their timers.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/window.h"
#include "tests/lib/lone_chain.h"

enum { WIDTH_MAX = 3, RECORDS = 600, KEYS = 9 };

struct click {
    uint64_t key;
    int64_t worth;
};

struct summed {
    int64_t count, sum;
};

struct result {
    uint64_t key;
    int64_t start, end, count, sum;
};

static void add_click(const void *context, struct operator* op, const struct batch *batch,
                      uint32_t i, void *value)
{
    struct summed *summed = value;
    const struct click *click = batch_payload(batch, i);
    (void)context, (void)op;
    summed->count++;
    summed->sum += click->worth;
}

static void give_result(const void *context, struct operator* op, const uint8_t *key, int64_t start,
                        int64_t end, const void *value)
{
    struct collector *out = op->outs[0];
    const struct summed *summed = value;
    struct result result = { 0, start, end, summed->count, summed->sum };
    (void)context;
    memcpy(&result.key, key, sizeof result.key);
    memcpy(collector_put(out, end - 1, sizeof result), &result, sizeof result);
}

static struct window_params params = { .key = { KEY_HASH_LONG, 0, 8 },
                                       .value_size = sizeof(struct summed),
                                       .add = add_click,
                                       .give = give_result };
static const struct record_layout click_layout = { sizeof(struct click), true };
static struct record_layout result_layout[] = { { sizeof(struct result), true } };
static const struct operator_spec specs[] = { { .name = "window",
                                                .class = &window_class,
                                                .params = &params,
                                                .outputs = { result_layout, 1, 1 } } };

/* The plain way: all clicks so far, and what has come out. */
struct plain {
    struct click clicks[RECORDS];
    int64_t times[RECORDS];
    size_t count;
    int64_t watermark;
    uint64_t late;
    VEC(struct result) out;
};

static void plain_give(struct plain *plain, uint64_t key, int64_t start)
{
    struct result result = { key, start, start + params.size, 0, 0 };
    for (size_t i = 0; i < plain->count; i++)
        if (plain->clicks[i].key == key && plain->times[i] >= start &&
            plain->times[i] < result.end) {
            result.count++;
            result.sum += plain->clicks[i].worth;
        }
    if (result.count > 0)
        vec_push(&plain->out, result);
}

static bool is_start(int64_t start)
{
    int64_t remainder = (start - params.offset) % params.slide;
    return remainder == 0;
}

static void plain_put(struct plain *plain, const struct click *click, int64_t at)
{
    bool taken = false;
    size_t place = plain->count++;
    plain->clicks[place] = *click;
    plain->times[place] = at;
    for (int64_t start = at; start > at - params.size; start--) {
        if (!is_start(start) || start + params.size - 1 + params.lateness <= plain->watermark)
            continue;
        taken = true;
        if (start + params.size - 1 <= plain->watermark)
            plain_give(plain, click->key, start);
    }
    if (taken)
        return;
    plain->late += at + params.lateness <= plain->watermark; /* else it came in a gap */
    plain->count--;
}

static void plain_watermark(struct plain *plain, int64_t from, int64_t to)
{
    for (int64_t end = from + 2; end - 1 <= to; end++)
        for (uint64_t key = 0; key < KEYS && is_start(end - params.size); key++)
            plain_give(plain, key, end - params.size);
    plain->watermark = to;
}

static void sort(struct result *results, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && memcmp(&results[k], &results[k - 1], sizeof *results) < 0;
             k--) {
            struct result result = results[k];
            results[k] = results[k - 1];
            results[k - 1] = result;
        }
}

/* Order within one watermark is by key group there, by key here: compared as sets. */
static void compare(struct lone_chain *chains, uint32_t width, struct plain *plain)
{
    VEC(struct result) found = { 0 };
    for (uint32_t i = 0; i < width; i++)
        for (VEC_EACH(const struct lone_record, record, &chains[i].out)) {
            struct result result;
            memcpy(&result, record->payload, sizeof result);
            ck_assert_int_eq(record->timestamp, result.end - 1);
            vec_push(&found, result);
        }
    ck_assert_uint_eq(found.count, plain->out.count);
    if (found.count > 0) {
        sort(found.items, found.count);
        sort(plain->out.items, plain->out.count);
        ck_assert_mem_eq(found.items, plain->out.items, found.count * sizeof *found.items);
    }
    vec_fini(&found);
}

static uint32_t owner_of(uint64_t key, uint32_t width)
{
    int32_t group = key_group_of_hash(key_hash_long((int64_t)key), LONE_GROUPS);
    return (uint32_t)key_group_subtask(group, (int32_t)width, LONE_GROUPS);
}

/* All subtasks anew from their snapshots; what has come out stays. */
static uint64_t late;

static uint32_t restart(struct lone_chain *chains, uint32_t width, uint32_t new_width,
                        uint64_t checkpoint, int64_t watermark)
{
    struct snapshot_bytes bytes[WIDTH_MAX] = { { 0 } };
    struct task_snapshot_file files[WIDTH_MAX];
    VEC(struct lone_record) out = { 0 };
    for (uint32_t i = 0; i < width; i++) {
        lone_chain_snapshot(&chains[i], checkpoint, &bytes[i], &files[i]);
        for (VEC_EACH(const struct lone_record, record, &chains[i].out))
            vec_push(&out, *record);
        late += window_late_records(chains[i].chain.operators[0]);
        lone_chain_fini(&chains[i]);
    }
    for (uint32_t i = 0; i < new_width; i++) {
        lone_chain_init(&chains[i], specs, 1, i, new_width, files, width);
        if (watermark != WATERMARK_NONE) /* Flink's sources say it again */
            chain_watermark(&chains[i].chain, watermark);
        ck_assert_uint_eq(chains[i].out.count, 0);
    }
    for (VEC_EACH(const struct lone_record, record, &out))
        vec_push(&chains[0].out, *record);
    for (uint32_t i = 0; i < width; i++) {
        task_snapshot_file_fini(&files[i]);
        snapshot_bytes_fini(&bytes[i]);
    }
    vec_fini(&out);
    return new_width;
}

START_TEST(windows_are_those_of_a_plain_list)
{
    static struct plain plain;
    static const int64_t shapes[][4] = { /* size, slide, offset, lateness */
                                         { 10, 10, 0, 0 }, { 10, 10, 3, 7 }, { 12, 4, 0, 0 },
                                         { 12, 4, 1, 20 }, { 1, 1, 0, 0 },   { 50, 50, 0, 100 },
                                         { 10, 23, 5, 0 }, { 7, 9, -8, 30 }, { 12, 4, -3, 0 }
    };
    struct rng rng = rng_stream((uint64_t)_i, "window", 0);
    const int64_t *shape = shapes[(size_t)_i % (sizeof shapes / sizeof *shapes)];
    struct lone_chain chains[WIDTH_MAX];
    uint32_t width = 2;
    int64_t clock = -100;
    params.size = shape[0], params.slide = shape[1], params.offset = shape[2];
    params.lateness = shape[3];
    plain = (struct plain){ .watermark = WATERMARK_NONE };
    late = 0;
    for (uint32_t i = 0; i < width; i++)
        lone_chain_init(&chains[i], specs, 1, i, width, NULL, 0);
    for (uint64_t n = 0; n < RECORDS; n++) {
        struct click click = { rng_below(&rng, KEYS), rng_between(&rng, -5, 5) };
        int64_t at = clock + rng_between(&rng, -40, 10);
        lone_chain_put(&chains[owner_of(click.key, width)], 0, click_layout, at, &click,
                       sizeof click);
        plain_put(&plain, &click, at);
        clock += rng_between(&rng, 0, 2);
        if (rng_below(&rng, 10) == 0) {
            int64_t to = clock - 15, from = plain.watermark;
            if (to <= from)
                continue;
            for (uint32_t i = 0; i < width; i++)
                chain_watermark(&chains[i].chain, to);
            plain_watermark(&plain, from == WATERMARK_NONE ? -400 : from, to);
        }
        if (rng_below(&rng, 150) == 0)
            width = restart(chains, width, 1 + (uint32_t)rng_below(&rng, WIDTH_MAX), n + 1,
                            plain.watermark);
    }
    compare(chains, width, &plain);
    for (uint32_t i = 0; i < width; i++) {
        late += window_late_records(chains[i].chain.operators[0]);
        lone_chain_fini(&chains[i]);
    }
    ck_assert_uint_eq(late, plain.late);
    vec_fini(&plain.out);
}
END_TEST

START_TEST(a_window_that_is_over_leaves_nothing_behind)
{
    struct lone_chain lone;
    struct click click = { 3, 1 };
    params.size = params.slide = 10;
    params.offset = params.lateness = 0;
    lone_chain_init(&lone, specs, 1, 0, 1, NULL, 0);
    for (int64_t at = 0; at < 1000; at++)
        lone_chain_put(&lone, 0, click_layout, at, &click, sizeof click);
    chain_watermark(&lone.chain, WATERMARK_MAX);
    ck_assert_uint_eq(lone.out.count, 100);
    for (VEC_EACH(const struct keyed_state, state, &lone.states.states))
        ck_assert_uint_eq(state_table_memory(state->table).entries, 0);
    lone_chain_fini(&lone);
}
END_TEST

START_TEST(a_record_without_a_timestamp_fails_the_task)
{
    struct lone_chain lone;
    struct click click = { 3, 1 };
    params.size = params.slide = 10;
    lone_chain_init(&lone, specs, 1, 0, 1, NULL, 0);
    lone_chain_put(&lone, 0, (struct record_layout){ sizeof click, false }, 0, &click,
                   sizeof click);
    ck_assert(lone.context.failed);
    ck_assert_ptr_nonnull(strstr(lone.context.note.text, "without a timestamp"));
    lone_chain_fini(&lone);
}
END_TEST

Suite *test_exec_window_suite(void);

Suite *test_exec_window_suite(void)
{
    Suite *suite = suite_create("exec_window");
    TCase *tcase = tcase_create("window");
    tcase_add_loop_test(tcase, windows_are_those_of_a_plain_list, 0, 60);
    tcase_add_test(tcase, a_window_that_is_over_leaves_nothing_behind);
    tcase_add_test(tcase, a_record_without_a_timestamp_fails_the_task);
    suite_add_tcase(suite, tcase);
    return suite;
}
