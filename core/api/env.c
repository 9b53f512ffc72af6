/* SPDX-License-Identifier: Apache-2.0
 *
 * The environment, and what all builders share.
 */
#include "core/api/env.h"

#include <stdarg.h>

#include "core/api/checks.h"
#include "core/base/misuse.h"
#include "core/base/text.h"
#include "core/exec/user_state.h"

const struct weir_type weir_long = { .name = "long", .size = 8, .version = 1 };
const struct weir_type weir_int = { .name = "int", .size = 4, .version = 1 };
const struct weir_type weir_double = { .name = "double", .size = 8, .version = 1 };
const struct weir_type weir_text = { .name = "text", .version = 1 };

uint32_t weir_abi(void)
{
    return WEIR_ABI;
}

struct api_job *api_job_create(void)
{
    struct api_job *job = mem_create(sizeof *job);
    arena_init(&job->arena);
    return job;
}

void api_job_destroy(struct api_job *job)
{
    if (!job)
        return;
    for (VEC_EACH(struct api_operator *, op, &job->operators)) {
        vec_fini(&(*op)->inputs);
        vec_fini(&(*op)->outputs);
    }
    for (VEC_EACH(struct weir_stream *, stream, &job->streams))
        vec_fini(&(*stream)->parts);
    vec_fini(&job->operators);
    vec_fini(&job->streams);
    arena_fini(&job->arena);
    mem_destroy(job->name);
    mem_destroy(job);
}

struct weir_env *weir_env_create(const struct weir_executor *executor, void *context)
{
    struct weir_env *env = mem_create(sizeof *env);
    env->executor = executor;
    env->context = context;
    env->open = api_job_create();
    return env;
}

void weir_env_destroy(struct weir_env *env)
{
    if (!env)
        return;
    api_job_destroy(env->open);
    for (VEC_EACH(struct weir_job *, job, &env->jobs)) {
        mem_destroy((*job)->name);
        mem_destroy(*job);
    }
    for (VEC_EACH(struct weir_setting, setting, &env->settings)) {
        mem_destroy(setting->key);
        mem_destroy(setting->value);
    }
    for (VEC_EACH(struct weir_results *, results, &env->results))
        api_results_destroy(*results);
    vec_fini(&env->results);
    vec_fini(&env->jobs);
    vec_fini(&env->settings);
    mem_destroy(env);
}

void api_wrong(struct weir_env *env, const char *fmt, ...)
{
    struct note *note = &env->open->wrong;
    va_list args;
    if (note->text[0] != '\0')
        return;
    va_start(args, fmt);
    text_format_args(note->text, sizeof note->text, fmt, args);
    va_end(args);
}

struct api_operator *api_add(struct weir_env *env, const char *name,
                             const struct operator_class *class, size_t params_size)
{
    struct api_job *job = env->open;
    struct api_operator *op = arena_take(&job->arena, sizeof *op);
    op->number = (uint32_t)job->operators.count;
    op->class = class;
    op->params = arena_take(&job->arena, params_size);
    op->parallelism = op->max_parallelism = PARALLELISM_UNSET;
    op->name = arena_copy_text(&job->arena, name ? name : "");
    if (op->name[0] == '\0')
        api_wrong(env, "operator %u has no name", op->number + 1);
    for (VEC_EACH(struct api_operator *, other, &job->operators))
        if (text_equal((*other)->name, op->name))
            api_wrong(env, "two operators have the name '%s'", op->name);
    vec_push(&job->operators, op);
    return op;
}

static struct weir_stream *stream_create(struct weir_env *env, const struct weir_type *type)
{
    struct weir_stream *stream = arena_take(&env->open->arena, sizeof *stream);
    stream->env = env;
    stream->job = env->job_count;
    stream->type = type;
    vec_push(&env->open->streams, stream);
    return stream;
}

void api_read_from(struct api_operator *reader, uint32_t input, const struct weir_stream *from)
{
    if (from->job != from->env->job_count) {
        api_wrong(from->env, "'%s' reads a stream of a job that was executed before", reader->name);
        return;
    }
    for (VEC_EACH(const struct api_part, part, &from->parts))
        vec_push(&reader->inputs, (struct api_input){ *part, input });
}

struct weir_stream *api_output(struct weir_env *env, struct api_operator *of, uint32_t output,
                               const struct weir_type *type, bool timestamped)
{
    type = api_type(env, of->name, type);
    struct weir_stream *stream = stream_create(env, type);
    if (of->outputs.count <= output)
        vec_resize(&of->outputs, output + 1);
    of->outputs.items[output] = (struct api_output){ type, timestamped };
    vec_push(&stream->parts, (struct api_part){ .from = of, .output = output });
    return stream;
}

bool api_is_timestamped(const struct weir_stream *stream)
{
    const struct api_part *part = &stream->parts.items[0];
    return part->from->outputs.items[part->output].timestamped;
}

bool api_key_of(const struct weir_stream *stream, const char *reader, struct key_spec *key)
{
    const struct api_part *part = &stream->parts.items[0];
    *key = part->route.key;
    if (part->is_dealt && part->partitioner == PARTITION_HASH)
        return true;
    api_wrong(stream->env, "'%s' keeps state by key, and its input is not keyed: weir_key_by",
              reader);
    return false;
}

void *api_copy(struct weir_env *env, const void *bytes, size_t size)
{
    void *copy = arena_take(&env->open->arena, size);
    memcpy(copy, bytes, size);
    return copy;
}

void api_reduce_value(const void *context, void *into, const void *value)
{
    void (*const *reduce)(void *into, const void *value) = context;
    (*reduce)(into, value);
}

struct weir_stream *api_dealt(const struct weir_stream *in, enum partitioner partitioner,
                              struct record_route route)
{
    struct weir_stream *stream = stream_create(in->env, in->type);
    for (VEC_EACH(const struct api_part, part, &in->parts)) {
        struct api_part own = *part;
        own.is_dealt = true;
        own.partitioner = partitioner;
        own.route = route;
        vec_push(&stream->parts, own);
    }
    return stream;
}

static struct weir_stream *dealt_plainly(const struct weir_stream *in, enum partitioner partitioner)
{
    return api_dealt(in, partitioner, (struct record_route){ 0 });
}

struct weir_stream *weir_forward(struct weir_stream *in)
{
    API_GIVEN("weir_forward", in);
    return dealt_plainly(in, PARTITION_FORWARD);
}

struct weir_stream *weir_rescale(struct weir_stream *in)
{
    API_GIVEN("weir_rescale", in);
    return dealt_plainly(in, PARTITION_RESCALE);
}

struct weir_stream *weir_rebalance(struct weir_stream *in)
{
    API_GIVEN("weir_rebalance", in);
    return dealt_plainly(in, PARTITION_REBALANCE);
}

struct weir_stream *weir_broadcast(struct weir_stream *in)
{
    API_GIVEN("weir_broadcast", in);
    return dealt_plainly(in, PARTITION_BROADCAST);
}

/* With a map's own key behind it, or what timers and windows put before it, it is one of a table.
 */
enum { KEY_BYTES_MAX = STATE_KEY_MAX - USER_MAP_KEY_MAX };

/* Does the key lie within each record, at a place where it can be read? */
static void check_key(const struct weir_stream *in, struct weir_key key)
{
    uint32_t expected = key.kind == WEIR_KEY_LONG ? 8 : 4;
    uint32_t all = in->type->size;
    bool is_number = key.kind == WEIR_KEY_LONG || key.kind == WEIR_KEY_INT;
    if (!is_number && key.kind != WEIR_KEY_TEXT)
        api_wrong(in->env, "a key of a kind %d, which there is none of", (int)key.kind);
    else if (key.size > KEY_BYTES_MAX)
        api_wrong(in->env, "a key of %u bytes, expected at most %d", key.size, KEY_BYTES_MAX);
    else if (key.size == 0 && (is_number || all != 0 || key.offset != 0))
        api_wrong(in->env, "a key of size 0 is a whole text, and records are '%s'", in->type->name);
    else if (is_number && key.size != expected)
        api_wrong(in->env, "a number of %u bytes is no key, expected %u", key.size, expected);
    else if (key.size > 0 && all == 0)
        api_wrong(in->env,
                  "a key of %u bytes at %u of records '%s', whose size varies: expected records of "
                  "fixed size, or the whole text",
                  key.size, key.offset, in->type->name);
    else if (key.size > 0 && (key.offset > all || key.size > all - key.offset))
        api_wrong(in->env, "a key of %u bytes at %u lies outside of records '%s' of %u", key.size,
                  key.offset, in->type->name, all);
}

struct weir_stream *weir_key_by(struct weir_stream *in, struct weir_key key)
{
    API_GIVEN("weir_key_by", in);
    enum key_hash hash = key.kind == WEIR_KEY_LONG  ? KEY_HASH_LONG
                         : key.kind == WEIR_KEY_INT ? KEY_HASH_INTEGER
                                                    : KEY_HASH_TEXT;
    check_key(in, key);
    struct key_spec spec = { hash, key.offset, key.size };
    return api_dealt(in, PARTITION_HASH, (struct record_route){ .key = spec });
}

struct weir_stream *weir_union(struct weir_stream *const *streams, size_t count)
{
    if (!streams || count == 0)
        program_misused("weir_union of no streams");
    for (size_t i = 0; i < count; i++)
        if (!streams[i])
            program_misused("weir_union with null in the place of a stream");
    struct weir_stream *all = stream_create(streams[0]->env, streams[0]->type);
    for (size_t i = 0; i < count; i++) {
        if (streams[i]->type != all->type ||
            api_is_timestamped(streams[i]) != api_is_timestamped(streams[0]))
            api_wrong(all->env,
                      "a union of '%s' and '%s': streams must be of one type, and all "
                      "with timestamps or none",
                      all->type->name, streams[i]->type->name);
        for (VEC_EACH(const struct api_part, part, &streams[i]->parts))
            vec_push(&all->parts, *part);
    }
    return all;
}

/* Of what goes there without a function's doing; null: nothing does. */
static const struct weir_type *late_type(const struct api_operator *op, uint32_t output)
{
    for (VEC_EACH(const struct api_input, input, &op->inputs))
        if (op->gives_late && input->input + WEIR_LATE == output)
            return input->part.from->outputs.items[input->part.output].type;
    return NULL;
}

struct weir_stream *weir_side_output(struct weir_stream *of, uint32_t output,
                                     const struct weir_type *type)
{
    API_GIVEN("weir_side_output", of);
    struct api_operator *op = of->parts.items[0].from;
    if (of->parts.count != 1 || output == 0 || output >= OPERATOR_OUTPUTS_MAX) {
        api_wrong(of->env, "side output %u of '%s', expected 1 to %d", output, op->name,
                  OPERATOR_OUTPUTS_MAX - 1);
        return of;
    }
    type = api_type(of->env, op->name, type);
    const struct weir_type *before =
        output < op->outputs.count ? op->outputs.items[output].type : NULL;
    if (before && !api_is_same_type(before, type))
        api_wrong(of->env, "side output %u of '%s' is '%s', and was '%s' before", output, op->name,
                  type->name, before->name);
    const struct weir_type *late = late_type(op, output);
    if (late && !api_is_same_type(late, type))
        api_wrong(of->env, "side output %u of '%s' is '%s', and takes late records '%s'", output,
                  op->name, type->name, late->name);
    return api_output(of->env, op, output, type, api_is_timestamped(of));
}
