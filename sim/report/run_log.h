/* SPDX-License-Identifier: Apache-2.0
 *
 * The event log as an array of entries: of a finished run, read back from events.jsonl, or taken
 * line by line while the run goes on. Texts are kept once each. Out: entries in their order, or the
 * line of the file that is wrong.
 */
#ifndef WEIR_SIM_REPORT_RUN_LOG_H
#define WEIR_SIM_REPORT_RUN_LOG_H

#include <stdio.h>

#include "core/base/err.h"
#include "core/base/index_map.h"
#include "core/base/time.h"
#include "core/base/vec.h"

/* Texts that are absent are null, numbers that are absent -1. */
struct log_entry {
    time_ns at;
    int64_t seq;
    const char *node, *machine, *what, *from, *to, *job, *vertex, *peer, *remote;
    const char *reason;
    int64_t subtask, attempt, slot, checkpoint, value;
    int64_t request; /* answers: the how-manieth of the script's */
};

struct run_log {
    VEC(struct log_entry) entries;
    struct arena texts;
    struct index_map text_by_hash; /* hash -> place in known */
    VEC(const char *) known;
};

void run_log_init(struct run_log *log);
/* Copies the entry with its texts to the end. */
void run_log_take(struct run_log *log, const struct log_entry *entry);
MUST_CHECK struct err run_log_read(struct run_log *log, const char *path, struct note *note);
/* The same from a file that is open, from its beginning on; `path` is for messages. */
MUST_CHECK struct err run_log_read_from(struct run_log *log, FILE *file, const char *path,
                                        struct note *note);
void run_log_fini(struct run_log *log);

/* The place of the first entry at that time or later. */
size_t run_log_place(const struct run_log *log, time_ns at);
/* A pattern as scenarios write them. */
bool run_log_fits(const struct log_entry *entry, const char *pattern);
/* "execution RUNNING -> FAILED, job sum, count subtask 3 attempt 0 on tm2:
 * RemoteTransportException: data connection to a TaskManager lost (tm4)" */
void run_log_describe(const struct log_entry *entry, char *out, size_t size);

#endif
