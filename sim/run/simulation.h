/* SPDX-License-Identifier: Apache-2.0
 *
 * One run of one scenario in virtual time: puts kernel, cluster, data plane, provider, script and
 * watchers together and drives them to the end. In: a checked scenario. Out: calls of the watchers.
 * Everything that happens depends on the scenario and its seed only.
 */
#ifndef WEIR_SIM_RUN_SIMULATION_H
#define WEIR_SIM_RUN_SIMULATION_H

#include <signal.h>

#include "sim/cluster/virtual_cluster.h"
#include "sim/fault/script.h"
#include "sim/program/outputs.h"
#include "sim/run/plane.h"

struct simulation;

/* Who watches a run; any function may be null. Lines come in order. */
struct watcher {
    void *context;
    void (*line)(void *context, time_ns at, struct node_id node, const struct log_line *line);
    void (*fact)(void *context, time_ns at, struct node_id node, const char *word,
                 const char *reason);
    void (*answer)(void *context, time_ns at, const struct effect_answer *answer);
    void (*sample)(void *context, time_ns at); /* every scenario.sample, and at the end */
    void (*step)(void *context, time_ns at);   /* the JobManager has taken in an event */
};

struct simulation_settings {
    bool vouching; /* false: every heartbeat is sent (tests compare both) */
    enum node_checks check_invariants;
    struct outputs *outputs; /* where the sinks of programs write; null: where nobody looks */
};

struct simulation *simulation_create(const struct scenario *scenario,
                                     const struct simulation_settings *settings);
void simulation_destroy(struct simulation *simulation);
void simulation_watch(struct simulation *simulation, const struct watcher *watcher);

/* Runs to `until` or the scenario's duration, whichever is earlier. Returns early, with false, when
 * *stop is not 0 any more (Ctrl-C). `progress` may be null; it is called about a thousand times a
 * run.
 */
bool simulation_run(struct simulation *simulation, time_ns until, const volatile sig_atomic_t *stop,
                    void (*progress)(void *context, time_ns now), void *progress_context);

/* The same by hand: starts it, then so many events. False: it is at its end. */
void simulation_start(struct simulation *simulation);
bool simulation_run_events(struct simulation *simulation, uint64_t count);

time_ns simulation_now(const struct simulation *simulation);
uint64_t simulation_event_count(const struct simulation *simulation);
const struct scenario *simulation_scenario(const struct simulation *simulation);
struct virtual_cluster *simulation_cluster(struct simulation *simulation);
const struct plane *simulation_plane(const struct simulation *simulation);
struct model *simulation_model(struct simulation *simulation); /* of a run of the virtual world */
/* Of the scenario's event at this place. */
struct script_outcome simulation_outcome(const struct simulation *simulation, size_t event);
/* What the main of the scenario's program at this place has given back; false: it has not. */
bool simulation_program_code(const struct simulation *simulation, size_t program, int *code);
/* The JobManager's node, for views. */
const struct node *simulation_job_manager(const struct simulation *simulation);

#endif
