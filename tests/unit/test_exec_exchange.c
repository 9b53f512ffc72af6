/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole exchange under random schedules, in every mode of barriers.
 */
#include <check.h>

#include "tests/lib/exchange.h"

static void run(enum barrier_mode mode, enum partitioner partitioner, uint64_t seeds)
{
    uint64_t completed = 0, aborted = 0, stored_in = 0, stored_out = 0, announced = 0, resumed = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct exchange *exchange = exchange_create(seed, mode, partitioner);
        uint32_t every = 20 + exchange_below(300);
        for (int i = 0; i < 3000; i++) {
            exchange_act(every, true);
            if (exchange_below(400) == 0 && exchange_below(2) == 0)
                exchange_end(exchange_below(exchange->senders));
            exchange_check();
        }
        exchange_finish_checkpoint();
        exchange_drain();
        completed += exchange->completed;
        aborted += exchange->aborted;
        stored_in += exchange->stored_in;
        stored_out += exchange->stored_out;
        announced += exchange->announced;
        resumed += exchange->resumed;
        exchange_destroy();
    }
    ck_assert_uint_gt(completed, 10);
    ck_assert_uint_gt(aborted, 10);
    ck_assert((stored_in > 10) == (mode == BARRIER_MODE_ALTERNATING));
    ck_assert((stored_out > 10) == (mode == BARRIER_MODE_ALTERNATING));
    ck_assert_uint_gt(announced, 10);
    ck_assert((resumed > 10) == (mode != BARRIER_MODE_AT_LEAST_ONCE));
}

static const struct {
    enum barrier_mode mode;
    enum partitioner partitioner;
} cases[] = {
    { BARRIER_MODE_ALIGNED, PARTITION_HASH },
    { BARRIER_MODE_ALIGNED, PARTITION_FORWARD },
    { BARRIER_MODE_AT_LEAST_ONCE, PARTITION_CUSTOM },
    { BARRIER_MODE_AT_LEAST_ONCE, PARTITION_BROADCAST },
    { BARRIER_MODE_ALTERNATING, PARTITION_HASH },
    { BARRIER_MODE_ALTERNATING, PARTITION_CUSTOM },
    { BARRIER_MODE_ALTERNATING, PARTITION_BROADCAST },
    { BARRIER_MODE_ALTERNATING, PARTITION_FORWARD },
};

START_TEST(exchange_loses_nothing_and_every_cut_is_exact)
{
    run(cases[_i].mode, cases[_i].partitioner, 30);
}
END_TEST

Suite *test_exec_exchange_suite(void)
{
    Suite *suite = suite_create("exec exchange");
    TCase *tcase = tcase_create("random");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, exchange_loses_nothing_and_every_cut_is_exact, 0,
                        (int)(sizeof cases / sizeof *cases));
    suite_add_tcase(suite, tcase);
    return suite;
}
