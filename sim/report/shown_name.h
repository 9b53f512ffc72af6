/* SPDX-License-Identifier: Apache-2.0
 *
 * Names that must find room in a picture. In: a name as a person wrote it, and letters of room,
 * each as wide as a digit. Out: the name, or where it is too long its beginning and its end, with
 * "…" between: names that begin alike differ at their ends more often than not.
 */
#ifndef WEIR_SIM_REPORT_SHOWN_NAME_H
#define WEIR_SIM_REPORT_SHOWN_NAME_H

#include <stddef.h>

/* Holds SHOWN_NAME_LETTERS of the longest and of the narrowest letters. */
enum { SHOWN_NAME_LETTERS = 120, SHOWN_NAME_SIZE = 512 };

/* How wide it is; room of up to SHOWN_NAME_LETTERS. */
double shown_name_letters(const char *name);
void shown_name_fit(const char *name, double room, char out[SHOWN_NAME_SIZE]);

/* Those that look alike are numbered, by their places: "2: a…z". They grow by up to
 * SHOWN_NAME_NUMBER letters. */
enum { SHOWN_NAME_NUMBER = 4 };
void shown_names_tell_apart(char (*names)[SHOWN_NAME_SIZE], size_t count);

#endif
