/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/kernel/queue.c, the larger ones against a dull reference: an unsorted array searched
 * for the least (time, class, order of pushing) each time.
 */
#include "sim/kernel/queue.h"

#include <check.h>
#include <signal.h>

#include "core/base/rng.h"
#include "core/base/vec.h"

struct record {
    struct sim_queue *queue;
    VEC(uint64_t) ran;
    struct sim_handle other; /* to be cancelled by an action */
};

static void note_a(void *context, uint64_t a, uint64_t b)
{
    struct record *record = context;
    ck_assert_uint_eq(b, a + 1000);
    vec_push(&record->ran, a);
}

static struct sim_handle push(struct record *record, time_ns at, enum sim_class class, uint64_t a)
{
    return sim_queue_push(record->queue, at, class, note_a, record, a, a + 1000);
}

static void check_ran(struct record *record, size_t count, const uint64_t *expected)
{
    while (sim_queue_run_one(record->queue, TIME_NEVER))
        ;
    ck_assert_uint_eq(record->ran.count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(record->ran.items[i], expected[i]);
}

static void record_fini(struct record *record)
{
    vec_fini(&record->ran);
    sim_queue_destroy(record->queue);
}

START_TEST(queue_runs_by_time_then_class_then_order_of_pushing)
{
    struct record record = { .queue = sim_queue_create() };
    push(&record, 20, SIM_CLASS_FAULT, 1);
    push(&record, 10, SIM_CLASS_OBSERVE, 2);
    push(&record, 10, SIM_CLASS_WAKE, 3);
    push(&record, 10, SIM_CLASS_FAULT, 4);
    push(&record, 10, SIM_CLASS_DELIVERY, 5);
    push(&record, 10, SIM_CLASS_DATA, 6);
    push(&record, 10, SIM_CLASS_DELIVERY, 7);
    push(&record, 0, SIM_CLASS_OBSERVE, 8);
    check_ran(&record, 8, (const uint64_t[]){ 8, 4, 5, 7, 6, 3, 2, 1 });
    record_fini(&record);
}
END_TEST

START_TEST(queue_runs_ranked_events_by_rank_whenever_they_were_pushed)
{
    struct record record = { .queue = sim_queue_create() };
    static const uint64_t ranks[] = { 7, 3, 9, 0, 5 };
    for (int i = 0; i < 5; i++)
        sim_queue_push_ranked(record.queue, 10, SIM_CLASS_WAKE, ranks[i], note_a, &record, ranks[i],
                              ranks[i] + 1000);
    push(&record, 10, SIM_CLASS_OBSERVE, 100);
    push(&record, 10, SIM_CLASS_DATA, 101);
    check_ran(&record, 7, (const uint64_t[]){ 101, 0, 3, 5, 7, 9, 100 });
    record_fini(&record);
}
END_TEST

START_TEST(queue_moves_its_clock_to_each_event_and_to_the_end_asked_for)
{
    struct record record = { .queue = sim_queue_create() };
    ck_assert(!sim_queue_run_one(record.queue, TIME_NEVER));
    ck_assert_int_eq(sim_queue_now(record.queue), 0);
    push(&record, 10, SIM_CLASS_WAKE, 1);
    push(&record, 30, SIM_CLASS_WAKE, 2);
    ck_assert(!sim_queue_run_one(record.queue, 9));
    ck_assert_int_eq(sim_queue_now(record.queue), 9);
    ck_assert(sim_queue_run_one(record.queue, 20));
    ck_assert_int_eq(sim_queue_now(record.queue), 10);
    ck_assert(!sim_queue_run_one(record.queue, 20));
    ck_assert_int_eq(sim_queue_now(record.queue), 20);
    ck_assert(sim_queue_run_one(record.queue, 30));
    ck_assert(!sim_queue_run_one(record.queue, TIME_NEVER));
    ck_assert_int_eq(sim_queue_now(record.queue), 30);
    ck_assert_uint_eq(sim_queue_run_count(record.queue), 2);
    record_fini(&record);
}
END_TEST

START_TEST(queue_does_not_run_what_was_cancelled)
{
    struct record record = { .queue = sim_queue_create() };
    struct sim_handle first = push(&record, 10, SIM_CLASS_WAKE, 1);
    push(&record, 20, SIM_CLASS_WAKE, 2);
    struct sim_handle last = push(&record, 30, SIM_CLASS_WAKE, 3);
    sim_queue_cancel(record.queue, &first);
    ck_assert_uint_eq(first.generation, 0);
    sim_queue_cancel(record.queue, &last);
    sim_queue_cancel(record.queue, &last);
    check_ran(&record, 1, (const uint64_t[]){ 2 });
    record_fini(&record);
}
END_TEST

START_TEST(queue_handle_of_what_ran_does_not_cancel_its_slots_next_tenant)
{
    struct record record = { .queue = sim_queue_create() };
    struct sim_handle old = push(&record, 10, SIM_CLASS_WAKE, 1);
    sim_queue_run_one(record.queue, 10);
    struct sim_handle next = push(&record, 20, SIM_CLASS_WAKE, 2);
    ck_assert_uint_eq(old.slot, next.slot);
    sim_queue_cancel(record.queue, &old);
    check_ran(&record, 2, (const uint64_t[]){ 1, 2 });
    record_fini(&record);
}
END_TEST

static void cancel_other_then_push(void *context, uint64_t a, uint64_t b)
{
    struct record *record = context;
    (void)b;
    sim_queue_cancel(record->queue, &record->other);
    push(record, sim_queue_now(record->queue), SIM_CLASS_FAULT, a);
}

START_TEST(queue_lets_an_action_cancel_and_push_for_the_same_instant)
{
    struct record record = { .queue = sim_queue_create() };
    sim_queue_push(record.queue, 10, SIM_CLASS_OBSERVE, cancel_other_then_push, &record, 9, 0);
    record.other = push(&record, 20, SIM_CLASS_WAKE, 1);
    push(&record, 40, SIM_CLASS_WAKE, 2);
    check_ran(&record, 2, (const uint64_t[]){ 9, 2 });
    record_fini(&record);
}
END_TEST

/* The reference. */

struct entry {
    time_ns at;
    enum sim_class class;
    uint64_t number;
    struct sim_handle handle;
};

static size_t least_of(const struct entry *entries, size_t count)
{
    size_t least = 0;
    for (size_t i = 1; i < count; i++) {
        const struct entry *a = &entries[i], *b = &entries[least];
        if (a->at != b->at         ? a->at < b->at
            : a->class != b->class ? a->class < b->class
                                   : a->number < b->number)
            least = i;
    }
    return least;
}

/* Times are few, so that many are equal; cancelling is frequent, so that clean-ups happen. */
START_TEST(queue_agrees_with_the_reference_over_random_use)
{
    struct record record = { .queue = sim_queue_create() };
    VEC(struct entry) entries = { 0 };
    struct rng rng = rng_stream(3, "queue", 0);
    struct entry last = { .at = -1 };
    uint64_t number = 0;
    for (int i = 0; i < 60000; i++) {
        uint64_t act = rng_below(&rng, i / 10000 % 2 ? 10 : 16);
        time_ns now = sim_queue_now(record.queue);
        if (act < 6 || entries.count == 0) {
            struct entry entry = { now + (time_ns)rng_below(&rng, 50),
                                   (enum sim_class)rng_below(&rng, SIM_CLASS_COUNT),
                                   number++,
                                   { 0 } };
            if (last.at >= now && rng_below(&rng, 3)) { /* runs of pushes for one instant */
                entry.at = last.at;
                entry.class = last.class;
            }
            last = entry;
            entry.handle = push(&record, entry.at, entry.class, entry.number);
            vec_push(&entries, entry);
        } else if (act < 12) {
            size_t victim = rng_below(&rng, entries.count);
            sim_queue_cancel(record.queue, &entries.items[victim].handle);
            vec_remove_swap(&entries, victim);
        } else {
            size_t least = least_of(entries.items, entries.count);
            ck_assert(sim_queue_run_one(record.queue, TIME_NEVER));
            ck_assert_int_eq(sim_queue_now(record.queue), entries.items[least].at);
            ck_assert_uint_eq(vec_last(&record.ran), entries.items[least].number);
            vec_remove_swap(&entries, least);
        }
    }
    vec_fini(&entries);
    record_fini(&record);
}
END_TEST

/* Most come in order, as messages that take equally long do, class by class; some are early, some
 * pushed from where another one has just run, some ranked against the order of pushing. */
START_TEST(queue_agrees_with_the_reference_over_runs_in_order)
{
    struct record record = { .queue = sim_queue_create() };
    VEC(struct entry) entries = { 0 };
    struct rng rng = rng_stream(4, "queue", 0);
    static const time_ns delays[SIM_CLASS_COUNT] = { 5000, 100, 2000, 700, 10 };
    time_ns before = 0;
    uint64_t number = 0;
    for (int i = 0; i < 40000; i++) {
        uint64_t act = rng_below(&rng, 16);
        /* by turns more is pushed than run, and the other way round */
        if (act < (i / 2000 % 2 ? 6 : 9) || entries.count == 0) {
            struct entry entry = {
                0, (enum sim_class)rng_below(&rng, SIM_CLASS_COUNT), number++, { 0 }
            };
            time_ns early = rng_below(&rng, 12) ? 0 : (time_ns)rng_below(&rng, 100);
            entry.at = sim_queue_now(record.queue) + delays[entry.class];
            entry.at = entry.at > before + early ? entry.at - early : before;
            entry.handle = push(&record, entry.at, entry.class, entry.number);
            vec_push(&entries, entry);
        } else if (act == 9) { /* often the last one, which is where the next would be chained */
            size_t victim = rng_below(&rng, 2) ? entries.count - 1 : rng_below(&rng, entries.count);
            sim_queue_cancel(record.queue, &entries.items[victim].handle);
            vec_remove_swap(&entries, victim);
        } else {
            size_t least = least_of(entries.items, entries.count);
            ck_assert(sim_queue_run_one(record.queue, TIME_NEVER));
            ck_assert_uint_eq(vec_last(&record.ran), entries.items[least].number);
            ck_assert_int_eq(sim_queue_now(record.queue), entries.items[least].at);
            before = sim_queue_now(record.queue);
            vec_remove_swap(&entries, least);
        }
    }
    vec_fini(&entries);
    record_fini(&record);
}
END_TEST

/* A run that has proved itself goes on behind early ones, and not behind its last when that was
 * cancelled or has run. */
START_TEST(queue_keeps_the_order_around_a_run_in_order)
{
    struct record record = { .queue = sim_queue_create() };
    for (uint64_t i = 0; i < 10; i++)
        push(&record, 100 + (time_ns)i, SIM_CLASS_DELIVERY, i);
    push(&record, 50, SIM_CLASS_DELIVERY, 10);
    struct sim_handle last = push(&record, 120, SIM_CLASS_DELIVERY, 11);
    sim_queue_cancel(record.queue, &last);
    push(&record, 130, SIM_CLASS_DELIVERY, 12);
    push(&record, 105, SIM_CLASS_DELIVERY, 13);
    check_ran(&record, 13, (const uint64_t[]){ 10, 0, 1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12 });
    push(&record, 140, SIM_CLASS_DELIVERY, 14);
    push(&record, 135, SIM_CLASS_DELIVERY, 15);
    check_ran(&record, 15, (const uint64_t[]){ 10, 0, 1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 15, 14 });
    record_fini(&record);
}
END_TEST

/* What waits in a run takes no place of its own in the heap, so ranks must hold inside it, too. */
START_TEST(queue_takes_ranked_events_into_a_run_by_rank_only)
{
    struct record record = { .queue = sim_queue_create() };
    static const uint64_t ranks[] = { 1, 2, 3, 4, 5, 6, 7, 20, 9, 8, 21, 30 };
    for (int i = 0; i < 12; i++)
        sim_queue_push_ranked(record.queue, 10, SIM_CLASS_WAKE, ranks[i], note_a, &record, ranks[i],
                              ranks[i] + 1000);
    check_ran(&record, 12, (const uint64_t[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21, 30 });
    record_fini(&record);
}
END_TEST

START_TEST(queue_cleans_up_when_nearly_everything_is_cancelled)
{
    struct record record = { .queue = sim_queue_create() };
    static struct sim_handle handles[5000];
    for (uint64_t i = 0; i < 5000; i++)
        handles[i] = push(&record, (time_ns)((i * 7919) % 5000), SIM_CLASS_WAKE, i);
    for (uint64_t i = 0; i < 5000; i++)
        if ((i * 7919) % 5000 % 1000 != 0)
            sim_queue_cancel(record.queue, &handles[i]);
    while (sim_queue_run_one(record.queue, TIME_NEVER))
        ;
    ck_assert_uint_eq(record.ran.count, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_eq(record.ran.items[i] * 7919 % 5000, i * 1000);
    record_fini(&record);
}
END_TEST

/* As heartbeats do: set, cancelled, set again, for ever, behind one that is pending. */
START_TEST(queue_reuses_the_slots_of_cancelled_events_that_never_come_to_the_top)
{
    struct record record = { .queue = sim_queue_create() };
    push(&record, 10, SIM_CLASS_WAKE, 0);
    for (uint64_t i = 1; i < 100000; i++) {
        struct sim_handle handle = push(&record, 1000000, SIM_CLASS_WAKE, i);
        ck_assert_uint_lt(handle.slot, 200);
        sim_queue_cancel(record.queue, &handle);
    }
    check_ran(&record, 1, (const uint64_t[]){ 0 });
    record_fini(&record);
}
END_TEST

START_TEST(queue_push_into_the_past_is_impossible)
{
    struct record record = { .queue = sim_queue_create() };
    sim_queue_run_one(record.queue, 10);
    push(&record, 9, SIM_CLASS_WAKE, 1);
}
END_TEST

/* Nothing is pending, so there is nothing to cancel either, and others keep their order. */
START_TEST(queue_never_runs_what_is_due_at_the_end_of_time)
{
    struct record record = { .queue = sim_queue_create() };
    push(&record, 10, SIM_CLASS_WAKE, 1);
    struct sim_handle plain = push(&record, TIME_NEVER, SIM_CLASS_WAKE, 2);
    struct sim_handle ranked =
        sim_queue_push_ranked(record.queue, TIME_NEVER, SIM_CLASS_WAKE, 7, note_a, &record, 3, 0);
    push(&record, TIME_NEVER - 1, SIM_CLASS_WAKE, 5);
    push(&record, 10, SIM_CLASS_WAKE, 4);
    ck_assert_uint_eq(plain.generation, 0);
    ck_assert_uint_eq(ranked.generation, 0);
    sim_queue_cancel(record.queue, &plain);
    check_ran(&record, 3, (const uint64_t[]){ 1, 4, 5 });
    ck_assert_uint_eq(sim_queue_run_count(record.queue), 3);
    record_fini(&record);
}
END_TEST

Suite *test_sim_queue_suite(void)
{
    Suite *suite = suite_create("sim_queue");
    TCase *tcase = tcase_create("queue");
    tcase_add_test(tcase, queue_runs_by_time_then_class_then_order_of_pushing);
    tcase_add_test(tcase, queue_runs_ranked_events_by_rank_whenever_they_were_pushed);
    tcase_add_test(tcase, queue_moves_its_clock_to_each_event_and_to_the_end_asked_for);
    tcase_add_test(tcase, queue_does_not_run_what_was_cancelled);
    tcase_add_test(tcase, queue_handle_of_what_ran_does_not_cancel_its_slots_next_tenant);
    tcase_add_test(tcase, queue_lets_an_action_cancel_and_push_for_the_same_instant);
    tcase_add_test(tcase, queue_agrees_with_the_reference_over_random_use);
    tcase_add_test(tcase, queue_agrees_with_the_reference_over_runs_in_order);
    tcase_add_test(tcase, queue_keeps_the_order_around_a_run_in_order);
    tcase_add_test(tcase, queue_takes_ranked_events_into_a_run_by_rank_only);
    tcase_add_test(tcase, queue_cleans_up_when_nearly_everything_is_cancelled);
    tcase_add_test(tcase, queue_reuses_the_slots_of_cancelled_events_that_never_come_to_the_top);
    tcase_add_test_raise_signal(tcase, queue_push_into_the_past_is_impossible, SIGABRT);
    tcase_add_test(tcase, queue_never_runs_what_is_due_at_the_end_of_time);
    suite_add_tcase(suite, tcase);
    return suite;
}
