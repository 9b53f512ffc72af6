/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a bounded input: a component all of whose sources have read everything works off what
 * it has, says so, waits for a checkpoint that holds it, and its tasks finish from the sources on
 * down. Source: FLIP-147, StreamTask.afterInvoke, VertexEndOfDataListener; docs/model.md, the end
 * of an input.
 *
 *   NOT --all is read--> DRAIN --is worked off--> AWAITED --checkpoint complete--> FINISH
 *     \______________________/____________________/______ some task fails ________/
 */
#ifndef WEIR_SIM_MODEL_END_H
#define WEIR_SIM_MODEL_END_H

#include <stdbool.h>
#include <stdint.h>

struct component;
struct cut;
struct model;
struct model_job;
struct model_vertex;
struct net;
struct pending;

/* Rates of the network are new, so some component of it may have read all there is. */
void end_look(struct model *model, const struct net *net);
/* A checkpoint is cut: does it hold all of a component, what has finished before, and who is to
 * store a snapshot? */
void end_on_cut(struct model_job *job, struct pending *pending, struct cut *cut);
/* So many tasks of the vertex have stored theirs. */
void end_on_stored(struct model *model, uint32_t job, uint32_t vertex, uint64_t serial,
                   uint32_t tasks);
/* A checkpoint under way is over: nobody stores for it any more. */
void end_on_dropped(struct model *model, struct model_job *job);
/* A host hears that a checkpoint is complete. */
void end_on_complete(struct model *model, uint32_t host, uint32_t job, uint64_t checkpoint);
/* A task has FINISHED; its readers may be next. */
void end_take(struct model *model, uint32_t task);
/* A task has ended in another way, so what it had read is to be read again, and whatever it had
 * read from is not finished any more. */
void end_is_off(struct model *model, uint32_t task);
/* A new attempt is about to take the place of what had finished, perhaps. */
void end_is_over(struct model *model, uint32_t task);
/* The vertex gets another parallelism. */
void end_forget_vertex(struct component *component, struct model_vertex *vertex);

#endif
