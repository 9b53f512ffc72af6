/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages to and from bytes. In: a message, or bytes that anybody may have sent. Out: bytes, or a
 * message whose list is in the arena. What decodes encodes to the same bytes again; nothing is
 * taken from the arena before the bytes are known to be there.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/port/message_table.h"

/* Byte by byte, so that the order of bytes is the wire's and not the machine's. */
static unsigned char *put_number(unsigned char *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *out++ = (unsigned char)(value >> 8 * i);
    return out;
}

static uint64_t get_number(const unsigned char *in, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--)
        value = value << 8 | in[i - 1];
    return value;
}

/* Constant time: sizes on the wire are known per kind and per item. */
size_t message_encoded_size(const struct message *message)
{
    const struct message_row *row = message_row_of(message->kind);
    if (!row->item_size)
        return row->encoded_size;
    return row->encoded_size + ENCODED_COUNT_SIZE +
           message_item_count(message, row) * row->item_encoded_size;
}

static unsigned char *put_fields(unsigned char *out, const struct field_row *fields,
                                 const void *base)
{
    for (const struct field_row *field = fields; field->name; field++)
        out = put_number(out, field_get(field, base), field_encoded_size(field));
    return out;
}

/* Kind, fields, number of items, items: fixed widths, nothing between them, least byte first. */
size_t message_encode(const struct message *message, unsigned char *out, size_t size)
{
    const struct message_row *row = message_row_of(message->kind);
    size_t encoded_size = message_encoded_size(message);
    CHECK(size >= encoded_size);
    unsigned char *p = put_number(out, message->kind, ENCODED_KIND_SIZE);
    p = put_fields(p, row->fields, message_arm(message));
    if (row->item_size) {
        size_t count = message_item_count(message, row);
        const char *items = message_items(message, row);
        p = put_number(p, count, ENCODED_COUNT_SIZE);
        for (size_t i = 0; i < count; i++)
            p = put_fields(p, row->item_fields(), items + i * row->item_size);
    }
    CHECK((size_t)(p - out) == encoded_size);
    return encoded_size;
}

/* The caller has made sure that the bytes are there. */
static struct err get_fields(const unsigned char **in, const struct field_row *fields, void *base,
                             struct note *note)
{
    for (const struct field_row *field = fields; field->name; field++) {
        uint64_t value = get_number(*in, field_encoded_size(field));
        if (field->kind == FIELD_ENUM && value >= field->limit)
            return err_note(note, ERR_BAD_VALUE_CODE, "%s is %llu, known are 0 to %u", field->name,
                            (unsigned long long)value, field->limit - 1);
        field_put(field, base, value);
        *in += field_encoded_size(field);
    }
    return OK;
}

/* Count and size are compared before anything is taken from the arena, so a few forged bytes cannot
 * ask for much memory. */
static struct err get_items(const unsigned char *in, size_t size, const struct message_row *row,
                            struct message *out, struct arena *arena, struct note *note)
{
    if (size < ENCODED_COUNT_SIZE)
        return err_note(note, ERR_SYNTAX_CODE, "ends before its list");
    uint64_t count = get_number(in, ENCODED_COUNT_SIZE);
    in += ENCODED_COUNT_SIZE;
    size -= ENCODED_COUNT_SIZE;
    if (count > MESSAGE_ITEMS_MAX)
        return err_note(note, ERR_FULL_CODE, "%llu items, at most %d are allowed",
                        (unsigned long long)count, MESSAGE_ITEMS_MAX);
    if (size != count * row->item_encoded_size)
        return err_note(note, ERR_SYNTAX_CODE, "%zu bytes for %llu items of %zu bytes", size,
                        (unsigned long long)count, row->item_encoded_size);
    char *items = arena_take(arena, (size_t)count * row->item_size);
    for (size_t i = 0; i < count; i++)
        TRY(get_fields(&in, row->item_fields(), items + i * row->item_size, note));
    message_set_items(out, row, items, (size_t)count);
    return OK;
}

/* The border to other processes: whatever the bytes are, the answer is a message or an err, and
 * the run goes on. */
struct err message_decode(const unsigned char *in, size_t size, struct message *out,
                          struct arena *arena, struct note *note)
{
    if (size < ENCODED_KIND_SIZE)
        return err_note(note, ERR_SYNTAX_CODE, "a message of %zu bytes has no kind", size);
    uint64_t kind = get_number(in, ENCODED_KIND_SIZE);
    if (kind >= MESSAGE_KIND_COUNT)
        return err_note(note, ERR_SYNTAX_CODE, "message of unknown kind %llu",
                        (unsigned long long)kind);
    memset(out, 0, sizeof *out);
    out->kind = (enum message_kind)kind;
    const struct message_row *row = message_row_of(out->kind);
    /* Kinds without a list have one size only; with a list, get_items looks at the rest. */
    if (size < row->encoded_size || (!row->item_size && size != row->encoded_size))
        return err_note(note, ERR_SYNTAX_CODE, "%s: %zu bytes instead of %zu", row->name, size,
                        row->encoded_size);
    const unsigned char *p = in + ENCODED_KIND_SIZE;
    struct err e = get_fields(&p, row->fields, (char *)out + MESSAGE_ARM, note);
    if (!err_is(e) && row->item_size)
        e = get_items(p, size - row->encoded_size, row, out, arena, note);
    return err_prefix(note, e, "%s", row->name);
}
