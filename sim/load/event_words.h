/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything the event log can say: the facts of each machine, the moves that its table of states
 * allows, the answers to clients. A pattern of a scenario (event_pattern.h) is held against it
 * before anything runs, since one that no line will ever fit would wait in silence.
 */
#ifndef WEIR_SIM_LOAD_EVENT_WORDS_H
#define WEIR_SIM_LOAD_EVENT_WORDS_H

#include <stddef.h>

#include "core/port/effect.h"
#include "sim/load/tree.h"

struct event_fact {
    const char *machine, *what;
    enum log_level level;
};

/* By machine, as docs/log.md lists them. */
extern const struct event_fact event_facts[];
extern const size_t event_fact_count;

bool event_words_has_fact(const char *machine, const char *what);

/* What an answer is called in patterns, as a fact of the machine "client": "stop done". */
enum { EVENT_ANSWER_SIZE = 32 };
void event_words_answer(enum client_request request, bool refused, char out[EVENT_ANSWER_SIZE]);

/* Are the machine's lines about one job each, and not about a process? */
bool event_words_is_of_job(const char *machine);
/* Can a decision of a job, or an answer about one, fit? */
bool event_words_speaks_of_job(const char *pattern);

/* Whose words count: of both schedulers, or of the one that all jobs have. */
enum event_speakers { SPEAKERS_ALL, SPEAKERS_ADAPTIVE, SPEAKERS_DEFAULT };

/* Refuses a pattern that no decision line, fact or answer can fit. Lines of other levels are not
 * looked at by scenarios: what happens must not depend on how much of it is written down. */
MUST_CHECK struct err event_words_check(const struct tree_node *pattern,
                                        enum event_speakers speakers, struct note *note);

#endif
