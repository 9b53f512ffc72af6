/* SPDX-License-Identifier: Apache-2.0
 *
 * Queues whose load has changed a short while ago: in, the stays at a vertex as they are in the
 * long run, and the load's last steps; out, the stays as they are by now. Nothing is kept between
 * two looks, and queues that have had the time are left as they are.
 */
#ifndef WEIR_SIM_MODEL_RECENT_H
#define WEIR_SIM_MODEL_RECENT_H

struct component;
struct model;
struct model_job;
struct model_vertex;
struct stays;

/* After stays_find, and whatever corrects waits. */
void stays_relax(const struct model *model, struct model_job *job,
                 const struct component *component, const struct model_vertex *vertex,
                 struct stays *stays);

#endif
