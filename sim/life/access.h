/* SPDX-License-Identifier: Apache-2.0
 *
 * How life finds its part of the plane's hosts, tasks and vertices. Part of life.h.
 */
#ifndef WEIR_SIM_LIFE_ACCESS_H
#define WEIR_SIM_LIFE_ACCESS_H

static inline void *life_array_at(const struct life_array *array, uint32_t index)
{
    return (uint8_t *)array->items + (size_t)index * array->size;
}

static inline struct life_host *life_host(const struct life *life, uint32_t host)
{
    return life_array_at(&life->hosts, host);
}

static inline struct life_task *life_task(const struct life *life, uint32_t task)
{
    return life_array_at(&life->tasks, task);
}

static inline struct life_vertex *life_vertex(const struct life *life, uint32_t job, uint32_t v)
{
    return life_array_at(&life->jobs[job].vertices, v);
}

static inline uint32_t life_parallelism(const struct life *life, uint32_t job, uint32_t v)
{
    return life->jobs[job].plan->vertices[v].parallelism;
}

static inline time_ns life_now(const struct life *life)
{
    return *life->clock;
}

static inline struct task_ref task_ref_of(const struct life *life, uint32_t task)
{
    return (struct task_ref){ task, life_task(life, task)->generation };
}

static inline bool task_ref_is_live(const struct life *life, struct task_ref ref)
{
    return life_task(life, ref.index)->generation == ref.generation;
}

#endif
