/* SPDX-License-Identifier: Apache-2.0
 *
 * The job graph: what the user wants run. Vertices in topological order (an edge's producer always
 * has the smaller id), edges, slot sharing and co-location groups. Built once, then read only.
 * Source: Flink's JobGraph, JobVertex, IntermediateDataSet, SlotSharingGroup.
 */
#ifndef WEIR_GRAPH_JOB_GRAPH_H
#define WEIR_GRAPH_JOB_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/ids.h"
#include "core/base/index_map.h"
#include "core/base/vec.h"
#include "core/port/config.h"

enum {
    PARALLELISM_UNSET = -1,
    MAX_PARALLELISM_LIMIT = 32768,
    JOB_VERTICES_MAX = 4096,
    JOB_EDGES_MAX = 16384,
    JOB_GROUPS_MAX = JOB_VERTICES_MAX + 1, /* one each, and "default" */
    JOB_TASKS_MAX = 1 << 20,               /* subtasks of all vertices */
};

enum distribution_pattern { DISTRIBUTION_POINTWISE, DISTRIBUTION_ALL_TO_ALL, DISTRIBUTION_COUNT };

/* How records choose their consumer. Forward and rescale are pointwise, the others all-to-all. */
enum partitioner {
    PARTITION_FORWARD,
    PARTITION_RESCALE,
    PARTITION_REBALANCE,
    PARTITION_HASH,
    PARTITION_BROADCAST,
    PARTITION_CUSTOM,
    PARTITIONER_COUNT
};

/* Flink's ResultPartitionType; the table of its properties is result_type_rows. */
enum result_type {
    RESULT_BLOCKING,
    RESULT_BLOCKING_PERSISTENT,
    RESULT_PIPELINED,
    RESULT_PIPELINED_BOUNDED,
    RESULT_PIPELINED_APPROXIMATE,
    RESULT_HYBRID_FULL,
    RESULT_HYBRID_SELECTIVE,
    RESULT_TYPE_COUNT
};

enum consuming_constraint { CONSUME_BLOCKING, CONSUME_CAN_BE_PIPELINED, CONSUME_MUST_BE_PIPELINED };

struct result_type_row {
    const char *name;
    bool reconsumable, bounded, persistent, released_by_scheduler;
    enum consuming_constraint constraint;
};
extern const struct result_type_row result_type_rows[RESULT_TYPE_COUNT];
extern const char *const partitioner_names[PARTITIONER_COUNT];

/* `unknown` stands for one default slot of whatever TaskManager it is. */
struct resource_profile {
    bool unknown;
    int32_t cpu_milli;
    int64_t memory_bytes;
};

enum operator_state {
    OPERATOR_STATE_NONE,     /* OperatorStateHandle.Mode: how list state reaches new subtasks */
    OPERATOR_STATE_SPLIT,    /* dealt out */
    OPERATOR_STATE_UNION,    /* all of it to each */
    OPERATOR_STATE_BROADCAST /* one copy to each */
};

struct job_operator {
    char *name;
    uint64_t id; /* under which its state is found again, in any vertex; see operator_ids.h */
    bool keyed_state;
    enum operator_state operator_state;
};

struct job_vertex {
    char *name;
    VEC(struct job_operator) operators; /* the chain, head first; at least one */
    int32_t parallelism;                /* > 0 after job_graph_finish */
    int32_t max_parallelism;            /* as configured, or PARALLELISM_UNSET */
    struct group_id group;
    uint32_t colocation; /* vertices with equal numbers run subtask by subtask together; ID_NONE */
    VEC(uint32_t) inputs, outputs; /* edges, in the order they were added */
};

struct job_edge {
    struct vertex_id producer, consumer;
    enum partitioner partitioner;
    enum distribution_pattern pattern;
    enum result_type result;
};

struct slot_sharing_group {
    char *name;
    struct resource_profile profile;
};

struct job_graph {
    char *name;
    struct job_id id;
    struct config config; /* the cluster's with the job's own keys over it */
    VEC(struct job_vertex) vertices;
    VEC(struct job_edge) edges;
    VEC(struct slot_sharing_group) groups; /* group 0 is "default" */
    struct index_map vertex_by_name;       /* by hash of the name; see job_graph_find_vertex */
    struct index_map vertex_by_operator;   /* by id of the operator */
};

struct job_graph *job_graph_create(const char *name, struct job_id id, const struct config *config);
void job_graph_destroy(struct job_graph *graph);
struct job_graph *job_graph_create_copy(const struct job_graph *graph);
/* Group by name, added when new. A profile that is not null becomes the group's. */
struct group_id job_graph_group(struct job_graph *graph, const char *name,
                                const struct resource_profile *profile);

/* Adds a vertex with one operator of the same name. Refuses a name used before. */
MUST_CHECK struct err job_graph_add_vertex(struct job_graph *graph, const char *name,
                                           int32_t parallelism, int32_t max_parallelism,
                                           struct group_id group, struct vertex_id *out,
                                           struct note *note);
struct vertex_id job_graph_find_vertex(const struct job_graph *graph, const char *name); /* none */
void job_graph_chain_operator(struct job_graph *graph, struct vertex_id vertex,
                              const struct job_operator *op); /* name copied */
MUST_CHECK struct err job_graph_add_edge(struct job_graph *graph, struct vertex_id producer,
                                         struct vertex_id consumer, enum partitioner partitioner,
                                         enum result_type result, struct note *note);

/* Checks the whole (cycles, forward edges between different parallelisms, parallelism above max,
 * co-location across groups), fills in defaults and renumbers vertices topologically: of those that
 * may come next, the one added first does. renumbered[old id] = new id; may be null. */
MUST_CHECK struct err job_graph_finish(struct job_graph *graph, struct vertex_id *renumbered,
                                       struct note *note);

/* Flink's mustBePipelinedConsumed: do producer and consumer of the edge always run together? */
bool job_edge_is_pipelined(const struct job_edge *edge);
bool job_graph_is_source(const struct job_graph *graph, struct vertex_id vertex);
/* May barriers overtake data on the way to it? Else its checkpoints are aligned, all are. */
bool job_graph_is_overtaken(const struct job_graph *graph, struct vertex_id vertex);
/* Max parallelism in force: as configured, else derived from the parallelism (key_groups.h). */
int32_t job_graph_max_parallelism(const struct job_graph *graph, struct vertex_id vertex);

#endif
