/* SPDX-License-Identifier: Apache-2.0
 *
 * What Weir writes into the folder of a run, by name. Whatever else lies there somebody put there:
 * notes, or another run. Such a folder is not replaced.
 */
#ifndef WEIR_SIM_REPORT_OUTPUT_OWN_H
#define WEIR_SIM_REPORT_OUTPUT_OWN_H

#include <stdbool.h>
#include <stddef.h>

/* True: there is something in the folder of a run that Weir did not write; `found` gets its path
 * from there. The first by name, so that it is the same one every time. */
bool output_find_foreign(const char *run, char *found, size_t size);

#endif
