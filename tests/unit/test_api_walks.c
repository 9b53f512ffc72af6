/* SPDX-License-Identifier: Apache-2.0
 *
 * State from user functions, changed in drawn ways while it is walked, walks within walks, what is
 * written taken from where it lies: against plain arrays. And calls that are wrong, in all states
 * of things: they fail the task. What is given out is read, so that a sanitizer sees what has gone.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/broadcast_process.h"
#include "tests/lib/build.h"
#include "tests/lib/lone_chain.h"

enum {
    KEYS = 4,
    MAP_KEYS = 14,
    LIST_MAX = 600,
    TEXT_MAX = 300,
    DEPTH = 3,
    MANY_WALKS = 10,
    TTL_MS = 20
};

struct entry {
    int64_t key, value;
    uint64_t id; /* of this time that it was put */
    time_ns written;
};

/* In the order of coming. */
struct map {
    const char *name;
    bool is_rules, dies;
    struct entry entries[MAP_KEYS];
    int count;
};

struct list {
    const char *name;
    int64_t items[LIST_MAX];
    int count, clears;
};

struct text {
    char bytes[TEXT_MAX];
    uint32_t size;
    bool is_there;
};

static struct {
    struct map map, dying;
    struct list list, read;
    struct text text;
    int64_t first, sum;
    bool has_first, has_sum;
} plain[KEYS], *own;
static struct map rules = { .name = "rules", .is_rules = true };
static struct rng rng;
static uint64_t ids;

static void add_up(void *into, const void *value)
{
    *(int64_t *)into += *(const int64_t *)value;
}

static const struct weir_state states[] = {
    { .name = "first", .kind = WEIR_VALUE, .type = &weir_long },
    { .name = "text", .kind = WEIR_VALUE, .type = &weir_text },
    { .name = "map", .kind = WEIR_MAP, .type = &weir_long, .map_key = &weir_long },
    { .name = "dying", .kind = WEIR_MAP, .type = &weir_long, .map_key = &weir_long, .ttl_ms = 20 },
    { .name = "list", .kind = WEIR_LIST, .type = &weir_long },
    { .name = "read", .kind = WEIR_LIST, .type = &weir_long, .ttl_ms = 1000000, .ttl_read = true },
    { .name = "sum", .kind = WEIR_REDUCING, .type = &weir_long, .reduce = add_up },
};
enum { STATES = sizeof states / sizeof *states };

/* ---- maps ----------------------------------------------------------------------------------- */

static struct entry *entry_of(struct map *map, int64_t key)
{
    for (int i = 0; i < map->count; i++)
        if (map->entries[i].key == key)
            return &map->entries[i];
    return NULL;
}

static void drop(struct map *map, struct entry *entry)
{
    int i = (int)(entry - map->entries);
    memmove(entry, entry + 1, (size_t)(--map->count - i) * sizeof *entry);
}

static const void *look(struct weir_context *ctx, const struct map *map, int64_t key)
{
    uint32_t size;
    return map->is_rules ? weir_broadcast_get(ctx, map->name, &key, sizeof key, &size)
                         : weir_map_get(ctx, map->name, &key);
}

static void must_hold(struct weir_context *ctx, struct map *map, int64_t key)
{
    const struct entry *entry = entry_of(map, key);
    const int64_t *value = look(ctx, map, key);
    ck_assert_int_eq(value != NULL, entry != NULL);
    if (value)
        ck_assert_int_eq(*value, entry->value);
}

/* Its key or its value may lie in the map itself. */
static void put(struct weir_context *ctx, struct map *map, int64_t key, int64_t value, time_ns now)
{
    int64_t other = (int64_t)rng_below(&rng, MAP_KEYS);
    const int64_t *from = rng_below(&rng, 3) == 0 ? look(ctx, map, other) : NULL;
    struct entry *entry = entry_of(map, key);
    value = from ? *from : value;
    if (map->is_rules)
        weir_broadcast_set(ctx, map->name, &key, sizeof key, from ? from : &value, sizeof value);
    else
        weir_map_set(ctx, map->name, &key, from ? from : &value);
    if (!entry) {
        entry = &map->entries[map->count++];
        *entry = (struct entry){ .key = key, .id = ++ids };
    }
    entry->value = value;
    entry->written = now;
}

static void take_out(struct weir_context *ctx, struct map *map, int64_t key)
{
    struct entry *entry = entry_of(map, key);
    bool was_there = map->is_rules ? weir_broadcast_remove(ctx, map->name, &key, sizeof key)
                                   : weir_map_remove(ctx, map->name, &key);
    ck_assert_int_eq(was_there, entry != NULL);
    if (entry)
        drop(map, entry);
}

static void walk_map(struct weir_context *ctx, struct map *map, time_ns now, int depth);

static void change_map(struct weir_context *ctx, struct map *map, time_ns now, int depth)
{
    int64_t key = (int64_t)rng_below(&rng, MAP_KEYS);
    switch (rng_below(&rng, 12)) {
    case 0:
    case 1:
    case 2: take_out(ctx, map, key); break;
    case 3:
        if (!map->is_rules) {
            weir_clear(ctx, map->name);
            map->count = 0;
        }
        break;
    case 4:
        if (depth < DEPTH)
            walk_map(ctx, map, now, depth + 1);
        break;
    case 5:
    case 6: must_hold(ctx, map, key); break;
    default: put(ctx, map, key, (int64_t)++ids, now);
    }
}

/* More than the state has in mind at a time. */
static void begin_walks(struct weir_context *ctx, const struct map *map)
{
    for (int i = 0; i < MANY_WALKS && !map->is_rules; i++)
        ck_assert_int_eq(weir_next(ctx, map->name, &(struct weir_walk){ { 0 } }, NULL, NULL, NULL),
                         map->count > 0);
}

static void walk_map(struct weir_context *ctx, struct map *map, time_ns now, int depth)
{
    struct map before = *map;
    struct weir_walk walk = { { 0 } };
    size_t at = 0;
    const void *key, *value;
    uint32_t key_size = sizeof(int64_t), size = 0;
    uint64_t changes = rng_below(&rng, 4), stop = rng_below(&rng, 40);
    for (int i = 0;; i++) {
        const struct entry *entry = NULL;
        for (; i < before.count; i++) {
            entry = entry_of(map, before.entries[i].key);
            if (entry && entry->id == before.entries[i].id)
                break;
        }
        bool goes_on =
            map->is_rules ? weir_broadcast_next(ctx, map->name, &at, &key, &key_size, &value, &size)
                          : weir_next(ctx, map->name, &walk, &key, &value, &size);
        ck_assert_int_eq(goes_on, i < before.count);
        if (!goes_on)
            break;
        ck_assert(key_size == sizeof(int64_t) && size == sizeof(int64_t));
        ck_assert_int_eq(*(const int64_t *)key, entry->key);
        ck_assert_int_eq(*(const int64_t *)value, entry->value);
        if (rng_below(&rng, 3) == 0)
            take_out(ctx, map, entry->key);
        for (uint64_t n = 0; n < changes; n++)
            change_map(ctx, map, now, depth);
        if (rng_below(&rng, 8) == 0)
            begin_walks(ctx, map);
        if (stop == (uint64_t)i)
            return;
    }
}

/* Whether it is met or cleaned up, what has expired is not there, and comes last when put again. */
static void let_die(struct map *map, time_ns now)
{
    for (int i = map->count - 1; i >= 0; i--)
        if (map->entries[i].written + TTL_MS * TIME_MS <= now)
            drop(map, &map->entries[i]);
}

/* ---- lists, values -------------------------------------------------------------------------- */

static void add_item(struct weir_context *ctx, struct list *list, const int64_t *item)
{
    if (list->count == LIST_MAX)
        return;
    list->items[list->count++] = *item;
    weir_add(ctx, list->name, item);
}

static void empty(struct weir_context *ctx, struct list *list)
{
    weir_clear(ctx, list->name);
    list->count = 0;
    list->clears++;
}

static void walk_list(struct weir_context *ctx, struct list *list, int depth)
{
    struct weir_walk walk = { { 0 } };
    const void *value;
    int count = list->count, clears = list->clears;
    uint64_t what = rng_below(&rng, 200), stop = rng_below(&rng, 100);
    for (int i = 0;; i++) {
        bool goes_on = weir_next(ctx, list->name, &walk, NULL, &value, NULL);
        ck_assert_int_eq(goes_on, i < count && list->clears == clears);
        if (!goes_on || stop == (uint64_t)i)
            return;
        ck_assert_int_eq(*(const int64_t *)value, list->items[i]);
        if (rng_below(&rng, 4) == 0)
            add_item(ctx, list, value);
        if (rng_below(&rng, 40) == 0 && depth < DEPTH)
            walk_list(ctx, list, depth + 1);
        if (rng_below(&rng, 200) < what / 20)
            empty(ctx, list);
    }
}

static void change_list(struct weir_context *ctx, struct list *list)
{
    uint64_t n = rng_below(&rng, 20);
    for (uint64_t i = 0; i < n; i++)
        add_item(ctx, list, &(int64_t){ (int64_t)++ids });
    if (rng_below(&rng, 4) == 0)
        empty(ctx, list);
    walk_list(ctx, list, 0);
}

static void change_first(struct weir_context *ctx)
{
    const int64_t *first = weir_get(ctx, "first", NULL);
    ck_assert_int_eq(first != NULL, own->has_first);
    if (first)
        ck_assert_int_eq(*first, own->first);
    switch (rng_below(&rng, 4)) {
    case 0:
        weir_set(ctx, "first", first ? first : &own->first);
        own->has_first = true;
        break;
    case 1:
        ck_assert_int_eq(++*(int64_t *)weir_value(ctx), ++own->first);
        own->has_first = true;
        break;
    case 2:
        weir_clear(ctx, "first");
        own->has_first = false;
        own->first = 0;
        break;
    default: break;
    }
}

/* Its own end, or more than there was. */
static void change_text(struct weir_context *ctx)
{
    uint32_t size = 0, cut = (uint32_t)rng_below(&rng, TEXT_MAX);
    const char *text = weir_get(ctx, "text", &size);
    ck_assert_int_eq(text != NULL, own->text.is_there);
    if (text)
        ck_assert(size == own->text.size && memcmp(text, own->text.bytes, size) == 0);
    if (text && cut < size) {
        weir_set_text(ctx, "text", text + cut, size - cut);
        own->text.size = size - cut;
        memmove(own->text.bytes, own->text.bytes + cut, own->text.size);
    } else {
        memset(own->text.bytes, (int)rng_below(&rng, 100), cut);
        weir_set_text(ctx, "text", own->text.bytes, cut);
        own->text.size = cut;
    }
    own->text.is_there = true;
}

static void change_sum(struct weir_context *ctx)
{
    const int64_t *sum = weir_get(ctx, "sum", NULL);
    ck_assert_int_eq(sum != NULL, own->has_sum);
    if (sum)
        ck_assert_int_eq(*sum, own->sum);
    own->sum = sum ? own->sum * 2 : 7;
    own->has_sum = true;
    weir_add(ctx, "sum", sum ? sum : &(int64_t){ 7 });
}

/* ---- calls ---------------------------------------------------------------------------------- */

static time_ns clock_now;

static void on_record(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct pair *pair = record->value;
    own = &plain[pair->key];
    (void)user;
    let_die(&own->dying, clock_now);
    for (uint64_t n = rng_below(&rng, 6); n > 0; n--) {
        switch (rng_below(&rng, 9)) {
        case 0:
        case 1: walk_map(ctx, &own->map, clock_now, 0); break;
        case 2: walk_map(ctx, &own->dying, clock_now, 0); break;
        case 3: change_list(ctx, &own->list); break;
        case 4: change_list(ctx, &own->read); break;
        case 5: change_first(ctx); break;
        case 6: change_text(ctx); break;
        case 7: change_sum(ctx); break;
        default:
            for (uint64_t i = rng_below(&rng, 30); i > 0; i--)
                change_map(ctx, rng_below(&rng, 2) ? &own->map : &own->dying, clock_now, DEPTH);
        }
    }
}

static void on_rule(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    for (uint64_t i = rng_below(&rng, 30); i > 0; i--)
        change_map(ctx, &rules, 0, DEPTH);
    walk_map(ctx, &rules, 0, 0);
}

/* One wrong call or another, or one that is right, in whatever walk. */
static void blunder(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    static const char *const names[] = { "first", "text", "map",   "dying", "list",
                                         "read",  "sum",  "rules", "none",  "" };
    static struct weir_walk kept; /* of calls before, and of other states */
    static size_t at;
    const char *name = names[rng_below(&rng, 10)];
    struct weir_walk fresh = { { 0 } }, *walk = rng_below(&rng, 2) ? &kept : &fresh;
    const void *key, *value;
    uint32_t key_size, size = 0;
    int64_t number = (int64_t)rng_below(&rng, MAP_KEYS);
    (void)user;
    switch (rng_below(&rng, 19)) {
    case 0: weir_get(ctx, name, &size); break;
    case 1: weir_set(ctx, name, record->value); break;
    case 2: weir_set_text(ctx, name, record->value, 8); break;
    case 3: weir_add(ctx, name, record->value); break;
    case 4: weir_clear(ctx, name); break;
    case 5: weir_map_get(ctx, name, &number); break;
    case 6: weir_map_set(ctx, name, &number, record->value); break;
    case 7: weir_map_remove(ctx, name, &number); break;
    case 8: weir_value(ctx); break;
    case 9: weir_forget(ctx); break;
    case 10: weir_key_of(ctx, NULL); break;
    case 11: weir_event_timer(ctx, number); break;
    case 12: weir_delete_event_timer(ctx, number); break;
    case 13: weir_broadcast_get(ctx, name, &number, 8, &size); break;
    case 14: weir_broadcast_set(ctx, name, &number, 8, record->value, 8); break;
    case 15: weir_broadcast_remove(ctx, name, &number, 8); break;
    case 16: weir_broadcast_next(ctx, name, &at, &key, &key_size, &value, &size); break;
    case 17: at = (size_t)rng_next(&rng); break;
    default:
        for (int n = 0; n < 5 && weir_next(ctx, name, walk, &key, &value, &size); n++)
            if (size > 0)
                memcpy(&number, value, size < 8 ? size : 8);
    }
}

/* ---- runs ----------------------------------------------------------------------------------- */

static struct weir_env *env;

static void setup(void)
{
    env = build_begin();
    memset(plain, 0, sizeof plain);
    for (int i = 0; i < KEYS; i++) {
        plain[i].map.name = "map";
        plain[i].dying.name = "dying";
        plain[i].list.name = "list";
        plain[i].read.name = "read";
    }
    rules.count = 0;
    clock_now = 0;
}

/* The process with rules alone, without its sources. */
static struct job_program *program_of(struct job_graph **graph, weir_function *record,
                                      weir_function *rule, struct operator_spec *spec)
{
    static const char *const maps[] = { "rules" };
    struct note note = { { 0 } };
    const struct weir_broadcast_process process = {
        .process = { .states = states, .state_count = STATES, .on_record = record },
        .maps = maps,
        .map_count = 1,
        .on_rule = rule
    };
    struct weir_stream *in = weir_key_by(build_pairs("in"), WEIR_FIELD_LONG(struct pair, key));
    weir_discard(weir_disable_chaining(weir_process_broadcast(in, build_pairs("rules"), "p",
                                                              &pair_type, &process, NULL)),
                 "out");
    struct job_program *program = build_translated(graph, &note);
    ck_assert_msg(program, "%s", note.text);
    *spec = program->vertices.items[2].operators.items[0];
    ck_assert_str_eq(spec->name, "p");
    return program;
}

static void play(weir_function *record, weir_function *rule, int records)
{
    static const struct record_layout layout = { sizeof(struct pair), false };
    struct operator_spec spec;
    struct job_graph *graph;
    struct lone_chain lone;
    struct job_program *program = program_of(&graph, record, rule, &spec);
    lone_chain_init(&lone, &spec, 1, 0, 1, NULL, 0);
    lone.context.call_cost_max = INT64_MAX;
    for (int i = 0; i < records && !lone.context.failed; i++) {
        struct pair pair = { (int64_t)rng_below(&rng, KEYS), i };
        clock_now += (time_ns)rng_below(&rng, 4) * TIME_MS;
        lone.context.now = clock_now;
        lone_chain_put(&lone, rng_below(&rng, 4) == 0 ? BROADCAST_INPUT : 0, layout, 0, &pair,
                       sizeof pair);
    }
    if (record == on_record)
        ck_assert_msg(!lone.context.failed, "%s", lone.context.note.text);
    lone_chain_fini(&lone);
    job_program_destroy(program);
    job_graph_destroy(graph);
}

START_TEST(a_walk_meets_what_was_there_and_is_still)
{
    rng = rng_stream((uint64_t)_i, "walks", 0);
    play(on_record, on_rule, 400);
}
END_TEST

START_TEST(whatever_is_called_fails_the_task_at_most)
{
    rng = rng_stream((uint64_t)_i, "blunders", 0);
    for (int n = 0; n < 20; n++)
        play(blunder, blunder, 200);
}
END_TEST

Suite *test_api_walks_suite(void);
Suite *test_api_walks_suite(void)
{
    Suite *suite = suite_create("api walks");
    TCase *tcase = tcase_create("walks");
    tcase_add_checked_fixture(tcase, setup, build_end);
    tcase_add_loop_test(tcase, a_walk_meets_what_was_there_and_is_still, 0, 60);
    tcase_add_loop_test(tcase, whatever_is_called_fails_the_task_at_most, 0, 30);
    suite_add_tcase(suite, tcase);
    return suite;
}
