/* SPDX-License-Identifier: Apache-2.0
 *
 * The resource manager's book of TaskManagers: whom it takes, what a registration that comes again
 * replaces, and which slots it brings.
 */
#include <check.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/view.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 }, tm1 = { 1 };

static const struct job_manager *manager_of(const struct story *story)
{
    return node_job_manager(story_node(story, jm));
}

/* A standalone cluster takes no limits (StandaloneResourceManagerFactory). */
START_TEST(a_standalone_cluster_takes_whoever_comes)
{
    struct story *story = story_begin(_i);
    story_set(story, "slotmanager.number-of-slots.max", "3");
    story_set(story, "slotmanager.redundant-taskmanager-num", "2");
    story_start(story);
    for (int i = 0; i < 4; i++)
        story_add(story, 2);
    story_run(story, 10 * TIME_MIN);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).task_managers, 4);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_total, 8);
    story_destroy(story);
}
END_TEST

/* Where workers can be started the maximum holds: one too many is refused, and asks again after
 * cluster.registration.refused-registration-delay. */
START_TEST(a_task_manager_beyond_the_maximum_is_refused)
{
    struct story *story = story_begin(_i);
    story_set(story, "slotmanager.number-of-slots.max", "3");
    story_start(story);
    struct resource_manager *rm =
        (struct resource_manager *)(uintptr_t)&manager_of(story)->resources;
    struct worker_spec worker = { 2000, (int64_t)2 << 30, 2 };
    slot_manager_fini(&rm->slots);
    slot_manager_init(&rm->slots, story_config(story), &worker);
    story_add(story, 2);
    story_add(story, 2);
    story_expect(story, "0.001 jm: resource manager registers tm1\n"
                        "0.001 jm: resource manager refuses tm2\n"
                        "0.002 tm2: taskmanager registration refused\n");
    story_run(story, 10 * TIME_S);
    story_stop(story, tm1);
    story_expect(story, "10.001 jm: resource manager closes tm1 (TaskManager is shutting down)\n"
                        "30.003 jm: resource manager registers tm2\n");
    story_destroy(story);
}
END_TEST

/* A TaskManager that lost us and comes back before we lost it replaces its old registration; the
 * JobMasters are not told (ResourceManager.registerTaskExecutorInternal). */
START_TEST(a_registration_replaces_the_one_before_it)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    struct message again = { .kind = MESSAGE_REGISTER_TASK_MANAGER };
    again.register_task_manager =
        (struct message_register_task_manager){ 2000, (int64_t)2 << 30, 2, NULL, 0 };
    ck_assert(!story_refuses(story, jm, story_message(tm1, &again)));
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).task_managers, 1);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free, 2); /* until it reports */
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).tasks_running, 4);
    struct slot_status held = {
        .allocation = { 1 }, .job = { 0 }, .cpu_milli = 1000, .memory_bytes = (int64_t)1 << 30
    };
    struct message report = { .kind = MESSAGE_SLOT_REPORT };
    report.slot_report = (struct message_slot_report){ &held, 1 };
    ck_assert(!story_refuses(story, jm, story_message(tm1, &report)));
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free, 1);
    story_destroy(story);
}
END_TEST

/* Requests that a cut has held up come at the same instant; ResourceManager.registerTaskExecutor
 * ignores all but the newest, so one line is written and the slots are those of the last. */
START_TEST(registrations_at_one_instant_are_one)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    struct slot_status held[2] = {
        { .allocation = { 0 }, .job = { 0 }, .cpu_milli = 1000, .memory_bytes = (int64_t)1 << 30 }
    };
    held[1] = held[0];
    held[1].slot = held[1].allocation.n = 1;
    struct node *manager = (struct node *)(uintptr_t)story_node(story, jm);
    size_t lines = 0, answers = 0;
    for (uint32_t count = 3; count-- > 0;) {
        struct message again = { .kind = MESSAGE_REGISTER_TASK_MANAGER };
        again.register_task_manager =
            (struct message_register_task_manager){ 2000, (int64_t)2 << 30, 2, held, count };
        struct event event = story_message(tm1, &again);
        const struct effects *effects;
        event.at = story_now(story);
        ck_assert(!err_is(node_step(manager, &event, &effects)));
        for (VEC_EACH(const struct effect, effect, &effects->list)) {
            lines += effect->kind == EFFECT_LOG;
            answers += effect->kind == EFFECT_SEND &&
                       effect->send.message->kind == MESSAGE_TASK_MANAGER_REGISTERED;
        }
        ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free, 2 - count);
    }
    ck_assert_uint_eq(lines, 1);
    ck_assert_uint_eq(answers, 1);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).task_managers, 1);
    story_destroy(story);
}
END_TEST

/* One that comes back with slots is registered with them: nobody is promised what it has given
 * away, and it stands in for no worker that was asked for
 * (FineGrainedSlotManager.registerTaskManager). */
START_TEST(a_registration_brings_the_slots_that_are_held)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    struct slot_status held[] = {
        { .allocation = { 0 }, .job = { 0 }, .cpu_milli = 1000, .memory_bytes = (int64_t)1 << 30 },
        { .slot = 1,
          .allocation = { 1 },
          .job = { 0 },
          .cpu_milli = 1000,
          .memory_bytes = (int64_t)1 << 30 }
    };
    struct message again = { .kind = MESSAGE_REGISTER_TASK_MANAGER };
    again.register_task_manager =
        (struct message_register_task_manager){ 2000, (int64_t)2 << 30, 2, held, 2 };
    ck_assert(!story_refuses(story, jm, story_message(tm1, &again)));
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free, 0);
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).tasks_running, 4);
    story_destroy(story);
}
END_TEST

/* A TaskManager that has ended has registered before, and the cut holds that up for longer. */
START_TEST(who_registers_after_its_death_is_refused)
{
    struct story *story = story_begin(_i);
    story_set(story, "slot.request.timeout", "1 h");
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 2, 2, story_job(story, 4, 0));
    story_run(story, 10 * TIME_S);
    story_cut(story, tm1, true);
    story_run(story, 70 * TIME_S);
    story_kill(story, tm1);
    story_run(story, 100 * TIME_S);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).task_managers, 1);
    story_cut(story, tm1, false);
    story_expect(story, "100.001 jm: resource manager refuses tm1 (TaskManager cannot be reached)\n"
                        "...\n"
                        "100.001 jm: job master refuses tm1 (TaskManager cannot be reached)\n");
    story_run(story, 101 * TIME_S);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).task_managers, 1);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_total, 2);
    story_destroy(story);
}
END_TEST

static const struct effects *hear(const struct story *story, struct event event)
{
    struct node *manager = (struct node *)(uintptr_t)story_node(story, jm);
    const struct effects *effects;
    event.at = story_now(story);
    ck_assert(!err_is(node_step(manager, &event, &effects)));
    return effects;
}

static const struct message *answer_of(const struct effects *effects, enum message_kind kind)
{
    const struct message *answer = NULL;
    for (VEC_EACH(const struct effect, effect, &effects->list))
        if (effect->kind == EFFECT_SEND && effect->send.message->kind == kind)
            answer = effect->send.message;
    ck_assert_ptr_nonnull(answer);
    return answer;
}

/* RegistrationResponse.Failure: what is there already stays, and nothing else comes of it. */
START_TEST(without_a_way_back_nobody_is_taken)
{
    struct story *story = story_begin(_i);
    story_open(story, 2, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    uint64_t before = node_state_hash(story_node(story, jm));
    struct message again = { .kind = MESSAGE_REGISTER_TASK_MANAGER };
    again.register_task_manager =
        (struct message_register_task_manager){ 2000, (int64_t)2 << 30, 2, NULL, 0 };
    struct message contact = { .kind = MESSAGE_JOB_OFFER_CONTACT };
    const struct node_id stranger = { 7 };
    struct event registration = story_message(tm1, &again);
    struct event job_contact = story_message(stranger, &contact);
    registration.message.is_one_way = job_contact.message.is_one_way = true;
    const struct effects *effects = hear(story, registration);
    ck_assert(answer_of(effects, MESSAGE_TASK_MANAGER_REGISTERED)->task_manager_registered.refused);
    effects = hear(story, job_contact);
    ck_assert(answer_of(effects, MESSAGE_JOB_CONTACT_MADE)->job_contact_made.refused);
    ck_assert_uint_eq(effects->list.count, 2); /* and a line */
    ck_assert_uint_eq(node_state_hash(story_node(story, jm)), before);
    job_contact.message.from = tm1; /* a contact already: no way is looked for */
    effects = hear(story, job_contact);
    ck_assert(!answer_of(effects, MESSAGE_JOB_CONTACT_MADE)->job_contact_made.refused);
    ck_assert_uint_eq(node_state_hash(story_node(story, jm)), before);
    story_destroy(story);
}
END_TEST

/* Where workers can be started, one that was asked for gets what was planned on it when it comes,
 * not 50 ms later with the next check. */
START_TEST(a_worker_that_was_asked_for_is_given_its_slots_at_once)
{
    struct story *story = story_begin(_i);
    story_start(story);
    struct resource_manager *rm =
        (struct resource_manager *)(uintptr_t)&manager_of(story)->resources;
    struct worker_spec worker = { 2000, (int64_t)2 << 30, 2 };
    slot_manager_fini(&rm->slots);
    slot_manager_init(&rm->slots, story_config(story), &worker);
    story_run(story, 100 * TIME_MS);
    story_submit(story, story_job(story, 2, 0));
    story_run(story, 10 * TIME_S);
    ck_assert_uint_eq(rm->slots.pending_in_use, 1);
    story_add(story, 2);
    story_expect(story, "10.001 jm: resource manager registers tm1\n"
                        "10.005 jm: job first task DEPLOYING 4\n");
    ck_assert_uint_eq(rm->slots.pending.count, 0);
    story_destroy(story);
}
END_TEST

Suite *test_cluster_registration_suite(void)
{
    Suite *suite = suite_create("cluster: registration");
    TCase *resources = tcase_create("resource manager");
    tcase_add_story(resources, a_standalone_cluster_takes_whoever_comes);
    tcase_add_story(resources, a_task_manager_beyond_the_maximum_is_refused);
    tcase_add_story(resources, a_registration_replaces_the_one_before_it);
    tcase_add_story(resources, registrations_at_one_instant_are_one);
    tcase_add_story(resources, a_registration_brings_the_slots_that_are_held);
    tcase_add_story(resources, who_registers_after_its_death_is_refused);
    tcase_add_story(resources, without_a_way_back_nobody_is_taken);
    tcase_add_story(resources, a_worker_that_was_asked_for_is_given_its_slots_at_once);
    suite_add_tcase(suite, resources);
    return suite;
}
