/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists by name, and the heads of their saved entries.
 */
#include "core/exec/list_state.h"

#include "core/base/hash.h"
#include "core/base/text.h"

/* Before the bytes of an entry. */
struct saved {
    uint64_t name; /* its hash */
    uint64_t fingerprint;
    uint64_t version;
};

static uint64_t name_of(const struct list_spec *spec)
{
    return hash_add_text(0, spec->name);
}

void list_states_init(struct list_states *lists, const struct list_spec *specs, uint32_t count)
{
    lists->items = mem_create_array(count, sizeof *lists->items);
    lists->count = count;
    for (uint32_t i = 0; i < count; i++)
        lists->items[i].spec = &specs[i];
}

void list_states_fini(struct list_states *lists)
{
    for (uint32_t i = 0; i < lists->count; i++)
        state_list_fini(&lists->items[i].entries);
    mem_destroy(lists->items);
    *lists = (struct list_states){ 0 };
}

struct list_state *list_states_find(const struct list_states *lists, const char *name)
{
    for (uint32_t i = 0; i < lists->count; i++)
        if (text_equal(lists->items[i].spec->name, name))
            return &lists->items[i];
    return NULL;
}

uint64_t list_state_bytes(const struct list_state *list)
{
    return list->entries.bytes.count + list->entries.ends.count * sizeof(uint64_t);
}

void list_states_save(const struct list_states *lists, struct state_list *out)
{
    VEC(uint8_t) room = { 0 };
    for (uint32_t l = 0; l < lists->count; l++) {
        const struct list_state *list = &lists->items[l];
        if (l > 0)
            state_list_begin_part(out);
        struct saved head = { name_of(list->spec), list->spec->value.fingerprint,
                              list->spec->value.version };
        vec_resize(&room, sizeof head + list->spec->size);
        memcpy(room.items, &head, sizeof head);
        for (size_t i = 0; i < state_list_count(&list->entries); i++) {
            size_t size;
            const uint8_t *entry = state_list_entry(&list->entries, i, &size);
            memcpy(room.items + sizeof head, entry, size);
            state_list_add(out, room.items, sizeof head + size);
        }
    }
    vec_fini(&room);
}

static struct list_state *list_named(const struct list_states *lists, uint64_t name)
{
    for (uint32_t i = 0; i < lists->count; i++)
        if (name_of(lists->items[i].spec) == name)
            return &lists->items[i];
    return NULL;
}

struct err list_states_load(struct list_states *lists, const struct state_list *in,
                            struct note *note)
{
    for (size_t i = 0; i < state_list_count(in); i++) {
        struct saved head;
        size_t size;
        const uint8_t *entry = state_list_entry(in, i, &size);
        if (size < sizeof head)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "an entry of a list has %zu bytes, expected at least %zu", size,
                            sizeof head);
        memcpy(&head, entry, sizeof head);
        struct list_state *list = list_named(lists, head.name);
        if (!list)
            continue;
        const struct list_spec *spec = list->spec;
        struct snapshot_serializer found = { head.fingerprint, (uint32_t)head.version };
        TRY(snapshot_expect_serializer(&found, &spec->value, spec->name, "values", note));
        if (size != sizeof head + spec->size)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "state '%s': an entry of %zu bytes, expected %u", spec->name,
                            size - sizeof head, spec->size);
        state_list_add(&list->entries, entry + sizeof head, spec->size);
    }
    return OK;
}
