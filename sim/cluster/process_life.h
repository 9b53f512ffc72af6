/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a process, for the files of this folder: from its creation to its end, and whether it
 * is up or gone in between. Part of parts.h, which includes it.
 */
#ifndef WEIR_SIM_CLUSTER_PROCESS_LIFE_H
#define WEIR_SIM_CLUSTER_PROCESS_LIFE_H

struct process *process_create(struct virtual_cluster *cluster, enum node_kind kind,
                               const char *name, const struct machine_spec *machine);
void process_destroy(struct virtual_cluster *cluster, struct process *process);
void process_boot(struct virtual_cluster *cluster, struct process *process,
                  const struct distribution *boot, const char *stream);
static inline bool process_is_up(const struct process *process)
{
    return process->state == PROCESS_RUNNING || process->state == PROCESS_STOPPING;
}
/* Nobody reaches it any more. */
static inline bool process_is_gone(const struct process *process)
{
    return process->state == PROCESS_ENDED || process->said_goodbye;
}
/* It has said goodbye: it ends when the user code of its tasks has closed. */
void process_close(struct virtual_cluster *cluster, struct process *process, const char *reason);
/* Sudden: its connections break without a goodbye. */
void process_end(struct virtual_cluster *cluster, struct process *process, bool sudden,
                 const char *word, const char *reason);
void cluster_fact(struct virtual_cluster *cluster, struct node_id node, const char *word,
                  const char *reason);

#endif
