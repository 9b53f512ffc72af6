/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of user state share: stamps of time to live, and the way to an entry that is to be
 * written. A stamp is the first word of a value (of an element, of a map's entry): the processing
 * time of its last use, ns.
 */
#ifndef WEIR_EXEC_USER_STATE_PARTS_H
#define WEIR_EXEC_USER_STATE_PARTS_H

#include "core/exec/user_state.h"

enum { STAMP_SIZE = 8 };

static inline bool user_has_ttl(const struct user_state *state)
{
    return state->spec->ttl.time > 0;
}

/* TtlUtils.expired */
static inline bool user_is_expired(const struct user_state *state, const void *stamped)
{
    time_ns stamp;
    if (!user_has_ttl(state))
        return false;
    memcpy(&stamp, stamped, sizeof stamp);
    return time_add(stamp, state->spec->ttl.time) <= state->op->task->now;
}

static inline bool user_renews_on_read(const struct user_state *state)
{
    return user_has_ttl(state) && state->spec->ttl.update == TTL_ON_READ_AND_WRITE;
}

static inline void user_stamp(const struct user_state *state, void *stamped)
{
    if (user_has_ttl(state))
        memcpy(stamped, &state->op->task->now, STAMP_SIZE);
}

static inline uint32_t user_stamp_size(const struct user_state *state)
{
    return user_has_ttl(state) ? STAMP_SIZE : 0;
}

/* The entry of a table, of this size now, to be written; null: the operator has failed. */
uint8_t *user_state_write(struct user_state *state, struct state_table *table, struct state_key key,
                          uint32_t size);

bool user_map_open(struct user_state *state, const struct keyed_state_spec *spec);
void user_map_clear(struct user_state *state, struct state_key key);
/* The entry at this table key (key, map key), out of its chain. */
void user_map_unlink(struct user_state *state, struct state_key composite);
/* Removes what is expired of it. */
void user_list_clean(struct user_state *state, struct state_key key);
bool user_list_is_clean(const struct user_state *state, const void *bytes, uint32_t size);

#endif
