/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading single values by kind, and maps by tables of fields. A node comes in, a C value of the
 * kind's type goes out, in range, or one line of complaint.
 */
#include "sim/load/field.h"

#include <math.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/load/quantity.h"

enum { WORDS_MAX = 64, WORD_LIST_LENGTH_MAX = 300 };

/* What a reader of the complaint is told to write. */
static const char *const expected_texts[FIELD_KIND_COUNT] = {
    [FIELD_OTHER] = "",
    [FIELD_TEXT] = "a word or text",
    [FIELD_FLAG] = "true or false",
    [FIELD_NUMBER] = "a number",
    [FIELD_AMOUNT] = "a number such as 200, 1.5k or 2m",
    [FIELD_SHARE] = "a share such as 0.05 or 5%",
    [FIELD_COUNT] = "a whole number such as 200 or 2m",
    [FIELD_COUNT32] = "a whole number",
    [FIELD_DURATION] = "a duration such as 90s, 5 min or 100 ms",
    [FIELD_DURATION_NS] = "a duration such as 2us or 1.5 ms",
    [FIELD_SIZE] = "a size such as 512m, 8g or 200 bytes",
    [FIELD_BYTES] = "a size such as 120, 200 bytes or 4kb",
    [FIELD_BITS] = "a bandwidth such as 10gbit or 500m/s",
    [FIELD_BYTE_RATE] = "a bandwidth such as 500m/s or 2gbit",
    [FIELD_RATE] = "a rate such as 500/s, 6k/s or 1.2m/min",
    [FIELD_PRICE] = "a price such as 0.34 or 0.34/h",
    [FIELD_DISTRIBUTION] =
        "a duration such as 40s, or { median, p99 }, { mean } or { from, to } of durations",
};

static const char *const range_texts[] = {
    [RANGE_ANY] = "",
    [RANGE_NOT_NEGATIVE] = ", at least 0",
    [RANGE_POSITIVE] = ", above 0",
    [RANGE_SHARE] = ", from 0 to 1",
};

static struct err wrong(const struct tree_node *node, enum err_code code, enum field_kind kind,
                        enum field_range range, struct note *note)
{
    return tree_expected(node, code, note, "%s%s", expected_texts[kind], range_texts[range]);
}

static bool is_in_range(double value, enum field_range range)
{
    switch (range) {
    case RANGE_ANY: return true;
    case RANGE_NOT_NEGATIVE: return value >= 0;
    case RANGE_POSITIVE: return value > 0;
    case RANGE_SHARE: return value >= 0 && value <= 1;
    }
    IMPOSSIBLE("range of field");
}

/* Kinds that are kept as integers: 64 bits first, whatever the field's own width. */
static struct err parse_integer(const char *text, enum field_kind kind, int64_t *out)
{
    if (kind == FIELD_DURATION)
        return quantity_duration(text, out);
    if (kind == FIELD_SIZE)
        return quantity_size(text, out);
    TRY(quantity_count(text, out));
    if (kind == FIELD_COUNT32 && *out > UINT32_MAX - 1)
        return (struct err){ ERR_BAD_VALUE_CODE };
    return OK;
}

static struct err parse_double(const char *text, enum field_kind kind, double *out)
{
    struct err e;
    int64_t integer = 0;
    switch (kind) {
    case FIELD_AMOUNT: return quantity_amount(text, out);
    case FIELD_SHARE: return quantity_share(text, out);
    case FIELD_RATE: return quantity_rate(text, out);
    case FIELD_PRICE: return quantity_price(text, out);
    case FIELD_BITS: return quantity_bits(text, out);
    case FIELD_BYTE_RATE:
        e = quantity_bits(text, out);
        *out /= 8;
        return e;
    case FIELD_DURATION_NS:
        e = quantity_duration(text, &integer);
        *out = (double)integer;
        return e;
    case FIELD_BYTES:
        if (!err_is(quantity_number(text, out)))
            return OK;
        e = quantity_size(text, &integer);
        *out = (double)integer;
        return e;
    case FIELD_NUMBER: return quantity_number(text, out);
    case FIELD_OTHER:
    case FIELD_TEXT:
    case FIELD_FLAG:
    case FIELD_COUNT:
    case FIELD_COUNT32:
    case FIELD_DURATION:
    case FIELD_SIZE:
    case FIELD_DISTRIBUTION:
    case FIELD_KIND_COUNT: break;
    }
    IMPOSSIBLE("kind of field that is a double");
}

static struct err read_integer(const struct tree_node *node, enum field_kind kind,
                               enum field_range range, void *out, struct note *note)
{
    int64_t value = 0;
    struct err e = parse_integer(node->text, kind, &value);
    if (err_is(e))
        return wrong(node, e.code, kind, range, note);
    if (!is_in_range((double)value, range) || (kind == FIELD_COUNT32 && value < 0))
        return wrong(node, ERR_BAD_VALUE_CODE, kind, range, note);
    if (kind == FIELD_COUNT32)
        *(uint32_t *)out = (uint32_t)value;
    else
        *(int64_t *)out = value;
    return OK;
}

static struct err read_double(const struct tree_node *node, enum field_kind kind,
                              enum field_range range, void *out, struct note *note)
{
    double value = 0;
    struct err e = parse_double(node->text, kind, &value);
    if (err_is(e))
        return wrong(node, e.code, kind, range, note);
    if (!is_in_range(value, range))
        return wrong(node, ERR_BAD_VALUE_CODE, kind, range, note);
    *(double *)out = value;
    return OK;
}

static struct err read_text(const struct tree_node *node, void *out, struct note *note)
{
    char **text = out;
    if (!*node->text)
        return wrong(node, ERR_BAD_VALUE_CODE, FIELD_TEXT, RANGE_ANY, note);
    mem_destroy(*text); /* the default */
    *text = mem_copy_text(node->text);
    return OK;
}

static struct err read_flag(const struct tree_node *node, void *out, struct note *note)
{
    bool yes = text_equal(node->text, "true");
    if (!yes && !text_equal(node->text, "false"))
        return wrong(node, ERR_BAD_VALUE_CODE, FIELD_FLAG, RANGE_ANY, note);
    *(bool *)out = yes;
    return OK;
}

/* { median, p99 }, { mean } or { from, to }: which keys are there says which kind it is. */
static struct err read_distribution_map(const struct tree_node *node, struct distribution *out,
                                        struct note *note)
{
    static const struct shape {
        enum distribution_kind kind;
        const char *low, *high;
    } shapes[] = { { DRAW_LOGNORMAL, "median", "p99" },
                   { DRAW_EXPONENTIAL, "mean", NULL },
                   { DRAW_UNIFORM, "from", "to" } };
    for (size_t i = 0; i < FIELDS_COUNT(shapes); i++) {
        const struct tree_node *low = tree_find(node, shapes[i].low), *high = NULL;
        if (shapes[i].high)
            high = tree_find(node, shapes[i].high);
        bool both = low && (high || !shapes[i].high);
        if (!both || node->count != (size_t)1 + (high != NULL))
            continue;
        struct distribution d = { .kind = shapes[i].kind };
        enum field_range range =
            d.kind == DRAW_UNIFORM ? RANGE_NOT_NEGATIVE : RANGE_POSITIVE; /* a logarithm, a mean */
        TRY(field_read(low, FIELD_DURATION, range, &d.low, note));
        d.high = d.low;
        if (high)
            TRY(field_read(high, FIELD_DURATION, range, &d.high, note));
        if (d.high < d.low)
            return tree_expected(high, ERR_BAD_VALUE_CODE, note, "at least '%s', which is '%s'",
                                 shapes[i].low, low->text);
        *out = d;
        return OK;
    }
    return wrong(node, ERR_BAD_VALUE_CODE, FIELD_DISTRIBUTION, RANGE_ANY, note);
}

static struct err read_distribution(const struct tree_node *node, struct distribution *out,
                                    struct note *note)
{
    if (node->kind == TREE_MAP)
        return read_distribution_map(node, out, note);
    time_ns value = 0;
    struct err e = { ERR_BAD_VALUE_CODE };
    if (node->kind == TREE_SCALAR)
        e = quantity_duration(node->text, &value);
    if (err_is(e))
        return wrong(node, e.code, FIELD_DISTRIBUTION, RANGE_ANY, note);
    *out = distribution_constant(value);
    return OK;
}

struct err field_read(const struct tree_node *node, enum field_kind kind, enum field_range range,
                      void *out, struct note *note)
{
    CHECK(kind != FIELD_OTHER);
    if (kind == FIELD_DISTRIBUTION)
        return read_distribution(node, out, note);
    if (node->kind != TREE_SCALAR)
        return wrong(node, ERR_BAD_VALUE_CODE, kind, range, note);
    switch (kind) {
    case FIELD_TEXT: return read_text(node, out, note);
    case FIELD_FLAG: return read_flag(node, out, note);
    case FIELD_COUNT:
    case FIELD_COUNT32:
    case FIELD_DURATION:
    case FIELD_SIZE: return read_integer(node, kind, range, out, note);
    case FIELD_NUMBER:
    case FIELD_AMOUNT:
    case FIELD_SHARE:
    case FIELD_DURATION_NS:
    case FIELD_BYTES:
    case FIELD_BITS:
    case FIELD_BYTE_RATE:
    case FIELD_RATE:
    case FIELD_PRICE: return read_double(node, kind, range, out, note);
    case FIELD_OTHER:
    case FIELD_DISTRIBUTION:
    case FIELD_KIND_COUNT: break;
    }
    IMPOSSIBLE("kind of field");
}

/* "one of a, b and c", cut when there are too many. */
static void list_words(const char *const *words, size_t count, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *between = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        used += text_format(out + used, size - used, "%s%s", between, words[i]);
    }
}

static struct err unknown_key(const struct tree_node *node, const struct field *fields,
                              size_t count, struct note *note)
{
    const char *keys[WORDS_MAX];
    char list[WORD_LIST_LENGTH_MAX];
    CHECK(count <= WORDS_MAX);
    for (size_t i = 0; i < count; i++)
        keys[i] = fields[i].key;
    char hint[FIELD_HINT_MAX];
    if (*field_hint(hint, node->key, keys, count))
        return tree_error(node, ERR_UNKNOWN_KEY_CODE, note,
                          "found an unknown key, expected a known one%s", hint);
    list_words(keys, count, list, sizeof list);
    return tree_error(node, ERR_UNKNOWN_KEY_CODE, note, "found an unknown key, expected %s", list);
}

struct err fields_read(const struct tree_node *map, const struct field *fields, size_t count,
                       void *out, struct note *note)
{
    TRY(field_need(map, TREE_MAP, "a map", note));
    for (const struct tree_node *node = map->first; node; node = node->next) {
        size_t i = 0;
        while (i < count && !text_equal(fields[i].key, node->key))
            i++;
        if (i == count)
            return unknown_key(node, fields, count, note);
        if (fields[i].kind != FIELD_OTHER && node->kind != TREE_NULL)
            TRY(field_read(node, fields[i].kind, fields[i].range, (char *)out + fields[i].offset,
                           note));
    }
    return OK;
}

struct err field_read_word(const struct tree_node *node, const char *what, const char *const *words,
                           size_t count, size_t *out, struct note *note)
{
    CHECK(count > 0);
    char list[WORD_LIST_LENGTH_MAX];
    for (size_t i = 0; node->kind == TREE_SCALAR && i < count; i++) {
        if (text_equal(node->text, words[i])) {
            *out = i;
            return OK;
        }
    }
    char hint[FIELD_HINT_MAX];
    if (node->kind == TREE_SCALAR && *field_hint(hint, node->text, words, count))
        return tree_expected(node, ERR_BAD_VALUE_CODE, note, "%s%s", what, hint);
    list_words(words, count, list, sizeof list);
    return tree_expected(node, ERR_BAD_VALUE_CODE, note, "%s: %s", what, list);
}

const char *field_hint(char out[FIELD_HINT_MAX], const char *word, const char *const *known,
                       size_t count)
{
    const char *nearest = text_nearest(word, known, count);
    out[0] = '\0';
    if (nearest)
        text_format(out, FIELD_HINT_MAX, ", did you mean '%.*s'?", 80, nearest);
    return out;
}

struct err field_need(const struct tree_node *node, enum tree_kind kind, const char *expected,
                      struct note *note)
{
    if (node->kind != kind)
        return tree_expected(node, ERR_BAD_VALUE_CODE, note, "%s", expected);
    return OK;
}

struct err field_need_child(const struct tree_node *map, const char *key,
                            const struct tree_node **out, struct note *note)
{
    *out = field_child(map, key);
    if (!*out)
        return tree_error(map, ERR_MISSING_CODE, note, "found no '%s', expected one", key);
    return OK;
}

const struct tree_node *field_child(const struct tree_node *map, const char *key)
{
    const struct tree_node *node = tree_find(map, key);
    return node && node->kind != TREE_NULL ? node : NULL;
}
