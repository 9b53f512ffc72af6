/* SPDX-License-Identifier: Apache-2.0
 *
 * How the records of a component's sources spread over the subtasks of each vertex: follows from
 * parallelisms and key groups alone, not from places.
 */
#ifndef WEIR_SIM_MODEL_SHAPE_H
#define WEIR_SIM_MODEL_SHAPE_H

#include "core/graph/job_graph.h"

struct component;
struct job_spec;
struct model;
struct model_job;
struct model_source;
struct model_vertex;

/* Part of one source's records that one subtask's records reach. */
struct local_share {
    uint32_t source, subtask; /* source: of the component */
    double weight;            /* records here per record there */
};

/* Of one vertex; arrays by source of the component. */
struct vertex_shape {
    double *gain; /* records into the vertex per record of the source */
    VEC(uint32_t)
    sources;       /* ascending: those of which it gets any; the rest have gain and share 0 */
    double *share; /* [source x parallelism]: per record of the source, into that subtask, through
                      shuffles; null: none */
    VEC(struct local_share) local; /* through pointwise edges only, by subtask */
    uint32_t *local_first;         /* parallelism + 1 of them: into local */
};

void shape_build(const struct model *model, struct model_job *job, struct component *component);
void shape_fini(struct vertex_shape *shape);
/* The part of an edge's records that one consumer gets; broadcast: all. */
double shape_edge_share(const struct model *model, struct model_vertex *consumer,
                        enum partitioner partitioner, uint32_t subtask);
/* Records over the edge per record into its producer, and the size of one. */
double shape_edge_records(const struct job_spec *spec, const struct job_edge *edge);
double shape_edge_bytes(const struct job_spec *spec, const struct job_edge *edge);
/* Over all outputs, per record into the vertex; a broadcast counts once. */
double shape_records_out(const struct job_spec *spec, uint32_t vertex);
double shape_bytes_out(const struct job_spec *spec, uint32_t vertex);
/* Bytes into the vertex over all of its inputs, when its sources read at these rates. */
double shape_bytes_in(const struct model_job *job, const struct component *component,
                      const struct model_vertex *vertex,
                      double (*rate)(const struct model_source *));
void shape_key_groups(const struct model *model, const struct model_vertex *vertex,
                      uint32_t subtask, uint32_t *first, uint32_t *last);

#endif
