/* SPDX-License-Identifier: Apache-2.0
 *
 * A function with lists beside its records: what a subtask remembers without a key. Source: Flink's
 * CheckpointedFunction with ListState, and with union list state.
 */
#include "core/api/checks.h"
#include "core/api/context.h"
#include "core/base/text.h"
#include "core/exec/state_budget.h"

enum { LISTS_MAX = 32 };

struct lists_params {
    struct api_call call;
    const struct weir_type *in;
    struct weir_list_process process;
    const struct list_spec *specs;
};

struct lists {
    struct operator op;
    struct list_states states;
    bool is_restored, is_ready;
    int64_t watermark;
};

static const struct lists_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

/* Before the load, or the open without one. */
static void make_ready(struct lists *lists)
{
    const struct lists_params *params = params_of(&lists->op);
    if (!lists->is_ready)
        list_states_init(&lists->states, params->specs, params->process.list_count);
    lists->is_ready = true;
}

static struct weir_context context_with(struct lists *lists)
{
    struct weir_context ctx = context_of(&lists->op, &params_of(&lists->op)->call, 0);
    ctx.lists = &lists->states;
    ctx.watermark = lists->watermark;
    return ctx;
}

static void open(struct operator* op)
{
    struct lists *lists = (struct lists *)op;
    const struct lists_params *params = params_of(op);
    make_ready(lists);
    lists->watermark = WATERMARK_NONE;
    if (!params->process.on_begin)
        return;
    struct weir_context ctx = context_with(lists);
    operator_call_begins(op);
    operator_calls(op, "on_begin");
    params->process.on_begin(&ctx, lists->is_restored, params->call.user);
}

static void close(struct operator* op)
{
    list_states_fini(&((struct lists *)op)->states);
}

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    const struct lists_params *params = params_of(op);
    struct weir_context ctx = context_with((struct lists *)op);
    (void)input;
    operator_calls(op, "on_record");
    for (uint32_t i = 0; i < batch->count && !op->task->failed; i++) {
        struct weir_record record;
        if (!context_record(&ctx, params->in, batch, i, &record))
            break;
        params->process.on_record(&ctx, &record, params->call.user);
    }
}

static void on_watermark(struct operator* op, int64_t watermark)
{
    ((struct lists *)op)->watermark = watermark;
}

static void finish(struct operator* op)
{
    const struct lists_params *params = params_of(op);
    if (!params->process.on_end)
        return;
    struct weir_context ctx = context_with((struct lists *)op);
    operator_call_begins(op);
    operator_calls(op, "on_end");
    params->process.on_end(&ctx, params->call.user);
}

static void save(const struct operator* op, struct state_list *out)
{
    list_states_save(&((const struct lists *)op)->states, out);
}

static struct err load(struct operator* op, const struct state_list *in, struct note *note)
{
    struct lists *lists = (struct lists *)op;
    make_ready(lists);
    lists->is_restored = true;
    struct err e = list_states_load(&lists->states, in, note);
    return err_is(e) ? err_prefix(note, e, "%s", op->spec->name) : OK;
}

static bool size_of_state(const struct operator* op, uint32_t i, struct state_size *out)
{
    const struct list_states *states = &((const struct lists *)op)->states;
    if (i >= states->count)
        return false;
    *out = (struct state_size){ "list", states->items[i].spec->name,
                                list_state_bytes(&states->items[i]) };
    return true;
}

#define LISTS_CLASS(name_, mode)                                                                   \
    {                                                                                              \
        .name = name_, .size = sizeof(struct lists), .open = open, .close = close,                 \
        .process = process, .watermark = on_watermark, .finish = finish, .lists = mode,            \
        .save = save, .load = load, .size_of_state = size_of_state                                 \
    }
static const struct operator_class split_class = LISTS_CLASS("lists", OPERATOR_STATE_SPLIT);
static const struct operator_class union_class = LISTS_CLASS("union lists", OPERATOR_STATE_UNION);

struct list_state *context_list(struct weir_context *ctx, const char *name)
{
    bool is_named = context_is_named(ctx, name);
    struct list_state *list = is_named ? list_states_find(ctx->lists, name) : NULL;
    if (is_named && !list)
        weir_fail(ctx, "state '%s' was not declared", name);
    return list;
}

void context_list_add(struct weir_context *ctx, const char *name, const void *value)
{
    struct list_state *list = context_list(ctx, name);
    if (list && context_is_given(ctx, value, "a value", name) &&
        state_budget_allows(ctx->op->task, list->spec->size))
        state_list_add(&list->entries, value, list->spec->size);
}

static const struct list_spec *declare(struct weir_env *env, const char *name,
                                       const struct weir_list_process *process)
{
    struct list_spec *specs =
        arena_take(&env->open->arena, (process->list_count + 1) * sizeof *specs);
    for (uint32_t i = 0; i < process->list_count; i++) {
        const struct weir_list *list = &process->lists[i];
        const struct weir_type *type = api_value_type(env, name, list->type);
        specs[i] = (struct list_spec){ .name = api_name(env, name, "list", list->name),
                                       .size = type->size,
                                       .value = api_serializer(type) };
        if (type->size == 0 || type->encode)
            api_wrong(env,
                      "list '%s' of '%s' holds '%s', expected a type of fixed size that is its "
                      "own bytes",
                      specs[i].name, name, type->name);
        for (uint32_t k = 0; k < i; k++)
            if (text_equal(specs[k].name, specs[i].name))
                api_wrong(env, "'%s' has two lists '%s'", name, specs[i].name);
    }
    return specs;
}

struct weir_stream *weir_process_lists(struct weir_stream *in, const char *name,
                                       const struct weir_type *out,
                                       const struct weir_list_process *process, void *user)
{
    API_GIVEN("weir_process_lists", in);
    API_GIVEN("weir_process_lists", process);
    struct weir_env *env = in->env;
    struct api_operator *op = api_add(env, name, process->is_union ? &union_class : &split_class,
                                      sizeof(struct lists_params));
    struct lists_params *params = op->params;
    api_set_call(op, &params->call, user);
    params->in = in->type;
    params->process = *process;
    if (!process->on_record)
        api_wrong(env, "'%s' has no function for records", op->name);
    if (process->list_count == 0 || process->list_count > LISTS_MAX)
        api_wrong(env, "'%s' has %u lists, expected 1 to %d", op->name, process->list_count,
                  LISTS_MAX);
    else if (api_has_items(env, op->name, "lists", process->lists, process->list_count))
        params->specs = declare(env, op->name, process);
    api_read_from(op, 0, in);
    return api_output(env, op, 0, out, api_is_timestamped(in));
}
