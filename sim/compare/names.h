/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts as numbers: equal texts, whichever run they come from, have one number, given in the order
 * in which they come first.
 */
#ifndef WEIR_SIM_COMPARE_NAMES_H
#define WEIR_SIM_COMPARE_NAMES_H

#include <stdint.h>

#include "core/base/index_map.h"
#include "core/base/vec.h"

struct names {
    VEC(const char *) texts;
    struct arena kept;
    struct index_map by_hash;
};

void names_init(struct names *names);
void names_fini(struct names *names);
uint32_t names_place(struct names *names, const char *text);

#endif
