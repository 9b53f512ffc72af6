/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of Flink's configuration keys that Weir knows, as Markdown for docs/configuration.md,
 * made from the one list in core/port/options.h.
 */
#ifndef WEIR_SIM_LOAD_CONFIGURATION_DOC_H
#define WEIR_SIM_LOAD_CONFIGURATION_DOC_H

#include <stdio.h>

/* The whole document; the caller checks the file for errors. */
void configuration_write_markdown(FILE *out);

#endif
