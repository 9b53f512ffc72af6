/* SPDX-License-Identifier: Apache-2.0
 *
 * The ring of last lines and the one definition of check_failed.
 */
#include "sim/kernel/fatal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

struct kept_line {
    time_ns at;
    struct node_id node;
    struct log_line line; /* its reason points nowhere; the text is below */
    char reason[FATAL_REASON_MAX];
};

static struct {
    struct fatal_run run;
    struct kept_line lines[FATAL_LINES];
    uint64_t count; /* ever kept; the last one is at (count - 1) % FATAL_LINES */
} last_words;

void fatal_set_run(const struct fatal_run *run)
{
    last_words.run = run ? *run : (struct fatal_run){ 0 };
    last_words.count = 0;
}

void fatal_keep_line(time_ns at, struct node_id node, const struct log_line *line)
{
    struct kept_line *kept = &last_words.lines[last_words.count++ % FATAL_LINES];
    kept->at = at;
    kept->node = node;
    kept->line = *line;
    kept->reason[0] = '\0';
    if (line->reason) {
        size_t length = strlen(line->reason);
        if (length >= sizeof kept->reason)
            length = sizeof kept->reason - 1;
        memcpy(kept->reason, line->reason, length);
        kept->reason[length] = '\0';
    }
}

static void print_subject(const struct log_line *line)
{
    if (line->subject & LOG_OF_JOB)
        fprintf(stderr, " job=%" PRIu32, line->job.n);
    if (line->subject & (LOG_OF_VERTEX | LOG_OF_TASK))
        fprintf(stderr, " vertex=%" PRIu32, line->vertex.n);
    if (line->subject & LOG_OF_TASK)
        fprintf(stderr, " subtask=%" PRIu32 " attempt=%" PRIu32, line->subtask, line->attempt);
    if (line->subject & LOG_OF_PEER)
        fprintf(stderr, " peer=%" PRIu32, line->peer.n);
    if (line->subject & LOG_OF_SLOT)
        fprintf(stderr, " slot=%" PRIu32, line->slot.n);
    if (line->subject & LOG_OF_CHECKPOINT)
        fprintf(stderr, " checkpoint=%" PRIu64, line->checkpoint);
    if (line->subject & LOG_OF_VALUE)
        fprintf(stderr, " value=%" PRId64, line->value);
}

static void print_line(const struct kept_line *kept)
{
    const struct log_line *line = &kept->line;
    fprintf(stderr, "  %" PRId64 ".%09" PRId64 " node %" PRIu32 ": %s %s", kept->at / TIME_S,
            kept->at % TIME_S, kept->node.n, line->machine, line->what);
    if (line->from && line->to)
        fprintf(stderr, " %s -> %s", line->from, line->to);
    print_subject(line);
    if (kept->reason[0])
        fprintf(stderr, " (%s)", kept->reason);
    fputc('\n', stderr);
}

_Noreturn void check_failed(const char *condition, const char *file, int line)
{
    const struct fatal_run *run = &last_words.run;
    fprintf(stderr, "weir: check failed at %s:%d: %s\n", file, line, condition);
    if (run->scenario)
        fprintf(stderr, "  scenario %s, seed %" PRIu64 "\n", run->scenario, run->seed);
    if (run->queue) {
        time_ns now = sim_queue_now(run->queue);
        fprintf(stderr, "  at event %" PRIu64 ", simulated time %" PRId64 ".%09" PRId64 " s\n",
                sim_queue_run_count(run->queue), now / TIME_S, now % TIME_S);
    }
    uint64_t kept = last_words.count < FATAL_LINES ? last_words.count : FATAL_LINES;
    if (kept)
        fprintf(stderr, "last log lines:\n");
    for (uint64_t i = last_words.count - kept; i < last_words.count; i++)
        print_line(&last_words.lines[i % FATAL_LINES]);
    if (run->command)
        fprintf(stderr, "repeat with: %s\n", run->command);
    abort();
}
