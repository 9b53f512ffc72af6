/* SPDX-License-Identifier: Apache-2.0
 *
 * Items and replies between tasks. On one host they are there at once. Between two, an item passes
 * the sender's NIC in turn, then the link's latency, then the receiver's NIC, at the pace that the
 * connection allows; replies only the latency, and what TCP takes to send lost ones again. Both
 * keep their order. What gets to a link that is cut waits until it is healed, or
 * until the connection is given up. A buffer that leaves the host is a copy: its sender may fill it
 * again as soon as it is sent.
 */
#include "sim/cluster/tcp.h"
#include "sim/exact/parts.h"

static void packet_is_here(void *context, uint64_t a, uint64_t b);
static void reply_is_here(void *context, uint64_t a, uint64_t b);
static void wire_is_given_up(void *context, uint64_t a, uint64_t b);
static void send_kept(struct exact *exact, uint32_t index);

enum { EVENT_BYTES = 64 }; /* of a barrier or a reply on the wire, about */

static uint32_t wire_create(struct exact *exact)
{
    if (exact->free_wires.count == 0) {
        vec_push(&exact->free_wires, (uint32_t)exact->wires.count);
        vec_push(&exact->wires, (struct wire){ .generation = 1 });
    }
    return exact->free_wires.items[--exact->free_wires.count];
}

static void drop_packets(struct wire *wire)
{
    for (size_t i = wire->first_packet; i < wire->packets.count; i++)
        if (wire->packets.items[i].item.buffer)
            buffer_release(wire->packets.items[i].item.buffer);
    vec_clear(&wire->packets);
    vec_clear(&wire->replies);
    wire->first_packet = wire->first_reply = 0;
}

/* Both ends forget it; what is under way is dropped. */
static void wire_cut(struct exact *exact, uint32_t index)
{
    struct wire *wire = &exact->wires.items[index];
    struct exact_task *from = &exact->tasks.items[wire->producer];
    struct exact_task *to = &exact->tasks.items[wire->consumer];
    CHECK(wire->used);
    from->outputs.items[from->first_output.items[wire->output] + wire->subpartition] = NONE;
    to->inputs.items[to->first_input.items[wire->input] + wire->channel] = NONE;
    drop_packets(wire);
    wire->used = false;
    wire->generation++;
    vec_push(&exact->free_wires, index);
}

void wires_disconnect(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    for (size_t i = 0; i < task->inputs.count; i++)
        if (task->inputs.items[i] != NONE)
            wire_cut(exact, task->inputs.items[i]);
    for (size_t i = 0; i < task->outputs.count; i++)
        if (task->outputs.items[i] != NONE)
            wire_cut(exact, task->outputs.items[i]);
}

static void connect(struct exact *exact, uint32_t edge, uint32_t producer, uint32_t consumer)
{
    struct exact_task *from = &exact->tasks.items[producer], *to = &exact->tasks.items[consumer];
    const struct exact_job *job = &exact->jobs[from->life.job];
    const struct job_graph *graph = job->spec->graph;
    uint32_t output = 0, input = 0;
    if (!task_has_wires(from) || !task_has_wires(to) ||
        !task_same_try(from->life.attempt, to->life.attempt))
        return;
    while (graph->vertices.items[to->life.vertex].inputs.items[input] != edge)
        input++;
    if (!to->asks.items[input])
        return; /* it works off what was in flight first (StreamTask.restoreStateAndGates) */
    while (graph->vertices.items[from->life.vertex].outputs.items[output] != edge)
        output++;
    uint32_t sub = to->life.subtask - edge_consumers_of(&job->plan, edge, from->life.subtask).first;
    uint32_t channel =
        from->life.subtask - edge_producers_of(&job->plan, edge, to->life.subtask).first;
    uint32_t *at_sender = &from->outputs.items[from->first_output.items[output] + sub];
    uint32_t *at_receiver = &to->inputs.items[to->first_input.items[input] + channel];
    if (*at_sender != NONE || *at_receiver != NONE)
        return;
    uint32_t index = wire_create(exact);
    struct wire *wire = &exact->wires.items[index];
    wire->used = true;
    wire->producer = producer;
    wire->output = output;
    wire->subpartition = sub;
    wire->from_host = from->life.host;
    wire->consumer = consumer;
    wire->input = input;
    wire->channel = channel;
    wire->to_host = to->life.host;
    wire->stuck_packets = wire->stuck_replies = 0;
    wire->buffers_under_way = wire->credits_under_way = 0;
    wire->packet_at = wire->reply_at = exact_now(exact);
    wire->stuck_since = TIME_NEVER;
    *at_sender = *at_receiver = index;
    if (wire->from_host == wire->to_host)
        to->kept.items[to->first_input.items[input] + channel] =
            input_gate_make_local(exec_task_gate(to->exec, input), channel);
    if (exec_task_gate(to->exec, input)->channels[channel].exclusive == 0)
        result_partition_set_announcing(exec_task_output(from->exec, output), sub);
    send_kept(exact, index);
}

static uint32_t current_of(const struct exact_job *job, uint32_t vertex, uint32_t subtask)
{
    const struct exact_vertex *v = &job->vertices[vertex];
    return subtask < v->life.current.count ? v->life.current.items[subtask] : NONE;
}

void wires_connect(struct exact *exact, uint32_t index)
{
    const struct exact_task *task = &exact->tasks.items[index];
    const struct exact_job *job = &exact->jobs[task->life.job];
    const struct job_graph *graph = job->spec->graph;
    const struct job_vertex *vertex = &graph->vertices.items[task->life.vertex];
    for (VEC_EACH(const uint32_t, e, &vertex->inputs)) {
        struct subtask_range from = edge_producers_of(&job->plan, *e, task->life.subtask);
        for (uint32_t s = from.first; s <= from.last; s++) {
            uint32_t other = current_of(job, graph->edges.items[*e].producer.n, s);
            if (other != NONE)
                connect(exact, *e, other, index);
        }
    }
    for (VEC_EACH(const uint32_t, e, &vertex->outputs)) {
        struct subtask_range to = edge_consumers_of(&job->plan, *e, task->life.subtask);
        for (uint32_t s = to.first; s <= to.last; s++) {
            uint32_t other = current_of(job, graph->edges.items[*e].consumer.n, s);
            if (other != NONE)
                connect(exact, *e, index, other);
        }
    }
    for (size_t i = 0; i < exact->tasks.items[index].inputs.count; i++) {
        uint32_t wire = exact->tasks.items[index].inputs.items[i];
        if (wire != NONE)
            carry_outputs(exact, exact->wires.items[wire].producer);
    }
    carry_credits(exact, index);
}

static time_ns later(time_ns a, time_ns b)
{
    return a > b ? a : b;
}

void wire_arrives(struct exact *exact, uint32_t index, time_ns at)
{
    struct wire *wire = &exact->wires.items[index];
    wire->packet_at = later(at, wire->packet_at);
    exact_push(exact, wire->packet_at, packet_is_here, index, wire->generation);
}

static void send(struct exact *exact, uint32_t index, const struct channel_item *item,
                 uint32_t backlog)
{
    struct wire *wire = &exact->wires.items[index];
    struct packet packet = { *item, backlog };
    bool leaves = wire->from_host != wire->to_host;
    double bytes = item->buffer ? item->buffer->used : EVENT_BYTES;
    wire->buffers_under_way += item->buffer != NULL;
    if (leaves && item->buffer) {
        packet.item.buffer = buffer_copy(item->buffer);
        buffer_release(item->buffer);
    }
    vec_push(&wire->packets, packet);
    if (leaves)
        connection_send(exact, index, bytes);
    else
        wire_arrives(exact, index, exact_now(exact));
}

void carry_outputs(struct exact *exact, uint32_t index)
{
    const struct exact_task *task = &exact->tasks.items[index];
    struct channel_item item;
    uint32_t sub, backlog;
    if (!task_has_wires(task) || run_is_latched(task))
        return;
    for (uint32_t o = 0; o < task->first_output.count; o++) {
        struct result_partition *output = exec_task_output(task->exec, o);
        while (result_partition_next_ready(output, &sub))
            ; /* those without a reader are looked at when it comes */
        for (sub = 0; sub < output->config.subpartitions; sub++) {
            uint32_t wire = task->outputs.items[task->first_output.items[o] + sub];
            while (wire != NONE && result_partition_take(output, sub, &item, &backlog)) {
                told_left(exact, &exact->wires.items[wire], &item,
                          output->subpartitions[sub].queue.buffers);
                send(exact, wire, &item, backlog);
            }
            if (wire != NONE && result_partition_take_announcement(output, sub, &backlog))
                send(exact, wire, &(struct channel_item){ 0 }, backlog);
        }
    }
    if (task->life.phase == TASK_RUNNING)
        snapshot_store_written(exact, index); /* a barrier with a time-out may have left */
}

static void send_reply(struct exact *exact, uint32_t index, enum reply_kind kind, uint32_t amount)
{
    struct wire *wire = &exact->wires.items[index];
    time_ns at = exact_now(exact);
    if (wire->from_host != wire->to_host) {
        double again = connection_seconds_per_byte(exact, wire->to_host, wire->from_host);
        at = time_add(at, connection_latency(exact, wire->from_host, wire->to_host));
        at = time_add(at, (time_ns)(again * EVENT_BYTES * (double)TIME_S));
    }
    at = later(at, wire->reply_at);
    wire->reply_at = at;
    wire->credits_under_way += kind == REPLY_CREDITS ? amount : 0;
    vec_push(&wire->replies, (struct reply){ kind, amount });
    exact_push(exact, at, reply_is_here, index, wire->generation);
}

/* A sender that is not there any more has no need of it. */
static void carry_read(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    uint32_t input, channel;
    while (exec_task_take_read(task->exec, &input, &channel)) {
        uint32_t wire = task->inputs.items[task->first_input.items[input] + channel];
        if (wire != NONE)
            send_reply(exact, wire, REPLY_READ, 0);
    }
}

/* A sender that has halted and is not there any more goes on nowhere. */
static void carry_resumes(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    uint32_t channel;
    for (uint32_t i = 0; i < task->first_input.count; i++)
        while (input_gate_take_resume(exec_task_gate(task->exec, i), &channel)) {
            uint32_t wire = task->inputs.items[task->first_input.items[i] + channel];
            if (wire != NONE)
                send_reply(exact, wire, REPLY_RESUME, 0);
        }
}

/* Those for a sender that is not there yet are kept until it comes. */
void carry_credits(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    uint32_t channel, credits;
    if (!task_has_wires(task) || run_is_latched(task))
        return;
    for (uint32_t i = 0; i < task->first_input.count; i++)
        while (input_gate_take_credit(exec_task_gate(task->exec, i), &channel, &credits)) {
            uint32_t at = task->first_input.items[i] + channel;
            if (task->inputs.items[at] != NONE)
                send_reply(exact, task->inputs.items[at], REPLY_CREDITS, credits);
            else
                task->kept.items[at] += credits;
        }
    carry_resumes(exact, index);
    carry_read(exact, index);
}

/* Senders that are not there yet begin with whole buffers. */
void carry_size(struct exact *exact, uint32_t index, uint32_t input, uint32_t bytes)
{
    const struct exact_task *task = &exact->tasks.items[index];
    uint32_t first = task->first_input.items[input];
    uint32_t channels = exec_task_gate(task->exec, input)->config.channels;
    for (uint32_t at = first; at < first + channels; at++)
        if (task->inputs.items[at] != NONE)
            send_reply(exact, task->inputs.items[at], REPLY_SIZE, bytes);
}

/* The sender has come. */
static void send_kept(struct exact *exact, uint32_t index)
{
    const struct wire *wire = &exact->wires.items[index];
    struct exact_task *task = &exact->tasks.items[wire->consumer];
    uint32_t *kept = &task->kept.items[task->first_input.items[wire->input] + wire->channel];
    uint32_t credits = *kept;
    *kept = 0;
    if (credits > 0)
        send_reply(exact, index, REPLY_CREDITS, credits);
}

/* It is due, and its link is cut. */
static bool is_stuck(struct exact *exact, struct wire *wire, uint32_t index)
{
    if (life_can_talk(&exact->life, wire->from_host, wire->to_host))
        return false;
    if (wire->stuck_since == TIME_NEVER) {
        wire->stuck_since = exact_now(exact);
        exact_push(exact, tcp_given_up_at(wire->stuck_since), wire_is_given_up, index,
                   wire->generation);
    }
    return true;
}

static void wire_is_given_up(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    struct wire *wire = &exact->wires.items[a];
    if (wire->generation != (uint32_t)b || wire->stuck_since == TIME_NEVER ||
        tcp_given_up_at(wire->stuck_since) > exact_now(exact))
        return;
    if (!exact_hold(exact, wire->to_host, wire_is_given_up, a, b))
        task_disconnect(&exact->life, wire->consumer, wire->from_host);
}

static void packet_is_here(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    struct wire *wire = &exact->wires.items[a];
    if (wire->generation != (uint32_t)b)
        return;
    if (is_stuck(exact, wire, (uint32_t)a)) {
        wire->stuck_packets++;
        return;
    }
    if (exact_hold(exact, wire->to_host, packet_is_here, a, b))
        return;
    struct packet packet = wire->packets.items[wire->first_packet++];
    if (wire->first_packet == wire->packets.count) {
        vec_clear(&wire->packets);
        wire->first_packet = 0;
    }
    uint32_t producer = wire->producer, consumer = wire->consumer;
    wire->buffers_under_way -= packet.item.buffer != NULL;
    bool is_last = packet.item.event.kind == CHANNEL_EVENT_END_OF_PARTITION;
    struct input_gate *gate = exec_task_gate(exact->tasks.items[consumer].exec, wire->input);
    told_arrived(exact, wire, &packet.item, gate->channels[wire->channel].queue.buffers);
    if (packet.item.buffer || packet.item.event.kind != CHANNEL_EVENT_NONE)
        input_gate_receive(gate, wire->channel, &packet.item, packet.backlog);
    else
        input_gate_hear_backlog(gate, wire->channel, packet.backlog);
    carry_credits(exact, consumer); /* floating ones, by the backlog */
    run_wake(exact, consumer);
    if (is_last)
        life_look_lingering(exact, producer);
}

static void take_reply(struct exact *exact, const struct wire *wire, struct reply reply)
{
    uint32_t producer = wire->producer, host = wire->from_host;
    struct exec_task *task = exact->tasks.items[producer].exec;
    struct result_partition *output = exec_task_output(task, wire->output);
    switch (reply.kind) {
    case REPLY_CREDITS:
        result_partition_add_credit(output, wire->subpartition, reply.amount);
        carry_outputs(exact, producer);
        run_look_pressed(exact, host);
        return;
    case REPLY_READ:
        exec_task_data_is_read(task, wire->output, wire->subpartition);
        run_wake(exact, producer);
        return;
    case REPLY_RESUME:
        result_partition_resume(output, wire->subpartition);
        carry_outputs(exact, producer);
        run_look_pressed(exact, host);
        return;
    case REPLY_SIZE:
        result_partition_set_buffer_size(output, wire->subpartition, reply.amount);
        return;
    }
}

static void reply_is_here(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    struct wire *wire = &exact->wires.items[a];
    if (wire->generation != (uint32_t)b)
        return;
    if (is_stuck(exact, wire, (uint32_t)a)) {
        wire->stuck_replies++;
        return;
    }
    if (exact_hold(exact, wire->from_host, reply_is_here, a, b))
        return;
    struct reply reply = wire->replies.items[wire->first_reply++];
    if (wire->first_reply == wire->replies.count) {
        vec_clear(&wire->replies);
        wire->first_reply = 0;
    }
    wire->credits_under_way -= reply.kind == REPLY_CREDITS ? reply.amount : 0;
    take_reply(exact, wire, reply);
}

/* Links may be whole again: what is due goes on. */
void wires_host_changed(struct exact *exact, uint32_t host)
{
    for (uint32_t i = 0; i < exact->wires.count; i++) {
        struct wire *wire = &exact->wires.items[i];
        if (!wire->used || (wire->from_host != host && wire->to_host != host) ||
            wire->stuck_since == TIME_NEVER ||
            !life_can_talk(&exact->life, wire->from_host, wire->to_host))
            continue;
        time_ns at = tcp_retry_at(wire->stuck_since, exact_now(exact));
        if (at == TIME_NEVER)
            continue;
        wire->stuck_since = TIME_NEVER;
        wire->packet_at = later(wire->packet_at, at);
        wire->reply_at = later(wire->reply_at, at);
        for (; wire->stuck_packets > 0; wire->stuck_packets--)
            exact_push(exact, at, packet_is_here, i, wire->generation);
        for (; wire->stuck_replies > 0; wire->stuck_replies--)
            exact_push(exact, at, reply_is_here, i, wire->generation);
    }
}

void wires_destroy(struct exact *exact)
{
    for (VEC_EACH(struct wire, wire, &exact->wires)) {
        drop_packets(wire);
        vec_fini(&wire->packets);
        vec_fini(&wire->replies);
    }
    vec_fini(&exact->wires);
    vec_fini(&exact->free_wires);
}
