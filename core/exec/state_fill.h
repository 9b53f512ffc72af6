/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting the entries of a snapshot's block into a group that is being made. For restores only.
 */
#ifndef WEIR_EXEC_STATE_FILL_H
#define WEIR_EXEC_STATE_FILL_H

#include "core/exec/state_heap.h"
#include "core/exec/state_snapshot.h"

/* Entries are added or take the place of those with their key; keys of a block of removals go.
 * ERR_BAD_VALUE_CODE: the block is not as long as its entries. */
MUST_CHECK struct err state_fill(const struct state_layout *layout, struct state_account *account,
                                 struct state_group *group, const struct snapshot_block *block,
                                 struct note *note);
/* Words that the records of a block of entries take in a heap; of those that end within it. */
uint64_t state_fill_heap_words(const struct state_layout *layout,
                               const struct snapshot_block *block);

#endif
