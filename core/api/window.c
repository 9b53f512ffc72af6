/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows of event time over keyed streams: tumbling, sliding, sessions.
 */
#include "core/api/checks.h"
#include "core/api/context.h"
#include "core/exec/session_window.h"

struct aggregate_params {
    union {
        struct window_params window;
        struct session_window_params session;
    } core; /* first: the class's */
    struct api_call call;
    const struct weir_type *in;
    struct weir_aggregate aggregate;
    uint32_t key_size;
};

static void add(const void *context, struct operator* op, const struct batch *batch, uint32_t i,
                void *value)
{
    const struct aggregate_params *params = context;
    struct weir_context ctx = context_of(op, &params->call, 0);
    struct weir_record record;
    operator_calls(op, "add");
    if (context_record(&ctx, params->in, batch, i, &record))
        params->aggregate.add(&ctx, &record, value, params->call.user);
}

static void give(const void *context, struct operator* op, const uint8_t *key, int64_t start,
                 int64_t end, const void *value)
{
    const struct aggregate_params *params = context;
    struct weir_context ctx = context_of(op, &params->call, 0);
    struct weir_pane pane = { key, params->key_size, start, end };
    ctx.timestamp = end - 1;
    operator_call_begins(op);
    operator_calls(op, "give");
    params->aggregate.give(&ctx, &pane, value, params->call.user);
}

static void merge(const void *context, void *into, const void *from)
{
    ((const struct aggregate_params *)context)->aggregate.merge(into, from);
}

struct weir_stream *weir_aggregate(struct weir_stream *keyed, const char *name,
                                   const struct weir_type *out, const struct weir_window *window,
                                   const struct weir_aggregate *aggregate, void *user)
{
    API_GIVEN("weir_aggregate", keyed);
    API_GIVEN("weir_aggregate", window);
    API_GIVEN("weir_aggregate", aggregate);
    struct weir_env *env = keyed->env;
    bool is_session = window->gap_ms > 0;
    struct api_operator *op = api_add(env, name, is_session ? &session_window_class : &window_class,
                                      sizeof(struct aggregate_params));
    struct aggregate_params *params = op->params;
    struct key_spec key;
    api_set_call(op, &params->call, user);
    op->keyed = op->gives_late = true;
    params->in = keyed->type;
    params->aggregate = *aggregate;
    const struct weir_type *value = api_value_type(env, op->name, aggregate->value);
    if (!aggregate->add || !aggregate->give)
        api_wrong(env, "'%s' has no function that adds to a window, or none that gives it out",
                  op->name);
    api_check_window(env, op->name, window);
    api_check_event_time(keyed, op->name);
    api_fixed_key_of(keyed, op->name, &key);
    params->key_size = key.size;
    op->state_bytes = key.size + value->size;
    if (value->size == 0 || value->encode)
        api_wrong(env,
                  "windows of '%s' hold '%s', expected a type of fixed size that is its own "
                  "bytes",
                  op->name, value->name);
    if (is_session && !aggregate->merge)
        api_wrong(env, "sessions of '%s' grow together, and have no function for it: merge",
                  op->name);
    if (is_session)
        params->core.session = (struct session_window_params){
            key,   window->gap_ms, window->lateness_ms,  value->size, add, give,
            merge, params,         api_serializer(value)
        };
    else
        params->core.window = (struct window_params){
            .key = key,
            .size = window->size_ms,
            .slide = window->slide_ms > 0 ? window->slide_ms : window->size_ms,
            .offset = window->offset_ms,
            .lateness = window->lateness_ms,
            .value_size = value->size,
            .value = api_serializer(value),
            .add = add,
            .give = give,
            .context = params,
        };
    api_read_from(op, 0, keyed);
    return api_output(env, op, 0, out, true);
}
