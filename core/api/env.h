/* SPDX-License-Identifier: Apache-2.0
 *
 * What the calls of weir.h build: operators and who reads from whom. A stream is a way to say
 * "the records of that output of that operator, dealt out like this"; operators are what becomes
 * the job. Everything lives in the arena of its job, from the first call to the job's end.
 */
#ifndef WEIR_API_ENV_H
#define WEIR_API_ENV_H

#include "core/api/executor.h"
#include "core/base/misuse.h"
#include "core/base/vec.h"
#include "core/exec/chain.h"
#include "core/exec/snapshot_format.h"
#include "core/exec/watermark_strategy.h"

struct api_output {
    const struct weir_type *type; /* null: a side output that nobody reads */
    bool timestamped;
};

/* Records of one output, on their way to whoever reads the stream. */
struct api_part {
    struct api_operator *from;
    uint32_t output;
    bool is_dealt; /* by the user's word; else forward where it can be, else rebalance */
    enum partitioner partitioner;
    struct record_route route;
};

struct api_input {
    struct api_part part;
    uint32_t input; /* of the operator */
};

struct api_operator {
    uint32_t number; /* in its job, in the order of the calls */
    const char *name, *uid, *group;
    const struct operator_class *class;
    void *params;          /* the class's */
    struct api_call *call; /* of the user's functions; null: it has none */
    VEC(struct api_input) inputs;
    VEC(struct api_output) outputs;
    int32_t parallelism, max_parallelism;
    bool starts_chain, chains_never;
    bool keyed;
    bool gives_late;      /* what comes too late to input i goes to output i + 1, as it is */
    uint32_t state_bytes; /* by its types: the key, and one value of each state that it keeps */
    struct weir_cost cost;
    struct api_sink *sink;              /* of one whose storage is the world's; else null */
    struct generator_params *generator; /* of a source that makes its records */
    struct api_files *files;            /* of one that reads files */
    const struct watermark_alignment *alignment; /* of a source; else null */
    uint32_t vertex, place;                      /* written when the job is translated */
    uint64_t id;                                 /* the same; operator_ids.h */
};

struct weir_stream {
    struct weir_env *env;
    uint32_t job; /* which of the environment's it was built for */
    VEC(struct api_part) parts;
    const struct weir_type *type;
};

/* What was built for one job. */
struct api_job {
    char *name;
    struct arena arena;
    VEC(struct api_operator *) operators;
    VEC(struct weir_stream *) streams;
    struct note wrong; /* the first mistake; empty: none */
};

struct weir_setting {
    char *key, *value;
};

struct weir_env {
    const struct weir_executor *executor;
    void *context;        /* the executor's */
    struct api_job *open; /* under construction */
    uint32_t job_count;   /* handed to the executor */
    VEC(struct weir_setting) settings;
    VEC(struct weir_job *) jobs;
    VEC(struct weir_results *) results;
};

struct weir_job {
    struct weir_env *env;
    uint32_t number; /* in the order of submission */
    char *name;
    struct note failure;
    bool refused;
};

struct weir_env *weir_env_create(const struct weir_executor *executor, void *context);
void weir_env_destroy(struct weir_env *env);

struct api_job *api_job_create(void);
void api_job_destroy(struct api_job *job); /* null is fine */
void api_results_destroy(struct weir_results *results);

/* Keeps the first mistake made in building. */
void api_wrong(struct weir_env *env, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A new operator of the job under construction; params of so many bytes, zero. */
struct api_operator *api_add(struct weir_env *env, const char *name,
                             const struct operator_class *class, size_t params_size);
/* All of the stream's records to this input. */
void api_read_from(struct api_operator *reader, uint32_t input, const struct weir_stream *from);
/* The stream of an operator's output, which is declared with it. */
struct weir_stream *api_output(struct weir_env *env, struct api_operator *of, uint32_t output,
                               const struct weir_type *type, bool timestamped);
bool api_is_timestamped(const struct weir_stream *stream);
/* The same records, dealt out otherwise. */
struct weir_stream *api_dealt(const struct weir_stream *in, enum partitioner partitioner,
                              struct record_route route);
/* The key that the stream was dealt out by; false, and wrong: it was not. */
bool api_key_of(const struct weir_stream *stream, const char *reader, struct key_spec *key);

enum { NS_OF_MS = 1000000 };
#define API_MS_MAX ((int64_t)1 << 60) /* of what windows, and the like, are told */
/* Ends of time stay there. */
static inline time_ns api_ns(int64_t ms)
{
    time_ns ns;
    if (!__builtin_mul_overflow(ms, (time_ns)NS_OF_MS, &ns))
        return ns;
    return ms < 0 ? -TIME_NEVER : TIME_NEVER;
}

/* How state says which type it holds. */
struct snapshot_serializer api_serializer(const struct weir_type *type);

/* Belongs to the job under construction. */
const struct watermark_strategy *api_watermarks(struct weir_env *env, const char *name,
                                                const struct weir_watermarks *watermarks);
/* Into the memory of the job under construction. */
void *api_copy(struct weir_env *env, const void *bytes, size_t size);
/* Calls the function that `context` points to. */
void api_reduce_value(const void *context, void *into, const void *value);

static inline struct record_layout api_layout(const struct weir_type *type, bool timestamped)
{
    return (struct record_layout){ .size = type->size, .timestamped = timestamped };
}

#endif
