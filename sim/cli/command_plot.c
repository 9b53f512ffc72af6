/* SPDX-License-Identifier: Apache-2.0
 *
 * `weir plot` and `weir report`: pictures and report of a finished run, made anew from its files.
 * In: the folder of a run. Out: plots/ and report.html there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/pictures.h"
#include "sim/cli/places.h"
#include "sim/cli/run_options.h"
#include "sim/load/input_file.h"
#include "sim/report/barrier_picture.h"
#include "sim/report/html.h"
#include "sim/report/output_dir.h"
#include "sim/report/output_file.h"
#include "sim/report/plots.h"

/* Of a run; of a comparison, too, where `worlds` says so. */
static struct err load_summary(const char *folder, bool worlds, json_t **out, struct note *note)
{
    char path[OUTPUT_PATH_SIZE];
    json_error_t fault;
    FILE *file;
    TRY(output_check_run(folder, note));
    text_format(path, sizeof path, "%s/summary.json", folder);
    TRY(input_open(path, &file, NULL, note));
    *out = json_loadf(file, JSON_REJECT_DUPLICATES, &fault);
    fclose(file);
    if (!*out)
        return err_note(note, ERR_IO_CODE, "%s:%d: %s", path, fault.line, fault.text);
    if (json_is_object(json_object_get(*out, "metrics")) ||
        (worlds && json_is_array(json_object_get(*out, "worlds"))))
        return OK;
    json_decref(*out);
    return err_note(note, ERR_MISSING_CODE, "%s: found no metrics, expected a summary of weir run",
                    path);
}

static struct err make_plots(const char *folder, struct note *note)
{
    char plots[OUTPUT_PATH_SIZE];
    text_format(plots, sizeof plots, "%s/plots", folder);
    if (mkdir(plots, 0777) != 0 && (errno != EEXIST || access(plots, W_OK) != 0))
        return err_note(note, ERR_IO_CODE, "%s: cannot be written: %s", plots, strerror(errno));
    return OK;
}

static struct err plot_barriers(const struct parsed *parsed, const char *folder, struct note *note)
{
    char scripts[PLACE_SIZE];
    struct barrier_request request = { .folder = folder,
                                       .scripts = scripts,
                                       .job = parsed_value(parsed, "job"),
                                       .is_stopped = interrupt_came,
                                       .print = parsed_has(parsed, "commands") ? stdout : NULL };
    TRY(run_options_count("checkpoint", parsed_value(parsed, "checkpoint"), 1, INT64_MAX,
                          &request.checkpoint, note));
    TRY(place_find_plots(scripts, note));
    TRY(output_check_run(folder, note));
    TRY(make_plots(folder, note));
    return barrier_picture_draw(&request, note);
}

static struct err plot(const char *folder, bool print, struct note *note)
{
    char scripts[PLACE_SIZE];
    json_t *summary;
    TRY(place_find_plots(scripts, note));
    TRY(load_summary(folder, true, &summary, note));
    struct err e = make_plots(folder, note);
    struct plots_request request = { .folder = folder,
                                     .scripts = scripts,
                                     .summary = summary,
                                     .is_stopped = interrupt_came,
                                     .print = print ? stdout : NULL };
    if (!err_is(e))
        e = plots_draw(&request, note);
    if (!err_is(e) && !print && pictures_are_of_whole(summary))
        e = output_mark_complete(folder, note);
    json_decref(summary);
    return e;
}

static struct err report(const char *folder, struct note *note)
{
    char target[OUTPUT_PATH_SIZE];
    struct output_file output;
    json_t *summary;
    TRY(load_summary(folder, false, &summary, note));
    text_format(target, sizeof target, "%s/report.html", folder);
    struct err e = output_file_begin(&output, target, note);
    if (!err_is(e)) {
        html_write(folder, summary, output.file);
        e = output_file_end(&output, note);
    }
    json_decref(summary);
    return e;
}

static int run_plot(const struct command *command, int argc, char **argv)
{
    struct parsed parsed;
    struct note note = { "" };
    int code;
    if (!command_parse(command, argc, argv, &parsed, &code))
        return code;
    bool print = parsed_has(&parsed, "commands");
    const char *folder = parsed.arguments.items[0];
    interrupt_watch(); /* so that nothing half drawn is left */
    bool barriers = parsed_has(&parsed, "checkpoint");
    struct err e = OK;
    if (!barriers && parsed_has(&parsed, "job"))
        e = err_note(&note, ERR_BAD_VALUE_CODE, "--job: goes with --checkpoint");
    if (!err_is(e))
        e = barriers ? plot_barriers(&parsed, folder, &note) : plot(folder, print, &note);
    if (!err_is(e) && !print && barriers)
        printf("Picture: %s/plots/checkpoint-%s.png\n", folder,
               parsed_value(&parsed, "checkpoint"));
    else if (!err_is(e) && !print)
        printf("Pictures: %s/plots\n", folder);
    if (interrupt_came() && e.code == ERR_REFUSED_CODE)
        text_format(note.text, sizeof note.text,
                    "interrupted: pictures that were not drawn yet are as they were");
    code = err_is(e) ? command_fail(command, e, &note) : EXIT_HELD;
    if (interrupt_came())
        code = interrupt_exit_code();
    parsed_fini(&parsed);
    return command_finish(command, code);
}

static int run_report(const struct command *command, int argc, char **argv)
{
    struct parsed parsed;
    struct note note = { "" };
    int code;
    if (!command_parse(command, argc, argv, &parsed, &code))
        return code;
    const char *folder = parsed.arguments.items[0];
    struct err e = report(folder, &note);
    if (!err_is(e))
        printf("Report: %s/report.html\n", folder);
    code = err_is(e) ? command_fail(command, e, &note) : EXIT_HELD;
    parsed_fini(&parsed);
    return command_finish(command, code);
}

static const struct command_option plot_options[] = {
    { "checkpoint", "N", "instead, how the barriers of checkpoint N travelled" },
    { "job", "NAME", "of this job's checkpoint, where several have one of that number" },
    { "commands", NULL, "print the gnuplot command lines instead of running them" },
};

const struct command command_plot = {
    .name = "plot",
    .arguments = "RUN",
    .summary = "draw the pictures of a run again",
    .text =
        "Draws the pictures of a finished run anew, from the files in its folder, with the\n"
        "gnuplot scripts of Weir (WEIR_PLOTS names another folder of scripts). With\n"
        "--checkpoint it draws one more, plots/checkpoint-N: the way of each barrier from\n"
        "subtask to subtask, where channels were blocked, both parts of each snapshot. The run\n"
        "must have been one of --world exact with --log messages.",
    .example = "  weir run --world exact --log messages --out out/kill scenarios/fault-kill\n"
               "  weir plot out/kill --checkpoint 2",
    .options = plot_options,
    .option_count = sizeof plot_options / sizeof *plot_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_plot,
};

const struct command command_report = {
    .name = "report",
    .arguments = "RUN",
    .summary = "write the HTML report of a run again",
    .text = "Writes report.html of a finished run anew, from its summary and its pictures.",
    .example = "  weir report out/day",
    .argument_min = 1,
    .argument_max = 1,
    .run = run_report,
};
