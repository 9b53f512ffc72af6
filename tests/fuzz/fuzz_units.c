/* SPDX-License-Identifier: Apache-2.0
 *
 * Any text as a duration and as a size. What is taken is never negative; what is refused leaves a
 * note and no value.
 */
#include <stdint.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/check.h"
#include "core/base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct err parse_function(const char *text, int64_t *out, struct note *note);

static void try_one(parse_function *parse, const char *text)
{
    int64_t value = -1;
    struct note note = { "" };
    struct err e = parse(text, &value, &note);
    CHECK(err_is(e) ? value == -1 : value >= 0);
    CHECK(err_is(e) == (note.text[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_create(size + 1);
    memcpy(text, data, size);
    try_one(duration_parse, text);
    try_one(size_parse, text);
    mem_destroy(text);
    return 0;
}
