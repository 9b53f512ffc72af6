/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of the longest common subsequence, filled from the end so that the way through it is
 * read from the front; each cell has the most pairs that the rest can have and the least that their
 * times differ by. Only the choices are kept, two rows of values are enough.
 */
#include "sim/compare/align.h"

#include "core/base/alloc.h"

/* Differences count as that at most, so that a block of them cannot run over. */
#define APART_MAX (UINT64_MAX / (2 * ALIGN_BLOCK))

enum choice { CHOOSE_PAIR, CHOOSE_SKIP_A, CHOOSE_SKIP_B };

struct rest {
    uint32_t pairs;
    uint64_t apart_ns;
};

struct block {
    struct align_steps a, b;
    unsigned char *choices; /* of (i, j): i * (b.count + 1) + j */
    struct rest *row, *below;
};

static uint64_t apart(time_ns a, time_ns b)
{
    uint64_t difference = a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
    return difference < APART_MAX ? difference : APART_MAX;
}

static int is_better(struct rest one, struct rest other)
{
    return one.pairs != other.pairs ? one.pairs > other.pairs : one.apart_ns < other.apart_ns;
}

static void fill_cell(const struct block *block, size_t i, size_t j)
{
    struct rest best = { 0, 0 };
    enum choice choice = CHOOSE_SKIP_A;
    if (i < block->a.count) {
        best = block->below[j];
    } else {
        choice = CHOOSE_SKIP_B;
    }
    if (i < block->a.count && j < block->b.count) {
        const struct align_step *a = &block->a.items[i], *b = &block->b.items[j];
        struct rest pair = block->below[j + 1];
        pair.pairs++;
        pair.apart_ns += apart(a->at, b->at);
        if (is_better(block->row[j + 1], best)) {
            best = block->row[j + 1];
            choice = CHOOSE_SKIP_B;
        }
        if (a->word == b->word && !is_better(best, pair)) {
            best = pair;
            choice = CHOOSE_PAIR;
        }
    }
    block->row[j] = best;
    block->choices[i * (block->b.count + 1) + j] = (unsigned char)choice;
}

static void fill(struct block *block)
{
    for (size_t i = block->a.count + 1; i-- > 0;) {
        for (size_t j = block->b.count + 1; j-- > 0;)
            fill_cell(block, i, j);
        struct rest *filled = block->row;
        block->row = block->below;
        block->below = filled;
    }
}

/* How many of the steps from `from` on go into a block that ends at `end`. */
static size_t count_until(struct align_steps steps, size_t from, time_ns end)
{
    size_t count = 0;
    while (count < ALIGN_BLOCK && from + count < steps.count && steps.items[from + count].at <= end)
        count++;
    return count;
}

/* The last moment that a block from `from` on can hold. */
static time_ns end_of(struct align_steps steps, size_t from)
{
    return steps.count - from > ALIGN_BLOCK ? steps.items[from + ALIGN_BLOCK - 1].at : TIME_NEVER;
}

static struct align_steps part(struct align_steps steps, size_t from, size_t count)
{
    return (struct align_steps){ steps.items + from, count };
}

/* What is chosen near the end of a block may be otherwise when more is known: half is taken. */
static int is_taken(size_t at, size_t count, size_t left)
{
    return left > count && count == ALIGN_BLOCK && at >= ALIGN_BLOCK / 2;
}

void align_steps(struct align_steps a, struct align_steps b, uint32_t *partner)
{
    struct block block;
    size_t room_a = a.count < ALIGN_BLOCK ? a.count : ALIGN_BLOCK;
    size_t room_b = b.count < ALIGN_BLOCK ? b.count : ALIGN_BLOCK;
    block.choices = mem_create((room_a + 1) * (room_b + 1));
    block.row = mem_create_array(room_b + 1, sizeof *block.row);
    block.below = mem_create_array(room_b + 1, sizeof *block.below);
    for (size_t i = 0, j = 0; i < a.count || j < b.count;) {
        time_ns end_a = end_of(a, i), end_b = end_of(b, j), end = end_a < end_b ? end_a : end_b;
        size_t at_a = 0, at_b = 0;
        block.a = part(a, i, count_until(a, i, end));
        block.b = part(b, j, count_until(b, j, end));
        fill(&block);
        while ((at_a < block.a.count || at_b < block.b.count) &&
               !is_taken(at_a, block.a.count, a.count - i) &&
               !is_taken(at_b, block.b.count, b.count - j)) {
            switch ((enum choice)block.choices[at_a * (block.b.count + 1) + at_b]) {
            case CHOOSE_PAIR: partner[i + at_a++] = (uint32_t)(j + at_b++); break;
            case CHOOSE_SKIP_A: partner[i + at_a++] = ALIGN_NONE; break;
            case CHOOSE_SKIP_B: at_b++; break;
            }
        }
        i += at_a;
        j += at_b;
    }
    mem_destroy(block.below);
    mem_destroy(block.row);
    mem_destroy(block.choices);
}
