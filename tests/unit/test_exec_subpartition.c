/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the sender's queue of one channel: order, credits, and what barriers overtake.
 */
#include <check.h>
#include <signal.h>

#include "core/exec/subpartition.h"
#include "tests/lib/partitions.h"

static struct channel_item item;
static uint32_t backlog;

START_TEST(subpartition_gives_buffers_for_credits_and_events_for_nothing)
{
    struct subpartition sub = { 0 };
    subpartition_add_event(&sub, &(struct channel_event){ .kind = CHANNEL_EVENT_END_OF_DATA });
    subpartition_add_buffer(&sub, partitions_filled());
    subpartition_add_buffer(&sub, partitions_filled());
    subpartition_add_buffer(&sub, partitions_filled());
    ck_assert(subpartition_take(&sub, &item, &backlog));
    ck_assert_int_eq(item.event.kind, CHANNEL_EVENT_END_OF_DATA);
    ck_assert_uint_eq(item.sequence, 0);
    ck_assert_uint_eq(backlog, 3);
    ck_assert(!subpartition_take(&sub, &item, &backlog));
    subpartition_add_credit(&sub, 2);
    for (uint32_t i = 1; i <= 2; i++) {
        ck_assert(subpartition_take(&sub, &item, &backlog));
        ck_assert_uint_eq(item.sequence, i);
        ck_assert_uint_eq(backlog, 3 - i);
        buffer_release(item.buffer);
        subpartition_check(&sub);
    }
    ck_assert(!subpartition_is_available(&sub));
    ck_assert_uint_eq(sub.bytes_out, 32);
    subpartition_fini(&sub);
}
END_TEST

START_TEST(subpartition_lets_an_unaligned_barrier_overtake)
{
    struct subpartition sub = { 0 };
    struct stored_queue stored = { 0 };
    struct stored_buffer out;
    struct buffer *first = partitions_filled(), *second = partitions_filled();
    struct channel_event old = partitions_barrier(1, BARRIER_ALIGNED, TIME_NEVER);
    struct checkpoint_barrier barrier =
        partitions_barrier(2, BARRIER_UNALIGNED, TIME_NEVER).barrier;
    subpartition_add_buffer(&sub, first);
    subpartition_add_event(&sub, &old);
    subpartition_add_buffer(&sub, second);
    subpartition_add_priority_barrier(&sub, &barrier, 5, &stored);
    subpartition_check(&sub);
    ck_assert(subpartition_take(&sub, &item, &backlog));
    ck_assert(item.priority);
    ck_assert_int_eq(item.event.barrier.id, 2);
    ck_assert_uint_eq(item.sequence, 0);
    ck_assert_uint_eq(backlog, 2);
    ck_assert(stored_queue_take(&stored, &out));
    ck_assert_ptr_eq(out.buffer, first);
    ck_assert_uint_eq(out.channel, 5);
    ck_assert_int_eq(out.checkpoint, 2);
    buffer_release(out.buffer);
    ck_assert(stored_queue_take(&stored, &out));
    ck_assert_ptr_eq(out.buffer, second);
    buffer_release(out.buffer);
    ck_assert(!stored_queue_take(&stored, &out));
    subpartition_fini(&sub);
    stored_queue_fini(&stored);
}
END_TEST

START_TEST(subpartition_times_out_only_a_barrier_that_still_waits)
{
    struct subpartition sub = { 0 };
    struct stored_queue stored = { 0 };
    struct channel_event barrier = partitions_barrier(3, BARRIER_ALIGNED, 500);
    subpartition_add_buffer(&sub, partitions_filled());
    subpartition_add_event(&sub, &barrier);
    subpartition_add_buffer(&sub, partitions_filled());
    ck_assert(!subpartition_time_out_barrier(&sub, 2, 0, &stored));
    ck_assert(subpartition_time_out_barrier(&sub, 3, 0, &stored));
    subpartition_check(&sub);
    ck_assert_uint_eq(stored.list.count, 1);
    ck_assert(!subpartition_time_out_barrier(&sub, 3, 0, &stored)); /* has priority already */
    ck_assert(subpartition_take(&sub, &item, &backlog));
    ck_assert_int_eq(item.event.barrier.alignment, BARRIER_UNALIGNED);
    ck_assert_int_eq(item.event.barrier.aligned_timeout, TIME_NEVER);
    ck_assert(!subpartition_time_out_barrier(&sub, 3, 0, &stored));
    ck_assert_uint_eq(sub.queue.buffers, 2);
    subpartition_fini(&sub);
    stored_queue_fini(&stored);
}
END_TEST

START_TEST(item_queue_keeps_its_order_while_it_grows)
{
    struct item_queue queue = { 0 };
    struct channel_item event = { .event = { .kind = CHANNEL_EVENT_BARRIER }, .priority = true };
    struct channel_item buffer = { 0 };
    for (uint32_t i = 0; i < 100; i++) {
        buffer.buffer = partitions_filled();
        buffer.sequence = i;
        item_queue_add(&queue, &buffer);
        if (i % 30 == 29) {
            event.sequence = 1000 + i;
            item_queue_add_priority(&queue, &event);
        }
        item_queue_check(&queue);
    }
    ck_assert_uint_eq(item_queue_take(&queue).sequence, 1029);
    ck_assert_uint_eq(item_queue_take(&queue).sequence, 1059);
    struct channel_item taken = item_queue_take_at(&queue, 41);
    ck_assert_uint_eq(taken.sequence, 40);
    buffer_release(taken.buffer);
    item_queue_check(&queue);
    ck_assert_uint_eq(item_queue_take(&queue).sequence, 1089);
    for (uint32_t i = 0; i < 100; i++) {
        if (i == 40)
            continue;
        taken = item_queue_take(&queue);
        ck_assert_uint_eq(taken.sequence, i);
        buffer_release(taken.buffer);
    }
    item_queue_fini(&queue);
}
END_TEST

START_TEST(item_queue_stops_the_run_beyond_its_limit)
{
    struct item_queue queue = { 0 };
    struct channel_item event = { .event = { .kind = CHANNEL_EVENT_CANCEL_CHECKPOINT } };
    for (uint32_t i = 0; i < ITEM_QUEUE_MAX; i++)
        item_queue_add(&queue, &event);
    if (queue.count == ITEM_QUEUE_MAX)
        item_queue_add(&queue, &event);
}
END_TEST

Suite *test_exec_subpartition_suite(void)
{
    Suite *suite = suite_create("exec subpartition");
    TCase *tcase = tcase_create("subpartition");
    tcase_add_test(tcase, subpartition_gives_buffers_for_credits_and_events_for_nothing);
    tcase_add_test(tcase, subpartition_lets_an_unaligned_barrier_overtake);
    tcase_add_test(tcase, subpartition_times_out_only_a_barrier_that_still_waits);
    tcase_add_test_raise_signal(tcase, item_queue_stops_the_run_beyond_its_limit, SIGABRT);
    tcase_add_test(tcase, item_queue_keeps_its_order_while_it_grows);
    suite_add_tcase(suite, tcase);
    return suite;
}
