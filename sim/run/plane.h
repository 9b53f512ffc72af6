/* SPDX-License-Identifier: Apache-2.0
 *
 * The data plane of a run, whichever it is: the model (world: virtual) or real records
 * (world: exact). Who watches, looks or reports does not know which. The functions are the model's
 * (sim/model/model.h), and mean what they mean there.
 */
#ifndef WEIR_SIM_RUN_PLANE_H
#define WEIR_SIM_RUN_PLANE_H

#include "sim/model/model.h"

struct plane_class {
    void (*destroy)(void *self);
    void (*job_begins)(void *self, struct job_id job, const struct job_program *program);
    void (*job_cancelled)(void *self, struct job_id job);
    void (*job_ended)(void *self, struct job_id job, bool failed);
    void (*view_job)(void *self, struct job_id job, struct model_job_view *out);
    void (*view_vertex)(void *self, struct job_id job, struct vertex_id vertex,
                        struct model_vertex_view *out);
    time_ns (*broken_at)(const void *self, struct job_id job);
    time_ns (*whole_at)(const void *self, struct job_id job);
    bool (*needs)(const void *self, struct job_id job, struct node_id node);
    uint64_t (*break_count)(const void *self);
    /* Of a report's detail; null: there is none. */
    const char *(*failure_text)(const void *self, uint32_t detail);
    struct fault_fate (*fault_fate)(const void *self, struct job_id job, size_t fault);
    struct err (*check)(void *self, struct note *note);
};

struct plane {
    const struct plane_class *class;
    const struct data_plane_ops *ops;
    void *self;
};

struct plane plane_create(const struct scenario *scenario, struct virtual_cluster *cluster,
                          struct sim_queue *queue);
/* Null where it is another one. */
struct model *plane_model(const struct plane *plane);
struct exact *plane_exact(const struct plane *plane);

#endif
