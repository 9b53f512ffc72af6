/* SPDX-License-Identifier: Apache-2.0
 *
 * Values, lists, maps and reduced values of a user's function, with and without a time to live,
 * against plain arrays that know when each entry was used last; begun anew at another parallelism
 * in between. What a function must not do fails the task by name.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/keyed_process.h"
#include "tests/lib/lone_chains.h"

enum { KEYS = 7, MAP_KEYS = 9, LIST_MAX = 4000, STEPS = 1500, LIFE = 40 };

enum what {
    VALUE_PUT,
    VALUE_GET,
    VALUE_CLEAR,
    LIST_ADD,
    LIST_GET,
    LIST_CLEAR,
    MAP_PUT,
    MAP_GET,
    MAP_REMOVE,
    MAP_WALK,
    MAP_CLEAR,
    REDUCE_ADD,
    REDUCE_GET,
    CLEAR_ALL,
    WHAT_COUNT
};

struct command {
    uint64_t key, what, number;
};

/* What a read sees: how many, and all of it in its order. */
struct seen {
    uint64_t count, digest;
};

static void see(struct seen *seen, uint64_t number)
{
    seen->count++;
    seen->digest = seen->digest * 31 + number;
}

static bool varies; /* sizes of values and elements do */

static uint32_t size_of(uint64_t number)
{
    return varies ? (uint32_t)(8 + number % 13) : 8;
}

static void fill(void *place, uint64_t number)
{
    uint8_t bytes[24] = { 0 };
    ck_assert_ptr_nonnull(place);
    memcpy(bytes, &number, sizeof number);
    memset(bytes + 8, (int)(number % 100), sizeof bytes - 8);
    memcpy(place, bytes, size_of(number));
}

static uint64_t read_back(const void *place, uint32_t size)
{
    uint64_t number;
    memcpy(&number, place, sizeof number);
    ck_assert_uint_eq(size, size_of(number));
    for (uint32_t i = 8; i < size; i++)
        ck_assert_uint_eq(((const uint8_t *)place)[i], number % 100);
    return number;
}

static void see_list(struct user_state *state, struct state_key key, struct seen *seen)
{
    const void *element;
    uint32_t size;
    struct user_list list = user_list_open(state, key);
    while (user_list_next(state, key, &list, &element, &size))
        see(seen, read_back(element, size));
}

static void do_map(struct process_key *key, const struct command *command, struct seen *seen)
{
    struct user_state *map = process_state(key, "map", USER_MAP);
    struct state_key at = process_state_key(key);
    uint32_t of = (uint32_t)(command->number % MAP_KEYS), size;
    struct user_map_cursor cursor = { 0 };
    const void *value;
    switch (command->what) {
    case MAP_PUT:
        fill(user_map_put(map, at, &of, size_of(command->number)), command->number);
        break;
    case MAP_GET:
        value = user_map_get(map, at, &of, &size);
        if (value)
            see(seen, read_back(value, size));
        break;
    case MAP_REMOVE: see(seen, user_map_remove(map, at, &of)); break;
    case MAP_WALK:
        while (user_map_next(map, at, &cursor)) {
            memcpy(&of, cursor.map_key, sizeof of);
            ck_assert_uint_eq(of, read_back(cursor.value, cursor.size) % MAP_KEYS);
            see(seen, read_back(cursor.value, cursor.size));
        }
        break;
    default: user_state_clear(map, at);
    }
}

static void do_one(struct process_key *key, const struct command *command, struct seen *seen)
{
    struct user_state *value = process_state(key, "value", USER_VALUE);
    struct user_state *list = process_state(key, "list", USER_LIST);
    struct user_state *sum = process_state(key, "sum", USER_REDUCING);
    struct state_key at = process_state_key(key);
    uint8_t bytes[24];
    const uint64_t *found;
    uint32_t size = size_of(command->number);
    const void *there;
    switch (command->what) {
    case VALUE_PUT: fill(user_value_put(value, at, size), command->number); break;
    case VALUE_GET:
        there = user_value_get(value, at, &size);
        if (there)
            see(seen, read_back(there, size));
        break;
    case VALUE_CLEAR: user_state_clear(value, at); break;
    case LIST_ADD:
        fill(bytes, command->number);
        user_list_add(list, at, bytes, size);
        break;
    case LIST_GET: see_list(list, at, seen); break;
    case LIST_CLEAR: user_state_clear(list, at); break;
    case REDUCE_ADD: user_reduce_add(sum, at, &command->number); break;
    case REDUCE_GET:
        found = user_value_get(sum, at, NULL);
        if (found)
            see(seen, *found);
        break;
    case CLEAR_ALL: process_clear(key); break;
    default: do_map(key, command, seen);
    }
}

static const char *on_record(const void *context, struct process_key *key, uint32_t input,
                             const void *payload, uint32_t size)
{
    const struct command *command = payload;
    struct seen seen = { 0, 0 };
    (void)context;
    (void)input;
    (void)size;
    ck_assert_ptr_null(key->value);
    do_one(key, command, &seen);
    memcpy(collector_put(process_output(key, 0), key->timestamp, sizeof seen), &seen, sizeof seen);
    return NULL;
}

static void add_up(const void *context, void *into, const void *value)
{
    uint64_t *sum = into;
    (void)context;
    *sum += *(const uint64_t *)value;
}

static struct user_state_spec states[] = {
    { .name = "value", .kind = USER_VALUE },
    { .name = "list", .kind = USER_LIST },
    { .name = "map", .kind = USER_MAP, .map_key_size = 4 },
    { .name = "sum", .kind = USER_REDUCING, .value_size = 8, .reduce = add_up },
};
static const struct keyed_process_params params = {
    .keys = { { KEY_HASH_LONG, 0, 8 } }, .states = states, .state_count = 4, .record = on_record
};
static struct record_layout seen_layout[] = { { sizeof(struct seen), true } };
static const struct record_layout command_layout = { sizeof(struct command), true };
static const struct operator_spec specs[] = { { .name = "user",
                                                .class = &keyed_process_class,
                                                .params = &params,
                                                .outputs = { seen_layout, 1, 1 } } };

/* The plain way. */
struct plain_entry {
    uint64_t number;
    time_ns stamp;
};

struct plain_list {
    struct plain_entry entries[LIST_MAX];
    uint32_t count;
};

struct plain_key {
    struct plain_list value, list, map, sum;
};

static struct plain_key plain[KEYS];
static struct state_ttl ttl;
static time_ns now;

static void forget_old(struct plain_list *list)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++)
        if (ttl.time == 0 || list->entries[i].stamp + ttl.time > now)
            list->entries[kept++] = list->entries[i];
    list->count = kept;
}

static void plain_see(struct plain_list *list, uint32_t from, uint32_t to, struct seen *seen)
{
    for (uint32_t i = from; i < to; i++) {
        see(seen, list->entries[i].number);
        if (ttl.update == TTL_ON_READ_AND_WRITE)
            list->entries[i].stamp = now;
    }
}

static void plain_add(struct plain_list *list, uint64_t number)
{
    ck_assert_uint_lt(list->count, LIST_MAX);
    list->entries[list->count++] = (struct plain_entry){ number, now };
}

static uint32_t plain_find(const struct plain_list *map, uint64_t number)
{
    uint32_t i = 0;
    while (i < map->count && map->entries[i].number % MAP_KEYS != number % MAP_KEYS)
        i++;
    return i;
}

static void plain_map(struct plain_list *map, const struct command *command, struct seen *seen)
{
    uint32_t i = plain_find(map, command->number);
    switch (command->what) {
    case MAP_PUT:
        if (i == map->count)
            map->count++;
        map->entries[i] = (struct plain_entry){ command->number, now };
        break;
    case MAP_GET: plain_see(map, i, i == map->count ? i : i + 1, seen); break;
    case MAP_REMOVE:
        see(seen, i < map->count);
        if (i == map->count)
            break;
        map->count--;
        memmove(&map->entries[i], &map->entries[i + 1], (map->count - i) * sizeof *map->entries);
        break;
    case MAP_WALK: plain_see(map, 0, map->count, seen); break;
    default: map->count = 0;
    }
}

static void plain_do(const struct command *command, struct seen *seen)
{
    struct plain_key *key = &plain[command->key];
    uint64_t sum = command->number;
    forget_old(&key->value);
    forget_old(&key->list);
    forget_old(&key->map);
    forget_old(&key->sum);
    switch (command->what) {
    case VALUE_PUT:
        key->value.count = 0;
        plain_add(&key->value, command->number);
        break;
    case VALUE_GET: plain_see(&key->value, 0, key->value.count, seen); break;
    case VALUE_CLEAR: key->value.count = 0; break;
    case LIST_ADD: plain_add(&key->list, command->number); break;
    case LIST_GET: plain_see(&key->list, 0, key->list.count, seen); break;
    case LIST_CLEAR: key->list.count = 0; break;
    case REDUCE_ADD:
        sum += key->sum.count ? key->sum.entries[0].number : 0;
        key->sum.count = 0;
        plain_add(&key->sum, sum);
        break;
    case REDUCE_GET: plain_see(&key->sum, 0, key->sum.count, seen); break;
    case CLEAR_ALL: memset(key, 0, sizeof *key); break;
    default: plain_map(&key->map, command, seen);
    }
}

static void set_up(int variant)
{
    static const struct state_ttl ttls[] = { { 0 },
                                             { LIFE, TTL_ON_CREATE_AND_WRITE },
                                             { LIFE, TTL_ON_READ_AND_WRITE } };
    ttl = ttls[variant % 3];
    varies = variant / 3 % 2;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        states[i].ttl = ttl;
        if (states[i].kind != USER_REDUCING)
            states[i].value_size = varies ? 0 : 8;
    }
    states[0].ttl.time = ttl.time ? ttl.time : TIME_NEVER; /* does not lie ready */
    memset(plain, 0, sizeof plain);
    now = 0;
}

START_TEST(states_are_those_of_plain_arrays)
{
    static struct lone_chains lone;
    struct rng rng = rng_stream((uint64_t)_i, "user-state", 0);
    set_up(_i);
    lone_chains_init(&lone, specs, 1, 2);
    for (int n = 0; n < STEPS; n++) {
        struct command command = { rng_below(&rng, KEYS), rng_below(&rng, WHAT_COUNT),
                                   rng_below(&rng, 1000) };
        struct seen expected = { 0, 0 }, found;
        if (command.what == CLEAR_ALL && rng_below(&rng, 4) > 0)
            command.what = MAP_PUT;
        struct lone_chain *chain = lone_chains_of(&lone, command.key);
        lone_chain_put(chain, 0, command_layout, n, &command, sizeof command);
        ck_assert_msg(!chain->context.failed, "%s", chain->context.note.text);
        plain_do(&command, &expected);
        memcpy(&found, vec_last(&chain->out).payload, sizeof found);
        ck_assert_msg(found.count == expected.count && found.digest == expected.digest,
                      "step %d, what %d: %d entries, not %d", n, (int)command.what,
                      (int)found.count, (int)expected.count);
        lone_chains_set_time(&lone, now += rng_between(&rng, 0, 2));
        for (uint32_t i = 0; i < lone.width && n % 50 == 0; i++)
            for (VEC_EACH(const struct keyed_state, state, &lone.chains[i].states.states))
                state_table_check(state->table);
        if (rng_below(&rng, 100) == 0)
            lone_chains_restart(&lone, 1 + (uint32_t)rng_below(&rng, LONE_WIDTH_MAX));
    }
    lone_chains_fini(&lone);
}
END_TEST

static uint64_t entries_of(const struct lone_chain *lone)
{
    uint64_t entries = 0;
    for (VEC_EACH(const struct keyed_state, state, &lone->states.states))
        entries += state_table_memory(state->table).entries;
    return entries;
}

static void put_some(struct lone_chains *lone, uint64_t key)
{
    static const uint64_t whats[] = { VALUE_PUT, LIST_ADD, MAP_PUT, REDUCE_ADD };
    for (size_t i = 0; i < sizeof whats / sizeof *whats; i++) {
        struct command command = { key, whats[i], 1 };
        lone_chain_put(&lone->chains[0], 0, command_layout, 0, &command, sizeof command);
    }
}

/* StateTtlConfig.cleanupIncrementally: records of other keys sweep what nobody asks for. */
START_TEST(what_has_expired_goes_though_nobody_asks_for_it)
{
    static struct lone_chains lone;
    set_up(1);
    lone_chains_init(&lone, specs, 1, 1);
    for (uint64_t key = 100; key < 300; key++)
        put_some(&lone, key);
    ck_assert_uint_eq(entries_of(&lone.chains[0]), 200 * 5);
    lone_chains_set_time(&lone, LIFE);
    for (int n = 0; n < 200; n++)
        put_some(&lone, 1);
    ck_assert_uint_eq(entries_of(&lone.chains[0]), 5);
    lone_chains_fini(&lone);
}
END_TEST

START_TEST(what_has_expired_goes_at_a_restore)
{
    static struct lone_chains lone;
    set_up(1);
    lone_chains_init(&lone, specs, 1, 1);
    for (uint64_t key = 100; key < 300; key++)
        put_some(&lone, key);
    lone.now = LIFE - 1;
    lone_chains_restart(&lone, 1);
    ck_assert_uint_eq(entries_of(&lone.chains[0]), 200 * 5);
    lone.now = LIFE;
    lone_chains_restart(&lone, 1);
    ck_assert_uint_eq(entries_of(&lone.chains[0]), 0);
    lone_chains_fini(&lone);
}
END_TEST

/* StateTtlConfig.cleanupFullSnapshot; a restore in the past shows what the file holds. */
START_TEST(what_has_expired_is_not_in_a_full_snapshot)
{
    static struct lone_chains lone;
    struct command young = { 1, VALUE_PUT, 1 };
    set_up(1);
    lone_chains_init(&lone, specs, 1, 1);
    for (uint64_t key = 100; key < 300; key++)
        put_some(&lone, key);
    lone_chains_set_time(&lone, LIFE);
    lone_chain_put(&lone.chains[0], 0, command_layout, 0, &young, sizeof young);
    lone_chains_set_time(&lone, LIFE);
    uint64_t before = entries_of(&lone.chains[0]);
    lone.now = 0;
    lone_chains_restart(&lone, 1);
    /* the lists and maps of 200 keys are, but for what the clean-up has met */
    ck_assert_uint_lt(entries_of(&lone.chains[0]), before - 2 * 190);
    ck_assert_uint_ge(entries_of(&lone.chains[0]), 1 + 3 * 190);
    lone_chains_fini(&lone);
}
END_TEST

/* StateMigrationException: the bytes are not the same. */
START_TEST(a_time_to_live_cannot_come_later)
{
    struct lone_chain lone, again;
    struct snapshot_bytes bytes = { 0 };
    struct task_snapshot_file file;
    set_up(3);
    lone_chain_init(&lone, specs, 1, 0, 1, NULL, 0);
    lone_chain_snapshot(&lone, 1, &bytes, &file);
    states[1].ttl.time = LIFE;
    ck_assert(!lone_chain_can_init(&again, specs, 1, &file, 1));
    ck_assert_int_eq(again.context.cause, CAUSE_RESTORE);
    ck_assert_ptr_nonnull(strstr(again.context.note.text, "user: state 'list'"));
    lone_chain_fini(&again);
    lone_chain_fini(&lone);
    task_snapshot_file_fini(&file);
    snapshot_bytes_fini(&bytes);
}
END_TEST

static const char *ask_wrong(const void *context, struct process_key *key, uint32_t input,
                             const void *payload, uint32_t size)
{
    const struct command *command = payload;
    (void)context;
    (void)input;
    (void)size;
    switch (command->what) {
    case 0: process_state(key, "nobody", USER_LIST); break;
    case 1: process_state(key, "list", USER_MAP); break;
    case 2: process_state(key, "ready", USER_VALUE); break;
    case 3: process_output(key, 1); break;
    case 4: process_set_timer(key, DOMAIN_PROCESSING_TIME, 1); break;
    case 5: user_list_add(process_state(key, "list", USER_LIST), process_state_key(key), "", 1);
    }
    return NULL;
}

START_TEST(what_was_not_declared_fails_the_task_by_name)
{
    static const char *const texts[] = {
        "user: state 'nobody' was not declared",
        "user: state 'list' was declared as another kind",
        "user: state 'ready' is the one that lies ready",
        "user: output 1 was not declared",
        "user: a timer, but no function for timers",
        "user: state 'list': an element of 1 bytes, not 8",
    };
    static const struct user_state_spec some[] = {
        { .name = "ready", .kind = USER_VALUE, .value_size = 8 },
        { .name = "list", .kind = USER_LIST, .value_size = 8 }
    };
    struct keyed_process_params wrong = params;
    struct operator_spec spec = specs[0];
    struct command command = { 1, (uint64_t)_i, 0 };
    struct lone_chain lone;
    wrong.states = some;
    wrong.state_count = 2;
    wrong.record = ask_wrong;
    spec.params = &wrong;
    lone_chain_init(&lone, &spec, 1, 0, 1, NULL, 0);
    lone_chain_put(&lone, 0, command_layout, 0, &command, sizeof command);
    ck_assert(lone.context.failed);
    ck_assert_int_eq(lone.context.cause, CAUSE_USER_CODE);
    ck_assert_str_eq(lone.context.note.text, texts[_i]);
    lone_chain_fini(&lone);
}
END_TEST

START_TEST(a_state_that_cannot_be_is_refused_at_the_start)
{
    static const struct user_state_spec bad[] = {
        { .name = "m", .kind = USER_MAP, .map_key_size = USER_MAP_KEY_MAX + 1 },
        { .name = "m", .kind = USER_MAP, .map_key_size = 0 },
        { .name = "r", .kind = USER_REDUCING, .value_size = 8 },
        { .name = "t", .kind = USER_LIST, .ttl = { -1, TTL_ON_CREATE_AND_WRITE } },
    };
    struct keyed_process_params wrong = params;
    struct operator_spec spec = specs[0];
    struct lone_chain lone;
    wrong.states = &bad[_i];
    wrong.state_count = 1;
    spec.params = &wrong;
    ck_assert(!lone_chain_can_init(&lone, &spec, 1, NULL, 0));
    ck_assert_ptr_nonnull(strstr(lone.context.note.text, "user: state '"));
    lone_chain_fini(&lone);
}
END_TEST

Suite *test_exec_user_state_suite(void);

Suite *test_exec_user_state_suite(void)
{
    Suite *suite = suite_create("exec_user_state");
    TCase *tcase = tcase_create("user state");
    tcase_add_loop_test(tcase, states_are_those_of_plain_arrays, 0, 60);
    tcase_add_test(tcase, what_has_expired_goes_though_nobody_asks_for_it);
    tcase_add_test(tcase, what_has_expired_goes_at_a_restore);
    tcase_add_test(tcase, what_has_expired_is_not_in_a_full_snapshot);
    tcase_add_test(tcase, a_time_to_live_cannot_come_later);
    tcase_add_loop_test(tcase, what_was_not_declared_fails_the_task_by_name, 0, 6);
    tcase_add_loop_test(tcase, a_state_that_cannot_be_is_refused_at_the_start, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
