/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the text of a slot pool.
 */
#include "tests/lib/pools.h"

#include <check.h>
#include <stdio.h>

void pools_fill(struct slot_pool *pool, const char *text)
{
    struct requirements required = { 0 };
    struct resource_profile any = profile_unknown();
    requirements_add(&required, &any, UINT32_MAX);
    slot_pool_init(pool);
    slot_pool_require(pool, &required);
    requirements_fini(&required);
    unsigned node, count;
    int length = 0;
    uint32_t allocation = 0;
    while (sscanf(text, "%u:%u %n", &node, &count, &length) == 2) {
        for (; count > 0; count--, allocation++) {
            struct slot_offer offer = { { allocation }, allocation, 1000, 1024 };
            ck_assert(slot_pool_offer(pool, (struct node_id){ node }, &offer, 0));
        }
        text += length;
    }
    ck_assert_str_eq(text, "");
}
