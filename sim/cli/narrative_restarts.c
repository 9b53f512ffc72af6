/* SPDX-License-Identifier: Apache-2.0
 *
 * What was restarted, how often, and how long each phase of it took. Of the default scheduler the
 * log says each time how many tasks: a region of the job's or all of them.
 */
#include <inttypes.h>

#include "core/base/text.h"
#include "sim/cli/narrative_parts.h"

enum { TASKS_SIZE = 64 };

static const char restarted_tasks[] = "job tasks will be restarted";

/* How many tasks the job had when all of them ran last; 0: they never did. */
static int64_t count_tasks(const struct paragraph *p)
{
    for (size_t i = p->chapter->last + 1; i-- > 0;) {
        const struct log_entry *entry = &p->narrative->log->entries.items[i];
        if (entry->job == p->chapter->job && run_log_fits(entry, "job all tasks RUNNING"))
            return entry->value;
    }
    return 0;
}

/* Of each restart: the fewest tasks and the most. */
static void find_restarted(const struct paragraph *p, int64_t *least, int64_t *most)
{
    *least = INT64_MAX;
    *most = 0;
    for (size_t i = p->chapter->first; i <= p->chapter->last; i++) {
        const struct log_entry *entry = &p->narrative->log->entries.items[i];
        if (entry->job != p->chapter->job || !run_log_fits(entry, restarted_tasks))
            continue;
        *least = entry->value < *least ? entry->value : *least;
        *most = entry->value > *most ? entry->value : *most;
    }
}

/* "2 of its 8 tasks", "2 to 8 of its 8 tasks", "all 8 tasks". */
static void put_tasks(const struct paragraph *p, char out[TASKS_SIZE])
{
    int64_t least, most, all = count_tasks(p);
    char of_all[32] = "";
    find_restarted(p, &least, &most);
    if (most >= 1 && least == all) {
        text_format(out, TASKS_SIZE, all == 1 ? "its only task" : "all %" PRId64 " tasks", all);
        return;
    }
    if (all >= most)
        text_format(of_all, sizeof of_all, "of its %" PRId64 " ", all);
    const char *tasks = most == 1 && all < most ? "task" : "tasks";
    if (least < 1 || most < 1)
        text_format(out, TASKS_SIZE, "tasks"); /* a log that does not say */
    else if (least < most)
        text_format(out, TASKS_SIZE, "%" PRId64 " to %" PRId64 " %s%s", least, most, of_all, tasks);
    else
        text_format(out, TASKS_SIZE, "%" PRId64 " %s%s", most, of_all, tasks);
}

void narrative_tell_restarts(struct paragraph *p)
{
    static const char *const names[PHASE_COUNT] = { "noticing it", "cancelling", "back-off",
                                                    "waiting for resources", "starting the tasks" };
    struct phases phases;
    char length[NUMBER_TEXT_SIZE], tasks[TASKS_SIZE];
    size_t adaptive = paragraph_count(p, "scheduler Restarting");
    size_t pipelined = paragraph_count(p, restarted_tasks);
    size_t all = adaptive ? adaptive : pipelined, counted = (size_t)p->chapter->restarts;
    bool is_fewer = !adaptive && counted > 0 && counted < all;
    if (all == 0)
        return;
    put_tasks(p, tasks);
    paragraph_say(p, "The %s scheduler restarted %s", adaptive ? "adaptive" : "default",
                  adaptive   ? "the job"
                  : is_fewer ? "tasks"
                             : tasks);
    if (all > 1)
        paragraph_say(p, " %zu time%s", is_fewer ? counted : all,
                      is_fewer && counted == 1 ? "" : "s");
    if (is_fewer)
        paragraph_say(p,
                      " for %zu failures, each of a region of %s (those within one back-off count "
                      "as one restart)",
                      all, tasks);
    chapter_phases(p->narrative, p->chapter, &phases);
    const char *before = all > 1 ? ": in all, " : ": ", *took = " took";
    for (int i = 0; i < PHASE_COUNT; i++) {
        if (phases.length[i] < TIME_MS)
            continue;
        bool both = i == PHASE_CANCEL && !phases.seen[PHASE_BACKOFF];
        paragraph_say(p, "%s%s%s %s", before, both ? "cancelling and back-off" : names[i], took,
                      paragraph_length(phases.length[i], length));
        before = ", ";
        took = "";
    }
    paragraph_say(p, ". ");
}
