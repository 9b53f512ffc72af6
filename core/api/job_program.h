/* SPDX-License-Identifier: Apache-2.0
 *
 * A job that a program has built, as a job graph and what its tasks run: operators chained by
 * Flink's rules, bindings, layouts and keys of its edges. Source: Flink's
 * StreamingJobGraphGenerator.
 */
#ifndef WEIR_API_JOB_PROGRAM_H
#define WEIR_API_JOB_PROGRAM_H

#include "core/api/env.h"
#include "core/exec/file_sink.h"
#include "core/exec/file_source.h"
#include "core/exec/log_source.h"
#include "core/exec/upsert_sink.h"

enum { CPU_NS_DEFAULT = 1000 };

/* Where lines of files are read by their number. Null: there are not so many; else without its end,
 * and valid as long as the world is. */
struct line_port {
    void *context;
    const void *(*line)(void *context, uint32_t file, uint64_t number, uint32_t *size);
};

/* Of a source that reads a log of lines: a file for each split. */
struct api_log {
    const char *name;
    char **paths;
    uint32_t path_count;
    int64_t (*timestamp)(const struct weir_record *line, void *user);
    uint32_t *files; /* by split: the port's number; set by the world before a task runs */
    const struct line_port *port;
};

/* Params of a source made by weir_from_generator or weir_from_log. */
struct generator_params {
    struct log_source_params log; /* first: the class's */
    struct weir_generator spec;
    struct api_log *lines; /* null: it makes its records */
    void *user;
};

/* Params of a source of files. */
struct api_files {
    struct file_source_params core; /* first: the class's; set by the world before a task runs */
    const char *name;
    char **paths;
    uint32_t path_count;
    uint64_t split_bytes; /* 0: whole files */
};

/* Params of a sink whose storage is the world's. */
struct api_sink {
    union {
        struct file_sink_params files;
        struct upsert_sink_params table;
    } core; /* first: the class's */
    const char *name;
    bool is_table, is_collected; /* collected: it holds records for main, not lines */
    const struct weir_type *type;
    weir_format *format;
    void *user;
    struct sink_port port; /* set by the world before a task runs */
};
/* A record's line, with its end: how many bytes it has, which may be more than there is room for.
 * A value that is not its own bytes is made in *made, as by api_value_of. */
size_t api_sink_line(const struct api_sink *sink, const void *bytes, uint32_t size, void **made,
                     char *out, size_t room);

struct program_vertex {
    VEC(struct operator_spec) operators;
    VEC(struct chain_binding) bindings;          /* by output edge of the vertex */
    struct generator_params *generator;          /* of one that reads a log; else null */
    struct api_files *files;                     /* of one that reads files; else null */
    const struct watermark_alignment *alignment; /* of a source; else null */
};

struct program_edge {
    struct record_layout layout;
    struct snapshot_serializer serializer;
    struct record_route route;
    uint32_t head_input; /* which input of the reader's head operator */
};

/* What the modelled data plane is told of a vertex: its chain taken together. */
struct program_hint {
    double cpu_ns, wait_ns, selectivity, record_bytes, state_per_key, state_per_subtask;
    int64_t keys; /* 0: it keeps no state by key */
    /* What its sinks write to storage: bytes for each record in; of these, waiting to be written,
     * at most; and whether some writes each batch as it comes. */
    double sink_bytes, sink_rest_bytes;
    bool sink_at_once;
};

struct job_program {
    struct api_job *built; /* owned */
    VEC(struct program_vertex) vertices;
    VEC(struct program_edge) edges;
    VEC(struct program_hint) hints; /* by vertex */
    VEC(struct api_sink *) sinks;
};

/* Adds the job's vertices and edges to an empty graph, and finishes it. Takes `built` over, also
 * when it refuses: a mistake in building, or a graph that cannot be. */
MUST_CHECK struct err job_program_translate(struct api_job *built, struct job_graph *graph,
                                            struct job_program **out, struct note *note);
void job_program_destroy(struct job_program *program); /* null is fine */

#endif
