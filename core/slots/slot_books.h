/* SPDX-License-Identifier: Apache-2.0
 *
 * For the slot manager's own files: the entries that every change of its books is made of. Each
 * keeps worker, job, sums, marks and indexes in step.
 */
#ifndef WEIR_SLOTS_SLOT_BOOKS_H
#define WEIR_SLOTS_SLOT_BOOKS_H

#include "core/slots/slot_manager.h"

struct resource_amount amount_of_profile(const struct resource_profile *profile);
struct resource_amount amount_of_worker(const struct worker_spec *spec);

struct managed_worker *books_add_worker(struct slot_manager *manager, struct node_id node,
                                        const struct worker_spec *spec, time_ns now);
/* The worker and all its slots are gone. */
void books_remove_worker(struct slot_manager *manager, struct managed_worker *worker);
void books_block_worker(struct slot_manager *manager, struct managed_worker *worker, bool blocked);

/* The job's row, added when new. It stays as long as the job requires or holds anything. Rows move
 * when one is added or dropped. */
struct job_requirements *books_job(struct slot_manager *manager, struct job_id job);
struct job_requirements *books_find_job(const struct slot_manager *manager, struct job_id job);
void books_drop_job_if_done(struct slot_manager *manager, struct job_id job);

void books_take_slot(struct slot_manager *manager, struct managed_worker *worker,
                     enum managed_slot_state state, struct job_id job,
                     struct allocation_id allocation, const struct resource_profile *profile);
void books_free_slot(struct slot_manager *manager, struct managed_worker *worker, uint32_t place,
                     time_ns now);
/* A new allocation of a worker's resources, PENDING, as it is to be requested. By default: asked
 * for without a profile. */
struct slot_grant books_grant(struct slot_manager *manager, struct managed_worker *worker,
                              struct job_id job, const struct resource_profile *profile,
                              bool by_default);

void books_fini_pending(struct pending_worker *pending);

#endif
