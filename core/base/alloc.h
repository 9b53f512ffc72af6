/* SPDX-License-Identifier: Apache-2.0
 *
 * The one allocator. Memory comes zeroed; out of memory stops the program here, so no caller
 * checks. Sizes that come from outside are bounded by the reader of that input before they get
 * here.
 */
#ifndef WEIR_BASE_ALLOC_H
#define WEIR_BASE_ALLOC_H

#include <stddef.h>

void *mem_create(size_t size);                          /* zeroed; size 0 gives a valid pointer */
void *mem_create_array(size_t count, size_t item_size); /* zeroed; checks the product */
/* Keeps the first old_count items, zeroes the new ones. */
void *mem_grow_array(void *items, size_t old_count, size_t new_count, size_t item_size);
char *mem_copy_text(const char *text);
void mem_destroy(void *memory); /* null is fine */

/* An arena: many small things that die together. Pointers stay valid until reset or fini. */
struct arena {
    struct arena_block *first, *current;
    size_t used_in_current;
};

void arena_init(struct arena *arena);
void arena_fini(struct arena *arena);
void arena_reset(struct arena *arena);                    /* forgets all, keeps the memory */
void *arena_take(struct arena *arena, size_t size);       /* zeroed, aligned for anything */
void *arena_take_unset(struct arena *arena, size_t size); /* not zeroed: to be written over */
char *arena_copy_text(struct arena *arena, const char *text);

#endif
