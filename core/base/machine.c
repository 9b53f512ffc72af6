/* SPDX-License-Identifier: Apache-2.0
 *
 * The one check behind every move of every machine.
 */
#include "core/base/machine.h"

#include "core/base/check.h"

void machine_check_move(const struct state_table *table, unsigned from, unsigned to)
{
    CHECK(from < table->count);
    CHECK(to < table->count);
    CHECK(state_can_move(table, from, to));
}
