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
#include "tests/lib/lone_chains.h"

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
    bool was_there = process_look(key) != NULL;
    struct session *session = process_value(key);
    (void)context;
    (void)payload;
    ck_assert_uint_eq(size, 8);
    ck_assert_uint_le(input, 1);
    ck_assert_int_eq(was_there, session->count > 0);
    if (session->count > 0)
        process_delete_timer(key, DOMAIN_EVENT_TIME, session->last + GAP);
    session->count++;
    session->last = key->timestamp;
    process_set_timer(key, DOMAIN_EVENT_TIME, session->last + GAP);
    return NULL;
}

static const char *on_timer(const void *context, struct process_key *key)
{
    const struct session *session = process_value(key);
    struct session_end end = { 0, session->count };
    (void)context;
    memcpy(&end.key, key->key, sizeof end.key);
    memcpy(collector_put(key->op->outs[0], key->timestamp, sizeof end), &end, sizeof end);
    process_clear(key);
    return session->count > 1000 ? "a session without end" : NULL;
}

static const struct user_state_spec session_states[] = {
    { .name = "session", .kind = USER_VALUE, .value_size = sizeof(struct session) }
};
static const struct keyed_process_params session_params = { .keys = { { KEY_HASH_LONG, 0, 8 },
                                                                      { KEY_HASH_LONG, 0, 8 } },
                                                            .states = session_states,
                                                            .state_count = 1,
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
    struct user_state_spec changed_states[] = { session_states[0] };
    struct operator_spec specs[] = { session_specs[0] };
    uint64_t key = 1;
    lone_chain_init(&lone, session_specs, 1, 0, 1, NULL, 0);
    lone_chain_put(&lone, 0, (struct record_layout){ 8, true }, 1, &key, sizeof key);
    lone_chain_snapshot(&lone, 1, &bytes, &file);
    changed_states[0].value.version = 2;
    changed.states = changed_states;
    specs[0].params = &changed;
    ck_assert(!lone_chain_can_init(&again, specs, 1, &file, 1));
    ck_assert_ptr_nonnull(strstr(again.context.note.text, "sessions: state 'session'"));
    ck_assert_int_eq(again.context.cause, CAUSE_RESTORE);
    lone_chain_fini(&again);
    lone_chain_fini(&lone);
    task_snapshot_file_fini(&file);
    snapshot_bytes_fini(&bytes);
}
END_TEST

/* A count that starts again: a key is cleared by every fifth record or so of its own. */
struct told {
    uint64_t key, count;
};

static bool clears(uint64_t key, uint64_t count)
{
    return count >= 1 + key % 5;
}

static const char *count_and_clear(const void *context, struct process_key *key, uint32_t input,
                                   const void *payload, uint32_t size)
{
    bool was_there = process_look(key) != NULL;
    uint64_t *count = process_value(key);
    struct told told = { *(const uint64_t *)payload, ++*count };
    (void)context;
    (void)input;
    (void)size;
    ck_assert_int_eq(was_there, *count > 1);
    memcpy(collector_put(process_output(key, 0), key->timestamp, sizeof told), &told, sizeof told);
    if (clears(told.key, told.count))
        process_clear(key);
    return NULL;
}

/* Runs end where a key is cleared: what the next run has inserted before is still new. */
START_TEST(a_cleared_key_is_new_again_within_its_batch)
{
    enum { BATCH = 1000, ALL = 200 };
    static const struct user_state_spec count_state[] = {
        { .name = "count", .kind = USER_VALUE, .value_size = 8 }
    };
    static const struct keyed_process_params counting = { .keys = { { KEY_HASH_LONG, 0, 8 } },
                                                          .states = count_state,
                                                          .state_count = 1,
                                                          .record = count_and_clear };
    static struct record_layout told_layout[] = { { sizeof(struct told), true } };
    const struct operator_spec spec = { .name = "count",
                                        .class = &keyed_process_class,
                                        .params = &counting,
                                        .outputs = { told_layout, 1, 1 } };
    struct rng rng = rng_stream((uint64_t)_i, "clears", 0);
    int64_t slots[BATCH][2];
    uint64_t plain[ALL] = { 0 };
    struct lone_chain lone;
    lone_chain_init(&lone, &spec, 1, 0, 1, NULL, 0);
    for (int round = 0; round < 10; round++) {
        uint32_t count = 1 + (uint32_t)rng_below(&rng, BATCH);
        uint64_t keys = 1 + rng_below(&rng, ALL);
        for (uint32_t i = 0; i < count; i++)
            slots[i][0] = i, slots[i][1] = (int64_t)rng_below(&rng, keys);
        vec_clear(&lone.out);
        chain_process(&lone.chain, 0,
                      &(struct batch){ .slots = (const uint8_t *)slots,
                                       .count = count,
                                       .stride = sizeof *slots,
                                       .layout = { 8, true } });
        ck_assert_uint_eq(lone.out.count, count);
        for (uint32_t i = 0; i < count; i++) {
            struct told told;
            uint64_t key = (uint64_t)slots[i][1];
            memcpy(&told, lone.out.items[i].payload, sizeof told);
            ck_assert_uint_eq(told.key, key);
            ck_assert_uint_eq(told.count, ++plain[key]);
            if (clears(key, told.count))
                plain[key] = 0;
        }
    }
    uint64_t live = 0;
    for (uint64_t key = 0; key < ALL; key++)
        live += plain[key] > 0;
    ck_assert_uint_eq(state_table_memory(lone.states.states.items[0].table).entries, live);
    lone_chain_fini(&lone);
}
END_TEST

/* What is done to a value, drawn for each record, against a plain array: 0 is none. */
struct touch {
    uint64_t key, what;
};

static const char *touch(const void *context, struct process_key *key, uint32_t input,
                         const void *payload, uint32_t size)
{
    uint64_t *plain = *(uint64_t *const *)context;
    const struct touch *touch = payload;
    (void)input;
    (void)size;
    for (uint64_t what = touch->what; what > 0; what /= 4) {
        const uint64_t *there = process_look(key);
        ck_assert_uint_eq(there ? *there : 0, plain[touch->key]);
        ck_assert_int_eq(there != NULL, plain[touch->key] > 0);
        if (what % 4 == 1)
            plain[touch->key] = ++*(uint64_t *)process_value(key);
        if (what % 4 == 2)
            process_remove_value(key), plain[touch->key] = 0;
    }
    if (touch->what % 16 == 15)
        process_clear(key), plain[touch->key] = 0;
    return NULL;
}

/* Whichever way it is looked up, it is there only when somebody has made it. */
START_TEST(a_value_that_nobody_has_made_is_not_there)
{
    enum { BATCH = 1000, ALL = 300 };
    static const struct user_state_spec state[] = {
        { .name = "count", .kind = USER_VALUE, .value_size = 8 }
    };
    static uint64_t plain[ALL], *const context = plain;
    const struct keyed_process_params touching = { .keys = { { KEY_HASH_LONG, 0, 8 } },
                                                   .states = state,
                                                   .state_count = 1,
                                                   .record = touch,
                                                   .context = &context };
    const struct operator_spec spec = { .name = "touch",
                                        .class = &keyed_process_class,
                                        .params = &touching };
    static struct touch slots[BATCH];
    struct rng rng = rng_stream((uint64_t)_i, "touch", 0);
    struct lone_chain lone;
    memset(plain, 0, sizeof plain);
    lone_chain_init(&lone, &spec, 1, 0, 1, NULL, 0);
    for (int round = 0; round < 20; round++) {
        uint32_t count = 1 + (uint32_t)rng_below(&rng, BATCH);
        uint64_t keys = 1 + rng_below(&rng, ALL), most = 1 + rng_below(&rng, 300), live = 0;
        for (uint32_t i = 0; i < count; i++)
            slots[i] = (struct touch){ rng_below(&rng, keys), rng_below(&rng, most) };
        chain_process(&lone.chain, 0,
                      &(struct batch){ .slots = (const uint8_t *)slots,
                                       .count = count,
                                       .stride = sizeof *slots,
                                       .layout = { sizeof *slots, false } });
        for (uint64_t key = 0; key < ALL; key++)
            live += plain[key] > 0;
        ck_assert_uint_eq(state_table_memory(lone.states.states.items[0].table).entries, live);
    }
    lone_chain_fini(&lone);
}
END_TEST

/* Both kinds of timers, at random times, each once and in order, over restarts. */
struct alarm {
    uint64_t key, domain, at;
};

static const char *set_alarm(const void *context, struct process_key *key, uint32_t input,
                             const void *payload, uint32_t size)
{
    const struct alarm *alarm = payload;
    (void)context;
    (void)size;
    if (input == 0)
        process_set_timer(key, (enum time_domain)alarm->domain, (int64_t)alarm->at);
    else
        process_delete_timer(key, (enum time_domain)alarm->domain, (int64_t)alarm->at);
    return NULL;
}

static const char *ring(const void *context, struct process_key *key)
{
    struct alarm alarm = { 0, (uint64_t)key->domain, (uint64_t)key->timestamp };
    (void)context;
    memcpy(&alarm.key, key->key, sizeof alarm.key);
    ck_assert_ptr_null(key->ready);
    memcpy(collector_put(key->op->outs[0], 0, sizeof alarm), &alarm, sizeof alarm);
    return NULL;
}

static void ring_due(bool (*set)[200], uint64_t up_to, size_t *rung)
{
    for (uint64_t key = 0; key < KEYS; key++)
        for (uint64_t at = 0; at <= up_to && at < 200; at++) {
            *rung += set[key][at];
            set[key][at] = false;
        }
}

START_TEST(timers_of_both_kinds_of_time_fire_once)
{
    static const struct keyed_process_params alarms = { .keys = { { KEY_HASH_LONG, 0, 8 },
                                                                  { KEY_HASH_LONG, 0, 8 } },
                                                        .record = set_alarm,
                                                        .timer = ring };
    static struct record_layout alarm_layout[] = { { sizeof(struct alarm), true } };
    const struct operator_spec spec = { .name = "alarms",
                                        .class = &keyed_process_class,
                                        .params = &alarms,
                                        .outputs = { alarm_layout, 1, 1 } };
    static struct lone_chains lone;
    static bool set[2][KEYS][200];
    struct rng rng = rng_stream((uint64_t)_i, "alarms", 0);
    uint64_t clocks[2] = { 0, 0 };
    size_t rung = 0, found = 0;
    memset(set, 0, sizeof set);
    lone_chains_init(&lone, &spec, 1, 2);
    for (int n = 0; n < 600; n++) {
        struct alarm alarm = { rng_below(&rng, KEYS), rng_below(&rng, 2), 0 };
        uint32_t input = rng_below(&rng, 4) == 0;
        alarm.at = clocks[alarm.domain] + 1 + rng_below(&rng, 20);
        lone_chain_put(lone_chains_of(&lone, alarm.key), input, alarm_layout[0], 0, &alarm,
                       sizeof alarm);
        if (alarm.at < 200)
            set[alarm.domain][alarm.key][alarm.at] = input == 0;
        if (rng_below(&rng, 4) == 0 && ++clocks[DOMAIN_EVENT_TIME] < 170)
            lone_chains_watermark(&lone, (int64_t)clocks[DOMAIN_EVENT_TIME]);
        if (rng_below(&rng, 4) == 0 && ++clocks[DOMAIN_PROCESSING_TIME] < 170)
            lone_chains_set_time(&lone, (time_ns)clocks[DOMAIN_PROCESSING_TIME]);
        ring_due(set[0], clocks[0], &rung);
        ring_due(set[1], clocks[1], &rung);
        found = 0;
        for (uint32_t i = 0; i < lone.width; i++)
            found += lone.chains[i].out.count;
        if (clocks[0] < 170 && clocks[1] < 170)
            ck_assert_uint_eq(found, rung);
        if (rng_below(&rng, 60) == 0)
            lone_chains_restart(&lone, 1 + (uint32_t)rng_below(&rng, LONE_WIDTH_MAX));
    }
    lone_chains_fini(&lone);
}
END_TEST

static const char *set_as_told(const void *context, struct process_key *key, uint32_t input,
                               const void *payload, uint32_t size)
{
    struct told_timer {
        uint64_t key;
        int64_t at;
    } told;
    (void)context, (void)input, (void)size;
    memcpy(&told, payload, sizeof told);
    ck_assert_int_eq(key->timestamp, TIMESTAMP_NONE);
    process_set_timer(key, DOMAIN_EVENT_TIME, told.at);
    return NULL;
}

static const char *say_time(const void *context, struct process_key *key)
{
    (void)context;
    memcpy(collector_put(key->op->outs[0], key->timestamp, 8), &key->timestamp, 8);
    return NULL;
}

/* InternalTimerServiceImpl.registerEventTimeTimer asks neither for the record's timestamp nor for
 * the watermark; tryAdvanceWatermark fires all up to the new one. */
START_TEST(an_event_timer_may_be_set_at_any_time_and_waits_for_a_watermark)
{
    static const struct keyed_process_params params = { .keys = { { KEY_HASH_LONG, 0, 8 } },
                                                        .record = set_as_told,
                                                        .timer = say_time };
    static const struct operator_spec timed[] = { { .name = "timed",
                                                    .class = &keyed_process_class,
                                                    .params = &params,
                                                    .outputs = { number_layout, 1, 1 } } };
    static const struct {
        int64_t set[3], watermark;
        size_t fired; /* in all, by then */
    } steps[] = {
        { { 7, -5, INT64_MIN }, INT64_MIN + 1, 1 }, /* before any watermark */
        { { 7, 7, 20 }, -5, 2 },
        { { -4, -5, INT64_MIN }, -4, 5 }, /* behind it, and at it: with the next one */
        { { 8, 9, INT64_MAX }, 7, 6 },
        { { 9, 9, 9 }, INT64_MAX, 10 }, /* the end of the input */
    };
    struct lone_chain lone;
    lone_chain_init(&lone, timed, 1, 0, 1, NULL, 0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        size_t before = lone.out.count;
        for (int k = 0; k < 3; k++)
            lone_chain_put(&lone, 0, (struct record_layout){ 16, false }, 0,
                           (const uint64_t[]){ 1, (uint64_t)steps[i].set[k] }, 16);
        ck_assert_uint_eq(lone.out.count, before);
        chain_watermark(&lone.chain, steps[i].watermark);
        ck_assert_uint_eq(lone.out.count, steps[i].fired);
    }
    lone_chain_fini(&lone);
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
    tcase_add_loop_test(tcase, a_cleared_key_is_new_again_within_its_batch, 0, 30);
    tcase_add_loop_test(tcase, a_value_that_nobody_has_made_is_not_there, 0, 30);
    tcase_add_loop_test(tcase, timers_of_both_kinds_of_time_fire_once, 0, 30);
    tcase_add_test(tcase, an_event_timer_may_be_set_at_any_time_and_waits_for_a_watermark);
    tcase_add_test(tcase, a_changed_serializer_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
