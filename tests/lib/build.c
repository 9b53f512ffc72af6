/* SPDX-License-Identifier: Apache-2.0
 *
 * An executor that takes jobs and runs none.
 */
#include "tests/lib/build.h"

#include <check.h>

const struct weir_type pair_type = WEIR_STRUCT(struct pair, 1);

static struct weir_env *env;
static struct api_job *submitted;

static struct err take(void *context, struct weir_env *from, struct api_job *job, uint32_t number,
                       struct note *note)
{
    (void)context;
    (void)from;
    (void)number;
    (void)note;
    submitted = job;
    return OK;
}

static enum weir_status finished(void *context, uint32_t number, struct note *failure)
{
    (void)context;
    (void)number;
    (void)failure;
    return WEIR_JOB_FINISHED;
}

static const struct weir_executor taker = { .submit = take, .status = finished };

struct weir_env *build_begin(void)
{
    env = weir_env_create(&taker, NULL);
    submitted = NULL;
    return env;
}

void build_end(void)
{
    weir_env_destroy(env);
}

void build_make_pair(uint64_t index, void *value, void *user)
{
    *(struct pair *)value = (struct pair){ (int64_t)(index % 7), (int64_t)index };
    (void)user;
}

struct weir_stream *build_pairs(const char *name)
{
    struct weir_generator spec = { .type = &pair_type, .count = 10, .make = build_make_pair };
    return weir_from_generator(env, name, &spec, NULL);
}

void build_same(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    weir_emit(ctx, record->value);
}

void build_add_up(struct weir_context *ctx, const struct weir_record *record, bool is_new,
                  void *value, void *user)
{
    const struct pair *pair = record->value;
    (void)ctx, (void)is_new, (void)user;
    ((struct pair *)value)->value += pair->value;
}

struct api_job *build_submitted(void)
{
    return submitted;
}

struct job_program *build_translated(struct job_graph **graph, struct note *note)
{
    struct config config = config_default();
    struct job_program *program = NULL;
    weir_execute_async(env, "job");
    *graph = job_graph_create("job", (struct job_id){ 0 }, &config);
    return err_is(job_program_translate(submitted, *graph, &program, note)) ? NULL : program;
}

void build_must_refuse(const char *words)
{
    struct job_graph *graph;
    struct note note = { { 0 } };
    struct job_program *program = build_translated(&graph, &note);
    ck_assert_ptr_null(program);
    ck_assert_str_eq(note.text, words);
    job_graph_destroy(graph);
}

void build_must_take(void)
{
    struct job_graph *graph;
    struct note note = { { 0 } };
    struct job_program *program = build_translated(&graph, &note);
    ck_assert_msg(program, "%s", note.text);
    job_program_destroy(program);
    job_graph_destroy(graph);
}
