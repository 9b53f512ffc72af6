/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs that do what they must not: which mistake the first argument says. A job of its own
 * for each; `upgrade` has two, the second of which begins from the savepoint of the first with
 * another version of its types; `same` with the same; `gone` without the operator that kept it;
 * `become` with state of another kind. `crowd` wants more slots than there are.
 */
#include <stdio.h>
#include <string.h>

#include <weir.h>

struct pair {
    uint64_t key, value;
};
static const struct weir_type first_version = WEIR_STRUCT(struct pair, 1);
static const struct weir_type second_version = WEIR_STRUCT(struct pair, 2);

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

static const struct weir_type *wide_type(void)
{
    static const struct weir_type wide = { .name = "wide", .size = 100000, .version = 1 };
    return &wide;
}

/* Null where something is to be. */
static void give_nothing(struct weir_context *ctx, const struct weir_record *record,
                         const char *word)
{
    const uint64_t key = 0;
    if (strcmp(word, "no-name") == 0)
        weir_get(ctx, NULL, NULL);
    else if (strcmp(word, "no-list-name") == 0)
        weir_add(ctx, NULL, record->value);
    else if (strcmp(word, "no-value") == 0)
        weir_set(ctx, "sum", NULL);
    else if (strcmp(word, "no-text") == 0)
        weir_set_text(ctx, "text", NULL, 3);
    else if (strcmp(word, "no-entry") == 0 || strcmp(word, "no-list-entry") == 0)
        weir_add(ctx, "all", NULL);
    else if (strcmp(word, "no-key") == 0)
        weir_map_get(ctx, "map", NULL);
    else if (strcmp(word, "no-new-key") == 0)
        weir_map_set(ctx, "map", NULL, record->value);
    else if (strcmp(word, "no-map-value") == 0)
        weir_map_set(ctx, "map", &key, NULL);
    else if (strcmp(word, "no-old-key") == 0)
        weir_map_remove(ctx, "map", NULL);
    else if (strcmp(word, "no-walk") == 0 || strcmp(word, "no-list-walk") == 0)
        weir_next(ctx, "all", NULL, NULL, NULL, NULL);
    else if (strcmp(word, "no-rule-walk") == 0)
        weir_broadcast_next(ctx, "rules", NULL, NULL, NULL, NULL, NULL);
    else if (strcmp(word, "no-rule-map") == 0)
        weir_broadcast_get(ctx, NULL, &key, sizeof key, NULL);
    else if (strcmp(word, "no-rule-key") == 0)
        weir_broadcast_set(ctx, "rules", NULL, sizeof key, &key, sizeof key);
    else if (strcmp(word, "no-rule-value") == 0)
        weir_broadcast_set(ctx, "rules", &key, sizeof key, NULL, sizeof key);
    else
        weir_emit(ctx, NULL);
}

static void mistake(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const char *word = user;
    static const char wide[100000];
    if (strcmp(word, "undeclared") == 0)
        weir_get(ctx, "total", NULL);
    else if (strcmp(word, "kind") == 0 || strcmp(word, "unlisted") == 0)
        weir_add(ctx, "sum", record->value);
    else if (strcmp(word, "text") == 0)
        weir_set_text(ctx, "sum", "abc", 3);
    else if (strcmp(word, "fails") == 0)
        weir_fail(ctx, "value %d is bad", 17);
    else if (strcmp(word, "side") == 0)
        weir_emit_side(ctx, 3, record->value);
    else if (strcmp(word, "timer") == 0)
        weir_event_timer(ctx, 5);
    else if (strcmp(word, "rules") == 0)
        weir_broadcast_get(ctx, "rules", "a", 1, NULL);
    else if (strcmp(word, "wide") == 0)
        weir_emit(ctx, wide);
    else if (strncmp(word, "no-", 3) == 0)
        give_nothing(ctx, record, word);
    else
        weir_emit(ctx, record->value);
}

static int32_t choose(const struct weir_record *record, int32_t channels, void *user)
{
    (void)record;
    return strcmp(user, "below") == 0 ? -1 : channels;
}

static const struct weir_state states[] = {
    { .name = "sum", .kind = WEIR_VALUE, .type = &first_version },
    { .name = "text", .kind = WEIR_VALUE, .type = &weir_text },
    { .name = "all", .kind = WEIR_LIST, .type = &first_version },
    { .name = "map", .kind = WEIR_MAP, .type = &first_version, .map_key = &weir_long },
};
enum { STATES = 4 };

static struct weir_stream *source(struct weir_env *env, const char *name,
                                  const struct weir_type *type)
{
    struct weir_generator spec = {
        .type = type, .rate = 100, .splits = 4, .make = make_pair, .timestamp = time_of_pair
    };
    return weir_key_by(weir_from_generator(env, name, &spec, NULL),
                       WEIR_FIELD_LONG(struct pair, key));
}

static void add(struct weir_context *ctx, const struct weir_record *record, bool is_new,
                void *value, void *user)
{
    *(struct pair *)value = *(const struct pair *)record->value;
    (void)ctx, (void)is_new, (void)user;
}

static void take_in(struct weir_context *ctx, const struct weir_record *record, void *value,
                    void *user)
{
    *(struct pair *)value = *(const struct pair *)record->value;
    (void)ctx, (void)user;
}

static void merge(void *into, const void *from)
{
    *(struct pair *)into = *(const struct pair *)from;
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

static void remember(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    weir_set(ctx, "last", record->value);
    (void)user;
}

static void list(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    weir_clear(ctx, "last");
    weir_add(ctx, "last", record->value);
    (void)user;
}

/* Until memory is full. */
static void hoard(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    for (int i = 0; i < 20000; i++)
        weir_add(ctx, "all", record->value);
    (void)user;
}

/* Streams whose state is of this type, in the operator `keyed`. */
static void keep(struct weir_env *env, const char *what, const struct weir_type *type)
{
    struct weir_stream *in = source(env, "in", &first_version), *out = NULL;
    const struct weir_window session = { .gap_ms = 1000000 }, tumbling = { .size_ms = 1000000 };
    const struct weir_aggregate last = { type, take_in, merge, give };
    const struct weir_state state = { .name = "last", .kind = WEIR_VALUE, .type = type };
    const struct weir_process process = { .states = &state,
                                          .state_count = 1,
                                          .on_record = remember };
    const struct weir_list last_one = { "last", type };
    const struct weir_list_process lists = { .lists = &last_one,
                                             .list_count = 1,
                                             .on_record = list };
    if (strcmp(what, "lists") == 0)
        out = weir_process_lists(in, "keyed", type, &lists, NULL);
    else if (strcmp(what, "reduce") == 0)
        out = weir_reduce(in, "keyed", type, add, NULL);
    else if (strcmp(what, "session") == 0)
        out = weir_aggregate(in, "keyed", type, &session, &last, NULL);
    else if (strcmp(what, "window") == 0)
        out = weir_aggregate(in, "keyed", type, &tumbling, &last, NULL);
    else if (strcmp(what, "join") == 0)
        out = weir_interval_join(in, source(env, "other", type), "keyed", type,
                                 &(struct weir_interval){ .upper_ms = 1000000 }, join, NULL);
    else
        out = weir_process(in, "keyed", type, &process, NULL);
    weir_discard(out, "out");
}

/* How a state may be declared; written by nobody. */
static struct kind {
    const char *name;
    enum weir_state_kind kind;
    int64_t ttl_ms;
} kinds[] = {
    { "value", WEIR_VALUE, 0 },
    { "value-for-a-day", WEIR_VALUE, 86400000 },
    { "list", WEIR_LIST, 0 },
    { "list-for-a-day", WEIR_LIST, 86400000 },
    { "list-for-a-week", WEIR_LIST, 7 * 86400000 },
    { "map", WEIR_MAP, 0 },
    { "reduced", WEIR_REDUCING, 0 },
    { NULL, WEIR_VALUE, 0 },
};

static void put(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct kind *kind = user;
    if (kind->kind == WEIR_VALUE)
        weir_set(ctx, "last", record->value);
    else if (kind->kind == WEIR_MAP)
        weir_map_set(ctx, "last", record->value, record->value);
    else
        weir_add(ctx, "last", record->value);
}

static void become(struct weir_env *env, const char *name)
{
    struct kind *kind = kinds;
    while (kind->name && strcmp(kind->name, name) != 0)
        kind++;
    const struct weir_state state = { .name = "last",
                                      .kind = kind->kind,
                                      .type = &first_version,
                                      .map_key = &weir_long,
                                      .ttl_ms = kind->ttl_ms,
                                      .reduce = merge };
    const struct weir_process process = { .states = &state, .state_count = 1, .on_record = put };
    struct weir_stream *in = source(env, "in", &first_version);
    weir_discard(weir_process(in, "keyed", &first_version, &process, kind), "out");
}

static void tell(const struct weir_env *env, const char *file, const struct weir_job *job)
{
    FILE *book = weir_is_planning(env) ? NULL : fopen(file, "w");
    if (!book)
        return;
    fprintf(book, "%s\n", weir_job_failure(job));
    fclose(book);
}

static void stop_first(struct weir_env *env)
{
    struct weir_job *first = weir_execute_async(env, "first");
    weir_sleep(env, 10000);
    weir_job_stop(first, false);
    weir_job_wait(first);
    weir_configure(env, "execution.state-recovery.path", "savepoint of first");
}

static void tell_of_second(struct weir_env *env, const char *file)
{
    struct weir_job *second = weir_execute_async(env, "second");
    weir_sleep(env, 10000);
    weir_job_cancel(second);
    weir_job_wait(second);
    tell(env, file, second);
}

static void upgrade(struct weir_env *env, const char *version, const char *what, const char *file)
{
    keep(env, what, &first_version);
    stop_first(env);
    if (strcmp(version, "gone") == 0)
        weir_discard(source(env, "in", &first_version), "out");
    else
        keep(env, what, strcmp(version, "upgrade") == 0 ? &second_version : &first_version);
    tell_of_second(env, file);
}

static void change(struct weir_env *env, const char *from, const char *to, const char *file)
{
    become(env, from);
    stop_first(env);
    become(env, to);
    tell_of_second(env, file);
}

static void let_pass(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)ctx, (void)record, (void)user;
}

/* The operator that makes the mistake. */
static struct weir_stream *judge(struct weir_env *env, char *word)
{
    static const char *const maps[] = { "rules" };
    const struct weir_type *out = strcmp(word, "wide") == 0 ? wide_type() : &first_version;
    struct weir_stream *in = source(env, "in", &first_version);
    const struct weir_process process = { .states = states,
                                          .state_count = STATES,
                                          .on_record = mistake };
    const struct weir_broadcast_process rules = {
        .process = { .on_record = let_pass }, .maps = maps, .map_count = 1, .on_rule = mistake
    };
    const struct weir_list all = { "all", &first_version };
    const struct weir_list_process lists = {
        .lists = &all, .list_count = 1, .on_record = strcmp(word, "hoard") == 0 ? hoard : mistake
    };
    if (strcmp(word, "hoard") == 0 || strcmp(word, "unlisted") == 0 ||
        strncmp(word, "no-list", 7) == 0)
        return weir_process_lists(in, "judge", out, &lists, word);
    if (strncmp(word, "no-rule", 7) == 0)
        return weir_process_broadcast(in, source(env, "rules", &first_version), "judge", out,
                                      &rules, word);
    return weir_process(in, "judge", out, &process, word);
}

/* Each in a slot of its own. */
static void crowd(struct weir_env *env)
{
    static const char *const names[] = { "a", "b", "c", "d" }, *const ends[] = { "e", "f", "g",
                                                                                 "h" };
    weir_configure(env, "jobmanager.scheduler", "adaptive");
    weir_configure(env, "jobmanager.adaptive-scheduler.submission.resource-wait-timeout", "10s");
    for (int i = 0; i < 4; i++) {
        struct weir_stream *in = source(env, names[i], &first_version);
        weir_discard(weir_slot_sharing_group(in, names[i]), ends[i]);
    }
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    if (argc < 3)
        return 2;
    weir_configure(env, "restart-strategy.type", "none");
    if (argc > 4) {
        change(env, argv[3], argv[4], argv[2]);
        return 0;
    }
    if (argc > 3) {
        upgrade(env, argv[1], argv[3], argv[2]);
        return 0;
    }
    struct weir_stream *judged = judge(env, argv[1]);
    if (strcmp(argv[1], "crowd") == 0)
        crowd(env);
    bool chooses = strcmp(argv[1], "below") == 0 || strcmp(argv[1], "beyond") == 0;
    weir_discard(chooses ? weir_partition_custom(judged, choose, argv[1]) : weir_rebalance(judged),
                 "out");
    struct weir_job *job = weir_execute_async(env, "bad");
    weir_job_wait(job);
    tell(env, argv[2], job);
    return 0;
}
