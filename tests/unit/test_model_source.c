/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups of partitions against a list with one position per partition: random splits, restores and
 * halts must leave every partition where the plain list has it. And one group where one is enough.
 */
#include <check.h>
#include <math.h>

#include "core/base/rng.h"
#include "sim/model/partition.h"

enum { PARTITIONS = 24, TASKS_MAX = 9, CUTS = 4 };

static struct series load = { 0 };
static struct model_source source;
static double no_limits[PARTITIONS];

static void setup(void)
{
    for (int g = 0; g < PARTITIONS; g++)
        no_limits[g] = INFINITY;
    load = (struct series){ 0 };
    vec_push(&load.points, (struct series_point){ 0, 2400 });
    source = (struct model_source){ 0 };
    source_init(&source, &load, 0, false, PARTITIONS);
}

static void teardown(void)
{
    source_fini(&source);
    series_fini(&load);
}

static double position_of(uint32_t partition)
{
    return source.groups.items[layout_group(source.layout, partition)].position;
}

/* Each subtask in a class of its own reads its partitions at a rate of its own. */
static void read_apart(uint32_t tasks, double seconds)
{
    uint32_t class_of[TASKS_MAX], class_tasks[TASKS_MAX];
    for (uint32_t s = 0; s < tasks; s++) {
        class_of[s] = s;
        class_tasks[s] = 1;
    }
    source_split(&source, class_of, tasks, class_tasks, 0);
    for (VEC_EACH(struct partition_group, group, &source.groups))
        group->position += seconds * (group->class + 1);
}

START_TEST(groups_stand_where_single_partitions_would)
{
    struct rng rng = rng_stream(9, "source", (uint64_t)_i);
    double plain[PARTITIONS] = { 0 }, cut_plain[CUTS][PARTITIONS] = { { 0 } };
    struct source_cut cuts[CUTS] = { { 0 } };
    for (int step = 0; step < 300; step++) {
        uint32_t tasks = 1 + (uint32_t)rng_below(&rng, TASKS_MAX), cut = (uint32_t)step % CUTS;
        double seconds = (double)rng_below(&rng, 3);
        read_apart(tasks, seconds);
        for (uint32_t i = 0; i < PARTITIONS; i++)
            plain[i] += seconds * (i % tasks + 1);
        if (cuts[cut].layout)
            source_cut_fini(&cuts[cut]);
        source_cut_take(&source, 0, &cuts[cut]);
        if (rng_below(&rng, 2) == 0)
            source_cut_settle(&cuts[cut], 0, no_limits);
        memcpy(cut_plain[cut], plain, sizeof plain);
        source_halt(&source, 0);
        uint32_t from = (uint32_t)rng_below(&rng, CUTS);
        if (rng_below(&rng, 3) == 0 && cuts[from].layout) {
            bool fresh[TASKS_MAX];
            bool all = rng_below(&rng, 2) == 0;
            for (uint32_t s = 0; s < tasks; s++)
                fresh[s] = all || rng_below(&rng, 2) == 0;
            source_restore(&source, &cuts[from], fresh, tasks, 0);
            for (uint32_t i = 0; i < PARTITIONS; i++)
                plain[i] = fresh[i % tasks] ? cut_plain[from][i] : plain[i];
        }
        uint32_t partitions = 0;
        for (VEC_EACH(const struct partition_group, group, &source.groups))
            partitions += group->count;
        ck_assert_uint_eq(partitions, PARTITIONS);
        for (uint32_t i = 0; i < PARTITIONS; i++)
            ck_assert_double_eq(position_of(i), plain[i]);
    }
    for (int cut = 0; cut < CUTS; cut++)
        source_cut_fini(&cuts[cut]);
}
END_TEST

START_TEST(partitions_at_one_position_are_one_group_again)
{
    read_apart(4, 0);
    ck_assert_uint_eq(source.groups.count, 4);
    source_halt(&source, 0);
    ck_assert_uint_eq(source.groups.count, 1);
}
END_TEST

/* Of 1,000 partitions 4 readers make a pattern of 4, and 6 others one of 12. */
START_TEST(a_layout_is_as_long_as_its_readers_are_many)
{
    static const bool fresh[] = { true, false, true, false, true, false };
    struct source_cut cut = { 0 };
    source_fini(&source);
    source = (struct model_source){ 0 };
    source_init(&source, &load, 0, false, 1000);
    ck_assert_uint_eq(source.layout->period, 1);
    read_apart(4, 1);
    ck_assert_uint_eq(source.layout->period, 4);
    source_cut_take(&source, 0, &cut);
    source_halt(&source, 0);
    source_restore(&source, NULL, fresh, 6, 0);
    ck_assert_uint_eq(source.layout->period, 12);
    for (uint32_t i = 0; i < 1000; i++)
        ck_assert_double_eq(position_of(i), fresh[i % 6] ? 0 : i % 4 + 1);
    source_restore(&source, &cut, fresh, 6, 0);
    for (uint32_t i = 0; i < 1000; i++)
        ck_assert_double_eq(position_of(i), i % 4 + 1);
    uint32_t partitions = 0;
    for (VEC_EACH(struct partition_group, group, &source.groups))
        partitions += group->count;
    ck_assert_uint_eq(partitions, 1000);
    source_cut_fini(&cut);
}
END_TEST

START_TEST(groups_that_stand_together_in_a_checkpoint_are_one)
{
    static const bool fresh[] = { true, true, true };
    struct source_cut cut = { 0 };
    read_apart(4, 0);
    source_cut_take(&source, 0, &cut);
    ck_assert_uint_eq(cut.group_count, 4);
    source_cut_settle(&cut, 0, no_limits);
    ck_assert_uint_eq(cut.group_count, 1);
    ck_assert_uint_eq(cut.layout->period, 1);
    ck_assert_uint_eq(source.groups.count, 4); /* which is as it was */
    source_halt(&source, 0);
    source_restore(&source, &cut, fresh, 3, 0);
    ck_assert_uint_eq(source.groups.count, 1);
    source_cut_fini(&cut);
}
END_TEST

/* Before the barriers of two readers wait 3 records of each partition. When all of that has gone
 * through one has read 5 and the other 1, in the 12 partitions of each; then 1 and 1. */
START_TEST(no_partition_of_a_checkpoint_is_beyond_its_limit)
{
    double read[][2] = { { 5, 1 }, { 1, 1 } };
    struct source_cut cut = { 0 };
    read_apart(2, 1);
    source_cut_take(&source, 0, &cut);
    cut.ahead = 24 * 3;
    cut.aheads[0] = cut.aheads[1] = 3;
    cut.buffered_bytes = 1000;
    double before[] = { cut.positions[0], cut.positions[1] }, total = cut.total;
    double limits[] = { before[0] + read[_i][0], before[1] + read[_i][1] };
    source_cut_settle(&cut, 1000, limits);
    ck_assert_double_eq_tol(cut.positions[0], limits[0], 1e-9);
    ck_assert_double_eq_tol(cut.positions[1], limits[1], 1e-9);
    ck_assert_double_eq_tol(cut.total, total + 12 * (read[_i][0] + read[_i][1]), 1e-9);
    source_cut_fini(&cut);
}
END_TEST

/* An aligned checkpoint stores nothing of what it had in front, also where a later one has been cut
 * before all of that could be worked off: 12 x 3 + 12 x 8 are served again, and the source has
 * read 50 more into buffers. */
START_TEST(what_no_channel_state_brings_back_is_read_again)
{
    static const bool fresh[] = { true, true };
    struct source_cut cut = { 0 };
    read_apart(2, 1);
    source_cut_take(&source, 0, &cut);
    cut.ahead = 2400;
    cut.aheads[0] = cut.aheads[1] = 100;
    cut.buffered_bytes = 1000;
    source_cut_settle(&cut, 48, no_limits);
    ck_assert_double_eq(cut.ahead, 0);
    ck_assert_double_eq_tol(cut.positions[0], 1 + 2, 1e-9);
    read_apart(2, 5);
    source_halt(&source, 0);
    source.ahead = 50;
    source_restore(&source, &cut, fresh, 2, 0);
    ck_assert_double_eq_tol(source.replayed_total, 12 * 3 + 12 * 8, 1e-9);
    ck_assert_double_eq_tol(source.reread_total, 12 * 3 + 12 * 8 + 50, 1e-9);
    source_cut_fini(&cut);
}
END_TEST

/* Two classes that were set back differently and have caught up. */
START_TEST(groups_of_a_class_that_have_caught_up_are_one)
{
    uint32_t class_of[] = { 0, 1, 0, 1 }, class_tasks[] = { 2, 2 };
    read_apart(3, 1);
    source_split(&source, class_of, 4, class_tasks, 0);
    ck_assert_uint_eq(source.groups.count, 6);
    for (VEC_EACH(struct partition_group, group, &source.groups))
        group->kept_up = true;
    source_join(&source, TIME_S);
    ck_assert_uint_eq(source.groups.count, 2);
    ck_assert_uint_eq(source.groups.items[0].count, 12);
    ck_assert_double_eq_tol(source_position(&source, 2 * TIME_S), 2 * 2400, 1e-9);
}
END_TEST

START_TEST(a_layout_lives_as_long_as_a_cut_needs_it)
{
    struct source_cut cut = { 0 };
    read_apart(4, 1);
    source_cut_take(&source, 0, &cut);
    ck_assert_ptr_eq(cut.layout, source.layout);
    source_halt(&source, 0);
    read_apart(5, 1);
    ck_assert_ptr_ne(cut.layout, source.layout);
    ck_assert_double_eq_tol(cut.total, 6 * (1 + 2 + 3 + 4), 1e-12);
    source_cut_fini(&cut);
}
END_TEST

START_TEST(readers_of_equal_lists_have_equal_signatures)
{
    uint32_t signature[TASKS_MAX];
    source_signatures(&source, 5, signature); /* 24 over 5: four read five of them, one four */
    ck_assert_uint_eq(signature[0], signature[3]);
    ck_assert_uint_ne(signature[0], signature[4]);
    read_apart(2, 1);
    source_signatures(&source, 4, signature); /* 0 and 2 read what 0 read, 1 and 3 what 1 did */
    ck_assert_uint_eq(signature[0], signature[2]);
    ck_assert_uint_eq(signature[1], signature[3]);
    ck_assert_uint_ne(signature[0], signature[1]);
    source_signatures(&source, 3, signature); /* each reads four of both, whichever comes first */
    ck_assert_uint_eq(signature[0], signature[1]);
    ck_assert_uint_eq(signature[0], signature[2]);
}
END_TEST

START_TEST(setting_back_is_counted_as_replayed)
{
    static const bool fresh[] = { true, true };
    struct source_cut cut = { 0 };
    read_apart(2, 1);
    source_cut_take(&source, 0, &cut);
    read_apart(2, 3);
    source_halt(&source, 0);
    source_restore(&source, &cut, fresh, 2, 0);
    ck_assert_double_eq_tol(source.replayed_total, 12 * 3 + 12 * 6, 1e-12);
    source_restore(&source, NULL, fresh, 2, 0);
    ck_assert_double_eq_tol(source_position(&source, 0), 0, 1e-12);
    source_cut_fini(&cut);
}
END_TEST

START_TEST(a_paced_source_spreads_its_count_over_new_subtasks)
{
    struct model_source paced = { 0 };
    uint32_t class_of[] = { 0, 0, 0 }, class_tasks[] = { 3 };
    source_init(&paced, &load, 0, true, 1);
    source_set_parallelism(&paced, 3, 0);
    source_split(&paced, class_of, 3, class_tasks, 0);
    paced.groups.items[0].kept_up = true;
    ck_assert_double_eq_tol(source_position(&paced, TIME_S), 3 * 2400, 1e-9);
    source_halt(&paced, TIME_S);
    ck_assert_double_eq_tol(source_position(&paced, 5 * TIME_S), 3 * 2400, 1e-9); /* at rest */
    source_set_parallelism(&paced, 2, 5 * TIME_S);
    ck_assert_double_eq_tol(paced.groups.items[0].position, 3 * 1200, 1e-9);
    ck_assert_double_eq_tol(source_backlog(&paced, 9 * TIME_S), 0, 1e-9);
    source_fini(&paced);
}
END_TEST

/* Whether its readers then are of one class or of two. */
START_TEST(nothing_arrives_for_a_paced_source_that_rests)
{
    struct model_source paced = { 0 };
    uint32_t before[] = { 0, 0, 0 }, three[] = { 3 };
    uint32_t behind[] = { 0, (uint32_t)_i, 0 }, tasks[] = { _i ? 2 : 3, 1 };
    source_init(&paced, &load, 0, true, 1);
    source_set_parallelism(&paced, 3, 0);
    source_split(&paced, before, 3, three, 0);
    paced.groups.items[0].kept_up = true;
    source_halt(&paced, TIME_S);
    source_split(&paced, behind, 3, tasks, 5 * TIME_S);
    ck_assert_uint_eq(paced.groups.count, (size_t)_i + 1);
    ck_assert_double_eq_tol(source_offered(&paced, 5 * TIME_S), 3 * 2400, 1e-9);
    ck_assert_double_eq_tol(source_backlog(&paced, 6 * TIME_S), 3 * 2400, 1e-9);
    source_fini(&paced);
}
END_TEST

Suite *test_model_source_suite(void)
{
    Suite *suite = suite_create("model_source");
    TCase *tests = tcase_create("sources");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, groups_stand_where_single_partitions_would, 0, 6);
    tcase_add_test(tests, partitions_at_one_position_are_one_group_again);
    tcase_add_test(tests, a_layout_is_as_long_as_its_readers_are_many);
    tcase_add_test(tests, groups_that_stand_together_in_a_checkpoint_are_one);
    tcase_add_loop_test(tests, no_partition_of_a_checkpoint_is_beyond_its_limit, 0, 2);
    tcase_add_test(tests, what_no_channel_state_brings_back_is_read_again);
    tcase_add_test(tests, groups_of_a_class_that_have_caught_up_are_one);
    tcase_add_test(tests, a_layout_lives_as_long_as_a_cut_needs_it);
    tcase_add_test(tests, readers_of_equal_lists_have_equal_signatures);
    tcase_add_test(tests, setting_back_is_counted_as_replayed);
    tcase_add_test(tests, a_paced_source_spreads_its_count_over_new_subtasks);
    tcase_add_loop_test(tests, nothing_arrives_for_a_paced_source_that_rests, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
