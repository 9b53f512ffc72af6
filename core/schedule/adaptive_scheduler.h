/* SPDX-License-Identifier: Apache-2.0
 *
 * Insides of the adaptive scheduler, shared by its files: adaptive_scheduler.c (the calls, each an
 * event for the state), adaptive_states.c (entering and leaving states), adaptive_resources.c
 * (bounds, parallelism, slots), adaptive_history.c (the rescale record). Source: AdaptiveScheduler
 * and its State classes (FLIP-160), FLIP-291, FLIP-461, FLIP-472.
 */
#ifndef WEIR_SCHEDULE_ADAPTIVE_SCHEDULER_H
#define WEIR_SCHEDULE_ADAPTIVE_SCHEDULER_H

#include "core/rescale/rescale_history.h"
#include "core/rescale/transition_manager.h"
#include "core/rescale/trigger_countdown.h"
#include "core/schedule/parts.h"

enum adaptive_state {
    ADAPTIVE_CREATED,
    ADAPTIVE_WAITING_FOR_RESOURCES,
    ADAPTIVE_CREATING_EXECUTION_GRAPH,
    ADAPTIVE_EXECUTING,
    ADAPTIVE_RESTARTING,
    ADAPTIVE_CANCELING,
    ADAPTIVE_FAILING,
    ADAPTIVE_STOP_WITH_SAVEPOINT,
    ADAPTIVE_FINISHED,
    ADAPTIVE_STATE_COUNT
};
extern const struct state_table adaptive_states;

/* Timers carry the epoch of the state that set them; a later state drops them (Flink's runIfState).
 */
enum adaptive_timer { TIMER_CHECK_ON_ENTRY, TIMER_RESOURCE_WAIT, TIMER_BUILD_GRAPH, TIMER_BACKOFF };

/* Attempt numbers of one vertex, by subtask; they outlive graphs. */
struct attempt_numbers {
    VEC(uint32_t) numbers;
};

/* Where state of the last graph lies, for local recovery. */
struct previous_states {
    VEC(struct previous_state) items;
};

struct adaptive_scheduler {
    enum adaptive_state state;
    uint64_t epoch; /* raised by every move */
    time_ns entered_at;

    bool reactive, application_mode;
    struct parallelism_bounds *bounds; /* by vertex; what is declared */
    int32_t *max_parallelism;          /* by vertex; fixed for the life of the job */
    struct attempt_numbers *attempts;  /* by vertex: for the next graph */

    /* WaitingForResources, Executing, StopWithSavepoint */
    struct transition_manager manager;
    struct trigger_countdown countdown;
    /* CreatingExecutionGraph: what to build. Restarting: the target it was left for */
    int32_t *planned;
    bool has_target;              /* Restarting: a rescale, `planned` is its target */
    time_ns backoff;              /* Restarting: once all tasks have ended */
    enum failure_cause end_cause; /* Failing, Finished */
    enum failure_cause left_for;  /* the failure that ends the present state, for the history */

    struct rescale_history history;
};

/* adaptive_states.c */
enum job_status adaptive_shown_status(enum adaptive_state state); /* not of Finished */
void adaptive_enter_waiting(struct scheduler *s, const char *reason);
void adaptive_enter_creating(struct scheduler *s, const char *reason);
/* With a cause: a failure, after a wait. Without: a rescale, at once. */
void adaptive_enter_restarting(struct scheduler *s, time_ns backoff, enum failure_cause cause,
                               const char *reason);
void adaptive_enter_failing(struct scheduler *s, enum failure_cause cause, const char *reason);
void adaptive_enter_canceling(struct scheduler *s);
void adaptive_enter_stopping(struct scheduler *s, bool drain, uint64_t token);
void adaptive_begin_executing(struct scheduler *s, const char *reason);
void adaptive_enter_finished(struct scheduler *s, enum job_status status, const char *reason);
/* FAILED, by what no graph has failed by: it is remembered as a root of its own. */
void adaptive_fail_without_graph(struct scheduler *s, enum failure_cause cause);
void adaptive_build_graph(struct scheduler *s);
void adaptive_on_tasks_ended(struct scheduler *s);   /* perhaps all have */
void adaptive_leave_restarting(struct scheduler *s); /* the back-off is over */

/* adaptive_resources.c */
void adaptive_resources_init(struct scheduler *s);
void adaptive_resources_fini(struct adaptive_scheduler *own, size_t vertices);
void adaptive_declare(struct scheduler *s);
bool adaptive_parallelism_for(const struct scheduler *s, uint32_t slots, int32_t *out);
uint32_t adaptive_slot_count(const struct scheduler *s);    /* all the job holds */
uint32_t adaptive_desired_slots(const struct scheduler *s); /* all it would like */
bool adaptive_has_sufficient(const void *scheduler);
bool adaptive_has_desired(const void *scheduler);
bool adaptive_target_is_obtainable(const struct scheduler *s);
/* A new graph at `planned` with all its slots reserved; false when a slot is no longer free. */
bool adaptive_create_graph(struct scheduler *s);
void adaptive_raise_attempts(struct scheduler *s);

/* adaptive_history.c */
void adaptive_history_begin(struct scheduler *s, enum rescale_cause cause, bool new_requirements);
void adaptive_history_on_failover(struct scheduler *s);
void adaptive_history_left_state(struct scheduler *s);
void adaptive_history_executing(struct scheduler *s);
void adaptive_history_not_built(struct scheduler *s, enum failure_cause cause);
void adaptive_history_came_to_nothing(struct scheduler *s); /* the manager is idle again */
void adaptive_history_ended(struct scheduler *s, enum job_status status);

#endif
