/* SPDX-License-Identifier: Apache-2.0
 *
 * Acts on ways in and out: records that a function deals out, questions that are asked again,
 * sources that wait for one another.
 */
#include "tests/programs/acts.h"

/* ---- custom: of a type that is its own bytes, and of one that is not ---------------------------
 */

struct boxed {
    struct pair *pair; /* points to `room`: no value that is its own bytes */
    struct pair room;
};

static uint32_t boxed_size(const void *value)
{
    return (uint32_t)(sizeof(struct pair) + ((const struct boxed *)value)->pair->value % 3);
}

static void boxed_encode(const void *value, void *bytes)
{
    memset(bytes, 0, boxed_size(value));
    memcpy(bytes, ((const struct boxed *)value)->pair, sizeof(struct pair));
}

static bool boxed_decode(const void *bytes, uint32_t size, void *value)
{
    struct boxed *boxed = value;
    if (size < sizeof boxed->room)
        return false;
    memcpy(&boxed->room, bytes, sizeof boxed->room);
    boxed->pair = &boxed->room;
    return true;
}

static const struct weir_type boxed_type = { .name = "boxed",
                                             .version = 1,
                                             .memory = sizeof(struct boxed),
                                             .encoded_size = boxed_size,
                                             .encode = boxed_encode,
                                             .decode = boxed_decode };

static void box(struct weir_context *ctx, const struct weir_record *record, void *out, void *user)
{
    struct boxed *boxed = out;
    (void)ctx, (void)user;
    boxed->room = *(const struct pair *)record->value;
    boxed->pair = &boxed->room;
}

static int32_t by_value(const struct weir_record *record, int32_t channels, void *user)
{
    (void)user;
    return (int32_t)(((const struct pair *)record->value)->value / 3 % (uint64_t)channels);
}

static int32_t last_by_key(const struct weir_record *record, int32_t channels, void *user)
{
    (void)user;
    return channels - 1 -
           (int32_t)(((const struct boxed *)record->value)->pair->key % (uint64_t)channels);
}

static void must_be_here(struct weir_context *ctx, int32_t channel)
{
    if (channel != (int32_t)weir_subtask(ctx))
        weir_fail(ctx, "a record of subtask %d", channel);
}

static void dealt_by_value(struct weir_context *ctx, const struct weir_record *record, void *out,
                           void *user)
{
    must_be_here(ctx, by_value(record, (int32_t)weir_subtasks(ctx), user));
    box(ctx, record, out, user);
}

static void dealt_by_key(struct weir_context *ctx, const struct weir_record *record, void *out,
                         void *user)
{
    must_be_here(ctx, last_by_key(record, (int32_t)weir_subtasks(ctx), user));
    *(struct pair *)out = *((const struct boxed *)record->value)->pair;
}

static void custom(struct weir_env *env)
{
    struct weir_stream *in = weir_partition_custom(pairs(env, "in", true), by_value, NULL);
    struct weir_stream *boxes = weir_map(in, "box", &boxed_type, dealt_by_value, NULL);
    struct weir_stream *out = weir_map(weir_partition_custom(boxes, last_by_key, NULL), "unbox",
                                       &pair_type, dealt_by_key, NULL);
    weir_sink_files(out, "lines", write_pair, NULL);
}

static void custom_lines(line_taker *line, void *to)
{
    for (uint64_t i = 0; i < RECORDS; i++)
        tell_pair(line, to, i * 5 % KEYS, i);
}

/* ---- retry: answers that are none at first ------------------------------------------------------
 */

static int64_t at_once(const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    return 1000000;
}

/* One in four never has one, and its last attempt is taken for what it is; or its time-out passes.
 * Behind the end of the input nobody is asked again, so what comes out does not say how often. */
static bool is_none(const struct weir_record *record, uint32_t attempt, void *user)
{
    uint64_t value = ((const struct pair *)record->value)->value;
    (void)user;
    return value % 4 == 3 || attempt <= value % 4;
}

static void give_none(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    weir_emit(ctx, &(struct pair){ 77, ((const struct pair *)record->value)->value });
}

static void give_some(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    bool is_never = ((const struct pair *)record->value)->value % 4 == 3;
    (is_never ? give_none : same)(ctx, record, user);
}

static void retry(struct weir_env *env)
{
    const struct weir_async async = { .unordered = true,
                                      .capacity = RECORDS,
                                      .timeout_ms = 45,
                                      .ask = at_once,
                                      .on_answer = give_some,
                                      .on_timeout = give_none };
    const struct weir_retry growing = { .retries = 3,
                                        .delay_ms = 9,
                                        .multiplier_percent = 300,
                                        .delay_max_ms = 19,
                                        .is_none = is_none };
    struct weir_stream *in = pairs(env, "in", false);
    weir_sink_files(weir_async_retry(in, "ask", &pair_type, &async, &growing, NULL), "lines",
                    write_pair, NULL);
}

static void retry_lines(line_taker *line, void *to)
{
    for (uint64_t i = 0; i < RECORDS; i++)
        tell_pair(line, to, i % 4 == 3 ? 77 : i * 5 % KEYS, i);
}

/* ---- align: a source whose event time runs away from the other's -------------------------------
 */

static int64_t fast_time(uint64_t index, const void *value, void *user)
{
    (void)value, (void)user;
    return (int64_t)index * STEP_MS * 50;
}

static struct weir_stream *sparse(struct weir_env *env, const char *name,
                                  int64_t (*time)(uint64_t index, const void *value, void *user))
{
    struct weir_generator spec = { .type = &pair_type,
                                   .count = RECORDS,
                                   .rate = 20,
                                   .splits = 4,
                                   .make = make_pair,
                                   .timestamp = time };
    return weir_align_watermarks(weir_from_generator(env, name, &spec, NULL), "both", 1000, 100);
}

static void align(struct weir_env *env)
{
    struct weir_stream *slow = sparse(env, "in", time_of_pair);
    struct weir_stream *fast = sparse(env, "fast", fast_time);
    weir_sink_files(weir_connect(slow, fast, "both", &pair_type, same, add_thousand, NULL), "lines",
                    write_pair, NULL);
}

static void align_lines(line_taker *line, void *to)
{
    for (uint64_t i = 0; i < RECORDS; i++) {
        tell_pair(line, to, i * 5 % KEYS, i);
        tell_pair(line, to, i * 5 % KEYS, i + 1000);
    }
}

ACTS({ "custom", custom, custom_lines }, { "retry", retry, retry_lines },
     { "align", align, align_lines })
