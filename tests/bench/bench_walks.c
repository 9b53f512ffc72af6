/* SPDX-License-Identifier: Apache-2.0
 *
 * Walks over the map of one key, from which entries are removed meanwhile: twice and four times as
 * many. Each line is the time per entry against that at half as many. Ends with 1 when one of them
 * grows as a quadratic path does.
 */
#include "core/exec/operator_task.h"
#include "core/exec/user_state.h"
#include "tests/bench/bench.h"

enum { ENTRIES = 10000, ROUND = 8, GROUPS = 128 };

/* Of each round of entries: which of them are removed, when the first of those is met. */
struct removal {
    bool goes[ROUND];
};

static void put_entries(struct user_state *map, struct state_key at, uint64_t entries)
{
    for (uint64_t i = 0; i < entries; i++) {
        uint64_t *value = user_map_put(map, at, &i, sizeof *value);
        *value = i;
    }
}

static void remove_round(const struct removal *removal, struct user_state *map, struct state_key at,
                         uint64_t first)
{
    for (uint64_t i = 0; i < ROUND; i++) {
        uint64_t map_key = first + i;
        if (removal->goes[i])
            user_map_remove(map, at, &map_key);
    }
}

static void walk_over(const struct removal *removal, struct user_state *map, struct state_key at)
{
    struct user_map_cursor walk = { 0 };
    uint64_t met = 0;
    for (; user_map_next(map, at, &walk); met++) {
        uint64_t number = *(const uint64_t *)walk.value;
        if (removal->goes[number % ROUND])
            remove_round(removal, map, at, number - number % ROUND);
    }
    bench_keep(met);
}

static void walk(void *context, uint64_t n)
{
    const struct user_state_spec spec = {
        .name = "map", .kind = USER_MAP, .map_key_size = 8, .value_size = 8
    };
    const struct key_spec key_spec = { KEY_HASH_LONG, 0, 8 };
    const struct operator_spec op_spec = { .name = "walks" };
    struct state_registry states = { .task = { 1, 1, 0, 1, GROUPS, 0 },
                                     .groups = { 0, GROUPS - 1 } };
    struct operator_task task = { .max_parallelism = GROUPS,
                                  .groups = states.groups,
                                  .states = &states };
    struct operator op = { .spec = &op_spec, .task = &task };
    struct user_state map = { 0 };
    const uint64_t key = 1;
    CHECK(user_state_open(&map, &op, &spec, &key_spec));
    struct state_key at = { &key, sizeof key, 0 };
    put_entries(&map, at, n);
    walk_over(context, &map, at);
    user_state_close(&map);
    state_registry_fini(&states);
}

int main(void)
{
    struct removal none = { { false } }, this_one = { { false, true } };
    struct removal and_next = { { false, true, true } };
    struct removal in_a_row = { { false, false, true, true, true, true, true } };
    bool linear = true;
    linear &= bench_doubles("walks: nothing removed", walk, &none, ENTRIES);
    linear &= bench_doubles("walks: this entry", walk, &this_one, ENTRIES);
    linear &= bench_doubles("walks: this and the next", walk, &and_next, ENTRIES);
    linear &= bench_doubles("walks: five in a row", walk, &in_a_row, ENTRIES);
    return linear ? 0 : 1;
}
