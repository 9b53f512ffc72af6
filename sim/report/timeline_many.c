/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks of which there are many: which only repeat a label, and which a picture cannot tell apart.
 * In: marks in order of time. Cost: one look at each, and groups are few (kinds, words of
 * machines).
 */
#include <string.h>

#include "core/base/hash.h"
#include "core/base/index_map.h"
#include "core/base/text.h"
#include "sim/report/timeline.h"

enum { MANY_LABELS = 4 /* so many alike, and all but the first come behind rarer ones */ };

/* What comes every few minutes would leave no room for what comes once. */
void timeline_find_repeated(struct mark *marks, size_t count)
{
    struct index_map first_by_hash = { 0 };
    VEC(uint32_t) first = { 0 }, alike = { 0 };
    vec_resize(&alike, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = hash_add_text(0, marks[i].label);
        if (index_map_get(&first_by_hash, hash) == INDEX_NONE)
            index_map_put(&first_by_hash, hash, (uint32_t)i);
        vec_push(&first, index_map_get(&first_by_hash, hash));
        alike.items[vec_last(&first)]++;
    }
    for (size_t i = 0; i < count; i++)
        marks[i].is_again = marks[i].kind != MARK_END && first.items[i] != i &&
                            alike.items[first.items[i]] >= MANY_LABELS;
    index_map_fini(&first_by_hash);
    vec_fini(&first);
    vec_fini(&alike);
}

/* Marks that may stand for one another. */
struct group {
    enum mark_kind kind;
    const char *word; /* may be null */
    size_t count;
    size_t kept; /* the place of the last; SIZE_MAX: none yet */
};

struct groups {
    VEC(struct group) list;
};

static struct group *group_of(struct groups *groups, const struct mark *mark)
{
    for (VEC_EACH(struct group, group, &groups->list))
        if (group->kind == mark->kind && !group->word == !mark->word &&
            (!mark->word || text_equal(group->word, mark->word)))
            return group;
    vec_push(&groups->list, (struct group){ mark->kind, mark->word, 0, SIZE_MAX });
    return &vec_last(&groups->list);
}

/* Jobs' ends are told each, and what the script does for the first time. */
static bool may_be_left_out(const struct mark *mark)
{
    return mark->kind > MARK_SCRIPT || (mark->kind == MARK_SCRIPT && mark->is_again);
}

/* Machines of a stretch of time: a label would say of them that they went at once. */
static void count_in(struct mark *kept, const struct mark *mark)
{
    kept->others += mark->others + 1;
    if (kept->kind >= MARK_LOSS)
        kept->level = -2;
}

size_t timeline_thin(struct mark *marks, size_t count, time_ns step)
{
    struct groups groups = { 0 };
    size_t kept = 0;
    timeline_find_repeated(marks, count);
    for (size_t i = 0; i < count; i++)
        group_of(&groups, &marks[i])->count++;
    for (size_t i = 0; i < count; i++) {
        struct group *group = group_of(&groups, &marks[i]);
        if (group->count > TIMELINE_ALIKE_MAX && group->kept != SIZE_MAX &&
            marks[i].at - marks[group->kept].at < step && may_be_left_out(&marks[i])) {
            count_in(&marks[group->kept], &marks[i]);
            continue;
        }
        group->kept = kept;
        marks[kept++] = marks[i];
    }
    vec_fini(&groups.list);
    return kept;
}

void timeline_count_others(struct mark *mark)
{
    char first[MARK_LABEL_SIZE];
    if (!mark->word || mark->others == 0)
        return;
    text_format(first, sizeof first, "%.*s", (int)strcspn(mark->label, " "), mark->label);
    text_format(mark->label, sizeof mark->label, "%.*s and %u more %s", 30, first, mark->others,
                mark->word);
}
