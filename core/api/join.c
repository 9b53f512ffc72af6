/* SPDX-License-Identifier: Apache-2.0
 *
 * Joins of two streams that are keyed alike, by event time.
 */
#include "core/api/checks.h"
#include "core/api/context.h"
#include "core/exec/window_join.h"

struct join_params {
    union {
        struct interval_join_params interval;
        struct window_join_params window;
    } core; /* first: the class's */
    struct api_call call;
    const struct weir_type *in[JOIN_SIDES];
    weir_joining *join;
};

static void join(const void *context, struct operator* op, const struct join_record *left,
                 const struct join_record *right, int64_t timestamp)
{
    const struct join_params *params = context;
    struct weir_context ctx = context_of(op, &params->call, JOIN_LEFT),
                        other = context_of(op, &params->call, JOIN_RIGHT);
    struct weir_record one, two;
    operator_calls(op, "join");
    if (context_value(&ctx, params->in[JOIN_LEFT], left->payload, left->size, left->timestamp,
                      &one) &&
        context_value(&other, params->in[JOIN_RIGHT], right->payload, right->size, right->timestamp,
                      &two)) {
        ctx.timestamp = timestamp;
        params->join(&ctx, &one, &two, params->call.user);
    }
}

static struct api_operator *add(struct weir_stream *left, struct weir_stream *right,
                                const char *name, const struct operator_class *class,
                                weir_joining *function, void *user, struct key_spec *keys)
{
    struct weir_env *env = left->env;
    struct api_operator *op = api_add(env, name, class, sizeof(struct join_params));
    struct join_params *params = op->params;
    api_set_call(op, &params->call, user);
    op->keyed = op->gives_late = true;
    params->in[JOIN_LEFT] = left->type;
    params->in[JOIN_RIGHT] = right->type;
    params->join = function;
    if (!function)
        api_wrong(env, "'%s' has no function for pairs", op->name);
    if (api_check_event_time(left, op->name))
        api_check_event_time(right, op->name);
    if (api_fixed_key_of(left, op->name, &keys[JOIN_LEFT]) &&
        api_key_of(right, op->name, &keys[JOIN_RIGHT]))
        api_check_alike(env, op->name, &keys[JOIN_LEFT], &keys[JOIN_RIGHT]);
    op->state_bytes = keys[JOIN_LEFT].size + api_bytes_of(left->type) + keys[JOIN_RIGHT].size +
                      api_bytes_of(right->type);
    api_read_from(op, JOIN_LEFT, left);
    api_read_from(op, JOIN_RIGHT, right);
    return op;
}

struct weir_stream *weir_interval_join(struct weir_stream *left, struct weir_stream *right,
                                       const char *name, const struct weir_type *out,
                                       const struct weir_interval *interval, weir_joining *function,
                                       void *user)
{
    API_GIVEN("weir_interval_join", left);
    API_GIVEN("weir_interval_join", right);
    API_GIVEN("weir_interval_join", interval);
    struct key_spec keys[JOIN_SIDES] = { { 0 } };
    struct api_operator *op = add(left, right, name, &interval_join_class, function, user, keys);
    struct join_params *params = op->params;
    params->core.interval = (struct interval_join_params){
        .keys = { keys[JOIN_LEFT], keys[JOIN_RIGHT] },
        .payload_sizes = { left->type->size, right->type->size },
        .payloads = { api_serializer(left->type), api_serializer(right->type) },
        .lower = interval->lower_ms,
        .upper = interval->upper_ms,
        .lower_exclusive = interval->lower_exclusive,
        .upper_exclusive = interval->upper_exclusive,
        .join = join,
        .context = params,
    };
    if (interval->lower_ms > interval->upper_ms)
        api_wrong(left->env, "the interval of '%s' ends before it begins", op->name);
    return api_output(left->env, op, 0, out, true);
}

struct weir_stream *weir_window_join(struct weir_stream *left, struct weir_stream *right,
                                     const char *name, const struct weir_type *out,
                                     const struct weir_window *window, weir_joining *function,
                                     void *user)
{
    API_GIVEN("weir_window_join", left);
    API_GIVEN("weir_window_join", right);
    API_GIVEN("weir_window_join", window);
    struct key_spec keys[JOIN_SIDES] = { { 0 } };
    struct api_operator *op = add(left, right, name, &window_join_class, function, user, keys);
    struct join_params *params = op->params;
    params->core.window = (struct window_join_params){
        .keys = { keys[JOIN_LEFT], keys[JOIN_RIGHT] },
        .payload_sizes = { left->type->size, right->type->size },
        .payloads = { api_serializer(left->type), api_serializer(right->type) },
        .size = window->size_ms,
        .slide = window->slide_ms > 0 ? window->slide_ms : window->size_ms,
        .offset = window->offset_ms,
        .lateness = window->lateness_ms,
        .join = join,
        .context = params,
    };
    if (window->gap_ms != 0)
        api_wrong(left->env, "'%s' joins in sessions, expected windows of one size", op->name);
    else
        api_check_window(left->env, op->name, window);
    return api_output(left->env, op, 0, out, true);
}
