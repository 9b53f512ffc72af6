/* SPDX-License-Identifier: Apache-2.0
 *
 * A map from hashes; texts that share one stand at the next number that is free.
 */
#include "sim/compare/names.h"

#include "core/base/hash.h"
#include "core/base/text.h"

void names_init(struct names *names)
{
    *names = (struct names){ 0 };
    arena_init(&names->kept);
}

void names_fini(struct names *names)
{
    vec_fini(&names->texts);
    index_map_fini(&names->by_hash);
    arena_fini(&names->kept);
}

uint32_t names_place(struct names *names, const char *text)
{
    uint64_t hash = hash_add_text(0, text);
    uint32_t place = index_map_get(&names->by_hash, hash);
    while (place != INDEX_NONE && !text_equal(names->texts.items[place], text))
        place = index_map_get(&names->by_hash, ++hash);
    if (place != INDEX_NONE)
        return place;
    place = (uint32_t)names->texts.count;
    index_map_put(&names->by_hash, hash, place);
    vec_push(&names->texts, arena_copy_text(&names->kept, text));
    return place;
}
