/* SPDX-License-Identifier: Apache-2.0
 *
 * The source that makes its records from their numbers: a log whose records nobody stores.
 */
#include "core/api/checks.h"
#include "core/api/context.h"
#include "core/api/job_program.h"

/* Record i / n of split i % n is record i of the log; made where it is to lie, or in the room and
 * encoded from there. */
static void make(const void *context, uint32_t split, uint64_t from, uint32_t count, uint8_t *slots,
                 void **room)
{
    const struct generator_params *params = context;
    const struct weir_generator *spec = &params->spec;
    const struct weir_type *type = spec->type;
    uint32_t head = spec->timestamp ? RECORD_HEAD : 0;
    uint64_t index = from * params->log.splits + split;
    if (type->encode && !*room)
        *room = mem_create(type->memory);
    for (uint32_t i = 0; i < count; i++, index += params->log.splits) {
        void *value = type->encode ? *room : slots + head;
        memset(value, 0, type->encode ? type->memory : type->size);
        spec->make(index, value, params->user);
        if (spec->timestamp)
            *(int64_t *)(void *)slots = spec->timestamp(index, value, params->user);
        if (type->encode)
            type->encode(value, slots + head);
        slots += head + record_padded(type->size);
    }
}

struct weir_stream *weir_from_generator(struct weir_env *env, const char *name,
                                        const struct weir_generator *generator, void *user)
{
    API_GIVEN("weir_from_generator", env);
    API_GIVEN("weir_from_generator", generator);
    struct api_operator *op =
        api_add(env, name, &log_source_class, sizeof(struct generator_params));
    struct generator_params *params = op->params;
    const struct weir_type *type = api_type(env, op->name, generator->type);
    params->spec = *generator;
    params->spec.type = type;
    params->user = user;
    params->log = (struct log_source_params){ .make = make, .context = params };
    if (generator->timestamp)
        params->log.watermarks = api_watermarks(env, op->name, &generator->watermarks);
    op->generator = params;
    if (!generator->make)
        api_wrong(env, "'%s' has no function that makes records", op->name);
    if (type->size == 0)
        api_wrong(env, "'%s' makes records '%s', which vary in size, expected a fixed one",
                  op->name, type->name);
    if (!(generator->rate >= 0) || (generator->rate == 0 && generator->count == 0))
        api_wrong(env, "'%s' has neither a count nor a rate", op->name);
    if (generator->splits > SPLITS_MAX)
        api_wrong(env, "'%s' has %u splits, expected at most %d", op->name, generator->splits,
                  SPLITS_MAX);
    return api_output(env, op, 0, type, generator->timestamp != NULL);
}
