/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes the decoder of messages. In: any bytes. Always: what decodes encodes to the very same
 * bytes, and its copy, its text and its hash can be made; what does not decode says why.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/port/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const struct message *message, const uint8_t *data, size_t size)
{
    CHECK(message_encoded_size(message) == size);
    unsigned char *again = mem_create(size);
    CHECK(message_encode(message, again, size) == size);
    CHECK(memcmp(again, data, size) == 0);
    mem_destroy(again);
    struct message *copy = message_create_copy(message);
    CHECK(message_hash(copy) == message_hash(message));
    char text[256];
    message_print(copy, text, sizeof text);
    CHECK(strlen(text) > 0);
    mem_destroy(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena);
    struct message message;
    struct note note = { { 0 } };
    struct err e = message_decode(data, size, &message, &arena, &note);
    if (err_is(e))
        CHECK(note.text[0] != '\0');
    else
        check_message(&message, data, size);
    arena_fini(&arena);
    return 0;
}
