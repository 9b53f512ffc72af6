/* SPDX-License-Identifier: Apache-2.0
 *
 * State and timers from user functions. The context knows the key; a state is found by its name.
 */
#include "core/api/context.h"
#include "core/base/text.h"
#include "core/exec/state_budget.h"

static const struct user_state_spec *spec_of(const struct weir_context *ctx, const char *name)
{
    const struct keyed_process_params *params = ctx->key ? ctx->op->spec->params : NULL;
    for (uint32_t i = 0; params && name && i < params->state_count; i++)
        if (params->states[i].name == name || text_equal(params->states[i].name, name))
            return &params->states[i];
    return NULL;
}

/* Is it the state whose value is looked up before it is asked for? */
static bool is_ready(const struct weir_context *ctx, const struct user_state_spec *spec)
{
    const struct keyed_process_params *params = ctx->op->spec->params;
    return spec == params->states && ctx->key->ready;
}

/* Null: the task has failed. */
static struct user_state *state_of(struct weir_context *ctx, const char *name, int kind)
{
    const struct user_state_spec *spec = spec_of(ctx, name);
    if (!context_is_named(ctx, name))
        return NULL;
    if (!ctx->key)
        weir_fail(ctx, "state '%s' outside of a keyed function", name);
    else if (!spec)
        weir_fail(ctx, "state '%s' was not declared", name);
    else if (kind >= 0 && (int)spec->kind != kind)
        weir_fail(ctx, "state '%s' was declared as another kind", name);
    else
        return process_state(ctx->key, name, spec->kind);
    return NULL;
}

const void *weir_get(struct weir_context *ctx, const char *name, uint32_t *size)
{
    context_spend(ctx, API_CALL_COST);
    const struct user_state_spec *spec = spec_of(ctx, name);
    if (spec && is_ready(ctx, spec)) {
        const void *value = process_look(ctx->key);
        if (size && value)
            *size = spec->value_size;
        return value;
    }
    int kind = spec && spec->kind == USER_REDUCING ? USER_REDUCING : USER_VALUE;
    struct user_state *state = state_of(ctx, name, kind);
    return state ? user_value_get(state, process_state_key(ctx->key), size) : NULL;
}

static void set(struct weir_context *ctx, const char *name, const void *value, uint32_t size)
{
    context_spend(ctx, API_CALL_COST);
    const struct user_state_spec *spec = spec_of(ctx, name);
    void *copy = NULL, *place;
    if (spec && is_ready(ctx, spec)) {
        if (!context_is_given(ctx, value, "a value", name))
            return;
        value =
            state_table_set_aside(ctx->key->ready, ctx->key->group, value, spec->value_size, &copy);
        memcpy(process_value(ctx->key), value, spec->value_size);
        mem_destroy(copy);
        return;
    }
    struct user_state *state = state_of(ctx, name, USER_VALUE);
    if (!state || !state_budget_allows(ctx->op->task, size))
        return;
    uint32_t bytes = state->spec->value_size > 0 ? state->spec->value_size : size;
    if (bytes > 0 && !context_is_given(ctx, value, "a value", name))
        return;
    value = state_table_set_aside(state->table, ctx->key->group, value, bytes, &copy);
    place = user_value_put(state, process_state_key(ctx->key), bytes);
    if (place && bytes > 0)
        memcpy(place, value, bytes);
    mem_destroy(copy);
}

void weir_set(struct weir_context *ctx, const char *name, const void *value)
{
    const struct user_state_spec *spec = spec_of(ctx, name);
    if (spec && spec->value_size == 0)
        weir_fail(ctx, "a value of state '%s' needs its size: weir_set_text", name);
    else
        set(ctx, name, value, 0);
}

void weir_set_text(struct weir_context *ctx, const char *name, const void *bytes, uint32_t size)
{
    const struct user_state_spec *spec = spec_of(ctx, name);
    if (spec && spec->value_size > 0)
        weir_fail(ctx, "%u bytes of text for state '%s', expected a value of %u", size, name,
                  spec->value_size);
    else
        set(ctx, name, bytes, size);
}

void weir_add(struct weir_context *ctx, const char *name, const void *value)
{
    context_spend(ctx, API_CALL_COST);
    if (ctx->lists) {
        context_list_add(ctx, name, value);
        return;
    }
    const struct user_state_spec *spec = spec_of(ctx, name);
    bool is_list = spec && spec->kind == USER_LIST;
    struct user_state *state = state_of(ctx, name, is_list ? USER_LIST : USER_REDUCING);
    if (!state || !context_is_given(ctx, value, "a value", name) ||
        !state_budget_allows(ctx->op->task, spec->value_size))
        return;
    if (is_list)
        user_list_add(state, process_state_key(ctx->key), value, spec->value_size);
    else
        user_reduce_add(state, process_state_key(ctx->key), value);
}

void weir_clear(struct weir_context *ctx, const char *name)
{
    context_spend(ctx, API_CALL_COST);
    if (ctx->lists) {
        struct list_state *list = context_list(ctx, name);
        if (list) {
            state_list_clear(&list->entries);
            list->clears++;
        }
        return;
    }
    const struct user_state_spec *spec = spec_of(ctx, name);
    if (spec && is_ready(ctx, spec)) {
        process_remove_value(ctx->key);
        return;
    }
    struct user_state *state = state_of(ctx, name, -1);
    if (state)
        user_state_clear(state, process_state_key(ctx->key));
}

const void *weir_map_get(struct weir_context *ctx, const char *name, const void *key)
{
    context_spend(ctx, API_CALL_COST);
    struct user_state *state = state_of(ctx, name, USER_MAP);
    bool can = state && context_is_given(ctx, key, "a key", name);
    return can ? user_map_get(state, process_state_key(ctx->key), key, NULL) : NULL;
}

void weir_map_set(struct weir_context *ctx, const char *name, const void *key, const void *value)
{
    context_spend(ctx, API_CALL_COST);
    struct user_state *state = state_of(ctx, name, USER_MAP);
    uint32_t size = state ? state->spec->value_size : 0;
    void *copy = NULL;
    if (!state || !context_is_given(ctx, key, "a key", name) ||
        !context_is_given(ctx, value, "a value", name) || !state_budget_allows(ctx->op->task, size))
        return;
    value = state_table_set_aside(state->table, ctx->key->group, value, size, &copy);
    void *place = user_map_put(state, process_state_key(ctx->key), key, size);
    if (place)
        memcpy(place, value, size);
    mem_destroy(copy);
}

bool weir_map_remove(struct weir_context *ctx, const char *name, const void *key)
{
    context_spend(ctx, API_CALL_COST);
    struct user_state *state = state_of(ctx, name, USER_MAP);
    return state && context_is_given(ctx, key, "a key", name) &&
           user_map_remove(state, process_state_key(ctx->key), key);
}

/* Of a list without a key. */
struct list_walk {
    uint64_t begun, at, count; /* count: when it began */
    uint64_t clears;           /* of the list then */
};
_Static_assert(sizeof(struct user_list) <= sizeof(struct weir_walk), "a walk holds a list's");
_Static_assert(sizeof(struct user_map_cursor) <= sizeof(struct weir_walk), "and a map's");
_Static_assert(sizeof(struct list_walk) <= sizeof(struct weir_walk),
               "and that of a list's entries");

static bool next_of_list(struct weir_context *ctx, struct user_state *state, struct user_list *walk,
                         const void **value, uint32_t *size)
{
    struct state_key key = process_state_key(ctx->key);
    if (!walk->begun)
        *walk = user_list_open(state, key);
    return user_list_next(state, key, walk, value, size);
}

static bool next_of_lists(struct weir_context *ctx, const char *name, struct list_walk *walk,
                          const void **value, uint32_t *size)
{
    const struct list_state *list = context_list(ctx, name);
    size_t bytes, count = list ? state_list_count(&list->entries) : 0;
    if (list && !walk->begun)
        *walk = (struct list_walk){ .begun = 1, .count = count, .clears = list->clears };
    if (!list || walk->clears != list->clears || walk->at >= walk->count || walk->at >= count)
        return false;
    *value = state_list_entry(&list->entries, (size_t)walk->at++, &bytes);
    if (size)
        *size = (uint32_t)bytes;
    return true;
}

bool weir_next(struct weir_context *ctx, const char *name, struct weir_walk *walk, const void **key,
               const void **value, uint32_t *size)
{
    context_spend(ctx, API_CALL_COST);
    const void *unread = NULL;
    if (!context_is_named(ctx, name) || !context_is_given(ctx, walk, "a walk", name))
        return false;
    value = value ? value : &unread;
    if (ctx->lists)
        return next_of_lists(ctx, name, (struct list_walk *)(void *)walk, value, size);
    const struct user_state_spec *spec = spec_of(ctx, name);
    bool is_list = spec && spec->kind == USER_LIST;
    struct user_state *state = state_of(ctx, name, is_list ? USER_LIST : USER_MAP);
    if (!state)
        return false;
    if (is_list)
        return next_of_list(ctx, state, (struct user_list *)(void *)walk, value, size);
    struct user_map_cursor *cursor = (struct user_map_cursor *)(void *)walk;
    if (!user_map_next(state, process_state_key(ctx->key), cursor))
        return false;
    if (key)
        *key = cursor->map_key;
    *value = cursor->value;
    if (size)
        *size = cursor->size;
    return true;
}

void *weir_value(struct weir_context *ctx)
{
    context_spend(ctx, API_CALL_COST);
    return ctx->key && ctx->key->ready ? process_value(ctx->key) : NULL;
}

void weir_forget(struct weir_context *ctx)
{
    context_spend(ctx, API_CALL_COST);
    if (ctx->key)
        process_clear(ctx->key);
}

const void *weir_key_of(const struct weir_context *ctx, uint32_t *size)
{
    context_spend(ctx, API_CALL_COST);
    if (!ctx->key)
        return NULL;
    if (size)
        *size = process_state_key(ctx->key).size;
    return ctx->key->key;
}

static void set_timer(struct weir_context *ctx, enum time_domain domain, int64_t time)
{
    context_spend(ctx, API_CALL_COST);
    if (ctx->key)
        process_set_timer(ctx->key, domain, time);
    else
        weir_fail(ctx, "a timer outside of a keyed function");
}

void weir_event_timer(struct weir_context *ctx, int64_t ms)
{
    set_timer(ctx, DOMAIN_EVENT_TIME, ms);
}

void weir_processing_timer(struct weir_context *ctx, int64_t ms)
{
    set_timer(ctx, DOMAIN_PROCESSING_TIME, api_ns(ms));
}

void weir_delete_event_timer(struct weir_context *ctx, int64_t ms)
{
    context_spend(ctx, API_CALL_COST);
    if (ctx->key)
        process_delete_timer(ctx->key, DOMAIN_EVENT_TIME, ms);
}

void weir_delete_processing_timer(struct weir_context *ctx, int64_t ms)
{
    context_spend(ctx, API_CALL_COST);
    if (ctx->key)
        process_delete_timer(ctx->key, DOMAIN_PROCESSING_TIME, api_ns(ms));
}
