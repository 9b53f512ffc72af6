/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers that take their time, against a plain list that is walked again at every instant: which
 * comes out when, behind and before which watermark and status, with a restart from a snapshot in
 * between.
 */
#include <check.h>

#include "core/base/hash.h"
#include "core/base/rng.h"
#include "core/exec/async_wait.h"
#include "core/exec/log_source.h"
#include "core/exec/task.h"
#include "tests/lib/lone_chains.h"

enum { ITEMS = 400, LATENCY_MAX = 30 };

struct answer {
    uint64_t id, timed_out;
};

static time_ns latency_of(uint64_t id)
{
    return (time_ns)(hash_mix(id) % LATENCY_MAX);
}

static const char *ask(const void *context, struct operator* op,
                       const struct async_request *request, time_ns *latency)
{
    uint64_t id = *(const uint64_t *)request->payload;
    (void)context, (void)op;
    ck_assert_uint_eq(request->size, 8);
    ck_assert_int_eq(request->timestamp, (int64_t)id);
    *latency = id == 1 << 20 ? TIME_NEVER : latency_of(id);
    return id == 1 << 21 ? "nobody is there" : NULL;
}

static const char *put_answer(const struct async_request *request, uint64_t timed_out,
                              struct collector *out)
{
    struct answer answer = { *(const uint64_t *)request->payload, timed_out };
    memcpy(collector_put(out, request->timestamp, sizeof answer), &answer, sizeof answer);
    return NULL;
}

static const char *on_answer(const void *context, struct operator* op,
                             const struct async_request *request)
{
    (void)context;
    return put_answer(request, 0, op->outs[0]);
}

static const char *on_timeout(const void *context, struct operator* op,
                              const struct async_request *request)
{
    (void)context;
    return put_answer(request, 1, op->outs[0]);
}

static bool is_none(uint64_t id, uint32_t attempt)
{
    return attempt <= hash_mix(id + 1) % 5;
}

static time_ns delay_of(uint64_t id, uint32_t attempt)
{
    return (time_ns)(hash_mix(id + attempt) % 7);
}

static bool again(const void *context, struct operator* op, const struct async_request *request,
                  uint32_t attempt, time_ns *delay)
{
    uint64_t id = *(const uint64_t *)request->payload;
    (void)context, (void)op;
    *delay = delay_of(id, attempt);
    return is_none(id, attempt);
}

static struct async_wait_params params = { .ask = ask, .answer = on_answer };
static struct record_layout answer_layout[] = { { sizeof(struct answer), true } };
static const struct operator_spec specs[] = { { .name = "ask",
                                                .class = &async_wait_class,
                                                .params = &params,
                                                .outputs = { answer_layout, 1, 1 } } };

/* The plain way. */
enum plain_state { WAITS, ASKED, DELAYED, DONE, OUT };

static struct plain {
    struct {
        bool is_mark, is_status, timed_out;
        uint64_t id, answered; /* answered: the how many-th answer */
        enum plain_state state;
        uint32_t attempts;
        time_ns due, last;
    } items[2 * ITEMS];
    size_t count;
    uint64_t answers;
    uint32_t open;
    VEC(struct answer) out;
    VEC(struct lone_mark) marks;
} plain;

static void plain_await(size_t i, enum plain_state state, time_ns at)
{
    plain.items[i].timed_out = params.timeout > 0 && at > plain.items[i].last;
    plain.items[i].due = plain.items[i].timed_out ? plain.items[i].last : at;
    plain.items[i].state = plain.items[i].timed_out ? ASKED : state;
}

static void plain_ask_once(size_t i, time_ns now)
{
    plain.items[i].attempts++;
    plain_await(i, ASKED, now + latency_of(plain.items[i].id));
}

static void plain_ask(time_ns now)
{
    for (size_t i = 0; i < plain.count && plain.open < params.capacity; i++)
        if (plain.items[i].state == WAITS && !plain.items[i].is_mark) {
            plain.items[i].last = now + params.timeout;
            plain.items[i].attempts = 0;
            plain_ask_once(i, now);
            plain.open++;
        }
}

static void plain_due(size_t i)
{
    uint64_t id = plain.items[i].id;
    uint32_t attempt = plain.items[i].attempts;
    time_ns at = plain.items[i].due;
    if (plain.items[i].state == DELAYED) {
        plain_ask_once(i, at);
    } else if (params.again && !plain.items[i].timed_out && is_none(id, attempt)) {
        plain_await(i, DELAYED, at + delay_of(id, attempt));
    } else {
        plain.items[i].state = DONE;
        plain.items[i].answered = plain.answers++;
    }
}

static void plain_give(void)
{
    for (;;) {
        size_t head = 0, best;
        while (head < plain.count && plain.items[head].state == OUT)
            head++;
        if (head == plain.count)
            return;
        if (plain.items[head].is_mark) {
            plain.items[head].state = OUT;
            vec_push(&plain.marks,
                     (struct lone_mark){ plain.out.count, (int64_t)plain.items[head].id,
                                         plain.items[head].is_status });
            continue;
        }
        best = plain.count;
        for (size_t i = head; i < plain.count && !plain.items[i].is_mark; i++) {
            if (plain.items[i].state == DONE &&
                (best == plain.count || plain.items[i].answered < plain.items[best].answered))
                best = i;
            if (params.order == ASYNC_ORDERED)
                break;
        }
        if (best == plain.count)
            return;
        plain.items[best].state = OUT;
        plain.open--;
        vec_push(&plain.out, (struct answer){ plain.items[best].id, plain.items[best].timed_out });
    }
}

static bool plain_complete(time_ns now)
{
    bool any = false;
    for (;;) { /* in the order of time, then of coming */
        size_t first = plain.count;
        for (size_t i = 0; i < plain.count; i++)
            if ((plain.items[i].state == ASKED || plain.items[i].state == DELAYED) &&
                plain.items[i].due <= now &&
                (first == plain.count || plain.items[i].due < plain.items[first].due))
                first = i;
        if (first == plain.count)
            return any;
        any = true;
        plain_due(first);
    }
}

static void plain_time(time_ns now)
{
    while (plain_complete(now)) {
        plain_give();
        plain_ask(now);
    }
}

static void plain_add(uint64_t id, time_ns now)
{
    plain.items[plain.count++].id = id;
    plain_ask(now);
}

static void plain_add_mark(uint64_t value, bool is_status)
{
    plain.items[plain.count].is_mark = true;
    plain.items[plain.count].is_status = is_status;
    plain.items[plain.count++].id = value;
    plain_give();
}

/* Watermarks under way are lost; who has no answer is asked again, in the order of coming. */
static void plain_restart(time_ns now, int64_t watermark)
{
    size_t kept = 0;
    for (size_t i = 0; i < plain.count; i++) {
        if (plain.items[i].state == OUT || plain.items[i].is_mark)
            continue;
        plain.items[kept] = plain.items[i];
        plain.items[kept++].state = WAITS;
    }
    memset(plain.items + kept, 0, (plain.count - kept) * sizeof *plain.items);
    plain.count = kept;
    plain.open = 0;
    plain_ask(now);
    if (watermark != WATERMARK_NONE)
        plain_add_mark((uint64_t)watermark, false);
}

/* To this time by way of each deadline. */
static void run_to(struct lone_chains *lone, time_ns to)
{
    for (uint32_t i = 0; i < lone->width; i++) {
        time_ns at;
        while ((at = chain_deadline(&lone->chains[i].chain)) <= to) {
            lone->chains[i].context.now = at > lone->now ? at : lone->now;
            chain_on_time(&lone->chains[i].chain, lone->chains[i].context.now);
        }
    }
    lone_chains_set_time(lone, to);
}

static void compare(const struct lone_chain *lone)
{
    ck_assert_uint_eq(lone->out.count, plain.out.count);
    for (size_t i = 0; i < plain.out.count; i++) {
        ck_assert_mem_eq(lone->out.items[i].payload, &plain.out.items[i], sizeof(struct answer));
        ck_assert_int_eq(lone->out.items[i].timestamp, (int64_t)plain.out.items[i].id);
    }
    ck_assert_uint_eq(lone->marks.count, plain.marks.count);
    for (size_t i = 0; i < plain.marks.count; i++)
        ck_assert(lone->marks.items[i].behind == plain.marks.items[i].behind &&
                  lone->marks.items[i].value == plain.marks.items[i].value &&
                  lone->marks.items[i].is_status == plain.marks.items[i].is_status);
}

static void set_up(int variant)
{
    params.order = variant % 2 ? ASYNC_UNORDERED : ASYNC_ORDERED;
    params.capacity = variant % 3 ? 1 + (uint32_t)variant % 7 : 100;
    params.timeout = variant / 2 % 2 ? 20 : 0;
    params.timed_out = on_timeout;
    params.again = variant / 4 % 2 ? again : NULL;
    vec_fini(&plain.out);
    vec_fini(&plain.marks);
    memset(&plain, 0, sizeof plain);
}

static void put(struct lone_chain *to, uint64_t id)
{
    lone_chain_put(to, 0, (struct record_layout){ 8, true }, (int64_t)id, &id, sizeof id);
}

START_TEST(answers_come_as_a_plain_list_says)
{
    static struct lone_chains lone;
    struct rng rng = rng_stream((uint64_t)_i, "async", 0);
    uint32_t open, waiting;
    set_up(_i);
    lone_chains_init(&lone, specs, 1, 1);
    for (uint64_t n = 0; n < ITEMS; n++) {
        if (rng_below(&rng, 8) == 0) {
            lone_chains_watermark(&lone, (int64_t)n);
            plain_add_mark(n, false);
        } else if (rng_below(&rng, 16) == 0) {
            chain_status(&lone.chains[0].chain, n % 2 == 0);
            plain_add_mark(n % 2 == 0, true);
        } else {
            put(&lone.chains[0], n);
            plain_add(n, lone.now);
        }
        compare(&lone.chains[0]);
        for (int64_t left = rng_between(&rng, 0, 6); left-- > 0; compare(&lone.chains[0])) {
            plain_time(lone.now);
            run_to(&lone, lone.now + 1);
            plain_time(lone.now);
        }
        async_wait_count(lone.chains[0].chain.operators[0], &open, &waiting);
        ck_assert_uint_eq(open, plain.open);
        ck_assert_uint_le(open, params.capacity);
        ck_assert_int_eq(chain_has_room(&lone.chains[0].chain), waiting == 0);
        if (rng_below(&rng, 100) == 0) {
            /* What came out before is compared already; the new chain's keeper counts anew. */
            vec_clear(&plain.out);
            vec_clear(&plain.marks);
            vec_clear(&lone.chains[0].out);
            lone_chains_restart(&lone, 1);
            plain_restart(lone.now, lone.watermark);
        }
    }
    for (open = 1; open > 0;) {
        plain_time(lone.now);
        run_to(&lone, lone.now + 1);
        async_wait_count(lone.chains[0].chain.operators[0], &open, &waiting);
    }
    ck_assert_uint_eq(waiting, 0);
    plain_time(lone.now);
    compare(&lone.chains[0]);
    lone_chains_fini(&lone);
}
END_TEST

/* Split list state: who has no answer yet moves to any subtask, and is answered there, once. */
START_TEST(each_question_has_one_answer_over_restarts)
{
    static struct lone_chains lone;
    struct rng rng = rng_stream((uint64_t)_i, "rescaled", 0);
    uint8_t seen[ITEMS] = { 0 };
    size_t count;
    set_up(_i);
    lone_chains_init(&lone, specs, 1, 2);
    for (uint64_t n = 0; n < ITEMS; n++) {
        put(&lone.chains[rng_below(&rng, lone.width)], n);
        run_to(&lone, lone.now + rng_between(&rng, 0, 3));
        if (rng_below(&rng, 40) == 0)
            lone_chains_restart(&lone, 1 + (uint32_t)rng_below(&rng, LONE_WIDTH_MAX));
    }
    run_to(&lone, lone.now + ITEMS * (LATENCY_MAX + 7) * 5);
    struct lone_record *found = lone_chains_take(&lone, &count);
    ck_assert_uint_eq(count, ITEMS);
    for (size_t i = 0; i < count; i++)
        seen[*(const uint64_t *)(const void *)found[i].payload]++;
    for (uint64_t n = 0; n < ITEMS; n++)
        ck_assert_uint_eq(seen[n], 1);
    mem_destroy(found);
    lone_chains_fini(&lone);
}
END_TEST

START_TEST(who_does_not_answer_fails_the_task)
{
    static const char *const texts[] = { "ask: no answer within 5 ms", "ask: nobody is there",
                                         "ask: an answer that never comes, and no time-out" };
    static struct lone_chains lone;
    set_up(0);
    params.timeout = _i == 2 ? 0 : 5 * TIME_MS;
    params.timed_out = NULL;
    lone_chains_init(&lone, specs, 1, 1);
    put(&lone.chains[0], _i == 1 ? 1 << 21 : 1 << 20);
    ck_assert_int_eq(lone.chains[0].context.failed, _i > 0);
    lone_chains_set_time(&lone, 5 * TIME_MS);
    ck_assert(lone.chains[0].context.failed);
    ck_assert_str_eq(lone.chains[0].context.note.text, texts[_i]);
    lone_chains_fini(&lone);
}
END_TEST

/* AsyncWaitOperator.finishInFlightDelayedRetry: no delay goes on, no other follows. */
START_TEST(behind_the_end_of_the_input_nothing_is_asked_again)
{
    static struct lone_chains lone;
    size_t count;
    set_up(12);
    lone_chains_init(&lone, specs, 1, 1);
    ck_assert(params.again && params.timeout == 0);
    for (uint64_t n = 0; n < params.capacity; n++)
        put(&lone.chains[0], n);
    run_to(&lone, LATENCY_MAX / 2);
    chain_finish(&lone.chains[0].chain);
    run_to(&lone, lone.now + LATENCY_MAX);
    ck_assert_int_eq(chain_deadline(&lone.chains[0].chain), TIME_NEVER);
    mem_destroy(lone_chains_take(&lone, &count));
    ck_assert_uint_eq(count, params.capacity);
    lone_chains_fini(&lone);
}
END_TEST

static void make_ids(const void *context, uint32_t split, uint64_t from, uint32_t count,
                     uint8_t *slots, void **room)
{
    (void)room;
    (void)context;
    (void)split;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t slot[2] = { from + i, from + i };
        memcpy(slots + i * sizeof slot, slot, sizeof slot);
    }
}

/* A task whose input has ended waits for the answers, and takes no more than it may ask about. */
START_TEST(a_task_ends_behind_its_last_answer)
{
    static const struct log_source_params source = { .splits = 1, .make = make_ids };
    static struct record_layout id_layout[] = { { 8, true } };
    struct operator_spec operators[] = { { .name = "source",
                                           .class = &log_source_class,
                                           .params = &source,
                                           .outputs = { id_layout, 1, 1 } },
                                         specs[0] };
    struct exec_task_config config = { .identity = { 1, 1, 0, 1, 128, 0 },
                                       .groups = { 0, 127 },
                                       .operators = operators,
                                       .operator_count = 2,
                                       .buffer_timeout = TIME_NEVER };
    struct note note = { { 0 } };
    time_ns now = 0, last = 0;
    set_up(0);
    params.capacity = 3;
    struct exec_task *task = exec_task_create(&config, &note);
    exec_task_open(task, NULL, 0, 0);
    exec_task_set_arrived(task, 50, true);
    for (uint64_t id = 0; id < 50; id++)
        last = latency_of(id) > last ? latency_of(id) : last;
    for (int steps = 0; steps < 1000 && exec_task_state(task) != EXEC_FINISHED; steps++) {
        if (exec_task_step(task, now).kind == STEP_WORKED)
            continue;
        ck_assert_int_eq(exec_task_state(task), EXEC_RUNNING);
        ck_assert_int_gt(exec_task_deadline(task), now);
        now = exec_task_deadline(task);
    }
    ck_assert_int_eq(exec_task_state(task), EXEC_FINISHED);
    ck_assert_int_ge(now, last);
    exec_task_check(task);
    exec_task_destroy(task);
}
END_TEST

Suite *test_exec_async_wait_suite(void);

Suite *test_exec_async_wait_suite(void)
{
    Suite *suite = suite_create("exec_async_wait");
    TCase *tcase = tcase_create("async wait");
    tcase_add_loop_test(tcase, answers_come_as_a_plain_list_says, 0, 48);
    tcase_add_loop_test(tcase, each_question_has_one_answer_over_restarts, 0, 24);
    tcase_add_loop_test(tcase, who_does_not_answer_fails_the_task, 0, 3);
    tcase_add_test(tcase, behind_the_end_of_the_input_nothing_is_asked_again);
    tcase_add_test(tcase, a_task_ends_behind_its_last_answer);
    suite_add_tcase(suite, tcase);
    return suite;
}
