/* SPDX-License-Identifier: Apache-2.0
 *
 * Results for main: a sink of files that nobody names, and whoever reads them. Source: Flink's
 * CollectSinkFunction, CollectResultIterator, DataStream.executeAndCollect.
 */
#include "core/api/context.h"
#include "core/api/job_program.h"
#include "core/base/misuse.h"

struct weir_results {
    struct weir_env *env;
    uint32_t number; /* of the job */
    char *sink;
    const struct weir_type *type;
    struct collection_cursor cursor;
    void *room; /* the last value that is not its own bytes */
};

enum { FETCH_MS = 100 }; /* CollectResultFetcher.DEFAULT_RETRY_MILLIS */

struct weir_results *weir_collect(struct weir_stream *in, const char *name)
{
    API_GIVEN("weir_collect", in);
    struct weir_env *env = in->env;
    struct api_operator *op = api_add(env, name, &file_sink_class, sizeof(struct api_sink));
    struct api_sink *sink = op->params;
    struct weir_results *results = mem_create(sizeof *results);
    *sink = (struct api_sink){ .name = op->name, .type = in->type, .is_collected = true };
    sink->core.files =
        (struct file_sink_params){ .encode = collection_encode, .port = &sink->port };
    op->sink = sink;
    api_read_from(op, 0, in);
    *results = (struct weir_results){
        .env = env, .number = env->job_count, .sink = mem_copy_text(op->name), .type = in->type
    };
    vec_push(&env->results, results);
    return results;
}

void api_results_destroy(struct weir_results *results)
{
    mem_destroy(results->sink);
    mem_destroy(results->room);
    mem_destroy(results);
}

struct weir_results *weir_execute_and_collect(struct weir_stream *in, const char *job_name)
{
    API_GIVEN("weir_execute_and_collect", in);
    struct weir_results *results = weir_collect(in, "collect");
    weir_execute_async(in->env, job_name);
    return results;
}

struct weir_job *weir_results_job(struct weir_results *results)
{
    API_GIVEN("weir_results_job", results);
    const struct weir_env *env = results->env;
    return results->number < env->jobs.count ? env->jobs.items[results->number] : NULL;
}

static bool goes_on(const struct weir_job *job)
{
    enum weir_status status = weir_job_status(job);
    return status == WEIR_JOB_CREATED || status == WEIR_JOB_RUNNING;
}

bool weir_next_result(struct weir_results *results, struct weir_record *record)
{
    if (!results)
        program_misused("weir_next_result of no results");
    if (!record)
        program_misused("weir_next_result without a place for it");
    struct weir_env *env = results->env;
    const struct weir_job *job = weir_results_job(results);
    const struct weir_type *type = results->type;
    const void *bytes;
    uint32_t size;
    while (job) {
        bool more_may_come = goes_on(job); /* looked at first: its end brings the last ones */
        if (env->executor->collected(env->context, job->number, results->sink, &results->cursor,
                                     &bytes, &size)) {
            *record = (struct weir_record){ api_value_of(type, bytes, size, &results->room),
                                            type->decode ? type->memory : size, WEIR_NO_TIME };
            return record->value != NULL;
        }
        if (!more_may_come)
            break;
        env->executor->sleep(env->context, FETCH_MS);
    }
    return false;
}
