/* SPDX-License-Identifier: Apache-2.0
 *
 * `weir run`: runs a scenario and what it is compared with, leaves files, pictures and a report,
 * and tells the figures. In: a scenario. Out: a folder that is complete or not there.
 */
#include <stdio.h>
#include <string.h>

#include "sim/cli/command.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/origin.h"
#include "sim/cli/pictures.h"
#include "sim/cli/places.h"
#include "sim/cli/play.h"
#include "sim/cli/run_options.h"
#include "sim/cli/show.h"
#include "sim/kernel/guard.h"
#include "sim/load/quantity.h"
#include "sim/report/html.h"

enum { KEY_SHOWN = 60 };

struct run_request {
    struct run_options options;
    const char *scenario;
    const char *trace_key;   /* null: none */
    char out[PLACE_SIZE];    /* empty: no files */
    char spared[PLACE_SIZE]; /* the complete run that stays in its place; empty: none had to */
    bool json, quiet, no_plots, check;
    bool pictures_cut; /* an interrupt came while they were drawn */
};

static const struct command_option options[] = {
    { "seed", "N", "draw all chance from this number instead of the scenario's" },
    { "world", "WORLD", "virtual (default): rates; exact: real records, checked one by one" },
    { "set", "KEY=VALUE", "change one value of the scenario, by its path; may be repeated" },
    { "out", "DIR", "where the run is left (default: out/NAME)" },
    { "until", "TIME", "end the run early, as in 90s or 2h" },
    { "log", "LEVEL", "decisions (default), tasks or messages" },
    { "trace-key", "KEY", "exact world: follow the records of one key, into trace.jsonl" },
    { "json", NULL, "print the summary as JSON; write files only with --out" },
    { "no-plots", NULL, "leave the pictures out" },
    { "check", NULL, "hold the engine's state against its invariants after each step (slow)" },
    { "quiet", NULL, "print nothing but errors" },
};

static struct err write_summary(const struct play *play, const struct output_dir *output,
                                struct note *note)
{
    char name[PLAY_FOLDER_SIZE + 32];
    FILE *file;
    snprintf(name, sizeof name, "%s%ssummary.json", play->folder, play->folder[0] ? "/" : "");
    TRY(output_open(output, name, &file, note));
    summary_write(play->summary, file);
    return output_close(output, file, name, note);
}

static struct err write_report(const struct command *command, struct run_request *request,
                               const struct plays *plays, const struct output_dir *output,
                               struct note *note)
{
    const json_t *summary = plays->list.items[0].summary;
    FILE *file;
    for (VEC_EACH(const struct play, play, &plays->list))
        if (play->summary)
            TRY(write_summary(play, output, note));
    if (!request->no_plots)
        TRY(pictures_draw(command->name, output, summary, request->quiet, &request->pictures_cut,
                          note));
    TRY(output_open(output, "report.html", &file, note));
    html_write(output->aside, summary, file);
    return output_close(output, file, "report.html", note);
}

static void tell(const struct command *command, const struct run_request *request,
                 const struct plays *plays)
{
    const json_t *summary = plays->list.items[0].summary;
    if (request->json)
        summary_write(summary, stdout);
    if (request->pictures_cut && !request->quiet)
        pictures_tell_cut(command->name, request->out, true);
    if (request->json || request->quiet)
        return;
    show_question(plays, stdout);
    show_figures_table(plays, stdout);
    show_failed(plays, stdout);
    show_never_happened(plays, stdout);
    show_unheard(plays, stdout);
    show_results(plays, stdout);
    if (interrupt_came() || guard_has_lost())
        show_cut(plays, stdout);
    if (request->spared[0])
        printf("The complete run in %s stays as it is.\n", request->spared);
    if (request->out[0])
        printf("Report: %s/report.html\n", request->out);
}

static struct err run_into(const struct command *command, struct run_request *request,
                           struct plays *plays, struct output_dir *output, struct note *note)
{
    struct play_settings settings = { .path = request->scenario,
                                      .overrides = request->options.overrides.items,
                                      .override_count = request->options.overrides.count,
                                      .until = request->options.until,
                                      .stop = interrupt_watch(),
                                      .quiet = request->quiet,
                                      .trace_key = request->trace_key,
                                      .check_invariants =
                                          request->check ? NODE_CHECKS_ALL : NODE_CHECKS_NONE,
                                      .output = request->out[0] ? output : NULL };
    struct err ran = plays_run(plays, &settings, note);
    if (err_is(ran) && !guard_has_lost())
        return ran;
    plays_judge(plays);
    for (VEC_EACH(const struct play, play, &plays->list))
        if (play->summary)
            json_object_set_new(play->summary, "origin",
                                origin_create(request->scenario, settings.overrides,
                                              settings.override_count, settings.until));
    if (!request->out[0])
        return ran;
    TRY(write_report(command, request, plays, output, note));
    bool is_complete = plays_are_complete(plays) && !request->pictures_cut;
    TRY(output_put_in_place(output, is_complete, request->out, request->spared, sizeof request->out,
                            note));
    return ran;
}

/* Variants may last longer than the scenario itself. */
static struct err check_until(time_ns until, const struct plays *plays, struct note *note)
{
    time_ns longest = 0;
    for (VEC_EACH(const struct play, play, &plays->list))
        longest = play->scenario->duration > longest ? play->scenario->duration : longest;
    if (until == TIME_NEVER || until <= longest)
        return OK;
    return err_note(note, ERR_BAD_VALUE_CODE,
                    "--until: found a time after the end of the run, expected one within it");
}

/* Only programs have keys that are texts. */
static bool is_key_of(const struct plays *plays, const char *key)
{
    int64_t number;
    bool any = false;
    for (VEC_EACH(const struct job_spec, job, &plays->list.items[0].scenario->jobs))
        any |= job->program != NULL;
    return any || !err_is(quantity_count(key, &number));
}

static struct err check_trace(const struct run_request *request, const struct plays *plays,
                              struct note *note)
{
    if (!request->trace_key)
        return OK;
    for (VEC_EACH(const struct play, play, &plays->list))
        if (play->scenario->world != WORLD_EXACT)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "--trace-key: the %s world has no records to follow; add --world exact",
                            world_names[play->scenario->world]);
    if (request->json && !request->out[0])
        return err_note(note, ERR_BAD_VALUE_CODE, "--trace-key: with --json it needs --out DIR");
    if (!is_key_of(plays, request->trace_key))
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "--trace-key: found '%.*s', expected a number: keys of modelled jobs are",
                        KEY_SHOWN, request->trace_key);
    if (!request->trace_key[0])
        return err_note(note, ERR_BAD_VALUE_CODE, "--trace-key: found '', expected a key");
    return OK;
}

static struct err load(const struct run_request *request, struct plays *plays, struct note *note)
{
    struct play_settings settings = { .path = request->scenario,
                                      .overrides = request->options.overrides.items,
                                      .override_count = request->options.overrides.count };
    TRY(plays_load(plays, &settings, note));
    struct err e = check_until(request->options.until, plays, note);
    if (!err_is(e))
        e = check_trace(request, plays, note);
    if (err_is(e))
        plays_fini(plays);
    return e;
}

static int run_all(const struct command *command, struct run_request *request)
{
    struct note note = { "" };
    struct plays plays;
    struct output_dir output = { .aside = "" };
    struct err e = load(request, &plays, &note);
    if (err_is(e))
        return command_fail(command, e, &note);
    if (!request->out[0] && !request->json)
        place_of_output(plays.list.items[0].scenario->name, request->out);
    if (request->out[0])
        e = output_begin(&output, request->out, &note);
    if (!err_is(e))
        e = run_into(command, request, &plays, &output, &note);
    bool has_run = !err_is(e) || guard_has_lost();
    if (has_run)
        tell(command, request, &plays);
    int code = err_is(e)              ? command_fail(command, e, &note)
               : plays_failed(&plays) ? EXIT_FAILED
                                      : EXIT_HELD;
    if (has_run && interrupt_came())
        code = interrupt_exit_code();
    output_abandon(&output);
    plays_fini(&plays);
    return code;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct parsed parsed;
    struct run_request request = { .json = false };
    struct note note = { "" };
    int code;
    if (!command_parse(command, argc, argv, &parsed, &code))
        return code;
    struct err e = run_options_read(&parsed, &request.options, &note);
    if (err_is(e)) {
        parsed_fini(&parsed);
        return command_fail(command, e, &note);
    }
    const char *out = parsed_value(&parsed, "out");
    if (out && !*out) {
        parsed_fini(&parsed);
        run_options_fini(&request.options);
        return command_complain(command, "--out: found '', expected the name of a folder");
    }
    request.scenario = parsed.arguments.items[0];
    snprintf(request.out, sizeof request.out, "%s", out ? out : "");
    request.trace_key = parsed_value(&parsed, "trace-key");
    request.json = parsed_has(&parsed, "json");
    request.quiet = parsed_has(&parsed, "quiet");
    request.no_plots = parsed_has(&parsed, "no-plots");
    request.check = parsed_has(&parsed, "check");
    code = run_all(command, &request);
    run_options_fini(&request.options);
    parsed_fini(&parsed);
    return command_finish(command, code);
}

const struct command command_run = {
    .name = "run",
    .arguments = "SCENARIO",
    .summary = "run a scenario: figures, pictures, a report",
    .text =
        "Runs the scenario (a YAML file, or a folder with scenario.yaml) and its variants below\n"
        "`compare` in virtual time. Leaves events.jsonl, metrics.csv, summary.json, plots/ and\n"
        "report.html in a folder, which is put in place only when it is complete. A run that is\n"
        "interrupted leaves what it has come to, beside a complete one as DIR.interrupted; while\n"
        "its pictures are drawn, all but those, which weir plot then draws. Exit code 1 when an\n"
        "expectation of the scenario did not hold.",
    .example = "  weir run scenarios/reactive-spot-day --seed 3 --set cluster.dfs.bandwidth=1gbit "
               "--out out/day",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
