/* SPDX-License-Identifier: Apache-2.0
 *
 * Each slot of a TaskManager that lives is held by one job, once. A TaskManager may give a slot
 * away again, to another job or to the same, while its old JobMaster, out of contact, has not
 * noticed yet: that is allowed for as long as monitors take.
 */
#include "sim/check/checker.h"

#include "core/base/index_map.h"

struct shared_slot_found {
    uint64_t key;
    time_ns since;
};

struct slot_survey {
    struct checker *checker; /* of the survey under way */
    time_ns at;
    struct index_map holder;             /* slot -> job + 1 */
    VEC(struct shared_slot_found) found; /* slots with two holders, as of the last survey */
    VEC(struct shared_slot_found) fresh;
};

static void *survey_create(const struct run_look *look)
{
    (void)look;
    return mem_create(sizeof(struct slot_survey));
}

static void survey_destroy(void *own)
{
    struct slot_survey *survey = own;
    index_map_fini(&survey->holder);
    vec_fini(&survey->found);
    vec_fini(&survey->fresh);
    mem_destroy(survey);
}

static time_ns known_since(const struct slot_survey *survey, uint64_t key)
{
    for (VEC_EACH(const struct shared_slot_found, old, &survey->found))
        if (old->key == key)
            return old->since;
    return survey->at;
}

static void on_slot(void *context, const struct look_slot *slot)
{
    struct slot_survey *survey = context;
    struct checker *checker = survey->checker;
    const struct run_look *look = checker->look;
    struct process_view process = look->process(look->context, slot->node);
    if (process.gone || process.state == PROCESS_ENDED)
        return;
    uint64_t key = (uint64_t)slot->node.n << 32 | slot->slot.n;
    uint32_t holder = index_map_get(&survey->holder, key);
    if (holder == INDEX_NONE) {
        index_map_put(&survey->holder, key, slot->job.n);
        return;
    }
    time_ns since = known_since(survey, key);
    vec_push(&survey->fresh, (struct shared_slot_found){ key, since });
    if (!checker_is_overdue(checker, survey->at, since))
        return;
    if (holder == slot->job.n)
        checker_complain(checker, survey->at, "%s holds slot %u of %s twice",
                         checker_job_name(checker, slot->job), slot->slot.n, process.name);
    else
        checker_complain(checker, survey->at, "slot %u of %s serves %s and %s", slot->slot.n,
                         process.name, checker_job_name(checker, (struct job_id){ holder }),
                         checker_job_name(checker, slot->job));
}

static void look_at_slots(struct checker *checker, time_ns at)
{
    struct slot_survey *survey = checker->own;
    survey->checker = checker;
    survey->at = at;
    index_map_clear(&survey->holder);
    vec_clear(&survey->fresh);
    checker->look->each_slot_held(checker->look->context, on_slot, survey);
    vec_clear(&survey->found);
    for (VEC_EACH(const struct shared_slot_found, found, &survey->fresh))
        vec_push(&survey->found, *found);
}

const struct checker_row checker_slots = {
    .name = "slots",
    .invariant = "slots-given-once",
    .create = survey_create,
    .destroy = survey_destroy,
    .thorough = look_at_slots,
};
