/* SPDX-License-Identifier: Apache-2.0
 *
 * Letters of DejaVu Sans 2.37, the blocks that people write in and that it has whole.
 */
#include "sim/report/font_letters.h"

#include <stdint.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

static const struct {
    uint32_t from, to;
} had[] = {
    { 0x1, 0x7f },      { 0xa0, 0x2e9 },    { 0x300, 0x34f },   { 0x370, 0x377 },
    { 0x37a, 0x37f },   { 0x384, 0x38a },   { 0x38c, 0x38c },   { 0x38e, 0x3a1 },
    { 0x3a3, 0x525 },   { 0x531, 0x556 },   { 0x559, 0x55f },   { 0x561, 0x587 },
    { 0x5d0, 0x5ea },   { 0x621, 0x63a },   { 0x640, 0x655 },   { 0x660, 0x670 },
    { 0x10d0, 0x10fc }, { 0x1e00, 0x1efb }, { 0x2000, 0x2064 }, { 0x2070, 0x2071 },
    { 0x2074, 0x208e }, { 0x20a0, 0x20b5 }, { 0x2100, 0x2109 }, { 0x210b, 0x2149 },
    { 0x2150, 0x2185 }, { 0x2190, 0x2311 }, { 0x2500, 0x269c }, { 0x2701, 0x2704 },
    { 0x2706, 0x2709 }, { 0x270c, 0x2727 }, { 0x2729, 0x274b }, { 0x2761, 0x2794 },
    { 0x2798, 0x27af }, { 0xfe00, 0xfe0f },
};

static const char box[] = "\u25a1";

size_t font_letter(const char *text, bool *lacking)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t size = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc0 ? 2 : 1;
    uint32_t letter = size == 1 ? *p : *p & (0x7fu >> size);
    *lacking = false;
    if (*p == '\0')
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            *lacking = true;
            return i;
        }
        letter = letter << 6 | (p[i] & 0x3f);
    }
    for (size_t i = 0; i < sizeof had / sizeof *had; i++)
        if (letter >= had[i].from && letter <= had[i].to)
            return size;
    *lacking = true;
    return size;
}

char *font_text_create(const char *text)
{
    char *out = mem_create(strlen(text) * (sizeof box - 1) + 1);
    size_t length = 0, size;
    bool lacking;
    for (; (size = font_letter(text, &lacking)) > 0; text += size) {
        size_t added = lacking ? sizeof box - 1 : size;
        memcpy(out + length, lacking ? box : text, added);
        length += added;
    }
    out[length] = '\0';
    return out;
}

void font_add_lacking(const char *text, char *letters, size_t size)
{
    char letter[8];
    size_t bytes;
    bool lacking;
    for (; (bytes = font_letter(text, &lacking)) > 0; text += bytes) {
        text_format(letter, sizeof letter, "%.*s", (int)bytes, text);
        size_t length = strlen(letters);
        if (lacking && !strstr(letters, letter) && length + bytes < size)
            text_format(letters + length, size - length, "%s", letter);
    }
}
