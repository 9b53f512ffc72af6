/* SPDX-License-Identifier: Apache-2.0
 *
 * docs/states.md, made from the state tables of core/cluster/machines.h: for each machine a table
 * of its states and a picture (mermaid, which forges and editors draw).
 */
#ifndef WEIR_TESTS_LIB_STATE_DIAGRAMS_H
#define WEIR_TESTS_LIB_STATE_DIAGRAMS_H

#include <stdio.h>

void state_diagrams_write(FILE *out);

#endif
