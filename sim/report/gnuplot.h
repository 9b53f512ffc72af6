/* SPDX-License-Identifier: Apache-2.0
 *
 * One call of gnuplot: variables, then a script. In: names and values. Out: a running process, and
 * when it has ended whether it complained.
 */
#ifndef WEIR_SIM_REPORT_GNUPLOT_H
#define WEIR_SIM_REPORT_GNUPLOT_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/vec.h"

struct gnuplot {
    VEC(char) variables; /* as a gnuplot program */
    bool has_one_font;   /* what that lacks is shown as a box (font_letters.h) */
    pid_t process;
    FILE *complaints; /* what it writes to stderr */
};

void gnuplot_init(struct gnuplot *gnuplot);
void gnuplot_fini(struct gnuplot *gnuplot);

/* "png" or "svg": comes before what is shown. */
void gnuplot_set_format(struct gnuplot *gnuplot, const char *format);
void gnuplot_set_text(struct gnuplot *gnuplot, const char *name, const char *text);
/* The same for what stands in the picture, which must not break it (shown_text.h). */
void gnuplot_set_shown(struct gnuplot *gnuplot, const char *name, const char *text);
void gnuplot_set_number(struct gnuplot *gnuplot, const char *name, double value);
void gnuplot_set_count(struct gnuplot *gnuplot, const char *name, size_t value);

/* ERR_MISSING: there is no gnuplot. */
MUST_CHECK struct err gnuplot_start(struct gnuplot *gnuplot, const char *script, struct note *note);
/* ERR_REFUSED: it failed, and says why; or `is_stopped` (null: nobody stops it) said so after a
 * signal to stop, and it was ended. */
MUST_CHECK struct err gnuplot_wait(struct gnuplot *gnuplot, const char *script,
                                   bool (*is_stopped)(void), struct note *note);
/* As one would type it. */
void gnuplot_print(const struct gnuplot *gnuplot, const char *script, FILE *file);

#endif
