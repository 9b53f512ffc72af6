/* SPDX-License-Identifier: Apache-2.0
 *
 * Each metric of a sample is what its name says: a run in which no two figures are alike, and the
 * row that is made of it.
 */
#include <check.h>

#include "tests/lib/recorded_run.h"

static struct recorded_run recorded;

/* All of them, so that a new one asks for its row here. */
static const double wanted[METRIC_NAME_COUNT] = {
    [METRIC_offered_rate] = 100,
    [METRIC_served_rate] = 90,
    [METRIC_lag_records] = 103,
    [METRIC_lag_seconds] = 7.5,
    [METRIC_latency_p50_seconds] = 0.25,
    [METRIC_latency_p95_seconds] = 0.5,
    [METRIC_latency_p99_seconds] = 0.75,
    [METRIC_parallelism] = 6,
    [METRIC_nic_use] = 0.5,
    [METRIC_link_use] = 0.75,
    [METRIC_busy] = 0.625,
    [METRIC_idle] = 0.25,
    [METRIC_backpressured] = 0.125,
    [METRIC_busy_max] = 0.875,
    [METRIC_backpressured_max] = 0.375,
    [METRIC_restarts] = 3,
    [METRIC_rescales] = 2,
    [METRIC_downtime_seconds] = 4,
    [METRIC_records_replayed] = 70,
    [METRIC_records_reread] = 80,
    [METRIC_checkpoints_completed] = 1,
    [METRIC_checkpoints_failed] = 2,
    [METRIC_checkpoint_duration_seconds] = 1.5,
    [METRIC_checkpoint_bytes] = 4096,
    [METRIC_checkpoint_written_bytes] = 512,
    [METRIC_task_managers] = 9,
    [METRIC_machines] = 10,
    [METRIC_slots_used] = 22,
    [METRIC_slots_free] = 14,
    [METRIC_slot_hours] = 36,
    [METRIC_task_manager_hours] = 9,
    [METRIC_cost] = 20,
};

/* Ten machines at 2 an hour; what the first sample sees counts for nothing in the second. */
static void begin(void)
{
    struct fake_run *run = &recorded.run;
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    for (uint32_t node = 1; node <= 10; node++)
        recorded_fact(&recorded, 0, node, "added", NULL);
    run->cluster = (struct look_cluster){ .task_managers = 9, .slots_total = 36, .slots_free = 14 };
    recorder_step(&recorded.recorder, 0);
    recorded_start_job(&recorded);
    recorder_sample(&recorded.recorder, TIME_H / 2);
    recorder_sample(&recorded.recorder, TIME_H - 10 * TIME_S);
}

static void fill_flow(struct model_job_view *flow)
{
    *flow = (struct model_job_view){
        .offered_total = 1000,
        .served_total = 900,
        .replayed_total = 70,
        .reread_total = 80,
        .backlog = 103,
        .backlog_max = 103,
        .lag_seconds = 6.5,
        .lag_seconds_max = 7.5,
        .has_latency = true,
        .latency = { 0.25, 0.5, 0.75 },
        .network = { [NETWORK_NIC] = { .known = true, .use = 0.5 },
                     [NETWORK_LINK] = { .known = true, .use = 0.75 } },
    };
}

START_TEST(each_metric_is_what_its_name_says)
{
    struct fake_run *run = &recorded.run;
    begin();
    fill_flow(&run->flows[0]);
    run->vertices[0][0] = (struct model_vertex_view){
        .parallelism = 6,
        .running = 6,
        .busy_seconds = 5,
        .idle_seconds = 2,
        .backpressured_seconds = 1,
        .busy_most_seconds = 7,
        .backpressured_most_seconds = 3,
        .task_seconds = 8,
    };
    run->jobs[0].restarts = 5;
    run->jobs[0].rescales = 2;
    run->jobs[0].checkpoint = 7;
    run->jobs[0].checkpoint_bytes = 4096;
    run->jobs[0].checkpoint_written_bytes = 512;
    recorded_line(&recorded, TIME_H - 9 * TIME_S, fake_checkpoint("failed", 5, 0));
    recorded_line(&recorded, TIME_H - 8 * TIME_S, fake_checkpoint("failed", 6, 0));
    recorded_line(&recorded, TIME_H - 7 * TIME_S, fake_checkpoint("completed", 7, 1500 * TIME_MS));
    run->broken_at[0] = TIME_H - 4 * TIME_S;
    recorded_line(&recorded, TIME_H - 4 * TIME_S, fake_move("job", "RUNNING", "RESTARTING"));
    recorder_sample(&recorded.recorder, TIME_H);
    for (int m = 0; m < METRIC_NAME_COUNT; m++)
        ck_assert_msg(recorded_value(&recorded, (enum metric)m, STATISTIC_FINAL) == wanted[m],
                      "%s: %g, not %g", metric_rows[m].name,
                      recorded_value(&recorded, (enum metric)m, STATISTIC_FINAL), wanted[m]);
    recorded_end(&recorded);
}
END_TEST

Suite *test_report_columns_suite(void)
{
    Suite *suite = suite_create("report: columns");
    TCase *tcase = tcase_create("columns");
    tcase_add_test(tcase, each_metric_is_what_its_name_says);
    suite_add_tcase(suite, tcase);
    return suite;
}
