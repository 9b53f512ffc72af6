/* SPDX-License-Identifier: Apache-2.0
 *
 * The splits that a source reads, and how far it is in each: list state, one entry a split, so that
 * splits are dealt out anew when the parallelism changes. A source that begins takes every
 * parallelism-th one. Source: Flink's SourceReaderBase, the splits of SourceOperator.
 */
#ifndef WEIR_EXEC_SPLIT_LIST_H
#define WEIR_EXEC_SPLIT_LIST_H

#include "core/exec/operator.h"

enum { SPLITS_MAX = 32768 };

struct source_split {
    uint64_t offset; /* the source's unit; 0 to begin with */
    uint32_t number;
    uint32_t begun; /* the source's */
};

struct split_list {
    VEC(struct source_split) splits;
    size_t turn; /* whose it is */
    bool restored;
};

/* all: how many there are in the whole job. */
void split_list_open(struct split_list *list, const struct operator* op, uint32_t all);
void split_list_fini(struct split_list *list);
void split_list_save(const struct split_list *list, struct state_list *out);
struct err split_list_load(struct split_list *list, const struct operator* op, uint32_t all,
                           const struct state_list *in, struct note *note) MUST_CHECK;
/* The next one, in turns; null: it has none. */
struct source_split *split_list_next(struct split_list *list);

#endif
