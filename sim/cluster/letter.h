/* SPDX-License-Identifier: Apache-2.0
 *
 * Letters: what a node of the virtual cluster will hear, kept until it does. For the files of this
 * folder only. A letter owns its payload and belongs to whoever is to deliver it; letter_destroy
 * ends it. They live in blocks of the cluster, so that none is lost when a run stops.
 */
#ifndef WEIR_SIM_CLUSTER_LETTER_H
#define WEIR_SIM_CLUSTER_LETTER_H

#include "core/port/event.h"
#include "sim/kernel/queue.h"

struct virtual_cluster;

enum way_back { WAY_BACK_UNKNOWN, WAY_BACK_STANDS, WAY_BACK_NONE };

enum {
    LETTERS_PER_BLOCK = 64,
    LETTER_ROOM = 192, /* bytes of a message kept in the letter itself: two deployments fit */
};

/* Something a node will hear: an event with a payload of its own, and for a message where it is on
 * its way. A request has a shadow: the failure its sender will hear of if nobody takes it. */
struct letter {
    struct node_id to, from; /* from: of messages */
    enum event_kind kind;
    uint32_t link;                /* of messages: number of the link between both ends */
    time_ns sent_at, way;         /* of messages; way: the time drawn for this leg */
    time_ns arrives_at;           /* of messages under way, and held ones that got through */
    time_ns sent_by;              /* of those over a slow link: its last byte is on the wire */
    time_ns transmission;         /* how long its bytes take there; 0: the link is not slow */
    uint32_t place;               /* of messages: how many were sent before on their lane */
    bool is_lost;                 /* while held: to be sent again */
    struct sim_handle arrival;    /* while under way */
    struct message *message;      /* in the room below, or in a block of its own */
    bool is_request;              /* and its sender has heard nothing of a failure */
    bool is_known_sender;         /* its contact with the JobManager was made before it was sent */
    enum way_back way_back;       /* of registrations: to their sender (way_back.c) */
    uint64_t token;               /* of a request */
    struct letter *shadow, *body; /* of a request its failure, and back */
    struct job_graph *graph;      /* payloads that belong to the letter; null where there is none */
    void *list, *shared;
    struct letter *next_spare;
    union {                 /* not zeroed when a letter is made */
        struct event event; /* of all but messages */
        _Alignas(16) unsigned char room[LETTER_ROOM];
    };
};

struct letter *letter_create(struct virtual_cluster *cluster, struct node_id to,
                             enum event_kind kind);
void letter_destroy(struct virtual_cluster *cluster, struct letter *letter);
/* What the node is to hear; the payload stays the letter's. */
struct event letter_event(const struct letter *letter);
void letter_copy_message(struct letter *letter, const struct message *message);
void letter_copy_data(struct letter *letter, const struct event_data *report);
void letter_copy_client(struct letter *letter, const struct event_client *request);
/* Its receiver has it: its sender hears of no failure. */
void letter_taken(struct virtual_cluster *cluster, struct letter *letter);
/* To be heard at `at`. */
void letter_post(struct virtual_cluster *cluster, struct letter *letter, time_ns at);
void letters_fini(struct virtual_cluster *cluster);

#endif
