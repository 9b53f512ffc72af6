/* SPDX-License-Identifier: Apache-2.0
 *
 * The hold model: a number of events is pending, and each one that runs schedules itself again
 * after a random time. Ours (classes, cancellation, handles) against the yardstick of plain_heap.h,
 * which can do neither. In the lines "with time-outs" each event also sets a time-out and takes
 * back the one it set before, as heartbeats do; the yardstick must let those strike in vain.
 */
#include "core/base/rng.h"
#include "core/base/text.h"
#include "sim/kernel/queue.h"
#include "sim/kernel/real.h"
#include "tests/bench/bench.h"
#include "tests/bench/plain_heap.h"

enum { DRAWS = 1 << 16, TIMEOUT_FACTOR = 5 };

enum increments { INCREMENTS_EXPONENTIAL, INCREMENTS_BIMODAL, INCREMENTS_COUNT };

static const char *const increment_names[] = { "exponential", "bimodal" };

/* Increments are drawn beforehand: drawing is no part of what is timed. */
struct draws {
    time_ns values[DRAWS];
    uint64_t next;
};

static time_ns draw(struct draws *draws)
{
    return draws->values[draws->next++ % DRAWS];
}

static void draw_all(struct draws *draws, enum increments increments)
{
    struct rng rng = rng_stream(1, "hold", increments);
    for (int i = 0; i < DRAWS; i++) {
        /* bimodal: nine in ten within a millisecond or so, the others within ten seconds or so */
        double mean_ns = 1e9;
        if (increments == INCREMENTS_BIMODAL)
            mean_ns = rng_below(&rng, 10) ? 1e6 : 1e10;
        draws->values[i] = (time_ns)(-mean_ns * real_log(1 - rng_unit(&rng))) + 1;
    }
    draws->next = 0;
}

/* Both sides of one line of the table. */
struct hold {
    struct draws draws;
    struct plain_queue plain;
    time_ns plain_now;
    uint64_t plain_useful, useful; /* events run that are not time-outs */
    struct sim_queue *queue;
    struct sim_handle *timeouts; /* by pending event */
};

static void plain_hold(void *context, uint64_t a)
{
    struct hold *hold = context;
    hold->plain_useful++;
    plain_push(&hold->plain, hold->plain_now + draw(&hold->draws), plain_hold, a);
}

static void plain_timeout(void *context, uint64_t a)
{
    (void)context;
    (void)a;
}

static void plain_hold_with_timeout(void *context, uint64_t a)
{
    struct hold *hold = context;
    time_ns now = hold->plain_now, wait = draw(&hold->draws);
    hold->plain_useful++;
    plain_push(&hold->plain, now + wait, plain_hold_with_timeout, a);
    plain_push(&hold->plain, now + TIMEOUT_FACTOR * wait, plain_timeout, a);
}

static void run_plain(void *context, uint64_t n)
{
    struct hold *hold = context;
    uint64_t end = hold->plain_useful + n;
    while (hold->plain_useful < end) {
        struct plain_event event = plain_pop(&hold->plain);
        hold->plain_now = event.at;
        event.action(hold, event.a);
    }
}

static void our_hold(void *context, uint64_t a, uint64_t b)
{
    struct hold *hold = context;
    hold->useful++;
    sim_queue_push(hold->queue, sim_queue_now(hold->queue) + draw(&hold->draws), SIM_CLASS_WAKE,
                   our_hold, hold, a, b);
}

static void our_timeout(void *context, uint64_t a, uint64_t b)
{
    (void)context;
    (void)a;
    (void)b;
}

static void our_hold_with_timeout(void *context, uint64_t a, uint64_t b)
{
    struct hold *hold = context;
    time_ns now = sim_queue_now(hold->queue), wait = draw(&hold->draws);
    hold->useful++;
    sim_queue_push(hold->queue, now + wait, SIM_CLASS_WAKE, our_hold_with_timeout, hold, a, b);
    sim_queue_cancel(hold->queue, &hold->timeouts[a]);
    hold->timeouts[a] = sim_queue_push(hold->queue, now + TIMEOUT_FACTOR * wait, SIM_CLASS_WAKE,
                                       our_timeout, hold, a, b);
}

static void run_ours(void *context, uint64_t n)
{
    struct hold *hold = context;
    uint64_t end = hold->useful + n;
    while (hold->useful < end)
        sim_queue_run_one(hold->queue, TIME_NEVER);
}

static void compare(enum increments increments, bool timeouts, uint64_t pending, uint64_t n)
{
    struct hold *hold = mem_create(sizeof *hold);
    draw_all(&hold->draws, increments);
    hold->queue = sim_queue_create();
    hold->timeouts = mem_create_array(pending, sizeof *hold->timeouts);
    for (uint64_t i = 0; i < pending; i++) {
        time_ns at = draw(&hold->draws);
        plain_push(&hold->plain, at, timeouts ? plain_hold_with_timeout : plain_hold, i);
        sim_queue_push(hold->queue, at, SIM_CLASS_WAKE, timeouts ? our_hold_with_timeout : our_hold,
                       hold, i, 0);
    }
    char name[64];
    text_format(name, sizeof name, "hold, %u pending, %s%s", (unsigned)pending,
                increment_names[increments], timeouts ? ", with time-outs" : "");
    bench_against(name, run_ours, run_plain, hold, n);
    bench_keep(hold->useful + hold->plain_useful);
    sim_queue_destroy(hold->queue);
    mem_destroy(hold->timeouts);
    mem_destroy(hold->plain.heap);
    mem_destroy(hold);
}

int main(void)
{
    for (int increments = 0; increments < INCREMENTS_COUNT; increments++) {
        compare((enum increments)increments, false, 1000, 1000000);
        compare((enum increments)increments, true, 1000, 500000);
        compare((enum increments)increments, false, 100000, 500000);
        compare((enum increments)increments, true, 100000, 300000);
        compare((enum increments)increments, false, 1000000, 300000);
    }
    return 0;
}
