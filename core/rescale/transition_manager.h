/* SPDX-License-Identifier: Apache-2.0
 *
 * When the adaptive scheduler moves on: the phases of Flink's DefaultStateTransitionManager
 * (FLIP-461, FLIP-472). One instance per visit of WaitingForResources or Executing. In: changes of
 * slots or requirements, triggers, the time. Out: at most one transition, and wishes for a
 * checkpoint (2.4). Whether resources are sufficient or desired is asked of the owner at the moment
 * it matters.
 */
#ifndef WEIR_RESCALE_TRANSITION_MANAGER_H
#define WEIR_RESCALE_TRANSITION_MANAGER_H

#include "core/base/machine.h"
#include "core/base/time.h"
#include "core/port/effect.h"

/* Cooldown: too soon after the last rescale. Idling: there is nothing to gain. Stabilizing:
 * sufficient resources are there, desired ones may still come. Stabilized: sufficient is enough,
 * at the next good moment. Transitioning: the wait is over. */
enum phase {
    PHASE_COOLDOWN,
    PHASE_IDLING,
    PHASE_STABILIZING,
    PHASE_STABILIZED,
    PHASE_TRANSITIONING,
    PHASE_COUNT
};
extern const struct state_table transition_phases;

/* What the owner answers; both must be free of side effects. */
struct transition_view {
    bool (*has_sufficient)(const void *owner);
    bool (*has_desired)(const void *owner);
    const void *owner;
};

struct transition_settings {
    time_ns cooldown, stabilization, max_delay;
    bool active_checkpoint;
};

/* Timers of no length are due in the order in which Flink posts them:
 *   - the end of the cooldown is posted when the manager is made, so before the change and the
 *     trigger that the owner posts for its own entry. The owner lets everything due at `now` fire
 *     before it passes those on; with cooldown 0 they then find the manager in Idling, as the
 *     recorded visits of WaitingForResources show (Cooldown, Idling, Stabilizing at one instant);
 *   - a timer whose time has already passed when it is set is due at once, not in the past;
 *   - of two due at the same instant, the end of the stabilization comes before the desired check:
 *     with both of no length Stabilizing always goes on to Stabilized, whose max delay is over. */
struct transition_manager {
    struct transition_settings settings;
    struct transition_view view;
    struct job_id job; /* for the log */
    enum phase phase;
    time_ns entered_at;    /* the phase */
    time_ns first_change;  /* cooldown: the remembered one; later t0. TIME_NEVER: none */
    time_ns phase_end;     /* next own timer: end of cooldown, of stabilization, max delay */
    time_ns desired_check; /* stabilizing: the one pending check; TIME_NEVER: none */
};

/* What a call asks of the owner. */
struct transition_outcome {
    bool transition;         /* go: the manager is now in Transitioning, for good */
    bool desired;            /* with transition: desired resources were there, else sufficient */
    bool request_checkpoint; /* an active checkpoint would help */
};

void transition_manager_init(struct transition_manager *manager,
                             const struct transition_settings *settings,
                             const struct transition_view *view, struct job_id job, time_ns now);

struct transition_outcome transition_manager_on_change(struct transition_manager *manager,
                                                       struct effects *effects);
struct transition_outcome transition_manager_on_trigger(struct transition_manager *manager,
                                                        struct effects *effects);
/* Fires one due timer (effects->now is the time); call again while the deadline is not later. */
struct transition_outcome transition_manager_on_time(struct transition_manager *manager,
                                                     struct effects *effects);
time_ns transition_manager_deadline(const struct transition_manager *manager);
void transition_manager_check(const struct transition_manager *manager); /* its invariant */
uint64_t transition_manager_hash(const struct transition_manager *manager);

#endif
