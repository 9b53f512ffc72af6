/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a snapshot's name, word by word. In: the text of the key. Out: kind, number and the name
 * of the job, which is the rest of the text and may hold blanks.
 */
#include "core/port/snapshot_path.h"

#include <string.h>

enum { ID_DIGITS_MAX = 18 /* fits into 64 bits whatever the digits */ };

/* The text behind the word; null when it does not begin so. */
static const char *skip(const char *text, const char *word)
{
    size_t length = strlen(word);
    return memcmp(text, word, strlen(text) < length ? strlen(text) + 1 : length) == 0
               ? text + length
               : NULL;
}

/* A number and the blank behind it; the text itself where there is none, null for one that no
 * checkpoint can have. */
static const char *read_id(const char *text, uint64_t *out)
{
    size_t digits = 0;
    *out = 0;
    for (; text[digits] >= '0' && text[digits] <= '9' && digits < ID_DIGITS_MAX; digits++)
        *out = *out * 10 + (uint64_t)(text[digits] - '0');
    if (digits == 0)
        return text;
    return *out > 0 && text[digits] == ' ' ? text + digits + 1 : NULL;
}

bool snapshot_path_read(const char *text, struct snapshot_path *out)
{
    const char *rest = skip(text, "savepoint ");
    out->is_savepoint = rest != NULL;
    if (!rest)
        rest = skip(text, "checkpoint ");
    if (rest)
        rest = read_id(rest, &out->id);
    if (rest)
        rest = skip(rest, "of ");
    out->job = rest;
    return rest && *rest;
}
