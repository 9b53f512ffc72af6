/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the narrative share: a paragraph being written, and the chapters that each of
 * them adds. In: a narrative and one of its chapters. Out: sentences, added to the text.
 */
#ifndef WEIR_SIM_CLI_NARRATIVE_PARTS_H
#define WEIR_SIM_CLI_NARRATIVE_PARTS_H

#include "sim/cli/narrative.h"
#include "sim/report/number_text.h"

/* Times of the summary have been through a text, of twelve digits. */
#define SAME(at) (TIME_US + (at) / 100000000000)

enum { PARAGRAPH_SIZE = 4000 };

/* TaskManagers that start together with the job come up within this. */
#define WAIT_TOLD (10 * TIME_S)

struct paragraph {
    const struct narrative *narrative;
    const struct chapter *chapter;
    size_t length;
    char text[PARAGRAPH_SIZE];
};

/* Cut where the text is full. */
void paragraph_say(struct paragraph *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Without the blanks at its end, below the chapter's time and the title. */
void paragraph_put(struct paragraph *p, const char *title, FILE *file);
/* Give `out`. */
const char *paragraph_length(time_ns length, char out[NUMBER_TEXT_SIZE]);
const char *paragraph_moment(const struct paragraph *p, time_ns at, char out[NUMBER_TEXT_SIZE]);

/* How many lines of the job in the chapter fit. */
size_t paragraph_count(const struct paragraph *p, const char *pattern);

/* "subtask 1 of count on tm2 FAILED (user code failed)"; `begins` a sentence. */
void paragraph_say_failed(struct paragraph *p, size_t place, bool begins);
/* The fault that a line leads back to; SIZE_MAX: the log has none. */
size_t paragraph_fault(const struct paragraph *p, size_t place);
/* Is the one line among the causes of the other? */
bool paragraph_leads_to(const struct paragraph *p, size_t effect, size_t cause);
/* Is it what the chapter is put down to? Of processes that went together, one stands for all. */
bool paragraph_is_cause(const struct paragraph *p, size_t fault);

/* Did the chapter's fault strike this process? */
bool paragraph_is_struck(const struct paragraph *p, const char *node);

/* How an outage was noticed, and what failed before it was. */
void narrative_tell_detection(struct paragraph *p);
/* Which tasks failed in a rescale, and by what. */
void narrative_tell_spoiled(struct paragraph *p);

/* Contacts that the resource manager gave up. */
void narrative_tell_given_up(struct paragraph *p);

/* What was restarted, how often, and what the time of the outage went into. */
void narrative_tell_restarts(struct paragraph *p);

/* In the chapter: the first or the last line of its job that fits; null: none. */
const struct log_entry *narrative_find(const struct narrative *narrative,
                                       const struct chapter *chapter, const char *pattern,
                                       bool last);

/* Of an outage that no fault of the script or of a machine began: whose task failed first, by what,
 * and the checkpoint that its state came from; 0: there was none. False: it is none such. */
struct outage_kind {
    const char *vertex, *reason;
    int64_t checkpoint;
};
bool narrative_outage_kind(const struct narrative *narrative, const struct chapter *chapter,
                           struct outage_kind *out);

/* Chapters of checkpoints that failed, behind the others, which are in order of time. */
void narrative_add_checkpoints(struct narrative *narrative);
/* All of such a chapter. */
void narrative_tell_checkpoints(struct paragraph *p);
/* How many completed, and how many failed for which reasons. */
void narrative_sum_up_checkpoints(const struct narrative *narrative, FILE *file);

/* Chapters of TaskManagers that end by themselves, behind the others. */
void narrative_add_exits(struct narrative *narrative);
/* All of such a chapter. */
void narrative_tell_exits(struct paragraph *p);

/* Chapters of faults that no outage is put down to, behind the others. */
void narrative_add_faults(struct narrative *narrative);
/* All of such a chapter; `several`: of processes that share it, the chapter being of one. */
void narrative_tell_fault(struct paragraph *p, bool several);
/* "tm1 is frozen", "tm1 and 2 more are frozen". */
void fault_title(const struct narrative *narrative, const struct chapter *chapter, size_t more,
                 char *out, size_t size);
/* "5 times a process is frozen". */
void fault_title_times(const struct narrative *narrative, const struct chapter *chapter,
                       size_t times, char *out, size_t size);
/* ": tm1 was killed", behind a line of the script whose label does not say that. */
void fault_say_done(struct paragraph *p, const struct log_entry *script);
/* What a line says of a process, to stand behind "was". */
const char *fault_past(const char *what);
/* "tm1 was frozen", "tm1 was cut off from tm2" */
void fault_say_condition(struct paragraph *p, const struct log_entry *condition);
bool fault_ends_process(const struct narrative *narrative, const struct chapter *chapter);

/* Chapters of what the script asked for, behind the others; ends of jobs learn who asked for them.
 */
void narrative_add_commands(struct narrative *narrative);
void narrative_tell_command(struct paragraph *p);
void command_title(const struct narrative *narrative, const struct chapter *chapter, size_t count,
                   char *out, size_t size);

/* All of the end of a job; and what became of one that FAILED, from when it did. */
void narrative_tell_job_end(struct paragraph *p);
void narrative_tell_dead(struct paragraph *p);

/* What of the network held the job up between two times, most of it; host null: nothing did. */
struct full_network narrative_full_network(const json_t *summary, const char *job, time_ns from,
                                           time_ns to);
/* "the NIC of tm3 was full, sending 118 MB/s of 125 MB/s"; the length of it. */
size_t narrative_tell_network(const struct full_network *network, char *out, size_t size);

/* "from 2 s to 5 min"; "by 20 min to 1 d 5 h" where both read alike. Room for RISE_TEXT_SIZE. */
enum { RISE_TEXT_SIZE = 2 * NUMBER_TEXT_SIZE + 16 };
void narrative_tell_rise(const struct lag_rise *rise, char *out);

/* When lag grew most without an outage; nothing where it did not. */
void narrative_sum_up_lag(const struct narrative *narrative, FILE *file);

#endif
