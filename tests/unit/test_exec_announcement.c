/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of a sender whose reader has no exclusive buffers: what it announces, and how it halts
 * behind barriers.
 */
#include <check.h>

#include "tests/lib/partitions.h"

static struct channel_item item;
static uint32_t backlog;

static void take_buffer(struct subpartition *sub, uint32_t behind)
{
    ck_assert(subpartition_take(sub, &item, &backlog));
    ck_assert_ptr_nonnull(item.buffer);
    ck_assert_uint_eq(backlog, behind);
    buffer_release(item.buffer);
    subpartition_check(sub);
}

static void take_event(struct subpartition *sub, uint32_t behind)
{
    ck_assert(subpartition_take(sub, &item, &backlog));
    ck_assert_ptr_null(item.buffer);
    ck_assert_uint_eq(backlog, behind);
    subpartition_check(sub);
}

static void take_announcement(struct subpartition *sub, uint32_t of)
{
    ck_assert(subpartition_take_announcement(sub, &backlog));
    ck_assert_uint_eq(backlog, of);
    ck_assert(!subpartition_take_announcement(sub, &backlog));
    subpartition_check(sub);
}

START_TEST(backlog_is_announced_once_where_there_is_no_credit)
{
    struct subpartition sub = { .announces = true };
    ck_assert(!subpartition_take_announcement(&sub, &backlog));
    subpartition_add_buffer(&sub, partitions_filled());
    subpartition_add_buffer(&sub, partitions_filled());
    take_announcement(&sub, 2);
    subpartition_add_buffer(&sub, partitions_filled());
    ck_assert(!subpartition_take_announcement(&sub, &backlog)); /* the first buffer will tell */
    subpartition_add_credit(&sub, 1);
    take_buffer(&sub, 2);
    ck_assert(!subpartition_take_announcement(&sub, &backlog));
    subpartition_add_credit(&sub, 2);
    take_buffer(&sub, 1);
    take_buffer(&sub, 0);
    subpartition_add_buffer(&sub, partitions_filled());
    take_announcement(&sub, 1);
    subpartition_fini(&sub);
}
END_TEST

START_TEST(backlog_is_not_announced_where_an_item_tells_it)
{
    struct subpartition sub = { .announces = true };
    subpartition_add_event(&sub, &(struct channel_event){ .kind = CHANNEL_EVENT_END_OF_DATA });
    subpartition_add_buffer(&sub, partitions_filled());
    ck_assert(!subpartition_take_announcement(&sub, &backlog));
    take_event(&sub, 1);
    ck_assert(!subpartition_take_announcement(&sub, &backlog));
    subpartition_add_credit(&sub, 2);
    take_buffer(&sub, 0);
    subpartition_add_buffer(&sub, partitions_filled());
    ck_assert(!subpartition_take_announcement(&sub, &backlog)); /* it has a credit */
    subpartition_fini(&sub);
}
END_TEST

START_TEST(backlog_is_not_announced_to_a_reader_with_exclusive_buffers)
{
    struct subpartition sub = { 0 };
    subpartition_add_buffer(&sub, partitions_filled());
    ck_assert(!subpartition_take_announcement(&sub, &backlog));
    subpartition_fini(&sub);
}
END_TEST

/* Nothing overtakes what holds the channel up, and credits from before are void. */
START_TEST(channel_halts_behind_an_aligned_barrier_until_its_reader_resumes)
{
    struct subpartition sub = { .announces = true };
    struct stored_queue stored = { 0 };
    struct channel_event first = partitions_barrier(1, BARRIER_ALIGNED, TIME_NEVER);
    struct channel_event second = partitions_barrier(2, BARRIER_UNALIGNED, TIME_NEVER);
    subpartition_add_buffer(&sub, partitions_filled());
    subpartition_add_event(&sub, &first);
    subpartition_add_buffer(&sub, partitions_filled());
    subpartition_add_credit(&sub, 3);
    take_buffer(&sub, 1);
    take_event(&sub, 0);
    ck_assert(!subpartition_is_available(&sub));
    subpartition_add_priority_barrier(&sub, &second.barrier, 0, &stored);
    ck_assert(!subpartition_take(&sub, &item, &backlog));
    subpartition_add_credit(&sub, 1); /* was on its way */
    ck_assert(!subpartition_take_announcement(&sub, &backlog));
    subpartition_resume(&sub);
    take_event(&sub, 1);
    ck_assert(!subpartition_is_available(&sub));
    subpartition_add_credit(&sub, 1);
    take_buffer(&sub, 0);
    subpartition_fini(&sub);
    stored_queue_fini(&stored);
}
END_TEST

START_TEST(channel_that_resumes_announces_what_has_gathered)
{
    struct subpartition sub = { .announces = true };
    struct channel_event barrier = partitions_barrier(1, BARRIER_FORCED_ALIGNED, TIME_NEVER);
    subpartition_add_event(&sub, &barrier);
    take_event(&sub, 0);
    subpartition_add_buffer(&sub, partitions_filled());
    subpartition_add_buffer(&sub, partitions_filled());
    ck_assert(!subpartition_take_announcement(&sub, &backlog));
    subpartition_resume(&sub);
    take_announcement(&sub, 2);
    subpartition_fini(&sub);
}
END_TEST

START_TEST(channel_goes_on_behind_barriers_that_need_no_alignment)
{
    static const enum barrier_alignment alignments[] = { BARRIER_AT_LEAST_ONCE, BARRIER_ALIGNED };
    struct subpartition sub = { .announces = alignments[_i] == BARRIER_AT_LEAST_ONCE };
    struct channel_event barrier = partitions_barrier(1, alignments[_i], TIME_NEVER);
    subpartition_add_event(&sub, &barrier);
    subpartition_add_buffer(&sub, partitions_filled());
    subpartition_add_credit(&sub, 1);
    take_event(&sub, 1);
    take_buffer(&sub, 0);
    subpartition_fini(&sub);
}
END_TEST

/* The open buffer counts when it was flushed, and is what a credit takes then, but not while the
 * channel stands. */
START_TEST(flush_without_a_credit_is_announced)
{
    struct result_partition partition;
    struct note note;
    struct channel_event barrier = partitions_barrier(1, BARRIER_ALIGNED, TIME_NEVER);
    partitions_open(&partition, partitions_config(PARTITION_FORWARD, 1));
    result_partition_set_announcing(&partition, 0);
    ck_assert(!err_is(partitions_write(&partition, 1, NULL, &note)));
    ck_assert(!result_partition_take_announcement(&partition, 0, &backlog));
    result_partition_flush(&partition);
    ck_assert(result_partition_take_announcement(&partition, 0, &backlog));
    ck_assert_uint_eq(backlog, 1);
    result_partition_add_credit(&partition, 0, 1);
    ck_assert(result_partition_take(&partition, 0, &item, &backlog));
    ck_assert_uint_eq(backlog, 0);
    buffer_release(item.buffer);
    result_partition_add_event(&partition, &barrier);
    ck_assert(result_partition_take(&partition, 0, &item, &backlog));
    ck_assert(!err_is(partitions_write(&partition, 1, NULL, &note)));
    result_partition_flush(&partition);
    result_partition_add_credit(&partition, 0, 1);
    ck_assert_uint_eq(partition.subpartitions[0].queue.count, 0);
    result_partition_resume(&partition, 0);
    ck_assert(result_partition_take_announcement(&partition, 0, &backlog));
    ck_assert_uint_eq(backlog, 1);
    result_partition_check(&partition, 0);
    result_partition_fini(&partition);
}
END_TEST

Suite *test_exec_announcement_suite(void);
Suite *test_exec_announcement_suite(void)
{
    Suite *suite = suite_create("exec announcement");
    TCase *tcase = tcase_create("announcement");
    tcase_add_test(tcase, backlog_is_announced_once_where_there_is_no_credit);
    tcase_add_test(tcase, backlog_is_not_announced_where_an_item_tells_it);
    tcase_add_test(tcase, backlog_is_not_announced_to_a_reader_with_exclusive_buffers);
    tcase_add_test(tcase, channel_halts_behind_an_aligned_barrier_until_its_reader_resumes);
    tcase_add_test(tcase, channel_that_resumes_announces_what_has_gathered);
    tcase_add_loop_test(tcase, channel_goes_on_behind_barriers_that_need_no_alignment, 0, 2);
    tcase_add_test(tcase, flush_without_a_credit_is_announced);
    suite_add_tcase(suite, tcase);
    return suite;
}
