/* SPDX-License-Identifier: Apache-2.0
 *
 * When a node looks at its own invariants: what is broken behind its back is seen after a step with
 * an effect, after a few without one, and at the end; or never, when nobody asked.
 */
#include <check.h>
#include <signal.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/view.h"

static struct config config;
static struct node *node;

static size_t step(enum event_kind kind)
{
    const struct effects *effects;
    struct event event = { .kind = kind, .at = TIME_S };
    if (kind == EVENT_CLIENT)
        event.client = (struct event_client){ .request = CLIENT_LIST_JOBS, .token = 1 };
    ck_assert(!err_is(node_step(node, &event, &effects)));
    return effects->list.count;
}

/* A JobManager that counts a slot too many. */
static void open_broken(enum node_checks checks)
{
    config = config_default();
    node = node_create(&(struct node_settings){ .kind = NODE_JOB_MANAGER,
                                                .config = &config,
                                                .log_level = LOG_DECISION,
                                                .check_invariants = checks });
    step(EVENT_STARTED);
    step(EVENT_CLIENT);
    ((struct job_manager *)(uintptr_t)node_job_manager(node))->resources.slots.slots_total++;
}

START_TEST(a_step_with_an_effect_is_checked)
{
    open_broken(NODE_CHECKS_SPARING);
    step(EVENT_CLIENT);
}
END_TEST

START_TEST(one_in_some_silent_steps_is_checked)
{
    open_broken(NODE_CHECKS_SPARING);
    for (int i = 0; i < 16; i++)
        step(EVENT_WOKEN);
}
END_TEST

START_TEST(the_end_is_checked)
{
    open_broken(NODE_CHECKS_SPARING);
    ck_assert_uint_eq(step(EVENT_WOKEN), 0);
    node_destroy(node);
}
END_TEST

START_TEST(each_step_is_checked_when_told_so)
{
    open_broken(NODE_CHECKS_ALL);
    step(EVENT_WOKEN);
}
END_TEST

START_TEST(silent_steps_between_are_not_checked)
{
    open_broken(NODE_CHECKS_SPARING);
    for (int i = 0; i < 15; i++)
        ck_assert_uint_eq(step(EVENT_WOKEN), 0);
    ((struct job_manager *)(uintptr_t)node_job_manager(node))->resources.slots.slots_total--;
    step(EVENT_CLIENT);
    node_destroy(node);
}
END_TEST

START_TEST(nothing_is_checked_when_nobody_asked)
{
    open_broken(NODE_CHECKS_NONE);
    for (int i = 0; i < 40; i++)
        step(EVENT_CLIENT);
    node_destroy(node);
}
END_TEST

Suite *test_cluster_node_checks_suite(void)
{
    Suite *suite = suite_create("cluster: node checks");
    TCase *seen = tcase_create("seen"), *unseen = tcase_create("unseen");
    tcase_add_test_raise_signal(seen, a_step_with_an_effect_is_checked, SIGABRT);
    tcase_add_test_raise_signal(seen, one_in_some_silent_steps_is_checked, SIGABRT);
    tcase_add_test_raise_signal(seen, the_end_is_checked, SIGABRT);
    tcase_add_test_raise_signal(seen, each_step_is_checked_when_told_so, SIGABRT);
    tcase_add_test(unseen, silent_steps_between_are_not_checked);
    tcase_add_test(unseen, nothing_is_checked_when_nobody_asked);
    suite_add_tcase(suite, seen);
    suite_add_tcase(suite, unseen);
    return suite;
}
