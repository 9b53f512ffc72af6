/* SPDX-License-Identifier: Apache-2.0
 *
 * Progressive filling with a lazy heap. All flows that still grow are at one level. The heap holds,
 * for each flow, the level of its bound and, for each row, the level at which it would be full if
 * nothing more stopped. Flows that stop can only make rows fill later, so an entry may be too early
 * but never too late: a row that comes out of the heap is worked out afresh and, if it is not full
 * yet, put back.
 *
 * A row that is shared holds nobody while it is not full; full, it has a level: no user takes more,
 * and smaller wishes are served in full. Levels are found together, all filled anew each time.
 */
#include "sim/model/maxmin.h"

#include <math.h>

#include "sim/model/order.h"

#define LEVELS_ALIKE 1e-13 /* relative */
#define FULL_ALIKE   1e-9

enum { TURNS_MAX = 300 };

void maxmin_fini(struct maxmin *problem)
{
    vec_fini(&problem->flows);
    vec_fini(&problem->rows);
    vec_fini(&problem->terms);
    vec_fini(&problem->weights);
    vec_fini(&problem->peaks);
    vec_fini(&problem->heap);
    vec_fini(&problem->sums);
    vec_fini(&problem->by_sum);
    vec_fini(&problem->frozen);
    vec_fini(&problem->users);
    vec_fini(&problem->wishes);
    vec_fini(&problem->order);
    vec_fini(&problem->scratch);
}

void maxmin_clear(struct maxmin *problem, uint32_t sum_count)
{
    vec_clear(&problem->flows);
    vec_clear(&problem->rows);
    vec_clear(&problem->terms);
    vec_clear(&problem->weights);
    vec_clear(&problem->peaks);
    problem->sum_count = sum_count;
}

uint32_t maxmin_add_flow(struct maxmin *problem, uint32_t sum, double count, double bound)
{
    CHECK(sum < problem->sum_count);
    CHECK(count > 0);
    CHECK(bound >= 0);
    vec_push(
        &problem->flows,
        (struct maxmin_flow){ .sum = sum, .count = count, .bound = bound, .limit = MAXMIN_BOUND });
    return (uint32_t)problem->flows.count - 1;
}

uint32_t maxmin_add_row(struct maxmin *problem, double limit, const struct maxmin_term *terms,
                        uint32_t term_count, const struct maxmin_weight *weights,
                        uint32_t weight_count)
{
    CHECK(limit >= 0);
    vec_push(&problem->rows, (struct maxmin_row){ .limit = limit,
                                                  .first_term = (uint32_t)problem->terms.count,
                                                  .term_count = term_count,
                                                  .first_weight = (uint32_t)problem->weights.count,
                                                  .weight_count = weight_count,
                                                  .first_peak = MAXMIN_BOUND });
    for (uint32_t i = 0; i < term_count; i++)
        vec_push(&problem->terms, terms[i]);
    for (uint32_t i = 0; i < weight_count; i++) {
        CHECK(weights[i].sum < problem->sum_count);
        vec_push(&problem->weights, weights[i]);
    }
    return (uint32_t)problem->rows.count - 1;
}

void maxmin_share_row(struct maxmin *problem, uint32_t row, const double *peaks)
{
    struct maxmin_row *r = &problem->rows.items[row];
    CHECK(r->first_peak == MAXMIN_BOUND);
    r->first_peak = (uint32_t)problem->peaks.count;
    for (uint32_t i = 0; i < r->term_count + r->weight_count; i++)
        vec_push(&problem->peaks, peaks[i]);
}

/* Heap order: level, then id, so that equal levels are decided by rule. */
static bool is_earlier(struct maxmin_event a, struct maxmin_event b)
{
    return a.at != b.at ? a.at < b.at : a.id < b.id;
}

static void heap_push(struct maxmin *problem, struct maxmin_event event)
{
    vec_push(&problem->heap, event);
    struct maxmin_event *heap = problem->heap.items;
    size_t i = problem->heap.count - 1;
    while (i > 0 && is_earlier(event, heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = event;
}

static struct maxmin_event heap_pop(struct maxmin *problem)
{
    struct maxmin_event *heap = problem->heap.items, top = heap[0];
    struct maxmin_event last = heap[--problem->heap.count];
    size_t count = problem->heap.count, i = 0;
    while (2 * i + 1 < count) {
        size_t child = 2 * i + 1;
        if (child + 1 < count && is_earlier(heap[child + 1], heap[child]))
            child++;
        if (!is_earlier(heap[child], last))
            break;
        heap[i] = heap[child];
        i = child;
    }
    if (count > 0)
        heap[i] = last;
    return top;
}

/* At a full row that is shared nobody takes more than its level. */
static void cap_all(struct maxmin *problem)
{
    for (VEC_EACH(struct maxmin_flow, flow, &problem->flows)) {
        flow->cap = flow->bound;
        flow->cap_row = MAXMIN_BOUND;
    }
    for (VEC_EACH(struct maxmin_sum, sum, &problem->sums))
        sum->cap = INFINITY;
    for (uint32_t r = 0; r < problem->rows.count; r++) {
        const struct maxmin_row *row = &problem->rows.items[r];
        if (row->first_peak == MAXMIN_BOUND)
            continue;
        const double *peaks = problem->peaks.items + row->first_peak;
        for (uint32_t i = 0; i < row->term_count; i++) {
            struct maxmin_flow *flow =
                &problem->flows.items[problem->terms.items[row->first_term + i].flow];
            if (peaks[i] > 0 && row->level / peaks[i] < flow->cap) {
                flow->cap = row->level / peaks[i];
                flow->cap_row = r;
            }
        }
        for (uint32_t i = 0; i < row->weight_count; i++) {
            struct maxmin_sum *sum =
                &problem->sums.items[problem->weights.items[row->first_weight + i].sum];
            double peak = peaks[row->term_count + i];
            if (peak > 0 && row->level / peak < sum->cap) {
                sum->cap = row->level / peak;
                sum->cap_row = r;
            }
        }
    }
}

/* Flows grouped by sum; all grow. */
static void start_sums(struct maxmin *problem)
{
    vec_clear(&problem->sums);
    vec_resize(&problem->sums, problem->sum_count);
    vec_clear(&problem->by_sum);
    vec_resize(&problem->by_sum, problem->flows.count);
    vec_clear(&problem->frozen);
    vec_resize(&problem->frozen, problem->flows.count);
    problem->growing = (uint32_t)problem->flows.count;
    struct maxmin_sum *sums = problem->sums.items;
    for (VEC_EACH(struct maxmin_flow, flow, &problem->flows)) {
        sums[flow->sum].count++;
        sums[flow->sum].growth += flow->count;
    }
    cap_all(problem);
    uint32_t first = 0;
    for (uint32_t k = 0; k < problem->sum_count; k++) {
        sums[k].first = first;
        first += sums[k].count;
        sums[k].count = 0;
    }
    for (uint32_t f = 0; f < problem->flows.count; f++) {
        struct maxmin_sum *sum = &sums[problem->flows.items[f].sum];
        problem->by_sum.items[sum->first + sum->count++] = f;
    }
}

static void freeze(struct maxmin *problem, uint32_t f, double level, uint32_t limit, bool by_sum)
{
    if (problem->frozen.items[f])
        return;
    problem->frozen.items[f] = true;
    problem->growing--;
    struct maxmin_flow *flow = &problem->flows.items[f];
    flow->rate = fmin(level, flow->cap);
    flow->limit = limit;
    flow->by_sum = by_sum;
    struct maxmin_sum *sum = &problem->sums.items[flow->sum];
    sum->value += sum->growth * (level - sum->level);
    sum->level = level;
    sum->growth -= flow->count;
}

/* The level at which the row is full, going on from `level` as things are; infinity: never. */
static double row_full_at(const struct maxmin *problem, uint32_t r, double level)
{
    const struct maxmin_row *row = &problem->rows.items[r];
    double load = 0, growth = 0;
    for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++) {
        const struct maxmin_term *term = &problem->terms.items[i];
        bool stopped = problem->frozen.items[term->flow];
        const struct maxmin_flow *flow = &problem->flows.items[term->flow];
        load += term->weight * (stopped ? flow->rate : level);
        growth += stopped ? 0 : term->weight;
    }
    for (uint32_t i = row->first_weight; i < row->first_weight + row->weight_count; i++) {
        const struct maxmin_weight *weight = &problem->weights.items[i];
        const struct maxmin_sum *sum = &problem->sums.items[weight->sum];
        load += weight->weight * (sum->value + sum->growth * (level - sum->level));
        growth += sum->closed ? 0 : weight->weight * sum->growth;
    }
    if (growth <= 0)
        return INFINITY;
    return load < row->limit ? level + (row->limit - load) / growth : level;
}

static void close_sum(struct maxmin *problem, struct maxmin_sum *sum, double level, uint32_t r)
{
    for (uint32_t i = 0; i < sum->count && !sum->closed; i++)
        freeze(problem, problem->by_sum.items[sum->first + i], level, r, true);
    sum->closed = true;
    sum->growth = 0;
}

/* Everything the full row weighs stops. */
static void close_row(struct maxmin *problem, uint32_t r, double level)
{
    const struct maxmin_row *row = &problem->rows.items[r];
    for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++)
        if (problem->terms.items[i].weight > 0)
            freeze(problem, problem->terms.items[i].flow, level, r, false);
    for (uint32_t w = row->first_weight; w < row->first_weight + row->weight_count; w++)
        if (problem->weights.items[w].weight > 0)
            close_sum(problem, &problem->sums.items[problem->weights.items[w].sum], level, r);
}

/* The level at which the sum has all that it is let; infinity: never. */
static double sum_full_at(const struct maxmin *problem, uint32_t k, double level)
{
    const struct maxmin_sum *sum = &problem->sums.items[k];
    double value = sum->value + sum->growth * (level - sum->level);
    if (sum->closed || !(sum->growth > 0) || sum->cap == INFINITY)
        return INFINITY;
    return value < sum->cap ? level + (sum->cap - value) / sum->growth : level;
}

/* Of a row, or behind them of a sum. */
static double full_at(const struct maxmin *problem, uint32_t r, double level)
{
    uint32_t rows = (uint32_t)problem->rows.count;
    return r < rows ? row_full_at(problem, r, level) : sum_full_at(problem, r - rows, level);
}

static void close_at(struct maxmin *problem, uint32_t r, double level)
{
    uint32_t rows = (uint32_t)problem->rows.count;
    if (r < rows) {
        close_row(problem, r, level);
        return;
    }
    struct maxmin_sum *sum = &problem->sums.items[r - rows];
    close_sum(problem, sum, level, sum->cap_row);
}

static void push_all(struct maxmin *problem)
{
    uint32_t flow_count = (uint32_t)problem->flows.count;
    vec_clear(&problem->heap);
    for (uint32_t f = 0; f < flow_count; f++)
        if (problem->flows.items[f].cap < INFINITY)
            heap_push(problem, (struct maxmin_event){ problem->flows.items[f].cap, f });
    for (uint32_t r = 0; r < problem->rows.count + problem->sum_count; r++) {
        bool shared = r < problem->rows.count && problem->rows.items[r].first_peak != MAXMIN_BOUND;
        double at = shared ? INFINITY : full_at(problem, r, 0);
        if (at < INFINITY)
            heap_push(problem, (struct maxmin_event){ at, flow_count + r });
    }
}

static void fill(struct maxmin *problem)
{
    uint32_t flow_count = (uint32_t)problem->flows.count;
    start_sums(problem);
    push_all(problem);
    double level = 0;
    while (problem->growing > 0) {
        CHECK(problem->heap.count > 0); /* else a flow has neither bound nor row */
        struct maxmin_event event = heap_pop(problem);
        if (event.id < flow_count) {
            level = fmax(level, event.at);
            freeze(problem, event.id, event.at, problem->flows.items[event.id].cap_row, false);
            continue;
        }
        double at = full_at(problem, event.id - flow_count, fmax(level, event.at));
        if (at == INFINITY)
            continue; /* all it weighs has stopped */
        if (at > event.at * (1 + 1e-14) && problem->heap.count > 0 &&
            at > problem->heap.items[0].at) {
            heap_push(problem, (struct maxmin_event){ at, event.id });
            continue;
        }
        level = fmax(level, at);
        close_at(problem, event.id - flow_count, level);
    }
}

/* Who takes at most a level takes what he wants, at the level he would take more. */
static void add_users(struct maxmin *problem, double weight, double peak, double rate, double level)
{
    double use = peak * rate;
    if (!(weight > 0) || !(peak > 0))
        return;
    vec_push(&problem->users, weight / peak);
    vec_push(&problem->wishes, use >= level * (1 - 1e-12) ? INFINITY : use);
}

/* A term with twice the weight of its largest user counts as two. */
static void find_users(struct maxmin *problem, const struct maxmin_row *row)
{
    const double *peaks = problem->peaks.items + row->first_peak;
    vec_clear(&problem->users);
    vec_clear(&problem->wishes);
    for (uint32_t i = 0; i < row->term_count; i++) {
        const struct maxmin_term *term = &problem->terms.items[row->first_term + i];
        add_users(problem, term->weight, peaks[i], problem->flows.items[term->flow].rate,
                  row->level);
    }
    for (uint32_t i = 0; i < row->weight_count; i++) {
        const struct maxmin_weight *weight = &problem->weights.items[row->first_weight + i];
        add_users(problem, weight->weight, peaks[row->term_count + i],
                  problem->sums.items[weight->sum].value, row->level);
    }
}

/* Nobody is held, and what they take leaves some: so it is with most rows. */
static bool has_room(const struct maxmin *problem, const struct maxmin_row *row)
{
    double wished = 0;
    for (size_t i = 0; i < problem->users.count; i++)
        wished += problem->wishes.items[i] * problem->users.items[i];
    return wished < row->limit * (1 - FULL_ALIKE);
}

static void order_wishes(struct maxmin *problem)
{
    vec_clear(&problem->order);
    for (uint32_t i = 0; i < problem->wishes.count; i++)
        vec_push(&problem->order, i);
    vec_resize(&problem->scratch, problem->order.count);
    order_by_value(problem->order.items, problem->order.count, problem->wishes.items,
                   problem->scratch.items);
}

/* The level at which the row is full, if those that it does not hold go on as they are: small
 * wishes are served in full. */
static double fills(struct maxmin *problem, const struct maxmin_row *row)
{
    find_users(problem, row);
    if (has_room(problem, row))
        return row->limit;
    order_wishes(problem);
    double left = row->limit, count = 0;
    for (VEC_EACH(const double, users, &problem->users))
        count += *users;
    for (VEC_EACH(const uint32_t, i, &problem->order)) {
        double wish = problem->wishes.items[*i], users = problem->users.items[*i];
        if (wish * count > left)
            return fmin(left / count, row->limit);
        left -= wish * users;
        count -= users;
    }
    return row->limit;
}

/* A step of the secant method, row by row: what others take changes with what they are left. At
 * most by as much as they bring, but for rows that many sums meet, so later on steps become
 * smaller. */
static double next_level(const struct maxmin_row *row, double now, int turn)
{
    double change = row->level - row->level_before;
    double slope = turn == 0 ? 0 : -0.5, least = turn < 40 ? -1 : -3;
    if (turn > 0 && fabs(change) > 1e-15 * row->level)
        slope = (now - row->fills_before) / change;
    slope = fmin(fmax(slope, least), 0.5);
    if (turn >= 80)
        slope = fmin(slope, turn < 140 ? -1 : -4);
    return row->level + (now - row->level) / (1 - slope);
}

/* Says whether one changes. */
static bool set_levels(struct maxmin *problem, int turn)
{
    bool changes = false;
    for (VEC_EACH(struct maxmin_row, row, &problem->rows)) {
        if (row->first_peak == MAXMIN_BOUND || !(row->limit > 0))
            continue;
        double now = fills(problem, row), next = next_level(row, now, turn);
        changes |= fabs(now - row->level) > LEVELS_ALIKE * row->level;
        row->fills_before = now;
        row->level_before = row->level;
        row->level = next;
    }
    return changes;
}

static double load_of(const struct maxmin *problem, const struct maxmin_row *row)
{
    double load = 0;
    for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++)
        load += problem->terms.items[i].weight *
                problem->flows.items[problem->terms.items[i].flow].rate;
    for (uint32_t i = row->first_weight; i < row->first_weight + row->weight_count; i++)
        load += problem->weights.items[i].weight *
                problem->sums.items[problem->weights.items[i].sum].value;
    return load;
}

/* Where levels swing to the end, those of rows that carry too much are lowered. Says whether there
 * is one. */
static bool lower_levels(struct maxmin *problem)
{
    bool any = false;
    for (VEC_EACH(struct maxmin_row, row, &problem->rows)) {
        double load = row->first_peak == MAXMIN_BOUND ? 0 : load_of(problem, row);
        if (load > row->limit * (1 + 1e-12)) {
            row->level *= fmin(row->limit / load, 1 - 1e-12);
            any = true;
        }
    }
    return any;
}

void maxmin_solve(struct maxmin *problem)
{
    for (VEC_EACH(struct maxmin_row, row, &problem->rows))
        row->level = row->limit;
    fill(problem);
    for (int turn = 0; turn < TURNS_MAX && set_levels(problem, turn); turn++)
        fill(problem);
    while (lower_levels(problem))
        fill(problem);
}

bool maxmin_row_is_full(const struct maxmin *problem, uint32_t row)
{
    const struct maxmin_row *r = &problem->rows.items[row];
    return load_of(problem, r) >= r->limit * (1 - FULL_ALIKE);
}
