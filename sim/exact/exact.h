/* SPDX-License-Identifier: Apache-2.0
 *
 * The exact data plane of virtual time: the tasks of core/exec with real records, buffers, barriers
 * and state, stepped under the virtual clock. Stands where sim/model stands: the same orders and
 * faults come in, the same reports go out, the same views are read. What its numbers mean and where
 * it differs from the model: docs/exact.md.
 *
 * Its own words are checked against its own data: at each completed checkpoint the state of every
 * keyed vertex must stand for exactly the records below the offsets stored with it.
 */
#ifndef WEIR_SIM_EXACT_EXACT_H
#define WEIR_SIM_EXACT_EXACT_H

#include <stdio.h>

#include "sim/model/model.h"

struct exact;

/* What this world cannot do yet, if the scenario asks for it: one line that names the key. */
MUST_CHECK struct err exact_check_scenario(const struct scenario *scenario, struct note *note);

struct exact *exact_create(const struct scenario *scenario, struct virtual_cluster *cluster,
                           struct sim_queue *queue);
void exact_destroy(struct exact *exact);
const struct data_plane_ops *exact_ops(void); /* the plane is the struct exact */

/* A user's program executes the job: its tasks run these operators from now on. They live until
 * the plane is destroyed or the next call for the job. */
void exact_job_begins(struct exact *exact, struct job_id job, const struct job_program *program);

/* Before the run begins: a line into the file for each record of the key that an operator takes,
 * and for what its state is behind that. A key that is a number is given as its decimal digits. The
 * file outlives the plane's run. */
void exact_trace_key(struct exact *exact, const char *key, FILE *file);

/* What a task said when it failed, by the number in its report. */
const char *exact_failure_text(const struct exact *exact, uint32_t detail);

/* As the model's functions of these names. */
void exact_job_cancelled(struct exact *exact, struct job_id job);
void exact_job_ended(struct exact *exact, struct job_id job, bool failed);
void exact_view_job(struct exact *exact, struct job_id job, struct model_job_view *out);
void exact_view_vertex(struct exact *exact, struct job_id job, struct vertex_id vertex,
                       struct model_vertex_view *out);
time_ns exact_broken_at(const struct exact *exact, struct job_id job);
bool exact_needs(const struct exact *exact, struct job_id job, struct node_id node);
time_ns exact_whole_at(const struct exact *exact, struct job_id job);
uint64_t exact_break_count(const struct exact *exact);
struct fault_fate exact_fault_fate(const struct exact *exact, struct job_id job, size_t fault);

/* Invariants of all tasks and channels hold, the books add up, and no completed checkpoint had lost
 * or doubled a record. */
MUST_CHECK struct err exact_check(struct exact *exact, struct note *note);

/* For tests: records that the state of a keyed vertex stands for, in the newest completed
 * checkpoint; how many checkpoints were compared with what they must hold; and how many records on
 * their way were in them. */
struct exact_sum {
    uint64_t records, digest;
};
struct exact_sum exact_newest_sum(const struct exact *exact, struct job_id job,
                                  struct vertex_id vertex);
uint64_t exact_compared_count(const struct exact *exact);
uint32_t exact_stored_count(const struct exact *exact, struct job_id job); /* stored_files_count */
uint64_t exact_increment_count(const struct exact *exact); /* files that add to others, ever */
uint64_t exact_flown_count(const struct exact *exact);

#endif
