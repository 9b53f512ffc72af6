/* SPDX-License-Identifier: Apache-2.0
 *
 * weir calc state-mapper: which old subtasks' data in flight each new subtask reads when a job is
 * rescaled from an unaligned checkpoint.
 */
#include "core/checkpoint/restore_plan.h"
#include "sim/cli/calc_read.h"

/* Old subtasks in an answer, over all new ones; FULL names old x new of them. */
enum { ANSWER_SUBTASKS_MAX = 1 << 22 };

static const struct calc_field fields[] = {
    { "mapper", "FIRST | FULL | RANGE | ROUND_ROBIN | ARBITRARY",
      "RANGE: overlap of the key ranges; FULL: all read all" },
    { "old", "integer 1..32768", "subtasks in the checkpoint" },
    { "new", "integer 1..32768", "subtasks now" },
};

static json_t *list_subtasks(const struct subtask_list *list)
{
    json_t *out = json_array();
    for (VEC_EACH(const uint32_t, subtask, &list->subtasks))
        json_array_append_new(out, json_integer((json_int_t)*subtask));
    return out;
}

static struct err answer(json_t *in, json_t *out, struct note *note)
{
    size_t mapper = 0;
    int64_t old = 0, new = 0;
    TRY(calc_need(in, "mapper", note));
    TRY(calc_need(in, "old", note));
    TRY(calc_need(in, "new", note));
    TRY(calc_read_choice(in, "mapper", subtask_mapper_names, MAPPER_UNSUPPORTED, &mapper, note));
    TRY(calc_read_integer(in, "old", 1, MAX_PARALLELISM_LIMIT, &old, note));
    TRY(calc_read_integer(in, "new", 1, MAX_PARALLELISM_LIMIT, &new, note));
    if (mapper == MAPPER_FULL && old * new > ANSWER_SUBTASKS_MAX)
        return err_note(note, ERR_FULL_CODE, "FULL: old x new is above %d, the longest answer",
                        (int)ANSWER_SUBTASKS_MAX);
    json_t *per_new = json_array();
    json_object_set_new(out, "old_subtasks_per_new", per_new);
    struct subtask_list list = { 0 };
    struct err result = OK;
    for (uint32_t subtask = 0; subtask < new && !err_is(result); subtask++) {
        result = subtask_mapper_old((enum subtask_mapper)mapper, subtask, (uint32_t)old,
                                    (uint32_t) new, &list);
        json_array_append_new(per_new, list_subtasks(&list));
    }
    vec_fini(&list.subtasks);
    return result;
}

const struct calc_row calc_state_mapper = {
    .name = "state-mapper",
    .summary = "old subtasks whose data in flight a new subtask reads",
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .answers = "old_subtasks_per_new: [[old subtasks, ascending] per new subtask]",
    .example = "{\"mapper\": \"RANGE\", \"old\": 3, \"new\": 2}",
    .answer = answer,
};
