/* SPDX-License-Identifier: Apache-2.0
 *
 * Letters: made, copied into, posted and freed. Spent ones are kept for the next, because a large
 * cluster makes millions.
 */
#include "sim/cluster/letter.h"

#include "core/graph/job_graph.h"
#include "sim/cluster/parts.h"

static void add_block(struct virtual_cluster *cluster)
{
    struct letter *block = mem_create_array(LETTERS_PER_BLOCK, sizeof *block);
    vec_push(&cluster->letter_blocks, block);
    for (size_t i = LETTERS_PER_BLOCK; i-- > 0;) {
        block[i].next_spare = cluster->spare_letters;
        cluster->spare_letters = &block[i];
    }
}

struct letter *letter_create(struct virtual_cluster *cluster, struct node_id to,
                             enum event_kind kind)
{
    if (!cluster->spare_letters)
        add_block(cluster);
    struct letter *letter = cluster->spare_letters;
    cluster->spare_letters = letter->next_spare;
    memset(letter, 0, offsetof(struct letter, event));
    letter->to = to;
    letter->kind = kind;
    if (kind != EVENT_MESSAGE)
        letter->event = (struct event){ .kind = kind };
    return letter;
}

struct event letter_event(const struct letter *letter)
{
    if (letter->kind != EVENT_MESSAGE)
        return letter->event;
    return (struct event){ .kind = EVENT_MESSAGE,
                           .message = { .from = letter->from,
                                        .message = letter->message,
                                        .is_one_way = letter->way_back == WAY_BACK_NONE } };
}

static void free_payload(struct letter *letter)
{
    if ((void *)letter->message != letter->room)
        mem_destroy(letter->message);
    letter->message = NULL;
    if (letter->kind == EVENT_MESSAGE)
        return;
    job_graph_destroy(letter->graph);
    mem_destroy(letter->list);
    mem_destroy(letter->shared);
    letter->graph = NULL;
    letter->list = letter->shared = NULL;
}

void letter_destroy(struct virtual_cluster *cluster, struct letter *letter)
{
    free_payload(letter);
    if (letter->shadow)
        letter->shadow->body = NULL;
    if (letter->body)
        letter->body->shadow = NULL;
    letter->next_spare = cluster->spare_letters;
    cluster->spare_letters = letter;
}

void letter_taken(struct virtual_cluster *cluster, struct letter *letter)
{
    letter->is_request = false;
    if (!letter->shadow)
        return;
    sim_queue_cancel(cluster->queue, &letter->shadow->arrival);
    letter_destroy(cluster, letter->shadow);
}

void letters_fini(struct virtual_cluster *cluster)
{
    for (VEC_EACH(struct letter *, block, &cluster->letter_blocks)) {
        for (size_t i = 0; i < LETTERS_PER_BLOCK; i++)
            free_payload(&(*block)[i]);
        mem_destroy(*block);
    }
    vec_fini(&cluster->letter_blocks);
}

void letter_copy_message(struct letter *letter, const struct message *message)
{
    CHECK(letter->kind == EVENT_MESSAGE);
    letter->message = message_copy_to(letter->room, sizeof letter->room, message);
}

static void *copy_list(const void *items, size_t count, size_t size)
{
    if (count == 0)
        return NULL;
    void *copy = mem_create_array(count, size);
    memcpy(copy, items, count * size);
    return copy;
}

void letter_copy_data(struct letter *letter, const struct event_data *report)
{
    CHECK(letter->kind == EVENT_DATA);
    CHECK(report->task_count == 0 || report->ack_count == 0);
    letter->event.data = *report;
    if (report->task_count) {
        letter->list = copy_list(report->tasks, report->task_count, sizeof *report->tasks);
        letter->event.data.tasks = letter->list;
    }
    if (report->ack_count) {
        letter->list = copy_list(report->acks, report->ack_count, sizeof *report->acks);
        letter->event.data.acks = letter->list;
        letter->shared = copy_list(report->shared, report->shared_count, sizeof *report->shared);
        letter->event.data.shared = letter->shared;
    }
}

void letter_copy_client(struct letter *letter, const struct event_client *request)
{
    CHECK(letter->kind == EVENT_CLIENT);
    letter->event.client = *request;
    letter->list = copy_list(request->bounds, request->bound_count, sizeof *request->bounds);
    letter->event.client.bounds = letter->list;
    if (request->graph) {
        letter->graph = job_graph_create_copy(request->graph);
        letter->event.client.graph = letter->graph;
    }
}

static void on_due(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct virtual_cluster *cluster = context;
    struct letter *letter = (struct letter *)(uintptr_t)a;
    letter->arrival = (struct sim_handle){ 0 };
    if (letter->body) { /* a request was not taken: from here on its sender knows */
        letter->body->is_request = false;
        letter->body->shadow = NULL;
        letter->body = NULL;
    }
    process_hear(cluster, cluster_process(cluster, letter->to), letter);
}

void letter_post(struct virtual_cluster *cluster, struct letter *letter, time_ns at)
{
    letter->arrival = sim_queue_push(cluster->queue, at, SIM_CLASS_DELIVERY, on_due, cluster,
                                     (uint64_t)(uintptr_t)letter, 0);
}
