/* SPDX-License-Identifier: Apache-2.0
 *
 * What fits nowhere: records, lines, times and state beyond all bounds. Which, says the first
 * argument; the second is a file for what the job failed by.
 */
#include <stdio.h>
#include <string.h>

#include <weir.h>

struct pair {
    uint64_t key, value;
};
static const struct weir_type pair_type = WEIR_STRUCT(struct pair, 1);

static const char *word;

static bool is(const char *act)
{
    return strcmp(word, act) == 0;
}

static void make(uint64_t index, void *value, void *user)
{
    *(struct pair *)value = (struct pair){ index % 8, index };
    (void)user;
}

static int64_t time_of(uint64_t index, const void *value, void *user)
{
    (void)value, (void)user;
    return is("far-time") && index > 100 ? INT64_MAX : (int64_t)index;
}

static const struct weir_state states[] = {
    { .name = "text", .kind = WEIR_VALUE, .type = &weir_text },
    { .name = "list", .kind = WEIR_LIST, .type = &pair_type },
    { .name = "map", .kind = WEIR_MAP, .type = &pair_type, .map_key = &weir_long },
    { .name = "old", .kind = WEIR_VALUE, .type = &pair_type, .ttl_ms = INT64_MAX },
};
enum { STATES = 4, MUCH = 100000, BYTES = 1 << 16 };

/* One call, and more than there is memory for. */
static void judge(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    static const char bytes[BYTES];
    (void)user;
    weir_set(ctx, "old", record->value);
    if (is("far-timers")) {
        weir_processing_timer(ctx, INT64_MAX);
        weir_processing_timer(ctx, INT64_MIN);
        weir_delete_processing_timer(ctx, INT64_MIN);
    }
    for (uint64_t i = 0; is("much-list") && i < MUCH; i++)
        weir_add(ctx, "list", record->value);
    for (uint64_t i = 0; is("much-map"); i++)
        weir_map_set(ctx, "map", &i, record->value);
    if (is("much-text"))
        weir_set_text(ctx, "text", bytes, sizeof bytes);
    weir_emit(ctx, record->value);
}

static bool is_first(const struct weir_record *record)
{
    return ((const struct pair *)record->value)->value == 0;
}

/* The same without a key. */
static void rule(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    static const char bytes[BYTES];
    for (uint64_t i = 0; is_first(record) && i < MUCH / 100; i++)
        weir_broadcast_set(ctx, "rules", &i, sizeof i, bytes, sizeof bytes);
    (void)user;
}

static void multiply(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    for (int i = 0; is_first(record) && i < 4 * MUCH; i++)
        weir_emit(ctx, record->value);
    (void)user;
}

static int64_t in_a_minute(const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    return INT64_C(60000000000);
}

static void on_time(struct weir_context *ctx, int64_t ms, void *user)
{
    (void)ctx, (void)ms, (void)user;
}

static void spell(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    static const char bytes[BYTES];
    (void)record, (void)user;
    weir_emit_text(ctx, bytes, is("wide-text") ? BYTES : UINT32_MAX);
}

static uint32_t encoded_size(const void *value)
{
    (void)value;
    return UINT32_MAX - 15;
}

static void encode(const void *value, void *bytes)
{
    memcpy(bytes, value, sizeof(struct pair));
}

static bool decode(const void *bytes, uint32_t size, void *value)
{
    memcpy(value, bytes, sizeof(struct pair));
    return size == sizeof(struct pair);
}

static const struct weir_type vast_type = { .name = "vast",
                                            .version = 1,
                                            .memory = sizeof(struct pair),
                                            .encoded_size = encoded_size,
                                            .encode = encode,
                                            .decode = decode };

static void as_it_is(struct weir_context *ctx, const struct weir_record *record, void *out,
                     void *user)
{
    memcpy(out, record->value, sizeof(struct pair));
    (void)ctx, (void)user;
}

static size_t format(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    static size_t asked;
    (void)value, (void)size, (void)user;
    if (is("endless-line"))
        return SIZE_MAX;
    if (is("other-line"))
        return 100000 + asked++; /* one more each time that it is asked */
    if (is("table-line"))
        return (size_t)1 << 40;
    return (size_t)snprintf(line, room, "x");
}

static void add(struct weir_context *ctx, const struct weir_record *record, void *value, void *user)
{
    memcpy(value, record->value, sizeof(struct pair));
    (void)ctx, (void)user;
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
    weir_emit(ctx, left->value);
    (void)right, (void)user;
}

static void pass(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    weir_emit(ctx, record->value);
    (void)user;
}

static struct weir_stream *build_without_key(struct weir_stream *in, struct weir_stream *keyed)
{
    static const char *const maps[] = { "rules" };
    const struct weir_broadcast_process rules = {
        .process = { .on_record = pass }, .maps = maps, .map_count = 1, .on_rule = rule
    };
    const struct weir_async questions = { .ask = in_a_minute, .on_answer = pass };
    if (is("much-rules"))
        return weir_process_broadcast(keyed, in, "judge", &pair_type, &rules, NULL);
    return weir_async(weir_flat_map(in, "many", &pair_type, multiply, NULL), "judge", &pair_type,
                      &questions, NULL);
}

static struct weir_stream *build(struct weir_stream *in)
{
    struct weir_stream *keyed = weir_key_by(in, WEIR_FIELD_LONG(struct pair, key));
    const struct weir_process process = {
        .states = states, .state_count = STATES, .on_record = judge, .on_processing_time = on_time
    };
    const struct weir_window window = { .size_ms = 10 };
    const struct weir_aggregate last = { &pair_type, add, NULL, give };
    const struct weir_interval always = { .upper_ms = INT64_MAX };
    if (is("wide-text") || is("vast-text"))
        return weir_flat_map(in, "judge", &weir_text, spell, NULL);
    if (is("vast-value"))
        return weir_map(in, "judge", &vast_type, as_it_is, NULL);
    if (is("far-time"))
        return weir_aggregate(keyed, "judge", &pair_type, &window, &last, NULL);
    if (is("always"))
        return weir_interval_join(keyed, keyed, "judge", &pair_type, &always, join, NULL);
    if (is("much-rules") || is("many-questions"))
        return build_without_key(in, keyed);
    return weir_process(keyed, "judge", &pair_type, &process, NULL);
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    word = argc > 1 ? argv[1] : "";
    struct weir_generator spec = {
        .type = &pair_type,
        .count = 400,
        .rate = 200,
        .splits = 4,
        .make = make,
        .timestamp = time_of,
        .watermarks = { .interval_ms = is("far-interval") ? INT64_MAX : 0, .idle_ms = INT64_MAX }
    };
    if (argc < 3)
        return 2;
    weir_configure(env, "restart-strategy.type", "none");
    struct weir_stream *out = build(weir_from_generator(env, "in", &spec, NULL));
    if (is("table-line"))
        weir_sink_table(weir_key_by(out, WEIR_FIELD_LONG(struct pair, key)), "lines", format, NULL);
    else if (strstr(word, "-line"))
        weir_sink_files(weir_rebalance(out), "lines", format, NULL);
    else
        weir_discard(out, "out");
    struct weir_job *job = weir_execute_async(env, "worse");
    weir_job_wait(job);
    FILE *book = weir_is_planning(env) ? NULL : fopen(argv[2], "w");
    if (book) {
        fprintf(book, "%d %s\n", (int)weir_job_status(job), weir_job_failure(job));
        fclose(book);
    }
    return 0;
}
