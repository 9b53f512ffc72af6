/* SPDX-License-Identifier: Apache-2.0
 *
 * `weir compare`: runs a scenario in every world that can run it, and says where they differ. In: a
 * scenario. Out: decisions, figures and the first parting, each world against the first one; a
 * folder that is complete or not there.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "sim/cli/compare_show.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/pictures.h"
#include "sim/cli/places.h"
#include "sim/cli/run_options.h"
#include "sim/cli/worlds.h"

enum { WORLDS_LEAST = 2, CONTEXT_MAX = 1000 };

struct compare_request {
    struct run_options options;
    struct tolerances tolerances;
    const char *scenario, *variant;
    char out[PLACE_SIZE];    /* empty: no files */
    char spared[PLACE_SIZE]; /* the complete output that stays in its place; empty: none had to */
    int64_t context;
    bool expect, json, quiet, no_plots;
    bool pictures_cut; /* an interrupt came while they were drawn */
};

/* Each world but the first against the first. */
struct comparisons {
    struct compared list[WORLD_COUNT];
    size_t count;
};

static const struct command_option options[] = {
    { "variant", "NAME", "compare this variant instead of the scenario itself" },
    { "tolerance", "SHARE", "how far a ratio may be from 1 (10%); METRIC=SHARE for one metric" },
    { "expect", NULL, "exit code 1 when decisions differ or a ratio is beyond its tolerance" },
    { "context", "N", "lines before and after the first parting (default: 5)" },
    { "seed", "N", "draw all chance from this number instead of the scenario's" },
    { "set", "KEY=VALUE", "change one value of the scenario, by its path; may be repeated" },
    { "until", "TIME", "end the runs early, as in 90s or 2h" },
    { "out", "DIR", "leave all runs and a picture there (default: nothing is left)" },
    { "json", NULL, "print the comparison as JSON" },
    { "no-plots", NULL, "leave the picture out" },
    { "quiet", NULL, "print nothing but errors" },
};

/* A tolerance that is asked for, in the scenario or of the command, is one to be held. */
static struct tolerances take_tolerances(struct compare_request *request,
                                         const struct worlds *worlds)
{
    struct tolerances tolerances;
    tolerances_init(&tolerances);
    bool of_scenario =
        tolerances_lay_over(&tolerances, &world_play(&worlds->runs[0])->scenario->tolerances);
    bool of_command = tolerances_lay_over(&tolerances, &request->tolerances);
    request->expect |= of_scenario || of_command;
    return tolerances;
}

static void compare_all(struct compare_request *request, const struct worlds *worlds,
                        struct comparisons *out)
{
    const struct tolerances tolerances = take_tolerances(request, worlds);
    struct compared_run runs[WORLD_COUNT];
    out->count = 0;
    if (!worlds_are_complete(worlds))
        return;
    for (size_t i = 0; i < worlds->count; i++) {
        const struct play *play = world_play(&worlds->runs[i]);
        runs[i] = (struct compared_run){ world_names[worlds->runs[i].world], &worlds->runs[i].log,
                                         &play->recorder.metrics, play->summary };
        if (i > 0)
            compared_make(&out->list[out->count++], &runs[0], &runs[i], &tolerances);
    }
}

static bool all_hold(const struct comparisons *comparisons)
{
    for (size_t i = 0; i < comparisons->count; i++)
        if (!compared_holds(&comparisons->list[i]))
            return false;
    return true;
}

/* JSON. */

static json_t *world_json(const struct world_run *run)
{
    static const char *const copied[] = {
        "complete",  "fingerprint", "duration_s", "events",
        "log_lines", "jobs",        "metrics",    "expectations"
    };
    const json_t *summary = world_play(run)->summary;
    json_t *one = json_object();
    json_object_set_new(one, "world", json_string(world_names[run->world]));
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        json_object_set(one, copied[i], json_object_get(summary, copied[i]));
    return one;
}

static json_t *make_summary(const struct worlds *worlds, const struct comparisons *comparisons)
{
    static const char *const copied[] = { "name", "variant", "question",
                                          "seed", "version", "duration_s" };
    const json_t *first = world_play(&worlds->runs[0])->summary;
    json_t *all = json_object(), *list = json_array(), *refused = json_array();
    json_t *compared = json_array();
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        json_object_set(all, copied[i], json_object_get(first, copied[i]));
    json_object_set_new(all, "complete", json_boolean(worlds_are_complete(worlds)));
    for (size_t i = 0; i < worlds->count; i++)
        if (world_play(&worlds->runs[i])->summary)
            json_array_append_new(list, world_json(&worlds->runs[i]));
    for (size_t i = 0; i < worlds->refused_count; i++) {
        const struct world_refusal *refusal = &worlds->refused[i];
        json_t *one = json_object();
        json_object_set_new(one, "world", json_string(world_names[refusal->world]));
        json_object_set_new(one, "why", json_string(refusal->why.text));
        json_array_append_new(refused, one);
    }
    for (size_t i = 0; i < comparisons->count; i++)
        json_array_append_new(compared, compared_json(&comparisons->list[i]));
    json_object_set_new(all, "worlds", list);
    json_object_set_new(all, "refused", refused);
    json_object_set_new(all, "comparisons", compared);
    return all;
}

/* Files. */

static struct err write_json(const struct output_dir *output, const char *name,
                             const json_t *object, struct note *note)
{
    FILE *file;
    TRY(output_open(output, name, &file, note));
    summary_write(object, file);
    return output_close(output, file, name, note);
}

/* Each world's folder is a run's: explain, plot and report take it. */
static struct err write_world(const struct world_run *run, const struct output_dir *output,
                              struct note *note)
{
    const struct play *play = world_play(run);
    char name[PLAY_FOLDER_SIZE + 32];
    if (!play->summary)
        return OK;
    json_object_set_new(play->summary, "folder", json_string(""));
    text_format(name, sizeof name, "%s/summary.json", play->folder);
    TRY(write_json(output, name, play->summary, note));
    return output_mark(output, play->folder, play->complete, note);
}

static struct err write_all(const struct command *command, struct compare_request *request,
                            const struct worlds *worlds, const json_t *summary,
                            struct output_dir *output, struct note *note)
{
    for (size_t i = 0; i < worlds->count; i++)
        TRY(write_world(&worlds->runs[i], output, note));
    TRY(write_json(output, "summary.json", summary, note));
    if (!request->no_plots && worlds_are_complete(worlds))
        TRY(pictures_draw(command->name, output, summary, request->quiet, &request->pictures_cut,
                          note));
    bool is_complete = worlds_are_complete(worlds) && !request->pictures_cut;
    return output_put_in_place(output, is_complete, request->out, request->spared,
                               sizeof request->out, note);
}

/* Telling. */

static void tell_refused(const struct worlds *worlds)
{
    for (size_t i = 0; i < worlds->refused_count; i++)
        printf("Left out: the %s world: %s\n", world_names[worlds->refused[i].world],
               worlds->refused[i].why.text);
    if (worlds->refused_count)
        putchar('\n');
}

static void tell_cut(const struct worlds *worlds)
{
    for (size_t i = 0; i < worlds->count; i++) {
        const struct play *play = world_play(&worlds->runs[i]);
        if (!play->complete)
            printf("%s: the %s world.\n", play->summary ? "Stopped early" : "Not run",
                   world_names[worlds->runs[i].world]);
    }
    puts("Nothing was compared.");
}

static void tell(const struct command *command, const struct compare_request *request,
                 const struct worlds *worlds, const struct comparisons *comparisons,
                 const json_t *summary)
{
    const struct scenario *scenario = world_play(&worlds->runs[0])->scenario;
    if (request->json)
        summary_write(summary, stdout);
    if (request->pictures_cut && !request->quiet)
        pictures_tell_cut(command->name, request->out, false);
    if (request->json || request->quiet)
        return;
    printf("%s\n", scenario->question ? scenario->question : scenario->name);
    if (scenario->variant)
        printf("Variant: %s\n", scenario->variant);
    putchar('\n');
    tell_refused(worlds);
    for (size_t i = 0; i < comparisons->count; i++) {
        compare_show_decisions(&comparisons->list[i], stdout);
        compare_show_figures(&comparisons->list[i], stdout);
        compare_show_parting(&comparisons->list[i], (size_t)request->context, stdout);
    }
    if (!worlds_are_complete(worlds))
        tell_cut(worlds);
    if (request->spared[0])
        printf("The complete output in %s stays as it is.\n", request->spared);
    if (request->out[0])
        printf("Runs: %s\n", request->out);
}

/* A broken invariant is a failure in whichever world, as in a run. */
static bool has_broken_invariant(const struct worlds *worlds)
{
    bool broken = false;
    for (size_t i = 0; i < worlds->count; i++) {
        for (VEC_EACH(const struct check_result, result,
                      &world_play(&worlds->runs[i])->results.list)) {
            if (result->held || strncmp(result->name, "invariant ", strlen("invariant ")) != 0)
                continue;
            fprintf(stderr, "weir compare: %s does not hold in the %s world: %s\n", result->name,
                    world_names[worlds->runs[i].world], result->detail);
            broken = true;
        }
    }
    return broken;
}

static int exit_code(const struct compare_request *request, const struct worlds *worlds,
                     const struct comparisons *comparisons)
{
    if (interrupt_came())
        return interrupt_exit_code();
    if (has_broken_invariant(worlds) || (request->expect && !all_hold(comparisons)))
        return EXIT_FAILED;
    return EXIT_HELD;
}

static struct err check_until(time_ns until, const struct worlds *worlds, struct note *note)
{
    if (until == TIME_NEVER || until <= world_play(&worlds->runs[0])->scenario->duration)
        return OK;
    return err_note(note, ERR_BAD_VALUE_CODE,
                    "--until: found a time after the end of the run, expected one within it");
}

static struct err compare_into(const struct command *command, struct compare_request *request,
                               struct worlds *worlds, const struct play_settings *settings,
                               int *code, struct note *note)
{
    struct comparisons comparisons = { .count = 0 };
    TRY(check_until(request->options.until, worlds, note));
    if (settings->output)
        TRY(output_begin(settings->output, request->out, note));
    TRY(worlds_run(worlds, settings, note));
    compare_all(request, worlds, &comparisons);
    json_t *summary = make_summary(worlds, &comparisons);
    struct err e = OK;
    if (settings->output)
        e = write_all(command, request, worlds, summary, settings->output, note);
    if (!err_is(e)) {
        tell(command, request, worlds, &comparisons, summary);
        *code = exit_code(request, worlds, &comparisons);
    }
    json_decref(summary);
    for (size_t i = 0; i < comparisons.count; i++)
        compared_fini(&comparisons.list[i]);
    return e;
}

static int compare(const struct command *command, struct compare_request *request)
{
    struct worlds worlds;
    struct note note = { "" };
    struct output_dir output = { .aside = "" };
    struct play_settings settings = { .path = request->scenario,
                                      .overrides = request->options.overrides.items,
                                      .override_count = request->options.overrides.count,
                                      .until = request->options.until,
                                      .stop = interrupt_watch(),
                                      .quiet = request->quiet,
                                      .output = request->out[0] ? &output : NULL };
    int code = EXIT_HELD;
    struct err e = worlds_load(&worlds, &settings, request->variant, WORLDS_LEAST, &note);
    if (!err_is(e)) {
        e = compare_into(command, request, &worlds, &settings, &code, &note);
        worlds_fini(&worlds);
    }
    output_abandon(&output);
    return err_is(e) ? command_fail(command, e, &note) : code;
}

static struct err read_request(const struct parsed *parsed, struct compare_request *request,
                               struct note *note)
{
    const char *out = parsed_value(parsed, "out"), *context = parsed_value(parsed, "context");
    tolerances_init(&request->tolerances);
    request->expect = parsed_has(parsed, "expect");
    for (VEC_EACH(const struct parsed_option, option, &parsed->options))
        if (text_equal(option->name, "tolerance"))
            TRY(tolerances_read(&request->tolerances, option->value, note));
    request->context = COMPARED_CONTEXT;
    if (context)
        TRY(run_options_count("context", context, 0, CONTEXT_MAX, &request->context, note));
    if (out && !*out)
        return err_note(note, ERR_BAD_VALUE_CODE, "--out: found '', expected the name of a folder");
    text_format(request->out, sizeof request->out, "%s", out ? out : "");
    request->scenario = parsed->arguments.items[0];
    request->variant = parsed_value(parsed, "variant");
    request->json = parsed_has(parsed, "json");
    request->quiet = parsed_has(parsed, "quiet");
    request->no_plots = parsed_has(parsed, "no-plots");
    return OK;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct parsed parsed;
    struct compare_request request = { .expect = false };
    struct note note = { "" };
    int code;
    if (!command_parse(command, argc, argv, &parsed, &code))
        return code;
    struct err e = read_request(&parsed, &request, &note);
    if (!err_is(e)) {
        e = run_options_read(&parsed, &request.options, &note);
    }
    if (err_is(e)) {
        parsed_fini(&parsed);
        return command_fail(command, e, &note);
    }
    code = compare(command, &request);
    run_options_fini(&request.options);
    parsed_fini(&parsed);
    return command_finish(command, code);
}

const struct command command_compare = {
    .name = "compare",
    .arguments = "SCENARIO",
    .summary = "run a scenario in every world, and say where they differ",
    .text =
        "Runs the scenario (or one of its variants) in every world that can run it: virtual, the\n"
        "model, and exact, real records. A world that cannot says why and is left out. Prints\n"
        "which decisions of the control plane agree, for each figure both values and their\n"
        "ratio, and the first event at which they part, with what came before and after in\n"
        "both. Exit code 1 when a tolerance (here, or `tolerances:` of the scenario) or --expect\n"
        "was given and decisions differ or a ratio is beyond its tolerance, 2 when fewer than\n"
        "two worlds can run it.",
    .example = "  weir compare scenarios/reactive-spot-day --until 3min --out out/worlds",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
