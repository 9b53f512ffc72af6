/* SPDX-License-Identifier: Apache-2.0
 *
 * The scenario's script: what is done to the cluster, and when. A trigger is a time or the nth line
 * of the event log that a pattern fits (sim/load/event_pattern.h), plus a wait, and may repeat. The
 * actions are faults on processes, hosts and links, and clients' requests; one row of a table each
 * (docs/howto/add-a-fault.md). Each action leaves a fact with the event's label, which plots draw.
 */
#ifndef WEIR_SIM_FAULT_SCRIPT_H
#define WEIR_SIM_FAULT_SCRIPT_H

#include "sim/cluster/virtual_cluster.h"

/* Slots of this TaskManager that hold work, for the targets in-use and idle. */
typedef uint32_t script_slots_used(void *context, struct node_id task_manager);

struct script;

struct script *script_create(struct virtual_cluster *cluster, script_slots_used *slots_used,
                             void *context);
void script_destroy(struct script *script); /* before the cluster */
void script_start(struct script *script);   /* at time 0, after the cluster's start */

/* What happened: decision lines of the log (others are not looked at), the cluster's facts
 * ("process killed"), answers to clients ("client stop done"). The script acts in events of its
 * own, never in these calls. */
void script_on_log(struct script *script, const struct log_line *line);
void script_on_fact(struct script *script, const char *word);
void script_on_answer(struct script *script, const struct effect_answer *answer);

/* What has become of an event of the scenario, by its place there. */
struct script_outcome {
    uint32_t seen;    /* lines that fitted its pattern, up to the nth */
    uint64_t times;   /* how often its time came */
    uint64_t missed;  /* of these: found no target, so nothing was done */
    uint64_t in_part; /* and: found fewer targets than it asks for */
    uint32_t found;   /* how many those were, the last time */
};
struct script_outcome script_outcome(const struct script *script, size_t event);

#endif
