/* SPDX-License-Identifier: Apache-2.0
 *
 * The phase machine. A phase owns its timers: moving on forgets them, which is Flink's "ignored
 * unless the phase that scheduled it is still the phase". What always holds: both clocks of
 * Stabilizing and Stabilized run from the first change, t0.
 */
#include "core/rescale/transition_manager.h"

#include "core/base/check.h"
#include "core/base/hash.h"

/* The only way back is from Stabilized, when sufficient resources are gone by then. Nothing leads
 * out of Transitioning: the owner makes a new manager for its next visit. */
static const struct state_row phase_rows[PHASE_COUNT] = {
    [PHASE_COOLDOWN] = { "Cooldown", STATE(PHASE_IDLING) | STATE(PHASE_STABILIZING),
                         STATE_INITIAL },
    [PHASE_IDLING] = { "Idling", STATE(PHASE_STABILIZING), 0 },
    [PHASE_STABILIZING] = { "Stabilizing", STATE(PHASE_STABILIZED) | STATE(PHASE_TRANSITIONING),
                            0 },
    [PHASE_STABILIZED] = { "Stabilized", STATE(PHASE_IDLING) | STATE(PHASE_TRANSITIONING), 0 },
    [PHASE_TRANSITIONING] = { "Transitioning", 0, STATE_FINAL },
};

const struct state_table transition_phases = { "transition manager", phase_rows, PHASE_COUNT };

static const struct transition_outcome nothing = { false, false, false };

/* A cooldown of no length is a timer as well, so that a visit begins in Cooldown whatever the
 * settings are. */
void transition_manager_init(struct transition_manager *manager,
                             const struct transition_settings *settings,
                             const struct transition_view *view, struct job_id job, time_ns now)
{
    CHECK(settings->cooldown >= 0);
    CHECK(settings->stabilization >= 0);
    CHECK(settings->max_delay >= 0);
    *manager = (struct transition_manager){
        .settings = *settings,
        .view = *view,
        .job = job,
        .phase = PHASE_COOLDOWN,
        .entered_at = now,
        .first_change = TIME_NEVER,
        .phase_end = time_add(now, settings->cooldown),
        .desired_check = TIME_NEVER,
    };
}

/* A phase has no timers but its own. t0 lies before the phase that counts from it, and Idling has
 * none. */
void transition_manager_check(const struct transition_manager *manager)
{
    enum phase phase = manager->phase;
    bool has_timer = manager->phase_end != TIME_NEVER;
    bool is_counting = phase == PHASE_STABILIZING || phase == PHASE_STABILIZED;
    CHECK(phase < PHASE_COUNT);
    CHECK(!has_timer || manager->phase_end >= manager->entered_at);
    CHECK(!has_timer || is_counting || phase == PHASE_COOLDOWN);
    CHECK(manager->desired_check == TIME_NEVER || phase == PHASE_STABILIZING);
    CHECK(!is_counting || manager->first_change <= manager->entered_at);
    CHECK(phase != PHASE_IDLING || manager->first_change == TIME_NEVER);
}

/* The line in front of the last move, as Flink writes it. */
static void log_fact(const struct transition_manager *manager, struct effects *effects,
                     const char *what)
{
    effects_log(effects, &(struct log_line){ .level = LOG_DECISION,
                                             .machine = transition_phases.machine,
                                             .what = what,
                                             .subject = LOG_OF_JOB,
                                             .job = manager->job });
}

/* The one place that changes the phase; the new one starts without timers. */
static void transition_manager_move(struct transition_manager *manager, enum phase to,
                                    struct effects *effects)
{
    enum phase from = manager->phase;
    machine_check_move(&transition_phases, from, to);
    manager->phase = to;
    manager->entered_at = effects->now;
    manager->phase_end = TIME_NEVER;
    manager->desired_check = TIME_NEVER;
    effects_log(effects, &(struct log_line){ .level = LOG_DECISION,
                                             .machine = transition_phases.machine,
                                             .what = "move",
                                             .from = state_name(&transition_phases, from),
                                             .to = state_name(&transition_phases, to),
                                             .subject = LOG_OF_JOB,
                                             .job = manager->job });
}

/* A timer that counts from an event of the past. */
static time_ns timer_from(time_ns start, time_ns length, time_ns now)
{
    CHECK(start <= now);
    time_ns at = time_add(start, length);
    return at > now ? at : now;
}

/* t0 is forgotten: the next change that finds sufficient resources sets a new one. */
static struct transition_outcome enter_idling(struct transition_manager *manager,
                                              struct effects *effects)
{
    transition_manager_move(manager, PHASE_IDLING, effects);
    manager->first_change = TIME_NEVER;
    return nothing;
}

/* Both timers count from the first change, which may lie back in the cooldown. */
static struct transition_outcome enter_stabilizing(struct transition_manager *manager,
                                                   time_ns first_change, struct effects *effects)
{
    const struct transition_settings *settings = &manager->settings;
    transition_manager_move(manager, PHASE_STABILIZING, effects);
    manager->first_change = first_change;
    manager->phase_end = timer_from(first_change, settings->stabilization, effects->now);
    manager->desired_check = timer_from(first_change, settings->max_delay, effects->now);
    return (struct transition_outcome){ .request_checkpoint = settings->active_checkpoint };
}

/* From here on sufficient is enough, but not before a checkpoint or the max delay. */
static struct transition_outcome enter_stabilized(struct transition_manager *manager,
                                                  struct effects *effects)
{
    const struct transition_settings *settings = &manager->settings;
    transition_manager_move(manager, PHASE_STABILIZED, effects);
    manager->phase_end = timer_from(manager->first_change, settings->max_delay, effects->now);
    return (struct transition_outcome){ .request_checkpoint = settings->active_checkpoint };
}

/* Final: machine_check_move stops a second attempt to leave. */
static struct transition_outcome enter_transitioning(struct transition_manager *manager,
                                                     bool desired, struct effects *effects)
{
    log_fact(manager, effects, desired ? "desired resources met" : "sufficient resources met");
    transition_manager_move(manager, PHASE_TRANSITIONING, effects);
    return (struct transition_outcome){ .transition = true, .desired = desired };
}

/* Not there is no reason to leave: the end of the stabilization will come. */
static struct transition_outcome evaluate_desired(struct transition_manager *manager,
                                                  struct effects *effects)
{
    if (!manager->view.has_desired(manager->view.owner))
        return nothing;
    return enter_transitioning(manager, true, effects);
}

/* Only here can a loss of slots lead back to Idling. */
static struct transition_outcome evaluate_sufficient(struct transition_manager *manager,
                                                     struct effects *effects)
{
    if (!manager->view.has_sufficient(manager->view.owner))
        return enter_idling(manager, effects);
    return enter_transitioning(manager, false, effects);
}

/* A check that is pending counts from the change before; it will see this one as well. */
static struct transition_outcome stabilizing_on_change(struct transition_manager *manager,
                                                       time_ns now)
{
    if (manager->desired_check == TIME_NEVER)
        manager->desired_check = time_add(now, manager->settings.max_delay);
    return (struct transition_outcome){ .request_checkpoint = manager->settings.active_checkpoint };
}

/* Nothing is asked of the owner where the answer could change nothing: its cost is a walk over the
 * slots of the job. */
struct transition_outcome transition_manager_on_change(struct transition_manager *manager,
                                                       struct effects *effects)
{
    const struct transition_view *view = &manager->view;
    CHECK(effects->now >= manager->entered_at);
    switch (manager->phase) {
    case PHASE_COOLDOWN:
        if (manager->first_change == TIME_NEVER && view->has_sufficient(view->owner))
            manager->first_change = effects->now;
        return nothing;
    case PHASE_IDLING:
        if (!view->has_sufficient(view->owner))
            return nothing;
        return enter_stabilizing(manager, effects->now, effects);
    case PHASE_STABILIZING: return stabilizing_on_change(manager, effects->now);
    case PHASE_STABILIZED:
    case PHASE_TRANSITIONING: return nothing;
    case PHASE_COUNT: break;
    }
    IMPOSSIBLE("a phase outside the table");
}

/* A trigger says that a rescale is cheap now, right after a checkpoint. It brings no resources, so
 * phases that wait for those do not hear it. */
struct transition_outcome transition_manager_on_trigger(struct transition_manager *manager,
                                                        struct effects *effects)
{
    CHECK(effects->now >= manager->entered_at);
    switch (manager->phase) {
    case PHASE_STABILIZING: return evaluate_desired(manager, effects);
    case PHASE_STABILIZED: return evaluate_sufficient(manager, effects);
    case PHASE_COOLDOWN:
    case PHASE_IDLING:
    case PHASE_TRANSITIONING: return nothing;
    case PHASE_COUNT: break;
    }
    IMPOSSIBLE("a phase outside the table");
}

/* Two timers run here; at one instant the end comes first (see the header). */
static struct transition_outcome stabilizing_on_time(struct transition_manager *manager,
                                                     struct effects *effects)
{
    if (manager->phase_end <= manager->desired_check)
        return enter_stabilized(manager, effects);
    manager->desired_check = TIME_NEVER;
    return evaluate_desired(manager, effects);
}

/* Never early. Late is possible: the owner may have had other events of that instant first. */
struct transition_outcome transition_manager_on_time(struct transition_manager *manager,
                                                     struct effects *effects)
{
    CHECK(transition_manager_deadline(manager) <= effects->now);
    switch (manager->phase) {
    case PHASE_COOLDOWN:
        if (manager->first_change == TIME_NEVER)
            return enter_idling(manager, effects);
        return enter_stabilizing(manager, manager->first_change, effects);
    case PHASE_STABILIZING: return stabilizing_on_time(manager, effects);
    case PHASE_STABILIZED: return evaluate_sufficient(manager, effects);
    case PHASE_IDLING:
    case PHASE_TRANSITIONING:
    case PHASE_COUNT: break;
    }
    IMPOSSIBLE("a timer of a phase that has none");
}

time_ns transition_manager_deadline(const struct transition_manager *manager)
{
    return manager->phase_end < manager->desired_check ? manager->phase_end
                                                       : manager->desired_check;
}

/* What the view answers is state of the owner, and in the owner's hash. */
uint64_t transition_manager_hash(const struct transition_manager *manager)
{
    const struct transition_settings *settings = &manager->settings;
    const uint64_t parts[] = { manager->phase,
                               (uint64_t)manager->entered_at,
                               (uint64_t)manager->first_change,
                               (uint64_t)manager->phase_end,
                               (uint64_t)manager->desired_check,
                               (uint64_t)settings->cooldown,
                               (uint64_t)settings->stabilization,
                               (uint64_t)settings->max_delay,
                               settings->active_checkpoint };
    uint64_t hash = hash_mix(manager->job.n);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        hash = hash_add(hash, parts[i]);
    return hash;
}
