/* SPDX-License-Identifier: Apache-2.0
 *
 * One line per entry, oldest first; concurrent failures stand below their root, the parallelism of
 * a rescale behind its trigger. In: summary.json as sim/report/summary.c writes it.
 */
#include "sim/cli/histories.h"

#include <math.h>

#include "core/base/text.h"
#include "sim/cli/narrative.h"
#include "sim/cli/terminal.h"
#include "sim/report/json_figure.h"
#include "sim/report/number_text.h"

enum { LINE_SIZE = 600, PART_SIZE = 200 };

struct telling {
    time_ns duration;
    FILE *file;
};

static void put_moment(const struct telling *telling, const json_t *object, const char *key,
                       char out[NUMBER_TEXT_SIZE])
{
    double seconds = json_number_value(json_object_get(object, key));
    number_text_moment((time_ns)floor(seconds * (double)TIME_S + 0.5), telling->duration, out);
}

/* "302 s  count (3) on tm2: TimeoutException: heartbeat of a TaskManager timed out" */
static void put_exception(const struct telling *telling, const json_t *one, const char *indent)
{
    char at[NUMBER_TEXT_SIZE], where[PART_SIZE] = "the job", text[LINE_SIZE];
    const char *host = json_text(one, "task_manager"), *remote = json_text(one, "remote");
    put_moment(telling, one, "at_s", at);
    if (json_is_string(json_object_get(one, "vertex")))
        text_format(where, sizeof where, "%s (%lld)%s%s", json_text(one, "vertex"),
                    (long long)json_integer_value(json_object_get(one, "subtask")),
                    *host ? " on " : "", host);
    text_format(text, sizeof text, "%s  %s: %s: %s%s%s%s", at, where, json_text(one, "exception"),
                json_text(one, "text"), *remote ? " (" : "", remote, *remote ? ")" : "");
    terminal_put_wrapped(text, indent, telling->file);
}

static void put_title(const struct telling *telling, const char *what, const json_t *job,
                      const char *more)
{
    char text[LINE_SIZE];
    text_format(text, sizeof text, "%s history of %s%s:", what, json_text(job, "name"), more);
    fputc('\n', telling->file);
    terminal_put_wrapped(text, "", telling->file);
}

static void put_exceptions(const struct telling *telling, const json_t *job)
{
    size_t i, k;
    const json_t *root, *with, *roots = json_object_get(job, "exceptions");
    bool truncated = json_is_true(json_object_get(job, "exceptions_truncated"));
    if (json_array_size(roots) == 0)
        return;
    put_title(telling, "Exception", job,
              truncated ? ", older ones dropped (web.exception-history-size)" : "");
    json_array_foreach(roots, i, root)
    {
        put_exception(telling, root, "  ");
        json_array_foreach(json_object_get(root, "concurrent"), k, with)
        {
            put_exception(telling, with, "    with  ");
        }
    }
}

static void put_number(const json_t *numbers, const char *key, char out[NUMBER_TEXT_SIZE])
{
    const json_t *value = json_object_get(numbers, key);
    if (json_is_integer(value))
        text_format(out, NUMBER_TEXT_SIZE, "%lld", (long long)json_integer_value(value));
    else
        text_format(out, NUMBER_TEXT_SIZE, "none");
}

/* "count: desired 8, sufficient 2, before 4, acquired 6" */
static void put_parallelism(const struct telling *telling, const json_t *vertex)
{
    char least[NUMBER_TEXT_SIZE], most[NUMBER_TEXT_SIZE], before[NUMBER_TEXT_SIZE];
    char acquired[NUMBER_TEXT_SIZE], text[LINE_SIZE];
    put_number(vertex, "sufficient", least);
    put_number(vertex, "desired", most);
    put_number(vertex, "before", before);
    put_number(vertex, "acquired", acquired);
    text_format(text, sizeof text, "%s: desired %s, sufficient %s, before %s, acquired %s",
                json_text(vertex, "name"), most, least, before, acquired);
    terminal_put_wrapped(text, "      ", telling->file);
}

static void put_rescales(const struct telling *telling, const json_t *job)
{
    size_t i, v;
    const json_t *one, *vertex, *all = json_object_get(job, "rescale_history");
    if (json_array_size(all) == 0)
        return;
    put_title(telling, "Rescale", job, "");
    json_array_foreach(all, i, one)
    {
        char from[NUMBER_TEXT_SIZE], to[NUMBER_TEXT_SIZE] = "...", text[LINE_SIZE];
        const char *reason = json_text(one, "reason");
        put_moment(telling, one, "started_s", from);
        if (json_is_number(json_object_get(one, "ended_s")))
            put_moment(telling, one, "ended_s", to);
        text_format(text, sizeof text, "%s to %s  %s: %s%s%s", from, to, json_text(one, "trigger"),
                    json_text(one, "state"), *reason ? ", " : "", reason);
        terminal_put_wrapped(text, "  ", telling->file);
        json_array_foreach(json_object_get(one, "vertices"), v, vertex)
        {
            put_parallelism(telling, vertex);
        }
    }
}

void histories_tell(const json_t *summary, time_ns duration, FILE *file)
{
    const struct telling telling = { duration, file };
    size_t j;
    const json_t *job;
    json_array_foreach(json_object_get(summary, "jobs"), j, job)
    {
        put_exceptions(&telling, job);
        put_rescales(&telling, job);
    }
}
