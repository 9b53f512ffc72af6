/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tasks of a vertex run: the operators of a user's program, or, of a modelled vertex, what
 * it does with real records. Such a record is {key, index, padding}:
 * index says which source and which record of its log it is, so that whoever holds one knows when
 * it arrived, and the sum over indexes tells a lost record from a doubled one. A keyed vertex has
 * {records, digest} for each key; others hand records on. How many come out for each that comes in
 * is counted exactly, so it does not depend on batches.
 */
#ifndef WEIR_SIM_EXACT_PROGRAM_H
#define WEIR_SIM_EXACT_PROGRAM_H

#include "core/base/hash.h"
#include "core/api/job_program.h"
#include "core/exec/log_source.h"
#include "core/exec/task.h"
#include "sim/load/scenario.h"

enum {
    RECORD_BYTES_LEAST = 16,
    SOURCE_SHIFT = 48, /* of an index: the source's number is above */
    MODELLED_RUN = 512,
    SHOWN_EACH = 61, /* records of which one is looked at: how long it took */
    PROGRAM_OPERATORS_MAX = 2,
};

/* How the keys of a source are drawn, as a function of a record's index alone. */
struct key_draw {
    uint64_t seed, keys;
    uint32_t *alias; /* Walker's: of each of the first `explicit` keys; null: all alike */
    uint32_t *threshold;
    uint32_t explicit_count;
};
void key_draw_init(struct key_draw *draw, const struct vertex_model *keyed, uint64_t seed,
                   uint32_t groups);
void key_draw_fini(struct key_draw *draw);
uint64_t key_draw_of(const struct key_draw *draw, uint64_t index);

/* Of a source: what its log holds. */
struct log_content {
    struct key_draw keys;
    uint32_t splits, number; /* number: of the job's sources */
    uint32_t bytes;
};
static inline uint64_t log_index(const struct log_content *log, uint32_t split, uint64_t offset)
{
    return (uint64_t)log->number << SOURCE_SHIFT | (offset * log->splits + split);
}

/* What a record adds to the digest of its key. */
static inline uint64_t record_digest(uint64_t key, uint64_t index)
{
    return hash_mix(index ^ hash_mix(key));
}

struct keyed_value {
    uint64_t records, digest;
};

/* What goes out by some of the vertex's edges: one output of its last operator. */
struct program_output {
    double selectivity;
    uint32_t bytes;
};

struct modelled_params {
    bool keyed;
    VEC(struct program_output) outputs;
    /* A record that a vertex without outputs works off; null: nobody wants to know. */
    void (*seen)(void *context, uint64_t index, time_ns now);
    void *context;
};

struct program {
    const struct operator_spec *operators; /* its own, or those of the user's program */
    uint32_t count;
    struct operator_spec own[PROGRAM_OPERATORS_MAX];
    struct log_source_params source;
    struct modelled_params modelled;
    VEC(struct chain_binding) bindings; /* by output edge of the vertex */
};
/* log: of a source, else null. Everything given outlives the program. */
void program_init(struct program *program, const struct job_spec *job, uint32_t vertex,
                  const struct log_content *log);
void program_fini(struct program *program);
/* A user's program executes the job anew: the same vertices, with its own operators. */
void program_renew(struct program *program, const struct program_vertex *vertex);
struct record_layout program_edge_layout(const struct job_spec *job, uint32_t edge);
struct snapshot_serializer program_edge_serializer(const struct job_spec *job, uint32_t edge);
struct record_route program_edge_route(const struct job_spec *job, uint32_t edge);
/* Which input of the reader's first operator the edge leads to. */
uint32_t program_edge_input(const struct job_spec *job, uint32_t edge);
/* Bytes of a record on an edge. */
uint32_t program_edge_bytes(const struct job_spec *job, uint32_t edge);
double program_edge_selectivity(const struct job_spec *job, uint32_t edge);

/* The keyed state of the modelled operator; null where it has none. */
const struct state_table *modelled_table(const struct operator* op);

#endif
