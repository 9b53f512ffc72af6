/* SPDX-License-Identifier: Apache-2.0
 *
 * Waits that grow with each attempt and start over after a quiet time. Failures up to the planned
 * restart belong to one attempt (FLIP-364), so a TaskManager that takes fifty tasks with it counts
 * once. What always holds: initial <= the wait of an attempt <= max. Source: Flink's
 * ExponentialDelayRestartBackoffTimeStrategy.
 */
#include "core/failover/restart_rows.h"
#include "core/failover/scaled_power.h"

/* Attempt n, from 0: floor(initial * multiplier^n) plus jitter, in ms as Flink has it. The jitter
 * is of the unbounded wait and comes before the bounds: close to the maximum half of it is cut
 * off, and the first wait is never below the initial one. */
static time_ns next_delay(struct restart_strategy *strategy)
{
    const struct config *config = strategy->config;
    int64_t initial_ms = config->restart_exp_initial / TIME_MS;
    int64_t max_ms = config->restart_exp_max / TIME_MS;
    int64_t wait_ms = scaled_power(initial_ms, config->restart_exp_multiplier, strategy->attempts);
    if (config->restart_exp_jitter > 0) {
        int64_t spread_ms = scaled_power(wait_ms, config->restart_exp_jitter, 1);
        int64_t jitter_ms = rng_between(&strategy->rng, -spread_ms, spread_ms);
        /* Java's sum runs over here and its wait falls back to the initial one; ours stays max. */
        wait_ms = jitter_ms > INT64_MAX - wait_ms ? INT64_MAX : wait_ms + jitter_ms;
    }
    if (wait_ms > max_ms)
        wait_ms = max_ms;
    if (wait_ms < initial_ms)
        wait_ms = initial_ms;
    return wait_ms * TIME_MS;
}

/* The quiet time counts from the planned restart, not from the failure before it. */
bool restart_exponential_delay_notify_failure(struct restart_strategy *strategy, time_ns now)
{
    bool is_first = strategy->planned_at == TIME_NEVER;
    if (!is_first && now <= strategy->planned_at)
        return false;
    if (!is_first && now - strategy->planned_at >= strategy->config->restart_exp_reset)
        strategy->attempts = 0;
    CHECK(strategy->attempts < INT64_MAX);
    strategy->delay = next_delay(strategy);
    strategy->planned_at = time_add(now, strategy->delay);
    if (strategy->planned_at == TIME_NEVER) /* a wait past the end of time is still a wait */
        strategy->planned_at--;
    strategy->attempts++;
    return true;
}

bool restart_exponential_delay_can_restart(const struct restart_strategy *strategy, time_ns now)
{
    (void)now;
    int64_t most = strategy->config->restart_exp_attempts;
    return most < 0 || strategy->attempts <= most;
}

/* For a merged failure: what is left of the wait that was planned. */
time_ns restart_exponential_delay_backoff(const struct restart_strategy *strategy, time_ns now)
{
    CHECK(strategy->planned_at != TIME_NEVER);
    return now < strategy->planned_at ? strategy->planned_at - now : 0;
}
