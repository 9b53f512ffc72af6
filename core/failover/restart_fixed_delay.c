/* SPDX-License-Identifier: Apache-2.0
 *
 * A fixed number of restarts, each after the same wait. Failures are never forgotten: with 3
 * attempts the job fails for good at its 4th failure, however long it ran in between. Source:
 * Flink's FixedDelayRestartBackoffTimeStrategy.
 */
#include "core/failover/restart_rows.h"

bool restart_fixed_delay_notify_failure(struct restart_strategy *strategy, time_ns now)
{
    (void)now;
    CHECK(strategy->attempts < INT64_MAX);
    strategy->attempts++;
    return true;
}

/* Asked after the failure was counted: attempts restarts are borne, so <= and not <. */
bool restart_fixed_delay_can_restart(const struct restart_strategy *strategy, time_ns now)
{
    (void)now;
    return strategy->attempts <= strategy->config->restart_fixed_attempts;
}

time_ns restart_fixed_delay_backoff(const struct restart_strategy *strategy, time_ns now)
{
    (void)now;
    return strategy->config->restart_fixed_delay;
}
