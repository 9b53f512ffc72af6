/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs one calculator over a text in memory, for tests.
 */
#include "tests/lib/calc_run.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/calc.h"

int calc_run(const char *name, const char *input, char *output, size_t size)
{
    for (size_t i = 0; i < calc_row_count; i++) {
        if (!text_equal(calc_rows[i]->name, name))
            continue;
        FILE *out = tmpfile(), *errors = tmpfile();
        ck_assert(out && errors);
        int code = calc_answer(calc_rows[i], input, strlen(input), out, errors);
        rewind(out);
        size_t length = fread(output, 1, size - 1, out);
        output[length] = '\0';
        ck_assert_uint_lt(length, size - 1);
        fclose(out);
        fclose(errors);
        return code;
    }
    ck_abort_msg("no calculator %s", name);
}

static char output[1 << 20];

void calc_answers(const char *name, const char *input, const char *expected)
{
    ck_assert_int_eq(calc_run(name, input, output, sizeof output), 0);
    output[strlen(output) - 1] = '\0'; /* the line's end */
    ck_assert_str_eq(output, expected);
}

void calc_refuses(const char *name, const char *input, const char *text)
{
    ck_assert_int_eq(calc_run(name, input, output, sizeof output), 2);
    ck_assert_msg(strncmp(output, "{\"error\": \"", 11) == 0 && strstr(output, text),
                  "%s: %s without '%s'", input, output, text);
}
