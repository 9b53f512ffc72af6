/* SPDX-License-Identifier: Apache-2.0
 *
 * Mains of programs that have given back another code than 0: a program says by it that something
 * went wrong. In: a simulation that has run. Out: a part of its summary, and words.
 */
#ifndef WEIR_SIM_REPORT_EXIT_CODES_H
#define WEIR_SIM_REPORT_EXIT_CODES_H

#include <jansson.h>

#include "sim/run/simulation.h"

/* Of the summary: an array of programs, empty where all is well. One that main gives back when the
 * run is over and has refused it everything is not meant. */
json_t *exit_codes_list(const struct simulation *simulation);

/* "program ./count.so: main gave back 7"; `one` is an object of the list. */
enum { EXIT_CODE_TEXT_SIZE = 160 };
void exit_code_text(const json_t *one, char out[EXIT_CODE_TEXT_SIZE]);

#endif
