/* SPDX-License-Identifier: Apache-2.0
 *
 * What tasks say when they fail: each text once, however often a job fails by it.
 */
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/exec/user_call.h"
#include "sim/exact/parts.h"

enum { FAILURE_TEXTS_MAX = 10000 }; /* then failures go without words */

/* 1 + place; 0: there is no room for more. */
static uint32_t number_of(struct exact *exact, const char *text)
{
    uint64_t hash = hash_add_text(0, text);
    uint32_t place = index_map_get(&exact->text_by_hash, hash);
    if (place != INDEX_NONE && text_equal(exact->texts.items[place], text))
        return place + 1;
    if (exact->texts.count == FAILURE_TEXTS_MAX)
        return 0;
    index_map_put(&exact->text_by_hash, hash, (uint32_t)exact->texts.count);
    vec_push(&exact->texts, mem_copy_text(text));
    return (uint32_t)exact->texts.count;
}

void exact_fail_as(struct exact *exact, uint32_t index, enum failure_cause cause, const char *text)
{
    task_fail_by(&exact->life, index, cause, text && text[0] ? number_of(exact, text) : 0);
}

void exact_fail(struct exact *exact, uint32_t index)
{
    const char *text;
    enum failure_cause cause = exec_task_cause(exact->tasks.items[index].exec, &text);
    exact_fail_as(exact, index, cause, text);
}

const char *exact_failure_text(const struct exact *exact, uint32_t detail)
{
    return detail > 0 && detail <= exact->texts.count ? exact->texts.items[detail - 1] : NULL;
}

void task_put_call(const void *context, struct note *who)
{
    const struct exact_task *task = context;
    const char *name, *function;
    user_call_get(&exec_task_chain(task->exec)->task->call, &name, &function);
    text_format(who->text, sizeof who->text, "operator '%s', subtask %u: '%s'", name ? name : "",
                task->life.subtask, function ? function : "");
}

void exact_forget_failures(struct exact *exact)
{
    for (VEC_EACH(char *, text, &exact->texts))
        mem_destroy(*text);
    vec_fini(&exact->texts);
    index_map_fini(&exact->text_by_hash);
}
