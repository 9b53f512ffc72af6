/* SPDX-License-Identifier: Apache-2.0
 *
 * What the virtual world is told of a program: what its operators cost, what state they keep, what
 * its sinks write. State without a key it knows by weir_cost alone: broadcast maps, of which each
 * subtask has all, and lists.
 */
#include <check.h>
#include <stdio.h>

#include "sim/cli/command.h"
#include "tests/lib/build.h"
#include "tests/lib/command_line.h"

static const struct weir_cost per_subtask = { .state_per_subtask = 500 };

static void begin(void)
{
    build_begin();
}

START_TEST(the_model_is_told_what_a_chain_costs)
{
    struct job_graph *graph;
    struct note note;
    struct weir_stream *in = weir_cost(build_pairs("in"), &(struct weir_cost){ .cpu_ns = 100 });
    struct weir_stream *map = weir_flat_map(in, "map", &pair_type, build_same, NULL);
    weir_cost(map, &(struct weir_cost){ .cpu_ns = 200, .wait_ns = 50, .selectivity = 3 });
    weir_discard(map, "out");
    struct job_program *program = build_translated(&graph, &note);
    const struct program_hint *hint = &program->hints.items[0];
    ck_assert_double_eq(hint->cpu_ns, 100 + 200 + 3 * CPU_NS_DEFAULT);
    ck_assert_double_eq(hint->wait_ns, 50);
    ck_assert_double_eq(hint->selectivity, 3);
    job_program_destroy(program);
    job_graph_destroy(graph);
    weir_cost(build_pairs("in"), &(struct weir_cost){ .cpu_ns = -1 });
    build_must_refuse("a cost of 'in' is negative");
}
END_TEST

static const struct program_hint *last_hint(const struct job_program *program)
{
    return &program->hints.items[program->hints.count - 1];
}

/* Where it is not said: the key of 8 bytes and a value of each state. */
START_TEST(the_model_takes_state_for_what_its_types_say)
{
    struct job_graph *graph;
    struct note note;
    const struct weir_key key = WEIR_FIELD_LONG(struct pair, key);
    for (int is_told = 0; is_told < 2; is_told++) {
        struct weir_stream *sums =
            weir_reduce(weir_key_by(build_pairs("in"), key), "sum", &pair_type, build_add_up, NULL);
        weir_discard(sums, "out");
        if (is_told)
            weir_cost(sums, &(struct weir_cost){ .keys = 7, .state_per_key = 100 });
        struct job_program *program = build_translated(&graph, &note);
        ck_assert_int_eq(last_hint(program)->keys, is_told ? 7 : 1000);
        ck_assert_double_eq(last_hint(program)->state_per_key,
                            is_told ? 100 : 8 + sizeof(struct pair));
        job_program_destroy(program);
        job_graph_destroy(graph);
    }
    const struct weir_state states[] = {
        { .name = "seen", .kind = WEIR_MAP, .type = &weir_int, .map_key = &weir_long },
        { .name = "new", .kind = WEIR_LIST, .type = &pair_type },
    };
    const struct weir_process process = { .states = states,
                                          .state_count = 2,
                                          .on_record = build_same };
    weir_discard(
        weir_process(weir_key_by(build_pairs("in"), key), "once", &pair_type, &process, NULL),
        "out");
    struct job_program *program = build_translated(&graph, &note);
    ck_assert_double_eq(last_hint(program)->state_per_key,
                        8 + 8 + record_padded(4) + 8 + sizeof(struct pair));
    job_program_destroy(program);
    job_graph_destroy(graph);
}
END_TEST

static size_t no_line(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    (void)value, (void)size, (void)line, (void)room, (void)user;
    return 0;
}

/* Of two records of a pair's size for each that comes in; what main collects goes to no storage. */
START_TEST(the_model_is_told_what_sinks_write)
{
    struct job_graph *graph;
    struct note note;
    struct weir_stream *in = weir_flat_map(build_pairs("in"), "map", &pair_type, build_same, NULL);
    weir_cost(in, &(struct weir_cost){ .selectivity = 2 });
    weir_sink_files(in, "files", no_line, NULL);
    weir_sink_table(weir_key_by(in, WEIR_FIELD_LONG(struct pair, key)), "table", no_line, NULL);
    weir_collect(weir_rebalance(in), "main");
    struct job_program *program = build_translated(&graph, &note);
    const struct program_hint *hints = program->hints.items;
    ck_assert_uint_eq(program->hints.count, 3);
    ck_assert_double_eq(hints[0].sink_bytes, 2 * sizeof(struct pair));
    ck_assert_double_eq(hints[0].sink_rest_bytes, FILE_SINK_BYTES);
    ck_assert(!hints[0].sink_at_once);
    ck_assert_double_eq(hints[1].sink_bytes, sizeof(struct pair));
    ck_assert(hints[1].sink_at_once);
    ck_assert_double_eq(hints[2].sink_bytes, 0);
    job_program_destroy(program);
    job_graph_destroy(graph);
}
END_TEST

static struct weir_stream *judged(void)
{
    static const char *const maps[] = { "rules" };
    const struct weir_broadcast_process rules = {
        .process = { .on_record = build_same }, .maps = maps, .map_count = 1, .on_rule = build_same
    };
    struct weir_stream *keyed = weir_key_by(build_pairs("in"), WEIR_FIELD_LONG(struct pair, key));
    return weir_process_broadcast(keyed, build_pairs("rules"), "judge", &pair_type, &rules, NULL);
}

static struct weir_stream *gathered(struct weir_stream *in)
{
    static const struct weir_list waiting = { "waiting", &pair_type };
    const struct weir_list_process lists = { .lists = &waiting,
                                             .list_count = 1,
                                             .on_record = build_same };
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
    weir_cost(weir_flat_map(build_pairs("in"), "map", &pair_type, build_same, NULL), &per_subtask);
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

Suite *test_api_cost_suite(void);
Suite *test_api_cost_suite(void)
{
    Suite *suite = suite_create("api cost");
    TCase *built = tcase_create("built"), *tcase = tcase_create("cost");
    tcase_add_checked_fixture(built, begin, build_end);
    tcase_add_test(built, the_model_is_told_what_a_chain_costs);
    tcase_add_test(built, the_model_takes_state_for_what_its_types_say);
    tcase_add_test(built, the_model_is_told_what_sinks_write);
    suite_add_tcase(suite, built);
    tcase_add_test(tcase, the_model_is_told_of_state_without_a_key);
    tcase_add_test(tcase, who_keeps_none_without_a_key_has_none);
    tcase_add_test(tcase, each_subtask_stores_all_of_its_broadcast_map);
    suite_add_tcase(suite, tcase);
    return suite;
}
