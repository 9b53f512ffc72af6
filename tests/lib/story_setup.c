/* SPDX-License-Identifier: Apache-2.0
 *
 * Beginnings that several stories share.
 */
#include "tests/lib/story_setup.h"

#include <check.h>

#include "core/base/text.h"

enum { VERTICES_MAX = 16 };

struct story *story_begin(int vouch)
{
    struct story *story = story_create();
    story_vouch(story, vouch != 0);
    return story;
}

void story_fixed_delay(struct story *story, const char *attempts, const char *delay)
{
    story_set(story, "restart-strategy.type", "fixed-delay");
    story_set(story, "restart-strategy.fixed-delay.attempts", attempts);
    story_set(story, "restart-strategy.fixed-delay.delay", delay);
}

static void set_phases(struct story *story, const char *cooldown, const char *stabilization)
{
    story_set(story, "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling", cooldown);
    story_set(story, "jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout",
              stabilization);
}

void story_adaptive(struct story *story)
{
    story_set(story, "jobmanager.scheduler", "adaptive");
}

void story_reactive(struct story *story, const char *cooldown, const char *stabilization)
{
    story_set(story, "scheduler-mode", "reactive");
    set_phases(story, cooldown, stabilization);
}

struct job_graph *story_job(struct story *story, int parallelism, int max_parallelism)
{
    char text[96], most[16] = "";
    if (max_parallelism)
        text_format(most, sizeof most, "/%d", max_parallelism);
    text_format(text, sizeof text, "source %d %s; count %d %s; source -> count hash", parallelism,
                most, parallelism, most);
    return graphs_job_with(text, story_config(story));
}

void story_open(struct story *story, uint32_t count, uint32_t slots, struct job_graph *job)
{
    story_start(story);
    for (uint32_t i = 0; i < count; i++)
        story_add(story, slots);
    story_run(story, 100 * TIME_MS);
    story_submit(story, job);
}

void story_put(struct story *story, uint32_t vertices, int32_t lower, int32_t upper)
{
    struct vertex_bounds bounds[VERTICES_MAX];
    ck_assert_uint_le(vertices, VERTICES_MAX);
    for (uint32_t v = 0; v < vertices; v++)
        bounds[v] = (struct vertex_bounds){ { v }, lower, upper };
    story_ask(story, CLIENT_UPDATE_REQUIREMENTS, bounds, vertices);
}

void story_kill_noticed(struct story *story, struct node_id node, time_ns notice)
{
    story_kill(story, node);
    story_run(story, story_now(story) + notice);
    story_break_connection(story, node);
}

bool story_refuses(struct story *story, struct node_id node, struct event event)
{
    const struct effects *effects;
    event.at = story_now(story);
    return err_is(node_step((struct node *)(uintptr_t)story_node(story, node), &event, &effects));
}

struct event story_message(struct node_id from, const struct message *message)
{
    struct event event = { .kind = EVENT_MESSAGE };
    event.message = (struct event_message){ .from = from, .message = message };
    return event;
}
