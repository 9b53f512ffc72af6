/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules that all subtasks hold alike, and records that are judged by them, against a plain array;
 * begun anew at another parallelism in between, where each new subtask gets a copy.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/broadcast_process.h"
#include "tests/lib/lone_chains.h"

enum { RULES = 40, KEYS = 9, STEPS = 1500 };

enum what { RULE_PUT, RULE_REMOVE, EVENT_JUDGE, EVENT_COUNT_RULES };

struct message {
    uint64_t key, what, number;
};

struct verdict {
    uint64_t key, seen, found; /* seen: records of the key so far */
};

static const char *on_event(const void *context, struct process_key *key, uint32_t input,
                            const void *payload, uint32_t size)
{
    const struct message *message = payload;
    const struct broadcast_map *rules = process_broadcast(key, "rules");
    struct verdict verdict = { message->key, ++*(uint64_t *)process_value(key), 0 };
    uint32_t at = (uint32_t)(message->number % RULES), value_size, key_size;
    size_t cursor = 0;
    const void *rule, *value;
    (void)context;
    (void)size;
    ck_assert_uint_eq(input, 0);
    if (message->what == EVENT_JUDGE) {
        value = broadcast_map_get(rules, &at, sizeof at, &value_size);
        if (value)
            memcpy(&verdict.found, value, sizeof verdict.found);
    } else {
        while (broadcast_map_next(rules, &cursor, &rule, &key_size, &value, &value_size)) {
            uint64_t number;
            memcpy(&number, value, sizeof number);
            memcpy(&at, rule, sizeof at);
            verdict.found = verdict.found * 31 + number * 100 + at;
        }
    }
    memcpy(collector_put(key->op->outs[0], key->timestamp, sizeof verdict), &verdict,
           sizeof verdict);
    return NULL;
}

static const char *on_rule(const void *context, struct broadcast_side *side, const void *payload,
                           uint32_t size)
{
    const struct message *message = payload;
    struct broadcast_map *rules =
        broadcast_side_map(side, message->number == 1 << 20 ? "nobody" : "rules");
    uint32_t at = (uint32_t)(message->number % RULES);
    (void)context;
    (void)size;
    if (!rules)
        return NULL;
    if (message->what == RULE_REMOVE)
        broadcast_map_remove(rules, &at, sizeof at);
    else if (err_is(broadcast_map_put(rules, &at, sizeof at, &message->number,
                                      sizeof message->number)))
        return "too large";
    return NULL;
}

static const struct user_state_spec count_state[] = {
    { .name = "seen", .kind = USER_VALUE, .value_size = 8 }
};
static struct broadcast_spec rules_state[] = { { .name = "rules" } };
static const struct broadcast_process_params params = {
    .keyed = { .keys = { { KEY_HASH_LONG, 0, 8 } },
               .states = count_state,
               .state_count = 1,
               .record = on_event },
    .maps = rules_state,
    .map_count = 1,
    .broadcast = on_rule
};
static struct record_layout verdict_layout[] = { { sizeof(struct verdict), true } };
static const struct record_layout message_layout = { sizeof(struct message), true };
static const struct operator_spec specs[] = { { .name = "judge",
                                                .class = &broadcast_process_class,
                                                .params = &params,
                                                .outputs = { verdict_layout, 1, 1 } } };

/* The plain way: rules in the order of their first putting. */
struct plain {
    uint64_t rules[RULES];
    uint32_t keys[RULES], count;
    uint64_t seen[KEYS];
};

static uint32_t plain_find(const struct plain *plain, uint64_t number)
{
    uint32_t i = 0;
    while (i < plain->count && plain->keys[i] != number % RULES)
        i++;
    return i;
}

static void plain_rule(struct plain *plain, const struct message *message)
{
    uint32_t i = plain_find(plain, message->number);
    if (message->what == RULE_PUT) {
        plain->keys[i] = (uint32_t)(message->number % RULES);
        plain->rules[i] = message->number;
        plain->count += i == plain->count;
    } else if (i < plain->count) {
        plain->count--;
        memmove(&plain->keys[i], &plain->keys[i + 1], (plain->count - i) * sizeof *plain->keys);
        memmove(&plain->rules[i], &plain->rules[i + 1], (plain->count - i) * sizeof *plain->rules);
    }
}

static struct verdict plain_event(struct plain *plain, const struct message *message)
{
    struct verdict verdict = { message->key, ++plain->seen[message->key], 0 };
    uint32_t i = plain_find(plain, message->number);
    if (message->what == EVENT_JUDGE)
        verdict.found = i < plain->count ? plain->rules[i] : 0;
    else
        for (i = 0; i < plain->count; i++)
            verdict.found = verdict.found * 31 + plain->rules[i] * 100 + plain->keys[i];
    return verdict;
}

static void put_rule(struct lone_chains *lone, const struct message *message)
{
    for (uint32_t i = 0; i < lone->width; i++)
        lone_chain_put(&lone->chains[i], BROADCAST_INPUT, message_layout, 0, message,
                       sizeof *message);
}

START_TEST(records_are_judged_by_the_rules_so_far)
{
    static struct lone_chains lone;
    struct plain plain = { .count = 0 };
    struct rng rng = rng_stream((uint64_t)_i, "broadcast", 0);
    lone_chains_init(&lone, specs, 1, 2);
    for (int n = 0; n < STEPS; n++) {
        struct message message = { rng_below(&rng, KEYS), rng_below(&rng, 4),
                                   rng_below(&rng, 1000) };
        struct lone_chain *owner = lone_chains_of(&lone, message.key);
        if (message.what <= RULE_REMOVE) {
            put_rule(&lone, &message);
            plain_rule(&plain, &message);
        } else {
            struct verdict expected = plain_event(&plain, &message);
            lone_chain_put(owner, 0, message_layout, 0, &message, sizeof message);
            ck_assert_mem_eq(vec_last(&owner->out).payload, &expected, sizeof expected);
        }
        if (rng_below(&rng, 50) == 0)
            lone_chains_restart(&lone, 1 + (uint32_t)rng_below(&rng, LONE_WIDTH_MAX));
    }
    lone_chains_fini(&lone);
}
END_TEST

/* So many keys that some have the same hash, also three and more of them. */
START_TEST(a_map_is_a_plain_array)
{
    enum { MANY = 20000 };
    static uint32_t plain[MANY]; /* 0: none */
    struct rng rng = rng_stream((uint64_t)_i, "map", 0);
    struct broadcast_map map;
    uint32_t live = 0, found = 0, key_size, size;
    const void *key, *value;
    size_t at = 0;
    memset(plain, 0, sizeof plain);
    broadcast_map_init(&map, rules_state);
    for (int n = 1; n < 100000; n++) {
        uint32_t of = (uint32_t)rng_below(&rng, MANY);
        if (rng_below(&rng, 3) > 0) {
            uint32_t number = (uint32_t)n;
            live += plain[of] == 0;
            plain[of] = number;
            ck_assert(!err_is(broadcast_map_put(&map, &of, 4, &number, 4)));
        } else {
            ck_assert_int_eq(broadcast_map_remove(&map, &of, 4), plain[of] != 0);
            live -= plain[of] != 0;
            plain[of] = 0;
        }
        of = (uint32_t)rng_below(&rng, MANY);
        const uint32_t *there = broadcast_map_get(&map, &of, 4, NULL);
        ck_assert_uint_eq(there ? *there : 0, plain[of]);
        ck_assert_uint_eq(live + map.removed, map.entries.count);
    }
    for (; broadcast_map_next(&map, &at, &key, &key_size, &value, &size); found++)
        ck_assert_uint_eq(*(const uint32_t *)value, plain[*(const uint32_t *)key]);
    ck_assert_uint_eq(found, live);
    ck_assert_uint_eq(broadcast_map_bytes(&map),
                      live * 12 + map.entries.count * sizeof *map.entries.items);
    for (uint32_t of = 0; of < MANY; of++)
        broadcast_map_remove(&map, &of, 4);
    ck_assert_uint_eq(broadcast_map_bytes(&map), 0);
    broadcast_map_fini(&map);
}
END_TEST

/* Also where the rest of it is what stands behind a shorter one: padding. Of so many pairs some
 * have the same hash, which knows few bits. */
START_TEST(a_key_that_begins_with_another_is_another)
{
    enum { PAIRS = 500000 };
    struct broadcast_map map;
    broadcast_map_init(&map, rules_state);
    for (uint32_t i = 0; i < PAIRS; i++) {
        const uint32_t key[] = { i, 0 };
        ck_assert(!err_is(broadcast_map_put(&map, key, sizeof i, &i, sizeof i)));
        ck_assert_ptr_null(broadcast_map_get(&map, key, sizeof key, NULL));
        ck_assert(broadcast_map_remove(&map, key, sizeof i));
    }
    broadcast_map_fini(&map);
}
END_TEST

START_TEST(keys_and_values_have_a_largest_size)
{
    static uint8_t bytes[BROADCAST_ENTRY_MAX + 1];
    struct broadcast_map map;
    broadcast_map_init(&map, rules_state);
    ck_assert(err_is(broadcast_map_put(&map, bytes, sizeof bytes, bytes, 1)));
    ck_assert(err_is(broadcast_map_put(&map, bytes, 1, bytes, sizeof bytes)));
    ck_assert_uint_eq(broadcast_map_bytes(&map), 0);
    ck_assert(!err_is(broadcast_map_put(&map, bytes, sizeof bytes - 1, bytes, sizeof bytes - 1)));
    ck_assert_ptr_nonnull(broadcast_map_get(&map, bytes, sizeof bytes - 1, NULL));
    broadcast_map_fini(&map);
}
END_TEST

START_TEST(numbers_that_have_run_out_are_given_anew)
{
    enum { MANY = 6 };
    struct broadcast_map map;
    const void *key, *value;
    uint32_t key_size, size, found = 0;
    size_t at = 0;
    broadcast_map_init(&map, rules_state);
    map.numbers = UINT32_MAX - MANY / 2;
    for (uint32_t i = 0; i < MANY; i++) {
        ck_assert(!err_is(broadcast_map_put(&map, &i, sizeof i, &i, sizeof i)));
        if (i == 1)
            broadcast_map_remove(&map, &i, sizeof i);
    }
    for (; broadcast_map_next(&map, &at, &key, &key_size, &value, &size); found++)
        ck_assert_uint_eq(*(const uint32_t *)value, found > 0 ? found + 1 : 0);
    ck_assert_uint_eq(found, MANY - 1);
    broadcast_map_fini(&map);
}
END_TEST

/* Entries of a list are four words, of which the first tells a map from one of its keys and the
 * second is the size of the key, and then its bytes. */
START_TEST(a_list_that_is_no_map_is_refused)
{
    static const struct {
        uint64_t words[6];
        size_t size;
        const char *why;
    } rows[] = {
        { { 1, 4 }, 31, "an entry of 31 bytes" },
        { { 1, 9 }, 40, "a key that is longer than its entry" },
        { { 1, (1ull << 32) + 4 }, 48, "a key that is longer than its entry" },
        { { 1, BROADCAST_ENTRY_MAX + 1 }, 48, "a key that is longer than its entry" },
        { { 1, 8 }, 40, NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct broadcast_map map;
        struct state_list list = { 0 };
        struct note note = { { 0 } };
        broadcast_map_init(&map, rules_state);
        broadcast_maps_save(&map, 1, &list);
        state_list_add(&list, rows[i].words, rows[i].size);
        ck_assert_int_eq(err_is(broadcast_maps_load(&map, 1, &list, &note)), rows[i].why != NULL);
        ck_assert_str_eq(note.text, rows[i].why ? rows[i].why : "");
        ck_assert_uint_eq(map.entries.count, rows[i].why ? 0 : 1);
        state_list_fini(&list);
        broadcast_map_fini(&map);
    }
}
END_TEST

static const char *refuse(const void *context, struct broadcast_side *side, const void *payload,
                          uint32_t size)
{
    (void)context, (void)payload, (void)size;
    ck_assert(!side->op->task->failed);
    return "no such rule";
}

START_TEST(behind_a_failure_no_rule_is_heard)
{
    static const struct message messages[2];
    struct broadcast_process_params failing = params;
    struct operator_spec spec = specs[0];
    struct lone_chain lone;
    failing.broadcast = refuse;
    spec.params = &failing;
    lone_chain_init(&lone, &spec, 1, 0, 1, NULL, 0);
    chain_process(&lone.chain, BROADCAST_INPUT,
                  &(struct batch){ .slots = (const uint8_t *)messages,
                                   .count = 2,
                                   .stride = sizeof *messages,
                                   .layout = { sizeof *messages, false } });
    ck_assert(lone.context.failed);
    lone_chain_fini(&lone);
}
END_TEST

START_TEST(broadcast_state_that_was_not_declared_fails_the_task)
{
    static struct lone_chains lone;
    struct message message = { 0, RULE_PUT, 1 << 20 };
    lone_chains_init(&lone, specs, 1, 1);
    put_rule(&lone, &message);
    ck_assert(lone.chains[0].context.failed);
    ck_assert_str_eq(lone.chains[0].context.note.text,
                     "judge: broadcast state 'nobody' was not declared");
    lone_chains_fini(&lone);
}
END_TEST

START_TEST(rules_of_another_serializer_are_refused)
{
    struct lone_chain lone, again;
    struct snapshot_bytes bytes = { 0 };
    struct task_snapshot_file file;
    lone_chain_init(&lone, specs, 1, 0, 1, NULL, 0);
    lone_chain_snapshot(&lone, 1, &bytes, &file);
    rules_state[0].value.version = 2;
    ck_assert(!lone_chain_can_init(&again, specs, 1, &file, 1));
    rules_state[0].value.version = 0;
    ck_assert_int_eq(again.context.cause, CAUSE_RESTORE);
    ck_assert_ptr_nonnull(strstr(again.context.note.text,
                                 "state 'rules': its values were written by another serializer "
                                 "(version 0, expected 2)"));
    lone_chain_fini(&again);
    lone_chain_fini(&lone);
    task_snapshot_file_fini(&file);
    snapshot_bytes_fini(&bytes);
}
END_TEST

Suite *test_exec_broadcast_suite(void);

Suite *test_exec_broadcast_suite(void)
{
    Suite *suite = suite_create("exec_broadcast");
    TCase *tcase = tcase_create("broadcast");
    tcase_add_loop_test(tcase, records_are_judged_by_the_rules_so_far, 0, 20);
    tcase_add_loop_test(tcase, a_map_is_a_plain_array, 0, 5);
    tcase_add_test(tcase, a_key_that_begins_with_another_is_another);
    tcase_add_test(tcase, keys_and_values_have_a_largest_size);
    tcase_add_test(tcase, numbers_that_have_run_out_are_given_anew);
    tcase_add_test(tcase, a_list_that_is_no_map_is_refused);
    tcase_add_test(tcase, behind_a_failure_no_rule_is_heard);
    tcase_add_test(tcase, broadcast_state_that_was_not_declared_fails_the_task);
    tcase_add_test(tcase, rules_of_another_serializer_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
