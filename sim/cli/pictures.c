/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors of writing end the command, others are told.
 */
#include "sim/cli/pictures.h"

#include <stdio.h>

#include "sim/cli/interrupt.h"
#include "sim/cli/places.h"
#include "sim/report/plots.h"

struct err pictures_draw(const char *command, const struct output_dir *output,
                         const json_t *summary, bool is_quiet, bool *is_cut, struct note *note)
{
    char scripts[PLACE_SIZE];
    struct note own = { "" };
    struct err e = place_find_plots(scripts, &own);
    bool (*is_stopped)(void) = pictures_are_of_whole(summary) ? interrupt_came : NULL;
    if (!err_is(e)) {
        TRY(output_make_folder(output, "plots", note));
        e = plots_draw(&(struct plots_request){ .folder = output->aside,
                                                .scripts = scripts,
                                                .summary = summary,
                                                .is_stopped = is_stopped },
                       &own);
    }
    *is_cut = e.code == ERR_REFUSED_CODE && is_stopped && is_stopped();
    if (!err_is(e) || *is_cut)
        return OK;
    if (e.code == ERR_IO_CODE) {
        *note = own;
        output_note_target(output, note);
        return e;
    }
    if (!is_quiet)
        fprintf(stderr, "weir %s: notice: %s\n", command, own.text);
    return OK;
}

void pictures_tell_cut(const char *command, const char *folder, bool has_report)
{
    fprintf(stderr, "weir %s: interrupted while drawing: weir plot %s draws the pictures", command,
            folder);
    if (has_report)
        fprintf(stderr, ", weir report %s the report with them", folder);
    fputc('\n', stderr);
}

/* A run has its variants in it; a comparison speaks for its worlds. */
bool pictures_are_of_whole(const json_t *summary)
{
    const char *name;
    const json_t *variant;
    bool all = json_is_true(json_object_get(summary, "complete"));
    json_object_foreach(json_object_get(summary, "compare"), name, variant)
    {
        all = all && json_is_true(json_object_get(variant, "complete"));
    }
    return all;
}
