/* SPDX-License-Identifier: Apache-2.0
 *
 * User functions over keyed records, with state and timers; and beside a broadcast input.
 */
#include "core/api/checks.h"
#include "core/api/context.h"
#include "core/base/text.h"

struct process_params {
    struct broadcast_process_params core; /* first: the class's, with or without its second half */
    struct api_call call;
    const struct weir_type *in[PROCESS_INPUTS_MAX];
    struct weir_process process;
    weir_function *on_rule;
};

static const char *on_record(const void *context, struct process_key *key, uint32_t input,
                             const void *payload, uint32_t size)
{
    const struct process_params *params = context;
    weir_function *function = input == 0 ? params->process.on_record : params->process.on_second;
    struct weir_context ctx = context_of(key->op, &params->call, input);
    struct weir_record record;
    ctx.key = key;
    ctx.watermark = key->watermark;
    operator_calls(key->op, input == 0 ? "on_record" : "on_second");
    if (context_value(&ctx, params->in[input], payload, size, key->timestamp, &record))
        function(&ctx, &record, params->call.user);
    return NULL;
}

static const char *on_timer(const void *context, struct process_key *key)
{
    const struct process_params *params = context;
    struct weir_context ctx = context_of(key->op, &params->call, 0);
    bool is_event = key->domain == DOMAIN_EVENT_TIME;
    int64_t time = is_event ? key->timestamp : key->timestamp / NS_OF_MS;
    weir_timer *function =
        is_event ? params->process.on_event_time : params->process.on_processing_time;
    ctx.key = key;
    ctx.watermark = key->watermark;
    ctx.timestamp = is_event ? time : WEIR_NO_TIME;
    operator_calls(key->op, is_event ? "on_event_time" : "on_processing_time");
    if (function)
        function(&ctx, time, params->call.user);
    else
        weir_fail(&ctx, "a timer, and no function for it");
    return NULL;
}

static const char *on_rule(const void *context, struct broadcast_side *side, const void *payload,
                           uint32_t size)
{
    const struct process_params *params = context;
    struct weir_context ctx = context_of(side->op, &params->call, BROADCAST_INPUT);
    struct weir_record record;
    ctx.side = side;
    ctx.watermark = side->watermark;
    operator_calls(side->op, "on_rule");
    if (context_value(&ctx, params->in[BROADCAST_INPUT], payload, size, side->timestamp, &record))
        params->on_rule(&ctx, &record, params->call.user);
    return NULL;
}

/* Values are their own bytes, so that a state's size is its type's. */
static struct user_state_spec state_spec(struct weir_env *env, const char *op,
                                         const struct weir_state *state)
{
    static const enum user_state_kind kinds[] = { [WEIR_VALUE] = USER_VALUE,
                                                  [WEIR_LIST] = USER_LIST,
                                                  [WEIR_MAP] = USER_MAP,
                                                  [WEIR_REDUCING] = USER_REDUCING };
    const char *name = api_name(env, op, "state", state->name);
    const struct weir_type *type = api_value_type(env, op, state->type);
    bool is_map = state->kind == WEIR_MAP;
    bool varies = type->size == 0, is_known = (size_t)state->kind < sizeof kinds / sizeof *kinds;
    if (!is_known)
        api_wrong(env, "state '%s' of '%s' is of a kind %d, which there is none of", name, op,
                  (int)state->kind);
    if (type->encode || (varies && state->kind != WEIR_VALUE))
        api_wrong(env, "state '%s' of '%s' holds '%s', expected a type that is its own bytes%s",
                  name, op, type->name, varies ? " and of fixed size" : "");
    if (is_map && (!state->map_key || state->map_key->encode || state->map_key->size == 0 ||
                   state->map_key->size > USER_MAP_KEY_MAX))
        api_wrong(env, "map '%s' of '%s' needs keys of 1 to %d bytes, all of one size", name, op,
                  USER_MAP_KEY_MAX);
    if (state->kind == WEIR_REDUCING && !state->reduce)
        api_wrong(env, "state '%s' of '%s' reduces, and has no function for it", name, op);
    if (state->ttl_ms < 0)
        api_wrong(env, "state '%s' of '%s' has a negative time to live", name, op);
    return (struct user_state_spec){
        .name = name,
        .kind = kinds[is_known ? state->kind : WEIR_VALUE],
        .value_size = type->size,
        .map_key_size = is_map && state->map_key ? state->map_key->size : 0,
        .value = api_serializer(type),
        .ttl = { .time = api_ns(state->ttl_ms),
                 .update = state->ttl_read ? TTL_ON_READ_AND_WRITE : TTL_ON_CREATE_AND_WRITE },
        .reduce = state->reduce ? api_reduce_value : NULL,
        .context = state->reduce ? api_copy(env, &state->reduce, sizeof state->reduce) : NULL,
    };
}

static void declare_states(struct weir_env *env, const char *name, struct process_params *params)
{
    const struct weir_process *process = &params->process;
    if (process->state_count > PROCESS_STATES_MAX) {
        api_wrong(env, "'%s' has %u states, expected at most %d", name, process->state_count,
                  PROCESS_STATES_MAX);
        return;
    }
    if (!api_has_items(env, name, "states", process->states, process->state_count))
        return;
    struct user_state_spec *states =
        arena_take(&env->open->arena, (process->state_count + 1) * sizeof *states);
    for (uint32_t i = 0; i < process->state_count; i++) {
        states[i] = state_spec(env, name, &process->states[i]);
        for (uint32_t k = 0; k < i; k++)
            if (text_equal(states[k].name, states[i].name))
                api_wrong(env, "'%s' has two states '%s'", name, states[i].name);
    }
    params->core.keyed.states = states;
    params->core.keyed.state_count = process->state_count;
}

static struct api_operator *add(struct weir_stream *keyed, const char *name,
                                const struct operator_class *class,
                                const struct weir_process *process, void *user)
{
    struct weir_env *env = keyed->env;
    struct api_operator *op = api_add(env, name, class, sizeof(struct process_params));
    struct process_params *params = op->params;
    api_set_call(op, &params->call, user);
    op->keyed = true;
    params->process = *process;
    params->in[0] = keyed->type;
    params->core.keyed.record = on_record;
    params->core.keyed.timer = on_timer;
    params->core.keyed.context = params;
    if (!process->on_record)
        api_wrong(env, "'%s' has no function for records", op->name);
    api_fixed_key_of(keyed, op->name, &params->core.keyed.keys[0]);
    declare_states(env, op->name, params);
    for (uint32_t i = 0; i < params->core.keyed.state_count; i++)
        op->state_bytes += params->core.keyed.keys[0].size +
                           params->core.keyed.states[i].map_key_size +
                           api_bytes_of(process->states[i].type);
    api_read_from(op, 0, keyed);
    return op;
}

struct weir_stream *weir_process(struct weir_stream *keyed, const char *name,
                                 const struct weir_type *out, const struct weir_process *process,
                                 void *user)
{
    API_GIVEN("weir_process", keyed);
    API_GIVEN("weir_process", process);
    struct api_operator *op = add(keyed, name, &keyed_process_class, process, user);
    return api_output(keyed->env, op, 0, out, api_is_timestamped(keyed));
}

struct weir_stream *weir_process_two(struct weir_stream *first, struct weir_stream *second,
                                     const char *name, const struct weir_type *out,
                                     const struct weir_process *process, void *user)
{
    API_GIVEN("weir_process_two", first);
    API_GIVEN("weir_process_two", second);
    API_GIVEN("weir_process_two", process);
    struct api_operator *op = add(first, name, &keyed_process_class, process, user);
    struct process_params *params = op->params;
    struct key_spec *keys = params->core.keyed.keys;
    params->in[1] = second->type;
    if (!process->on_second)
        api_wrong(first->env, "'%s' has no function for records of its second input", op->name);
    if (api_key_of(second, op->name, &keys[1]))
        api_check_alike(first->env, op->name, &keys[0], &keys[1]);
    api_read_from(op, 1, second);
    return api_output(first->env, op, 0, out,
                      api_is_timestamped(first) && api_is_timestamped(second));
}

static void declare_maps(struct weir_env *env, const char *name, struct process_params *params,
                         const struct weir_broadcast_process *process)
{
    if (process->map_count == 0 || process->map_count > BROADCAST_STATES_MAX) {
        api_wrong(env, "'%s' has %u broadcast maps, expected 1 to %d", name, process->map_count,
                  BROADCAST_STATES_MAX);
        return;
    }
    if (!api_has_items(env, name, "broadcast maps", process->maps, process->map_count))
        return;
    struct broadcast_spec *maps = arena_take(&env->open->arena, process->map_count * sizeof *maps);
    for (uint32_t i = 0; i < process->map_count; i++)
        maps[i] =
            (struct broadcast_spec){ .name = api_name(env, name, "broadcast map", process->maps[i]),
                                     .value = { 1, 1 } };
    params->core.maps = maps;
    params->core.map_count = process->map_count;
    params->core.broadcast = on_rule;
}

struct weir_stream *weir_process_broadcast(struct weir_stream *keyed, struct weir_stream *rules,
                                           const char *name, const struct weir_type *out,
                                           const struct weir_broadcast_process *process, void *user)
{
    API_GIVEN("weir_process_broadcast", keyed);
    API_GIVEN("weir_process_broadcast", rules);
    API_GIVEN("weir_process_broadcast", process);
    struct api_operator *op = add(keyed, name, &broadcast_process_class, &process->process, user);
    struct process_params *params = op->params;
    params->in[BROADCAST_INPUT] = rules->type;
    params->on_rule = process->on_rule;
    if (!process->on_rule)
        api_wrong(keyed->env, "'%s' has no function for rules", op->name);
    declare_maps(keyed->env, op->name, params, process);
    api_read_from(op, BROADCAST_INPUT, weir_broadcast(rules));
    return api_output(keyed->env, op, 0, out,
                      api_is_timestamped(keyed) && api_is_timestamped(rules));
}
