/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators of the user's own: one without state, one with a value and timers for each key. The
 * story is a session in Flink's classic form: a key that was quiet for a while gives out its count
 * and is forgotten.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/keyed_process.h"
#include "core/exec/transform.h"
#include "tests/lib/lone_chain.h"

enum { GAP = 10, KEYS = 6 };

static struct record_layout number_layout[] = { { 8, true } };

/* Halves are kept, odd numbers doubled into two, 13 is refused. */
static uint32_t halve(const void *context, uint32_t input, const struct batch *batch,
                      struct collector *const *outs, const char **wrong)
{
    (void)context;
    (void)input;
    for (uint32_t i = 0; i < batch->count; i++) {
        int64_t number = *(const int64_t *)batch_payload(batch, i);
        if (number == 13) {
            *wrong = "thirteen";
            return i + 1;
        }
        for (int64_t n = 0; n < 1 + (number % 2 != 0); n++)
            *(int64_t *)collector_put(outs[0], batch_timestamp(batch, i), 8) =
                number % 2 ? number : number / 2;
    }
    return 0;
}

static const struct transform_params halve_params = { .apply = halve };
static const struct operator_spec halve_specs[] = { { .name = "halve",
                                                      .class = &transform_class,
                                                      .params = &halve_params,
                                                      .outputs = { number_layout, 1, 1 } } };

static void put_number(struct lone_chain *lone, int64_t at, int64_t number)
{
    lone_chain_put(lone, 0, number_layout[0], at, &number, sizeof number);
}

START_TEST(a_function_makes_of_a_record_what_it_likes)
{
    struct lone_chain lone;
    int64_t numbers[3];
    lone_chain_init(&lone, halve_specs, 1, 0, 1, NULL, 0);
    put_number(&lone, 1, 8);
    put_number(&lone, 2, 7);
    ck_assert_uint_eq(lone.out.count, 3);
    for (int i = 0; i < 3; i++)
        memcpy(&numbers[i], lone.out.items[i].payload, 8);
    ck_assert(numbers[0] == 4 && numbers[1] == 7 && numbers[2] == 7);
    ck_assert_int_eq(lone.out.items[2].timestamp, 2);
    put_number(&lone, 3, 13);
    ck_assert(lone.context.failed);
    ck_assert_int_eq(lone.context.cause, CAUSE_USER_CODE);
    ck_assert_str_eq(lone.context.note.text, "halve: record 1 of a batch of 1: thirteen");
    lone_chain_fini(&lone);
}
END_TEST

struct session {
    int64_t count, last;
};

struct session_end {
    uint64_t key;
    int64_t count;
};

static const char *on_record(const void *context, struct process_key *key, uint32_t input,
                             const void *payload, uint32_t size)
{
    struct session *session = key->value;
    (void)context;
    (void)payload;
    ck_assert_uint_eq(size, 8);
    ck_assert_uint_le(input, 1);
    ck_assert_int_eq(key->is_new, session->count == 0);
    if (session->count > 0)
        process_delete_timer(key, session->last + GAP);
    session->count++;
    session->last = key->timestamp;
    process_set_timer(key, session->last + GAP);
    return NULL;
}

static const char *on_timer(const void *context, struct process_key *key)
{
    const struct session *session = key->value;
    struct session_end end = { 0, session->count };
    (void)context;
    memcpy(&end.key, key->key, sizeof end.key);
    memcpy(collector_put(key->op->outs[0], key->timestamp, sizeof end), &end, sizeof end);
    process_clear(key);
    return session->count > 1000 ? "a session without end" : NULL;
}

static const struct keyed_process_params session_params = { .keys = { { KEY_HASH_LONG, 0, 8 },
                                                                      { KEY_HASH_LONG, 0, 8 } },
                                                            .value_size = sizeof(struct session),
                                                            .record = on_record,
                                                            .timer = on_timer };
static struct record_layout end_layout[] = { { sizeof(struct session_end), true } };
static const struct operator_spec session_specs[] = { { .name = "sessions",
                                                        .class = &keyed_process_class,
                                                        .params = &session_params,
                                                        .outputs = { end_layout, 1, 1 } } };

/* In order of time, with the watermark right behind: sessions are runs of less than GAP apart. */
START_TEST(a_quiet_key_gives_out_its_session_and_is_forgotten)
{
    struct rng rng = rng_stream((uint64_t)_i, "sessions", 0);
    struct session plain[KEYS] = { { 0, 0 } };
    struct lone_chain lone;
    int64_t now = 0;
    size_t ends = 0;
    lone_chain_init(&lone, session_specs, 1, 0, 1, NULL, 0);
    for (int n = 0; n < 500; n++) {
        uint64_t key = rng_below(&rng, KEYS);
        now += rng_between(&rng, 0, 4);
        chain_watermark(&lone.chain, now - 1);
        for (uint64_t k = 0; k < KEYS; k++)
            if (plain[k].count > 0 && plain[k].last + GAP <= now - 1) {
                ends++;
                plain[k].count = 0;
            }
        ck_assert_uint_eq(lone.out.count, ends);
        lone_chain_put(&lone, (uint32_t)rng_below(&rng, 2), (struct record_layout){ 8, true }, now,
                       &key, sizeof key);
        plain[key].count++;
        plain[key].last = now;
    }
    int64_t counted = 0;
    chain_watermark(&lone.chain, WATERMARK_MAX);
    for (VEC_EACH(const struct lone_record, record, &lone.out)) {
        struct session_end end;
        memcpy(&end, record->payload, sizeof end);
        counted += end.count;
    }
    ck_assert_int_eq(counted, 500);
    for (VEC_EACH(const struct keyed_state, state, &lone.states.states))
        ck_assert_uint_eq(state_table_memory(state->table).entries, 0);
    lone_chain_fini(&lone);
}
END_TEST

START_TEST(what_a_function_says_fails_the_task)
{
    struct lone_chain lone;
    uint64_t key = 1;
    lone_chain_init(&lone, session_specs, 1, 0, 1, NULL, 0);
    for (int n = 0; n < 1001; n++)
        lone_chain_put(&lone, 0, (struct record_layout){ 8, true }, 1, &key, sizeof key);
    chain_watermark(&lone.chain, 100);
    ck_assert(lone.context.failed);
    ck_assert_str_eq(lone.context.note.text, "sessions: a session without end");
    lone_chain_fini(&lone);
}
END_TEST

/* Another version of the value's bytes is refused when it is restored, by name. */
START_TEST(a_changed_serializer_is_refused)
{
    struct lone_chain lone, again;
    struct snapshot_bytes bytes = { 0 };
    struct task_snapshot_file file;
    struct keyed_process_params changed = session_params;
    struct operator_spec specs[] = { session_specs[0] };
    uint64_t key = 1;
    lone_chain_init(&lone, session_specs, 1, 0, 1, NULL, 0);
    lone_chain_put(&lone, 0, (struct record_layout){ 8, true }, 1, &key, sizeof key);
    lone_chain_snapshot(&lone, 1, &bytes, &file);
    changed.value.version = 2;
    specs[0].params = &changed;
    ck_assert(!lone_chain_can_init(&again, specs, 1, &file, 1));
    ck_assert_ptr_nonnull(strstr(again.context.note.text, "sessions: state 'value'"));
    ck_assert_int_eq(again.context.cause, CAUSE_RESTORE);
    lone_chain_fini(&again);
    lone_chain_fini(&lone);
    task_snapshot_file_fini(&file);
    snapshot_bytes_fini(&bytes);
}
END_TEST

Suite *test_exec_process_suite(void);

Suite *test_exec_process_suite(void)
{
    Suite *suite = suite_create("exec_process");
    TCase *tcase = tcase_create("process");
    tcase_add_test(tcase, a_function_makes_of_a_record_what_it_likes);
    tcase_add_loop_test(tcase, a_quiet_key_gives_out_its_session_and_is_forgotten, 0, 20);
    tcase_add_test(tcase, what_a_function_says_fails_the_task);
    tcase_add_test(tcase, a_changed_serializer_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
