/* SPDX-License-Identifier: Apache-2.0
 *
 * Restart strategies: may the job restart after this failure, and after what wait. Each failure is
 * notified first; then the other two questions may be asked as often as wanted. An open set: one
 * file and one line of RESTART_STRATEGIES (restart_rows.h) per strategy, see
 * docs/howto/add-a-restart-strategy.md. Source: Flink's *RestartBackoffTimeStrategy; the rules
 * are in docs/failover.md.
 */
#ifndef WEIR_FAILOVER_RESTART_STRATEGY_H
#define WEIR_FAILOVER_RESTART_STRATEGY_H

#include "core/base/rng.h"
#include "core/base/time.h"
#include "core/base/vec.h"
#include "core/port/config.h"

struct restart_strategy;

struct restart_strategy_row {
    enum config_choice_RESTART choice;
    const char *name; /* as restart-strategy.type writes it */
    /* A failure happened now. True when it begins a new attempt (counts as a restart of its own),
     * false when it belongs to the attempt already planned. */
    bool (*notify_failure)(struct restart_strategy *strategy, time_ns now);
    bool (*can_restart)(const struct restart_strategy *strategy, time_ns now);
    time_ns (*backoff)(const struct restart_strategy *strategy, time_ns now); /* from now */
    bool backoff_needs_failure; /* there is no answer before the first failure */
};

struct restart_strategy {
    const struct restart_strategy_row *row;
    const struct config *config; /* borrowed */
    struct rng rng;              /* jitter */
    bool has_failed;             /* a failure was notified */
    int64_t attempts;            /* failures taken so far (fixed-delay, exponential) */
    time_ns planned_at;    /* exponential: when the current attempt restarts; TIME_NEVER: none */
    time_ns delay;         /* exponential: the current attempt's wait */
    VEC(time_ns) failures; /* failure-rate: a ring, oldest at failure_first */
    size_t failure_first;
};

extern const struct restart_strategy_row restart_strategies[];
extern const size_t restart_strategy_count;

/* The strategy the configuration asks for; Flink's rule where it does not (none without
 * checkpointing, exponential-delay with it). */
void restart_strategy_init(struct restart_strategy *strategy, const struct config *config,
                           uint64_t seed, uint32_t job);
void restart_strategy_fini(struct restart_strategy *strategy);

bool restart_strategy_notify_failure(struct restart_strategy *strategy, time_ns now);
bool restart_strategy_can_restart(const struct restart_strategy *strategy, time_ns now);
/* May the next be asked? Exponential-delay has no wait before its first failure. */
bool restart_strategy_has_backoff(const struct restart_strategy *strategy);
time_ns restart_strategy_backoff(const struct restart_strategy *strategy, time_ns now);
uint64_t restart_strategy_hash(const struct restart_strategy *strategy);

#endif
