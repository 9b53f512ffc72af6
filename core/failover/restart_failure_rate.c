/* SPDX-License-Identifier: Apache-2.0
 *
 * Restarts while failures are rare enough. The last max + 1 failure times are kept; once there are
 * as many, the job may restart only if the oldest of them is longer ago than the interval. So one
 * failure more than max within the interval, both ends included, is one too many. Source: Flink's
 * FailureRateRestartBackoffTimeStrategy.
 */
#include "core/failover/restart_rows.h"

/* Full means that one more than the bearable number is known. */
static bool is_full(const struct restart_strategy *strategy)
{
    return strategy->failures.count > (uint64_t)strategy->config->restart_rate_max;
}

bool restart_failure_rate_notify_failure(struct restart_strategy *strategy, time_ns now)
{
    CHECK(strategy->config->restart_rate_max >= 0);
    if (!is_full(strategy)) {
        vec_push(&strategy->failures, now);
        return true;
    }
    /* The ring is full: the newest takes the oldest one's place. */
    strategy->failures.items[strategy->failure_first] = now;
    strategy->failure_first = (strategy->failure_first + 1) % strategy->failures.count;
    return true;
}

bool restart_failure_rate_can_restart(const struct restart_strategy *strategy, time_ns now)
{
    if (!is_full(strategy))
        return true;
    time_ns oldest = strategy->failures.items[strategy->failure_first];
    return now - oldest > strategy->config->restart_rate_interval;
}

time_ns restart_failure_rate_backoff(const struct restart_strategy *strategy, time_ns now)
{
    (void)now;
    return strategy->config->restart_rate_delay;
}
