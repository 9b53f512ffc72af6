/* SPDX-License-Identifier: Apache-2.0
 *
 * Operator state: a list of entries, bytes each, or several lists one behind the other. Entries are
 * what is dealt out when the parallelism changes, of each list by itself. Source: Flink's ListState
 * of OperatorStateBackend, RoundRobinOperatorStateRepartitioner.
 */
#ifndef WEIR_EXEC_STATE_LIST_H
#define WEIR_EXEC_STATE_LIST_H

#include "core/base/vec.h"
#include "core/graph/job_graph.h"

struct state_list {
    VEC(uint8_t) bytes;
    VEC(uint64_t) ends;  /* of each entry in `bytes` */
    VEC(uint64_t) parts; /* of several lists: with which entry each but the first begins */
};

void state_list_fini(struct state_list *list);
void state_list_clear(struct state_list *list);
void state_list_add(struct state_list *list, const void *entry, size_t size);
/* The next of several lists. */
void state_list_begin_part(struct state_list *list);

static inline size_t state_list_count(const struct state_list *list)
{
    return list->ends.count;
}

/* The bytes of an entry; valid until the list changes. */
const uint8_t *state_list_entry(const struct state_list *list, size_t i, size_t *size);

/* What new subtask `subtask` of `parallelism` gets of the lists that `old_parallelism` subtasks
 * saved; old null where a subtask saved none. With the parallelism unchanged SPLIT and BROADCAST
 * keep their own. SPLIT: of each list all entries in order, an even number each, the rest one each
 * to the first ones; UNION: all; BROADCAST: those of old subtask i mod old parallelism. */
void state_list_redistribute(enum operator_state mode, const struct state_list *const *old,
                             uint32_t old_parallelism, uint32_t subtask, uint32_t parallelism,
                             struct state_list *out);

/* Of the old subtasks that saved a list those stay flagged whose list has to be read for that. */
void state_list_want(enum operator_state mode, bool *wanted, uint32_t old_parallelism,
                     uint32_t subtask, uint32_t parallelism);

#endif
