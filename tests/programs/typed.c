/* SPDX-License-Identifier: Apache-2.0
 *
 * Values that are not their own bytes through every operator that reads some. The first argument
 * says how many records; main takes the results, and gives back 0 when all have come.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir.h>

struct pair {
    uint64_t key, value;
};
static const struct weir_type pair_type = WEIR_STRUCT(struct pair, 1);

/* So large in memory as nothing else is (tests/unit/test_api_rooms.c). */
struct parcel {
    struct pair content;
    char wrapping[7777];
};

static uint32_t encoded_size(const void *value)
{
    (void)value;
    return sizeof(struct pair);
}

static void encode(const void *value, void *bytes)
{
    memcpy(bytes, value, sizeof(struct pair));
}

static bool decode(const void *bytes, uint32_t size, void *value)
{
    char *wrapping = (char *)value + sizeof(struct pair);
    bool is_clean = wrapping[0] == 0 && size == sizeof(struct pair);
    memcpy(value, bytes, sizeof(struct pair));
    wrapping[0] = 'x'; /* what the next one must not see */
    return is_clean;
}

static const struct weir_type parcel_type = { .name = "parcel",
                                              .size = sizeof(struct pair),
                                              .version = 1,
                                              .memory = sizeof(struct parcel),
                                              .encoded_size = encoded_size,
                                              .encode = encode,
                                              .decode = decode };

static void make(uint64_t index, void *value, void *user)
{
    *(struct pair *)value = (struct pair){ index % 8, index };
    (void)user;
}

static int64_t time_of(uint64_t index, const void *value, void *user)
{
    (void)value, (void)user;
    return (int64_t)index;
}

static void pass(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    weir_emit(ctx, record->value);
    (void)user;
}

static void copy(struct weir_context *ctx, const struct weir_record *record, void *out, void *user)
{
    memcpy(out, record->value, sizeof(struct pair));
    (void)ctx, (void)user;
}

static bool all(const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    return true;
}

static void ignore(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)ctx, (void)record, (void)user;
}

static void reduce(struct weir_context *ctx, const struct weir_record *record, bool is_new,
                   void *value, void *user)
{
    memcpy(value, record->value, sizeof(struct pair));
    (void)ctx, (void)is_new, (void)user;
}

static void add(struct weir_context *ctx, const struct weir_record *record, void *value, void *user)
{
    reduce(ctx, record, false, value, user);
}

static void give(struct weir_context *ctx, const struct weir_pane *pane, const void *value,
                 void *user)
{
    weir_emit(ctx, value);
    (void)pane, (void)user;
}

static void join(struct weir_context *ctx, const struct weir_record *left,
                 const struct weir_record *right, void *user)
{
    if (left->value == right->value)
        weir_fail(ctx, "both lie at one place");
    weir_emit(ctx, left->value);
    (void)user;
}

static int64_t at_once(const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    return 1000;
}

static bool never(const struct weir_record *record, uint32_t attempt, void *user)
{
    (void)record, (void)attempt, (void)user;
    return false;
}

static int32_t first(const struct weir_record *record, int32_t channels, void *user)
{
    (void)channels, (void)user;
    return record->value ? 0 : -1;
}

static size_t format(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    const struct pair *pair = value;
    (void)size, (void)user;
    return (size_t)snprintf(line, room, "%llu", (unsigned long long)pair->value);
}

static struct weir_stream *by_key(struct weir_stream *in)
{
    return weir_key_by(in, (struct weir_key){ WEIR_KEY_LONG, 0, 8 });
}

/* Each with a key of its own: the same operators whatever the number of records. */
static void build_keyed(struct weir_stream *in)
{
    static const char *const maps[] = { "rules" };
    const struct weir_process process = { .on_record = pass, .on_second = pass };
    const struct weir_broadcast_process rules = {
        .process = process, .maps = maps, .map_count = 1, .on_rule = ignore
    };
    const struct weir_window tumbling = { .size_ms = 10 };
    const struct weir_aggregate last = { &pair_type, add, NULL, give };
    const struct weir_interval same = { 0 };
    struct weir_stream *keyed = by_key(in);
    weir_discard(weir_process_two(keyed, keyed, "two", &parcel_type, &process, NULL), "two out");
    weir_discard(weir_process_broadcast(keyed, in, "judge", &parcel_type, &rules, NULL), "judged");
    weir_discard(weir_aggregate(keyed, "window", &pair_type, &tumbling, &last, NULL), "panes");
    weir_discard(weir_interval_join(keyed, keyed, "join", &parcel_type, &same, join, NULL), "met");
    weir_discard(weir_reduce(keyed, "reduce", &pair_type, reduce, NULL), "reduced");
    weir_sink_table(keyed, "table", format, NULL);
}

static struct weir_results *build(struct weir_stream *in)
{
    static const struct weir_list list = { "none", &pair_type };
    const struct weir_list_process lists = { .lists = &list, .list_count = 1, .on_record = pass };
    const struct weir_async async = { .ask = at_once, .on_answer = pass };
    const struct weir_retry retry = { .retries = 1, .delay_ms = 1, .is_none = never };
    struct weir_stream *out = weir_map(in, "map", &parcel_type, copy, NULL);
    out = weir_filter(weir_partition_custom(out, first, NULL), "filter", all, NULL);
    out = weir_connect(out, weir_rebalance(out), "both", &parcel_type, pass, ignore, NULL);
    out = weir_process_lists(out, "lists", &parcel_type, &lists, NULL);
    out = weir_async_retry(out, "ask", &parcel_type, &async, &retry, NULL);
    weir_sink_files(out, "files", format, NULL);
    build_keyed(out);
    return weir_collect(out, "results");
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    struct weir_generator spec = { .type = &parcel_type,
                                   .count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1,
                                   .rate = 1000,
                                   .splits = 1,
                                   .make = make,
                                   .timestamp = time_of };
    struct weir_results *results = build(weir_from_generator(env, "in", &spec, NULL));
    struct weir_record record;
    uint64_t came = 0;
    weir_execute_async(env, "typed");
    while (weir_next_result(results, &record))
        came++;
    return weir_is_planning(env) || came == spec.count ? 0 : 1;
}
