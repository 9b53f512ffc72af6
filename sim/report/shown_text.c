/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks at each byte once; texts are UTF-8 but for a last letter that may have been cut.
 */
#include "sim/report/shown_text.h"

#include <string.h>

#include "sim/report/font_letters.h"

/* Widths of ' ' to '~' in DejaVu Sans, the pictures' font, in hundredths of its size. A letter, as
 * a measure, is as wide as a digit. */
static const unsigned char widths[] = {
    32, 40, 46, 84, 64, 95, 78, 27, 39,  39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79,
    60, 79, 69, 63, 61, 73, 68, 99, 69,  61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63,
    63, 28, 28, 58, 28, 97, 63, 61, 63,  63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84
};
#define WIDTH_OF_LETTER  64.0
#define WIDTH_OF_LACKING 100.0

/* Bytes of a letter that begins so. */
static size_t letter_size(unsigned char first)
{
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

static void drop_half_letter(char *text)
{
    size_t length = strlen(text), tail = 0;
    while (tail < length && ((unsigned char)text[length - 1 - tail] & 0xc0) == 0x80)
        tail++;
    if (tail == length)
        text[0] = '\0'; /* nothing begins a letter, or there is nothing */
    else if (letter_size((unsigned char)text[length - 1 - tail]) > tail + 1)
        text[length - 1 - tail] = '\0';
}

void shown_text_clean(char *text)
{
    drop_half_letter(text);
    for (char *p = text; *p; p++) {
        if (*p == '>' && p - text >= 2 && p[-1] == ']' && p[-2] == ']')
            *p = ')';
        else if (((unsigned char)*p < ' ' && *p != '\n') || *p == 0x7f)
            *p = '?';
    }
}

double shown_text_letters(const char *text, size_t length)
{
    double width = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= ' ' && c <= '~')
            width += widths[c - ' '];
        else if ((c & 0xc0) != 0x80) { /* what goes on with a letter has been counted */
            bool lacking;
            font_letter(text + i, &lacking);
            width += lacking ? WIDTH_OF_LACKING : WIDTH_OF_LETTER;
        }
    }
    return width / WIDTH_OF_LETTER;
}
