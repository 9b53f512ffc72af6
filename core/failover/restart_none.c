/* SPDX-License-Identifier: Apache-2.0
 *
 * No restart: the first failure ends the job. Every failure is an attempt of its own, so that the
 * exception history shows each as a root. Source: Flink's NoRestartBackoffTimeStrategy.
 */
#include "core/failover/restart_rows.h"

bool restart_none_notify_failure(struct restart_strategy *strategy, time_ns now)
{
    (void)strategy, (void)now;
    return true;
}

bool restart_none_can_restart(const struct restart_strategy *strategy, time_ns now)
{
    (void)strategy, (void)now;
    return false;
}

/* Flink's answer, although nobody waits for it. */
time_ns restart_none_backoff(const struct restart_strategy *strategy, time_ns now)
{
    (void)strategy, (void)now;
    return 0;
}
