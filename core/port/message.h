/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages between nodes: a kind and one struct per kind, all made from message_list.h. A message
 * owns nothing; its list belongs to whoever made it. Encoded form: kind (2 bytes), fixed fields in
 * the order of the list, count (4 bytes) and items when the kind has a list; all little-endian
 * without padding. Decoding checks every size, the count and the values of enums.
 */
#ifndef WEIR_PORT_MESSAGE_H
#define WEIR_PORT_MESSAGE_H

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "core/base/ids.h"
#include "core/port/data.h"
#include "core/port/message_list.h"

enum { MESSAGE_ITEMS_MAX = 1 << 20 };

#define M(kind, arm) MESSAGE_##kind,
enum message_kind { MESSAGES(M) MESSAGE_KIND_COUNT };
#undef M

#define F(type, name) type name;
#define E(tag, name)  enum tag name;
#define X(item)                                                                                    \
    struct item {                                                                                  \
        ITEM_##item(F, E)                                                                          \
    };
MESSAGE_ITEMS(X)
#undef X
#define L(item, name)                                                                              \
    const struct item *name;                                                                       \
    size_t name##_count;
#define M(kind, arm)                                                                               \
    struct message_##arm {                                                                         \
        MESSAGE_##arm(F, E, L)                                                                     \
    };
MESSAGES(M)
#undef M
#undef L
#undef E
#undef F

struct message {
    enum message_kind kind;
    union {
#define M(kind, arm) struct message_##arm arm;
        MESSAGES(M)
#undef M
    };
};

const char *message_name(enum message_kind kind);
/* Does a TaskManager ask to be counted on? The world looks for the way back first (event.h). */
bool message_is_registration(enum message_kind kind);

/* A copy whose list is in one block with it; give it to mem_destroy. No work per field or item. */
struct message *message_create_copy(const struct message *message);
/* The same, but in the room if it is large enough; that must be aligned for anything. */
struct message *message_copy_to(void *room, size_t size, const struct message *message);
/* A copy whose list lives in the arena. */
const struct message *message_copy_to_arena(const struct message *message, struct arena *arena);
/* Bytes on the wire, as encode would write them; what the network model charges. */
size_t message_encoded_size(const struct message *message);
/* Writes message_encoded_size bytes, which `size` must have room for, and gives back their number.
 */
size_t message_encode(const struct message *message, unsigned char *out, size_t size);
/* The list is placed in the arena. Refuses short, long and unknown input; `out` is then undefined.
 */
MUST_CHECK struct err message_decode(const unsigned char *in, size_t size, struct message *out,
                                     struct arena *arena, struct note *note);
/* "submit_tasks job=0 tasks=[{...}]", cut at size. */
void message_print(const struct message *message, char *out, size_t size);
uint64_t message_hash(const struct message *message);

#endif
