/* SPDX-License-Identifier: Apache-2.0
 *
 * Regrouping of partitions. Each function walks one period of the layout, gives every pair (old
 * group, what is new about it) a new group in the order of first appearance, and leaves the layout
 * alone when nothing has changed.
 */
#include "sim/model/partition.h"

#include <math.h>

#include "sim/model/intern.h"

static struct layout *layout_new(uint32_t partitions, uint32_t period, uint32_t *group_of)
{
    struct layout *layout = mem_create(sizeof *layout);
    *layout = (struct layout){ 1, partitions, period, group_of };
    return layout;
}

struct layout *layout_create(uint32_t partitions)
{
    return layout_new(partitions, 1, mem_create_array(1, sizeof(uint32_t)));
}

void layout_release(struct layout *layout)
{
    if (!layout || --layout->references > 0)
        return;
    mem_destroy(layout->group_of);
    mem_destroy(layout);
}

uint32_t layout_repeats(uint32_t partitions, uint32_t period, uint32_t i)
{
    return (partitions - i - 1) / period + 1;
}

uint32_t layout_period(uint32_t partitions, uint32_t a, uint32_t b)
{
    uint32_t divisor = a, rest = b;
    while (rest > 0) {
        uint32_t next = divisor % rest;
        divisor = rest;
        rest = next;
    }
    uint64_t together = (uint64_t)a / divisor * b;
    return together < partitions ? (uint32_t)together : partitions;
}

/* A regrouping under way: new groups with counts of 0, and the new layout. */
struct regrouping {
    uint32_t partitions, period;
    struct intern numbers; /* of pairs */
    uint64_t last_pair;
    uint32_t last;
    uint32_t *group_of;
    VEC(struct partition_group) groups;
};

static struct regrouping regrouping_start(uint32_t partitions, uint32_t period)
{
    return (struct regrouping){ .partitions = partitions,
                                .period = period,
                                .group_of = mem_create_array(period, sizeof(uint32_t)) };
}

/* Puts a partition, and those that repeat it, into the group of the pair (a, b), which is made like
 * `like` when it is new. Neighbours mostly belong to the same one. Null: it was there. */
static struct partition_group *regrouping_place(struct regrouping *new, uint32_t partition,
                                                uint32_t a, uint32_t b,
                                                const struct partition_group *like)
{
    struct partition_group *made = NULL;
    uint64_t pair = (uint64_t)a << 32 | b;
    if (new->groups.count == 0 || pair != new->last_pair) {
        new->last_pair = pair;
        new->last = intern_number(&new->numbers, &pair, 1);
        if (new->last == new->groups.count) {
            vec_push(&new->groups, *like);
            made = &vec_last(&new->groups);
            made->count = 0;
        }
    }
    new->groups.items[new->last].count += layout_repeats(new->partitions, new->period, partition);
    new->group_of[partition] = new->last;
    return made;
}

/* The layout in place of another. Takes the reference of the other and the regrouping's array. */
static struct layout *regrouping_layout(struct regrouping *new, struct layout *old)
{
    intern_fini(&new->numbers);
    if (new->period == old->period &&
        memcmp(new->group_of, old->group_of, new->period * sizeof *new->group_of) == 0) {
        mem_destroy(new->group_of);
        return old;
    }
    layout_release(old);
    if (new->groups.count > 1)
        return layout_new(new->partitions, new->period, new->group_of);
    mem_destroy(new->group_of);
    return layout_create(new->partitions);
}

/* Takes the regrouping's parts. */
static void regrouping_adopt(struct regrouping *new, struct model_source *source)
{
    source->layout = regrouping_layout(new, source->layout);
    vec_clear(&source->groups);
    for (VEC_EACH(struct partition_group, group, &new->groups))
        vec_push(&source->groups, *group);
    vec_fini(&new->groups);
}

/* Equal numbers for groups that nothing tells apart but where they came from. */
static uint32_t stand_number(struct intern *stands, const struct partition_group *group)
{
    uint64_t words[] = { intern_word(group->position), intern_word(group->origin),
                         intern_word(group->origin_amount), intern_word(group->idle_amount),
                         (uint64_t)group->class << 1 | group->kept_up };
    return intern_number(stands, words, sizeof words / sizeof *words);
}

void partitions_merge(struct model_source *source)
{
    const struct layout *layout = source->layout;
    struct intern stands = { 0 };
    uint32_t *number_of = mem_create_array(source->groups.count, sizeof *number_of);
    for (size_t g = 0; g < source->groups.count; g++)
        number_of[g] = stand_number(&stands, &source->groups.items[g]);
    if (stands.rows.count < source->groups.count) {
        struct regrouping new = regrouping_start(layout->partitions, layout->period);
        for (uint32_t i = 0; i < layout->period; i++) {
            uint32_t old = layout->group_of[i];
            regrouping_place(&new, i, number_of[old], 0, &source->groups.items[old]);
        }
        regrouping_adopt(&new, source);
    }
    intern_fini(&stands);
    mem_destroy(number_of);
}

void cut_merge(struct source_cut *cut)
{
    const struct layout *layout = cut->layout;
    struct intern positions = { 0 };
    uint32_t *number_of = mem_create_array(cut->group_count, sizeof *number_of);
    for (uint32_t g = 0; g < cut->group_count; g++) {
        uint64_t word = intern_word(cut->positions[g]);
        number_of[g] = intern_number(&positions, &word, 1);
    }
    if (positions.rows.count < cut->group_count) {
        struct regrouping new = regrouping_start(layout->partitions, layout->period);
        for (uint32_t i = 0; i < layout->period; i++) {
            uint32_t old = layout->group_of[i];
            struct partition_group stands = { .position = cut->positions[old] };
            regrouping_place(&new, i, number_of[old], 0, &stands);
        }
        cut->layout = regrouping_layout(&new, cut->layout);
        cut->group_count = (uint32_t) new.groups.count;
        for (uint32_t g = 0; g < cut->group_count; g++) {
            cut->positions[g] = new.groups.items[g].position;
            cut->counts[g] = new.groups.items[g].count;
        }
        vec_fini(&new.groups);
    }
    intern_fini(&positions);
    mem_destroy(number_of);
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
    uint32_t period = layout_period(partitions, source->layout->period, parallelism);
    if (fits)
        period = layout_period(partitions, period, cut->layout->period);
    struct regrouping new = regrouping_start(partitions, period);
    for (uint32_t i = 0; i < period; i++) {
        uint32_t old = layout_group(source->layout, i);
        uint32_t group = fits ? layout_group(cut->layout, i) : 0;
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

void partitions_drain(struct model_source *source, const struct source_cut *cut)
{
    const struct layout *layout = source->layout;
    uint32_t partitions = layout->partitions;
    if (cut->layout->partitions != partitions)
        return;
    double *sums = mem_create_array(source->groups.count, sizeof *sums);
    uint32_t period = layout_period(partitions, layout->period, cut->layout->period);
    for (uint32_t i = 0; i < period; i++)
        sums[layout_group(layout, i)] +=
            layout_repeats(partitions, period, i) * cut->positions[layout_group(cut->layout, i)];
    for (size_t g = 0; g < source->groups.count; g++) {
        struct partition_group *group = &source->groups.items[g];
        double drained = fmax(sums[g] / group->count - group->position, 0);
        if (group->kept_up)
            continue;
        group->position += drained;
        group->from += drained;
        source->served_total += drained * group->count;
        source->served_from += drained * group->count;
        source->served_folded += drained * group->count; /* its work was not done in an instant */
    }
    mem_destroy(sums);
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
    const struct layout *layout = source->layout;
    double amount = source->paced ? curve_amount(&source->curve, now) : 0;
    if (source->groups.count == 1 && all_equal(class_of, parallelism)) { /* mostly */
        wake_group(source, &source->groups.items[0], class_of[0], amount);
    } else {
        uint32_t period = layout_period(layout->partitions, layout->period, parallelism);
        struct regrouping new = regrouping_start(layout->partitions, period);
        for (uint32_t i = 0, subtask = 0; i < period; i++) {
            uint32_t old = layout_group(layout, i), class = class_of[subtask];
            struct partition_group *made =
                regrouping_place(&new, i, class, old, &source->groups.items[old]);
            if (made)
                wake_group(source, made, class, amount);
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

/* Places of a period by their group, those of one group ascending. */
static uint32_t *places_by_group(const struct model_source *source, uint32_t period)
{
    uint32_t *first = mem_create_array(source->groups.count + 1, sizeof *first);
    uint32_t *places = mem_create_array(period, sizeof *places);
    for (uint32_t i = 0; i < period; i++)
        first[layout_group(source->layout, i) + 1]++;
    for (size_t g = 0; g < source->groups.count; g++)
        first[g + 1] += first[g];
    for (uint32_t i = 0; i < period; i++)
        places[first[layout_group(source->layout, i)]++] = i;
    mem_destroy(first);
    return places;
}

/* Each reader's list is gone through in the order of groups: no matter where in it they are. */
void source_signatures(const struct model_source *source, uint32_t parallelism,
                       uint32_t *signature_of)
{
    struct intern numbers = { 0 };
    const struct layout *layout = source->layout;
    uint32_t partitions = layout->partitions;
    if (source->groups.count == 1) { /* only how many: subtasks below the remainder have one more */
        for (uint32_t s = 0; s < parallelism; s++)
            signature_of[s] = s < partitions % parallelism;
        return;
    }
    for (uint32_t s = 0; s < parallelism; s++)
        signature_of[s] = UINT32_MAX;
    uint32_t period = layout_period(partitions, layout->period, parallelism);
    uint32_t *places = places_by_group(source, period);
    for (uint32_t n = 0; n < period; n++) {
        uint32_t *signature = &signature_of[places[n] % parallelism];
        uint64_t words[] = { (uint64_t)*signature << 32 | layout_group(layout, places[n]),
                             layout_repeats(partitions, period, places[n]) };
        *signature = intern_number(&numbers, words, 2);
    }
    mem_destroy(places);
    intern_fini(&numbers);
}
