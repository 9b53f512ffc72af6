/* SPDX-License-Identifier: Apache-2.0
 *
 * The linker has calls of mem_create come by here (--wrap, in the Makefile).
 */
#include "tests/lib/rooms.h"

#include "core/base/alloc.h"

static size_t size_wanted;
static uint64_t counted;

void *counted_create(size_t size) __asm__("__wrap_mem_create");
void *real_create(size_t size) __asm__("__real_mem_create");

void *counted_create(size_t size)
{
    counted += size == size_wanted;
    return real_create(size);
}

void rooms_count(size_t size)
{
    size_wanted = size;
    counted = 0;
}

uint64_t rooms_counted(void)
{
    return counted;
}
