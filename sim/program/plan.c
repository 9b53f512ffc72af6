/* SPDX-License-Identifier: Apache-2.0
 *
 * The executor that executes nothing.
 */
#include "sim/program/plan.h"

#include "core/base/text.h"
#include "sim/kernel/guard.h"

static struct err submit(void *context, struct weir_env *env, struct api_job *job, uint32_t number,
                         struct note *note)
{
    struct plan *plan = context;
    (void)number;
    (void)note;
    vec_push(&plan->jobs, (struct planned_job){ .built = job });
    for (VEC_EACH(const struct weir_setting, setting, &env->settings))
        vec_push(
            &vec_last(&plan->jobs).settings,
            (struct weir_setting){ mem_copy_text(setting->key), mem_copy_text(setting->value) });
    return OK;
}

static enum weir_status status(void *context, uint32_t number, struct note *failure)
{
    (void)context;
    (void)number;
    (void)failure;
    return WEIR_JOB_FINISHED;
}

static void wait(void *context, uint32_t number)
{
    (void)context;
    (void)number;
}

static bool cancel(void *context, uint32_t number)
{
    (void)context;
    (void)number;
    return true;
}

static bool savepoint(void *context, uint32_t number, bool stop, bool drain)
{
    (void)context;
    (void)number;
    (void)stop;
    (void)drain;
    return true;
}

static void sleep_not(void *context, int64_t ms)
{
    (void)context;
    (void)ms;
}

static bool collected(void *context, uint32_t number, const char *sink,
                      struct collection_cursor *cursor, const void **bytes, uint32_t *size)
{
    (void)context, (void)number, (void)sink, (void)cursor, (void)bytes, (void)size;
    return false;
}

static const struct weir_executor planner = { .submit = submit,
                                              .status = status,
                                              .wait = wait,
                                              .cancel = cancel,
                                              .savepoint = savepoint,
                                              .sleep = sleep_not,
                                              .collected = collected,
                                              .is_planning = true };

/* A call of main that may not come back: then this is its own for ever. */
struct planning {
    struct plan plan;
    weir_program *program;
    int argc, code;
    char **argv;
    struct weir_env *env;
};

static void put_main(const void *context, struct note *who)
{
    text_format(who->text, sizeof who->text, "main, asked for its plan,");
    (void)context;
}

static void call_main(void *context)
{
    struct planning *planning = context;
    guard_enter(put_main, planning);
    planning->code = planning->program(planning->env, planning->argc, planning->argv);
    guard_leave();
}

struct err plan_make(weir_program *program, int argc, char **argv, time_ns cpu_max,
                     struct plan *out, struct note *note)
{
    struct planning *planning = mem_create(sizeof *planning);
    *planning = (struct planning){ .program = program, .argc = argc, .argv = argv };
    planning->env = weir_env_create(&planner, &planning->plan);
    TRY(guard_run(call_main, planning, &(struct guard_limits){ .cpu_max = cpu_max }, note));
    int code = planning->code;
    *out = planning->plan;
    weir_env_destroy(planning->env);
    mem_destroy(planning);
    if (code == 0 && out->jobs.count > 0)
        return OK;
    plan_fini(out);
    if (code != 0)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "found a program whose main gives back %d, expected 0", code);
    return err_note(note, ERR_BAD_VALUE_CODE,
                    "found a program that executes no job, expected some: weir_execute");
}

void plan_fini(struct plan *plan)
{
    for (VEC_EACH(struct planned_job, job, &plan->jobs)) {
        api_job_destroy(job->built);
        for (VEC_EACH(struct weir_setting, setting, &job->settings)) {
            mem_destroy(setting->key);
            mem_destroy(setting->value);
        }
        vec_fini(&job->settings);
    }
    vec_fini(&plan->jobs);
}
