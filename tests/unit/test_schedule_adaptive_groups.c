/* SPDX-License-Identifier: Apache-2.0
 *
 * The adaptive scheduler and jobs whose vertices differ: in slot sharing group, in parallelism, in
 * bounds. What the rescale history says of each, and which tasks share a slot.
 */
#include <check.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/view.h"
#include "core/schedule/adaptive_scheduler.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 };

static const struct rescale_history *history_of(const struct story *story)
{
    return &node_job_manager(story_node(story, jm))
                ->dispatcher.jobs.items[0]
                .master->scheduler.own.adaptive->history;
}

/* Three vertices in two groups beside the default one; 4 slots for "front", 2 for "back". */
static struct story *open_groups(int vouch)
{
    struct story *story = story_begin(vouch);
    story_adaptive(story);
    story_set(story, "web.adaptive-scheduler.rescale-history.size", "8");
    story_set(story, "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling", "0 s");
    story_open(story, 1, 8,
               graphs_job_with("a 3 @front; b 4 @front; c 2 @back; a -> b hash; b -> c rebalance",
                               story_config(story)));
    story_run(story, 5 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 9);
    return story;
}

static void check_numbers(const struct rescale_numbers *numbers, int32_t desired,
                          int32_t sufficient, int32_t before, int32_t after)
{
    ck_assert_int_eq(numbers->desired, desired);
    ck_assert_int_eq(numbers->sufficient, sufficient);
    ck_assert_int_eq(numbers->before, before);
    ck_assert_int_eq(numbers->after, after);
}

/* FLIP-495: what is wanted and had of a slot sharing group is that of its largest vertex. */
START_TEST(the_history_counts_each_group_by_its_largest_vertex)
{
    struct story *story = open_groups(_i);
    static const struct vertex_bounds bounds[] = { { { 0 }, 2, 5 },
                                                   { { 1 }, 1, 2 },
                                                   { { 2 }, 1, 3 } };
    story_ask(story, CLIENT_UPDATE_REQUIREMENTS, bounds, 3);
    story_run(story, 15 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 10);
    ck_assert_uint_eq(history_of(story)->records.count, 2);
    const struct rescale_record *first = &history_of(story)->records.items[0];
    check_numbers(&first->groups[1], 4, 1, RESCALE_UNKNOWN, 4);
    check_numbers(&first->groups[2], 2, 1, RESCALE_UNKNOWN, 2);
    const struct rescale_record *second = &history_of(story)->records.items[1];
    check_numbers(&second->vertices[0], 5, 2, 3, 5);
    check_numbers(&second->vertices[1], 2, 1, 4, 2);
    check_numbers(&second->vertices[2], 3, 1, 2, 3);
    check_numbers(&second->groups[1], 5, 2, 4, 5);
    check_numbers(&second->groups[2], 3, 1, 2, 3);
    story_destroy(story);
}
END_TEST

/* TerminatedReason: a wish that is open when the job ends is ended by that, whatever the end. */
START_TEST(a_wish_that_is_open_at_the_end_says_how_the_job_ended)
{
    static const enum rescale_reason reasons[] = { RESCALE_REASON_JOB_FINISHED,
                                                   RESCALE_REASON_JOB_CANCELED,
                                                   RESCALE_REASON_JOB_FAILED };
    for (int end = 0; end < 3; end++) {
        struct story *story = story_begin(_i);
        story_adaptive(story);
        story_set(story, "restart-strategy.type", "none");
        story_set(story, "web.adaptive-scheduler.rescale-history.size", "8");
        story_open(story, 1, 4, story_job(story, 2, 8));
        story_run(story, 5 * TIME_S);
        story_put(story, 2, 6, 8); /* more than there is */
        story_run(story, 6 * TIME_S);
        if (end == 0)
            story_finish_all(story);
        else if (end == 1)
            story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
        else
            story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
        story_run(story, 8 * TIME_S);
        const struct rescale_history *history = history_of(story);
        ck_assert_uint_eq(history->records.count, 2);
        ck_assert_int_eq(history->records.items[1].reason, reasons[end]);
        ck_assert_int_eq(history->records.items[1].state, RESCALE_IGNORED);
        story_destroy(story);
    }
}
END_TEST

/* DefaultSlotSharingStrategy: subtasks of the same number share a slot, so those of small vertices
 * crowd in the first ones; FLIP-370's TASKS spreads them. One slot for each TaskManager. */
START_TEST(subtasks_share_by_number_unless_tasks_are_to_be_balanced)
{
    for (int even = 0; even < 2; even++) {
        struct story *story = story_begin(_i);
        uint32_t counts[4] = { 0 }, most = 0;
        story_adaptive(story);
        if (even)
            story_set(story, "taskmanager.load-balance.mode", "TASKS");
        story_open(
            story, 3, 1,
            graphs_job_with("a 3; b 1; c 1; d 1; a -> b hash; b -> c forward; c -> d forward",
                            story_config(story)));
        story_run(story, 5 * TIME_S);
        ck_assert_uint_eq(story_tasks_running(story), 6);
        for (uint32_t task = 0; task < 6; task++)
            counts[story_task_node(story, task).n]++;
        for (int i = 1; i < 4; i++)
            most = counts[i] > most ? counts[i] : most;
        ck_assert_uint_eq(most, even ? 2 : 4);
        story_destroy(story);
    }
}
END_TEST

/* StateSizeEstimates: what counts is how many bytes come back to their place, not how many key
 * groups. Each subtask has as much state as any other, so a group of "count" (8 subtasks, a group
 * each) weighs more than one of "source" (2 subtasks of four). The second slot of the smaller graph
 * needs groups 3 to 5 of "source", of which two lie on the second TaskManager, and 4 to 7 of
 * "count", each on a TaskManager of its own: it goes to one of these. */
START_TEST(a_shared_slot_goes_where_most_of_its_bytes_are)
{
    struct story *story = story_begin(_i);
    struct node_id before[8];
    story_adaptive(story);
    story_set(story, "execution.state-recovery.from-local", "true");
    story_set(story, "execution.checkpointing.interval", "3 s");
    story_set(story, "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling", "0 s");
    story_set(story, "jobmanager.adaptive-scheduler.rescale-trigger.max-delay", "0 s");
    story_open(
        story, 8, 1,
        graphs_job_with("source 2 /8; count 8 /8; source -> count hash", story_config(story)));
    story_run(story, 5 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 10);
    for (uint32_t i = 0; i < 8; i++)
        before[i] = story_task_node(story, 2 + i);
    static const struct vertex_bounds bounds[] = { { { 0 }, 1, 3 }, { { 1 }, 1, 2 } };
    story_ask(story, CLIENT_UPDATE_REQUIREMENTS, bounds, 2);
    story_run(story, 30 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 5);
    struct node_id second = story_task_node(story, 1);
    ck_assert(node_id_equal(second, story_task_node(story, 4)));
    uint32_t found = 8;
    for (uint32_t i = 0; i < 8; i++)
        if (node_id_equal(before[i], second))
            found = i;
    ck_assert_msg(found >= 4 && found < 8, "where subtask %u of count was", found);
    story_destroy(story);
}
END_TEST

Suite *test_schedule_adaptive_groups_suite(void)
{
    Suite *suite = suite_create("schedule: adaptive groups");
    TCase *groups = tcase_create("groups");
    tcase_add_story(groups, the_history_counts_each_group_by_its_largest_vertex);
    tcase_add_story(groups, a_wish_that_is_open_at_the_end_says_how_the_job_ended);
    tcase_add_story(groups, a_shared_slot_goes_where_most_of_its_bytes_are);
    tcase_add_story(groups, subtasks_share_by_number_unless_tasks_are_to_be_balanced);
    suite_add_tcase(suite, groups);
    return suite;
}
