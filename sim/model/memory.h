/* SPDX-License-Identifier: Apache-2.0
 *
 * Does the state of hashmap backends fit into the memory of its TaskManager? All tasks of a JVM
 * share one heap. In: what runs, positions. Out: the task with most state fails where it does not.
 */
#ifndef WEIR_SIM_MODEL_MEMORY_H
#define WEIR_SIM_MODEL_MEMORY_H

struct model;

/* What runs has changed. */
void memory_watch(struct model *model);

#endif
