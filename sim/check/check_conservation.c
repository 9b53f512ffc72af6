/* SPDX-License-Identifier: Apache-2.0
 *
 * The data plane's own books: what was served is what the sources moved on by plus what they were
 * set back by, each partition is counted once, nothing carries more than it can.
 */
#include "sim/check/checker.h"

static void look_at_books(struct checker *checker, time_ns at)
{
    struct note note = { "" };
    if (err_is(checker->look->conservation(checker->look->context, &note)))
        checker_complain(checker, at, "%s", note.text);
}

const struct checker_row checker_conservation = {
    .name = "conservation",
    .invariant = "exactly-once",
    .thorough = look_at_books,
};
