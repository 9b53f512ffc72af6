/* SPDX-License-Identifier: Apache-2.0
 *
 * Operator state of functions without a key: lists under names, whose entries are dealt out anew
 * when the parallelism changes. Saved, each entry says which list it is of and by which serializer
 * it was written, for it travels alone. Source: Flink's DefaultOperatorStateBackend.
 */
#ifndef WEIR_EXEC_LIST_STATE_H
#define WEIR_EXEC_LIST_STATE_H

#include "core/exec/operator.h"
#include "core/exec/snapshot_format.h"
#include "core/exec/state_list.h"

struct list_spec {
    const char *name;
    uint32_t size; /* of each entry */
    struct snapshot_serializer value;
};

struct list_state {
    const struct list_spec *spec;
    struct state_list entries;
    uint64_t clears; /* how often it was cleared */
};

/* A set of them, by place. */
struct list_states {
    struct list_state *items;
    uint32_t count;
};

void list_states_init(struct list_states *lists, const struct list_spec *specs, uint32_t count);
void list_states_fini(struct list_states *lists);
/* Null: it was not declared. */
struct list_state *list_states_find(const struct list_states *lists, const char *name);
uint64_t list_state_bytes(const struct list_state *list); /* in memory */

void list_states_save(const struct list_states *lists, struct state_list *out);
/* Entries of lists that are not declared any more are dropped, as Flink does. Refused: those of
 * another serializer, and what is no entry. */
MUST_CHECK struct err list_states_load(struct list_states *lists, const struct state_list *in,
                                       struct note *note);

#endif
