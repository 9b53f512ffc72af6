/* SPDX-License-Identifier: Apache-2.0
 *
 * Splits of a source.
 */
#include "core/exec/split_list.h"

#include "core/exec/state_list.h"

void split_list_open(struct split_list *list, const struct operator* op, uint32_t all)
{
    CHECK(all > 0);
    CHECK(all <= SPLITS_MAX);
    if (list->restored)
        return;
    for (uint32_t s = op->task->subtask; s < all; s += op->task->parallelism)
        vec_push(&list->splits, (struct source_split){ .number = s });
}

void split_list_fini(struct split_list *list)
{
    vec_fini(&list->splits);
}

void split_list_save(const struct split_list *list, struct state_list *out)
{
    for (VEC_EACH(const struct source_split, split, &list->splits))
        state_list_add(out, split, sizeof *split);
}

struct err split_list_load(struct split_list *list, const struct operator* op, uint32_t all,
                           const struct state_list *in, struct note *note)
{
    vec_clear(&list->splits);
    list->restored = true;
    for (size_t i = 0; i < state_list_count(in); i++) {
        struct source_split split;
        size_t size;
        const uint8_t *entry = state_list_entry(in, i, &size);
        if (size != sizeof split)
            return err_note(note, ERR_BAD_VALUE_CODE, "%s: a split has %zu bytes, not %zu",
                            op->spec->name, size, sizeof split);
        memcpy(&split, entry, sizeof split);
        if (split.number >= all)
            return err_note(note, ERR_BAD_VALUE_CODE, "%s: there is no split %u", op->spec->name,
                            split.number);
        vec_push(&list->splits, split);
    }
    return OK;
}

struct source_split *split_list_next(struct split_list *list)
{
    if (list->splits.count == 0)
        return NULL;
    struct source_split *split = &list->splits.items[list->turn];
    list->turn = (list->turn + 1) % list->splits.count;
    return split;
}
