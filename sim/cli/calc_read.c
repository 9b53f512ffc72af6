/* SPDX-License-Identifier: Apache-2.0
 *
 * The readers. Every number from outside is bounded here, before anything is sized or counted by
 * it.
 */
#include "sim/cli/calc_read.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "sim/report/number_text.h"

#define PPM 1e6

struct calc_quoted calc_quote(const char *word)
{
    struct calc_quoted quoted = { "" };
    size_t length = 0;
    for (; length < sizeof quoted.text - 1 && word[length]; length++) {
        unsigned char c = (unsigned char)word[length];
        quoted.text[length] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    if (word[length])
        memcpy(quoted.text + sizeof quoted.text - 4, "...", 4);
    return quoted;
}

static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a text";
    case JSON_INTEGER: return "an integer";
    case JSON_REAL: return "a number with a fraction";
    case JSON_TRUE:
    case JSON_FALSE: return "a flag";
    case JSON_NULL: return "null";
    }
    IMPOSSIBLE("a JSON value of no kind");
}

static struct err wrong_kind(const json_t *value, const char *what, const char *expected,
                             struct note *note)
{
    return err_note(note, ERR_BAD_VALUE_CODE, "%s: expected %s, found %s", what, expected,
                    kind_of(value));
}

/* "unknown field 'x'; did you mean 'y'?" or the whole list when nothing is near and it is short. */
static struct err unknown_word(const char *kind, const char *word, const char *const *known,
                               size_t count, struct note *note)
{
    const char *nearest = text_nearest(word, known, count);
    if (nearest)
        return err_note(note, ERR_UNKNOWN_KEY_CODE, "unknown %s '%s'; did you mean '%s'?", kind,
                        calc_quote(word).text, nearest);
    char list[256] = "";
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += text_format(list + length, sizeof list - length, "%s%s", i ? ", " : "", known[i]);
    return err_note(note, ERR_UNKNOWN_KEY_CODE, "unknown %s '%s'; known are: %s", kind,
                    calc_quote(word).text, list);
}

struct err calc_check_fields(json_t *in, const struct calc_field *fields, size_t count,
                             struct note *note)
{
    if (!json_is_object(in))
        return err_note(note, ERR_BAD_VALUE_CODE, "expected an object, found %s", kind_of(in));
    VEC(const char *) names = { 0 };
    for (size_t i = 0; i < count; i++)
        vec_push(&names, fields[i].name);
    struct err result = OK;
    for (void *at = json_object_iter(in); at && !err_is(result);
         at = json_object_iter_next(in, at)) {
        const char *key = json_object_iter_key(at);
        bool known = false;
        for (size_t i = 0; i < names.count && !known; i++)
            known = text_equal(key, names.items[i]);
        if (!known)
            result = unknown_word("field", key, names.items, names.count, note);
    }
    vec_fini(&names);
    return result;
}

static const json_t *field(const json_t *in, const char *name)
{
    const json_t *value = json_object_get(in, name);
    return value && !json_is_null(value) ? value : NULL;
}

bool calc_has(const json_t *in, const char *name)
{
    return field(in, name) != NULL;
}

struct err calc_need(const json_t *in, const char *name, struct note *note)
{
    if (!calc_has(in, name))
        return err_note(note, ERR_MISSING_CODE, "%s: missing", name);
    return OK;
}

struct err calc_integer_value(const json_t *value, const char *what, int64_t least, int64_t most,
                              int64_t *out, struct note *note)
{
    if (!json_is_integer(value))
        return wrong_kind(value, what, "an integer", note);
    int64_t number = json_integer_value(value);
    if (number < least || number > most)
        return err_note(note, ERR_BAD_VALUE_CODE, "%s: %lld is outside %lld..%lld", what,
                        (long long)number, (long long)least, (long long)most);
    *out = number;
    return OK;
}

struct err calc_read_integer(const json_t *in, const char *name, int64_t least, int64_t most,
                             int64_t *out, struct note *note)
{
    const json_t *value = field(in, name);
    return value ? calc_integer_value(value, name, least, most, out, note) : OK;
}

struct err calc_read_ms(const json_t *in, const char *name, time_ns *out, struct note *note)
{
    int64_t ms = *out / TIME_MS;
    if (!field(in, name))
        return OK;
    TRY(calc_read_integer(in, name, 0, CALC_TIME_MS_MAX, &ms, note));
    *out = ms * TIME_MS;
    return OK;
}

struct err calc_read_ppm(const json_t *in, const char *name, const struct calc_range *range,
                         int64_t *out, struct note *note)
{
    const json_t *value = field(in, name);
    if (!value)
        return OK;
    if (!json_is_number(value))
        return wrong_kind(value, name, "a number", note);
    double ppm = floor(json_number_value(value) * PPM + 0.5);
    if (!(ppm >= (double)range->least_ppm && ppm <= (double)range->most_ppm)) {
        char found[NUMBER_TEXT_SIZE];
        number_plain(json_number_value(value), found);
        return err_note(note, ERR_BAD_VALUE_CODE, "%s: found %s, expected %s", name, found,
                        range->expected);
    }
    *out = (int64_t)ppm;
    return OK;
}

struct err calc_read_flag(const json_t *in, const char *name, bool *out, struct note *note)
{
    const json_t *value = field(in, name);
    if (!value)
        return OK;
    if (!json_is_boolean(value))
        return wrong_kind(value, name, "true or false", note);
    *out = json_is_true(value);
    return OK;
}

struct err calc_read_text(const json_t *in, const char *name, const char **out, struct note *note)
{
    const json_t *value = field(in, name);
    if (!value)
        return OK;
    if (!json_is_string(value))
        return wrong_kind(value, name, "a text", note);
    *out = json_string_value(value);
    return OK;
}

struct err calc_choice_value(const json_t *value, const char *what, const char *const *words,
                             size_t count, size_t *out, struct note *note)
{
    if (!json_is_string(value))
        return wrong_kind(value, what, "a text", note);
    for (size_t i = 0; i < count; i++) {
        if (text_equal(json_string_value(value), words[i])) {
            *out = i;
            return OK;
        }
    }
    return unknown_word(what, json_string_value(value), words, count, note);
}

struct err calc_read_choice(const json_t *in, const char *name, const char *const *words,
                            size_t count, size_t *out, struct note *note)
{
    const json_t *value = field(in, name);
    return value ? calc_choice_value(value, name, words, count, out, note) : OK;
}

struct err calc_read_array(const json_t *in, const char *name, size_t most, json_t **out,
                           struct note *note)
{
    json_t *value = json_object_get(in, name);
    if (!value || json_is_null(value))
        return OK;
    if (!json_is_array(value))
        return wrong_kind(value, name, "an array", note);
    if (json_array_size(value) > most)
        return err_note(note, ERR_FULL_CODE, "%s: %zu elements, at most %zu are taken", name,
                        json_array_size(value), most);
    *out = value;
    return OK;
}

struct err calc_read_object(const json_t *in, const char *name, json_t **out, struct note *note)
{
    json_t *value = json_object_get(in, name);
    if (!value || json_is_null(value))
        return OK;
    if (!json_is_object(value))
        return wrong_kind(value, name, "an object", note);
    *out = value;
    return OK;
}
