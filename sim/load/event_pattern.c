/* SPDX-License-Identifier: Apache-2.0
 *
 * Matching without building the line's text: the line is a row of pieces, read letter by letter.
 */
#include "sim/load/event_pattern.h"

#include <stddef.h>

#include "core/base/check.h"

enum { PIECES_MAX = 5 };

/* The texts that, one behind the other, are one way to write the line. */
struct pieces {
    const char *piece[PIECES_MAX + 1]; /* ends with null */
};

struct place {
    size_t piece;
    const char *letter;
};

static struct place skip_ended(const struct pieces *line, struct place at)
{
    while (line->piece[at.piece] && !*at.letter) {
        at.piece++;
        at.letter = line->piece[at.piece];
    }
    return at;
}

/* The usual matching with one place to go back to: the last star and what it has taken so far. */
static bool matches(const char *pattern, const struct pieces *line)
{
    struct place at = skip_ended(line, (struct place){ 0, line->piece[0] }), resume = at;
    const char *star = NULL;
    while (line->piece[at.piece]) {
        if (*pattern == '*') {
            star = ++pattern;
            resume = at;
        } else if (*pattern == *at.letter) {
            pattern++;
            at.letter++;
        } else if (star) {
            pattern = star;
            resume.letter++;
            at = resume = skip_ended(line, resume);
        } else {
            return false;
        }
        at = skip_ended(line, at);
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

bool event_pattern_matches(const char *pattern, const char *machine, const char *what,
                           const char *from, const char *to)
{
    CHECK(machine != NULL);
    if (!to)
        return matches(pattern, &(struct pieces){ { what } }) ||
               matches(pattern, &(struct pieces){ { machine, " ", what } });
    return matches(pattern, &(struct pieces){ { to } }) ||
           matches(pattern, &(struct pieces){ { machine, " ", to } }) ||
           matches(pattern, &(struct pieces){ { from, " -> ", to } }) ||
           matches(pattern, &(struct pieces){ { machine, " ", from, " -> ", to } });
}
