/* SPDX-License-Identifier: Apache-2.0
 *
 * Keyed state as user functions know it: a value, a list, a map, or a value that others are reduced
 * into, each under a name, each with a time to live or without. In: the key of the record under
 * way. Out: pointers into the tables, which hold until the next call on the same state. An expired
 * entry is never given out: it goes when it is met, when the clean-up that walks along with the
 * records comes by, and at a restore. Source: Flink's ValueState, ListState, MapState,
 * ReducingState, StateTtlConfig with NeverReturnExpired and cleanupIncrementally.
 */
#ifndef WEIR_EXEC_USER_STATE_H
#define WEIR_EXEC_USER_STATE_H

#include "core/exec/keyed_states.h"
#include "core/exec/task_output.h"

enum {
    USER_MAP_KEY_MAX = 64,
    USER_MAP_WALKS = 8,   /* under way at a time whose next entry is known at once */
    USER_CLEAN_LEAST = 5, /* StateTtlConfig's default */
};

enum ttl_update { TTL_ON_CREATE_AND_WRITE, TTL_ON_READ_AND_WRITE };

struct state_ttl {
    time_ns time; /* of processing; 0: for ever */
    enum ttl_update update;
};

struct user_state_spec {
    const char *name;
    enum user_state_kind kind;
    uint32_t value_size; /* of a value, an element, a map's value; 0: it varies (not of REDUCING) */
    uint32_t map_key_size;            /* of MAP, up to USER_MAP_KEY_MAX */
    struct snapshot_serializer value; /* another version is refused at restore */
    struct state_ttl ttl;
    void (*reduce)(const void *context, void *into, const void *value); /* of REDUCING */
    const void *context;
};

/* Where a walk goes next; when that entry is removed, to the one behind it. */
struct user_map_walk {
    uint64_t id; /* 0: nobody's */
    bool has_next;
    uint8_t next[USER_MAP_KEY_MAX];
};

struct user_state {
    struct operator* op;
    const struct user_state_spec *spec;
    struct state_table *table, *heads; /* heads: of MAP, the ends of each key's chain */
    uint32_t key_size;
    uint8_t *scratch; /* a table key */
    struct state_cursor cleaned;
    uint64_t serial;  /* of entries of maps: the highest that was given or met */
    uint64_t changes; /* grows when elements of a list go */
    uint64_t walks_begun;
    struct user_map_walk walks[USER_MAP_WALKS]; /* by their ids, in turns */
};

/* In the operator's open. False: the operator has failed. key_size: fixed. */
bool user_state_open(struct user_state *state, struct operator* op,
                     const struct user_state_spec *spec, const struct key_spec *key);
void user_state_close(struct user_state *state);
/* Looks at about so many entries further on, and removes the expired ones. */
void user_state_clean(struct user_state *state, uint32_t entries);
/* A snapshot comes: a full one leaves out what has expired, but of lists and maps. */
void user_state_prepare(struct user_state *state);
/* Of any kind. */
void user_state_clear(struct user_state *state, struct state_key key);

/* VALUE and REDUCING. Null: there is none. size may be null. */
const void *user_value_get(struct user_state *state, struct state_key key, uint32_t *size);
/* The place for a new value, what is there undefined; null: the operator has failed. */
void *user_value_put(struct user_state *state, struct state_key key, uint32_t size);
void user_reduce_add(struct user_state *state, struct state_key key, const void *value);

/* Walks meet, in the order of coming, what was there when they began and is there still. They hold
 * no pointers, and what they say is looked at before it is believed.
 *
 * LIST: elements go all together; then the walk has ended. */
struct user_list {
    uint32_t begun, at, size; /* bytes */
    uint64_t changes;         /* of the state, when it began */
};

void user_list_add(struct user_state *state, struct state_key key, const void *element,
                   uint32_t size);
struct user_list user_list_open(struct user_state *state, struct state_key key);
bool user_list_next(const struct user_state *state, struct state_key key, struct user_list *list,
                    const void **element, uint32_t *size);

/* MAP: the order is that in which its keys were first put. */
struct user_map_cursor {
    uint64_t id; /* 0: it has not begun */
    uint32_t ended, size;
    uint64_t serial, last; /* of the entry found, of the last one to be found */
    /* The one found, aligned for whoever reads it in place. */
    _Alignas(8) uint8_t map_key[USER_MAP_KEY_MAX];
    const void *value;
};

const void *user_map_get(struct user_state *state, struct state_key key, const void *map_key,
                         uint32_t *size);
/* As user_value_put. */
void *user_map_put(struct user_state *state, struct state_key key, const void *map_key,
                   uint32_t size);
bool user_map_remove(struct user_state *state, struct state_key key, const void *map_key);
/* A zeroed cursor begins. */
bool user_map_next(struct user_state *state, struct state_key key, struct user_map_cursor *cursor);

#endif
