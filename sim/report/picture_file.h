/* SPDX-License-Identifier: Apache-2.0
 *
 * A picture on its way to its place. Gnuplot draws into a file beside the one wanted and does not
 * say when the disk was full; so what it drew is looked at, and takes the place of the old picture
 * only when it is whole.
 */
#ifndef WEIR_SIM_REPORT_PICTURE_FILE_H
#define WEIR_SIM_REPORT_PICTURE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

enum { PICTURE_PATH_SIZE = 4096 };

/* Where to draw it: PATH.tmp-PID. */
void picture_file_aside(const char *path, char out[PICTURE_PATH_SIZE]);
/* Does it end as a PNG or SVG does? */
bool picture_file_is_whole(const char *path);
/* What was drawn aside is whole, or an error that says it is not. */
MUST_CHECK struct err picture_file_check(const char *path, struct note *note);
/* Nothing usable was drawn: for want of room? OK: no, a picture's bytes can be written there. */
MUST_CHECK struct err picture_file_room(const char *path, struct note *note);
MUST_CHECK struct err picture_file_commit(const char *path, struct note *note);
void picture_file_abandon(const char *path); /* fine when nothing is there */

#endif
