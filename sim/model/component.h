/* SPDX-License-Identifier: Apache-2.0
 *
 * Components: what a job's edges connect, so that its tasks exchange records. In a coupled one some
 * edge is all-to-all, so nothing flows unless all of its tasks run; else each of its pipelines
 * flows for itself.
 */
#ifndef WEIR_SIM_MODEL_COMPONENT_H
#define WEIR_SIM_MODEL_COMPONENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/time.h"
#include "core/base/vec.h"
#include "sim/kernel/queue.h"
#include "sim/model/buffers.h"

struct model;
struct model_job;

/* How far a component is whose sources' input ends (end.h). */
enum ending {
    ENDING_NOT,     /* something is to be read, or will be */
    ENDING_DRAIN,   /* all has been read and works its way to the sinks */
    ENDING_AWAITED, /* all has been worked off; a checkpoint is to hold it */
    ENDING_FINISH,  /* tasks finish, or all have */
};

struct component {
    VEC(uint32_t) vertices, sources; /* ascending; of the job */
    bool coupled;
    bool known;          /* every vertex has a parallelism */
    bool shaped;         /* the shapes of its vertices are up to date */
    bool active;         /* is in a flow network */
    time_ns active_from; /* since then without a break, while it is */
    uint32_t net;        /* that one; NONE */
    bool dirty, soon;    /* is to be built anew, or before long */
    uint64_t seen;       /* in the refresh of that number */
    uint32_t task_count, running;
    time_ns broken_at; /* the first of its tasks stopped; TIME_NEVER: all have run since */
    time_ns whole_at;  /* when they last came to run all */
    time_ns barrier_at, barrier_gap; /* of the last cut; behind the one before */
    uint64_t epoch;                  /* raised when it stops */
    uint32_t pauses;   /* vertices in the synchronous part of a snapshot: nothing flows */
    bool stopped;      /* nor behind the barrier of a stop-with-savepoint */
    uint32_t finished; /* tasks that have, for lack of input */
    bool bounded;      /* the input of all its sources ends */
    enum ending ending;
    uint64_t final_from; /* the first checkpoint that holds all of it; 0: none has been cut */
    bool as_finished;    /* its tasks began from a checkpoint in which it had: they hold no state */
    struct sim_handle drain;
    uint32_t first_sum; /* of its sources, in the network */
    uint32_t first_place, place_count;
    uint32_t first_class, class_count;
    uint32_t shuffle_count;    /* all-to-all edges */
    struct buffer_fill fill;   /* of the buffers between its sources and what holds them back */
    struct buffer_level level; /* as found for the network as it was: */
    time_ns level_at;
    uint64_t level_round, level_rates;
};

void components_create(struct model_job *job);
void component_on_running(struct model *model, uint32_t task);
void component_on_left(struct model *model, uint32_t task);
/* The same of one that has not done its work: its job is not whole from then on, whoever ended it
 * and whoever knows. */
void component_on_lost(struct model *model, uint32_t task);
/* It begins to finish for lack of input: unlike one that has failed it takes nothing with it. */
void component_on_finishing(struct model *model, uint32_t task);
/* It is lost before it has. */
void component_on_unfinished(struct model *model, uint32_t task);
void component_set_parallelism(struct model *model, uint32_t job, uint32_t vertex,
                               uint32_t parallelism);
void component_set_groups(struct model *model, uint32_t job, uint32_t vertex, uint32_t groups);
/* So many subtasks of the vertex are in the synchronous part of a snapshot: nothing flows until
 * none is; that also ends when the component's tasks do. */
void component_set_in_sync(struct model *model, uint32_t job, uint32_t vertex, uint32_t in_sync);
/* Sources stop behind a synchronous savepoint. */
void components_stop(struct model *model, uint32_t job);
/* Its sources send a barrier. */
void component_on_barrier(struct model *model, const struct model_job *job,
                          struct component *component);
/* From one barrier to the next, by those of late: as far apart as the last two, or as long as there
 * has been none since. TIME_NEVER: there have not been two. */
time_ns component_barrier_period(const struct model *model, const struct component *component);
/* Time since the last one, or since all tasks run. */
time_ns component_since_barrier(const struct model *model, const struct component *component);
/* The job's sources are told of a checkpoint: those that waited for their first one read. */
void components_hear(struct model *model, uint32_t job);
bool component_is_paused(const struct component *component);

uint32_t component_source_index(const struct component *component, uint32_t source);

#endif
