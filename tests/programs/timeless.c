/* SPDX-License-Identifier: Apache-2.0
 *
 * Records that a timer of processing time gives out, without timestamps, in a stream of event time,
 * and who reads them: the first argument. The second is a file for what the job failed by.
 */
#include "tests/programs/acts.h"

static void set_timer(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    weir_processing_timer(ctx, weir_now(ctx) + 1000);
}

static void give_now(struct weir_context *ctx, int64_t ms, void *user)
{
    (void)user;
    weir_emit(ctx, &(struct pair){ *(const uint64_t *)weir_key_of(ctx, NULL), (uint64_t)ms });
}

static void add(struct weir_context *ctx, const struct weir_record *record, void *value, void *user)
{
    (void)ctx, (void)user;
    memcpy(value, record->value, sizeof(struct pair));
}

static void merge(void *into, const void *from)
{
    memcpy(into, from, sizeof(struct pair));
}

static void give(struct weir_context *ctx, const struct weir_pane *pane, const void *value,
                 void *user)
{
    (void)pane, (void)user;
    weir_emit(ctx, value);
}

static void join(struct weir_context *ctx, const struct weir_record *left,
                 const struct weir_record *right, void *user)
{
    (void)right, (void)user;
    weir_emit(ctx, left->value);
}

static int64_t time_of_value(const struct weir_record *record, void *user)
{
    (void)user;
    return (int64_t)((const struct pair *)record->value)->value;
}

/* Without a timestamp they must have come here. */
static void judge(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    if (record->timestamp != WEIR_NO_TIME)
        weir_fail(ctx, "a record with the timestamp %lld", (long long)record->timestamp);
    weir_emit(ctx, record->value);
}

static struct weir_stream *read_by(const char *reader, struct weir_stream *timed,
                                   struct weir_stream *timeless)
{
    static const struct weir_watermarks watermarks = { .late_ms = 10000 };
    const struct weir_window tumbling = { .size_ms = 1000 }, session = { .gap_ms = 1000 };
    const struct weir_aggregate last = { &pair_type, add, merge, give };
    const struct weir_interval near = { .upper_ms = 1000 };
    struct weir_stream *in = keyed(timeless);
    if (strcmp(reader, "window") == 0)
        return weir_aggregate(in, "judge", &pair_type, &tumbling, &last, NULL);
    if (strcmp(reader, "session") == 0)
        return weir_aggregate(in, "judge", &pair_type, &session, &last, NULL);
    if (strcmp(reader, "interval") == 0)
        return weir_interval_join(keyed(timed), in, "judge", &pair_type, &near, join, NULL);
    if (strcmp(reader, "join") == 0)
        return weir_window_join(in, keyed(timed), "judge", &pair_type, &tumbling, join, NULL);
    if (strcmp(reader, "assigned") == 0)
        return weir_aggregate(
            keyed(weir_assign_watermarks(timeless, "times", &watermarks, time_of_value, NULL)),
            "judge", &pair_type, &tumbling, &last, NULL);
    return weir_flat_map(in, "judge", &pair_type, judge, NULL);
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    const struct weir_process process = { .on_record = set_timer, .on_processing_time = give_now };
    if (argc < 3)
        return 2;
    struct weir_stream *timed = pairs_at(env, "in", true, 20);
    struct weir_stream *timeless = weir_process(keyed(timed), "give", &pair_type, &process, NULL);
    weir_configure(env, "restart-strategy.type", "none");
    weir_discard(read_by(argv[1], timed, timeless), "out");
    struct weir_job *job = weir_execute_async(env, "timeless");
    weir_job_wait(job);
    FILE *book = weir_is_planning(env) ? NULL : fopen(argv[2], "w");
    if (book) {
        fprintf(book, "%d %s\n", (int)weir_job_status(job), weir_job_failure(job));
        fclose(book);
    }
    return 0;
}
