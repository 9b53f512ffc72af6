/* SPDX-License-Identifier: Apache-2.0
 *
 * The fake world with its script.
 */
#include "tests/lib/fake_script.h"

#include <check.h>

static uint32_t slots_used(void *context, struct node_id node)
{
    ck_assert_ptr_nonnull(context);
    return node.n % 2;
}

static void on_fact(void *context, const char *word)
{
    script_on_fact(((struct fake_script *)context)->script, word);
}

void fake_script_init(struct fake_script *fake)
{
    fake_world_init_quiet(&fake->world, NULL);
    fake->world.scenario.cluster.machine.boot = distribution_constant(0);
}

struct scripted_event *fake_script_event(struct fake_script *fake, enum action_kind kind,
                                         time_ns at)
{
    static char label[] = "the label", name[] = "tm1";
    vec_push(&fake->world.scenario.events,
             (struct scripted_event){
                 .trigger = { .at = at, .value = -1, .nth = 1, .every = TIME_NEVER },
                 .kind = kind,
                 .count = 1,
                 .duration = TIME_NEVER,
                 .grace = TIME_NEVER,
                 .factor = 1,
                 .task_manager = name,
                 .label = label });
    return &vec_last(&fake->world.scenario.events);
}

void fake_script_start(struct fake_script *fake, uint32_t count)
{
    fake_world_start(&fake->world);
    fake->script = script_create(fake->world.cluster, slots_used, fake);
    fake->world.on_fact = on_fact;
    fake->world.on_fact_context = fake;
    script_start(fake->script);
    for (uint32_t i = 0; i < count; i++)
        fake_world_add(&fake->world, NULL);
    fake_world_run(&fake->world, TIME_S - 1);
    fake_world_forget(&fake->world);
}

void fake_script_fini(struct fake_script *fake)
{
    script_destroy(fake->script);
    vec_fini(&fake->world.scenario.events);
    fake_world_fini(&fake->world);
}
