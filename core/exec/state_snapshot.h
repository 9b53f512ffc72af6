/* SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots of a state table while it goes on changing, and tables made from them.
 *
 *     begin (synchronous, by key groups, not by entries) -> write, write, ... (asynchronous) -> end
 *
 * A snapshot shares the memory of every group; who first writes to a group after that copies it.
 * Several may be under way. Ids rise (checkpoint ids). Confirming and aborting
 * (state_table_confirm, _abort) come after the end, or never.
 */
#ifndef WEIR_EXEC_STATE_SNAPSHOT_H
#define WEIR_EXEC_STATE_SNAPSHOT_H

#include "core/exec/snapshot_format.h"
#include "core/exec/state_table.h"

enum { STATE_SNAPSHOT_BLOCK = 32 * 1024 }; /* bytes of a block, about; one entry may be larger */

/* incremental: only what changed after the last confirmed one, when there is one; the table must
 * have been created for it. id: above those of all snapshots before. */
struct state_snapshot *state_snapshot_begin(struct state_table *table,
                                            const struct snapshot_identity *identity, uint64_t id,
                                            bool incremental);
/* Before anything is written: of these key groups an increment holds everything, so that what it
 * adds to is not needed for them. */
void state_snapshot_write_whole(struct state_snapshot *snapshot, struct key_group_range groups);
/* Appends about so many bytes, at least one block. False: that was all. */
bool state_snapshot_write(struct state_snapshot *snapshot, struct snapshot_bytes *out,
                          size_t budget);
uint64_t state_snapshot_base(const struct state_snapshot *snapshot); /* 0: it holds everything */
/* Bytes of the blocks that are written and add to something. */
uint64_t state_snapshot_added(const struct state_snapshot *snapshot);
void state_snapshot_end(
    struct state_snapshot *snapshot); /* any time: also when not all is written */

/* Restore: files in the order of their ids (a full one, then its increments), those of several
 * subtasks in any order to one another; each is read only for the groups that the table wants. The
 * table stays as it was until finish, and for ever when anything is refused. */
struct state_restore *state_restore_begin(struct state_table *table,
                                          const struct snapshot_identity *identity);
/* bytes: the whole file; needed for the call only. BAD_VALUE: damaged, of another state, a gap in
 * the order. After an err only cancel is possible. */
struct err state_restore_add(struct state_restore *restore, const uint8_t *bytes, uint64_t size,
                             struct note *note) MUST_CHECK;
/* The same of a part of the groups only. out_added: bytes of blocks that add to something. */
struct err state_restore_add_part(struct state_restore *restore, const uint8_t *bytes,
                                  uint64_t size, struct key_group_range range, uint64_t *out_added,
                                  struct note *note) MUST_CHECK;
/* The snapshot has nothing of these groups: their subtask had finished. */
void state_restore_absent(struct state_restore *restore, struct key_group_range range, uint64_t id);
/* What the files hold replaces what the table held. is_base: the last id counts as confirmed, so
 * that the next snapshot may be an increment to it. MISSING: a key group of the table was in no
 * file. Ends the restore, also when it fails. */
struct err state_restore_finish(struct state_restore *restore, bool is_base,
                                struct note *note) MUST_CHECK;
void state_restore_cancel(struct state_restore *restore);

#endif
