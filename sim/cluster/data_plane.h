/* SPDX-License-Identifier: Apache-2.0
 *
 * What the virtual cluster needs of a data plane: the modelled one (sim/model), or a test's. The
 * cluster hands on the orders of TaskManagers and tells of faults; the data plane reports through
 * virtual_cluster_report.
 */
#ifndef WEIR_SIM_CLUSTER_DATA_PLANE_H
#define WEIR_SIM_CLUSTER_DATA_PLANE_H

#include "core/port/effect.h"

struct data_plane_ops {
    /* An order from TaskManager `node`; payload lives for the call. */
    void (*order)(void *plane, struct node_id node, const struct effect_data *order);
    /* The process has ended or said goodbye: its tasks are gone, peers' connections break. Nothing
     * is said of it afterwards. */
    void (*process_ended)(void *plane, struct node_id node, bool sudden);
    void (*process_frozen)(void *plane, struct node_id node, bool frozen);
    /* Speed of the host (1 = nominal) or its links changed. */
    void (*host_changed)(void *plane, struct node_id node);
    /* Is there a task whose user code could fail? Needed where tasks are failed. */
    bool (*has_task)(void *plane, struct job_id job, struct vertex_id vertex, uint32_t subtask);
    /* The JobManager said that user code of a subtask fails now (scripted fault). */
    void (*fail_task)(void *plane, struct job_id job, struct vertex_id vertex, uint32_t subtask);
    /* An order to deploy came to a TaskManager that has ended: those who are to read from these
     * tasks were told that they would be there. */
    void (*deployment_lost)(void *plane, struct node_id node, struct job_id job,
                            const struct task_deployment *lost, size_t count);
    /* When the user code of all tasks there has closed, were they cancelled now; in the past: there
     * is nothing to wait for. May be null. */
    time_ns (*closed_at)(void *plane, struct node_id node);
    /* The JobManager has removed something from shared storage. May be null. */
    void (*removed)(void *plane, const struct effect_store *what);
};

struct virtual_cluster;

/* A line of the data plane's own, for the log; no decision, so that nothing comes of it. */
void virtual_cluster_tell(struct virtual_cluster *cluster, struct node_id node,
                          const struct log_line *line);

#endif
