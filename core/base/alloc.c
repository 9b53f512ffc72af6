/* SPDX-License-Identifier: Apache-2.0
 *
 * The allocator and arenas. An arena is a list of blocks, each twice as large as the one before up
 * to a limit (or as large as the thing asked for), so that taking is a pointer bump.
 */
#include "core/base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

enum { ARENA_BLOCK_FIRST = 1024, ARENA_BLOCK_MAX = 256 * 1024 };

/*     first            current
 *       |                |
 *     [full] -> [full] -> [used | free] -> [kept by an earlier reset] -> null
 */
struct arena_block {
    struct arena_block *next;
    size_t size;
    _Alignas(ARENA_ALIGN) unsigned char bytes[];
};

void *mem_create(size_t size)
{
    /* calloc may answer null for nothing; one byte keeps null for "out of memory". */
    void *memory = calloc(1, size ? size : 1);
    CHECK(memory != NULL);
    return memory;
}

void *mem_create_array(size_t count, size_t item_size)
{
    CHECK(item_size > 0);
    CHECK(count <= SIZE_MAX / 2 / item_size); /* so that differences of pointers fit too */
    return mem_create(count * item_size);
}

void *mem_grow_array(void *items, size_t old_count, size_t new_count, size_t item_size)
{
    CHECK(item_size > 0);
    CHECK(new_count >= old_count);
    CHECK(new_count <= SIZE_MAX / 2 / item_size);
    unsigned char *grown = realloc(items, new_count ? new_count * item_size : 1);
    CHECK(grown != NULL);
    memset(grown + old_count * item_size, 0, (new_count - old_count) * item_size);
    return grown;
}

char *mem_copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = mem_create(size);
    memcpy(copy, text, size);
    return copy;
}

void mem_destroy(void *memory)
{
    free(memory);
}

void arena_fini(struct arena *arena)
{
    struct arena_block *block = arena->first;
    while (block) {
        struct arena_block *next = block->next;
        mem_destroy(block);
        block = next;
    }
    arena_init(arena);
}

static void enter_block(struct arena *arena, struct arena_block *block)
{
    arena->current = block;
    arena->next = block->bytes;
    arena->left = block->size;
}

void arena_reset(struct arena *arena)
{
    if (arena->first)
        enter_block(arena, arena->first);
}

/* A new block just behind the current one: blocks that were too small for this once stay behind it
 * and serve later. Not zeroed; arena_take zeroes what it gives. */
static struct arena_block *arena_add_block(struct arena *arena, size_t least)
{
    size_t size = ARENA_BLOCK_FIRST;
    if (arena->current)
        size = arena->current->size * 2;
    if (size > ARENA_BLOCK_MAX)
        size = ARENA_BLOCK_MAX;
    if (size < least)
        size = least;
    struct arena_block *block = malloc(sizeof *block + size);
    CHECK(block != NULL);
    block->size = size;
    block->next = NULL;
    if (arena->current) {
        block->next = arena->current->next;
        arena->current->next = block;
    } else {
        arena->first = block;
    }
    return block;
}

void arena_move_on(struct arena *arena, size_t least)
{
    struct arena_block *next = arena->current ? arena->current->next : NULL;
    if (!next || next->size < least)
        next = arena_add_block(arena, least);
    enter_block(arena, next);
}

void *arena_take(struct arena *arena, size_t size)
{
    void *memory = arena_take_unset(arena, size);
    memset(memory, 0, size);
    return memory;
}

char *arena_copy_text(struct arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = arena_take_unset(arena, size);
    memcpy(copy, text, size);
    return copy;
}
