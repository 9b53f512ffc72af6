/* SPDX-License-Identifier: Apache-2.0
 *
 * One job in several shapes, to be begun from one another's savepoints: operators with uids, in
 * other chains. Arguments: the file to write to, the shape, the job's name. Written are, by uid,
 * what of its own state an operator finds when it begins, and at the end what came out.
 */
#include <stdio.h>
#include <string.h>

#include <weir.h>

enum { NUMBERS = 12000, RATE = 1000, ANSWER_MS = 3000, ENTRY_EACH = 100 };

/* All of one key. */
struct entry {
    int64_t key, number;
};
static const struct weir_type entry_type = WEIR_STRUCT(struct entry, 1);

static const char *path, *job_name;

static void tell(const char *job, const char *what, const char *found)
{
    FILE *book = fopen(path, "a");
    if (!book)
        return;
    fprintf(book, "%s: %s %s\n", job, what, found);
    fclose(book);
}

static void make(uint64_t index, void *value, void *user)
{
    *(struct entry *)value = (struct entry){ 0, (int64_t)index };
    (void)user;
}

static int64_t ask(const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    return (int64_t)ANSWER_MS * 1000000;
}

static void pass(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    weir_emit(ctx, record->value);
}

/* An operator with a list of entries that say whose they are. */
struct keeper {
    int64_t number;
    const char *uid;
};
static struct keeper keepers[] = { { 1, "first" }, { 2, "second" } };
static const struct weir_list lists[] = { { "seen", &weir_long } };

static void begin(struct weir_context *ctx, bool is_restored, void *user)
{
    const struct keeper *keeper = user;
    struct weir_walk walk = { { 0 } };
    const void *entry;
    bool is_own = false, is_other = false;
    while (weir_next(ctx, "seen", &walk, NULL, &entry, NULL)) {
        is_own = is_own || *(const int64_t *)entry == keeper->number;
        is_other = is_other || *(const int64_t *)entry != keeper->number;
    }
    tell(job_name, keeper->uid,
         is_other      ? "has another's"
         : is_own      ? "has its own"
         : is_restored ? "has nothing any more"
                       : "begins");
}

static void keep(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct keeper *keeper = user;
    if (((const struct entry *)record->value)->number % ENTRY_EACH == 0)
        weir_add(ctx, "seen", &keeper->number);
    weir_emit(ctx, record->value);
}

static struct weir_stream *add_keeper(struct weir_stream *in, int which, const char *name)
{
    const struct weir_list_process process = {
        .lists = lists, .list_count = 1, .on_record = keep, .on_begin = begin
    };
    return weir_uid(weir_process_lists(in, name, &entry_type, &process, &keepers[which]),
                    keepers[which].uid);
}

static void count(struct weir_context *ctx, const struct weir_record *record, bool is_new,
                  void *value, void *user)
{
    (void)ctx, (void)record, (void)is_new, (void)user;
    ++*(int64_t *)value;
}

static int64_t most;

static void see(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const int64_t *counted = record->value;
    (void)ctx, (void)user;
    most = *counted > most ? *counted : most;
}

/* Behind the last record: as many as there were of each key? */
static void end(struct weir_context *ctx, void *user)
{
    (void)ctx, (void)user;
    tell(job_name, "last", most == NUMBERS ? "all were counted" : "some are lost");
    most = 0;
}

static struct weir_stream *add_keepers(struct weir_stream *in, const char *shape)
{
    bool is_swapped = strcmp(shape, "swapped") == 0, is_renamed = strcmp(shape, "renamed") == 0;
    if (strcmp(shape, "apart") == 0)
        weir_disable_chaining(in);
    if (strcmp(shape, "extra") == 0)
        in = weir_flat_map(in, "extra", &entry_type, pass, NULL);
    in = add_keeper(in, is_swapped, is_renamed ? "1st" : "one");
    if (is_renamed)
        weir_start_new_chain(in);
    if (strcmp(shape, "without") == 0)
        return in;
    in = add_keeper(in, !is_swapped, is_renamed ? "2nd" : "two");
    return strcmp(shape, "twice") == 0 ? weir_uid(in, "first") : in;
}

static void build(struct weir_env *env, const char *shape)
{
    const struct weir_generator numbers = {
        .type = &entry_type, .count = NUMBERS, .rate = RATE, .splits = 1, .make = make
    };
    const struct weir_async async = { .capacity = NUMBERS, .ask = ask, .on_answer = pass };
    const struct weir_list_process last = {
        .lists = lists, .list_count = 1, .on_record = see, .on_end = end
    };
    bool is_renamed = strcmp(shape, "renamed") == 0;
    struct weir_stream *in = weir_uid(
        weir_from_generator(env, is_renamed ? "others" : "numbers", &numbers, NULL), "source");
    in = add_keepers(weir_uid(weir_async(in, "ask", &entry_type, &async, NULL), "ask"), shape);
    in = weir_key_by(in, WEIR_FIELD_LONG(struct entry, key));
    in = weir_uid(weir_reduce(in, is_renamed ? "counted" : "count", &weir_long, count, NULL),
                  "count");
    weir_discard(weir_uid(weir_process_lists(in, "last", &weir_long, &last, NULL), "last"), "out");
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    if (argc < 4)
        return 1;
    path = argv[1];
    if (!weir_is_planning(env))
        job_name = argv[3];
    build(env, argv[2]);
    struct weir_job *job = weir_execute_async(env, argv[3]);
    bool is_well = weir_job_wait(job) == WEIR_JOB_FINISHED;
    if (!weir_is_planning(env))
        tell(argv[3], is_well ? "finished" : "failed", weir_job_failure(job));
    return 0;
}
