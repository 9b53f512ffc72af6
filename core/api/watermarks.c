/* SPDX-License-Identifier: Apache-2.0
 *
 * Event time: given to records that have none, and the watermarks that follow it.
 */
#include "core/api/checks.h"
#include "core/api/context.h"
#include "core/exec/assign_watermarks.h"

enum { INTERVAL_DEFAULT_MS = 200, ALIGNMENT_DEFAULT_MS = 1000 };

struct assign_params {
    struct assign_watermarks_params core; /* first: the class's */
    int64_t (*timestamp)(const struct weir_record *record, void *user);
    void *user;
};

const struct watermark_strategy *api_watermarks(struct weir_env *env, const char *name,
                                                const struct weir_watermarks *watermarks)
{
    int64_t interval = watermarks->interval_ms > 0 ? watermarks->interval_ms : INTERVAL_DEFAULT_MS;
    struct watermark_strategy strategy = { .out_of_orderness = watermarks->late_ms,
                                           .interval = api_ns(interval),
                                           .idle_after = api_ns(watermarks->idle_ms) };
    if (watermarks->late_ms < 0 || watermarks->interval_ms < 0 || watermarks->idle_ms < 0)
        api_wrong(env, "the watermarks of '%s' have a negative time", name);
    return api_copy(env, &strategy, sizeof strategy);
}

static int64_t timestamp_of(const void *context, const void *payload, uint32_t size)
{
    const struct assign_params *params = context;
    struct weir_record record = { payload, size, WEIR_NO_TIME };
    return params->timestamp(&record, params->user);
}

struct weir_stream *weir_align_watermarks(struct weir_stream *of, const char *group,
                                          int64_t drift_ms, int64_t interval_ms)
{
    API_GIVEN("weir_align_watermarks", of);
    struct weir_env *env = of->env;
    struct api_operator *op = of->parts.items[0].from;
    int64_t interval = interval_ms > 0 ? interval_ms : ALIGNMENT_DEFAULT_MS;
    struct watermark_alignment alignment = { .group = arena_copy_text(&env->open->arena,
                                                                      group ? group : ""),
                                             .drift_max = drift_ms,
                                             .interval = api_ns(interval) };
    if (of->parts.count != 1 || !op->generator || !api_is_timestamped(of))
        api_wrong(env, "'%s' aligns watermarks, and is no source with timestamps", op->name);
    if (drift_ms < 0 || interval_ms < 0 || alignment.group[0] == '\0')
        api_wrong(env, "the alignment of '%s' needs a group, and times that are not negative",
                  op->name);
    op->alignment = api_copy(env, &alignment, sizeof alignment);
    return of;
}

struct weir_stream *weir_assign_watermarks(
    struct weir_stream *in, const char *name, const struct weir_watermarks *watermarks,
    int64_t (*timestamp)(const struct weir_record *record, void *user), void *user)
{
    API_GIVEN("weir_assign_watermarks", in);
    API_GIVEN("weir_assign_watermarks", watermarks);
    struct api_operator *op =
        api_add(in->env, name, &assign_watermarks_class, sizeof(struct assign_params));
    struct assign_params *params = op->params;
    params->timestamp = timestamp;
    params->user = user;
    params->core = (struct assign_watermarks_params){
        .strategy = *api_watermarks(in->env, op->name, watermarks),
        .timestamp = timestamp ? timestamp_of : NULL,
        .context = params,
    };
    if (!timestamp)
        api_check_event_time(in, op->name);
    if (in->type->encode)
        api_wrong(in->env, "'%s' reads times of '%s', expected a type that is its own bytes",
                  op->name, in->type->name);
    api_read_from(op, 0, in);
    return api_output(in->env, op, 0, in->type, true);
}
