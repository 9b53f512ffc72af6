/* SPDX-License-Identifier: Apache-2.0
 *
 * Takes letters from both ends by turns until the room is full. Whole letters of UTF-8.
 */
#include "sim/report/shown_name.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/report/shown_text.h"

double shown_name_letters(const char *name)
{
    return shown_text_letters(name, strlen(name));
}

static bool goes_on(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

void shown_name_fit(const char *name, double room, char out[SHOWN_NAME_SIZE])
{
    size_t head = 0, tail = strlen(name); /* what stays: up to the one, from the other on */
    CHECK(room <= SHOWN_NAME_LETTERS);
    if (shown_name_letters(name) <= room) {
        text_format(out, SHOWN_NAME_SIZE, "%s", name);
        return;
    }
    double left = room - 1; /* "…" */
    for (bool front = true;; front = !front) {
        size_t from = front ? head : tail - 1, to = front ? head + 1 : tail;
        while (front && to < tail && goes_on(name[to]))
            to++;
        while (!front && from > head && goes_on(name[from]))
            from--;
        left -= shown_text_letters(name + from, to - from);
        if (left < 0)
            break;
        head = front ? to : head;
        tail = front ? tail : from;
    }
    text_format(out, SHOWN_NAME_SIZE, "%.*s…%s", (int)head, name, name + tail);
}

void shown_names_tell_apart(char (*names)[SHOWN_NAME_SIZE], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char own[SHOWN_NAME_SIZE], name[SHOWN_NAME_SIZE];
        bool is_double = false;
        text_format(own, sizeof own, "%s", names[i]);
        for (size_t j = i + 1; j < count; j++) {
            if (!text_equal(names[j], own))
                continue;
            is_double = true;
            text_format(name, sizeof name, "%zu: %s", j + 1, own);
            text_format(names[j], SHOWN_NAME_SIZE, "%s", name);
        }
        if (is_double)
            text_format(names[i], SHOWN_NAME_SIZE, "%zu: %s", i + 1, own);
    }
}
