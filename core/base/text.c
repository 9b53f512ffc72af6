/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounded formatting and the nearest word. Integers only: doubles are printed by the world.
 */
#include "core/base/text.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "core/base/check.h"

enum { WORD_LENGTH_MAX = 96 };

/* Where text goes: length + 1 <= size always, so there is room for the terminating zero. What does
 * not fit is dropped silently: these are lines for people, and a cut line beats none. */
struct sink {
    char *out;
    size_t size, length;
};

static void sink_put(struct sink *s, char c)
{
    if (s->length + 1 < s->size)
        s->out[s->length++] = c;
}

static void sink_put_padded(struct sink *s, const char *text, unsigned width, bool to_left)
{
    size_t length = strlen(text);
    size_t blanks = length < width ? width - length : 0;
    for (size_t i = 0; !to_left && i < blanks; i++)
        sink_put(s, ' ');
    for (size_t i = 0; i < length; i++)
        sink_put(s, text[i]);
    for (size_t i = 0; to_left && i < blanks; i++)
        sink_put(s, ' ');
}

/* The sign counts into the width; with zeros it stands before them, with blanks behind. */
static void sink_put_number(struct sink *s, uint64_t value, bool negative, unsigned base,
                            unsigned width, bool zeros)
{
    char digits[24]; /* 20 are the most: 2^64 in tens */
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    unsigned used = count + negative;
    if (negative && zeros)
        sink_put(s, '-');
    for (; used < width; used++)
        sink_put(s, zeros ? '0' : ' ');
    if (negative && !zeros)
        sink_put(s, '-');
    while (count)
        sink_put(s, digits[--count]);
}

enum length_modifier { LENGTH_INT, LENGTH_LONG, LENGTH_LONG_LONG, LENGTH_SIZE };

/* A va_list by pointer, because the caller goes on with it (C11 7.16: passing it by value would
 * leave it undetermined). */
static int64_t take_signed(va_list *args, enum length_modifier length)
{
    switch (length) {
    case LENGTH_INT: return va_arg(*args, int);
    case LENGTH_LONG: return va_arg(*args, long);
    case LENGTH_LONG_LONG: return va_arg(*args, long long);
    case LENGTH_SIZE: return (int64_t)va_arg(*args, size_t);
    }
    IMPOSSIBLE("length modifier");
}

static uint64_t take_unsigned(va_list *args, enum length_modifier length)
{
    switch (length) {
    case LENGTH_INT: return va_arg(*args, unsigned);
    case LENGTH_LONG: return va_arg(*args, unsigned long);
    case LENGTH_LONG_LONG: return va_arg(*args, unsigned long long);
    case LENGTH_SIZE: return va_arg(*args, size_t);
    }
    IMPOSSIBLE("length modifier");
}

/* One conversion, p just behind its '%'; returns the place behind it. */
static const char *format_one(struct sink *s, const char *p, va_list *args)
{
    bool zeros = *p == '0', to_left = *p == '-';
    if (to_left)
        p++;
    unsigned width = 0;
    while (*p >= '0' && *p <= '9')
        width = width * 10 + (unsigned)(*p++ - '0');
    if (p[0] == '.' && p[1] == '*') {
        CHECK(p[2] == 's');
        int length = va_arg(*args, int);
        const char *text = va_arg(*args, const char *);
        CHECK(length >= 0);
        for (; length > 0 && *text; length--) /* the length is the most, the text may end before */
            sink_put(s, *text++);
        return p + 3;
    }
    enum length_modifier length = LENGTH_INT;
    for (; *p == 'l'; p++)
        length = length == LENGTH_INT ? LENGTH_LONG : LENGTH_LONG_LONG;
    if (*p == 'z') {
        length = LENGTH_SIZE;
        p++;
    }
    switch (*p) {
    case 's': {
        const char *text = va_arg(*args, const char *);
        sink_put_padded(s, text, width, to_left);
        break;
    }
    case 'c': sink_put(s, (char)va_arg(*args, int)); break;
    case '%': sink_put(s, '%'); break;
    case 'd': {
        int64_t value = take_signed(args, length);
        uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        sink_put_number(s, size, value < 0, 10, width, zeros);
        break;
    }
    case 'u': sink_put_number(s, take_unsigned(args, length), false, 10, width, zeros); break;
    case 'x': sink_put_number(s, take_unsigned(args, length), false, 16, width, zeros); break;
    default: IMPOSSIBLE("conversion that text_format does not know");
    }
    return p + 1;
}

size_t text_format_args(char *out, size_t size, const char *fmt, va_list args)
{
    CHECK(size > 0);
    struct sink s = { out, size, 0 };
    /* A va_list parameter may be an array type, whose address is not that of a va_list; a copy's
     * is. */
    va_list copy;
    va_copy(copy, args);
    for (const char *p = fmt; *p;) {
        if (*p == '%')
            p = format_one(&s, p + 1, &copy);
        else
            sink_put(&s, *p++);
    }
    va_end(copy);
    out[s.length] = '\0';
    return s.length;
}

size_t text_format(char *out, size_t size, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    size_t length = text_format_args(out, size, fmt, args);
    va_end(args);
    return length;
}

bool text_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

char text_lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edit distance with neighbouring swaps (optimal string alignment), three rows at a time. */
static unsigned edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][WORD_LENGTH_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        above[j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned differs = a[i - 1] != b[j - 1];
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + differs);
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        unsigned *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_length];
}

unsigned text_distance(const char *a, const char *b)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > WORD_LENGTH_MAX || b_length > WORD_LENGTH_MAX)
        return UINT_MAX;
    return edit_distance(a, a_length, b, b_length);
}

const char *text_nearest(const char *word, const char *const *known, size_t count)
{
    size_t length = strlen(word);
    if (length > WORD_LENGTH_MAX)
        return NULL;
    const char *nearest = NULL;
    unsigned best = (unsigned)(length / 3) + 1;
    if (best < 2)
        best = 2;
    for (size_t i = 0; i < count; i++) {
        size_t known_length = strlen(known[i]);
        if (known_length > WORD_LENGTH_MAX)
            continue;
        unsigned distance = edit_distance(word, length, known[i], known_length);
        if (distance < best) {
            best = distance;
            nearest = known[i];
        }
    }
    for (size_t i = 0; i < count && !nearest && length > 0; i++)
        if (strlen(known[i]) > length && memcmp(known[i], word, length) == 0 &&
            known[i][length] == '_')
            nearest = known[i];
    return nearest;
}
