/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a process: booting, running, asked to stop, closing, frozen, ended. Whatever happens
 * to it is told to the observer, the data plane and (through contact.c) the nodes that must know.
 */
#include "core/base/hash.h"
#include "core/base/text.h"
#include "sim/cluster/parts.h"

/* Flink's JvmShutdownSafeguard: a JVM that was asked to end is halted when its shutdown hooks, the
 * one that closes the TaskExecutor among them, have not ended after this. No key changes it. */
#define SHUTDOWN_MAX (5 * TIME_S)

static const struct state_row state_rows[PROCESS_STATE_COUNT] = {
    [PROCESS_BOOTING] = { "booting", STATE(PROCESS_RUNNING) | STATE(PROCESS_ENDED), STATE_INITIAL },
    [PROCESS_RUNNING] = { "running",
                          STATE(PROCESS_STOPPING) | STATE(PROCESS_FROZEN) | STATE(PROCESS_ENDED),
                          0 },
    [PROCESS_STOPPING] = { "stopping",
                           STATE(PROCESS_CLOSING) | STATE(PROCESS_FROZEN) | STATE(PROCESS_ENDED),
                           0 },
    [PROCESS_CLOSING] = { "closing", STATE(PROCESS_FROZEN) | STATE(PROCESS_ENDED), 0 },
    [PROCESS_FROZEN] = { "frozen",
                         STATE(PROCESS_RUNNING) | STATE(PROCESS_STOPPING) | STATE(PROCESS_CLOSING) |
                             STATE(PROCESS_ENDED),
                         0 },
    [PROCESS_ENDED] = { "ended", 0, STATE_FINAL },
};
const struct state_table process_states = { "process", state_rows, PROCESS_STATE_COUNT };

static void process_move(struct process *process, enum process_state to)
{
    machine_check_move(&process_states, process->state, to);
    process->state = to;
}

void cluster_fact(struct virtual_cluster *cluster, struct node_id node, const char *word,
                  const char *reason)
{
    if (cluster->observer.fact)
        cluster->observer.fact(cluster->observer.context, cluster_now(cluster), node, word, reason);
}

/* The index under which this very name is or would be found. */
static uint64_t name_key(const struct virtual_cluster *cluster, const char *name)
{
    for (uint64_t salt = 0;; salt++) {
        uint64_t key = hash_add_text(salt, name);
        uint32_t index = index_map_get(&cluster->by_name, key);
        if (index == INDEX_NONE || text_equal(cluster->processes.items[index]->name, name))
            return key;
    }
}

struct node_id virtual_cluster_find(const struct virtual_cluster *cluster, const char *name)
{
    return (struct node_id){ index_map_get(&cluster->by_name, name_key(cluster, name)) };
}

struct process *process_create(struct virtual_cluster *cluster, enum node_kind kind,
                               const char *name, const struct machine_spec *machine)
{
    uint64_t seed = cluster->scenario->seed;
    struct process *process = mem_create(sizeof *process);
    uint32_t id = (uint32_t)cluster->processes.count;
    process->id = (struct node_id){ id };
    process->name = mem_copy_text(name);
    process->kind = kind;
    process->machine = machine;
    process->speed = machine ? machine->speed : 1;
    link_quality_count(cluster, process);
    process->added_at = cluster_now(cluster);
    process->up_at = process->ended_at = TIME_NEVER;
    process->wake_at = process->woken_at = process->refused_from = TIME_NEVER;
    process->network = rng_stream(seed, "network", id);
    process->storage = rng_stream(seed, "storage", id);
    index_map_put(&cluster->by_name, name_key(cluster, name), id);
    vec_push(&cluster->processes, process);
    vec_push(&cluster->manager_links, INDEX_NONE);
    process->living_place = (uint32_t)cluster->living.count;
    vec_push(&cluster->living, process->id);
    link_quality_meet(cluster, process);
    return process;
}

void process_destroy(struct virtual_cluster *cluster, struct process *process)
{
    if (process->node)
        cluster->driver->destroy(process->node);
    vec_fini(&process->links);
    vec_fini(&process->throttles);
    vec_fini(&process->inbox);
    vec_fini(&process->connecting);
    mem_destroy(process->name);
    mem_destroy(process);
}

/* Up. */

static void create_node(struct virtual_cluster *cluster, struct process *process)
{
    const struct scenario *scenario = cluster->scenario;
    struct node_settings settings = { .kind = process->kind,
                                      .id = process->id,
                                      .seed = scenario->seed,
                                      .config = &scenario->config,
                                      .job_manager = { JOB_MANAGER },
                                      .log_level = scenario->log_level,
                                      .check_invariants = cluster->check_invariants,
                                      .effects = &cluster->effects };
    if (process->machine)
        settings.worker =
            (struct worker_spec){ .cpu_milli = (int32_t)(process->machine->cores * 1000 + 0.5),
                                  .memory_bytes = process->machine->memory_bytes,
                                  .slots = process->machine->slots };
    process->node = cluster->driver->create(&settings);
}

/* All letters that came in while it could not hear, in their order. */
static void open_inbox(struct virtual_cluster *cluster, struct process *process)
{
    struct letter **letters = process->inbox.items;
    size_t count = process->inbox.count;
    memset(&process->inbox, 0, sizeof process->inbox);
    for (size_t i = 0; i < count; i++)
        process_hear(cluster, process, letters[i]);
    mem_destroy(letters);
}

static void on_up(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct virtual_cluster *cluster = context;
    struct process *process = cluster_process(cluster, (struct node_id){ (uint32_t)a });
    process->boot = (struct sim_handle){ 0 };
    process_move(process, PROCESS_RUNNING);
    process->up_at = cluster_now(cluster);
    create_node(cluster, process);
    cluster_fact(cluster, process->id, "up", NULL);
    process_step(cluster, process, &(struct event){ .kind = EVENT_STARTED });
    open_inbox(cluster, process);
}

void process_boot(struct virtual_cluster *cluster, struct process *process,
                  const struct distribution *boot, const char *stream)
{
    struct rng rng = rng_stream(cluster->scenario->seed, stream, process->id.n);
    time_ns at = time_add(cluster_now(cluster), distribution_draw(boot, &rng));
    process->boot =
        sim_queue_push(cluster->queue, at, SIM_CLASS_DELIVERY, on_up, cluster, process->id.n, 0);
}

/* Down. */

static const struct data_plane_ops *plane_of(const struct virtual_cluster *cluster,
                                             const struct process *process)
{
    return process->kind == NODE_TASK_MANAGER ? cluster->plane_ops : NULL;
}

static void leave_living(struct virtual_cluster *cluster, struct process *process)
{
    uint32_t place = process->living_place;
    CHECK(cluster->living.items[place].n == process->id.n);
    vec_remove_swap(&cluster->living, place);
    if (place < cluster->living.count)
        cluster_process(cluster, cluster->living.items[place])->living_place = place;
}

/* Requests that are sent from now on hang, or are refused at once. */
static void refuse_requests(struct virtual_cluster *cluster, struct process *process, bool sudden)
{
    process->refused_from = cluster_now(cluster);
    if (!sudden)
        return;
    struct rng rng = rng_stream(cluster->scenario->seed, "rpc loss", process->id.n);
    process->refused_from =
        time_add(process->refused_from,
                 distribution_draw(&cluster->scenario->cluster.timing.rpc_loss, &rng));
}

/* Its node goes, and what it has not heard. */
static void drop_node(struct virtual_cluster *cluster, struct process *process)
{
    sim_queue_cancel(cluster->queue, &process->stop);
    sim_queue_cancel(cluster->queue, &process->wake);
    if (process->node)
        cluster->driver->destroy(process->node);
    process->node = NULL;
    open_inbox(cluster, process); /* the dead drop all, but answer clients */
}

static void tell_plane_of_end(struct virtual_cluster *cluster, const struct process *process,
                              bool sudden)
{
    const struct data_plane_ops *plane = plane_of(cluster, process);
    if (plane && plane->process_ended)
        plane->process_ended(cluster->plane, process->id, sudden);
}

void process_end(struct virtual_cluster *cluster, struct process *process, bool sudden,
                 const char *word, const char *reason)
{
    CHECK(!cluster->stepping);
    bool was_up = process->node != NULL;
    CHECK(!was_up || !process->said_goodbye);
    process_move(process, PROCESS_ENDED);
    leave_living(cluster, process);
    process->ended_at = cluster_now(cluster);
    if (!process->said_goodbye)
        refuse_requests(cluster, process, sudden);
    sim_queue_cancel(cluster->queue, &process->boot);
    sim_queue_cancel(cluster->queue, &process->close);
    sim_queue_cancel(cluster->queue, &process->kill);
    drop_node(cluster, process);
    cluster_fact(cluster, process->id, word, reason);
    if (was_up)
        tell_plane_of_end(cluster, process, sudden);
    contact_review(cluster, process);
    if (cluster->on_end)
        cluster->on_end(cluster->on_end_context, process->id);
}

/* TaskExecutor.onStop has told the resource manager and the JobMasters; TaskSlotTable.closeAsync
 * fails the tasks and waits until their threads have ended. To all others it is as good as dead:
 *
 *   SIGTERM      timing.shutdown      goodbye             close()          stopped
 *   |---------------------------------|------------------------------------|
 *   |  hears everything               |  refused, its slots and data gone  |  machine given back
 *   |------------------- at most SHUTDOWN_MAX, and the grace period --------|
 */

static void end_closed(struct virtual_cluster *cluster, struct process *process)
{
    bool is_halted = process->closed_at == process->halts_at;
    process_end(cluster, process, false, "stopped",
                is_halted ? "halted: user code had not closed 5 s after SIGTERM"
                          : "as asked, when user code had closed");
}

static void on_closed(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct virtual_cluster *cluster = context;
    struct process *process = cluster_process(cluster, (struct node_id){ (uint32_t)a });
    process->close = (struct sim_handle){ 0 };
    if (process->state != PROCESS_FROZEN) /* else it ends when it resumes */
        end_closed(cluster, process);
}

void process_close(struct virtual_cluster *cluster, struct process *process, const char *reason)
{
    time_ns now = cluster_now(cluster), at = now;
    const struct data_plane_ops *plane = plane_of(cluster, process);
    if (process->stop_begun && plane && plane->closed_at)
        at = plane->closed_at(cluster->plane, process->id);
    if (at <= now) {
        process_end(cluster, process, false, "stopped", reason);
        return;
    }
    if (process->halts_at < now)
        process->halts_at = now;
    process->closed_at = at < process->halts_at ? at : process->halts_at;
    process_move(process, PROCESS_CLOSING);
    process->said_goodbye = true;
    refuse_requests(cluster, process, false);
    drop_node(cluster, process);
    tell_plane_of_end(cluster, process, false);
    contact_review(cluster, process);
    process->close = sim_queue_push(cluster->queue, process->closed_at, SIM_CLASS_DELIVERY,
                                    on_closed, cluster, process->id.n, 0);
}

/* Signals. */

static void on_goodbye(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct virtual_cluster *cluster = context;
    struct process *process = cluster_process(cluster, (struct node_id){ (uint32_t)a });
    process->stop = (struct sim_handle){ 0 };
    process_hear(cluster, process, letter_create(cluster, process->id, EVENT_STOPPING));
}

/* From SIGTERM to the goodbye: the shutdown hooks of a JVM, at the speed of its host now. */
static void begin_stop(struct virtual_cluster *cluster, struct process *process)
{
    struct rng rng = rng_stream(cluster->scenario->seed, "shutdown", process->id.n);
    time_ns wait = time_at_speed(
        distribution_draw(&cluster->scenario->cluster.timing.shutdown, &rng), process->speed);
    process->stop_begun = true;
    process->halts_at = time_add(cluster_now(cluster), SHUTDOWN_MAX);
    process->stop = sim_queue_push(cluster->queue, time_add(cluster_now(cluster), wait),
                                   SIM_CLASS_DELIVERY, on_goodbye, cluster, process->id.n, 0);
}

static void on_grace_over(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct virtual_cluster *cluster = context;
    struct node_id node = { (uint32_t)a };
    cluster_process(cluster, node)->kill = (struct sim_handle){ 0 };
    virtual_cluster_kill(cluster, node, "grace period over");
}

void virtual_cluster_stop(struct virtual_cluster *cluster, struct node_id node, time_ns grace)
{
    CHECK(!cluster->stepping);
    CHECK(grace >= 0);
    struct process *process = cluster_process(cluster, node);
    if (process->state == PROCESS_ENDED || process->stop_asked)
        return;
    process->stop_asked = true;
    if (process->state == PROCESS_BOOTING) {
        process_end(cluster, process, false, "stopped", "before it was up");
        return;
    }
    cluster_fact(cluster, node, "stopping", NULL);
    if (grace != TIME_NEVER)
        process->kill = sim_queue_push(cluster->queue, time_add(cluster_now(cluster), grace),
                                       SIM_CLASS_FAULT, on_grace_over, cluster, node.n, 0);
    if (process->state == PROCESS_FROZEN)
        return; /* begins when it resumes */
    process_move(process, PROCESS_STOPPING);
    begin_stop(cluster, process);
}

void virtual_cluster_kill(struct virtual_cluster *cluster, struct node_id node, const char *reason)
{
    CHECK(!cluster->stepping);
    struct process *process = cluster_process(cluster, node);
    if (process->state != PROCESS_ENDED)
        process_end(cluster, process, true, "killed", reason);
}

void virtual_cluster_freeze(struct virtual_cluster *cluster, struct node_id node)
{
    CHECK(!cluster->stepping);
    struct process *process = cluster_process(cluster, node);
    if (!process_is_up(process) && process->state != PROCESS_CLOSING)
        return;
    contact_break(cluster, process); /* it learns of that before it freezes, not after */
    if (!process_is_up(process) && process->state != PROCESS_CLOSING)
        return;
    process_move(process, PROCESS_FROZEN);
    cluster_fact(cluster, node, "frozen", NULL);
    const struct data_plane_ops *plane = plane_of(cluster, process);
    if (!process->said_goodbye && plane && plane->process_frozen)
        plane->process_frozen(cluster->plane, node, true);
}

/* What was due meanwhile is due now. */
static void resume_closing(struct virtual_cluster *cluster, struct process *process)
{
    process_move(process, PROCESS_CLOSING);
    cluster_fact(cluster, process->id, "resumed", NULL);
    if (process->closed_at <= cluster_now(cluster))
        end_closed(cluster, process);
}

/* What piled up is heard first, then the timers that are late. */
void virtual_cluster_resume(struct virtual_cluster *cluster, struct node_id node)
{
    CHECK(!cluster->stepping);
    struct process *process = cluster_process(cluster, node);
    if (process->state != PROCESS_FROZEN)
        return;
    if (process->said_goodbye) {
        resume_closing(cluster, process);
        return;
    }
    process_move(process, process->stop_asked ? PROCESS_STOPPING : PROCESS_RUNNING);
    cluster_fact(cluster, node, "resumed", NULL);
    const struct data_plane_ops *plane = plane_of(cluster, process);
    if (plane && plane->process_frozen)
        plane->process_frozen(cluster->plane, node, false);
    contact_review(cluster, process);
    if (process->stop_asked && !process->stop_begun)
        begin_stop(cluster, process);
    open_inbox(cluster, process);
    if (process_is_up(process))
        process_plan_wake(cluster, process);
}
