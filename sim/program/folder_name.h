/* SPDX-License-Identifier: Apache-2.0
 *
 * Names as people gave them, as names of folders. Letters and digits of whatever script, - and _
 * stay as they are; so nothing is left that means something to a file system or a shell, and no
 * full stop, which sets apart what Weir adds.
 */
#ifndef WEIR_SIM_PROGRAM_FOLDER_NAME_H
#define WEIR_SIM_PROGRAM_FOLDER_NAME_H

#include <stddef.h>

/* Bytes of the letter that a text begins with; 0: it is none that stays, or no UTF-8. */
size_t folder_name_letter(const char *text);

/* Writes the name to `out` from `at` on, %XX for each byte of what does not stay: no two names are
 * alike. Gives where it ends, whatever the room; there is no zero behind it. */
size_t folder_name_put(const char *name, char *out, size_t size, size_t at);

#endif
