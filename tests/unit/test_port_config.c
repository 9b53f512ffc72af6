/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/port/config.c: defaults, each type of option read and refused, keys by their older
 * name, unknown keys, null, and the rows for docs.
 */
#include "core/port/config.h"

#include <check.h>
#include <signal.h>
#include <string.h>

static struct config config;
static struct note note;

static void setup(void)
{
    config = config_default();
    memset(&note, 0, sizeof note);
}

static void set(const char *key, const char *text)
{
    ck_assert_msg(!err_is(config_set(&config, key, text, &note)), "%s", note.text);
}

static void assert_refused(const char *key, const char *text, enum err_code code, const char *why)
{
    struct config before = config;
    ck_assert_int_eq(config_set(&config, key, text, &note).code, code);
    ck_assert_str_eq(note.text, why);
    ck_assert_mem_eq(&before, &config, sizeof config);
}

/* A1, A2, A5, A8, A9, A12: the tables of defaults, a few of each type */
START_TEST(defaults_are_flinks)
{
    ck_assert_int_eq(config.flink_version, FLINK_2_3);
    ck_assert_int_eq(config.scheduler, SCHEDULER_UNSET);
    ck_assert_int_eq(config.failover_strategy, FAILOVER_REGION);
    ck_assert_int_eq(config.load_balance, LOAD_BALANCE_NONE);
    ck_assert_int_eq(config.adaptive_wait_timeout, 5 * TIME_MIN);
    ck_assert_int_eq(config.adaptive_submission_stabilization, 10 * TIME_S);
    ck_assert_int_eq(config.adaptive_cooldown, 30 * TIME_S);
    ck_assert_int_eq(config.adaptive_executing_stabilization, TIME_MIN);
    ck_assert_int_eq(config.adaptive_max_delay, TIME_NEVER);
    ck_assert_int_eq(config.slot_request_max_interval, 20 * TIME_MS);
    ck_assert_int_eq(config.standalone_start_up, TIME_NEVER);
    ck_assert_int_eq(config.heartbeat_interval, 10 * TIME_S);
    ck_assert_int_eq(config.heartbeat_timeout, 50 * TIME_S);
    ck_assert_int_eq(config.restart_exp_multiplier, 1500000);
    ck_assert_int_eq(config.restart_exp_jitter, 100000);
    ck_assert_int_eq(config.restart_exp_attempts, -1);
    ck_assert_int_eq(config.slots_max, -1);
    ck_assert_int_eq(config.memory_max, -1);
    ck_assert_int_eq(config.checkpoint_interval, TIME_NEVER);
    ck_assert_int_eq(config.buffer_size, 32 * 1024);
    ck_assert(config.adaptive_prefer_minimal_tms);
    ck_assert(!config.checkpoint_unaligned);
    for (size_t i = 0; i < config_option_count; i++)
        ck_assert(!config_is_set(&config, config_options[i].key));
}
END_TEST

START_TEST(durations_take_units_and_bare_milliseconds)
{
    set("heartbeat.interval", "5 s");
    ck_assert_int_eq(config.heartbeat_interval, 5 * TIME_S);
    set("heartbeat.interval", "2500");
    ck_assert_int_eq(config.heartbeat_interval, 2500 * TIME_MS);
    set("heartbeat.interval", " 1min ");
    ck_assert_int_eq(config.heartbeat_interval, TIME_MIN);
    assert_refused("heartbeat.interval", "soon", ERR_BAD_VALUE_CODE,
                   "heartbeat.interval: found 'soon', expected a duration such as 90s, 5 min or "
                   "100 ms");
    assert_refused("heartbeat.interval", "-1", ERR_BAD_VALUE_CODE,
                   "heartbeat.interval: found '-1', expected a duration such as 90s, 5 min or "
                   "100 ms");
    ck_assert(err_is(config_set(&config, "heartbeat.interval", "5 parsecs", NULL)));
}
END_TEST

/* A2: any negative wait timeout = for ever; standalone.start-up-time -1 = not set */
START_TEST(negative_durations_are_read_where_flink_allows_them)
{
    set("jobmanager.adaptive-scheduler.submission.resource-wait-timeout", "-1");
    ck_assert_int_eq(config.adaptive_wait_timeout, -1);
    set("jobmanager.adaptive-scheduler.submission.resource-wait-timeout", "-30 s");
    ck_assert_int_eq(config.adaptive_wait_timeout, -1);
    set("resourcemanager.standalone.start-up-time", "20 s");
    ck_assert_int_eq(config.standalone_start_up, 20 * TIME_S);
    set("resourcemanager.standalone.start-up-time", "-1 ms");
    ck_assert_int_eq(config.standalone_start_up, TIME_NEVER);
    ck_assert(err_is(config_set(&config, "resourcemanager.standalone.start-up-time", "-", &note)));
    ck_assert(
        err_is(config_set(&config, "resourcemanager.standalone.start-up-time", "--1", &note)));
}
END_TEST

START_TEST(sizes_are_in_powers_of_1024)
{
    set("taskmanager.memory.segment-size", "64kb");
    ck_assert_int_eq(config.buffer_size, 65536);
    set("slotmanager.max-total-resource.memory", "8g");
    ck_assert_int_eq(config.memory_max, 8LL << 30);
    ck_assert(err_is(config_set(&config, "taskmanager.memory.segment-size", "-1", NULL)));
    ck_assert(err_is(config_set(&config, "taskmanager.memory.segment-size", "5 s", NULL)));
}
END_TEST

START_TEST(counts_are_whole_numbers_within_an_int)
{
    set("heartbeat.rpc-failure-threshold", "-1");
    ck_assert_int_eq(config.heartbeat_rpc_failures, -1);
    set("taskmanager.numberOfTaskSlots", " 16 ");
    ck_assert_int_eq(config.tm_slots, 16);
    set("restart-strategy.fixed-delay.attempts", "2147483647");
    ck_assert_int_eq(config.restart_fixed_attempts, INT32_MAX);
    assert_refused("taskmanager.numberOfTaskSlots", "2147483648", ERR_BAD_VALUE_CODE,
                   "taskmanager.numberOfTaskSlots: '2147483648' is too large");
    assert_refused("taskmanager.numberOfTaskSlots", "99999999999999999999", ERR_BAD_VALUE_CODE,
                   "taskmanager.numberOfTaskSlots: '99999999999999999999' is too large");
    static const char *const bad[] = { "", " ", "-", "1.5", "1 slot", "0x10", "four", "+4" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(err_is(config_set(&config, "taskmanager.numberOfTaskSlots", bad[i], &note)),
                      "%s", bad[i]);
    ck_assert_int_eq(config.tm_slots, 16);
}
END_TEST

START_TEST(ratios_are_parts_per_million)
{
    static const struct {
        const char *text;
        int64_t ppm;
    } good[] = { { "1.5", 1500000 }, { "0.000001", 1 },    { "2", 2000000 },
                 { "0", 0 },         { " 0.25 ", 250000 }, { "1.123456", 1123456 } };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        set("restart-strategy.exponential-delay.backoff-multiplier", good[i].text);
        ck_assert_int_eq(config.restart_exp_multiplier, good[i].ppm);
    }
    static const char *const bad[] = {
        "", ".5", "1.", "-1", "1,5", "1e3", "0.1234567", "1.5x", "9999999", "0.99999999999999999999"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(err_is(config_set(&config, "restart-strategy.exponential-delay.jitter-factor",
                                        bad[i], &note)),
                      "%s", bad[i]);
    assert_refused("restart-strategy.exponential-delay.jitter-factor", "half", ERR_BAD_VALUE_CODE,
                   "restart-strategy.exponential-delay.jitter-factor: found 'half', expected a "
                   "number such as 1.5, with at most 6 decimals");
}
END_TEST

START_TEST(flags_are_true_or_false_in_any_case)
{
    set("execution.checkpointing.unaligned.enabled", "TRUE");
    ck_assert(config.checkpoint_unaligned);
    set("execution.checkpointing.unaligned.enabled", " False");
    ck_assert(!config.checkpoint_unaligned);
    assert_refused("execution.checkpointing.unaligned.enabled", "yes", ERR_BAD_VALUE_CODE,
                   "execution.checkpointing.unaligned.enabled: found 'yes', expected true or "
                   "false");
}
END_TEST

START_TEST(choices_do_not_care_for_case_or_joints)
{
    set("jobmanager.scheduler", "AdaptiveBatch");
    ck_assert_int_eq(config.scheduler, SCHEDULER_ADAPTIVE_BATCH);
    set("scheduler-mode", "REACTIVE");
    ck_assert_int_eq(config.scheduler_mode, SCHEDULER_MODE_REACTIVE);
    set("execution.checkpointing.mode", "AT_LEAST_ONCE");
    ck_assert_int_eq(config.checkpoint_mode, CHECKPOINT_MODE_AT_LEAST_ONCE);
    set("execution.checkpointing.mode", "exactly-once");
    ck_assert_int_eq(config.checkpoint_mode, CHECKPOINT_MODE_EXACTLY_ONCE);
    set("restart-strategy.type", "exponentialdelay");
    ck_assert_int_eq(config.restart_strategy, RESTART_EXPONENTIAL_DELAY);
    set("restart-strategy.type", "Fixed_Delay");
    ck_assert_int_eq(config.restart_strategy, RESTART_FIXED_DELAY);
    set("restart-strategy.type", "off");
    ck_assert_int_eq(config.restart_strategy, RESTART_NONE);
    set("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
    ck_assert_int_eq(config.checkpoint_retention, RETENTION_RETAIN_ON_CANCELLATION);
    assert_refused("jobmanager.scheduler", "adaptiv", ERR_BAD_VALUE_CODE,
                   "jobmanager.scheduler: found 'adaptiv', expected one of default, adaptive, "
                   "adaptivebatch");
    assert_refused("jobmanager.scheduler", "", ERR_BAD_VALUE_CODE,
                   "jobmanager.scheduler: found '', expected one of default, adaptive, "
                   "adaptivebatch");
    ck_assert(err_is(config_set(&config, "jobmanager.scheduler", "adaptivebatches", NULL)));
    ck_assert(err_is(config_set(&config, "jobmanager.scheduler", "off", NULL)));
    ck_assert(err_is(config_set(&config, "jobmanager.scheduler", "--", NULL)));
}
END_TEST

START_TEST(older_key_is_the_same_option)
{
    set("jobmanager.adaptive-scheduler.scaling-interval.min", "1 s");
    ck_assert_int_eq(config.adaptive_cooldown, TIME_S);
    ck_assert(
        config_is_set(&config, "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling"));
    ck_assert(config_is_set(&config, "jobmanager.adaptive-scheduler.scaling-interval.min"));
    set("restart-strategy", "failure-rate");
    ck_assert_int_eq(config.restart_strategy, RESTART_FAILURE_RATE);
    set("state.checkpoints.num-retained", "3");
    ck_assert_int_eq(config.checkpoint_retained, 3);
}
END_TEST

START_TEST(null_puts_the_default_back)
{
    set("scheduler-mode", "reactive");
    set("heartbeat.interval", "1 s");
    set("execution.checkpointing.interval", "1 s");
    set("jobmanager.adaptive-scheduler.prefer-minimal-taskmanagers", "false");
    set("scheduler-mode", NULL);
    set("heartbeat.interval", NULL);
    set("execution.checkpointing.interval", NULL);
    set("jobmanager.adaptive-scheduler.prefer-minimal-taskmanagers", NULL);
    struct config defaults = config_default();
    ck_assert_mem_eq(&config, &defaults, sizeof config);
}
END_TEST

START_TEST(unknown_key_names_the_nearest_one)
{
    assert_refused("heartbeat.intervall", "1 s", ERR_UNKNOWN_KEY_CODE,
                   "unknown key 'heartbeat.intervall', did you mean 'heartbeat.interval'?");
    assert_refused("scheduler.mode", "reactive", ERR_UNKNOWN_KEY_CODE,
                   "unknown key 'scheduler.mode', did you mean 'scheduler-mode'?");
    assert_refused("state.backend.rocksdb.block.cache-size", "8mb", ERR_UNKNOWN_KEY_CODE,
                   "unknown key 'state.backend.rocksdb.block.cache-size'");
    assert_refused("", "1", ERR_UNKNOWN_KEY_CODE, "unknown key ''");
    assert_refused("flink-version", "2.4", ERR_UNKNOWN_KEY_CODE, "unknown key 'flink-version'");
}
END_TEST

START_TEST(key_that_was_given_with_its_default_counts_as_given)
{
    set("heartbeat.timeout", "50 s");
    ck_assert(config_is_set(&config, "heartbeat.timeout"));
    ck_assert(!config_is_set(&config, "heartbeat.interval"));
}
END_TEST

START_TEST(rows_for_docs_are_complete_and_unique)
{
    for (size_t i = 0; i < config_option_count; i++) {
        const struct option_row *row = &config_options[i];
        ck_assert_uint_gt(strlen(row->key), 0);
        ck_assert_uint_gt(strlen(row->group), 0);
        ck_assert_uint_gt(strlen(row->text), 0);
        ck_assert_int_eq(strcmp(row->type, "choice") == 0, row->choice_count > 0);
        for (size_t j = 0; j < config_option_count; j++) {
            ck_assert(i == j || strcmp(row->key, config_options[j].key) != 0);
            ck_assert(strcmp(row->key, config_options[j].older_key) != 0);
        }
    }
    ck_assert_str_eq(config_options[0].key, "jobmanager.scheduler");
    ck_assert_uint_eq(config_options[0].choice_count, SCHEDULER_COUNT);
    ck_assert_str_eq(config_options[0].choices[SCHEDULER_ADAPTIVE], "adaptive");
}
END_TEST

/* The bits of is_set follow the order of the list. */
START_TEST(each_option_has_a_bit_of_its_own)
{
    for (size_t i = 0; i < config_option_count; i++) {
        const struct option_row *row = &config_options[i];
        const char *text = *row->default_text          ? row->default_text
                           : row->choice_count         ? row->choices[1]
                           : strcmp(row->type, "flag") ? "1"
                                                       : "true";
        config = config_default();
        set(row->key, text);
        for (size_t j = 0; j < config_option_count; j++)
            ck_assert_int_eq(config_is_set(&config, config_options[j].key), i == j);
    }
}
END_TEST

START_TEST(asking_for_an_unknown_key_is_a_fault_of_the_caller)
{
    (void)config_is_set(&config, "heartbeat.intervall");
}
END_TEST

/* Read by the processes when they start, not from a job (surprise 12 for those of batch). */
START_TEST(some_keys_are_the_clusters_alone)
{
    static const char *const clusters[] = { "jobmanager.scheduler",
                                            "slot.idle.timeout",
                                            "heartbeat.interval",
                                            "pekko.ask.timeout",
                                            "taskmanager.numberOfTaskSlots",
                                            "scheduler-mode",
                                            "cluster.registration.error-delay" };
    static const char *const jobs[] = { "restart-strategy.type", "execution.checkpointing.interval",
                                        "parallelism.default", "state.backend.type",
                                        "task.cancellation.interval" };
    for (size_t i = 0; i < sizeof clusters / sizeof *clusters; i++)
        ck_assert_msg(config_key_is_clusters(clusters[i]), "%s", clusters[i]);
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        ck_assert_msg(!config_key_is_clusters(jobs[i]), "%s", jobs[i]);
}
END_TEST

Suite *test_port_config_suite(void)
{
    Suite *suite = suite_create("port/config");
    TCase *tcase = tcase_create("core");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, defaults_are_flinks);
    tcase_add_test(tcase, durations_take_units_and_bare_milliseconds);
    tcase_add_test(tcase, negative_durations_are_read_where_flink_allows_them);
    tcase_add_test(tcase, sizes_are_in_powers_of_1024);
    tcase_add_test(tcase, counts_are_whole_numbers_within_an_int);
    tcase_add_test(tcase, ratios_are_parts_per_million);
    tcase_add_test(tcase, flags_are_true_or_false_in_any_case);
    tcase_add_test(tcase, choices_do_not_care_for_case_or_joints);
    tcase_add_test(tcase, older_key_is_the_same_option);
    tcase_add_test(tcase, some_keys_are_the_clusters_alone);
    tcase_add_test(tcase, null_puts_the_default_back);
    tcase_add_test(tcase, unknown_key_names_the_nearest_one);
    tcase_add_test(tcase, key_that_was_given_with_its_default_counts_as_given);
    tcase_add_test(tcase, rows_for_docs_are_complete_and_unique);
    tcase_add_test(tcase, each_option_has_a_bit_of_its_own);
    tcase_add_test_raise_signal(tcase, asking_for_an_unknown_key_is_a_fault_of_the_caller, SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
