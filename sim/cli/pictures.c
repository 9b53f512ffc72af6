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
                         const json_t *summary, bool is_quiet, struct note *note)
{
    char scripts[PLACE_SIZE];
    struct note own = { "" };
    struct err e = place_find_plots(scripts, &own);
    if (!err_is(e)) {
        TRY(output_make_folder(output, "plots", note));
        e = plots_draw(output->aside, scripts, summary, NULL, &own);
    }
    if (!err_is(e) || interrupt_came()) /* which ends gnuplot, too */
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
