/* SPDX-License-Identifier: Apache-2.0
 *
 * The decider: a sorted queue and three questions to it. In: a request or a chance to run one, and
 * the situation. Out: a decision that names each request that left the queue. The queue stays
 * sorted and within its limit.
 */
#include "core/checkpoint/request_decider.h"

#include "core/base/check.h"

/* Limits are those of the job and stay, so a decision follows from queue and situation alone. */
void request_decider_init(struct request_decider *decider, uint32_t queue_limit,
                          int64_t max_concurrent, time_ns min_pause)
{
    CHECK(queue_limit > 0);
    CHECK(max_concurrent > 0);
    CHECK(min_pause >= 0);
    *decider = (struct request_decider){ .queue_limit = queue_limit,
                                         .max_concurrent = max_concurrent,
                                         .min_pause = min_pause };
}

void request_decider_fini(struct request_decider *decider)
{
    vec_fini(&decider->queue);
}

static bool is_savepoint(const struct checkpoint_request *request)
{
    return request->kind != CHECKPOINT_PERIODIC;
}

/* checkpointTriggerRequestsComparator; its last resort, identity hashes, is the order of asking
 * here. */
static bool goes_before(const struct checkpoint_request *a, const struct checkpoint_request *b)
{
    if (is_savepoint(a) != is_savepoint(b))
        return is_savepoint(a);
    if (a->forced != b->forced)
        return a->forced;
    if (a->periodic != b->periodic)
        return !a->periodic;
    return a->seq < b->seq;
}

/* Behind all that go before it: binary search, and a move of what comes after. The queue is short
 * as a rule, and bounded. */
static void insert(struct request_decider *decider, const struct checkpoint_request *request)
{
    size_t low = 0, high = decider->queue.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (goes_before(&decider->queue.items[middle], request))
            low = middle + 1;
        else
            high = middle;
    }
    vec_resize(&decider->queue, decider->queue.count + 1);
    memmove(decider->queue.items + low + 1, decider->queue.items + low,
            (decider->queue.count - 1 - low) * sizeof *decider->queue.items);
    decider->queue.items[low] = *request;
}

/* Two at most in one decision: one that found the queue full, and one that came too early. */
static void refuse(struct decision *decision, const struct checkpoint_request *request,
                   bool for_pause)
{
    CHECK(decision->refused_count < 2);
    decision->refused[decision->refused_count++] =
        (struct refused_request){ .request = *request, .for_pause = for_pause };
}

bool request_decider_take(struct request_decider *decider, struct checkpoint_request *out)
{
    if (decider->queue.count == 0)
        return false;
    *out = decider->queue.items[0];
    vec_remove_ordered(&decider->queue, 0);
    return true;
}

/* The pause counts from completion only: an aborted checkpoint leaves it as it was (surprise 7). */
time_ns request_decider_pause_left(const struct request_decider *decider,
                                   const struct decider_situation *situation)
{
    if (situation->last_completed_at == TIME_NEVER)
        return 0;
    return situation->last_completed_at - situation->now + decider->min_pause;
}

/* chooseRequestToExecute. At most one request leaves the queue, by running or by being dropped; the
 * others wait for the next chance, even those that would be dropped as well. */
static void choose(struct request_decider *decider, const struct decider_situation *situation,
                   struct decision *decision)
{
    if (situation->triggering || decider->queue.count == 0 ||
        situation->cleaning > decider->max_concurrent)
        return;
    const struct checkpoint_request *first = &decider->queue.items[0];
    if (situation->pending >= decider->max_concurrent) {
        if (first->forced)
            decision->run = request_decider_take(decider, &decision->request);
        return;
    }
    time_ns left = request_decider_pause_left(decider, situation);
    if (!first->forced && first->periodic && left > 0) {
        struct checkpoint_request early;
        decision->retry_in = left;
        request_decider_take(decider, &early);
        refuse(decision, &early, true);
        return;
    }
    decision->run = request_decider_take(decider, &decision->request);
}

/* Only periodic requests give way: they come again by themselves. */
struct decision request_decider_add(struct request_decider *decider,
                                    struct checkpoint_request request,
                                    const struct decider_situation *situation)
{
    CHECK(request.kind < CHECKPOINT_KIND_COUNT);
    CHECK(decider->queue.count <= decider->queue_limit);
    struct decision decision = { .retry_in = TIME_NEVER };
    request.seq = decider->next_seq++;
    bool full = decider->queue.count >= decider->queue_limit;
    if (full && !vec_last(&decider->queue).periodic) {
        refuse(&decision, &request, false); /* users wait in line; none of them is put off */
        return decision;
    }
    insert(decider, &request);
    if (decider->queue.count > decider->queue_limit) {
        refuse(&decision, &vec_last(&decider->queue), false);
        decider->queue.count--;
    }
    choose(decider, situation, &decision);
    return decision;
}

struct decision request_decider_choose(struct request_decider *decider,
                                       const struct decider_situation *situation)
{
    CHECK(decider->queue.count <= decider->queue_limit);
    struct decision decision = { .retry_in = TIME_NEVER };
    choose(decider, situation, &decision);
    return decision;
}
