/* SPDX-License-Identifier: Apache-2.0
 *
 * Acts on time and on others: windows, questions whose answers take time, rules.
 */
#include "tests/programs/acts.h"

/* ---- windows: sliding, joined, of times given behind the source --------------------------------
 */

enum { SIZE_MS = 1000, SLIDE_MS = 500 };

static int64_t time_of_record(const struct weir_record *record, void *user)
{
    (void)user;
    return (int64_t)((const struct pair *)record->value)->value * STEP_MS;
}

static void take_in(struct weir_context *ctx, const struct weir_record *record, void *value,
                    void *user)
{
    (void)ctx, (void)user;
    *(uint64_t *)value += ((const struct pair *)record->value)->value;
}

static void give_window(struct weir_context *ctx, const struct weir_pane *pane, const void *value,
                        void *user)
{
    struct pair out;
    (void)user;
    memcpy(&out.key, pane->key, pane->key_size);
    out.value = *(const uint64_t *)value * 100000 + (uint64_t)(pane->end - pane->start + pane->end);
    weir_emit(ctx, &out);
}

static void give_pair(struct weir_context *ctx, const struct weir_record *left,
                      const struct weir_record *right, void *user)
{
    const struct pair *a = left->value, *b = right->value;
    (void)user;
    weir_emit(ctx, &(struct pair){ 100 + a->key, a->value * 1000 + b->value });
}

static void windows(struct weir_env *env)
{
    const struct weir_watermarks watermarks = { .late_ms = 2000, .interval_ms = 100 };
    const struct weir_window sliding = { .size_ms = SIZE_MS, .slide_ms = SLIDE_MS };
    const struct weir_window tumbling = { .size_ms = SLIDE_MS };
    const struct weir_aggregate sum = { .value = &weir_long, .add = take_in, .give = give_window };
    struct weir_stream *timed =
        weir_assign_watermarks(pairs(env, "in", false), "times", &watermarks, time_of_record, NULL);
    struct weir_stream *sums =
        weir_aggregate(keyed(timed), "sliding", &pair_type, &sliding, &sum, NULL);
    struct weir_stream *joined = weir_window_join(keyed(timed), keyed(pairs(env, "other", true)),
                                                  "joined", &pair_type, &tumbling, give_pair, NULL);
    struct weir_stream *all = weir_union((struct weir_stream *[]){ sums, joined }, 2);
    weir_sink_files(all, "lines", write_pair, NULL);
}

static void windows_lines(line_taker *line, void *to)
{
    for (uint64_t key = 0; key < KEYS; key++)
        for (int64_t start = SLIDE_MS - SIZE_MS; start < RECORDS * STEP_MS; start += SLIDE_MS) {
            uint64_t sum = 0, count = 0;
            for (uint64_t i = 0; i < RECORDS; i++) {
                int64_t ms = (int64_t)i * STEP_MS;
                bool is_in = i * 5 % KEYS == key && ms >= start && ms < start + SIZE_MS;
                sum += is_in ? i : 0;
                count += is_in;
            }
            if (count > 0)
                tell_pair(line, to, key, sum * 100000 + (uint64_t)(SIZE_MS + start + SIZE_MS));
        }
    for (uint64_t a = 0; a < RECORDS; a++)
        for (uint64_t b = 0; b < RECORDS; b++)
            if (a * 5 % KEYS == b * 5 % KEYS && a * STEP_MS / SLIDE_MS == b * STEP_MS / SLIDE_MS)
                tell_pair(line, to, 100 + a * 5 % KEYS, a * 1000 + b);
}

/* ---- async: answers in order and not, and none --------------------------------------------------
 */

static int64_t ask(const struct weir_record *record, void *user)
{
    uint64_t value = ((const struct pair *)record->value)->value;
    (void)user;
    return value % 10 == 9 ? -1 : (int64_t)(value * 7919 % 50) * 1000000;
}

static void give_up(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    weir_emit(ctx, &(struct pair){ 77, ((const struct pair *)record->value)->value });
}

/* So few questions at a time that records wait for a place. */
static void async(struct weir_env *env)
{
    struct weir_async ordered = {
        .capacity = 4, .timeout_ms = 80, .ask = ask, .on_answer = same, .on_timeout = give_up
    };
    struct weir_async unordered = ordered;
    unordered.unordered = true;
    unordered.on_answer = add_thousand;
    struct weir_stream *in = pairs(env, "in", false);
    struct weir_stream *first = weir_async(in, "ordered", &pair_type, &ordered, NULL);
    struct weir_stream *second = weir_async(in, "unordered", &pair_type, &unordered, NULL);
    struct weir_stream *all = weir_union((struct weir_stream *[]){ first, second }, 2);
    weir_sink_files(all, "lines", write_pair, NULL);
}

static void async_lines(line_taker *line, void *to)
{
    for (uint64_t i = 0; i < RECORDS; i++) {
        bool none = i % 10 == 9;
        tell_pair(line, to, none ? 77 : i * 5 % KEYS, i);
        tell_pair(line, to, none ? 77 : i * 5 % KEYS, i + (none ? 0 : 1000));
    }
}

/* ---- rules: set, read, removed
 * -------------------------------------------------------------------- */

static const char *const rule_maps[] = { "rules" };

/* Of each key the last rule is what counts; every fourth takes one away. */
static void on_rule(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct pair *rule = record->value;
    uint64_t key = rule->key;
    uint32_t size = 0;
    (void)user;
    weir_broadcast_set(ctx, "rules", &key, sizeof key, &rule->value, sizeof rule->value);
    if (!weir_broadcast_get(ctx, "rules", &key, sizeof key, &size) || size != 8)
        weir_fail(ctx, "a rule that is not there");
    if (key % 4 == 3 && !weir_broadcast_remove(ctx, "rules", &key, sizeof key))
        weir_fail(ctx, "a rule that cannot be removed");
}

static void await_end(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    weir_event_timer(ctx, END_MS);
}

static void give_rule(struct weir_context *ctx, int64_t ms, void *user)
{
    uint64_t key = *(const uint64_t *)weir_key_of(ctx, NULL);
    const uint64_t *rule = weir_broadcast_get(ctx, "rules", &key, sizeof key, NULL);
    (void)ms, (void)user;
    weir_emit(ctx, &(struct pair){ key, rule ? *rule : 0 });
}

static void rules(struct weir_env *env)
{
    const struct weir_broadcast_process process = { .process = { .on_record = await_end,
                                                                 .on_event_time = give_rule },
                                                    .maps = rule_maps,
                                                    .map_count = 1,
                                                    .on_rule = on_rule };
    struct weir_stream *in = keyed(pairs(env, "in", true));
    weir_sink_files(
        weir_process_broadcast(in, pairs(env, "rules", true), "apply", &pair_type, &process, NULL),
        "lines", write_pair, NULL);
}

static void rules_lines(line_taker *line, void *to)
{
    for (uint64_t key = 0; key < KEYS; key++) {
        uint64_t last = 0;
        for (uint64_t i = 0; i < RECORDS; i++)
            if (i * 5 % KEYS == key)
                last = i;
        tell_pair(line, to, key, key % 4 == 3 ? 0 : last);
    }
}

/* ---- clock: given out by the cluster's time or by event time, whichever comes first -------------
 */

static const struct weir_state waiting_state[] = {
    { .name = "waiting", .kind = WEIR_LIST, .type = &pair_type },
};

static void await_time(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    weir_add(ctx, "waiting", record->value);
    weir_processing_timer(ctx, weir_now(ctx) + 50);
    weir_event_timer(ctx, END_MS); /* timers of the cluster's time are not called behind the end */
}

static void give_waiting(struct weir_context *ctx, int64_t ms, void *user)
{
    struct weir_walk walk = { { 0 } };
    const void *pair;
    (void)ms, (void)user;
    while (weir_next(ctx, "waiting", &walk, NULL, &pair, NULL))
        weir_emit(ctx, pair);
    weir_clear(ctx, "waiting");
}

static void see_time(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    if (record->timestamp != WEIR_NO_TIME && record->timestamp != END_MS)
        weir_fail(ctx, "a record with the timestamp %lld", (long long)record->timestamp);
    weir_emit(ctx, record->value);
}

static void clocked(struct weir_env *env)
{
    const struct weir_process process = { .states = waiting_state,
                                          .state_count = 1,
                                          .on_record = await_time,
                                          .on_event_time = give_waiting,
                                          .on_processing_time = give_waiting };
    struct weir_stream *in = keyed(pairs_at(env, "in", true, 20));
    struct weir_stream *given = weir_process(in, "wait", &pair_type, &process, NULL);
    weir_sink_files(weir_flat_map(weir_rebalance(given), "see", &pair_type, see_time, NULL),
                    "lines", write_pair, NULL);
}

static void clocked_lines(line_taker *line, void *to)
{
    for (uint64_t i = 0; i < RECORDS; i++)
        tell_pair(line, to, i * 5 % KEYS, i);
}

ACTS({ "clock", clocked, clocked_lines }, { "windows", windows, windows_lines },
     { "async", async, async_lines }, { "rules", rules, rules_lines })
