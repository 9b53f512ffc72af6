/* SPDX-License-Identifier: Apache-2.0
 *
 * The cluster as others see it: made, set up, asked, looked at. What happens inside is in the files
 * that parts.h names.
 */
#include "sim/cluster/virtual_cluster.h"

#include "core/base/hash.h"
#include "core/base/text.h"
#include "sim/cluster/parts.h"

enum { NAME_SIZE = 32 };

struct virtual_cluster *virtual_cluster_create(const struct scenario *scenario,
                                               struct sim_queue *queue,
                                               const struct cluster_observer *observer)
{
    struct virtual_cluster *cluster = mem_create(sizeof *cluster);
    cluster->scenario = scenario;
    cluster->queue = queue;
    cluster->clock = sim_queue_clock(queue);
    if (observer)
        cluster->observer = *observer;
    cluster->driver = &node_driver_core;
    cluster->vouching = true;
    cluster->check_invariants = NODE_CHECKS_ALL;
    cluster->client = rng_stream(scenario->seed, "client", 0);
    for (size_t i = 0; i < scenario->cluster.named.count; i++)
        index_map_put(&cluster->reserved, hash_add_text(0, scenario->cluster.named.items[i].name),
                      (uint32_t)i);
    effects_init(&cluster->effects, scenario->log_level);
    storage_init(cluster);
    link_quality_init(cluster);
    return cluster;
}

const struct machine_spec *virtual_cluster_machine_of(const struct virtual_cluster *cluster,
                                                      const char *name)
{
    const struct cluster_spec *spec = &cluster->scenario->cluster;
    uint32_t index = INDEX_NONE;
    if (name)
        index = index_map_get(&cluster->reserved, hash_add_text(0, name));
    return index == INDEX_NONE ? &spec->machine : &spec->named.items[index].machine;
}

/* The queue may not run any more after this. */
void virtual_cluster_destroy(struct virtual_cluster *cluster)
{
    if (!cluster)
        return;
    letters_fini(cluster);
    for (VEC_EACH(struct process *, process, &cluster->processes))
        process_destroy(cluster, *process);
    effects_fini(&cluster->effects);
    vec_fini(&cluster->processes);
    vec_fini(&cluster->living);
    index_map_fini(&cluster->by_name);
    index_map_fini(&cluster->reserved);
    network_fini(cluster);
    storage_fini(cluster);
    link_quality_fini(cluster);
    mem_destroy(cluster);
}

void virtual_cluster_set_data_plane(struct virtual_cluster *cluster,
                                    const struct data_plane_ops *ops, void *plane)
{
    cluster->plane_ops = ops;
    cluster->plane = plane;
}

void virtual_cluster_set_driver(struct virtual_cluster *cluster, const struct node_driver *driver)
{
    CHECK(cluster->processes.count == 0);
    cluster->driver = driver;
}

void virtual_cluster_set_vouching(struct virtual_cluster *cluster, bool vouching)
{
    CHECK(cluster->processes.count == 0);
    cluster->vouching = vouching;
}

void virtual_cluster_set_invariants(struct virtual_cluster *cluster, enum node_checks checks)
{
    CHECK(cluster->processes.count == 0);
    cluster->check_invariants = checks;
}

void virtual_cluster_set_end_hook(struct virtual_cluster *cluster,
                                  void (*ended)(void *context, struct node_id node), void *context)
{
    cluster->on_end = ended;
    cluster->on_end_context = context;
}

void virtual_cluster_start(struct virtual_cluster *cluster)
{
    CHECK(cluster->processes.count == 0);
    struct process *manager = process_create(cluster, NODE_JOB_MANAGER, "jobmanager", NULL);
    CHECK(manager->id.n == JOB_MANAGER);
    cluster_fact(cluster, manager->id, "added", NULL);
    process_boot(cluster, manager, &cluster->scenario->cluster.timing.job_manager_start,
                 "job manager start");
}

/* "tm1", "tm2", ... leaving out what is in use or kept for those that the scenario names. */
static void next_name(struct virtual_cluster *cluster, char *out)
{
    do
        text_format(out, NAME_SIZE, "tm%u", (unsigned)++cluster->next_name);
    while (!node_id_is_none(virtual_cluster_find(cluster, out)) ||
           index_map_get(&cluster->reserved, hash_add_text(0, out)) != INDEX_NONE);
}

struct node_id virtual_cluster_add_task_manager(struct virtual_cluster *cluster, const char *name,
                                                const struct machine_spec *machine)
{
    CHECK(cluster->processes.count > 0); /* started */
    char made[NAME_SIZE];
    if (name) {
        struct node_id old = virtual_cluster_find(cluster, name);
        CHECK(node_id_is_none(old) || cluster_process(cluster, old)->state == PROCESS_ENDED);
    } else {
        next_name(cluster, made);
    }
    struct process *process =
        process_create(cluster, NODE_TASK_MANAGER, name ? name : made, machine);
    cluster_fact(cluster, process->id, "added", NULL);
    process_boot(cluster, process, &machine->boot, "boot");
    return process->id;
}

/* Hosts and links. */

static void tell_plane_of_host(struct virtual_cluster *cluster, const struct process *process)
{
    const struct data_plane_ops *plane = cluster->plane_ops;
    if (process->kind == NODE_TASK_MANAGER && !process_is_gone(process) && plane &&
        plane->host_changed)
        plane->host_changed(cluster->plane, process->id);
}

/* That with the peer; null: all of its links. Of the JobManager's contacts with as many as there
 * are, a link concerns one. */
static void links_changed(struct virtual_cluster *cluster, struct process *process,
                          struct process *peer, const char *word)
{
    if (process->state == PROCESS_ENDED)
        return;
    cluster_fact(cluster, process->id, word, NULL);
    if (!peer || process->kind == NODE_TASK_MANAGER)
        contact_review(cluster, process);
    else if (peer->state != PROCESS_ENDED)
        contact_review(cluster, peer);
    tell_plane_of_host(cluster, process);
}

void virtual_cluster_cut(struct virtual_cluster *cluster, struct node_id node, struct node_id peer,
                         bool cut)
{
    CHECK(!cluster->stepping);
    struct process *process = cluster_process(cluster, node);
    struct process *other = node_id_is_none(peer) ? NULL : cluster_process(cluster, peer);
    network_cut(cluster, process, other, cut);
    const char *word = cut ? "cut off" : "healed";
    links_changed(cluster, process, other, word);
    if (other)
        links_changed(cluster, other, process, word);
}

void virtual_cluster_set_loss(struct virtual_cluster *cluster, struct node_id node, double loss)
{
    CHECK(!cluster->stepping);
    CHECK(loss >= 0 && loss <= 1);
    struct process *process = cluster_process(cluster, node);
    cluster->lossy += (uint32_t)(loss > 0) - (uint32_t)(process->loss > 0);
    process->loss = loss;
    storage_review(cluster, process);
    links_changed(cluster, process, NULL, loss > 0 ? "lossy" : "lossless");
}

void virtual_cluster_set_speed(struct virtual_cluster *cluster, struct node_id node, double speed)
{
    CHECK(!cluster->stepping);
    CHECK(speed > 0);
    struct process *process = cluster_process(cluster, node);
    double nominal = process->machine ? process->machine->speed : 1;
    if (process->state == PROCESS_ENDED)
        return;
    process->speed = speed;
    cluster_fact(cluster, node, speed < nominal ? "slowed" : "full speed", NULL);
    tell_plane_of_host(cluster, process);
}

void virtual_cluster_throttle(struct virtual_cluster *cluster, struct node_id node,
                              struct node_id peer, const struct link_throttle *throttle)
{
    CHECK(!cluster->stepping);
    CHECK(node.n != peer.n);
    struct process *process = cluster_process(cluster, node);
    struct process *other = cluster_process(cluster, peer);
    bool any = link_throttle_does_any(throttle);
    struct link_quality room;
    double before_bps = network_bandwidth(cluster, process, other);
    link_quality_throttle(cluster, process, other, throttle);
    network_requicken(cluster, process, other, before_bps);
    network_silence(cluster, process, other,
                    link_quality_between(cluster, process, other, &room)->loss >= 1);
    links_changed(cluster, process, other, any ? "throttled" : "unthrottled");
    links_changed(cluster, other, process, any ? "throttled" : "unthrottled");
}

bool virtual_cluster_has_task(const struct virtual_cluster *cluster, struct job_id job,
                              struct vertex_id vertex, uint32_t subtask)
{
    return cluster->plane_ops && cluster->plane_ops->has_task &&
           cluster->plane_ops->has_task(cluster->plane, job, vertex, subtask);
}

void virtual_cluster_fail_task(struct virtual_cluster *cluster, struct job_id job,
                               struct vertex_id vertex, uint32_t subtask)
{
    CHECK(!cluster->stepping);
    if (cluster->plane_ops && cluster->plane_ops->fail_task)
        cluster->plane_ops->fail_task(cluster->plane, job, vertex, subtask);
}

void virtual_cluster_fact(struct virtual_cluster *cluster, struct node_id node, const char *word,
                          const char *reason)
{
    cluster_fact(cluster, node, word, reason);
}

void virtual_cluster_tell(struct virtual_cluster *cluster, struct node_id node,
                          const struct log_line *line)
{
    CHECK(line->level != LOG_DECISION);
    if (cluster->observer.log)
        cluster->observer.log(cluster->observer.context, cluster_now(cluster), node, line);
}

/* The words of the virtual cluster's own facts. */
static const char *const process_words[] = { "added",     "up",          "stopping", "stopped",
                                             "exited",    "killed",      "frozen",   "resumed",
                                             "cut off",   "healed",      "lossy",    "lossless",
                                             "throttled", "unthrottled", "slowed",   "full speed" };

const char *virtual_cluster_fact_machine(const char *word)
{
    for (size_t i = 0; i < sizeof process_words / sizeof *process_words; i++)
        if (text_equal(process_words[i], word))
            return "process";
    if (text_equal(word, "fails") || text_equal(word, "works again"))
        return "storage";
    return "script";
}

/* From outside to a node. */

void virtual_cluster_ask(struct virtual_cluster *cluster, const struct event_client *request)
{
    const struct cluster_spec *spec = &cluster->scenario->cluster;
    const struct node_id manager = { JOB_MANAGER };
    struct letter *letter = letter_create(cluster, manager, EVENT_CLIENT);
    letter_copy_client(letter, request);
    bool submits = request->request == CLIENT_SUBMIT_JOB; /* work of the JobManager's */
    time_ns delay = distribution_draw(submits ? &spec->timing.submit : &spec->network.latency,
                                      &cluster->client);
    double speed = submits ? cluster_process(cluster, manager)->speed : 1;
    letter_post(cluster, letter, time_add(cluster_now(cluster), time_at_speed(delay, speed)));
}

/* At once, because nothing is pending that the node would have to hear first: the data plane
 * reports from events of its own class, behind all deliveries of their instant. */
void virtual_cluster_report(struct virtual_cluster *cluster, struct node_id node,
                            const struct event_data *report)
{
    struct process *process = cluster_process(cluster, node);
    if (process_is_up(process)) {
        process_step(cluster, process, &(struct event){ .kind = EVENT_DATA, .data = *report });
        return;
    }
    struct letter *letter = letter_create(cluster, node, EVENT_DATA);
    letter_copy_data(letter, report);
    process_hear(cluster, process, letter);
}

/* Looking. */

uint32_t virtual_cluster_process_count(const struct virtual_cluster *cluster)
{
    return (uint32_t)cluster->processes.count;
}

size_t virtual_cluster_living(const struct virtual_cluster *cluster, const struct node_id **out)
{
    *out = cluster->living.items;
    return cluster->living.count;
}

struct process_view virtual_cluster_process(const struct virtual_cluster *cluster,
                                            struct node_id node)
{
    const struct process *process = cluster_process(cluster, node);
    return (struct process_view){ .id = process->id,
                                  .name = process->name,
                                  .kind = process->kind,
                                  .state = process->state,
                                  .added_at = process->added_at,
                                  .up_at = process->up_at,
                                  .ended_at = process->ended_at,
                                  .speed = process->speed,
                                  .loss = process->loss,
                                  .cut_off = process->cuts > 0,
                                  .gone = process_is_gone(process),
                                  .cut_links = process->cut_links,
                                  .machine = process->machine,
                                  .own_links = process->worker_links > 0 };
}

const struct node *virtual_cluster_node(const struct virtual_cluster *cluster, struct node_id node)
{
    return cluster_process(cluster, node)->node;
}

bool virtual_cluster_can_talk(const struct virtual_cluster *cluster, struct node_id a,
                              struct node_id b)
{
    return a.n == b.n ||
           network_can_talk(cluster, cluster_process(cluster, a), cluster_process(cluster, b));
}

bool virtual_cluster_carries(const struct virtual_cluster *cluster, struct node_id a,
                             struct node_id b)
{
    return a.n == b.n ||
           network_carries(cluster, cluster_process(cluster, a), cluster_process(cluster, b));
}

void virtual_cluster_each_cut(const struct virtual_cluster *cluster, struct node_id node,
                              void (*visit)(void *context, struct node_id peer), void *context)
{
    network_each_cut(cluster, cluster_process(cluster, node), visit, context);
}

void virtual_cluster_each_own_link(const struct virtual_cluster *cluster, struct node_id node,
                                   void (*visit)(void *context, struct node_id peer), void *context)
{
    link_quality_each(cluster, cluster_process(cluster, node), visit, context);
}

struct link_quality virtual_cluster_link(const struct virtual_cluster *cluster, struct node_id a,
                                         struct node_id b)
{
    struct link_quality room;
    return *link_quality_between(cluster, cluster_process(cluster, a), cluster_process(cluster, b),
                                 &room);
}

struct sim_queue *virtual_cluster_queue(const struct virtual_cluster *cluster)
{
    return cluster->queue;
}

const struct scenario *virtual_cluster_scenario(const struct virtual_cluster *cluster)
{
    return cluster->scenario;
}
