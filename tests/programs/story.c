/* SPDX-License-Identifier: Apache-2.0
 *
 * A program that does what its first argument says, and writes what it saw to the file that is its
 * second one; a line each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir.h>

static FILE *book;

static void tell(const struct weir_env *env, const char *what, int value)
{
    if (!weir_is_planning(env) && book)
        fprintf(book, "%s %d\n", what, value);
}

static void number(uint64_t index, void *value, void *user)
{
    *(uint64_t *)value = index;
    (void)user;
}

static void fail_at(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    if (*(const uint64_t *)record->value == 500)
        weir_fail(ctx, "record %d is the last straw", 500);
    weir_emit(ctx, record->value);
}

static void spell(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    char text[32];
    (void)user;
    weir_emit_text(
        ctx, text,
        (uint32_t)snprintf(text, sizeof text, "%d", (int)*(const uint64_t *)record->value));
}

/* Some 1,000 records a second. */
static void build(struct weir_env *env, uint64_t count, int32_t parallelism,
                  weir_function *function)
{
    struct weir_generator spec = {
        .type = &weir_long, .count = count, .rate = 1000, .make = number
    };
    struct weir_stream *in = weir_from_generator(env, "numbers", &spec, NULL);
    weir_parallelism(in, parallelism);
    if (function)
        in = weir_flat_map(weir_rebalance(in), "function", &weir_long, function, NULL);
    weir_discard(weir_rebalance(in), "out");
}

static int run_in_turn(struct weir_env *env)
{
    build(env, 2000, 1, NULL);
    tell(env, "first", weir_execute(env, "first"));
    build(env, 1000, 1, NULL);
    tell(env, "second", weir_execute(env, "second"));
    return 0;
}

static int cancel_one(struct weir_env *env)
{
    build(env, 0, 1, NULL);
    struct weir_job *job = weir_execute_async(env, "for ever");
    tell(env, "status", (int)weir_job_status(job));
    weir_sleep(env, 10000);
    tell(env, "status", (int)weir_job_status(job));
    tell(env, "savepoint", weir_job_savepoint(job));
    tell(env, "cancel", weir_job_cancel(job));
    tell(env, "end", (int)weir_job_wait(job));
    tell(env, "savepoint", weir_job_savepoint(job));
    return 0;
}

static int stop_one(struct weir_env *env)
{
    build(env, 0, 1, NULL);
    struct weir_job *job = weir_execute_async(env, "for ever");
    weir_sleep(env, 10000);
    tell(env, "stop", weir_job_stop(job, true));
    tell(env, "end", (int)weir_job_wait(job));
    return 0;
}

static int fail(struct weir_env *env)
{
    weir_configure(env, "restart-strategy.type", "none");
    build(env, 2000, 1, fail_at);
    struct weir_job *job = weir_execute_async(env, "fails");
    tell(env, "end", (int)weir_job_wait(job));
    if (!weir_is_planning(env) && book)
        fprintf(book, "%s\n", weir_job_failure(job));
    return 0;
}

/* A job that has failed and goes on has failed by nothing. */
static int go_on(struct weir_env *env)
{
    weir_configure(env, "restart-strategy.type", "fixed-delay");
    weir_configure(env, "restart-strategy.fixed-delay.attempts", "1000");
    build(env, 2000, 1, fail_at);
    struct weir_job *job = weir_execute_async(env, "goes on");
    weir_sleep(env, 20000);
    tell(env, "silent", !*weir_job_failure(job));
    weir_job_cancel(job);
    tell(env, "end", (int)weir_job_wait(job));
    return 0;
}

/* Other streams when it runs than in its plan. */
static int differ(struct weir_env *env)
{
    build(env, 2000, weir_is_planning(env) ? 1 : 2, NULL);
    struct weir_job *job = weir_execute_async(env, "differs");
    tell(env, "end", (int)weir_job_wait(job));
    if (!weir_is_planning(env) && book)
        fprintf(book, "%s\n", weir_job_failure(job));
    return 0;
}

static int surprise(struct weir_env *env)
{
    build(env, 1000, 1, NULL);
    tell(env, "first", weir_execute(env, "first"));
    if (weir_is_planning(env))
        return 0;
    build(env, 1000, 1, NULL);
    struct weir_job *job = weir_execute_async(env, "surprise");
    tell(env, "end", (int)weir_job_wait(job));
    if (book)
        fprintf(book, "%s\n", weir_job_failure(job));
    return 0;
}

/* Results as they come, and those of a job that has ended. */
static int collect(struct weir_env *env)
{
    struct weir_record record;
    struct weir_generator spec = { .type = &weir_long, .count = 2000, .rate = 100, .make = number };
    struct weir_stream *in = weir_rebalance(weir_from_generator(env, "in", &spec, NULL));
    struct weir_stream *spelt = weir_flat_map(in, "spell", &weir_text, spell, NULL);
    struct weir_results *texts = weir_collect(spelt, "texts");
    tell(env, "early", weir_next_result(texts, &record));
    struct weir_results *numbers = weir_execute_and_collect(in, "first");
    struct weir_job *job = weir_results_job(numbers);
    int running = 0;
    while (weir_next_result(numbers, &record)) {
        running += weir_job_status(job) == WEIR_JOB_RUNNING;
        tell(env, "number", (int)*(const uint64_t *)record.value);
    }
    tell(env, "end", (int)weir_job_status(job));
    tell(env, "running", running > 0);
    while (weir_next_result(texts, &record))
        if (book)
            fprintf(book, "text %.*s\n", (int)record.size, (const char *)record.value);
    return 0;
}

/* Never gives up. */
static int insist(struct weir_env *env)
{
    build(env, 0, 1, NULL);
    struct weir_job *job = weir_execute_async(env, "for ever");
    while (weir_job_status(job) != WEIR_JOB_FINISHED)
        weir_sleep(env, 1000);
    return 0;
}

/* Asks and asks, and never waits. */
static int ask_on(struct weir_env *env)
{
    build(env, 2000, 1, NULL);
    struct weir_job *job = weir_execute_async(env, "asked");
    enum weir_status status = weir_job_status(job);
    int asked = 1;
    for (; status == WEIR_JOB_CREATED || status == WEIR_JOB_RUNNING; asked++)
        status = weir_job_status(job);
    tell(env, "end", (int)status);
    tell(env, "asked", asked);
    return 0;
}

/* Its job ends, or is still there when the run ends. */
static int give_back(struct weir_env *env, uint64_t records)
{
    build(env, records, 1, NULL);
    weir_execute(env, "any");
    return weir_is_planning(env) ? 0 : 7;
}

static int give_back_in_time(struct weir_env *env)
{
    return give_back(env, 2000);
}

static int give_back_late(struct weir_env *env)
{
    return give_back(env, 0);
}

/* For what there will never be. */
static int demand(struct weir_env *env)
{
    build(env, 2000, 1, NULL);
    struct weir_job *job = weir_execute_async(env, "asked");
    weir_job_wait(job);
    while (!weir_job_savepoint(job))
        ;
    return 0;
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    static const struct {
        const char *word;
        int (*act)(struct weir_env *env);
    } acts[] = { { "in-turn", run_in_turn },
                 { "cancel", cancel_one },
                 { "stop", stop_one },
                 { "fail", fail },
                 { "go-on", go_on },
                 { "differ", differ },
                 { "surprise", surprise },
                 { "insist", insist },
                 { "collect", collect },
                 { "ask", ask_on },
                 { "demand", demand },
                 { "seven", give_back_in_time },
                 { "late-seven", give_back_late } };
    const char *word = argc > 1 ? argv[1] : "";
    if (strcmp(word, "code") == 0)
        return 3;
    book = argc > 2 && !weir_is_planning(env) ? fopen(argv[2], "w") : NULL;
    int code = 0;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strcmp(word, acts[i].word) == 0)
            code = acts[i].act(env);
    if (book)
        fclose(book);
    return code;
}
