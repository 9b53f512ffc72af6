/* SPDX-License-Identifier: Apache-2.0
 *
 * Acts on records, state and two inputs: together with the other tours they call what no example
 * calls.
 */
#include "tests/programs/acts.h"

/* ---- shape: types of their own, texts, side outputs, who gets what ----------------------------
 */

struct word {
    char *text; /* points to `room`: no value that is its own bytes */
    char room[32];
};

static uint32_t word_size(const void *value)
{
    return (uint32_t)strlen(((const struct word *)value)->text);
}

static void word_encode(const void *value, void *bytes)
{
    memcpy(bytes, ((const struct word *)value)->text, word_size(value));
}

static bool word_decode(const void *bytes, uint32_t size, void *value)
{
    struct word *word = value;
    if (size >= sizeof word->room)
        return false;
    memcpy(word->room, bytes, size);
    word->room[size] = '\0';
    word->text = word->room;
    return true;
}

static const struct weir_type word_type = { .name = "word",
                                            .version = 1,
                                            .memory = sizeof(struct word),
                                            .encoded_size = word_size,
                                            .encode = word_encode,
                                            .decode = word_decode };

static void spell(struct weir_context *ctx, const struct weir_record *record, void *out, void *user)
{
    struct word *word = out;
    const struct pair *pair = record->value;
    if (weir_subtask(ctx) >= weir_subtasks(ctx))
        weir_fail(ctx, "subtask %u of %u", weir_subtask(ctx), weir_subtasks(ctx));
    if (weir_now(ctx) <= 0)
        weir_fail(ctx, "no time has passed");
    weir_charge(ctx, 1000);
    word->text = word->room;
    snprintf(word->room, sizeof word->room, "%s%0*d", (const char *)user,
             (int)(pair->value % 9) + 1, (int)pair->value);
}

static bool is_even(const struct weir_record *record, void *user)
{
    const struct word *word = record->value;
    (void)user;
    return (word->text[strlen(word->text) - 1] - '0') % 2 == 0;
}

static void deal(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct word *word = record->value;
    size_t length = strlen(word->text);
    (void)user;
    if (length % 2 == 0)
        weir_emit_text(ctx, word->text, (uint32_t)length);
    else if (length % 4 == 1)
        weir_emit_side(ctx, 1, word);
    else
        weir_emit_side_text(ctx, 2, word->text, (uint32_t)length);
}

static void as_text(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct word *word = record->value;
    char text[40];
    int length = snprintf(text, sizeof text, "odd %s", word->text);
    (void)user;
    weir_emit_text(ctx, text, (uint32_t)length);
}

static void behind_odd(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    char text[40];
    int length =
        snprintf(text, sizeof text, "odd %.*s", (int)record->size, (const char *)record->value);
    (void)user;
    weir_emit_text_at(ctx, text, (uint32_t)length, record->timestamp);
}

static void same_text(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    weir_emit_text(ctx, record->value, record->size);
}

static void shape(struct weir_env *env)
{
    struct weir_stream *words =
        weir_map(weir_rescale(pairs(env, "in", false)), "spell", &word_type, spell, "n");
    struct weir_stream *even = weir_filter(words, "even", is_even, NULL);
    struct weir_stream *main = weir_flat_map(even, "deal", &weir_text, deal, NULL);
    struct weir_stream *odd = weir_side_output(main, 1, &word_type);
    struct weir_stream *side = weir_flat_map(weir_rebalance(odd), "odd", &weir_text, as_text, NULL);
    struct weir_stream *other =
        weir_flat_map(weir_side_output(main, 2, &weir_text), "other", &weir_text, behind_odd, NULL);
    struct weir_stream *onward =
        weir_flat_map(weir_forward(main), "onward", &weir_text, same_text, NULL);
    struct weir_stream *all = weir_union((struct weir_stream *[]){ onward, side, other }, 3);
    struct weir_stream *twice =
        weir_flat_map(weir_broadcast(all), "broadcast", &weir_text, same_text, NULL);
    weir_max_parallelism(weir_parallelism(twice, 2), 16);
    weir_slot_sharing_group(weir_uid(weir_disable_chaining(words), "words"), "default");
    weir_start_new_chain(even);
    weir_sink_files(twice, "lines", NULL, NULL);
}

static void shape_lines(line_taker *line, void *to)
{
    for (uint64_t i = 0; i < RECORDS; i += 2) {
        char word[32], text[40];
        int length = snprintf(word, sizeof word, "n%0*d", (int)(i % 9) + 1, (int)i);
        snprintf(text, sizeof text, "%s%s", length % 2 ? "odd " : "", word);
        line(to, text);
        line(to, text); /* both subtasks have it */
    }
}

/* ---- states: of every kind, and timers that are set, moved and deleted -------------------------
 */

static void sum_up(void *into, const void *value)
{
    *(int64_t *)into += *(const int64_t *)value;
}

static const struct weir_state all_states[] = {
    { .name = "count", .kind = WEIR_VALUE, .type = &weir_long },
    { .name = "last", .kind = WEIR_VALUE, .type = &weir_text },
    { .name = "sum", .kind = WEIR_REDUCING, .type = &weir_long, .reduce = sum_up },
    { .name = "tens", .kind = WEIR_MAP, .type = &weir_long, .map_key = &weir_int },
    { .name = "some", .kind = WEIR_LIST, .type = &weir_long, .ttl_ms = 3600000, .ttl_read = true },
    { .name = "ready", .kind = WEIR_VALUE, .type = &weir_long, .ttl_ms = 3600000 },
};

static void remember(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct pair *pair = record->value;
    uint32_t size = 0;
    bool is_first = !weir_get(ctx, "count", NULL);
    int64_t value = (int64_t)pair->value, *count = weir_value(ctx);
    int32_t ten = (int32_t)(pair->value / 100);
    char text[32];
    (void)user;
    if (*(const uint64_t *)weir_key_of(ctx, &size) != pair->key || size != 8)
        weir_fail(ctx, "another key");
    if (weir_watermark(ctx) > record->timestamp)
        weir_fail(ctx, "a record behind the watermark");
    if (is_first != !weir_get(ctx, "ready", NULL))
        weir_fail(ctx, "a count that nobody has made");
    (*count)++;
    if (*(const int64_t *)weir_get(ctx, "count", &size) != *count || size != 8)
        weir_fail(ctx, "another count");
    weir_set_text(ctx, "last", text, (uint32_t)snprintf(text, sizeof text, "at%d", (int)value));
    weir_add(ctx, "sum", &value);
    const int64_t *old = weir_map_get(ctx, "tens", &ten);
    weir_map_set(ctx, "tens", &ten, &(int64_t){ old ? *old + 1 : 1 });
    if (*count % 3 == 0)
        weir_add(ctx, "some", &value);
    if (*count % 13 == 0)
        weir_clear(ctx, "some");
    weir_set(ctx, "ready", &value);
    weir_event_timer(ctx, END_MS);
    weir_event_timer(ctx, END_MS); /* once */
    weir_event_timer(ctx, END_MS + 1);
    weir_delete_event_timer(ctx, END_MS + 1);
    weir_processing_timer(ctx, 1);
    weir_processing_timer(ctx, 3600000);
    weir_delete_processing_timer(ctx, 3600000);
}

/* The time is behind all records. Those of a key lie in one split, so that they come in order. */
static void recall(struct weir_context *ctx, int64_t ms, void *user)
{
    struct weir_walk tens = { { 0 } }, some = { { 0 } };
    const void *key, *value;
    uint32_t size = 0;
    struct pair out = { *(const uint64_t *)weir_key_of(ctx, NULL), 0 };
    (void)user;
    if (ms != END_MS)
        weir_fail(ctx, "a timer at %lld, which was deleted", (long long)ms);
    while (weir_next(ctx, "tens", &tens, &key, &value, NULL)) {
        out.value += (uint64_t) * (const int32_t *)key * (uint64_t) * (const int64_t *)value;
        if (!weir_map_remove(ctx, "tens", key))
            weir_fail(ctx, "an entry that is not there");
    }
    if (weir_map_get(ctx, "tens", &(int32_t){ 0 }))
        weir_fail(ctx, "an entry that was removed");
    weir_emit_at(ctx, &out, ms);
    for (out.value = 0; weir_next(ctx, "some", &some, NULL, &value, &size);)
        out.value += (uint64_t) * (const int64_t *)value;
    weir_emit(ctx, &out);
    const char *last = weir_get(ctx, "last", &size);
    out.value = last && size > 2 ? strtoull(last + 2, NULL, 10) : 0;
    weir_emit(ctx, &out);
    out.value = (uint64_t) * (const int64_t *)weir_get(ctx, "sum", NULL);
    weir_emit(ctx, &out);
    out.value = (uint64_t) * (const int64_t *)weir_get(ctx, "ready", NULL);
    weir_emit(ctx, &out);
    weir_forget(ctx);
}

static void ignore(struct weir_context *ctx, int64_t ms, void *user)
{
    (void)ctx, (void)ms, (void)user;
}

static void states(struct weir_env *env)
{
    const struct weir_process process = { .states = all_states,
                                          .state_count = 6,
                                          .on_record = remember,
                                          .on_event_time = recall,
                                          .on_processing_time = ignore };
    struct weir_stream *in = keyed(pairs(env, "in", true));
    weir_sink_files(weir_process(in, "states", &pair_type, &process, NULL), "lines", write_pair,
                    NULL);
}

static void states_lines(line_taker *line, void *to)
{
    for (uint64_t key = 0; key < KEYS; key++) {
        uint64_t tens = 0, some = 0, last = 0, sum = 0, count = 0;
        for (uint64_t i = 0; i < RECORDS; i++) {
            if (i * 5 % KEYS != key)
                continue;
            count++;
            tens += i / 100;
            sum += i;
            last = i;
            some = count % 13 == 0 ? 0 : some + (count % 3 == 0 ? i : 0);
        }
        tell_pair(line, to, key, tens);
        tell_pair(line, to, key, some);
        tell_pair(line, to, key, last);
        tell_pair(line, to, key, sum);
        tell_pair(line, to, key, last);
    }
}

/* ---- two: two inputs, keyed and not ------------------------------------------------------------
 */

static const struct weir_state sum_state[] = {
    { .name = "sum", .kind = WEIR_VALUE, .type = &weir_long },
};

static void count_one(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    ++*(int64_t *)weir_value(ctx);
    weir_event_timer(ctx, END_MS);
}

static void count_thousand(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    *(int64_t *)weir_value(ctx) += 1000;
}

static void give_sum(struct weir_context *ctx, int64_t ms, void *user)
{
    (void)ms, (void)user;
    weir_emit(ctx, &(struct pair){ *(const uint64_t *)weir_key_of(ctx, NULL),
                                   *(const uint64_t *)weir_value(ctx) });
}

static void two(struct weir_env *env)
{
    const struct weir_process process = { .states = sum_state,
                                          .state_count = 1,
                                          .on_record = count_one,
                                          .on_second = count_thousand,
                                          .on_event_time = give_sum };
    struct weir_stream *a = pairs(env, "in", true), *b = pairs(env, "b", true);
    struct weir_stream *both =
        weir_connect(weir_rebalance(a), b, "both", &pair_type, same, add_thousand, NULL);
    struct weir_stream *sum =
        weir_process_two(keyed(both), keyed(a), "sums", &pair_type, &process, NULL);
    struct weir_stream *all = weir_union((struct weir_stream *[]){ both, sum }, 2);
    weir_sink_files(all, "lines", write_pair, NULL);
}

static void two_lines(line_taker *line, void *to)
{
    for (uint64_t i = 0; i < RECORDS; i++) {
        tell_pair(line, to, i * 5 % KEYS, i);
        tell_pair(line, to, i * 5 % KEYS, i + 1000);
    }
    for (uint64_t key = 0; key < KEYS; key++)
        tell_pair(line, to, key, RECORDS / KEYS * 1002);
}

ACTS({ "shape", shape, shape_lines }, { "states", states, states_lines }, { "two", two, two_lines })
