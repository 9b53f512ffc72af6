/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs from the program's side. Whoever runs them stands behind weir_executor.
 */
#include "core/api/env.h"

struct weir_job *weir_execute_async(struct weir_env *env, const char *job_name)
{
    API_GIVEN("weir_execute_async", env);
    struct weir_job *job = mem_create(sizeof *job);
    struct api_job *built = env->open;
    built->name = mem_copy_text(job_name ? job_name : "job");
    *job = (struct weir_job){ .env = env,
                              .number = env->job_count++,
                              .name = mem_copy_text(built->name) };
    vec_push(&env->jobs, job);
    env->open = api_job_create();
    struct err e = env->executor->submit(env->context, env, built, job->number, &job->failure);
    job->refused = err_is(e);
    return job;
}

bool weir_execute(struct weir_env *env, const char *job_name)
{
    API_GIVEN("weir_execute", env);
    return weir_job_wait(weir_execute_async(env, job_name)) == WEIR_JOB_FINISHED;
}

enum weir_status weir_job_status(const struct weir_job *job)
{
    API_GIVEN("weir_job_status", job);
    if (job->refused)
        return WEIR_JOB_REFUSED;
    return job->env->executor->status(job->env->context, job->number,
                                      &((struct weir_job *)job)->failure);
}

enum weir_status weir_job_wait(struct weir_job *job)
{
    API_GIVEN("weir_job_wait", job);
    if (!job->refused)
        job->env->executor->wait(job->env->context, job->number);
    return weir_job_status(job);
}

const char *weir_job_failure(const struct weir_job *job)
{
    API_GIVEN("weir_job_failure", job);
    enum weir_status status = weir_job_status(job);
    return status == WEIR_JOB_FAILED || status == WEIR_JOB_REFUSED ? job->failure.text : "";
}

bool weir_job_cancel(struct weir_job *job)
{
    API_GIVEN("weir_job_cancel", job);
    return !job->refused && job->env->executor->cancel(job->env->context, job->number);
}

bool weir_job_savepoint(struct weir_job *job)
{
    API_GIVEN("weir_job_savepoint", job);
    return !job->refused &&
           job->env->executor->savepoint(job->env->context, job->number, false, false);
}

bool weir_job_stop(struct weir_job *job, bool drain)
{
    API_GIVEN("weir_job_stop", job);
    return !job->refused &&
           job->env->executor->savepoint(job->env->context, job->number, true, drain);
}

void weir_sleep(struct weir_env *env, int64_t ms)
{
    API_GIVEN("weir_sleep", env);
    if (ms > 0)
        env->executor->sleep(env->context, ms);
}

bool weir_is_planning(const struct weir_env *env)
{
    API_GIVEN("weir_is_planning", env);
    return env->executor->is_planning;
}
