/* SPDX-License-Identifier: Apache-2.0
 *
 * Copying, naming, printing and hashing messages. Copies move whole structs and do no work per
 * field: every message a simulation sends is copied twice. Hash and text go member by member, since
 * the bytes between members are not part of a message.
 */
#include "core/port/message.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/port/message_table.h"

enum {
    ITEMS_ALIGN = 16,
    ITEMS_START = (sizeof(struct message) + ITEMS_ALIGN - 1) / ITEMS_ALIGN * ITEMS_ALIGN
};

const char *message_name(enum message_kind kind)
{
    return message_row_of(kind)->name;
}

bool message_is_registration(enum message_kind kind)
{
    return kind == MESSAGE_REGISTER_TASK_MANAGER || kind == MESSAGE_JOB_OFFER_CONTACT;
}

/* Bytes of the list in memory. */
static size_t items_size(const struct message *message, const struct message_row *row)
{
    return row->item_size ? message_item_count(message, row) * row->item_size : 0;
}

/* Fills a block of ITEMS_START + size bytes. */
static struct message *copy_into(void *block, const struct message *message,
                                 const struct message_row *row, size_t size)
{
    struct message *copy = block;
    *copy = *message;
    if (!row->item_size)
        return copy;
    char *items = size ? (char *)block + ITEMS_START : NULL;
    if (size)
        memcpy(items, message_items(message, row), size);
    message_set_items(copy, row, items, message_item_count(message, row));
    return copy;
}

struct message *message_copy_to(void *room, size_t size, const struct message *message)
{
    const struct message_row *row = message_row_of(message->kind);
    size_t items = items_size(message, row);
    void *block = ITEMS_START + items <= size ? room : mem_create(ITEMS_START + items);
    return copy_into(block, message, row, items);
}

/* Owned by whoever keeps a message beyond the step it came in. */
struct message *message_create_copy(const struct message *message)
{
    return message_copy_to(NULL, 0, message);
}

const struct message *message_copy_to_arena(const struct message *message, struct arena *arena)
{
    const struct message_row *row = message_row_of(message->kind);
    size_t size = items_size(message, row);
    return copy_into(arena_take_unset(arena, ITEMS_START + size), message, row, size);
}

struct printer {
    char *out;
    size_t size, length;
};

static void print_text(struct printer *p, const char *text)
{
    p->length += text_format(p->out + p->length, p->size - p->length, "%s", text);
}

/* Words where the number is an enum, "none" for the id of nothing. */
static void print_value(struct printer *p, const struct field_row *field, uint64_t value)
{
    char text[24];
    switch (field->kind) {
    case FIELD_ENUM: print_text(p, field->word((uint32_t)value)); return;
    case FIELD_ID:
        if (value == ID_NONE) {
            print_text(p, "none");
            return;
        }
        text_format(text, sizeof text, "%llu", (unsigned long long)value);
        break;
    case FIELD_U32:
    case FIELD_U64: text_format(text, sizeof text, "%llu", (unsigned long long)value); break;
    case FIELD_I32:
    case FIELD_I64: text_format(text, sizeof text, "%lld", (long long)value); break;
    }
    print_text(p, text);
}

/* The member's own name, without the path. */
static const char *last_name(const char *name)
{
    const char *last = name;
    for (const char *c = name; *c; c++)
        if (*c == '.')
            last = c + 1;
    return last;
}

static void print_fields(struct printer *p, const struct field_row *fields, const void *base,
                         const char *before_first)
{
    const char *before = before_first;
    for (const struct field_row *field = fields; field->name; field++) {
        print_text(p, before);
        print_text(p, last_name(field->name));
        print_text(p, "=");
        print_value(p, field, field_get(field, base));
        before = " ";
    }
}

/* For people only: nothing reads the text back, so it may be cut where the room ends. */
void message_print(const struct message *message, char *out, size_t size)
{
    CHECK(size > 0);
    const struct message_row *row = message_row_of(message->kind);
    struct printer p = { out, size, 0 };
    print_text(&p, row->name);
    print_fields(&p, row->fields, message_arm(message), " ");
    if (!row->item_size)
        return;
    print_text(&p, " ");
    print_text(&p, row->list_name);
    print_text(&p, "=[");
    const char *items = message_items(message, row);
    size_t count = message_item_count(message, row);
    /* A list of a million items is not walked for the few that fit. */
    for (size_t i = 0; i < count && p.length + 1 < size; i++) {
        print_text(&p, i ? " {" : "{");
        print_fields(&p, row->item_fields(), items + i * row->item_size, "");
        print_text(&p, "}");
    }
    print_text(&p, "]");
}

/* A list of fields ends with a row that has no name, here as in print_fields. */
static uint64_t hash_fields(uint64_t hash, const struct field_row *fields, const void *base)
{
    for (const struct field_row *field = fields; field->name; field++)
        hash = hash_add(hash, field_get(field, base));
    return hash;
}

/* Kind, fields in order, then the items: the length of the sequence tells their number. */
uint64_t message_hash(const struct message *message)
{
    const struct message_row *row = message_row_of(message->kind);
    uint64_t hash = hash_fields(hash_mix(message->kind), row->fields, message_arm(message));
    if (!row->item_size)
        return hash;
    const char *items = message_items(message, row);
    size_t count = message_item_count(message, row);
    for (size_t i = 0; i < count; i++)
        hash = hash_fields(hash, row->item_fields(), items + i * row->item_size);
    return hash;
}
