/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/port/config_check.c: each range at its border, each pair of keys that contradict
 * one another, each key that an older Flink does not have.
 */
#include <check.h>
#include <stdio.h>

#include "core/port/config.h"

static struct config config;
static struct note note;

static void setup(void)
{
    config = config_default();
}

static void set(const char *key, const char *text)
{
    ck_assert_msg(!err_is(config_set(&config, key, text, &note)), "%s", note.text);
}

static void assert_good(void)
{
    ck_assert_msg(!err_is(config_check(&config, &note)), "%s", note.text);
}

static void assert_bad(const char *why)
{
    ck_assert_int_eq(config_check(&config, &note).code, ERR_BAD_VALUE_CODE);
    ck_assert_str_eq(note.text, why);
}

START_TEST(defaults_contradict_nothing)
{
    assert_good();
    config.flink_version = FLINK_2_4;
    assert_good();
}
END_TEST

#define RS  "restart-strategy."
#define CP  "execution.checkpointing."
#define EXP RS "exponential-delay."

static const struct {
    const char *key, *good, *bad, *rule;
} borders[] = {
    { "parallelism.default", "1", "0", "must be 1 to 32768" },
    { "parallelism.default", "32768", "32769", "must be 1 to 32768" },
    { "pipeline.max-parallelism", "-1", "0", "must be 1 to 32768, or -1" },
    { "pipeline.max-parallelism", "32768", "32769", "must be 1 to 32768, or -1" },
    { "jobmanager.execution.attempts-history-size", "0", "-1", "must be 0 or more" },
    { "web.exception-history-size", "0", "-1", "must be 0 or more" },
    { "jobmanager.adaptive-scheduler.rescale-trigger.max-checkpoint-failures", "1", "0",
      "must be at least 1" },
    { "web.adaptive-scheduler.rescale-history.size", "0", "-1", "must be 0 or more" },
    { "slot.idle.timeout", "1 ms", "0", "must be at least 1 ms" },
    { "taskmanager.numberOfTaskSlots", "1", "0", "must be at least 1" },
    { "slotmanager.number-of-slots.max", "1", "0", "must be at least 1" },
    { "slotmanager.number-of-slots.min", "0", "-1", "must be 0 or more" },
    { "slotmanager.redundant-taskmanager-num", "0", "-1", "must be 0 or more" },
    { "resourcemanager.taskmanager-timeout", "1 ms", "0", "must be at least 1 ms" },
    { "heartbeat.interval", "1 ms", "0", "must be at least 1 ms" },
    { "heartbeat.rpc-failure-threshold", "-1", "0", "must be at least 1, or -1" },
    { "heartbeat.rpc-failure-threshold", "1", "-2", "must be at least 1, or -1" },
    { "pekko.ask.timeout", "1 ms", "0", "must be at least 1 ms" },
    { "cluster.registration.initial-timeout", "1 ms", "0", "must be at least 1 ms" },
    { "cluster.registration.max-timeout", "1 ms", "0", "must be at least 1 ms" },
    { "cluster.registration.error-delay", "1 ms", "0", "must be at least 1 ms" },
    { "cluster.registration.refused-registration-delay", "1 ms", "0", "must be at least 1 ms" },
    { "slotmanager.requirement-check.delay", "1 ms", "0", "must be at least 1 ms" },
    { "task.cancellation.interval", "1 ms", "0", "must be at least 1 ms" },
    { RS "fixed-delay.attempts", "0", "-1", "must be 0 or more" },
    { RS "failure-rate.max-failures-per-interval", "1", "0", "must be at least 1" },
    { RS "failure-rate.failure-rate-interval", "1 ms", "0", "must be at least 1 ms" },
    { EXP "initial-backoff", "1 ms", "0", "must be at least 1 ms" },
    { EXP "max-backoff", "1 s", "0", "must be at least 1 ms" },
    { EXP "backoff-multiplier", "1.000001", "1", "must be more than 1" },
    { EXP "reset-backoff-threshold", "1 ms", "0", "must be at least 1 ms" },
    { EXP "jitter-factor", "1", "1.000001", "must be 0 to 1" },
    { EXP "attempts-before-reset-backoff", "1", "0", "must be at least 1" },
    { CP "interval", "10 ms", "9 ms", "must be at least 10 ms; leave it out for no checkpoints" },
    { CP "timeout", "10 ms", "9 ms", "must be at least 10 ms" },
    { CP "max-concurrent-checkpoints", "1", "0", "must be at least 1" },
    { CP "tolerable-failed-checkpoints", "0", "-1", "must be 0 or more" },
    { CP "num-retained", "1", "0", "must be at least 1" },
    { "taskmanager.memory.segment-size", "1", "0", "must be 1 byte to 1 gb" },
    { "taskmanager.memory.segment-size", "1g", "2g", "must be 1 byte to 1 gb" },
    { "taskmanager.network.memory.buffers-per-channel", "0", "-1", "must be 0 or more" },
    { "taskmanager.network.memory.floating-buffers-per-gate", "0", "-1", "must be 0 or more" },
};

enum { BORDERS = sizeof borders / sizeof *borders };

START_TEST(each_range_holds_up_to_its_border)
{
    set(borders[_i].key, borders[_i].good);
    assert_good();
    set(borders[_i].key, borders[_i].bad);
    char why[200];
    snprintf(why, sizeof why, "%s %s", borders[_i].key, borders[_i].rule);
    assert_bad(why);
}
END_TEST

/* -1 set by hand for a limit that is not set by default is "not set", as Flink's own files say it
 */
START_TEST(minus_one_is_not_set_where_not_set_is_the_default)
{
    set("slotmanager.number-of-slots.max", "-1");
    set("restart-strategy.exponential-delay.attempts-before-reset-backoff", "-1");
    assert_good();
}
END_TEST

static const struct {
    const char *low, *high, *low_good, *low_bad, *high_text;
} orders[] = {
    { "heartbeat.interval", "heartbeat.timeout", "5 s", "5001 ms", "5 s" },
    { "parallelism.default", "pipeline.max-parallelism", "4", "5", "4" },
    { "slotmanager.number-of-slots.min", "slotmanager.number-of-slots.max", "4", "5", "4" },
    { "slotmanager.min-total-resource.cpu", "slotmanager.max-total-resource.cpu", "1.5", "1.6",
      "1.5" },
    { "slotmanager.min-total-resource.memory", "slotmanager.max-total-resource.memory", "1g", "2g",
      "1g" },
    { EXP "initial-backoff", EXP "max-backoff", "1 s", "2 s", "1 s" },
    { CP "interval", CP "interval-during-backlog", "1 s", "2 s", "1 s" },
};

enum { ORDERS = sizeof orders / sizeof *orders };

START_TEST(least_values_are_not_above_most_values)
{
    set(orders[_i].high, orders[_i].high_text);
    set(orders[_i].low, orders[_i].low_good);
    assert_good();
    set(orders[_i].low, orders[_i].low_bad);
    char why[200];
    snprintf(why, sizeof why, "%s must not be above %s", orders[_i].low, orders[_i].high);
    assert_bad(why);
}
END_TEST

START_TEST(backlog_interval_of_zero_means_none)
{
    set(CP "interval", "1 min");
    set(CP "interval-during-backlog", "0");
    assert_good();
}
END_TEST

START_TEST(unaligned_checkpoints_need_exactly_once_one_at_a_time)
{
    set(CP "unaligned.enabled", "true");
    assert_good();
    set(CP "mode", "at_least_once");
    assert_bad(CP "unaligned.enabled needs " CP "mode exactly_once");
    set(CP "mode", NULL);
    set(CP "max-concurrent-checkpoints", "2");
    assert_bad(CP "unaligned.enabled needs " CP "max-concurrent-checkpoints 1");
}
END_TEST

/* A3: standalone application mode only */
START_TEST(reactive_mode_is_refused_on_a_session_cluster)
{
    set("scheduler-mode", "reactive");
    set("execution.target", "embedded");
    assert_good();
    set("execution.target", "remote");
    assert_bad("scheduler-mode works in application mode only, and execution.target is "
               "remote");
}
END_TEST

START_TEST(sources_cannot_wait_for_a_checkpoint_that_their_backlog_forbids)
{
    set("execution.checkpointing.interval", "10s");
    set("pipeline.sources.pause-until-first-checkpoint", "true");
    set("execution.checkpointing.interval-during-backlog", "0s");
    config.flink_version = FLINK_2_4;
    assert_bad("pipeline.sources.pause-until-first-checkpoint needs "
               "execution.checkpointing.interval-during-backlog above 0");
    set("execution.checkpointing.interval-during-backlog", "20s");
    assert_good();
    config.flink_version = FLINK_2_3;
}
END_TEST

START_TEST(channels_without_buffers_of_their_own_need_some_of_their_gate)
{
    set("taskmanager.network.memory.buffers-per-channel", "0");
    set("taskmanager.network.memory.floating-buffers-per-gate", "0");
    assert_bad("taskmanager.network.memory.buffers-per-channel 0 needs "
               "taskmanager.network.memory.floating-buffers-per-gate above 0");
    set("taskmanager.network.memory.floating-buffers-per-gate", "1");
    assert_good();
    set("taskmanager.network.memory.buffers-per-channel", "1");
    set("taskmanager.network.memory.floating-buffers-per-gate", "0");
    assert_good();
}
END_TEST

START_TEST(keys_of_2_4_are_refused_under_2_3)
{
    static const char active[] =
        "jobmanager.adaptive-scheduler.rescale-trigger.active-checkpoint.enabled";
    static const char pause[] = "pipeline.sources.pause-until-first-checkpoint";
    char why[200];
    set(active, "true");
    snprintf(why, sizeof why, "%s needs flink-version 2.4", active);
    assert_bad(why);
    config.flink_version = FLINK_2_4;
    assert_good();
    config.flink_version = FLINK_2_3;
    set(active, NULL);
    set(pause, "false");
    snprintf(why, sizeof why, "%s needs flink-version 2.4", pause);
    assert_bad(why);
}
END_TEST

Suite *test_port_config_check_suite(void)
{
    Suite *suite = suite_create("port/config_check");
    TCase *tcase = tcase_create("core");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, defaults_contradict_nothing);
    tcase_add_loop_test(tcase, each_range_holds_up_to_its_border, 0, BORDERS);
    tcase_add_test(tcase, minus_one_is_not_set_where_not_set_is_the_default);
    tcase_add_loop_test(tcase, least_values_are_not_above_most_values, 0, ORDERS);
    tcase_add_test(tcase, backlog_interval_of_zero_means_none);
    tcase_add_test(tcase, unaligned_checkpoints_need_exactly_once_one_at_a_time);
    tcase_add_test(tcase, reactive_mode_is_refused_on_a_session_cluster);
    tcase_add_test(tcase, sources_cannot_wait_for_a_checkpoint_that_their_backlog_forbids);
    tcase_add_test(tcase, channels_without_buffers_of_their_own_need_some_of_their_gate);
    tcase_add_test(tcase, keys_of_2_4_are_refused_under_2_3);
    suite_add_tcase(suite, tcase);
    return suite;
}
