/* SPDX-License-Identifier: Apache-2.0
 *
 * Maps: each entry is one of the table, under key and map key together, in the key's group; so an
 * entry costs the same however large the map is. The entries of one key form a chain, by map keys,
 * which a second table gives the ends of: that is how a map is walked and cleared.
 *
 *     heads    key          -> [first map key] [last map key]
 *     entries  key, map key -> [stamp] [serial, links] [previous map key] [next map key] [value]
 *
 * Serials rise along a chain: an entry that was put since has a higher one than all that were there
 * when a walk began. Where the latest walks go next the state knows, and each removal sets that
 * right; any other goes by the entry that it stands on, and where that has gone, by serials from
 * the beginning of the chain.
 */
#include "core/base/text.h"
#include "core/exec/user_state_parts.h"

enum {
    HAS_PREVIOUS = 1,
    HAS_NEXT = 2,
    LINKS = 3,
    SERIAL_SHIFT = 2,
    LINKS_AT = STAMP_SIZE,
    MAP_HEAD = 2 * 8
};

static uint32_t link_size(const struct user_state *state)
{
    return record_padded(state->spec->map_key_size);
}

static uint32_t value_at(const struct user_state *state)
{
    return MAP_HEAD + 2 * link_size(state);
}

static uint8_t *previous_of(const struct user_state *state, uint8_t *entry)
{
    (void)state;
    return entry + MAP_HEAD;
}

static uint8_t *next_of(const struct user_state *state, uint8_t *entry)
{
    return entry + MAP_HEAD + link_size(state);
}

static uint64_t word_of(const uint8_t *entry)
{
    uint64_t word;
    memcpy(&word, entry + LINKS_AT, sizeof word);
    return word;
}

static uint64_t links_of(const uint8_t *entry)
{
    return word_of(entry) & LINKS;
}

static uint64_t serial_of(const uint8_t *entry)
{
    return word_of(entry) >> SERIAL_SHIFT;
}

static void set_word(uint8_t *entry, uint64_t serial, uint64_t links)
{
    uint64_t word = serial << SERIAL_SHIFT | links;
    memcpy(entry + LINKS_AT, &word, sizeof word);
}

static void set_links(uint8_t *entry, uint64_t links)
{
    set_word(entry, serial_of(entry), links);
}

bool user_map_open(struct user_state *state, const struct keyed_state_spec *spec)
{
    char name[SNAPSHOT_NAME_MAX];
    struct keyed_state_spec entries = *spec, heads = *spec;
    text_format(name, sizeof name, "%s.heads", spec->name);
    if (strlen(spec->name) + strlen(".heads") >= sizeof name) {
        operator_fail(state->op, CAUSE_USER_CODE, "state '%s': its name is too long", spec->name);
        return false;
    }
    heads.name = name;
    heads.value_size = 2 * link_size(state);
    entries.key_size = spec->key_size + state->spec->map_key_size;
    entries.key_hash = KEY_HASH_TEXT;
    entries.value_size =
        state->spec->value_size ? value_at(state) + record_padded(state->spec->value_size) : 0;
    state->heads = operator_keyed_state(state->op, &heads);
    state->table = state->heads ? operator_keyed_state(state->op, &entries) : NULL;
    return state->table;
}

/* The table key of one entry, in `bytes`. */
static struct state_key composite(const struct user_state *state, struct state_key key,
                                  const void *map_key, uint8_t *bytes)
{
    CHECK(key.size == state->key_size);
    memmove(bytes, key.bytes, key.size);
    memcpy(bytes + key.size, map_key, state->spec->map_key_size);
    return (struct state_key){ bytes, key.size + state->spec->map_key_size, key.group };
}

/* A neighbour, to be written; it is there. */
static uint8_t *neighbour(struct user_state *state, struct state_key key, const void *map_key)
{
    uint32_t size = 0;
    struct state_key at = composite(state, key, map_key, state->scratch);
    const void *there = state_table_get(state->table, at, &size);
    CHECK(there);
    return user_state_write(state, state->table, at, size);
}

/* What is on one side of the entry taken out now leads to the other side. */
static void relink(struct user_state *state, struct state_key key, uint64_t links,
                   const uint8_t *previous, const uint8_t *next)
{
    uint32_t size = state->spec->map_key_size;
    if (links & HAS_PREVIOUS) {
        uint8_t *entry = neighbour(state, key, previous);
        set_links(entry, (links_of(entry) & ~(uint64_t)HAS_NEXT) | (links & HAS_NEXT));
        memcpy(next_of(state, entry), next, size);
    }
    if (links & HAS_NEXT) {
        uint8_t *entry = neighbour(state, key, next);
        set_links(entry, (links_of(entry) & ~(uint64_t)HAS_PREVIOUS) | (links & HAS_PREVIOUS));
        memcpy(previous_of(state, entry), previous, size);
    }
    if (links == (HAS_PREVIOUS | HAS_NEXT))
        return;
    if (links == 0) {
        state_table_remove(state->heads, key);
        return;
    }
    uint8_t *ends = user_state_write(state, state->heads, key, 2 * link_size(state));
    if (!(links & HAS_PREVIOUS))
        memcpy(ends, next, size);
    else
        memcpy(ends + link_size(state), previous, size);
}

static void point_at(const struct user_state *state, struct user_map_walk *walk,
                     const uint8_t *next)
{
    walk->has_next = next != NULL;
    if (next)
        memcpy(walk->next, next, state->spec->map_key_size);
}

/* Of the key under way, as all that goes on. */
static void lead_on(struct user_state *state, const uint8_t *gone, const uint8_t *next)
{
    for (int i = 0; i < USER_MAP_WALKS; i++) {
        struct user_map_walk *walk = &state->walks[i];
        if (walk->has_next && memcmp(walk->next, gone, state->spec->map_key_size) == 0)
            point_at(state, walk, next);
    }
}

void user_map_unlink(struct user_state *state, struct state_key of)
{
    uint8_t previous[USER_MAP_KEY_MAX], next[USER_MAP_KEY_MAX], *key_bytes;
    uint32_t size = state->spec->map_key_size, key_size = state->key_size;
    uint8_t *entry = (uint8_t *)(uintptr_t)state_table_get(state->table, of, NULL);
    CHECK(entry);
    uint64_t links = links_of(entry);
    memcpy(previous, previous_of(state, entry), size);
    memcpy(next, next_of(state, entry), size);
    state_table_remove(state->table, of);
    /* `of` lies where composite keys are made: its key stays the first part of them all. */
    key_bytes = state->scratch;
    CHECK(of.bytes == key_bytes);
    lead_on(state, key_bytes + key_size, links & HAS_NEXT ? next : NULL);
    relink(state, (struct state_key){ key_bytes, key_size, of.group }, links, previous, next);
}

bool user_map_remove(struct user_state *state, struct state_key key, const void *map_key)
{
    struct state_key at = composite(state, key, map_key, state->scratch);
    const void *entry = state_table_get(state->table, at, NULL);
    if (!entry)
        return false;
    bool counts = !user_is_expired(state, entry);
    user_map_unlink(state, at);
    return counts;
}

/* Those to be given are above it. */
static void see_serial(struct user_state *state, uint64_t serial)
{
    state->serial = serial > state->serial ? serial : state->serial;
}

/* To the end of the key's chain. */
static void append(struct user_state *state, struct state_key key, const void *map_key)
{
    uint32_t size = state->spec->map_key_size;
    uint8_t last[USER_MAP_KEY_MAX];
    bool is_first;
    void *ends;
    struct note note;
    struct err e = state_table_resolve_one(state->heads, key, &ends, &is_first, &note);
    CHECK(!err_is(e)); /* its entry has been let in */
    memcpy(last, (uint8_t *)ends + link_size(state), size);
    memcpy((uint8_t *)ends + link_size(state), map_key, size);
    if (is_first) {
        memcpy(ends, map_key, size);
        set_word(neighbour(state, key, map_key), ++state->serial, 0);
        return;
    }
    uint8_t *entry = neighbour(state, key, last);
    set_links(entry, links_of(entry) | HAS_NEXT);
    memcpy(next_of(state, entry), map_key, size);
    see_serial(state, serial_of(entry));
    entry = neighbour(state, key, map_key);
    set_word(entry, ++state->serial, HAS_PREVIOUS);
    memcpy(previous_of(state, entry), last, size);
}

void *user_map_put(struct user_state *state, struct state_key key, const void *put_key,
                   uint32_t size)
{
    const struct user_state_spec *spec = state->spec;
    uint8_t map_key[USER_MAP_KEY_MAX]; /* the one given may lie in a table, and move */
    CHECK(spec->kind == USER_MAP);
    memcpy(map_key, put_key, spec->map_key_size);
    if (spec->value_size > 0 ? size != spec->value_size
                             : size > STATE_VALUE_MAX - value_at(state)) {
        operator_fail(state->op, CAUSE_USER_CODE, "state '%s': a value of %u bytes", spec->name,
                      size);
        return NULL;
    }
    struct state_key at = composite(state, key, map_key, state->scratch);
    const void *old = state_table_get(state->table, at, NULL);
    bool is_new = !old || user_is_expired(state, old);
    if (old && is_new) { /* it comes last now, whether or not the clean-up was here first */
        user_map_unlink(state, at);
        at = composite(state, key, map_key, state->scratch);
    }
    if (!user_state_write(state, state->table, at, value_at(state) + size))
        return NULL;
    if (is_new)
        append(state, key, map_key);
    at = composite(state, key, map_key, state->scratch);
    uint8_t *entry = user_state_write(state, state->table, at, value_at(state) + size);
    user_stamp(state, entry);
    return entry + value_at(state);
}

/* One that has not expired; its time is renewed where reading does. */
static uint8_t *read_entry(struct user_state *state, struct state_key at, uint32_t *size)
{
    uint32_t all = 0;
    uint8_t *entry = (uint8_t *)(uintptr_t)state_table_get(state->table, at, &all);
    if (!entry)
        return NULL;
    if (user_is_expired(state, entry)) {
        user_map_unlink(state, at);
        return NULL;
    }
    if (user_renews_on_read(state)) {
        entry = user_state_write(state, state->table, at, all);
        user_stamp(state, entry);
    }
    if (size)
        *size = state->spec->value_size ? state->spec->value_size : all - value_at(state);
    return entry;
}

const void *user_map_get(struct user_state *state, struct state_key key, const void *map_key,
                         uint32_t *size)
{
    CHECK(state->spec->kind == USER_MAP);
    const uint8_t *entry = read_entry(state, composite(state, key, map_key, state->scratch), size);
    return entry ? entry + value_at(state) : NULL;
}

/* Null: there is none. */
static uint8_t *find(struct user_state *state, struct state_key key, const void *map_key)
{
    struct state_key at = composite(state, key, map_key, state->scratch);
    return (uint8_t *)(uintptr_t)state_table_get(state->table, at, NULL);
}

/* By turns: it may be another one's by now. */
static struct user_map_walk *walk_of(struct user_state *state, const struct user_map_cursor *cursor)
{
    return &state->walks[cursor->id % USER_MAP_WALKS];
}

static void go_next(struct user_state *state, const struct user_map_cursor *cursor,
                    const uint8_t *next)
{
    struct user_map_walk *walk = walk_of(state, cursor);
    walk->id = cursor->id;
    point_at(state, walk, next);
}

/* From the beginning of the chain; and with a new walk so does it begin. */
static const uint8_t *search(struct user_state *state, struct state_key key,
                             struct user_map_cursor *cursor)
{
    const uint8_t *ends = state_table_get(state->heads, key, NULL), *next = ends;
    uint8_t *entry = ends ? find(state, key, ends) : NULL;
    if (ends && cursor->id == 0) {
        cursor->id = ++state->walks_begun;
        cursor->last = serial_of(find(state, key, ends + link_size(state)));
        see_serial(state, cursor->last);
    }
    while (entry && serial_of(entry) <= cursor->serial) {
        next = links_of(entry) & HAS_NEXT ? next_of(state, entry) : NULL;
        entry = next ? find(state, key, next) : NULL;
    }
    return next;
}

/* The map key of the first entry behind the one found; null: none is. */
static const uint8_t *seek(struct user_state *state, struct state_key key,
                           struct user_map_cursor *cursor)
{
    const struct user_map_walk *walk = walk_of(state, cursor);
    if (cursor->id > 0 && walk->id == cursor->id)
        return walk->has_next ? walk->next : NULL;
    uint8_t *entry = cursor->id > 0 ? find(state, key, cursor->map_key) : NULL;
    if (entry && serial_of(entry) == cursor->serial)
        return links_of(entry) & HAS_NEXT ? next_of(state, entry) : NULL;
    return search(state, key, cursor);
}

bool user_map_next(struct user_state *state, struct state_key key, struct user_map_cursor *cursor)
{
    uint32_t size = state->spec->map_key_size;
    const uint8_t *next;
    CHECK(state->spec->kind == USER_MAP);
    while (!cursor->ended && (next = seek(state, key, cursor))) {
        uint8_t *entry = find(state, key, next);
        if (!entry || serial_of(entry) > cursor->last)
            break; /* it has come since, or the map was cleared */
        memcpy(cursor->map_key, next, size);
        cursor->serial = serial_of(entry);
        go_next(state, cursor, links_of(entry) & HAS_NEXT ? next_of(state, entry) : NULL);
        entry = read_entry(state, composite(state, key, cursor->map_key, state->scratch),
                           &cursor->size);
        if (!entry)
            continue;
        cursor->value = entry + value_at(state);
        return true;
    }
    cursor->ended = 1;
    return false;
}

void user_map_clear(struct user_state *state, struct state_key key)
{
    const uint8_t *ends = state_table_get(state->heads, key, NULL);
    uint8_t next[USER_MAP_KEY_MAX];
    if (!ends)
        return;
    memcpy(next, ends, state->spec->map_key_size);
    for (bool more = true; more;) {
        struct state_key at = composite(state, key, next, state->scratch);
        uint8_t *entry = (uint8_t *)(uintptr_t)state_table_get(state->table, at, NULL);
        CHECK(entry);
        more = links_of(entry) & HAS_NEXT;
        memcpy(next, next_of(state, entry), state->spec->map_key_size);
        state_table_remove(state->table, at);
    }
    state_table_remove(state->heads, key);
}
