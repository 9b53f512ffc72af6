/* SPDX-License-Identifier: Apache-2.0
 *
 * The exception history as one array: a root, the failures that came with it, the next root. In:
 * failures, as roots or as company of the newest root. Out: the array. What always holds: the
 * first entry is a root, there are at most roots_max roots, and no root has more company than
 * CONCURRENT_FAILURES_MAX.
 */
#include "core/failover/exception_history.h"

#include "core/base/check.h"

void exception_history_init(struct exception_history *history, size_t roots_max)
{
    *history = (struct exception_history){ .roots_max = roots_max };
}

void exception_history_fini(struct exception_history *history)
{
    vec_fini(&history->entries);
}

/* Length of the oldest root with its company. */
static size_t oldest_length(const struct exception_history *history)
{
    CHECK(history->entries.count > 0);
    size_t length = 1;
    while (length < history->entries.count && !history->entries.items[length].is_root)
        length++;
    return length;
}

/* A root and its company are told together, so they go together. */
static void drop_oldest(struct exception_history *history)
{
    CHECK(history->root_count > 0);
    size_t length = oldest_length(history);
    size_t left = history->entries.count - length;
    memmove(history->entries.items, history->entries.items + length,
            left * sizeof *history->entries.items);
    history->entries.count = left;
    history->root_count--;
    history->truncated = true;
}

void exception_history_add_root(struct exception_history *history,
                                const struct exception_entry *entry)
{
    CHECK(history->root_count <= history->roots_max);
    /* Size 0 keeps nothing, and says that there was something. */
    if (history->roots_max == 0) {
        history->truncated = true;
        return;
    }
    if (history->root_count == history->roots_max)
        drop_oldest(history);
    vec_push(&history->entries, *entry);
    vec_last(&history->entries).is_root = true;
    history->root_count++;
}

/* Bounded, because one lost TaskManager may fail thousands of tasks at one instant. */
void exception_history_add_concurrent(struct exception_history *history,
                                      const struct exception_entry *entry)
{
    if (history->root_count == 0)
        return;
    CHECK(history->entries.count > 0);
    size_t company = 0;
    while (!history->entries.items[history->entries.count - 1 - company].is_root)
        company++;
    if (company >= CONCURRENT_FAILURES_MAX) {
        history->truncated = true;
        return;
    }
    vec_push(&history->entries, *entry);
    vec_last(&history->entries).is_root = false;
}
