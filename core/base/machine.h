/* SPDX-License-Identifier: Apache-2.0
 *
 * State tables. Each machine of the core is one enum of states and one static table with a row per
 * state: its name and the states it may go to. The machine's own `_move` function is the only place
 * that changes the state; it calls machine_check_move first. Pictures in docs/ and the tests of
 * every legal and illegal cell are made from these tables (machines.h lists them all).
 */
#ifndef WEIR_BASE_MACHINE_H
#define WEIR_BASE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/check.h"

enum state_flag { STATE_INITIAL = 1, STATE_FINAL = 2, STATE_FAILURE = 4 };

struct state_row {
    const char *name; /* as Flink writes it */
    uint32_t next;    /* mask of legal next states */
    unsigned flags;   /* of state_flag */
};

struct state_table {
    const char *machine; /* "execution", "adaptive scheduler", ...: as the event log says it */
    const struct state_row *rows;
    unsigned count;
};

#define STATE(state) (1u << (state))

static inline const char *state_name(const struct state_table *table, unsigned state)
{
    return table->rows[state].name;
}

static inline bool state_can_move(const struct state_table *table, unsigned from, unsigned to)
{
    return (table->rows[from].next >> to & 1) != 0;
}

static inline bool state_is_final(const struct state_table *table, unsigned state)
{
    return (table->rows[state].flags & STATE_FINAL) != 0;
}

/* Stops the run when the table does not allow the move. */
static inline void machine_check_move(const struct state_table *table, unsigned from, unsigned to)
{
    CHECK(from < table->count);
    CHECK(to < table->count);
    CHECK(state_can_move(table, from, to));
}

/* What a machine does with an event in a state: the cells of its decision table (style: each cell
 * is written down and tested). Impossible stops the run, reject changes nothing and is logged. */
enum cell { CELL_HANDLE, CELL_REJECT, CELL_IMPOSSIBLE };

#endif
