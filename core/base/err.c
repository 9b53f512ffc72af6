/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts and categories of errors, and the notes that go with them.
 */
#include "core/base/err.h"

#include <stdarg.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"

#define X(code, category, text) { ERR_##category, text },
static const struct {
    enum err_category category;
    const char *text;
} err_table[] = { ERR_CODES(X) };
#undef X

enum err_category err_category(struct err e)
{
    CHECK(e.code < ERR_CODE_COUNT);
    return err_table[e.code].category;
}

const char *err_text(struct err e)
{
    CHECK(e.code < ERR_CODE_COUNT);
    return err_table[e.code].text;
}

struct err err_note(struct note *note, enum err_code code, const char *fmt, ...)
{
    CHECK(code != ERR_OK_CODE);
    CHECK(code < ERR_CODE_COUNT);
    if (note) {
        va_list args;
        va_start(args, fmt);
        text_format_args(note->text, sizeof note->text, fmt, args);
        va_end(args);
    }
    return (struct err){ code };
}

struct err err_prefix(struct note *note, struct err e, const char *fmt, ...)
{
    if (!note || !err_is(e))
        return e;
    struct note old = *note; /* the prefix is written over it; arguments must not point into it */
    va_list args;
    va_start(args, fmt);
    size_t length = text_format_args(note->text, sizeof note->text, fmt, args);
    va_end(args);
    if (length < sizeof note->text)
        text_format(note->text + length, sizeof note->text - length, ": %s", old.text);
    return e;
}
