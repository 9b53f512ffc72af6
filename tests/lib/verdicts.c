/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks for the verdict on every invariant.
 */
#include "tests/lib/verdicts.h"

#include <check.h>
#include <string.h>

#include "core/base/text.h"

void verdicts_must_hold(const struct checkers *checkers)
{
    for (size_t i = 0; i < invariant_count; i++) {
        struct check_result result = { .held = false };
        checkers_judge(checkers, invariant_rows[i].name, &result);
        ck_assert_msg(result.held, "%s: %s", invariant_rows[i].name, result.detail);
    }
}

void verdicts_must_break(const struct checkers *checkers, const char *invariant, const char *words)
{
    for (size_t i = 0; i < invariant_count; i++) {
        struct check_result result = { .held = false };
        checkers_judge(checkers, invariant_rows[i].name, &result);
        bool expected = text_equal(invariant_rows[i].name, invariant);
        ck_assert_msg(result.held != expected, "%s: %s", invariant_rows[i].name, result.detail);
        if (expected)
            ck_assert_msg(strstr(result.detail, words) != NULL, "%s", result.detail);
    }
}
