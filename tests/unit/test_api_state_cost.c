/* SPDX-License-Identifier: Apache-2.0
 *
 * State without a key, which the virtual world knows of by weir_cost alone: broadcast maps, of
 * which each subtask has all, and lists.
 */
#include <check.h>
#include <stdio.h>

#include "sim/cli/command.h"
#include "tests/lib/build.h"
#include "tests/lib/command_line.h"

static const struct weir_cost per_subtask = { .state_per_subtask = 500 };

static void same(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    weir_emit(ctx, record->value);
}

static struct weir_stream *judged(void)
{
    static const char *const maps[] = { "rules" };
    const struct weir_broadcast_process rules = {
        .process = { .on_record = same }, .maps = maps, .map_count = 1, .on_rule = same
    };
    struct weir_stream *keyed = weir_key_by(build_pairs("in"), WEIR_FIELD_LONG(struct pair, key));
    return weir_process_broadcast(keyed, build_pairs("rules"), "judge", &pair_type, &rules, NULL);
}

static struct weir_stream *gathered(struct weir_stream *in)
{
    static const struct weir_list waiting = { "waiting", &pair_type };
    const struct weir_list_process lists = { .lists = &waiting,
                                             .list_count = 1,
                                             .on_record = same };
    return weir_process_lists(in, "gather", &pair_type, &lists, NULL);
}

START_TEST(the_model_is_told_of_state_without_a_key)
{
    struct job_graph *graph;
    struct note note;
    build_begin();
    for (int is_told = 0; is_told < 2; is_told++) {
        struct weir_stream *in = judged(), *out = gathered(in);
        if (is_told) {
            weir_cost(in, &per_subtask);
            weir_cost(out, &(struct weir_cost){ .state_per_subtask = 20 });
        }
        struct job_program *program = build_translated(&graph, &note);
        const struct program_hint *hint = &vec_last(&program->hints); /* of both, in a chain */
        ck_assert_double_eq(hint->state_per_subtask, is_told ? 500 + 20 : 0);
        ck_assert_int_eq(hint->keys, 1000);
        job_program_destroy(program);
        job_graph_destroy(graph);
    }
    build_end();
}
END_TEST

START_TEST(who_keeps_none_without_a_key_has_none)
{
    build_begin();
    weir_cost(weir_flat_map(build_pairs("in"), "map", &pair_type, same, NULL), &per_subtask);
    build_must_refuse("a cost of 'map' is state of each subtask, and it keeps none without a key");
    weir_cost(judged(), &(struct weir_cost){ .state_per_subtask = -1 });
    build_must_refuse("a cost of 'judge' is negative");
    weir_cost(judged(), &per_subtask);
    build_must_take();
    weir_cost(gathered(build_pairs("in")), &per_subtask);
    build_must_take();
    build_end();
}
END_TEST

/* 2,001 rules of 8 and 24 bytes in each subtask, and once 200 accounts, of 56 bytes. */
START_TEST(each_subtask_stores_all_of_its_broadcast_map)
{
    enum { RULES = 2001 * 32, ACCOUNTS = 200 * 56 };
    for (int subtasks = 1; subtasks <= 3; subtasks++) {
        char yaml[1000];
        int bytes = subtasks * RULES + ACCOUNTS;
        snprintf(yaml, sizeof yaml,
                 "name: broadcast\n"
                 "world: virtual\n"
                 "duration: 30s\n"
                 "cluster: { task-manager: { count: 3 } }\n"
                 "config: { parallelism.default: %d, execution.checkpointing.interval: 5s }\n"
                 "jobs: [ { program: rules, args: [ 200000 ] } ]\n"
                 "expect:\n"
                 "  - { name: all, metric: checkpoint_bytes, max: at least %d }\n"
                 "  - { name: no more, metric: checkpoint_bytes, max: at most %d }\n",
                 subtasks, bytes - 10, bytes);
        cli_begin();
        cli_put_file("broadcast.yaml", yaml);
        int code = cli_weir("run --quiet --no-plots --out @/run @/broadcast.yaml");
        ck_assert_msg(code == EXIT_HELD, "%d: %s%s", code, cli_out(), cli_errors());
        cli_end();
    }
}
END_TEST

Suite *test_api_state_cost_suite(void);
Suite *test_api_state_cost_suite(void)
{
    Suite *suite = suite_create("api state cost");
    TCase *tcase = tcase_create("state cost");
    tcase_add_test(tcase, the_model_is_told_of_state_without_a_key);
    tcase_add_test(tcase, who_keeps_none_without_a_key_has_none);
    tcase_add_test(tcase, each_subtask_stores_all_of_its_broadcast_map);
    suite_add_tcase(suite, tcase);
    return suite;
}
