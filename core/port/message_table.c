/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows, and reading and writing one member by its row. In: the lists of message_list.h. The
 * sizes on the wire are sums of member sizes, worked out by the compiler.
 */
#include "core/port/message_table.h"

#include <string.h>

#include "core/base/check.h"

/* What the printer says for the value of an enum. */
static const char *word_execution_state(uint32_t value)
{
    CHECK(value < EXECUTION_STATE_COUNT);
    return state_name(&execution_states, value);
}

#define X(cause, exception, sentence, recoverable) #cause,
static const char *const cause_words[CAUSE_COUNT] = { FAILURE_CAUSES(X) };
#undef X

static const char *word_failure_cause(uint32_t value)
{
    CHECK(value < CAUSE_COUNT);
    return cause_words[value];
}

/* Words of one piece, unlike checkpoint_kind_names: in a printed message a blank ends a field. */
static const char *const checkpoint_words[CHECKPOINT_KIND_COUNT] = {
    [CHECKPOINT_PERIODIC] = "PERIODIC",
    [CHECKPOINT_SAVEPOINT] = "SAVEPOINT",
    [CHECKPOINT_STOP_SUSPEND] = "STOP_SUSPEND",
    [CHECKPOINT_STOP_DRAIN] = "STOP_DRAIN",
};

static const char *word_checkpoint_kind(uint32_t value)
{
    CHECK(value < CHECKPOINT_KIND_COUNT);
    return checkpoint_words[value];
}

/* E(tag, name) of the lists finds limit and word by the tag. */
#define LIMIT_execution_state EXECUTION_STATE_COUNT
#define LIMIT_failure_cause   CAUSE_COUNT
#define LIMIT_checkpoint_kind CHECKPOINT_KIND_COUNT

/* A member of a type that is not named here does not compile: every member has a known width. */
/* clang-format off */
#define KIND_OF(place) _Generic((place), \
    int32_t: FIELD_I32, uint32_t: FIELD_U32, int64_t: FIELD_I64, uint64_t: FIELD_U64, \
    struct job_id: FIELD_ID, struct task_id: FIELD_ID, struct node_id: FIELD_ID, \
    struct vertex_id: FIELD_ID, struct allocation_id: FIELD_ID)
/* clang-format on */

/* Each table stands in a scope of its own, where `struct owner` wraps the struct it describes: the
 * lists name members, not the struct they are in. */
#define FIELD(type, name)                                                                          \
    { #name, offsetof(struct owner, s.name), KIND_OF(((struct owner *)0)->s.name), 0, NULL },
#define ENUM(tag, name)                                                                            \
    { #name, offsetof(struct owner, s.name), FIELD_ENUM, LIMIT_##tag, word_##tag },
#define NO_FIELD(type, name)
#define NO_LIST(item, name)
#define LAST                                                                                       \
    {                                                                                              \
        NULL, 0, FIELD_U32, 0, NULL                                                                \
    }

#define X(item)                                                                                    \
    static const struct field_row *fields_of_##item(void)                                          \
    {                                                                                              \
        struct owner {                                                                             \
            struct item s;                                                                         \
        };                                                                                         \
        static const struct field_row fields[] = { ITEM_##item(FIELD, ENUM) LAST };                \
        return fields;                                                                             \
    }
MESSAGE_ITEMS(X)
DATA_ITEMS(X)
#undef X

#define SIZE_OF_FIELD(type, name) +sizeof(type)
#define SIZE_OF_ENUM(tag, name)   +sizeof(uint32_t)
#define LIST(item, name)                                                                           \
    .list_name = #name, .list = offsetof(struct owner, s.name),                                    \
    .count = offsetof(struct owner, s.name##_count), .item_size = sizeof(struct item),             \
    .item_encoded_size = ITEM_##item(SIZE_OF_FIELD, SIZE_OF_ENUM),                                 \
    .item_fields = fields_of_##item,

/* A switch rather than an array: each row's fields stand beside it, and a kind without a case does
 * not compile. */
const struct message_row *message_row_of(enum message_kind kind)
{
    switch (kind) {
#define M(kind, arm)                                                                               \
    case MESSAGE_##kind: {                                                                         \
        struct owner {                                                                             \
            struct message_##arm s;                                                                \
        };                                                                                         \
        static const struct field_row fields[] = { MESSAGE_##arm(FIELD, ENUM, NO_LIST) LAST };     \
        static const struct message_row row = { .name = #arm,                                      \
                                                .fields = fields,                                  \
                                                .encoded_size = ENCODED_KIND_SIZE MESSAGE_##arm(   \
                                                    SIZE_OF_FIELD, SIZE_OF_ENUM, NO_LIST),         \
                                                MESSAGE_##arm(NO_FIELD, NO_FIELD, LIST) };         \
        return &row;                                                                               \
    }
        MESSAGES(M)
#undef M
    case MESSAGE_KIND_COUNT: break;
    }
    IMPOSSIBLE("message of no kind");
}

/* Signed 32-bit members are widened, so that -1 is -1 in hashes and texts; the wire takes the low
 * bytes. */
uint64_t field_get(const struct field_row *field, const void *base)
{
    const char *place = (const char *)base + field->offset;
    uint64_t wide;
    uint32_t narrow;
    switch (field->kind) {
    case FIELD_I64:
    case FIELD_U64: memcpy(&wide, place, sizeof wide); return wide;
    case FIELD_I32:
        memcpy(&narrow, place, sizeof narrow);
        return (uint64_t)(int64_t)(int32_t)narrow;
    case FIELD_U32:
    case FIELD_ID:
    case FIELD_ENUM: memcpy(&narrow, place, sizeof narrow); return narrow;
    }
    IMPOSSIBLE("field of no kind");
}

/* Ids, enums and 32-bit numbers share a width, and the low half of a widened number is that
 * number. */
void field_put(const struct field_row *field, void *base, uint64_t value)
{
    char *place = (char *)base + field->offset;
    if (field_encoded_size(field) == sizeof value) {
        memcpy(place, &value, sizeof value);
    } else {
        uint32_t narrow = (uint32_t)value;
        memcpy(place, &narrow, sizeof narrow);
    }
}

size_t field_encoded_size(const struct field_row *field)
{
    return field->kind == FIELD_I64 || field->kind == FIELD_U64 ? sizeof(uint64_t)
                                                                : sizeof(uint32_t);
}
