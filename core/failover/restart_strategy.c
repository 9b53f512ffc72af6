/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of restart strategies and the choice of one. In: failures with their times. Out: yes
 * or no, and a wait. What always holds: the questions change nothing, only a failure does.
 */
#include "core/failover/restart_strategy.h"

#include "core/base/hash.h"
#include "core/failover/restart_rows.h"

#define X(prefix, choice, name, needs_failure)                                                     \
    { choice,                                                                                      \
      name,                                                                                        \
      restart_##prefix##_notify_failure,                                                           \
      restart_##prefix##_can_restart,                                                              \
      restart_##prefix##_backoff,                                                                  \
      needs_failure },
const struct restart_strategy_row restart_strategies[] = { RESTART_STRATEGIES(X) };
#undef X

const size_t restart_strategy_count = sizeof restart_strategies / sizeof *restart_strategies;

/* Flink's RestartBackoffTimeStrategyFactoryLoader: a job that checkpoints is worth restarting. */
static enum config_choice_RESTART choice_of(const struct config *config)
{
    if (config->restart_strategy != RESTART_UNSET)
        return config->restart_strategy;
    return config_has_checkpoints(config) ? RESTART_EXPONENTIAL_DELAY : RESTART_NONE;
}

/* Configuration and rows are lists of their own; a choice without a row is our fault. */
static const struct restart_strategy_row *row_of(enum config_choice_RESTART choice)
{
    for (size_t i = 0; i < restart_strategy_count; i++)
        if (restart_strategies[i].choice == choice)
            return &restart_strategies[i];
    IMPOSSIBLE("a restart strategy without a row");
}

/* The stream is the job's own: how often other jobs fail moves nothing here. */
void restart_strategy_init(struct restart_strategy *strategy, const struct config *config,
                           uint64_t seed, uint32_t job)
{
    *strategy = (struct restart_strategy){
        .row = row_of(choice_of(config)),
        .config = config,
        .rng = rng_stream(seed, "restart-strategy", job),
        .planned_at = TIME_NEVER,
    };
}

void restart_strategy_fini(struct restart_strategy *strategy)
{
    vec_fini(&strategy->failures);
}

bool restart_strategy_notify_failure(struct restart_strategy *strategy, time_ns now)
{
    CHECK(now >= 0);
    strategy->has_failed = true;
    return strategy->row->notify_failure(strategy, now);
}

bool restart_strategy_can_restart(const struct restart_strategy *strategy, time_ns now)
{
    return strategy->row->can_restart(strategy, now);
}

bool restart_strategy_has_backoff(const struct restart_strategy *strategy)
{
    return strategy->has_failed || !strategy->row->backoff_needs_failure;
}

time_ns restart_strategy_backoff(const struct restart_strategy *strategy, time_ns now)
{
    CHECK(restart_strategy_has_backoff(strategy));
    time_ns wait = strategy->row->backoff(strategy, now);
    CHECK(wait >= 0);
    return wait;
}

uint64_t restart_strategy_hash(const struct restart_strategy *strategy)
{
    uint64_t hash = hash_mix(strategy->row->choice);
    for (int i = 0; i < 4; i++)
        hash = hash_add(hash, strategy->rng.s[i]);
    hash = hash_add(hash, strategy->has_failed);
    hash = hash_add(hash, (uint64_t)strategy->attempts);
    hash = hash_add(hash, (uint64_t)strategy->planned_at);
    hash = hash_add(hash, (uint64_t)strategy->delay);
    /* From the oldest on, so that equal histories are equal wherever the ring begins. */
    size_t count = strategy->failures.count;
    for (size_t i = 0; i < count; i++)
        hash = hash_add(hash,
                        (uint64_t)strategy->failures.items[(strategy->failure_first + i) % count]);
    return hash;
}
