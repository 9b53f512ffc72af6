/* SPDX-License-Identifier: Apache-2.0
 *
 * What questions that wait for answers take of memory, and whom a failure or a delay that cannot be
 * asks again. A question is the time that its answer takes.
 */
#include <check.h>

#include "core/exec/async_wait.h"
#include "core/exec/state_budget.h"
#include "tests/lib/lone_chain.h"

enum { LATENCY = 30 };

static uint32_t asked, failing; /* the how many-th call fails; 0: none */

static const char *ask(const void *context, struct operator* op,
                       const struct async_request *request, time_ns *latency)
{
    (void)context;
    ck_assert(!op->task->failed);
    *latency = *(const time_ns *)request->payload;
    return ++asked == failing ? "nobody is there" : NULL;
}

static const char *answer(const void *context, struct operator* op,
                          const struct async_request *request)
{
    (void)context;
    memcpy(collector_put(op->outs[0], request->timestamp, request->size), request->payload,
           request->size);
    return NULL;
}

static bool once_more(const void *context, struct operator* op, const struct async_request *request,
                      uint32_t attempt, time_ns *delay)
{
    (void)context, (void)op, (void)request;
    *delay = -1;
    return attempt == 1;
}

static struct async_wait_params params;
static struct record_layout layout[] = { { sizeof(time_ns), true } };
static const struct operator_spec specs[] = {
    { .name = "ask", .class = &async_wait_class, .params = &params, .outputs = { layout, 1, 1 } }
};
static struct lone_chain lone;

static void begin(enum async_order order)
{
    asked = failing = 0;
    params =
        (struct async_wait_params){ .ask = ask, .answer = answer, .order = order, .capacity = 100 };
    lone_chain_init(&lone, specs, 1, 0, 1, NULL, 0);
}

static void end(void)
{
    lone_chain_fini(&lone);
}

static void put(time_ns latency)
{
    lone_chain_put(&lone, 0, layout[0], 0, &latency, sizeof latency);
}

static void go_to(time_ns now)
{
    lone.context.now = now;
    if (chain_deadline(&lone.chain) <= now)
        chain_on_time(&lone.chain, now);
}

static uint64_t bytes(void)
{
    const struct operator* op = lone.chain.operators[0];
    struct state_size size;
    ck_assert(!op->class->size_of_state(op, 1, &size));
    ck_assert(op->class->size_of_state(op, 0, &size));
    return size.bytes;
}

/* Some are open all the time, so there is always a beginning that cannot go. */
START_TEST(a_queue_that_is_never_empty_stays_short)
{
    uint32_t questions, waiting;
    begin(_i ? ASYNC_UNORDERED : ASYNC_ORDERED);
    for (time_ns now = 0; now < 5000; now++) {
        put(LATENCY);
        async_wait_count(lone.chain.operators[0], &questions, &waiting);
        ck_assert_uint_gt(questions, 0);
        go_to(now);
    }
    ck_assert_uint_gt(lone.out.count, 4000);
    ck_assert_uint_lt(bytes(), 16384);
    end();
}
END_TEST

/* A watermark has a place, and nothing else. */
START_TEST(watermarks_that_wait_take_memory)
{
    enum { MARKS = 1000 };
    begin(ASYNC_ORDERED);
    put(LATENCY);
    for (int64_t n = 0; n < MARKS; n++)
        chain_watermark(&lone.chain, n);
    ck_assert_uint_gt(bytes(), MARKS * sizeof(uint64_t));
    end();
}
END_TEST

/* Neither do a delay and a latency go back in time. */
START_TEST(an_answer_before_its_question_comes_at_once)
{
    begin(ASYNC_ORDERED);
    params.again = once_more;
    put(-5);
    ck_assert_int_eq(chain_deadline(&lone.chain), 0);
    go_to(0);
    ck_assert_uint_eq(asked, 2);
    ck_assert_uint_eq(lone.out.count, 1);
    end();
}
END_TEST

/* Neither about the next record of a batch, nor again about one that waits for that. */
START_TEST(behind_a_failure_nobody_is_asked)
{
    static const uint64_t slots[] = { 0, 1, 0, 2 }; /* each behind its timestamp */
    bool is_asked_again = _i;
    begin(ASYNC_ORDERED);
    params.again = once_more;
    failing = is_asked_again ? 3 : 1;
    chain_process(&lone.chain, 0,
                  &(struct batch){ .slots = (const uint8_t *)slots,
                                   .count = 2,
                                   .stride = record_stride(layout[0]),
                                   .layout = layout[0] });
    ck_assert_int_eq(lone.context.failed, !is_asked_again);
    go_to(5);
    ck_assert(lone.context.failed);
    ck_assert_uint_eq(asked, failing);
    end();
}
END_TEST

Suite *test_exec_async_limits_suite(void);

Suite *test_exec_async_limits_suite(void)
{
    Suite *suite = suite_create("exec_async_limits");
    TCase *tcase = tcase_create("limits");
    tcase_add_loop_test(tcase, a_queue_that_is_never_empty_stays_short, 0, 2);
    tcase_add_test(tcase, watermarks_that_wait_take_memory);
    tcase_add_test(tcase, an_answer_before_its_question_comes_at_once);
    tcase_add_loop_test(tcase, behind_a_failure_nobody_is_asked, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
