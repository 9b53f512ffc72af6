/* SPDX-License-Identifier: Apache-2.0
 *
 * Sentences out of paragraphs.
 */
#include "tests/lib/told_words.h"

#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "tests/lib/command_line.h"

void told_unwrap(char *text)
{
    size_t kept = 0;
    for (char *p = text; *p; p++)
        if ((*p != ' ' && *p != '\n') || (kept > 0 && text[kept - 1] != ' '))
            text[kept++] = *p == '\n' ? ' ' : *p;
    text[kept] = '\0';
}

void told_chapters(const struct narrative *narrative, bool sum_up, char *out, size_t size)
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    if (sum_up)
        narrative_sum_up(narrative, file);
    for (VEC_EACH(const struct chapter, chapter, &narrative->chapters))
        narrative_tell(narrative, chapter, file);
    rewind(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    fclose(file);
    told_unwrap(out);
}

const char *told_of_run(const char *scenario, const char *more)
{
    static char out[CLI_TEXT_SIZE];
    char explain[256];
    text_format(explain, sizeof explain, "explain @/o %s", more);
    cli_put_file("scenario.yaml", scenario);
    ck_assert_int_eq(cli_weir("run @/scenario.yaml --out @/o --no-plots"), 0);
    ck_assert_int_eq(cli_weir(explain), 0);
    text_format(out, sizeof out, "%s", cli_out());
    told_unwrap(out);
    return out;
}

void must_tell(const char *told, const char *words)
{
    ck_assert_msg(strstr(told, words) != NULL, "found no '%s' in: %s", words, told);
}

void must_not_tell(const char *told, const char *words)
{
    ck_assert_msg(strstr(told, words) == NULL, "found '%s' in: %s", words, told);
}
