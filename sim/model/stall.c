/* SPDX-License-Identifier: Apache-2.0
 *
 * Stalled data connections, one per pair of TaskManagers, and one entry for all those of a host
 * that is cut off from everybody. In: cuts that a network meets. Out: retries, counted from the
 * first packet that was lost: the cut, when records flow then, else when there are some to be sent.
 * Invariant: an entry stands in the list of each of its ends and counts as a suspect, so that
 * networks look at links while there is one.
 */
#include "sim/model/stall.h"

#include "sim/cluster/tcp.h"
#include "sim/model/state.h"

static void timer_strikes(void *context, uint64_t a, uint64_t b);

static bool is_severed(const struct model *model, const struct stall *stall)
{
    const struct model_host *host = &model->hosts.items[stall->ends[0]];
    return stall->ends[1] == NONE ? host->life.cut_off
                                  : !life_can_talk(&model->life, stall->ends[0], stall->ends[1]);
}

static uint32_t find(const struct model *model, uint32_t host, uint32_t peer)
{
    for (VEC_EACH(const uint32_t, index, &model->hosts.items[host].stalls)) {
        const uint32_t *ends = model->stalls.items[*index].ends;
        if ((ends[0] == host && ends[1] == peer) || (ends[0] == peer && ends[1] == host))
            return *index;
    }
    return NONE;
}

static void forget(struct model_host *host, uint32_t index)
{
    for (size_t i = host->stalls.count; i-- > 0;)
        if (host->stalls.items[i] == index)
            vec_remove_swap(&host->stalls, i);
}

static void release(struct model *model, uint32_t index)
{
    struct stall *stall = &model->stalls.items[index];
    CHECK(stall->generation % 2 == 1);
    CHECK(model->life.suspects > 0);
    sim_queue_cancel(model->queue, &stall->timer);
    stall->generation++;
    forget(&model->hosts.items[stall->ends[0]], index);
    if (stall->ends[1] != NONE)
        forget(&model->hosts.items[stall->ends[1]], index);
    else
        model->hosts.items[stall->ends[0]].stalled = false;
    model->life.suspects--;
    vec_push(&model->free_stalls, index);
}

static void arm(struct model *model, uint32_t index, time_ns at)
{
    struct stall *stall = &model->stalls.items[index];
    sim_queue_cancel(model->queue, &stall->timer);
    stall->timer = sim_queue_push(model->queue, at, SIM_CLASS_DATA, timer_strikes, model, index,
                                  stall->generation);
}

/* When it has something to send: TIME_NEVER, never. */
static time_ns first_packet_at(struct model *model, const struct model_job *job,
                               const struct component *component)
{
    time_ns now = model_now(model), first = TIME_NEVER;
    for (VEC_EACH(const uint32_t, s, &component->sources)) {
        struct model_source *source = &job->sources.items[*s];
        time_ns at = curve_time(&source->curve, curve_amount(&source->curve, now), 0);
        if (source_lag_seconds_most(source, now) > 0 || source_partition_rate(source, now) > 0)
            return now;
        first = at < first ? at : first;
    }
    return first > now ? first : now;
}

/* Those that wait for their first packet may get it from another job before. */
static bool is_earlier(struct model *model, uint32_t index, time_ns at)
{
    struct stall *stall = &model->stalls.items[index];
    bool earlier = at < stall->lost_at;
    stall->lost_at = earlier ? at : stall->lost_at;
    return earlier && is_severed(model, stall);
}

void stall_begin(struct model *model, const struct model_job *job,
                 const struct component *component, uint32_t host, uint32_t peer)
{
    uint32_t index = find(model, host, peer);
    if (index != NONE && model->stalls.items[index].lost_at <= model_now(model))
        return;
    time_ns lost_at = first_packet_at(model, job, component);
    if (lost_at == TIME_NEVER)
        return;
    if (index != NONE) {
        if (is_earlier(model, index, lost_at))
            arm(model, index, tcp_given_up_at(lost_at));
        return;
    }
    if (model->free_stalls.count == 0) {
        vec_push(&model->free_stalls, (uint32_t)model->stalls.count);
        vec_push(&model->stalls, (struct stall){ 0 });
    }
    index = vec_last(&model->free_stalls);
    model->free_stalls.count--;
    struct stall *stall = &model->stalls.items[index];
    uint32_t generation = stall->generation + 1;
    *stall = (struct stall){ { host, peer }, generation, lost_at, { 0 } };
    vec_push(&model->hosts.items[host].stalls, index);
    if (peer != NONE)
        vec_push(&model->hosts.items[peer].stalls, index);
    else
        model->hosts.items[host].stalled = true;
    model->life.suspects++;
    arm(model, index, tcp_given_up_at(lost_at));
}

/* While the link is cut all retries fail, so only the one behind its healing needs an event. */
static void look_at_links(struct model *model, uint32_t host)
{
    time_ns now = model_now(model);
    for (size_t i = model->hosts.items[host].stalls.count; i-- > 0;) {
        uint32_t index = model->hosts.items[host].stalls.items[i];
        const struct stall *stall = &model->stalls.items[index];
        time_ns given_up_at = tcp_given_up_at(stall->lost_at);
        if (is_severed(model, stall))
            arm(model, index, given_up_at > now ? given_up_at : now);
        else if (stall->lost_at > now)
            release(model, index); /* nothing was sent meanwhile */
        else
            arm(model, index, tcp_retry_at(stall->lost_at, now));
    }
}

void stalls_settle(struct model *model)
{
    sim_queue_cancel(model->queue, &model->stalls_look);
    for (VEC_EACH(const uint32_t, host, &model->relinked)) {
        model->hosts.items[*host].relinked = false;
        look_at_links(model, *host);
    }
    vec_clear(&model->relinked);
}

static void look_is_due(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    (void)a;
    (void)b;
    model->stalls_look = (struct sim_handle){ 0 };
    stalls_settle(model);
}

/* Many links of one host change one by one: the last of them at this instant is waited for. */
void stall_links_changed(struct model *model, uint32_t host)
{
    if (model->hosts.items[host].relinked || model->hosts.items[host].stalls.count == 0)
        return;
    model->hosts.items[host].relinked = true;
    vec_push(&model->relinked, host);
    if (model->stalls_look.generation == 0)
        model->stalls_look = sim_queue_push(model->queue, model_now(model), SIM_CLASS_FAULT,
                                            look_is_due, model, 0, 0);
}

static void timer_strikes(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    uint32_t index = (uint32_t)a;
    struct stall stall = model->stalls.items[index];
    if (stall.generation != (uint32_t)b)
        return;
    model->stalls.items[index].timer = (struct sim_handle){ 0 };
    bool severed = is_severed(model, &stall);
    release(model, index);
    if (severed) {
        loss_of_connections(&model->life, stall.ends[0], stall.ends[1]);
        return;
    }
    net_rebuild_host(model, stall.ends[0], SIM_CLASS_DATA);
}

/* Is there a task at one end that reads what one at the other sends? All connections of a host
 * (NONE) are needed while it has a task that reads. */
static bool is_needed(const struct model *model, const struct stall *stall)
{
    for (VEC_EACH(const uint32_t, x, &model->hosts.items[stall->ends[0]].life.tasks)) {
        const struct model_task *task = &model->tasks.items[*x];
        if (stall->ends[1] == NONE) {
            if (task->life.connected && task->life.current)
                return true;
            continue;
        }
        for (VEC_EACH(const uint32_t, y, &model->hosts.items[stall->ends[1]].life.tasks)) {
            const struct model_task *other = &model->tasks.items[*y];
            if ((task->life.connected &&
                 loss_reads_from(&model->life, &task->life, &other->life)) ||
                (other->life.connected && loss_reads_from(&model->life, &other->life, &task->life)))
                return true;
        }
    }
    return false;
}

void stall_task_left(struct model *model, uint32_t host)
{
    for (size_t i = model->hosts.items[host].stalls.count; i-- > 0;) {
        uint32_t index = model->hosts.items[host].stalls.items[i];
        if (!is_needed(model, &model->stalls.items[index]))
            release(model, index);
    }
}

bool stall_holds(const struct model *model, uint32_t a, uint32_t b)
{
    const struct model_host *x = &model->hosts.items[a], *y = &model->hosts.items[b];
    return a != b && (x->stalled || y->stalled || find(model, a, b) != NONE);
}

void stall_each(struct model *model, uint32_t host, void (*visit)(void *visitor, uint32_t peer),
                void *visitor)
{
    for (size_t i = 0; i < model->hosts.items[host].stalls.count; i++) {
        const uint32_t *ends = model->stalls.items[model->hosts.items[host].stalls.items[i]].ends;
        if (ends[1] != NONE)
            visit(visitor, ends[0] == host ? ends[1] : ends[0]);
    }
}

void stalls_fini(struct model *model)
{
    vec_fini(&model->stalls);
    vec_fini(&model->free_stalls);
    vec_fini(&model->relinked);
}
