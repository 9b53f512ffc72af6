/* SPDX-License-Identifier: Apache-2.0
 *
 * Where weir lies on this machine: the folder of the command that runs, or of the shared library
 * where weir runs in somebody else's binary. What is installed with it is found from there.
 */
#ifndef WEIR_SIM_PROGRAM_HOME_H
#define WEIR_SIM_PROGRAM_HOME_H

#include <limits.h>
#include <stdbool.h>

/* Absolute, without links. False: the system does not say. */
bool home_folder(char out[PATH_MAX]);

#endif
