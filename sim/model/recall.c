/* SPDX-License-Identifier: Apache-2.0
 *
 * A sum as a row of words: counts, then part by part, field by field, for structs have holes.
 */
#include "sim/model/recall.h"

#include "sim/model/intern.h"

void recall_fini(struct recall *recall)
{
    vec_fini(&recall->words);
    vec_fini(&recall->asked);
}

static void push_pair(struct recall *recall, uint32_t a, uint32_t b)
{
    vec_push(&recall->asked, (uint64_t)a << 32 | b);
}

static void push_figures(struct recall *recall, const double *figures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        vec_push(&recall->asked, intern_word(figures[i]));
}

#define push_all(recall, ...)                                                                      \
    push_figures(recall, (const double[]){ __VA_ARGS__ },                                          \
                 sizeof(const double[]){ __VA_ARGS__ } / sizeof(double))

/* Everything that delay_quantiles reads; what has swung is in the services. */
static void ask(struct recall *recall, const struct delay *delay)
{
    vec_clear(&recall->asked);
    push_pair(recall, (uint32_t)delay->parts.count, (uint32_t)delay->stays.count);
    push_pair(recall, (uint32_t)delay->links.count, (uint32_t)delay->queues.count);
    push_all(recall, delay->fixed);
    for (VEC_EACH(const struct delay_part, part, &delay->parts)) {
        vec_push(&recall->asked, part->kind);
        push_all(recall, part->range);
        push_pair(recall, part->first, part->count);
    }
    for (VEC_EACH(const struct stay, stay, &delay->stays))
        push_all(recall, stay->weight, stay->rho, stay->service, stay->cv, stay->wait_factor,
                 stay->age, stay->shape);
    for (VEC_EACH(const struct delay_link, link, &delay->links)) {
        push_all(recall, link->weight, link->fixed, link->range, link->exponential);
        push_pair(recall, link->first_queue, link->queue_count);
    }
    for (VEC_EACH(const struct delay_queue, queue, &delay->queues))
        push_pair(recall, queue->first, queue->count);
}

static bool is_last(const struct recall *recall)
{
    return recall->words.count == recall->asked.count &&
           memcmp(recall->words.items, recall->asked.items,
                  recall->asked.count * sizeof *recall->asked.items) == 0;
}

void recall_quantiles(struct recall *recall, const struct delay *delay, double out[QUANTILE_COUNT])
{
    ask(recall, delay);
    if (!is_last(recall)) {
        delay_quantiles(delay, recall->quantiles);
        recall->found++;
        vec_clear(&recall->words);
        for (VEC_EACH(const uint64_t, word, &recall->asked))
            vec_push(&recall->words, *word);
    }
    memcpy(out, recall->quantiles, sizeof recall->quantiles);
}
