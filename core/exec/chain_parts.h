/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of a chain share: how taps are emptied and how their rooms follow the open
 * buffers.
 */
#ifndef WEIR_EXEC_CHAIN_PARTS_H
#define WEIR_EXEC_CHAIN_PARTS_H

#include "core/exec/chain.h"

/* All that was written goes on, in the order of the operators. */
void chain_drain(struct chain *chain);
/* What a direct tap holds becomes the partition's: before anything else is written there. */
void tap_commit(struct tap *tap);
/* Behind a change of the open buffer by others than the tap. */
void tap_set_room(struct tap *tap);

#endif
