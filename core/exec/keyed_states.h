/* SPDX-License-Identifier: Apache-2.0
 *
 * The keyed states of a task's operators, by operator and name. An operator asks for its table when
 * it opens; where the task is restored, the table comes filled with what the files hold of the
 * task's key groups.
 */
#ifndef WEIR_EXEC_KEYED_STATES_H
#define WEIR_EXEC_KEYED_STATES_H

#include "core/base/index_map.h"
#include "core/exec/operator.h"
#include "core/exec/state_chain.h"
#include "core/exec/state_snapshot.h"
#include "core/exec/task_snapshot.h"

enum { KEYED_STATES_MAX = 256 };

/* What an operator says of one of its states. */
struct keyed_state_spec {
    const char *name;
    uint32_t key_size, value_size; /* 0: they vary */
    enum key_hash key_hash;
    struct snapshot_serializer key, value;
    struct state_form form;
    bool stamped; /* as in struct state_spec */
    bool timers;  /* each entry is one */
};

struct keyed_state {
    uint64_t op;    /* its id */
    uint32_t place; /* the same, in the chain */
    struct snapshot_identity identity;
    struct state_table *table;
    struct state_chain chain; /* of increments */
    bool timers;
};

struct state_registry {
    struct task_snapshot_identity task; /* whose */
    struct key_group_range groups;
    bool incremental;
    bool builds_on_restored; /* the files restored are the job's own, and no savepoint's */
    bool on_disk;            /* what takes no memory is not counted there: */
    uint64_t bytes_max;      /* of all state in memory (state_budget.h); 0: no limit */
    VEC(struct keyed_state) states;
    const struct task_snapshot_file *files; /* while the task is being restored */
    size_t file_count;
    const struct task_snapshot_file *older; /* those that these add to */
    size_t older_count;
    struct index_map older_by_name; /* the first of each checkpoint and subtask */
};

void state_registry_fini(struct state_registry *registry);
/* The files to restore from, for as long as the operators open; null: they have. */
void state_registry_lend(struct state_registry *registry, const struct task_snapshot_file *files,
                         size_t count);
/* Older ones that those add to; lent for as long. */
void state_registry_lend_older(struct state_registry *registry,
                               const struct task_snapshot_file *older, size_t count);

/* The table of this name of operator `op`, made and restored. Null when the operator has failed:
 * what was restored is not of this state, or the name is taken. */
struct state_table *operator_keyed_state(struct operator* op, const struct keyed_state_spec *spec);

/* Of all tables. */
void state_registry_confirm(struct state_registry *registry, uint64_t checkpoint);
void state_registry_abort(struct state_registry *registry, uint64_t checkpoint);
uint64_t state_registry_bytes(const struct state_registry *registry);
uint64_t state_registry_timers(const struct state_registry *registry);

#endif
