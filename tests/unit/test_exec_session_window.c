/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions against a plain list of the records that still count: a session is what touches what
 * touches ... a record. Out of order, late, begun anew at another parallelism in between.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/session_window.h"
#include "tests/lib/lone_chains.h"

enum { RECORDS = 500, KEYS = 5 };

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

static void merge_clicks(const void *context, void *into, const void *from)
{
    struct summed *to = into;
    const struct summed *other = from;
    (void)context;
    to->count += other->count;
    to->sum += other->sum;
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

static struct session_window_params params = { .key = { KEY_HASH_LONG, 0, 8 },
                                               .value_size = sizeof(struct summed),
                                               .add = add_click,
                                               .merge = merge_clicks,
                                               .give = give_result };
static const struct record_layout click_layout = { sizeof(struct click), true };
static struct record_layout result_layout[] = { { sizeof(struct result), true } };
static const struct operator_spec specs[] = { { .name = "sessions",
                                                .class = &session_window_class,
                                                .params = &params,
                                                .outputs = { result_layout, 1, 1 } } };

/* The plain way: records that count, and what has come out. */
struct plain {
    struct click clicks[RECORDS];
    int64_t times[RECORDS];
    size_t count;
    int64_t watermark;
    uint64_t late;
    VEC(struct result) out;
};

/* The session that this record is in: grown from it until nothing more touches. */
static struct result session_of(const struct plain *plain, size_t of)
{
    struct result session = { plain->clicks[of].key, plain->times[of],
                              plain->times[of] + params.gap, 0, 0 };
    for (bool grows = true; grows;) {
        grows = false;
        session.count = session.sum = 0;
        for (size_t i = 0; i < plain->count; i++) {
            int64_t start = plain->times[i], end = start + params.gap;
            if (plain->clicks[i].key != session.key || start > session.end || end < session.start)
                continue;
            grows |= start < session.start || end > session.end;
            session.start = start < session.start ? start : session.start;
            session.end = end > session.end ? end : session.end;
            session.count++;
            session.sum += plain->clicks[i].worth;
        }
    }
    return session;
}

static void plain_put(struct plain *plain, const struct click *click, int64_t at)
{
    size_t place = plain->count++;
    plain->clicks[place] = *click;
    plain->times[place] = at;
    struct result session = session_of(plain, place);
    if (session.count == 1 && session.end - 1 + params.lateness <= plain->watermark) {
        plain->count--;
        plain->late++;
    } else if (session.end - 1 <= plain->watermark) {
        vec_push(&plain->out, session);
    }
}

static void plain_watermark(struct plain *plain, int64_t to)
{
    for (size_t i = 0; i < plain->count; i++) { /* by the record that begins it, the first such */
        struct result session = session_of(plain, i);
        bool is_first = session.start == plain->times[i];
        for (size_t k = 0; k < i; k++)
            is_first &= plain->clicks[k].key != session.key || plain->times[k] != session.start;
        if (is_first && session.end - 1 > plain->watermark && session.end - 1 <= to)
            vec_push(&plain->out, session);
    }
    bool over[RECORDS];
    size_t kept = 0;
    for (size_t i = 0; i < plain->count; i++)
        over[i] = session_of(plain, i).end - 1 + params.lateness <= to;
    for (size_t i = 0; i < plain->count; i++) {
        plain->clicks[kept] = plain->clicks[i];
        plain->times[kept] = plain->times[i];
        kept += !over[i];
    }
    plain->count = kept;
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

/* What has come out since the last time, in any order of keys. */
static void compare(struct lone_chains *lone, struct plain *plain)
{
    size_t count;
    struct lone_record *found = lone_chains_take(lone, &count);
    struct result *results = mem_create_array(count, sizeof *results);
    ck_assert_uint_eq(count, plain->out.count);
    for (size_t i = 0; i < count; i++) {
        memcpy(&results[i], found[i].payload, sizeof *results);
        ck_assert_int_eq(found[i].timestamp, results[i].end - 1);
    }
    sort(results, count);
    sort(plain->out.items, plain->out.count);
    if (count > 0)
        ck_assert_mem_eq(results, plain->out.items, count * sizeof *results);
    vec_clear(&plain->out);
    mem_destroy(results);
    mem_destroy(found);
}

static uint64_t late_of(const struct lone_chains *lone)
{
    uint64_t late = 0;
    for (uint32_t i = 0; i < lone->width; i++)
        late += session_window_late_records(lone->chains[i].chain.operators[0]);
    return late;
}

START_TEST(sessions_are_those_of_a_plain_list)
{
    static struct plain plain;
    static struct lone_chains lone;
    static const int64_t shapes[][3] = { /* gap, lateness, how far behind a record may be */
                                         { 5, 0, 10 },
                                         { 5, 12, 40 },
                                         { 1, 3, 20 },
                                         { 20, 50, 90 }
    };
    const int64_t *shape = shapes[(size_t)_i % (sizeof shapes / sizeof *shapes)];
    struct rng rng = rng_stream((uint64_t)_i, "sessions", 0);
    int64_t clock = -50;
    uint64_t late = 0;
    params.gap = shape[0], params.lateness = shape[1];
    plain = (struct plain){ .watermark = WATERMARK_NONE };
    lone_chains_init(&lone, specs, 1, 2);
    for (uint64_t n = 0; n < RECORDS; n++) {
        struct click click = { rng_below(&rng, KEYS), rng_between(&rng, -5, 5) };
        int64_t at = clock + rng_between(&rng, -shape[2], 10);
        lone_chain_put(lone_chains_of(&lone, click.key), 0, click_layout, at, &click, sizeof click);
        plain_put(&plain, &click, at);
        clock += rng_between(&rng, 0, 2);
        if (rng_below(&rng, 10) == 0 && clock - 15 > plain.watermark) {
            lone_chains_watermark(&lone, clock - 15);
            plain_watermark(&plain, clock - 15);
        }
        compare(&lone, &plain);
        if (rng_below(&rng, 80) == 0) {
            late += late_of(&lone);
            lone_chains_restart(&lone, 1 + (uint32_t)rng_below(&rng, LONE_WIDTH_MAX));
        }
    }
    lone_chains_watermark(&lone, WATERMARK_MAX);
    plain_watermark(&plain, INT64_MAX - 1);
    compare(&lone, &plain);
    ck_assert_uint_eq(late + late_of(&lone), plain.late);
    for (uint32_t i = 0; i < lone.width; i++)
        for (VEC_EACH(const struct keyed_state, state, &lone.chains[i].states.states))
            ck_assert_uint_eq(state_table_memory(state->table).entries, 0);
    lone_chains_fini(&lone);
    vec_fini(&plain.out);
}
END_TEST

/* MergingWindowSet: [0, 10) and [20, 30) become one through [10, 20), which only touches them. */
START_TEST(windows_that_touch_are_one)
{
    static const int64_t times[] = { 0, 20, 10 };
    struct lone_chain lone;
    struct click click = { 3, 1 };
    struct result result;
    params.gap = 10, params.lateness = 0;
    lone_chain_init(&lone, specs, 1, 0, 1, NULL, 0);
    for (size_t i = 0; i < 3; i++)
        lone_chain_put(&lone, 0, click_layout, times[i], &click, sizeof click);
    /* one session, its two timers: those of what it was made of are gone */
    uint64_t entries = 0;
    for (VEC_EACH(const struct keyed_state, state, &lone.states.states))
        entries += state_table_memory(state->table).entries;
    ck_assert_uint_eq(entries, 3);
    chain_watermark(&lone.chain, 28);
    ck_assert_uint_eq(lone.out.count, 0);
    chain_watermark(&lone.chain, 29);
    ck_assert_uint_eq(lone.out.count, 1);
    memcpy(&result, lone.out.items[0].payload, sizeof result);
    ck_assert(result.start == 0 && result.end == 30 && result.count == 3);
    lone_chain_fini(&lone);
}
END_TEST

/* The first of a key's sessions is over while the snapshot that has both is still being written. */
START_TEST(a_snapshot_under_way_keeps_a_session_that_goes)
{
    static const struct checkpoint_barrier barrier = { .id = 1 };
    struct lone_chain lone, again;
    struct click click = { 3, 1 };
    struct task_snapshot_file file;
    struct note note;
    params.gap = 10, params.lateness = 0;
    lone_chain_init(&lone, specs, 1, 0, 1, NULL, 0);
    lone_chain_put(&lone, 0, click_layout, 0, &click, sizeof click);
    lone_chain_put(&lone, 0, click_layout, 20, &click, sizeof click);
    struct snapshot_work *work =
        snapshot_work_create(&lone.states.task, &barrier, &lone.chain, &lone.states, 0);
    work->is_complete = true;
    chain_watermark(&lone.chain, 15);
    ck_assert_uint_eq(lone.out.count, 1);
    while (snapshot_work_write(work, 4096) != SNAPSHOT_WRITTEN)
        ;
    ck_assert(!err_is(task_snapshot_open(work->bytes.items, work->bytes.count, &file, &note)));
    lone_chain_init(&again, specs, 1, 0, 1, &file, 1);
    chain_watermark(&again.chain, WATERMARK_MAX);
    ck_assert_uint_eq(again.out.count, 2);
    for (size_t i = 0; i < 2; i++) {
        struct result result;
        memcpy(&result, again.out.items[i].payload, sizeof result);
        ck_assert(result.start == 20 * (int64_t)i && result.end == result.start + 10);
    }
    task_snapshot_file_fini(&file);
    snapshot_work_destroy(work);
    lone_chain_fini(&again);
    lone_chain_fini(&lone);
}
END_TEST

Suite *test_exec_session_window_suite(void);

Suite *test_exec_session_window_suite(void)
{
    Suite *suite = suite_create("exec_session_window");
    TCase *tcase = tcase_create("session window");
    tcase_add_loop_test(tcase, sessions_are_those_of_a_plain_list, 0, 40);
    tcase_add_test(tcase, windows_that_touch_are_one);
    tcase_add_test(tcase, a_snapshot_under_way_keeps_a_session_that_goes);
    suite_add_tcase(suite, tcase);
    return suite;
}
