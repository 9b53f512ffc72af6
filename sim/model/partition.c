/* SPDX-License-Identifier: Apache-2.0
 *
 * Regrouping of partitions. Each function walks the partitions once, gives every pair (old group,
 * what is new about it) a new group in the order of first appearance, and leaves the layout alone
 * when nothing has changed.
 */
#include "sim/model/partition.h"

#include "sim/model/intern.h"
#include "sim/model/order.h"

struct layout *layout_create(uint32_t partitions)
{
    struct layout *layout = mem_create(sizeof *layout);
    *layout = (struct layout){ 1, partitions, mem_create_array(partitions, sizeof(uint32_t)) };
    return layout;
}

void layout_release(struct layout *layout)
{
    if (!layout || --layout->references > 0)
        return;
    mem_destroy(layout->group_of);
    mem_destroy(layout);
}

/* A regrouping under way: new groups with counts of 0, and the new layout. */
struct regrouping {
    struct intern numbers; /* of pairs */
    uint64_t last_pair;
    uint32_t last;
    uint32_t *group_of;
    VEC(struct partition_group) groups;
};

/* Puts a partition into the group of the pair (a, b), which is made like `like` when it is new.
 * Neighbours mostly belong to the same one. */
static uint32_t regrouping_place(struct regrouping *new, uint32_t partition, uint32_t a, uint32_t b,
                                 const struct partition_group *like)
{
    uint64_t pair = (uint64_t)a << 32 | b;
    if (new->groups.count == 0 || pair != new->last_pair) {
        new->last_pair = pair;
        new->last = intern_number(&new->numbers, &pair, 1);
        if (new->last == new->groups.count) {
            vec_push(&new->groups, *like);
            vec_last(&new->groups).count = 0;
        }
    }
    new->groups.items[new->last].count++;
    new->group_of[partition] = new->last;
    return new->last;
}

/* Takes the regrouping's parts. */
static void regrouping_adopt(struct regrouping *new, struct model_source *source)
{
    uint32_t partitions = source->layout->partitions;
    intern_fini(&new->numbers);
    if (memcmp(new->group_of, source->layout->group_of, partitions * sizeof *new->group_of) == 0) {
        mem_destroy(new->group_of);
    } else {
        layout_release(source->layout);
        source->layout = mem_create(sizeof *source->layout);
        *source->layout = (struct layout){ 1, partitions, new->group_of };
    }
    vec_clear(&source->groups);
    for (VEC_EACH(struct partition_group, group, &new->groups))
        vec_push(&source->groups, *group);
    vec_fini(&new->groups);
}

static struct regrouping regrouping_start(const struct model_source *source)
{
    return (struct regrouping){ .group_of = mem_create_array(source->layout->partitions,
                                                             sizeof(uint32_t)) };
}

static bool stand_together(const struct partition_group *a, const struct partition_group *b)
{
    return a->position == b->position && a->origin == b->origin &&
           a->origin_amount == b->origin_amount && a->idle_amount == b->idle_amount;
}

void partitions_merge(struct model_source *source)
{
    size_t count = source->groups.count;
    uint32_t *order = mem_create_array(count, 3 * sizeof *order);
    uint32_t *scratch = order + count, *same_as = scratch + count;
    double *positions = mem_create_array(count, sizeof *positions);
    for (uint32_t g = 0; g < count; g++) {
        order[g] = g;
        positions[g] = source->groups.items[g].position;
    }
    order_by_value(order, count, positions, scratch);
    bool merged = false;
    for (size_t i = 0; i < count; i++) {
        const struct partition_group *before = i ? &source->groups.items[order[i - 1]] : NULL;
        bool same = before && stand_together(before, &source->groups.items[order[i]]);
        same_as[order[i]] = same ? same_as[order[i - 1]] : order[i];
        merged |= same;
    }
    if (merged) {
        struct regrouping new = regrouping_start(source);
        for (uint32_t i = 0; i < source->layout->partitions; i++) {
            uint32_t g = same_as[source->layout->group_of[i]];
            regrouping_place(&new, i, g, 0, &source->groups.items[g]);
        }
        regrouping_adopt(&new, source);
    }
    mem_destroy(order);
    mem_destroy(positions);
}

static struct partition_group group_begun(const struct model_source *source, double position,
                                          double amount)
{
    return (struct partition_group){ .position = position,
                                     .origin = source->paced ? position : 0,
                                     .origin_amount = amount,
                                     .idle_amount = amount,
                                     .class = GROUP_IDLE };
}

/* Every subtask begins anew: the layout of the cut comes back as it was. A cut in another number of
 * partitions (paced only) gives each the same. */
static void restore_all(struct model_source *source, const struct source_cut *cut, double amount)
{
    uint32_t partitions = source->layout->partitions;
    bool fits = cut && cut->layout->partitions == partitions;
    layout_release(source->layout);
    vec_clear(&source->groups);
    if (!fits) {
        source->layout = layout_create(partitions);
        vec_push(&source->groups, group_begun(source, cut ? cut->total / partitions : 0, amount));
        source->groups.items[0].count = partitions;
        return;
    }
    source->layout = cut->layout;
    source->layout->references++;
    for (uint32_t g = 0; g < cut->group_count; g++) {
        vec_push(&source->groups, group_begun(source, cut->positions[g], amount));
        vec_last(&source->groups).count = cut->counts[g];
    }
}

void partitions_restore(struct model_source *source, const struct source_cut *cut,
                        const bool *fresh, uint32_t parallelism, time_ns now)
{
    uint32_t partitions = source->layout->partitions;
    bool fits = cut && cut->layout->partitions == partitions;
    double amount = source->paced ? curve_amount(&source->curve, now) : 0;
    uint32_t begun_count = 0;
    while (begun_count < parallelism && fresh[begun_count])
        begun_count++;
    if (begun_count == parallelism) {
        restore_all(source, cut, amount);
        return;
    }
    struct regrouping new = regrouping_start(source);
    for (uint32_t i = 0; i < partitions; i++) {
        uint32_t old = source->layout->group_of[i], group = fits ? cut->layout->group_of[i] : 0;
        struct partition_group begun = group_begun(source,
                                                   fits  ? cut->positions[group]
                                                   : cut ? cut->total / partitions
                                                         : 0,
                                                   amount);
        if (fresh[i % parallelism])
            regrouping_place(&new, i, UINT32_MAX, group, &begun);
        else
            regrouping_place(&new, i, old, UINT32_MAX, &source->groups.items[old]);
    }
    regrouping_adopt(&new, source);
}

/* From here on read by the class; what it slept through is no arrival of a paced one. */
static void wake_group(struct model_source *source, struct partition_group *group, uint32_t class,
                       double amount)
{
    if (class != GROUP_IDLE && source->paced)
        group->origin_amount += amount - group->idle_amount;
    group->class = class;
}

static bool all_equal(const uint32_t *values, uint32_t count)
{
    uint32_t i = 1;
    while (i < count && values[i] == values[0])
        i++;
    return i >= count;
}

void source_split(struct model_source *source, const uint32_t *class_of, uint32_t parallelism,
                  const uint32_t *class_tasks, time_ns now)
{
    double amount = source->paced ? curve_amount(&source->curve, now) : 0;
    if (source->groups.count == 1 && all_equal(class_of, parallelism)) { /* mostly */
        wake_group(source, &source->groups.items[0], class_of[0], amount);
    } else {
        struct regrouping new = regrouping_start(source);
        for (uint32_t i = 0, subtask = 0; i < source->layout->partitions; i++) {
            uint32_t old = source->layout->group_of[i], class = class_of[subtask];
            uint32_t number = regrouping_place(&new, i, class, old, &source->groups.items[old]);
            struct partition_group *group = &new.groups.items[number];
            if (group->count == 1)
                wake_group(source, group, class, amount);
            if (++subtask == parallelism)
                subtask = 0;
        }
        regrouping_adopt(&new, source);
    }
    for (VEC_EACH(struct partition_group, group, &source->groups)) {
        if (group->class == GROUP_IDLE)
            continue;
        group->per_task = group->count / class_tasks[group->class];
        CHECK(group->per_task * class_tasks[group->class] == group->count);
    }
}

void source_signatures(const struct model_source *source, uint32_t parallelism,
                       uint32_t *signature_of)
{
    struct intern numbers = { 0 };
    uint32_t partitions = source->layout->partitions;
    if (source->groups.count == 1) { /* only how many: subtasks below the remainder have one more */
        for (uint32_t s = 0; s < parallelism; s++)
            signature_of[s] = s < partitions % parallelism;
        return;
    }
    for (uint32_t s = 0; s < parallelism; s++)
        signature_of[s] = UINT32_MAX;
    for (uint32_t i = 0, s = 0; i < partitions; i++) {
        uint64_t pair = (uint64_t)signature_of[s] << 32 | source->layout->group_of[i];
        signature_of[s] = intern_number(&numbers, &pair, 1);
        if (++s == parallelism)
            s = 0;
    }
    intern_fini(&numbers);
}
