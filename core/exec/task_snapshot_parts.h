/* SPDX-License-Identifier: Apache-2.0
 *
 * Sizes and marks that writer and reader of task_snapshot.h agree on.
 */
#ifndef WEIR_EXEC_TASK_SNAPSHOT_PARTS_H
#define WEIR_EXEC_TASK_SNAPSHOT_PARTS_H

#include "core/exec/task_snapshot.h"

enum {
    WORD = 8,
    IDENTITY_BYTES = 6 * WORD,
    SECTION_BYTES = 5 * WORD + SECTION_NAME_SIZE,
    PARTS_SHIFT = 48, /* of operator state's first word: entries, and above how many parts begin */
    TRAILER_BYTES = 4 * WORD, /* where the table begins, its checksum, version, magic */
};

#define TASK_SNAPSHOT_MAGIC UINT64_C(0x314b534154524957) /* "WIRTASK1" */

#endif
