/* SPDX-License-Identifier: Apache-2.0
 *
 * Every state machine of the core, in one list: its table (base/machine.h), and the question it
 * answers. docs/states.md and the tests of every legal and illegal move are made from it.
 */
#ifndef WEIR_CLUSTER_MACHINES_H
#define WEIR_CLUSTER_MACHINES_H

#include <stddef.h>

#include "core/base/machine.h"

struct machine_row {
    const struct state_table *table;
    const char *header; /* where it is declared */
    const char *text;   /* what one of them is */
};

extern const struct machine_row machines[];
extern const size_t machine_count;

#endif
