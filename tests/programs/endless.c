/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions that never come to their end; which one says the first argument. The second is a file
 * for what the job failed by. `busy` does much, and ends; `floods` and `rings` write to another
 * task what the others drop in their own.
 */
#include "tests/programs/acts.h"

enum { BUSY_CALLS = 30000 };

static void judge(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const char *word = user;
    if (strcmp(word, "busy") == 0) {
        for (int i = 0; i < BUSY_CALLS; i++)
            weir_get(ctx, "total", NULL);
        return;
    }
    if (strcmp(word, "timers") == 0 || strcmp(word, "rings") == 0) {
        weir_event_timer(ctx, record->timestamp);
        return;
    }
    if (strcmp(word, "charges") == 0) {
        weir_charge(ctx, INT64_MAX);
        return;
    }
    for (;;) {
        if (strcmp(word, "emits") == 0 || strcmp(word, "floods") == 0)
            weir_emit(ctx, record->value);
        else if (strcmp(word, "asks") == 0)
            weir_get(ctx, "total", NULL);
        else if (strcmp(word, "works") == 0)
            weir_charge(ctx, 1000000);
        else if (strcmp(word, "fails") == 0)
            weir_fail(ctx, "again and again");
        else
            weir_now(ctx);
    }
}

/* Due at once, while timers are called. */
static void on_time(struct weir_context *ctx, int64_t ms, void *user)
{
    weir_event_timer(ctx, ms);
    if (strcmp(user, "rings") == 0)
        weir_emit(ctx, &(struct pair){ 0, (uint64_t)ms });
}

static bool drop(const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    return false;
}

static const struct weir_state states[] = {
    { .name = "first", .kind = WEIR_VALUE, .type = &pair_type },
    { .name = "total", .kind = WEIR_VALUE, .type = &weir_long },
};

int weir_main(struct weir_env *env, int argc, char **argv)
{
    const struct weir_process process = {
        .states = states, .state_count = 2, .on_record = judge, .on_event_time = on_time
    };
    if (argc < 3)
        return 2;
    struct weir_stream *out =
        weir_process(keyed(pairs(env, "in", true)), "judge", &pair_type, &process, argv[1]);
    bool writes = strcmp(argv[1], "floods") == 0 || strcmp(argv[1], "rings") == 0;
    weir_discard(weir_filter(writes ? weir_rebalance(out) : out, "drop", drop, NULL), "out");
    struct weir_job *job = weir_execute_async(env, "endless");
    weir_job_wait(job);
    FILE *book = weir_is_planning(env) ? NULL : fopen(argv[2], "w");
    if (book) {
        fprintf(book, "%s\n", weir_job_failure(job));
        fclose(book);
    }
    return 0;
}
