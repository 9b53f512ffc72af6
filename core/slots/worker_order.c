/* SPDX-License-Identifier: Apache-2.0
 *
 * Positions and bit sets. An empty position carries no mark.
 */
#include "core/slots/worker_order.h"

enum { WORD_BITS = 64, SPARSE_LEAST = 64 /* below this, gaps cost nothing */ };

void worker_order_fini(struct worker_order *order)
{
    vec_fini(&order->at);
    for (int m = 0; m < WORKER_MARK_COUNT; m++)
        vec_fini(&order->marks[m]);
}

/* A word of marks is added with every 64th position; it comes zeroed. */
uint32_t worker_order_append(struct worker_order *order, uint32_t worker)
{
    CHECK(worker != INDEX_NONE);
    uint32_t position = (uint32_t)order->at.count;
    vec_push(&order->at, worker);
    for (int m = 0; m < WORKER_MARK_COUNT; m++)
        if (order->marks[m].count * WORD_BITS < order->at.count)
            vec_push(&order->marks[m], 0);
    order->live++;
    return position;
}

/* The position stays, empty: moving the later ones down would cost their number. */
void worker_order_remove(struct worker_order *order, uint32_t position)
{
    CHECK(position < order->at.count);
    CHECK(order->at.items[position] != INDEX_NONE);
    for (int m = 0; m < WORKER_MARK_COUNT; m++)
        worker_order_mark(order, position, (enum worker_mark)m, false);
    order->at.items[position] = INDEX_NONE;
    order->live--;
}

/* Setting what is set already is fine: the books set marks after every change. */
void worker_order_mark(struct worker_order *order, uint32_t position, enum worker_mark mark,
                       bool is_set)
{
    CHECK(position < order->at.count);
    uint64_t bit = (uint64_t)1 << position % WORD_BITS;
    uint64_t *word = &order->marks[mark].items[position / WORD_BITS];
    *word = is_set ? *word | bit : *word & ~bit;
}

bool worker_order_has_mark(const struct worker_order *order, uint32_t position,
                           enum worker_mark mark)
{
    CHECK(position < order->at.count);
    return (order->marks[mark].items[position / WORD_BITS] >> position % WORD_BITS & 1) != 0;
}

/* Words without a mark are skipped 64 positions at a time. */
uint32_t worker_order_next(const struct worker_order *order, uint32_t position,
                           enum worker_mark mark)
{
    size_t word = position / WORD_BITS;
    if (word >= order->marks[mark].count)
        return INDEX_NONE;
    uint64_t bits = order->marks[mark].items[word] & UINT64_MAX << position % WORD_BITS;
    while (bits == 0) {
        if (++word == order->marks[mark].count)
            return INDEX_NONE;
        bits = order->marks[mark].items[word];
    }
    return (uint32_t)(word * WORD_BITS) + (uint32_t)__builtin_ctzll(bits);
}

/* Squeezing costs the number of positions, and at least half of them have been emptied since the
 * last time: constant per departure. */
bool worker_order_is_sparse(const struct worker_order *order)
{
    return order->at.count >= SPARSE_LEAST && order->at.count / 2 > order->live;
}

/* From the front, so that a mark never lands on a position that is still to be read. */
void worker_order_squeeze(struct worker_order *order, uint32_t *moved)
{
    uint32_t kept = 0;
    for (uint32_t position = 0; position < order->at.count; position++) {
        uint32_t worker = order->at.items[position];
        if (worker == INDEX_NONE)
            continue;
        for (int m = 0; m < WORKER_MARK_COUNT; m++) {
            bool is_set = worker_order_has_mark(order, position, (enum worker_mark)m);
            worker_order_mark(order, position, (enum worker_mark)m, false);
            worker_order_mark(order, kept, (enum worker_mark)m, is_set);
        }
        order->at.items[kept] = worker;
        moved[position] = kept++;
    }
    CHECK(kept == order->live);
    vec_resize(&order->at, kept);
    for (int m = 0; m < WORKER_MARK_COUNT; m++)
        vec_resize(&order->marks[m], (kept + WORD_BITS - 1) / WORD_BITS);
}
