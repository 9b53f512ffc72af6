/* SPDX-License-Identifier: Apache-2.0
 *
 * How the parts of a scenario are read from the merged tree; one function per part, called by
 * scenario.c in this order, since later parts name things of earlier ones. A part that is absent
 * keeps its defaults. The first complaint ends the reading.
 */
#ifndef WEIR_SIM_LOAD_SCENARIO_READ_H
#define WEIR_SIM_LOAD_SCENARIO_READ_H

#include "core/base/index_map.h"
#include "sim/load/event_words.h"
#include "sim/load/field.h"
#include "sim/load/load.h"
#include "sim/load/scenario.h"

enum {
    SCENARIO_JOBS_MAX = 256,
    SCENARIO_TASK_MANAGERS_MAX = 100000,
    SCENARIO_SLOTS_MAX = 1024, /* of one TaskManager */
    SCENARIO_CORES_MAX = 4096,
    SCENARIO_EVENTS_MAX = 100000,
    SCENARIO_SAMPLES_MAX = 10000000,
};
#define SCENARIO_DURATION_MAX (20 * 366 * TIME_DAY)

struct scenario_reader {
    struct scenario *scenario;
    const char *directory;
    struct note *note;
    struct index_map task_managers; /* hash of the name -> place in cluster.named */
    bool events_add;                /* some event adds TaskManagers, named or not */
    bool events_rescale;            /* some event gives vertices new bounds */
    enum event_speakers speakers;   /* for patterns; known once the jobs are */
};

/* Node null: absent. */
MUST_CHECK struct err scenario_read_config(const struct tree_node *node, struct config *config,
                                           struct note *note);
MUST_CHECK struct err scenario_read_cluster(struct scenario_reader *reader,
                                            const struct tree_node *node);
/* Of the machine all TaskManagers run on; of those with names. */
MUST_CHECK struct err scenario_read_machine(struct scenario_reader *reader,
                                            const struct tree_node *node);
MUST_CHECK struct err scenario_read_task_managers(struct scenario_reader *reader,
                                                  const struct tree_node *node);
/* Slots and cores that were not said. */
void scenario_settle_machine(struct machine_spec *machine, const struct config *config);
/* The most of each that some machine has: cores, memory, price. */
struct machine_spec scenario_machine_most(const struct cluster_spec *cluster);
MUST_CHECK struct err scenario_read_churn(struct scenario_reader *reader,
                                          const struct tree_node *node);
MUST_CHECK struct err scenario_read_job(struct scenario_reader *reader,
                                        const struct tree_node *node, uint32_t index);
/* A job that a program executes, or several. */
MUST_CHECK struct err scenario_read_program(struct scenario_reader *reader,
                                            const struct tree_node *node);
/* Parts of a job that both kinds have. */
MUST_CHECK struct err scenario_check_job_name(const struct scenario *scenario,
                                              const struct job_spec *job,
                                              const struct tree_node *node, struct note *note);
MUST_CHECK struct err scenario_check_load_names(const struct job_spec *job,
                                                const struct tree_node *loads, struct note *note);
MUST_CHECK struct err scenario_read_load(const struct scenario_reader *reader, struct job_spec *job,
                                         const struct tree_node *node, uint32_t job_index,
                                         struct vertex_id source);
/* The former job, if it starts from a snapshot of one; behind the graph, before the loads. */
MUST_CHECK struct err scenario_read_recovery(const struct scenario_reader *reader,
                                             struct job_spec *job, uint32_t index,
                                             const struct tree_node *node);
MUST_CHECK struct err scenario_read_event(struct scenario_reader *reader,
                                          const struct tree_node *node);
/* Of a rescale: into the event. */
MUST_CHECK struct err scenario_read_bounds(const struct scenario_reader *reader,
                                           const struct tree_node *node,
                                           struct scripted_event *event);
MUST_CHECK struct err scenario_read_expectation(struct scenario_reader *reader,
                                                const struct tree_node *node);

/* Parts of a job whose graph is being built: vertices and edges in the order of the file. `groups`
 * may be null. */
MUST_CHECK struct err scenario_read_vertex(const struct scenario_reader *reader,
                                           struct job_spec *job, const struct tree_node *node,
                                           const struct tree_node *groups);
MUST_CHECK struct err scenario_read_edges(struct job_spec *job, const struct tree_node *node,
                                          struct note *note);
/* Parts that need the finished graph; `vertices` is the list of the file. */
MUST_CHECK struct err scenario_finish_vertices(struct job_spec *job,
                                               const struct tree_node *vertices, struct note *note);
MUST_CHECK struct err scenario_read_faults(const struct scenario_reader *reader,
                                           struct job_spec *job, const struct tree_node *node);

/* What goes wrong in a subtask needs one: below the parallelism where that cannot grow, below the
 * max parallelism else. `node` has the key `subtask`, unless it is 0. */
MUST_CHECK struct err scenario_check_subtask(const struct scenario_reader *reader,
                                             const struct job_spec *job,
                                             const struct tree_node *node, struct vertex_id vertex,
                                             uint32_t subtask);

void scenario_fini_event(struct scripted_event *event);

/* An event adds one of this name, which may be in the list already if nothing starts it there. */
MUST_CHECK struct err scenario_declare_task_manager(struct scenario_reader *reader,
                                                    const struct tree_node *name);
/* Could a TaskManager of this name exist: named, or numbered tm1, tm2, ...? */
bool scenario_may_have(const struct scenario_reader *reader, const char *name);

/* Names in the scenario. The node's text is looked up; a wrong one is a complaint with the nearest.
 * Node null: the only job there is. */
MUST_CHECK struct err scenario_find_job(const struct scenario_reader *reader,
                                        const struct tree_node *at, const struct tree_node *node,
                                        struct job_id *out);
MUST_CHECK struct err scenario_find_vertex(const struct job_spec *job, const struct tree_node *node,
                                           struct vertex_id *out, struct note *note);

#endif
