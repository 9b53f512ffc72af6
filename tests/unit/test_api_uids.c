/* SPDX-License-Identifier: Apache-2.0
 *
 * State is found by the uid of its operator, in whatever chain that was and is now: a job that was
 * stopped goes on in another shape. Generated ids, where there is no uid.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/api/job_program.h"
#include "core/base/text.h"
#include "tests/lib/book.h"
#include "tests/lib/exact_run.h"

/* One job is stopped before its input has ended, so that questions are open in its savepoint, from
 * which another begins. */
static struct err load(const char *world, const char *from, const char *to, const char *config,
                       struct scenario **scenario, struct note *note)
{
    char yaml[2000];
    text_format(yaml, sizeof yaml,
                "name: moved\n"
                "world: %s\n"
                "duration: 2 min\n"
                "cluster: { task-manager: { count: 2, slots: 2 } }\n"
                "config: { execution.checkpointing.interval: 2 s, restart-strategy.type: none,\n"
                "          parallelism.default: 1 }\n"
                "jobs:\n"
                "  - { program: moved, name: former, args: [%s, %s, former] }\n"
                "  - { program: moved, name: later, at: 14 s, args: [%s, %s, later],\n"
                "      config: { execution.state-recovery.path: savepoint of former%s } }\n"
                "events: [ { at: 11 s, stop-with-savepoint: former } ]\n",
                world, book_path(), from, book_path(), to, config);
    return scenario_load_text("moved.yaml", yaml, strlen(yaml), NULL, NULL, 0, scenario, note);
}

/* What both wrote. */
static const char *moved_with(const char *world, const char *from, const char *to,
                              const char *config)
{
    struct scenario *scenario = NULL;
    struct note note = { { 0 } };
    const struct simulation_settings settings = { .vouching = true };
    struct err e = load(world, from, to, config, &scenario, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    struct simulation *simulation = simulation_create(scenario, &settings);
    simulation_run(simulation, TIME_NEVER, NULL, NULL, NULL);
    simulation_destroy(simulation);
    scenario_destroy(scenario);
    return book_text();
}

static void must_tell(const char *told, const char *line)
{
    ck_assert_msg(strstr(told, line) != NULL, "expected '%s' in:\n%s", line, told);
}

static void must_go_on(const char *told)
{
    must_tell(told, "later: first has its own\n");
    must_tell(told, "later: second has its own\n");
    must_tell(told, "later: last all were counted\n");
    must_tell(told, "later: finished \n");
}

/* The source's place, open questions, lists, keyed state: each with its operator. */
START_TEST(state_follows_its_operator_into_another_chain)
{
    static const char *const shapes[] = { "plain", "swapped", "extra", "renamed", "apart" };
    must_go_on(moved_with("exact", "plain", shapes[_i], ""));
}
END_TEST

START_TEST(operators_that_were_apart_are_chained_with_their_state)
{
    must_go_on(moved_with("exact", "apart", "plain", ""));
    must_go_on(moved_with("exact", "renamed", "swapped", ""));
}
END_TEST

START_TEST(chaining_is_switched_off_for_a_job_with_state)
{
    must_go_on(
        moved_with("exact", "plain", "plain", ", pipeline.operator-chaining.enabled: false"));
}
END_TEST

/* Checkpoints.loadAndValidateCheckpoint: by operator, though its vertex is there. */
START_TEST(state_of_a_chained_operator_that_is_gone_is_refused_unless_it_may_be_ignored)
{
    const char *world = _i == 0 ? "exact" : "virtual";
    const char *told = moved_with(world, "plain", "without", "");
    must_tell(told, "later: failed ");
    ck_assert_ptr_null(strstr(told, "later: first"));
    book_end();
    book_begin();
    told = moved_with(world, "plain", "without",
                      ", execution.state-recovery.ignore-unclaimed-state: true");
    must_tell(told, "later: finished \n");
    ck_assert_ptr_null(strstr(told, "later: second"));
    if (_i == 0)
        must_tell(told, "later: first has its own\n");
}
END_TEST

/* One that is new begins as in a new job. */
START_TEST(an_operator_that_the_snapshot_does_not_know_begins_anew)
{
    const char *told = moved_with("exact", "without", "plain", "");
    must_tell(told, "later: first has its own\n");
    must_tell(told, "later: second begins\n");
    must_tell(told, "later: last all were counted\n");
}
END_TEST

START_TEST(the_virtual_world_takes_the_same_shapes)
{
    static const char *const shapes[] = { "plain", "swapped", "extra", "renamed", "apart" };
    must_tell(moved_with("virtual", "plain", shapes[_i], ""), "later: finished \n");
}
END_TEST

START_TEST(one_uid_on_two_operators_is_refused)
{
    struct scenario *scenario = NULL;
    struct note note = { { 0 } };
    ck_assert_int_eq(load("exact", "twice", "plain", "", &scenario, &note).code,
                     ERR_DUPLICATE_CODE);
    must_tell(note.text, "operators 'one' and 'two' have the same uid");
}
END_TEST

static struct api_job *submitted;

static struct err take(void *context, struct weir_env *from, struct api_job *job, uint32_t number,
                       struct note *note)
{
    (void)context, (void)from, (void)number, (void)note;
    submitted = job;
    return OK;
}

static enum weir_status finished(void *context, uint32_t number, struct note *failure)
{
    (void)context, (void)number, (void)failure;
    return WEIR_JOB_FINISHED;
}

static void make(uint64_t index, void *value, void *user)
{
    *(int64_t *)value = (int64_t)index;
    (void)user;
}

static void same(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    weir_emit(ctx, record->value);
}

/* Source, `first` with or without a uid, then `second`; id of the operator of this name. */
static uint64_t id_in(const char *shape, const char *name)
{
    static const struct weir_executor taker = { .submit = take, .status = finished };
    const struct weir_generator numbers = { .type = &weir_long, .count = 1, .make = make };
    const struct config config = config_default();
    struct weir_env *env = weir_env_create(&taker, NULL);
    struct job_graph *graph = job_graph_create("job", (struct job_id){ 0 }, &config);
    struct job_program *program;
    struct note note;
    uint64_t id = 0;
    struct weir_stream *in = weir_from_generator(env, "in", &numbers, NULL);
    in = weir_flat_map(in, "first", &weir_long, same, NULL);
    if (strchr(shape, 'u'))
        weir_uid(in, "uid");
    if (strchr(shape, 'x'))
        in = weir_flat_map(in, "extra", &weir_long, same, NULL);
    if (strchr(shape, 'a'))
        weir_disable_chaining(in);
    in = weir_flat_map(in, strchr(shape, 'n') ? "other" : "second", &weir_long, same, NULL);
    weir_discard(in, "out");
    weir_execute_async(env, "job");
    ck_assert(!err_is(job_program_translate(submitted, graph, &program, &note)));
    for (VEC_EACH(const struct job_vertex, vertex, &graph->vertices))
        for (uint32_t i = 0; i < vertex->operators.count; i++) {
            uint32_t v = (uint32_t)(vertex - graph->vertices.items);
            const struct job_operator *op = &vertex->operators.items[i];
            ck_assert_uint_eq(program->vertices.items[v].operators.items[i].id, op->id);
            id = text_equal(op->name, name) ? op->id : id;
        }
    job_program_destroy(program);
    job_graph_destroy(graph);
    weir_env_destroy(env);
    ck_assert_uint_ne(id, 0);
    return id;
}

/* StreamGraphHasherV2. Without a uid it depends on what is before it, and on what is chained to it,
 * not on its name; a sink is known by its own. */
START_TEST(an_operator_has_the_id_of_its_uid_or_of_its_place)
{
    ck_assert_uint_eq(id_in("u", "first"), id_in("uxa", "first"));
    ck_assert_uint_eq(id_in("", "first"), id_in("", "first"));
    ck_assert_uint_ne(id_in("", "first"), id_in("u", "first"));
    ck_assert_uint_ne(id_in("", "first"), id_in("", "second"));
    ck_assert_uint_eq(id_in("", "second"), id_in("n", "other"));
    ck_assert_uint_ne(id_in("", "second"), id_in("x", "second"));
    ck_assert_uint_ne(id_in("u", "second"), id_in("", "second"));
    ck_assert_uint_ne(id_in("", "first"), id_in("a", "first"));
    ck_assert_uint_eq(id_in("", "out"), id_in("uxan", "out"));
}
END_TEST

Suite *test_api_uids_suite(void);
Suite *test_api_uids_suite(void)
{
    Suite *suite = suite_create("api uids");
    TCase *moved = tcase_create("moved");
    tcase_set_timeout(moved, 60);
    tcase_add_checked_fixture(moved, book_begin, book_end);
    tcase_add_loop_test(moved, state_follows_its_operator_into_another_chain, 0, 5);
    tcase_add_test(moved, operators_that_were_apart_are_chained_with_their_state);
    tcase_add_test(moved, chaining_is_switched_off_for_a_job_with_state);
    tcase_add_loop_test(
        moved, state_of_a_chained_operator_that_is_gone_is_refused_unless_it_may_be_ignored, 0, 2);
    tcase_add_test(moved, an_operator_that_the_snapshot_does_not_know_begins_anew);
    tcase_add_loop_test(moved, the_virtual_world_takes_the_same_shapes, 0, 5);
    tcase_add_test(moved, one_uid_on_two_operators_is_refused);
    suite_add_tcase(suite, moved);
    TCase *ids = tcase_create("ids");
    tcase_add_test(ids, an_operator_has_the_id_of_its_uid_or_of_its_place);
    suite_add_tcase(suite, ids);
    return suite;
}
