/* SPDX-License-Identifier: Apache-2.0
 *
 * How long records are under way from source to sink, from rates and buffers as they are now: the
 * queue in front of each vertex (M/G/1 below capacity, full buffers above), service, network, the
 * wait for a part-filled buffer to be sent, and before all that the lag at the source.
 */
#ifndef WEIR_SIM_MODEL_LATENCY_H
#define WEIR_SIM_MODEL_LATENCY_H

#include <stdint.h>

#include "sim/model/delay.h"

struct model;
struct model_job;
struct component;
struct model_vertex;
struct model_source;

/* Seconds of a record that comes out now, along the slowest way; out[QUANTILE_COUNT]. While nothing
 * flows: the age of the oldest record not read. */
void latency_of_job(struct model *model, struct model_job *job, double *out);
/* Seconds a barrier takes to a vertex whose buffers are not full. */
double latency_of_barrier(struct model *model, struct model_job *job, uint32_t vertex);
/* Seconds a record waits in front of a vertex, behind its inputs, whose buffers are not full. */
double latency_of_wait(struct model *model, struct model_job *job, uint32_t vertex);
/* Records per second into a vertex. */
double vertex_in_rate(const struct model_job *job, const struct component *component,
                      const struct model_vertex *vertex);
/* Seconds of work and of waiting for others per record. */
double vertex_service(const struct model_vertex *vertex, double speed, double slowdown);
/* Bytes per second into it, over all its inputs. */
double vertex_bytes_in(const struct model_job *job, const struct component *component,
                       const struct model_vertex *vertex);

#endif
