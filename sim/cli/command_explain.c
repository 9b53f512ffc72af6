/* SPDX-License-Identifier: Apache-2.0
 *
 * `weir explain`: what happened in a run, in words, and why one line of its log came. In: the
 * folder of a run. Out: paragraphs, or a chain of causes.
 */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "core/base/text.h"
#include "sim/report/causes.h"
#include "sim/cli/command.h"
#include "sim/cli/histories.h"
#include "sim/cli/instant.h"
#include "sim/cli/moment.h"
#include "sim/cli/narrative.h"
#include "sim/cli/narrative_outline.h"
#include "sim/cli/run_options.h"
#include "sim/cli/traced.h"
#include "sim/load/event_pattern.h"
#include "sim/load/input_file.h"
#include "sim/load/quantity.h"
#include "sim/report/never.h"
#include "sim/report/number_text.h"
#include "sim/report/output_dir.h"

enum { CHAPTERS_SHOWN = 20, LINES_SHOWN = 40, LINE_SIZE = 600, WORD_MAX = 60 };

static const struct command_option options[] = {
    { "event", "N", "the chain of causes of line N (its seq) of the event log" },
    { "why", "PATTERN", "the same for the first line that fits, such as 'scheduler Restarting'" },
    { "at", "TIME", "how things stood and what was going on then, such as 14h or 302s" },
    { "task", "VERTEX[/SUBTASK]", "with --at: its channels, barriers and state at that instant" },
    { "trace", NULL, "the way of the key that weir run --trace-key followed" },
    { "run", "VARIANT", "of this variant instead of the scenario itself" },
    { "all", NULL, "tell every chapter by itself, however many there are" },
};

struct explanation {
    json_t *summary;
    const json_t *one; /* part of it: the run or variant that is explained */
    struct run_log log;
    struct narrative narrative;
    time_ns duration;
    char folder[OUTPUT_PATH_SIZE];
};

static void put_line(const struct explanation *e, size_t place, FILE *file)
{
    const struct log_entry *entry = &e->log.entries.items[place];
    char at[NUMBER_TEXT_SIZE], text[LINE_SIZE];
    number_text_moment(entry->at, e->duration, at);
    run_log_describe(entry, text, sizeof text);
    fprintf(file, "  %s  #%" PRId64 "  %s\n", at, entry->seq, text);
}

/* The line first, then back to where it all began. */
static void put_chain(const struct explanation *e, size_t place, FILE *file)
{
    struct cause_chain chain;
    causes_of(&e->log, place, &chain);
    put_line(e, place, file);
    for (size_t i = 1; i < chain.count; i++) {
        char before[NUMBER_TEXT_SIZE];
        time_ns gap =
            e->log.entries.items[chain.place[i - 1]].at - e->log.entries.items[chain.place[i]].at;
        number_text_seconds((double)gap / (double)TIME_S, before);
        fprintf(file, "    because%s%s%s\n", gap > 0 ? ", " : "", gap > 0 ? before : "",
                gap > 0 ? " before," : ", at once,");
        put_line(e, chain.place[i], file);
    }
    if (chain.count == 1)
        fputs("    The log holds no cause of it.\n", file);
}

static struct err explain_event(const struct explanation *e, const char *text, struct note *note)
{
    int64_t seq;
    size_t low = 0, high = e->log.entries.count;
    TRY(run_options_count("event", text, 1, INT64_MAX, &seq, note));
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (e->log.entries.items[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == e->log.entries.count || e->log.entries.items[low].seq != seq)
        return err_note(note, ERR_NOT_FOUND_CODE, "--event: found %lld, the log has lines 1 to %zu",
                        (long long)seq, e->log.entries.count);
    put_chain(e, low, stdout);
    return OK;
}

/* A job of the adaptive scheduler is never RESTARTING itself: its graph is cancelled, and another
 * one made, while the scheduler is. A pattern that is after the former is told of the latter. */
static const char *nearest_word(const struct explanation *e, const char *pattern)
{
    bool is_adaptive = false;
    for (VEC_EACH(const struct log_entry, entry, &e->log.entries))
        is_adaptive |= text_equal(entry->machine, "scheduler");
    if (is_adaptive && (event_pattern_matches(pattern, "job", "move", "RUNNING", "RESTARTING") ||
                        event_pattern_matches(pattern, "job", "move", "RESTARTING", "RUNNING")))
        return "; a job of the adaptive scheduler is cancelled and made anew: 'scheduler "
               "Restarting'";
    return "";
}

static struct err explain_why(const struct explanation *e, const char *pattern, struct note *note)
{
    size_t found = SIZE_MAX, count = 0;
    for (size_t i = 0; i < e->log.entries.count; i++) {
        if (!run_log_fits(&e->log.entries.items[i], pattern))
            continue;
        found = count++ == 0 ? i : found;
    }
    if (count == 0)
        return err_note(note, ERR_NOT_FOUND_CODE, "--why: no line fits '%.*s'%s", WORD_MAX, pattern,
                        nearest_word(e, pattern));
    put_chain(e, found, stdout);
    if (count > 1)
        printf("\n%zu more lines fit; --event N explains any of them.\n", count - 1);
    return OK;
}

static struct err read_moment(const struct explanation *e, const char *text, time_ns *out,
                              struct note *note)
{
    time_ns at;
    if (err_is(quantity_duration(text, &at)) || at < 0)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "--at: found '%.*s', expected a time such as 14h or 302s", WORD_MAX, text);
    if (at > e->duration) {
        char length[NUMBER_TEXT_SIZE];
        number_text_seconds((double)e->duration / (double)TIME_S, length);
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "--at: found '%.*s', expected a time in the run, which is %s long",
                        WORD_MAX, text, length);
    }
    *out = at;
    return OK;
}

/* How things stood, the chapters that cover the time, and the lines around it. */
static struct err explain_at(const struct explanation *e, const char *metrics, const char *text,
                             struct note *note)
{
    time_ns at = 0;
    size_t shown = 0, first = 0;
    TRY(read_moment(e, text, &at, note));
    TRY(moment_tell(&e->log, e->one, metrics, at, e->duration, stdout, note));
    for (VEC_EACH(const struct chapter, chapter, &e->narrative.chapters))
        if (chapter_covers(chapter, at))
            narrative_tell(&e->narrative, chapter, stdout);
    while (first < e->log.entries.count && e->log.entries.items[first].at < at)
        first++;
    first = first > LINES_SHOWN / 2 ? first - LINES_SHOWN / 2 : 0;
    puts("Lines of the log around it:");
    for (size_t i = first; i < e->log.entries.count && shown < LINES_SHOWN; i++, shown++)
        put_line(e, i, stdout);
    return OK;
}

/* What the script was to do, and found nothing to do it to. */
static void put_misses(const struct explanation *e, FILE *file)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(e->one, "never_happened"), i, one)
    {
        char text[NEVER_TEXT_SIZE];
        if (!json_object_get(one, "reason"))
            continue;
        never_text(one, text);
        fprintf(file, "What the script planned %s: %s.\n", never_word(one), text);
    }
}

static void explain_all(const struct explanation *e, bool all)
{
    narrative_sum_up(&e->narrative, stdout);
    put_misses(e, stdout);
    fputc('\n', stdout);
    if (all)
        for (VEC_EACH(const struct chapter, chapter, &e->narrative.chapters))
            narrative_tell(&e->narrative, chapter, stdout);
    else
        outline_tell(&e->narrative, CHAPTERS_SHOWN, stdout);
    histories_tell(e->one, e->duration, stdout);
}

/* The chapters, which lag belongs to: all of them, or those of a moment. */
static struct err explain_chapters(struct explanation *e, const struct parsed *parsed,
                                   struct note *note)
{
    const char *at = parsed_value(parsed, "at");
    char metrics[OUTPUT_PATH_SIZE];
    text_format(metrics, sizeof metrics, "%s/metrics.csv", e->folder);
    TRY(narrative_read_lag(&e->narrative, e->one, metrics, note));
    if (at)
        return explain_at(e, metrics, at, note);
    explain_all(e, parsed_has(parsed, "all"));
    return OK;
}

/* The run's folder or that of a variant, which the summary knows, and how long the run was. */
static struct err find_run(const struct parsed *parsed, struct explanation *e, struct note *note)
{
    const char *run = parsed->arguments.items[0], *variant = parsed_value(parsed, "run");
    char path[OUTPUT_PATH_SIZE];
    json_error_t fault;
    FILE *file;
    TRY(output_check_run(run, note));
    text_format(path, sizeof path, "%s/summary.json", run);
    TRY(input_open(path, &file, NULL, note));
    e->summary = json_loadf(file, 0, &fault);
    fclose(file);
    e->one = e->summary;
    if (variant)
        e->one = json_object_get(json_object_get(e->summary, "compare"), variant);
    const char *folder = json_string_value(json_object_get(e->one, "folder"));
    struct err result = OK;
    if (!e->summary)
        result = err_note(note, ERR_SYNTAX_CODE, "%s:%d: %s", path, fault.line, fault.text);
    else if (variant && !folder)
        result = err_note(note, ERR_NOT_FOUND_CODE, "--run: the run has no variant '%.*s'",
                          WORD_MAX, variant);
    else if (!json_object_get(e->one, "rescale_outages"))
        result = err_note(note, ERR_NOT_FOUND_CODE,
                          "%s: found no 'rescale_outages', expected the summary of a run of this "
                          "version; run the scenario anew",
                          path);
    else
        text_format(e->folder, sizeof e->folder, "%s%s%s", run, variant ? "/" : "",
                    variant ? folder : "");
    double seconds = json_number_value(json_object_get(e->one, "duration_s"));
    e->duration = (time_ns)floor(seconds * (double)TIME_S + 0.5);
    return result;
}

static struct err explain_task(const struct explanation *e, const char *task, const char *at,
                               struct note *note)
{
    time_ns moment = 0;
    if (!at)
        return err_note(note, ERR_BAD_VALUE_CODE, "--task: goes with --at TIME");
    TRY(read_moment(e, at, &moment, note));
    return instant_tell(&e->log, e->one, task, moment, e->duration, stdout, note);
}

static struct err explain_run(struct explanation *e, const struct parsed *parsed, struct note *note)
{
    const char *event = parsed_value(parsed, "event"), *why = parsed_value(parsed, "why");
    char path[OUTPUT_PATH_SIZE];
    text_format(path, sizeof path, "%s/events.jsonl", e->folder);
    struct err result = run_log_read(&e->log, path, note);
    if (!err_is(result)) {
        narrative_init(&e->narrative, &e->log, e->duration, e->one);
        if (event)
            result = explain_event(e, event, note);
        else if (why)
            result = explain_why(e, why, note);
        else if (parsed_has(parsed, "task"))
            result =
                explain_task(e, parsed_value(parsed, "task"), parsed_value(parsed, "at"), note);
        else
            result = explain_chapters(e, parsed, note);
        narrative_fini(&e->narrative);
    }
    run_log_fini(&e->log);
    return result;
}

/* Each asks for a story of its own. */
static struct err check_questions(const struct parsed *parsed, struct note *note)
{
    static const char *const questions[] = { "event", "why", "task", "trace" };
    const char *first = NULL;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        if (!parsed_has(parsed, questions[i]))
            continue;
        if (first)
            return err_note(note, ERR_BAD_VALUE_CODE, "--%s: does not go with --%s", questions[i],
                            first);
        first = questions[i];
    }
    return OK;
}

static struct err explain(const struct parsed *parsed, struct note *note)
{
    struct explanation e = { .duration = 0 };
    TRY(check_questions(parsed, note));
    struct err result = find_run(parsed, &e, note);
    if (!err_is(result) && parsed_has(parsed, "trace"))
        result = traced_tell(e.folder, e.duration, parsed_has(parsed, "all"), stdout, note);
    else if (!err_is(result))
        result = explain_run(&e, parsed, note);
    json_decref(e.summary);
    return result;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct parsed parsed;
    struct note note = { "" };
    int code;
    if (!command_parse(command, argc, argv, &parsed, &code))
        return code;
    struct err e = explain(&parsed, &note);
    code = err_is(e) ? command_fail(command, e, &note) : EXIT_HELD;
    parsed_fini(&parsed);
    return command_finish(command, code);
}

const struct command command_explain = {
    .name = "explain",
    .arguments = "RUN",
    .summary = "say in words what happened in a run, and why",
    .text =
        "Reads the event log of a finished run and tells what happened: each failure with how it\n"
        "was noticed, what restarted, which checkpoint was restored and how long it took; each\n"
        "fault that brought no job down and each command of the script, with what followed; each\n"
        "rescale; how jobs started and ended; checkpoints that failed in a row, and when lag grew\n"
        "most without an outage. Alike ones are told as one, and of many those that weigh most,\n"
        "unless --all is given. With --event or --why it follows one line of the log back to\n"
        "what caused it. With --at and --task it runs a scenario of the exact world again up to\n"
        "that instant and looks into a task: what waits in its channels, and where barriers are.\n"
        "With --trace it tells the way of the key that the run followed.",
    .example = "  weir explain out/day --why 'scheduler Restarting'\n"
               "  weir explain out/kill --at 61s --task count/0",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
