/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program says of the operator that a stream comes from, and of its jobs.
 */
#include "core/api/env.h"

/* Null, and wrong: the stream is a union of several. */
static struct api_operator *operator_of(struct weir_stream *of, const char *what)
{
    if (of->parts.count == 1)
        return of->parts.items[0].from;
    api_wrong(of->env, "%s of a union: it is said of each operator in it", what);
    return NULL;
}

/* A copy; null, and wrong: there is none. */
static const char *text_of(struct weir_stream *of, const char *what, const struct api_operator *op,
                           const char *text)
{
    if (!text)
        api_wrong(of->env, "%s of '%s' is null", what, op->name);
    return text ? arena_copy_text(&of->env->open->arena, text) : NULL;
}

struct weir_stream *weir_parallelism(struct weir_stream *of, int32_t parallelism)
{
    API_GIVEN("weir_parallelism", of);
    struct api_operator *op = operator_of(of, "the parallelism");
    if (op)
        op->parallelism = parallelism;
    return of;
}

struct weir_stream *weir_max_parallelism(struct weir_stream *of, int32_t most)
{
    API_GIVEN("weir_max_parallelism", of);
    struct api_operator *op = operator_of(of, "the max parallelism");
    if (op)
        op->max_parallelism = most;
    return of;
}

struct weir_stream *weir_uid(struct weir_stream *of, const char *uid)
{
    API_GIVEN("weir_uid", of);
    struct api_operator *op = operator_of(of, "the uid");
    if (op)
        op->uid = text_of(of, "the uid", op, uid);
    return of;
}

struct weir_stream *weir_slot_sharing_group(struct weir_stream *of, const char *group)
{
    API_GIVEN("weir_slot_sharing_group", of);
    struct api_operator *op = operator_of(of, "the slot sharing group");
    if (op)
        op->group = text_of(of, "the slot sharing group", op, group);
    return of;
}

struct weir_stream *weir_start_new_chain(struct weir_stream *of)
{
    API_GIVEN("weir_start_new_chain", of);
    struct api_operator *op = operator_of(of, "the chain");
    if (op)
        op->starts_chain = true;
    return of;
}

struct weir_stream *weir_disable_chaining(struct weir_stream *of)
{
    API_GIVEN("weir_disable_chaining", of);
    struct api_operator *op = operator_of(of, "the chain");
    if (op)
        op->chains_never = true;
    return of;
}

struct weir_stream *weir_cost(struct weir_stream *of, const struct weir_cost *cost)
{
    API_GIVEN("weir_cost", of);
    API_GIVEN("weir_cost", cost);
    struct api_operator *op = operator_of(of, "the cost");
    if (op)
        op->cost = *cost;
    if (cost->cpu_ns < 0 || cost->wait_ns < 0 || !(cost->selectivity >= 0) || cost->keys < 0 ||
        !(cost->state_per_key >= 0) || !(cost->state_per_subtask >= 0))
        api_wrong(of->env, "a cost of '%s' is negative", op ? op->name : "");
    if (op && cost->state_per_subtask > 0 && op->class->lists == OPERATOR_STATE_NONE)
        api_wrong(of->env,
                  "a cost of '%s' is state of each subtask, and it keeps none without a key",
                  op->name);
    return of;
}

void weir_configure(struct weir_env *env, const char *key, const char *value)
{
    API_GIVEN("weir_configure", env);
    if (!key || !value) {
        api_wrong(env, "a setting is null: %s: %s", key ? key : "null", value ? value : "null");
        return;
    }
    for (VEC_EACH(struct weir_setting, setting, &env->settings))
        if (strcmp(setting->key, key) == 0) {
            mem_destroy(setting->value);
            setting->value = mem_copy_text(value);
            return;
        }
    vec_push(&env->settings, (struct weir_setting){ mem_copy_text(key), mem_copy_text(value) });
}
