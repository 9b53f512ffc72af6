/* SPDX-License-Identifier: Apache-2.0
 *
 * One table for each data plane.
 */
#include "sim/run/plane.h"

#include "sim/exact/exact.h"

static void model_gone(void *self)
{
    model_destroy(self);
}

/* It has no records that a program could work on. */
static void model_begins(void *self, struct job_id job, const struct job_program *program)
{
    (void)self;
    (void)job;
    (void)program;
}

static void model_cancelled(void *self, struct job_id job)
{
    model_job_cancelled(self, job);
}

static void model_ended(void *self, struct job_id job, bool failed)
{
    model_job_ended(self, job, failed);
}

static void model_job(void *self, struct job_id job, struct model_job_view *out)
{
    model_view_job(self, job, out);
}

static void model_vertex(void *self, struct job_id job, struct vertex_id vertex,
                         struct model_vertex_view *out)
{
    model_view_vertex(self, job, vertex, out);
}

static time_ns model_broken(const void *self, struct job_id job)
{
    return model_broken_at(self, job);
}

static time_ns model_whole(const void *self, struct job_id job)
{
    return model_whole_at(self, job);
}

static bool model_needs_node(const void *self, struct job_id job, struct node_id node)
{
    return model_needs(self, job, node);
}

static uint64_t model_breaks(const void *self)
{
    return model_break_count(self);
}

/* Its tasks fail by what is planned, and have nothing to say of it. */
static const char *model_text(const void *self, uint32_t detail)
{
    (void)self;
    (void)detail;
    return NULL;
}

static struct fault_fate model_fate(const void *self, struct job_id job, size_t fault)
{
    return model_fault_fate(self, job, fault);
}

static struct err model_check(void *self, struct note *note)
{
    return model_check_conservation(self, note);
}

static void exact_gone(void *self)
{
    exact_destroy(self);
}

static void exact_begins(void *self, struct job_id job, const struct job_program *program)
{
    exact_job_begins(self, job, program);
}

static void exact_cancelled(void *self, struct job_id job)
{
    exact_job_cancelled(self, job);
}

static void exact_ended(void *self, struct job_id job, bool failed)
{
    exact_job_ended(self, job, failed);
}

static void exact_job(void *self, struct job_id job, struct model_job_view *out)
{
    exact_view_job(self, job, out);
}

static void exact_vertex(void *self, struct job_id job, struct vertex_id vertex,
                         struct model_vertex_view *out)
{
    exact_view_vertex(self, job, vertex, out);
}

static time_ns exact_broken(const void *self, struct job_id job)
{
    return exact_broken_at(self, job);
}

static time_ns exact_whole(const void *self, struct job_id job)
{
    return exact_whole_at(self, job);
}

static bool exact_needs_node(const void *self, struct job_id job, struct node_id node)
{
    return exact_needs(self, job, node);
}

static uint64_t exact_breaks(const void *self)
{
    return exact_break_count(self);
}

static const char *exact_text(const void *self, uint32_t detail)
{
    return exact_failure_text(self, detail);
}

static struct fault_fate exact_fate(const void *self, struct job_id job, size_t fault)
{
    return exact_fault_fate(self, job, fault);
}

static struct err exact_books(void *self, struct note *note)
{
    return exact_check(self, note);
}

static const struct plane_class planes[WORLD_COUNT] = {
    [WORLD_VIRTUAL] = { model_gone, model_begins, model_cancelled, model_ended, model_job,
                        model_vertex, model_broken, model_whole, model_needs_node, model_breaks,
                        model_text, model_fate, model_check },
    [WORLD_EXACT] = { exact_gone, exact_begins, exact_cancelled, exact_ended, exact_job,
                      exact_vertex, exact_broken, exact_whole, exact_needs_node, exact_breaks,
                      exact_text, exact_fate, exact_books },
};

struct plane plane_create(const struct scenario *scenario, struct virtual_cluster *cluster,
                          struct sim_queue *queue)
{
    bool is_exact = scenario->world == WORLD_EXACT;
    struct plane plane = { &planes[scenario->world], is_exact ? exact_ops() : model_ops(), NULL };
    if (is_exact)
        plane.self = exact_create(scenario, cluster, queue);
    else
        plane.self = model_create(scenario, cluster, queue);
    return plane;
}

struct model *plane_model(const struct plane *plane)
{
    return plane->class == &planes[WORLD_VIRTUAL] ? plane->self : NULL;
}

struct exact *plane_exact(const struct plane *plane)
{
    return plane->class == &planes[WORLD_EXACT] ? plane->self : NULL;
}
