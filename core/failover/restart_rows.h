/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of restart strategies, and the functions each of them brings. Only restart_strategy.c
 * and the files of the strategies include this, and the calculator, for the words of its help.
 */
#ifndef WEIR_FAILOVER_RESTART_ROWS_H
#define WEIR_FAILOVER_RESTART_ROWS_H

#include "core/failover/restart_strategy.h"

/* X(function prefix, choice of restart-strategy.type, its text, backoff_needs_failure) */
#define RESTART_STRATEGIES(X)                                                                      \
    X(none, RESTART_NONE, "none", false)                                                           \
    X(fixed_delay, RESTART_FIXED_DELAY, "fixed-delay", false)                                      \
    X(failure_rate, RESTART_FAILURE_RATE, "failure-rate", false)                                   \
    X(exponential_delay, RESTART_EXPONENTIAL_DELAY, "exponential-delay", true)

#define X(prefix, choice, name, needs_failure)                                                     \
    bool restart_##prefix##_notify_failure(struct restart_strategy *strategy, time_ns now);        \
    bool restart_##prefix##_can_restart(const struct restart_strategy *strategy, time_ns now);     \
    time_ns restart_##prefix##_backoff(const struct restart_strategy *strategy, time_ns now);
RESTART_STRATEGIES(X)
#undef X

#endif
