/* SPDX-License-Identifier: Apache-2.0
 *
 * The one allocator. Memory comes zeroed; out of memory stops the program here, so no caller
 * checks. Sizes that come from outside are bounded by the reader of that input before they get
 * here.
 */
#ifndef WEIR_BASE_ALLOC_H
#define WEIR_BASE_ALLOC_H

#include <stddef.h>

#include "core/base/check.h"

void *mem_create(size_t size);                          /* zeroed; size 0 gives a valid pointer */
void *mem_create_array(size_t count, size_t item_size); /* zeroed; checks the product */
/* Keeps the first old_count items, zeroes the new ones. */
void *mem_grow_array(void *items, size_t old_count, size_t new_count, size_t item_size);
char *mem_copy_text(const char *text);
void mem_destroy(void *memory); /* null is fine */

/* An arena: many small things that die together. Pointers stay valid until reset or fini. */
struct arena {
    struct arena_block *first, *current;
    unsigned char *next; /* in the current block, and how many bytes are left there */
    size_t left;
};

enum { ARENA_ALIGN = 16 };

static inline void arena_init(struct arena *arena)
{
    *arena = (struct arena){ 0 };
}

void arena_fini(struct arena *arena);
void arena_reset(struct arena *arena);              /* forgets all, keeps the memory */
void *arena_take(struct arena *arena, size_t size); /* zeroed, aligned for anything */
char *arena_copy_text(struct arena *arena, const char *text);
/* Of arena_take_unset: goes on to a block with room for so much. */
void arena_move_on(struct arena *arena, size_t least);

/* Not zeroed: to be written over. Inline, because every effect of a step is such a taking. */
static inline void *arena_take_unset(struct arena *arena, size_t size)
{
    CHECK(size <= (size_t)-1 / 4); /* rounding and the block's head must not run over */
    size_t rounded = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (arena->left < rounded || !arena->current)
        arena_move_on(arena, rounded);
    unsigned char *memory = arena->next;
    arena->next += rounded;
    arena->left -= rounded;
    return memory;
}

#endif
