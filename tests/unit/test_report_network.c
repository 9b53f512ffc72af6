/* SPDX-License-Identifier: Apache-2.0
 *
 * From looks at the network to its metrics, and to the times in which it held a job up.
 */
#include <check.h>

#include "sim/report/number_text.h"
#include "tests/lib/recorded_run.h"

static struct recorded_run recorded;

static void use_nic(uint32_t host, double use, bool held)
{
    struct model_job_view *flow = &recorded.run.flows[0];
    flow->network[NETWORK_NIC] = (struct network_use){ .known = true,
                                                       .use = use,
                                                       .host = { host },
                                                       .peer = node_id_none(),
                                                       .bytes_per_s = use * 100,
                                                       .limit_bytes_per_s = 100 };
    flow->held[NETWORK_NIC] = held;
}

START_TEST(the_fullest_nic_is_a_metric_and_empty_where_none_has_a_limit)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorder_sample(&recorded.recorder, 0);
    use_nic(1, 0.25, false);
    recorder_sample(&recorded.recorder, 10 * TIME_S);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_nic_use, STATISTIC_MIN), 0.25);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_nic_use, STATISTIC_VALUE), 0.25);
    ck_assert(number_is_none(recorded_value(&recorded, METRIC_link_use, STATISTIC_VALUE)));
    recorded_end(&recorded);
}
END_TEST

/* Full at 10 s and 20 s, one that is full and holds nothing up at 30 s, another one at 40 s. */
START_TEST(times_in_which_a_full_nic_held_a_job_up_are_kept)
{
    static const struct {
        uint32_t host;
        double use;
        bool held;
    } looks[] = { { 1, 0.5, false }, { 1, 1, true }, { 1, 1, true },
                  { 1, 1, false },   { 2, 1, true }, { 1, 1, true } };
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        use_nic(looks[i].host, looks[i].use, looks[i].held);
        recorder_sample(&recorded.recorder, (time_ns)i * 10 * TIME_S);
    }
    const struct network_record *network = &recorded.recorder.jobs.items[0].network;
    ck_assert_uint_eq(network->spans.count, 3);
    ck_assert_int_eq(network->spans.items[0].from, 10 * TIME_S);
    ck_assert_int_eq(network->spans.items[0].to, 20 * TIME_S);
    ck_assert_uint_eq(network->spans.items[1].use.host.n, 2);
    ck_assert_int_eq(network->spans.items[2].to, 50 * TIME_S);
    ck_assert_int_eq(network->fullest_at[NETWORK_NIC], 10 * TIME_S);
    for (size_t i = 0; i < 2 * NETWORK_SPANS_MAX; i++) {
        use_nic(1 + i % 2, 1, true);
        recorder_sample(&recorded.recorder, (time_ns)(6 + i) * 10 * TIME_S);
    }
    ck_assert_uint_eq(network->spans.count, NETWORK_SPANS_MAX);
    ck_assert_uint_eq(network->left_out, 2 + NETWORK_SPANS_MAX);
    recorded_end(&recorded);
}
END_TEST

Suite *test_report_network_suite(void)
{
    Suite *suite = suite_create("report: network");
    TCase *tests = tcase_create("network");
    tcase_add_test(tests, the_fullest_nic_is_a_metric_and_empty_where_none_has_a_limit);
    tcase_add_test(tests, times_in_which_a_full_nic_held_a_job_up_are_kept);
    suite_add_tcase(suite, tests);
    return suite;
}
