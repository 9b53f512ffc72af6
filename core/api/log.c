/* SPDX-License-Identifier: Apache-2.0
 *
 * The source of a log on disk: a generator whose records are lines of files, a file for each split.
 * How many there are is known when the world has seen the files.
 */
#include "core/api/checks.h"
#include "core/api/job_program.h"

/* Null: the partition has not so many lines, and its turn is passed over. */
static const void *record(const void *context, uint32_t split, uint64_t offset, uint32_t *size,
                          int64_t *timestamp)
{
    const struct generator_params *params = context;
    const struct api_log *log = params->lines;
    const void *line = log->port->line(log->port->context, log->files[split], offset, size);
    *timestamp = TIMESTAMP_NONE;
    if (line && log->timestamp)
        *timestamp =
            log->timestamp(&(struct weir_record){ line, *size, WEIR_NO_TIME }, params->user);
    return line;
}

struct weir_stream *weir_from_log(struct weir_env *env, const char *name,
                                  const struct weir_log *log, void *user)
{
    API_GIVEN("weir_from_log", env);
    API_GIVEN("weir_from_log", log);
    struct arena *arena = &env->open->arena;
    struct api_operator *op =
        api_add(env, name, &log_source_class, sizeof(struct generator_params));
    struct generator_params *params = op->params;
    struct api_log *lines = arena_take(arena, sizeof *lines);
    uint32_t count = log->path_count;
    char **paths = api_paths(env, op->name, log->paths, &count);
    *lines = (struct api_log){ .name = op->name,
                               .paths = paths,
                               .path_count = count,
                               .files = arena_take(arena, (count + 1) * sizeof *lines->files),
                               .timestamp = log->timestamp };
    params->user = user;
    params->spec =
        (struct weir_generator){ .type = &weir_text, .rate = log->rate, .splits = count };
    params->log = (struct log_source_params){ .record = record, .context = params };
    if (log->timestamp)
        params->log.watermarks = api_watermarks(env, op->name, &log->watermarks);
    params->lines = lines;
    op->generator = params;
    if (count == 0 || count > SPLITS_MAX)
        api_wrong(env, "'%s' reads a log of %u files, expected 1 to %d", op->name, count,
                  SPLITS_MAX);
    if (!(log->rate >= 0))
        api_wrong(env, "'%s' reads a log that fills at a negative rate", op->name);
    return api_output(env, op, 0, &weir_text, log->timestamp != NULL);
}
