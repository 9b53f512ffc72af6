/* SPDX-License-Identifier: Apache-2.0
 *
 * From calls of weir.h to a job graph: what is chained, how records are dealt out, and which
 * mistakes are refused with which words.
 */
#include <check.h>
#include <stdlib.h>

#include "core/api/job_program.h"
#include "core/exec/async_wait.h"
#include "tests/lib/build.h"

static struct weir_env *env;

static void setup(void)
{
    env = build_begin();
}

static int64_t time_of_pair(uint64_t index, const void *value, void *user)
{
    (void)value;
    (void)user;
    return (int64_t)index;
}

static struct weir_stream *pairs(const char *name)
{
    return build_pairs(name);
}

START_TEST(operators_whose_records_do_not_change_hands_run_in_one_task)
{
    struct job_graph *graph;
    struct note note;
    struct weir_stream *mapped = weir_flat_map(pairs("in"), "map", &pair_type, build_same, NULL);
    struct weir_stream *keyed = weir_key_by(mapped, WEIR_FIELD_LONG(struct pair, key));
    weir_discard(weir_reduce(keyed, "sum", &pair_type, build_add_up, NULL), "out");
    struct job_program *program = build_translated(&graph, &note);
    ck_assert_ptr_nonnull(program);
    ck_assert_uint_eq(graph->vertices.count, 2);
    ck_assert_str_eq(graph->vertices.items[0].name, "in");
    ck_assert_uint_eq(graph->vertices.items[0].operators.count, 2);
    ck_assert_str_eq(graph->vertices.items[0].operators.items[1].name, "map");
    ck_assert_str_eq(graph->vertices.items[1].name, "sum");
    ck_assert(graph->vertices.items[1].operators.items[0].keyed_state);
    ck_assert_str_eq(graph->vertices.items[1].operators.items[1].name, "out");
    ck_assert_uint_eq(graph->edges.count, 1);
    ck_assert_int_eq(graph->edges.items[0].partitioner, PARTITION_HASH);
    ck_assert_uint_eq(program->vertices.items[0].bindings.items[0].op, 1);
    job_program_destroy(program);
    job_graph_destroy(graph);
}
END_TEST

static uint32_t vertices_with(void (*change)(struct weir_stream *map))
{
    struct job_graph *graph;
    struct note note = { { 0 } };
    struct weir_stream *mapped = weir_flat_map(pairs("in"), "map", &pair_type, build_same, NULL);
    change(mapped);
    weir_discard(mapped, "out");
    struct job_program *program = build_translated(&graph, &note);
    ck_assert_msg(program, "%s", note.text);
    uint32_t count = (uint32_t)graph->vertices.count;
    job_program_destroy(program);
    job_graph_destroy(graph);
    return count;
}

static void leave(struct weir_stream *map)
{
    (void)map;
}

static void start_chain(struct weir_stream *map)
{
    weir_start_new_chain(map);
}

static void chain_never(struct weir_stream *map)
{
    weir_disable_chaining(map);
}

static void widen(struct weir_stream *map)
{
    weir_parallelism(map, 3);
}

static void move(struct weir_stream *map)
{
    weir_slot_sharing_group(map, "own");
}

START_TEST(a_chain_ends_where_flink_ends_it)
{
    ck_assert_uint_eq(vertices_with(leave), 1);
    ck_assert_uint_eq(vertices_with(start_chain), 2);
    ck_assert_uint_eq(vertices_with(chain_never), 3);
    ck_assert_uint_eq(vertices_with(widen), 3);
    ck_assert_uint_eq(vertices_with(move), 3);
}
END_TEST

START_TEST(records_are_dealt_out_as_asked_and_forward_where_nothing_was)
{
    struct weir_stream *(*const ways[])(struct weir_stream *) = { weir_rebalance, weir_rescale,
                                                                  weir_broadcast };
    const enum partitioner wanted[] = { PARTITION_REBALANCE, PARTITION_RESCALE,
                                        PARTITION_BROADCAST };
    for (int i = 0; i < 3; i++) {
        struct job_graph *graph;
        struct note note;
        weir_discard(ways[i](pairs("in")), "out");
        struct job_program *program = build_translated(&graph, &note);
        ck_assert_ptr_nonnull(program);
        ck_assert_int_eq(graph->edges.items[0].partitioner, wanted[i]);
        job_program_destroy(program);
        job_graph_destroy(graph);
    }
    struct job_graph *graph;
    struct note note;
    weir_discard(
        weir_start_new_chain(weir_flat_map(pairs("in"), "map", &pair_type, build_same, NULL)),
        "out");
    struct job_program *program = build_translated(&graph, &note);
    ck_assert_int_eq(graph->edges.items[0].partitioner, PARTITION_FORWARD);
    job_program_destroy(program);
    job_graph_destroy(graph);
}
END_TEST

START_TEST(both_inputs_of_a_connect_and_all_of_a_union_lead_to_their_reader)
{
    struct job_graph *graph;
    struct note note = { { 0 } };
    struct weir_stream *both[] = { pairs("a"), pairs("b") };
    struct weir_stream *all = weir_union(both, 2);
    weir_discard(weir_connect(all, pairs("c"), "connect", &pair_type, build_same, build_same, NULL),
                 "out");
    struct job_program *program = build_translated(&graph, &note);
    ck_assert_msg(program, "%s", note.text);
    ck_assert_uint_eq(graph->edges.count, 3);
    ck_assert_uint_eq(program->edges.items[0].head_input, 0);
    ck_assert_uint_eq(program->edges.items[1].head_input, 0);
    ck_assert_uint_eq(program->edges.items[2].head_input, 1);
    job_program_destroy(program);
    job_graph_destroy(graph);
}
END_TEST

START_TEST(timestamps_go_along_with_records)
{
    struct job_graph *graph;
    struct note note;
    struct weir_generator spec = {
        .type = &pair_type, .count = 10, .make = build_make_pair, .timestamp = time_of_pair
    };
    struct weir_stream *in = weir_from_generator(env, "in", &spec, NULL);
    weir_discard(weir_rebalance(weir_flat_map(in, "map", &pair_type, build_same, NULL)), "out");
    struct job_program *program = build_translated(&graph, &note);
    ck_assert(program->edges.items[0].layout.timestamped);
    ck_assert_uint_eq(program->edges.items[0].layout.size, sizeof(struct pair));
    job_program_destroy(program);
    job_graph_destroy(graph);
}
END_TEST

START_TEST(a_mistake_in_building_is_kept_and_told_at_the_end)
{
    weir_discard(pairs("in"), "in");
    build_must_refuse("two operators have the name 'in'");
    build_must_refuse("no streams were built");
    weir_discard(pairs(""), "out");
    build_must_refuse("operator 1 has no name");
    weir_discard(weir_reduce(pairs("in"), "sum", &pair_type, build_add_up, NULL), "out");
    build_must_refuse("'sum' keeps state by key, and its input is not keyed: weir_key_by");
    static const struct weir_list lists[] = { { "a", &pair_type }, { "a", &pair_type } },
                                  text = { "t", &weir_text };
    weir_process_lists(pairs("in"), "p", &pair_type,
                       &(struct weir_list_process){ .lists = lists, .list_count = 2 }, NULL);
    build_must_refuse("'p' has no function for records");
    weir_process_lists(
        pairs("in"), "p", &pair_type,
        &(struct weir_list_process){ .lists = lists, .list_count = 2, .on_record = build_same },
        NULL);
    build_must_refuse("'p' has two lists 'a'");
    weir_process_lists(pairs("in"), "p", &pair_type,
                       &(struct weir_list_process){ .list_count = 0, .on_record = build_same },
                       NULL);
    build_must_refuse("'p' has 0 lists, expected 1 to 32");
    weir_process_lists(
        pairs("in"), "p", &pair_type,
        &(struct weir_list_process){ .lists = &text, .list_count = 1, .on_record = build_same },
        NULL);
    build_must_refuse(
        "list 't' of 'p' holds 'text', expected a type of fixed size that is its own bytes");
    weir_discard(weir_key_by(pairs("in"), (struct weir_key){ WEIR_KEY_LONG, 12, 8 }), "out");
    build_must_refuse("a key of 8 bytes at 12 lies outside of records 'struct pair' of 16");
    weir_discard(weir_key_by(weir_flat_map(pairs("in"), "words", &weir_text, build_same, NULL),
                             (struct weir_key){ WEIR_KEY_LONG, 0, 8 }),
                 "out");
    build_must_refuse(
        "a key of 8 bytes at 0 of records 'text', whose size varies: expected records "
        "of fixed size, or the whole text");
    weir_discard(weir_key_by(pairs("in"), (struct weir_key){ WEIR_KEY_INT, 0, 8 }), "out");
    build_must_refuse("a number of 8 bytes is no key, expected 4");
    weir_discard(weir_key_by(pairs("in"), WEIR_WHOLE_TEXT), "out");
    build_must_refuse("a key of size 0 is a whole text, and records are 'struct pair'");
}
END_TEST

static void take_in(struct weir_context *ctx, const struct weir_record *record, void *value,
                    void *user)
{
    (void)ctx, (void)record, (void)value, (void)user;
}

static void give(struct weir_context *ctx, const struct weir_pane *pane, const void *value,
                 void *user)
{
    (void)ctx, (void)pane, (void)value, (void)user;
}

static struct weir_stream *keyed_pairs(void)
{
    return weir_key_by(pairs("in"), WEIR_FIELD_LONG(struct pair, key));
}

START_TEST(functions_that_are_not_there_are_refused)
{
    const struct weir_generator none = { .type = &pair_type, .count = 1 };
    const struct weir_window window = { .size_ms = 5 }, vast = { .size_ms = INT64_MAX };
    const struct weir_aggregate nothing = { .value = &pair_type },
                                something = { &pair_type, take_in, NULL, give };
    const struct weir_interval interval = { .upper_ms = 1 };
    weir_from_generator(env, "in", &none, NULL);
    build_must_refuse("'in' has no function that makes records");
    weir_map(pairs("in"), "map", &pair_type, NULL, NULL);
    build_must_refuse("'map' has no function for records");
    weir_filter(pairs("in"), "filter", NULL, NULL);
    build_must_refuse("'filter' has no function for records");
    weir_flat_map(pairs("in"), "flat", &pair_type, NULL, NULL);
    build_must_refuse("'flat' has no function for records");
    weir_reduce(keyed_pairs(), "sum", &pair_type, NULL, NULL);
    build_must_refuse("'sum' has no function that reduces");
    weir_aggregate(keyed_pairs(), "window", &pair_type, &window, &nothing, NULL);
    build_must_refuse("'window' has no function that adds to a window, or none that gives it out");
    weir_aggregate(keyed_pairs(), "window", &pair_type, &vast, &something, NULL);
    build_must_refuse("the window of 'window' has a length above 1152921504606846976 ms");
    struct weir_stream *keyed = keyed_pairs();
    weir_interval_join(keyed, keyed, "join", &pair_type, &interval, NULL, NULL);
    build_must_refuse("'join' has no function for pairs");
}
END_TEST

START_TEST(streams_that_do_not_go_together_are_refused)
{
    struct weir_stream *two[] = { pairs("in"), weir_flat_map(pairs("other"), "map", &weir_long,
                                                             build_same, NULL) };
    weir_discard(weir_union(two, 2), "out");
    build_must_refuse(
        "a union of 'struct pair' and 'long': streams must be of one type, and all with "
        "timestamps or none");
    struct weir_stream *old = pairs("in");
    weir_execute_async(env, "first");
    struct api_job *first = build_submitted();
    weir_discard(old, "out");
    build_must_refuse("'out' reads a stream of a job that was executed before");
    api_job_destroy(first);
    weir_parallelism(weir_union((struct weir_stream *[]){ pairs("a"), pairs("b") }, 2), 3);
    build_must_refuse("the parallelism of a union: it is said of each operator in it");
}
END_TEST

START_TEST(a_source_without_end_or_rate_is_refused)
{
    struct weir_generator spec = { .type = &pair_type, .make = build_make_pair };
    weir_discard(weir_from_generator(env, "in", &spec, NULL), "out");
    build_must_refuse("'in' has neither a count nor a rate");
    spec = (struct weir_generator){ .type = &weir_text, .count = 1, .make = build_make_pair };
    weir_discard(weir_from_generator(env, "in", &spec, NULL), "out");
    build_must_refuse("'in' makes records 'text', which vary in size, expected a fixed one");
}
END_TEST

static int64_t ask(const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    return 0;
}

static bool never(const struct weir_record *record, uint32_t attempt, void *user)
{
    (void)record, (void)user;
    (void)attempt;
    return true;
}

START_TEST(questions_that_could_be_asked_for_ever_are_refused)
{
    const struct weir_async async = { .ask = ask, .on_answer = build_same };
    const struct {
        struct weir_retry retry;
        const char *words;
    } rows[] = {
        { { .retries = 1, .delay_ms = 1 },
          "'ask' asks again, and has no function that says when: is_none" },
        { { .delay_ms = 1, .is_none = never }, "'ask' asks again 0 times, expected 1 to 1000" },
        { { .retries = 1001, .delay_ms = 1, .is_none = never },
          "'ask' asks again 1001 times, expected 1 to 1000" },
        { { .retries = 1, .is_none = never },
          "'ask' asks again after 0 ms (at most 0), expected 1 ms to a year" },
        { { .retries = 1, .delay_ms = 1, .delay_max_ms = -1, .is_none = never },
          "'ask' asks again after 1 ms (at most -1), expected 1 ms to a year" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        weir_discard(weir_async_retry(pairs("in"), "ask", &pair_type, &async, &rows[i].retry, NULL),
                     "out");
        build_must_refuse(rows[i].words);
    }
    weir_discard(weir_partition_custom(pairs("in"), NULL, NULL), "out");
    build_must_refuse("'in' is dealt out by a partitioner, and there is none");
}
END_TEST

/* AsyncRetryStrategies: min(initial * multiplier^(attempt - 1), most). */
START_TEST(delays_between_questions_grow_to_their_limit)
{
    enum { ATTEMPTS = 4 };
    static const struct {
        struct weir_retry retry;
        time_ns delays[ATTEMPTS]; /* ms */
    } rows[] = {
        { { 3, 9, 0, 0, never }, { 9, 9, 9 } },
        { { 3, 10, 150, 0, never }, { 10, 15, 22 } },
        { { 3, 9, 300, 19, never }, { 9, 19, 19 } },
        { { 3, 30, 0, 20, never }, { 20, 20, 20 } },
    };
    const struct weir_async async = { .ask = ask, .on_answer = build_same };
    const struct pair record = { 1, 2 };
    const struct async_request request = { &record, sizeof record, 0 };
    struct operator_task task = { 0 };
    const struct operator_spec spec = { .name = "ask" };
    struct operator op = { .spec = &spec, .task = &task };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct job_graph *graph;
        struct note note;
        weir_discard(weir_async_retry(pairs("in"), "ask", &pair_type, &async, &rows[i].retry, NULL),
                     "out");
        struct job_program *program = build_translated(&graph, &note);
        ck_assert_ptr_nonnull(program);
        const struct async_wait_params *params =
            program->vertices.items[0].operators.items[1].params;
        for (uint32_t attempt = 1; attempt <= ATTEMPTS; attempt++) {
            time_ns delay;
            bool again = params->again(params->context, &op, &request, attempt, &delay);
            ck_assert_int_eq(again, attempt <= rows[i].retry.retries);
            if (again)
                ck_assert_int_eq(delay / TIME_MS, rows[i].delays[attempt - 1]);
        }
        job_program_destroy(program);
        job_graph_destroy(graph);
    }
}
END_TEST

START_TEST(only_sources_with_timestamps_are_aligned)
{
    struct weir_generator spec = {
        .type = &pair_type, .count = 10, .make = build_make_pair, .timestamp = time_of_pair
    };
    weir_discard(weir_align_watermarks(pairs("in"), "all", 0, 0), "out");
    build_must_refuse("'in' aligns watermarks, and is no source with timestamps");
    struct weir_stream *timed = weir_from_generator(env, "in", &spec, NULL);
    weir_discard(weir_align_watermarks(weir_flat_map(timed, "map", &pair_type, build_same, NULL),
                                       "all", 0, 0),
                 "out");
    build_must_refuse("'map' aligns watermarks, and is no source with timestamps");
    weir_discard(weir_align_watermarks(weir_from_generator(env, "in", &spec, NULL), "", 0, 0),
                 "out");
    build_must_refuse("the alignment of 'in' needs a group, and times that are not negative");
    weir_discard(weir_align_watermarks(weir_from_generator(env, "in", &spec, NULL), "all", -1, 0),
                 "out");
    build_must_refuse("the alignment of 'in' needs a group, and times that are not negative");
}
END_TEST

Suite *test_api_build_suite(void);
Suite *test_api_build_suite(void)
{
    Suite *suite = suite_create("api build");
    TCase *tcase = tcase_create("build");
    tcase_add_checked_fixture(tcase, setup, build_end);
    tcase_add_test(tcase, operators_whose_records_do_not_change_hands_run_in_one_task);
    tcase_add_test(tcase, a_chain_ends_where_flink_ends_it);
    tcase_add_test(tcase, records_are_dealt_out_as_asked_and_forward_where_nothing_was);
    tcase_add_test(tcase, both_inputs_of_a_connect_and_all_of_a_union_lead_to_their_reader);
    tcase_add_test(tcase, timestamps_go_along_with_records);
    tcase_add_test(tcase, a_mistake_in_building_is_kept_and_told_at_the_end);
    tcase_add_test(tcase, functions_that_are_not_there_are_refused);
    tcase_add_test(tcase, streams_that_do_not_go_together_are_refused);
    tcase_add_test(tcase, a_source_without_end_or_rate_is_refused);
    tcase_add_test(tcase, questions_that_could_be_asked_for_ever_are_refused);
    tcase_add_test(tcase, delays_between_questions_grow_to_their_limit);
    tcase_add_test(tcase, only_sources_with_timestamps_are_aligned);
    suite_add_tcase(suite, tcase);
    return suite;
}
