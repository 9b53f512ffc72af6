/* SPDX-License-Identifier: Apache-2.0
 *
 * What a configuration as a whole must obey: ranges of single keys, then pairs of keys. In: a
 * config after the last set. Out: OK, or the first rule that is broken, in the order of the tables.
 * Bounds are those that Flink's own constructors check (named at each group), and where 0 would
 * mean "not set" in Flink, the key is to be left out instead.
 */
#include "core/base/check.h"
#include "core/port/config.h"

enum option_index {
#define X(type, field, key, def, older, group, doc) OPTION_##field,
    OPTIONS(X)
#undef X
        OPTION_COUNT
};

enum { PARALLELISM_MAX = 32768, CHECKPOINT_MS_MIN = 10, BUFFER_BYTES_MAX = 1 << 30 };

struct range_row {
    enum option_index option;
    size_t offset; /* of an int64_t in struct config */
    int64_t least, most;
    bool or_minus_one; /* -1 is a value of its own */
    const char *rule;
};

/* Not set is always allowed where it is the default. */
#define RANGE(field, least, most, minus, rule)                                                     \
    {                                                                                              \
        OPTION_##field, offsetof(struct config, field), least, most, minus, rule                   \
    }
#define AT_LEAST_0(field)  RANGE(field, 0, INT64_MAX, false, "must be 0 or more")
#define AT_LEAST_1(field)  RANGE(field, 1, INT64_MAX, false, "must be at least 1")
#define AT_LEAST_MS(field) RANGE(field, TIME_MS, INT64_MAX, false, "must be at least 1 ms")

static const struct range_row ranges[] = {
    /* JobGraph, ExecutionJobVertex, KeyGroupRangeAssignment */
    RANGE(parallelism_default, 1, PARALLELISM_MAX, false, "must be 1 to 32768"),
    RANGE(max_parallelism_default, 1, PARALLELISM_MAX, true, "must be 1 to 32768, or -1"),
    AT_LEAST_0(attempts_history_size),
    AT_LEAST_0(exception_history_size),
    /* AdaptiveScheduler.Settings */
    AT_LEAST_1(adaptive_max_checkpoint_failures),
    AT_LEAST_0(rescale_history_size),
    /* SlotManagerConfiguration, TaskManagerServicesConfiguration */
    AT_LEAST_MS(slot_idle_timeout),
    AT_LEAST_1(tm_slots),
    AT_LEAST_1(slots_max),
    AT_LEAST_0(slots_min),
    AT_LEAST_0(redundant_tms),
    AT_LEAST_MS(tm_idle_timeout),
    /* HeartbeatServices */
    AT_LEAST_MS(heartbeat_interval),
    RANGE(heartbeat_rpc_failures, 1, INT64_MAX, true, "must be at least 1, or -1"),
    AT_LEAST_MS(ask_timeout),
    /* RetryingRegistrationConfiguration */
    AT_LEAST_MS(registration_initial_timeout),
    AT_LEAST_MS(registration_max_timeout),
    /* Flink takes 0 here and asks as fast as it can; with a clock that moves only while somebody
     * waits that would be for ever in one instant: a job that is refused at once restarts and asks
     * again, too. */
    AT_LEAST_MS(registration_error_delay),
    AT_LEAST_MS(registration_refused_delay),
    AT_LEAST_MS(requirement_check_delay),
    AT_LEAST_MS(cancellation_interval),
    /* the factories of the restart strategies */
    AT_LEAST_0(restart_fixed_attempts),
    AT_LEAST_1(restart_rate_max),
    AT_LEAST_MS(restart_rate_interval),
    AT_LEAST_MS(restart_exp_initial),
    AT_LEAST_MS(restart_exp_max),
    RANGE(restart_exp_multiplier, RATIO_ONE + 1, INT64_MAX, false, "must be more than 1"),
    AT_LEAST_MS(restart_exp_reset),
    RANGE(restart_exp_jitter, 0, RATIO_ONE, false, "must be 0 to 1"),
    AT_LEAST_1(restart_exp_attempts),
    /* CheckpointCoordinatorConfiguration */
    RANGE(checkpoint_interval, CHECKPOINT_MS_MIN *TIME_MS, INT64_MAX, false,
          "must be at least 10 ms; leave it out for no checkpoints"),
    RANGE(checkpoint_timeout, CHECKPOINT_MS_MIN *TIME_MS, INT64_MAX, false,
          "must be at least 10 ms"),
    AT_LEAST_1(checkpoint_max_concurrent),
    AT_LEAST_0(checkpoint_tolerable_failures),
    AT_LEAST_1(checkpoint_retained),
    /* NettyShuffleEnvironmentConfiguration */
    RANGE(buffer_size, 1, BUFFER_BYTES_MAX, false, "must be 1 byte to 1 gb"),
    AT_LEAST_0(buffers_per_channel),
    AT_LEAST_0(buffers_per_gate),
    /* BufferDebloatConfiguration.validate */
    RANGE(buffer_size_min, 1, BUFFER_BYTES_MAX, false, "must be 1 byte to 1 gb"),
    AT_LEAST_MS(debloat_target),
    AT_LEAST_MS(debloat_period),
    AT_LEAST_1(debloat_samples),
    RANGE(debloat_threshold, 0, 100, false, "must be 0 to 100"),
};

#define KEY(field) config_options[OPTION_##field].key

/* Durations, sizes, counts and ratios are all 64 bits wide (options.h), so one read serves them. */
static int64_t value_of(const struct config *config, size_t offset)
{
    return *(const int64_t *)(const void *)((const char *)config + offset);
}

/* A key that was set to the very value that means not set counts as not set: -1 for a limit. */
static struct err check_ranges(const struct config *config, const struct config *defaults,
                               struct note *note)
{
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range_row *row = &ranges[i];
        CHECK(row->option < config_option_count);
        int64_t value = value_of(config, row->offset);
        bool not_set =
            value == value_of(defaults, row->offset) && !*config_options[row->option].default_text;
        bool in_range = value >= row->least && value <= row->most;
        if (!in_range && !not_set && !(row->or_minus_one && value == -1))
            return err_note(note, ERR_BAD_VALUE_CODE, "%s %s", config_options[row->option].key,
                            row->rule);
    }
    return OK;
}

/* `low` may not be above `high`. -1 and TIME_NEVER (not set) bound nothing. */
static struct err check_order(int64_t low, const char *low_key, int64_t high, const char *high_key,
                              struct note *note)
{
    if (low <= high || low == TIME_NEVER || high < 0)
        return OK;
    return err_note(note, ERR_BAD_VALUE_CODE, "%s must not be above %s", low_key, high_key);
}

#define CHECK_ORDER(low, high) TRY(check_order(c->low, KEY(low), c->high, KEY(high), note))

/* Pairs that Flink's own constructors refuse: HeartbeatServices (equal is allowed), the exponential
 * strategy, SlotManagerConfiguration. */
static struct err check_orders(const struct config *c, struct note *note)
{
    CHECK_ORDER(heartbeat_interval, heartbeat_timeout);
    CHECK_ORDER(parallelism_default, max_parallelism_default);
    CHECK_ORDER(slots_min, slots_max);
    CHECK_ORDER(cpu_min, cpu_max);
    CHECK_ORDER(memory_min, memory_max);
    CHECK_ORDER(restart_exp_initial, restart_exp_max);
    if (c->debloat)
        CHECK_ORDER(buffer_size_min, buffer_size);
    /* With a backlog checkpoints may be rarer, not denser; 0 is "none" (CheckpointConfig). */
    if (c->checkpoint_interval_backlog != 0)
        CHECK_ORDER(checkpoint_interval, checkpoint_interval_backlog);
    return OK;
}

static struct err check_combinations(const struct config *c, struct note *note)
{
    /* Who waits for a checkpoint that the backlog forbids waits for ever. */
    if (c->pause_sources_until_first && c->checkpoint_interval_backlog == 0)
        return err_note(note, ERR_BAD_VALUE_CODE, "%s needs %s above 0",
                        KEY(pause_sources_until_first), KEY(checkpoint_interval_backlog));
    /* Flink warns and goes on aligned; a job that runs otherwise than asked is worse than none. */
    if (c->checkpoint_unaligned && c->checkpoint_mode != CHECKPOINT_MODE_EXACTLY_ONCE)
        return err_note(note, ERR_BAD_VALUE_CODE, "%s needs %s exactly_once",
                        KEY(checkpoint_unaligned), KEY(checkpoint_mode));
    /* CheckpointCoordinatorConfiguration: a barrier must not overtake the one before it. */
    if (c->checkpoint_unaligned && c->checkpoint_max_concurrent > 1)
        return err_note(note, ERR_BAD_VALUE_CODE, "%s needs %s 1", KEY(checkpoint_unaligned),
                        KEY(checkpoint_max_concurrent));
    /* InputGateSpecUtils: nothing could ever be read. */
    if (c->buffers_per_channel == 0 && c->buffers_per_gate == 0)
        return err_note(note, ERR_BAD_VALUE_CODE, "%s 0 needs %s above 0", KEY(buffers_per_channel),
                        KEY(buffers_per_gate));
    if (c->scheduler_mode == SCHEDULER_MODE_REACTIVE && c->execution_target == TARGET_REMOTE)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "%s works in application mode only, and %s is remote", KEY(scheduler_mode),
                        KEY(execution_target));
    return OK;
}

/* Flink before 2.4 ignores what it does not know; here a key that does nothing is an error. */
static struct err check_version(const struct config *c, struct note *note)
{
    static const enum option_index since_2_4[] = { OPTION_adaptive_active_checkpoint,
                                                   OPTION_pause_sources_until_first };
    for (size_t i = 0; i < sizeof since_2_4 / sizeof *since_2_4; i++) {
        const char *key = config_options[since_2_4[i]].key;
        if (c->flink_version == FLINK_2_3 && config_is_set(c, key))
            return err_note(note, ERR_BAD_VALUE_CODE, "%s needs flink-version 2.4", key);
    }
    return OK;
}

struct err config_check(const struct config *config, struct note *note)
{
    CHECK(config_option_count == OPTION_COUNT);
    struct config defaults = config_default();
    TRY(check_ranges(config, &defaults, note));
    TRY(check_orders(config, note));
    TRY(check_combinations(config, note));
    return check_version(config, note);
}
