/* SPDX-License-Identifier: Apache-2.0
 *
 * An order of all, found once; questions walk it past those that are left out, who bear its number.
 */
#include "sim/model/ranking.h"

#include "core/base/index_map.h"
#include "sim/model/order.h"

void ranking_fini(struct ranking *ranking)
{
    vec_fini(&ranking->values);
    vec_fini(&ranking->groups);
    vec_fini(&ranking->order);
    vec_fini(&ranking->scratch);
    vec_fini(&ranking->first);
    vec_fini(&ranking->left_out);
}

void ranking_clear(struct ranking *ranking)
{
    vec_clear(&ranking->values);
    vec_clear(&ranking->groups);
    vec_clear(&ranking->left_out);
    ranking->question = 0;
}

void ranking_add(struct ranking *ranking, double value, uint32_t group)
{
    vec_push(&ranking->values, -value);
    vec_push(&ranking->groups, group);
    vec_push(&ranking->left_out, 0);
}

void ranking_sort(struct ranking *ranking, uint32_t group_count)
{
    size_t count = ranking->values.count;
    vec_resize(&ranking->order, count);
    vec_resize(&ranking->scratch, count);
    vec_clear(&ranking->first);
    vec_resize(&ranking->first, group_count + 1);
    for (uint32_t i = 0; i < count; i++)
        ranking->scratch.items[i] = i;
    order_by_value(ranking->scratch.items, count, ranking->values.items, ranking->order.items);
    for (VEC_EACH(const uint32_t, group, &ranking->groups))
        ranking->first.items[*group]++;
    for (uint32_t g = 0, end = 0; g <= group_count; g++)
        ranking->first.items[g] = end += ranking->first.items[g];
    for (size_t i = count; i-- > 0;) {
        uint32_t number = ranking->scratch.items[i];
        ranking->order.items[--ranking->first.items[ranking->groups.items[number]]] = number;
    }
}

void ranking_ask(struct ranking *ranking)
{
    ranking->question++;
}

void ranking_leave_out(struct ranking *ranking, uint32_t number)
{
    ranking->left_out.items[number] = ranking->question;
}

uint32_t ranking_first(const struct ranking *ranking, uint32_t group)
{
    for (uint32_t i = ranking->first.items[group]; i < ranking->first.items[group + 1]; i++) {
        uint32_t number = ranking->order.items[i];
        if (ranking->left_out.items[number] != ranking->question)
            return number;
    }
    return INDEX_NONE;
}
