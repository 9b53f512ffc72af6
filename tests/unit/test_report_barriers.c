/* SPDX-License-Identifier: Apache-2.0
 *
 * The ways of barriers: what a run of the exact world tells of them, and the picture's lanes made
 * of it. Source of the rules: Flink's SingleCheckpointBarrierHandler, A5.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report/barrier_lanes.h"
#include "sim/report/event_log.h"
#include "tests/lib/exact_run.h"

#define HEAD                                                                                       \
    "name: t\n"                                                                                    \
    "world: exact\n"                                                                               \
    "log-level: message\n"                                                                         \
    "duration: 14s\n"                                                                              \
    "cluster:\n"                                                                                   \
    "  task-manager: { cores: 2, slots: 1, boot: 1s, network: 1gbit }\n"                           \
    "  task-managers: [ tm1, tm2, tm3, tm4, tm5, tm6 ]\n"                                          \
    "jobs:\n"                                                                                      \
    "  - name: job\n"                                                                              \
    "    vertices:\n"                                                                              \
    "      - { name: read 1, group: a, cost: 10us, bytes: 100 }\n"                                 \
    "      - { name: count, group: b, keys: 1k, cost: 400us }\n"                                   \
    "    edges: [ read 1 -> count: hash ]\n"                                                       \
    "    load: 20k/s\n"
#define ALIGNED "config: { parallelism.default: 3, execution.checkpointing.interval: 3s }\n"
#define UNALIGNED                                                                                  \
    "config: { parallelism.default: 3, execution.checkpointing.interval: 3s,\n"                    \
    "          execution.checkpointing.unaligned.enabled: true }\n"

static struct exact_run run;
static struct event_log events;
static struct run_log told;

static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    (void)context;
    event_log_line(&events, at, node, line);
}

static void begin(const char *yaml)
{
    struct note note = { "" };
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    exact_run_init(&run, yaml);
    event_log_init(&events, file, run.scenario, simulation_cluster(run.simulation));
    simulation_watch(run.simulation, &(struct watcher){ .line = on_line });
    exact_run_to_end(&run);
    ck_assert(!err_is(run_log_read_from(&told, file, "events", &note)));
    fclose(file);
}

static void end(void)
{
    run_log_fini(&told);
    exact_run_fini(&run);
}

static size_t count_of(const struct barrier_lanes *lanes, const char *kind)
{
    size_t count = 0;
    for (VEC_EACH(const struct barrier_shape, shape, &lanes->shapes))
        count += strcmp(shape->kind, kind) == 0;
    return count;
}

static const struct barrier_shape *shape_of(const struct barrier_lanes *lanes, const char *kind,
                                            size_t vertex, int64_t subtask)
{
    for (VEC_EACH(const struct barrier_shape, shape, &lanes->shapes))
        if (strcmp(shape->kind, kind) == 0 && shape->vertex == vertex && shape->subtask == subtask)
            return shape;
    return NULL;
}

static void draw(struct barrier_lanes *lanes)
{
    struct note note = { "" };
    struct err e = barrier_lanes_init(lanes, &told, NULL, 2, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
}

START_TEST(an_aligned_barrier_crosses_each_channel_once_and_blocks_until_the_last_is_there)
{
    struct barrier_lanes lanes;
    begin(HEAD ALIGNED);
    draw(&lanes);
    ck_assert_uint_eq(lanes.vertices.count, 2);
    ck_assert_str_eq(lanes.vertices.items[0].name, "read 1");
    ck_assert_uint_eq(lanes.lanes, 6);
    ck_assert(!lanes.unaligned);
    ck_assert_uint_eq(count_of(&lanes, "aligned"), 9);
    ck_assert_uint_eq(count_of(&lanes, "unaligned") + count_of(&lanes, "overtook"), 0);
    ck_assert_uint_eq(count_of(&lanes, "sync"), 6);
    ck_assert_uint_eq(count_of(&lanes, "async"), 6);
    ck_assert_uint_eq(count_of(&lanes, "acknowledged"), 6);
    ck_assert_ptr_null(shape_of(&lanes, "block", 0, 0));
    ck_assert_uint_ge(count_of(&lanes, "block"), 1); /* none where all come behind one another */
    for (int64_t s = 0; s < 3; s++) {
        const struct barrier_shape *block = shape_of(&lanes, "block", 1, s);
        const struct barrier_shape *begun = shape_of(&lanes, "sync", 1, s);
        if (block) {
            ck_assert_int_lt(block->from, block->to);
            ck_assert_int_eq(block->to, begun->from);
        }
        for (VEC_EACH(const struct barrier_shape, shape, &lanes.shapes))
            if (strcmp(shape->kind, "aligned") == 0 && shape->other_subtask == s)
                ck_assert(shape->from <= shape->to && shape->to <= begun->from);
    }
    barrier_lanes_fini(&lanes);
    end();
}
END_TEST

START_TEST(an_unaligned_barrier_overtakes_and_blocks_nothing)
{
    struct barrier_lanes lanes;
    begin(HEAD UNALIGNED);
    draw(&lanes);
    ck_assert(lanes.unaligned);
    ck_assert_uint_eq(count_of(&lanes, "unaligned"), 9);
    ck_assert_uint_eq(count_of(&lanes, "aligned") + count_of(&lanes, "block"), 0);
    int64_t overtaken = 0;
    for (VEC_EACH(const struct barrier_shape, shape, &lanes.shapes))
        overtaken += strcmp(shape->kind, "overtook") == 0 ? shape->buffers : 0;
    ck_assert_int_gt(overtaken, 9); /* it is under backpressure */
    barrier_lanes_fini(&lanes);
    end();
}
END_TEST

START_TEST(of_many_subtasks_the_first_of_each_vertex_are_shown)
{
    struct barrier_lanes lanes;
    struct note note = { "" };
    run_log_init(&told);
    for (int vertex = 0; vertex < 2; vertex++)
        for (int s = 0; s < (vertex ? 40 : 4); s++)
            run_log_take(&told, &(struct log_entry){ .at = s,
                                                     .seq = s + 1,
                                                     .node = "tm",
                                                     .machine = "snapshot",
                                                     .what = "begun",
                                                     .job = "j",
                                                     .vertex = vertex ? "b" : "a",
                                                     .subtask = s,
                                                     .checkpoint = 7 });
    ck_assert(!err_is(barrier_lanes_init(&lanes, &told, "j", 7, &note)));
    ck_assert_uint_eq(lanes.subtasks, 44);
    ck_assert_uint_eq(lanes.lanes, BARRIER_LANES_MAX);
    ck_assert_int_eq(lanes.vertices.items[0].shown, 4);
    ck_assert_int_eq(lanes.vertices.items[1].shown, BARRIER_LANES_MAX - 4);
    barrier_lanes_fini(&lanes);
    ck_assert(err_is(barrier_lanes_init(&lanes, &told, "k", 7, &note)));
    ck_assert_str_eq(note.text,
                     "--checkpoint: the log tells of no barriers of checkpoint 7 of job k");
    barrier_lanes_fini(&lanes);
    run_log_fini(&told);
    run_log_init(&told);
    ck_assert(err_is(barrier_lanes_init(&lanes, &told, NULL, 7, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "--world exact --log messages"));
    barrier_lanes_fini(&lanes);
    run_log_fini(&told);
}
END_TEST

Suite *test_report_barriers_suite(void)
{
    Suite *suite = suite_create("report: barriers");
    TCase *tcase = tcase_create("ways");
    tcase_add_test(tcase,
                   an_aligned_barrier_crosses_each_channel_once_and_blocks_until_the_last_is_there);
    tcase_add_test(tcase, an_unaligned_barrier_overtakes_and_blocks_nothing);
    tcase_add_test(tcase, of_many_subtasks_the_first_of_each_vertex_are_shown);
    suite_add_tcase(suite, tcase);
    return suite;
}
