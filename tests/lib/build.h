/* SPDX-License-Identifier: Apache-2.0
 *
 * Streams built by calls of weir.h, without a cluster to run them: what comes of them as a job
 * graph, or with which words they are refused. One environment at a time.
 */
#ifndef WEIR_TESTS_LIB_BUILD_H
#define WEIR_TESTS_LIB_BUILD_H

#include "core/api/job_program.h"

struct pair {
    int64_t key, value;
};
extern const struct weir_type pair_type;

struct weir_env *build_begin(void);
void build_end(void);

void build_make_pair(uint64_t index, void *value, void *user);
/* A source of ten, without timestamps. */
struct weir_stream *build_pairs(const char *name);

/* User functions: a record goes on as it is; the value of a pair is added. */
void build_same(struct weir_context *ctx, const struct weir_record *record, void *user);
void build_add_up(struct weir_context *ctx, const struct weir_record *record, bool is_new,
                  void *value, void *user);

struct api_job *build_submitted(void); /* the last one */
/* What comes of the streams built so far; null, with the note, when they are refused. */
struct job_program *build_translated(struct job_graph **graph, struct note *note);
/* They are refused, with these words; or not. */
void build_must_refuse(const char *words);
void build_must_take(void);

#endif
