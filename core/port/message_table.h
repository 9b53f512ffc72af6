/* SPDX-License-Identifier: Apache-2.0
 *
 * What copier, codec and printer know of each kind of message: a row made from message_list.h. Only
 * message*.c include this. Where a member lies and how wide it is comes from the struct itself, so
 * a row cannot disagree with it; padding is never looked at.
 */
#ifndef WEIR_PORT_MESSAGE_TABLE_H
#define WEIR_PORT_MESSAGE_TABLE_H

#include <string.h>

#include "core/base/check.h"
#include "core/port/message.h"

enum { ENCODED_KIND_SIZE = 2, ENCODED_COUNT_SIZE = 4 };

enum field_kind { FIELD_I32, FIELD_U32, FIELD_ID, FIELD_ENUM, FIELD_I64, FIELD_U64 };

/* A member of a struct. The rows of one struct end with a row without a name. */
struct field_row {
    const char *name; /* inside a nested struct with the path: "attempt.task" */
    size_t offset;
    enum field_kind kind;
    uint32_t limit;                      /* FIELD_ENUM: values are below */
    const char *(*word)(uint32_t value); /* FIELD_ENUM: as the printer says it */
};

/* Offsets count from the union's arm, see message_arm. */
struct message_row {
    const char *name;
    const struct field_row *fields;
    size_t encoded_size; /* kind and fixed fields on the wire */
    const char *list_name;
    size_t list, count;       /* offsets of the list's two members */
    size_t item_size;         /* of the struct; 0: the kind has no list */
    size_t item_encoded_size; /* on the wire */
    const struct field_row *(*item_fields)(void);
};

const struct message_row *message_row_of(enum message_kind kind);

/* Where the union is: all arms start there. */
enum { MESSAGE_ARM = offsetof(struct message, register_task_manager) };

static inline const char *message_arm(const struct message *message)
{
    return (const char *)message + MESSAGE_ARM;
}

/* The list of a kind that has one. Its members have a type of their own in each kind, so they are
 * copied as bytes. Here rather than in a source: every message that is sent asks several times. */
static inline const void *message_items(const struct message *message,
                                        const struct message_row *row)
{
    CHECK(row->item_size > 0);
    const void *items;
    memcpy(&items, message_arm(message) + row->list, sizeof items);
    return items;
}

static inline size_t message_item_count(const struct message *message,
                                        const struct message_row *row)
{
    CHECK(row->item_size > 0);
    size_t count;
    memcpy(&count, message_arm(message) + row->count, sizeof count);
    CHECK(count <= MESSAGE_ITEMS_MAX);
    return count;
}

/* The counterpart of the two above: the pointer goes in as bytes, too. */
static inline void message_set_items(struct message *message, const struct message_row *row,
                                     const void *items, size_t count)
{
    CHECK(row->item_size > 0);
    CHECK(count <= MESSAGE_ITEMS_MAX);
    char *arm = (char *)message + MESSAGE_ARM;
    memcpy(arm + row->list, &items, sizeof items);
    memcpy(arm + row->count, &count, sizeof count);
}

/* One member, sign extended: every kind fits into 64 bits. */
uint64_t field_get(const struct field_row *field, const void *base);
void field_put(const struct field_row *field, void *base, uint64_t value);
size_t field_encoded_size(const struct field_row *field);

#endif
