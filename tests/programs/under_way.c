/* SPDX-License-Identifier: Apache-2.0
 *
 * A job that goes on from a checkpoint with records under way, whose type is what the first
 * argument says: `same`, of another `version`, another one of the same size (`other`), or the same
 * with timestamps (`stamped`). Into the file that the second one names it writes why it failed.
 */
#include <stdio.h>
#include <string.h>

#include <weir.h>

struct pair {
    uint64_t key, value;
};

static const struct weir_type first_type = WEIR_STRUCT(struct pair, 1);
static const struct weir_type later_type = WEIR_STRUCT(struct pair, 2);
static const struct weir_type other_type = { .name = "couple",
                                             .size = sizeof(struct pair),
                                             .version = 1 };

static void make_pair(uint64_t index, void *value, void *user)
{
    *(struct pair *)value = (struct pair){ index % 8, index };
    (void)user;
}

static int64_t time_of_pair(uint64_t index, const void *value, void *user)
{
    (void)value, (void)user;
    return (int64_t)index;
}

static void pass(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    weir_emit(ctx, record->value);
    (void)user;
}

/* More comes than `late` can work off. */
static void build(struct weir_env *env, const struct weir_type *type, bool stamped)
{
    const struct weir_generator spec = { .type = type,
                                         .rate = 1000,
                                         .splits = 4,
                                         .make = make_pair,
                                         .timestamp = stamped ? time_of_pair : NULL };
    const struct weir_cost cost = { .cpu_ns = 10000000 };
    struct weir_stream *in = weir_rebalance(weir_from_generator(env, "in", &spec, NULL));
    weir_discard(weir_cost(weir_flat_map(in, "late", type, pass, NULL), &cost), "out");
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    const struct weir_type *type = &first_type;
    if (argc != 3)
        return 2;
    build(env, &first_type, false);
    struct weir_job *first = weir_execute_async(env, "first");
    weir_sleep(env, 10000);
    weir_job_cancel(first);
    weir_job_wait(first);
    weir_configure(env, "execution.state-recovery.path", "checkpoint of first");
    if (strcmp(argv[1], "version") == 0)
        type = &later_type;
    if (strcmp(argv[1], "other") == 0)
        type = &other_type;
    build(env, type, strcmp(argv[1], "stamped") == 0);
    struct weir_job *second = weir_execute_async(env, "second");
    weir_sleep(env, 10000);
    weir_job_cancel(second);
    weir_job_wait(second);
    FILE *book = weir_is_planning(env) ? NULL : fopen(argv[2], "w");
    if (!book)
        return 0;
    fprintf(book, "%s\n", weir_job_failure(second));
    fclose(book);
    return 0;
}
