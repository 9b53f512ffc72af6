/* SPDX-License-Identifier: Apache-2.0
 *
 * The keyed states of a task's operators, by operator and name. An operator asks for its table when
 * it opens; where the task is restored, the table comes filled with what the files hold of the
 * task's key groups.
 */
#ifndef WEIR_EXEC_KEYED_STATES_H
#define WEIR_EXEC_KEYED_STATES_H

#include "core/exec/operator.h"
#include "core/exec/state_snapshot.h"
#include "core/exec/task_snapshot.h"

enum { KEYED_STATES_MAX = 256 };

/* What an operator says of one of its states. */
struct keyed_state_spec {
    const char *name;
    uint32_t key_size, value_size; /* 0: they vary */
    enum key_hash key_hash;
    struct snapshot_serializer key, value;
    bool stamped; /* as in struct state_spec */
};

struct keyed_state {
    uint32_t op;
    struct snapshot_identity identity;
    struct state_table *table;
};

struct state_registry {
    struct task_snapshot_identity task; /* whose */
    struct key_group_range groups;
    bool incremental;
    uint64_t bytes_max; /* of each table; 0: no limit */
    VEC(struct keyed_state) states;
    const struct task_snapshot_file *files; /* while the task is being restored */
    size_t file_count;
};

void state_registry_fini(struct state_registry *registry);

/* The table of this name of operator `op`, made and restored. Null when the operator has failed:
 * what was restored is not of this state, or the name is taken. */
struct state_table *operator_keyed_state(struct operator* op, const struct keyed_state_spec *spec);

/* Of all tables. */
void state_registry_confirm(struct state_registry *registry, uint64_t checkpoint);
void state_registry_abort(struct state_registry *registry, uint64_t checkpoint);
uint64_t state_registry_bytes(const struct state_registry *registry);

#endif
