/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks at each byte once; texts are UTF-8 but for a last letter that may have been cut.
 */
#include "sim/report/shown_text.h"

#include <stddef.h>
#include <string.h>

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
