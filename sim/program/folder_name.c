/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks at each letter once.
 */
#include "sim/program/folder_name.h"

#include <stdbool.h>
#include <stdint.h>

/* Spaces, and what shows nothing or turns the order of letters around: control characters, soft
 * hyphen, general punctuation, ideographic space, halves of pairs, marks of byte order, tags. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    { 0x80, 0xa0 },     { 0xad, 0xad },     { 0x2000, 0x206f }, { 0x3000, 0x3000 },
    { 0xd800, 0xdfff }, { 0xfeff, 0xfeff }, { 0xfff0, 0xffff }, { 0xe0000, 0xe0fff },
};

static bool stays(uint32_t letter)
{
    if (letter < 0x80)
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        if (letter >= unseen[i].first && letter <= unseen[i].last)
            return false;
    return letter <= 0x10ffff;
}

size_t folder_name_letter(const char *text)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 }; /* of so many bytes */
    const unsigned char *bytes = (const unsigned char *)text;
    if (bytes[0] >= 0xf8 || (bytes[0] & 0xc0) == 0x80)
        return 0;
    size_t size = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : bytes[0] >= 0xc0 ? 2 : 1;
    uint32_t letter = size == 1 ? bytes[0] : bytes[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        letter = letter << 6 | (bytes[i] & 0x3f);
    }
    return letter >= least[size] && stays(letter) ? size : 0;
}

static size_t put_byte(char byte, char *out, size_t size, size_t at)
{
    if (at < size)
        out[at] = byte;
    return at + 1;
}

size_t folder_name_put(const char *name, char *out, size_t size, size_t at)
{
    static const char digits[] = "0123456789ABCDEF";
    while (*name) {
        size_t letter = folder_name_letter(name);
        if (letter == 0) {
            unsigned byte = (unsigned char)*name++;
            at = put_byte('%', out, size, at);
            at = put_byte(digits[byte >> 4], out, size, at);
            at = put_byte(digits[byte & 15], out, size, at);
        }
        for (; letter > 0; letter--)
            at = put_byte(*name++, out, size, at);
    }
    return at;
}
