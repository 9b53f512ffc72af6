/* SPDX-License-Identifier: Apache-2.0
 *
 * From the origin of a run to words.
 */
#include "sim/report/changes.h"

#include "core/base/text.h"
#include "sim/report/json_figure.h"

enum { CHANGE_LETTERS = 80 };

static size_t add(char *out, size_t size, size_t at, size_t place, const char *words)
{
    return at + text_format(out + at, size - at, "%s%s", place > 0 ? ", " : "", words);
}

size_t changes_text(const json_t *summary, size_t most, char *out, size_t size)
{
    const json_t *origin = json_object_get(summary, "origin"), *change;
    double until = json_figure(origin, "until_s");
    size_t i, at = 0, count = 0;
    char words[CHANGES_TEXT_SIZE], length[NUMBER_TEXT_SIZE];
    out[0] = '\0';
    json_array_foreach(json_object_get(origin, "changes"), i, change)
    {
        const char *key = json_string_value(json_array_get(change, 0));
        const char *value = json_string_value(json_array_get(change, 1));
        text_format(words, most < CHANGES_ALL ? CHANGE_LETTERS : sizeof words, "%s=%s",
                    key ? key : "", value ? value : "");
        if (count < most)
            at = add(out, size, at, count, words);
        count++;
    }
    if (!number_is_none(until)) {
        number_text_seconds(until, length);
        text_format(words, sizeof words, "until %s", length);
        if (count < most)
            at = add(out, size, at, count, words);
        count++;
    }
    if (count > most)
        text_format(out + at, size - at, " and %zu more", count - most);
    return count;
}
