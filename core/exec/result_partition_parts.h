/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of an output share: result_partition.c (writing), result_partition_reader.c (its
 * readers). Not for others.
 */
#ifndef WEIR_EXEC_RESULT_PARTITION_PARTS_H
#define WEIR_EXEC_RESULT_PARTITION_PARTS_H

#include "core/exec/result_partition.h"

/* The channel has got an item or a credit: if something may be taken now, it is named again. */
void result_partition_mark_ready(struct result_partition *partition, uint32_t channel);
/* Ends the open buffer that was flushed, when the reader has nothing else to take and room for it.
 */
void result_partition_close_wanted(struct result_partition *partition, uint32_t channel);

#endif
