/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines get their sequence numbers here.
 */
#include "tests/lib/written_log.h"

#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/report/causes.h"
#include "tests/lib/load_fixture.h"

enum { LOG_SIZE = 16384 };

static char text[LOG_SIZE];
static size_t length;
static int64_t seq;

void written_log_begin(void)
{
    length = 0;
    seq = 0;
}

void written_log_line(const char *at, const char *node, const char *machine, const char *rest)
{
    length += text_format(text + length, sizeof text - length,
                          "{\"t\":%s,\"seq\":%lld,\"node\":\"%s\",\"machine\":\"%s\",%s}\n", at,
                          (long long)++seq, node, machine, rest);
}

void written_log_cut(const char *start)
{
    char *from = strstr(text, start);
    ck_assert_ptr_nonnull(from);
    *from = '\0';
    length = (size_t)(from - text);
}

void written_log_read(struct run_log *out)
{
    struct note note = { "" };
    struct err e = run_log_read(out, load_fixture_file("events.jsonl", text), &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
}

size_t written_log_place(const struct run_log *log, const char *pattern, size_t nth)
{
    for (size_t i = 0; i < log->entries.count; i++)
        if (run_log_fits(&log->entries.items[i], pattern) && nth-- == 0)
            return i;
    ck_abort_msg("no line fits %s", pattern);
}

const char *written_log_chain(const struct run_log *log, const char *pattern, size_t nth)
{
    static char out[256];
    struct cause_chain chain;
    size_t at = 0;
    causes_of(log, written_log_place(log, pattern, nth), &chain);
    for (size_t i = 0; i < chain.count; i++)
        at += text_format(out + at, sizeof out - at, "%s%lld", i ? " " : "",
                          (long long)log->entries.items[chain.place[i]].seq);
    return out;
}
