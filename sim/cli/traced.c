/* SPDX-License-Identifier: Apache-2.0
 *
 * Line by line, with the task's attempt and the checkpoint that it was last part of.
 */
#include "sim/cli/traced.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/load/input_file.h"
#include "sim/report/json_figure.h"
#include "sim/report/number_text.h"
#include "sim/report/output_dir.h"

enum { LINES_SHOWN = 200 };

static long long number_of(const json_t *line, const char *key)
{
    return (long long)json_integer_value(json_object_get(line, key));
}

static void tell_record(const json_t *line, FILE *file)
{
    bool makes = text_equal(json_text(line, "what"), "makes");
    fputs(makes ? " makes" : " takes", file);
    if (json_object_get(line, "record"))
        fprintf(file, " record %lld of source %lld", number_of(line, "record"),
                number_of(line, "source"));
    else
        fputs(" a record", file);
    if (json_object_get(line, "timestamp"))
        fprintf(file, " of time %lld", number_of(line, "timestamp"));
    if (json_object_get(line, "from"))
        fprintf(file, " from %s/%lld", json_text(line, "from"), number_of(line, "from_subtask"));
    fputs(json_is_true(json_object_get(line, "replayed")) ? ", again" : "", file);
}

static void tell_state(const json_t *line, FILE *file)
{
    fprintf(file, " holds %lld records of it, after %lld; digest %s, after %s",
            number_of(line, "records"), number_of(line, "records_before"),
            json_text(line, "digest"), json_text(line, "digest_before"));
}

static void tell_line(const json_t *line, time_ns duration, FILE *file)
{
    char at[NUMBER_TEXT_SIZE];
    double seconds = json_number_value(json_object_get(line, "t"));
    number_text_moment((time_ns)floor(seconds * (double)TIME_S + 0.5), duration, at);
    fprintf(file, "  %s  %s/%lld, attempt %lld", at, json_text(line, "vertex"),
            number_of(line, "subtask"), number_of(line, "attempt"));
    if (number_of(line, "epoch") > 0)
        fprintf(file, ", behind checkpoint %lld", number_of(line, "epoch"));
    if (!text_equal(json_text(line, "vertex"), json_text(line, "operator")))
        fprintf(file, ", %s", json_text(line, "operator"));
    fputc(':', file);
    if (text_equal(json_text(line, "what"), "state"))
        tell_state(line, file);
    else
        tell_record(line, file);
}

/* Lines that say the same at the same instant are told once. */
struct telling {
    json_t *last;
    size_t times, shown, left_out;
};

static void end_line(struct telling *telling, FILE *file)
{
    if (telling->last && telling->times > 1)
        fprintf(file, " (%zu times)", telling->times);
    if (telling->last)
        fputc('\n', file);
    json_decref(telling->last);
    telling->last = NULL;
}

static void tell(struct telling *telling, json_t *line, time_ns duration, bool all, FILE *file)
{
    if (telling->last && json_equal(telling->last, line)) {
        telling->times++;
        return;
    }
    if (!all && telling->shown == LINES_SHOWN) {
        telling->left_out++;
        return;
    }
    end_line(telling, file);
    tell_line(line, duration, file);
    telling->last = json_incref(line);
    telling->times = 1;
    telling->shown++;
}

static struct err tell_all(FILE *lines, const char *path, time_ns duration, bool all, FILE *file,
                           struct note *note)
{
    char *text = NULL;
    size_t size = 0, number = 0, taken = 0, again = 0;
    struct telling telling = { 0 };
    json_error_t fault;
    struct err e = OK;
    while (!err_is(e) && getline(&text, &size, lines) > 0) {
        json_t *line = json_loads(text, 0, &fault);
        number++;
        if (!json_is_object(line))
            e = err_note(note, ERR_SYNTAX_CODE, "%s:%zu: expected a line of a trace", path, number);
        else
            tell(&telling, line, duration, all, file);
        taken += line && text_equal(json_text(line, "what"), "takes");
        again += json_is_true(json_object_get(line, "replayed")) &&
                 text_equal(json_text(line, "what"), "takes");
        json_decref(line);
    }
    free(text);
    end_line(&telling, file);
    if (err_is(e))
        return e;
    if (telling.left_out > 0)
        fprintf(file, "  and %zu more lines; --all tells them\n", telling.left_out);
    fprintf(file, "Operators took records of the key %zu times, %zu of these again.\n", taken,
            again);
    return OK;
}

struct err traced_tell(const char *folder, time_ns duration, bool all, FILE *file,
                       struct note *note)
{
    char path[OUTPUT_PATH_SIZE];
    FILE *lines;
    text_format(path, sizeof path, "%s/trace.jsonl", folder);
    if (access(path, F_OK) != 0)
        return err_note(note, ERR_NOT_FOUND_CODE,
                        "--trace: the run followed no key; run it with --world exact --trace-key "
                        "KEY");
    TRY(input_open(path, &lines, NULL, note));
    struct err e = tell_all(lines, path, duration, all, file, note);
    fclose(lines);
    return e;
}
