/* SPDX-License-Identifier: Apache-2.0
 *
 * A slot in the resource manager's books, in each of its states, and everything the slot manager
 * may be told of it: where it goes, or that nothing changes (A6, DefaultSlotStatusSyncer).
 */
#include <check.h>

#include "tests/lib/slot_managers.h"

static struct slot_manager_fixture f;

static void setup(void)
{
    f.config = config_default();
    slot_manager_fixture_init(&f, false);
    fixture_register(&f, 1, 0);
    fixture_register(&f, 2, 0);
}

static void teardown(void)
{
    slot_manager_fixture_fini(&f);
}

/* Allocation 0 is the slot's; worker 1's, being the first that registered. Where the slot is FREE
 * the allocation has been and gone. */
static void bring_to(enum managed_slot_state state)
{
    fixture_require(&f, 0, 1);
    fixture_check(&f, 50);
    ck_assert_uint_eq(f.plan.grants.items[0].allocation.n, 0);
    if (state == MANAGED_SLOT_ALLOCATED)
        fixture_confirm(&f);
    fixture_require(&f, 0, 0); /* or the check would be due anyway */
    if (state == MANAGED_SLOT_FREE)
        slot_manager_freed(&f.manager, NODE(1), ALLOCATION(0), 60);
    fixture_check(&f, 70);
}

/* Of the allocation, on whichever worker. */
static enum managed_slot_state state_of_the_slot(void)
{
    for (uint32_t node = 1; node <= 2; node++) {
        const struct managed_worker *worker = fixture_find(&f, NODE(node));
        for (uint32_t i = 0; worker && i < worker->slots.count; i++)
            if (worker->slots.items[i].state != MANAGED_SLOT_FREE)
                return worker->slots.items[i].state;
    }
    return MANAGED_SLOT_FREE;
}

static bool granted(void)
{
    return slot_manager_granted(&f.manager, NODE(1), ALLOCATION(0));
}
static bool granted_by_another(void)
{
    return slot_manager_granted(&f.manager, NODE(2), ALLOCATION(0));
}
static bool refused(void)
{
    return slot_manager_refused(&f.manager, NODE(1), ALLOCATION(0), 100);
}
static bool freed(void)
{
    return slot_manager_freed(&f.manager, NODE(1), ALLOCATION(0), 100);
}
static bool freed_by_another(void)
{
    return slot_manager_freed(&f.manager, NODE(2), ALLOCATION(0), 100);
}
static bool report(uint32_t node, size_t count)
{
    struct slot_status status = {
        .allocation = ALLOCATION(0), .job = JOB(0), .cpu_milli = 1000, .memory_bytes = 1024
    };
    return slot_manager_report(&f.manager, NODE(node), &status, count, 100);
}
static bool reported(void)
{
    return report(1, 1);
}
static bool not_reported(void)
{
    return report(1, 0);
}
static bool required_again(void)
{
    bool is_due = fixture_require(&f, 0, 1);
    fixture_check(&f, 100);
    return is_due;
}
static bool worker_leaves(void)
{
    return slot_manager_unregister(&f.manager, NODE(1));
}
static bool another_worker_leaves(void)
{
    return slot_manager_unregister(&f.manager, NODE(2));
}

struct row {
    const char *event;
    bool (*run)(void);
    const char *to;  /* F, P, A by state before */
    const char *due; /* x: a requirement check is due by it */
};

/* A report speaks of what is allocated and leaves open requests alone. A slot that the job still
 * has in excess serves its next requirement, so no other one is requested. */
static const struct row rows[] = {
    { "granted", granted, "FAA", "---" },
    { "granted by another", granted_by_another, "FPA", "---" },
    { "refused", refused, "FFA", "-x-" },
    { "freed", freed, "FFF", "-xx" },
    { "freed by another", freed_by_another, "FPA", "---" },
    { "reported", reported, "AAA", "x--" },
    { "not reported", not_reported, "FPF", "--x" },
    { "required again", required_again, "PPA", "xxx" },
    { "its worker leaves", worker_leaves, "FFF", "-xx" },
    { "another worker leaves", another_worker_leaves, "FPA", "---" },
};
enum { ROWS = sizeof rows / sizeof *rows };

START_TEST(every_cell_of_a_managed_slot)
{
    static const char letters[] = "FPA";
    const struct row *row = &rows[_i / MANAGED_SLOT_STATE_COUNT];
    enum managed_slot_state state = (enum managed_slot_state)(_i % MANAGED_SLOT_STATE_COUNT);
    const char *name = state_name(&managed_slot_states, state);
    bring_to(state);
    ck_assert_int_eq(state_of_the_slot(), state);
    uint64_t before = slot_manager_hash(&f.manager);
    bool is_due = row->run();
    slot_manager_check_invariant(&f.manager);
    ck_assert_msg(letters[state_of_the_slot()] == row->to[state], "%s in %s", row->event, name);
    ck_assert_msg(is_due == (row->due[state] == 'x'), "%s in %s: check", row->event, name);
    bool moves = letters[state] != row->to[state];
    ck_assert_msg(!moves || slot_manager_hash(&f.manager) != before, "%s in %s", row->event, name);
}
END_TEST

/* What is said by somebody else, or of a slot that is not there, leaves the books alone. */
START_TEST(rejected_cells_change_nothing)
{
    static bool (*const rejected[MANAGED_SLOT_STATE_COUNT][4])(void) = {
        [MANAGED_SLOT_FREE] = { granted, refused, freed, freed_by_another },
        [MANAGED_SLOT_PENDING] = { granted_by_another, freed_by_another },
        [MANAGED_SLOT_ALLOCATED] = { granted, granted_by_another, refused, freed_by_another },
    };
    bring_to((enum managed_slot_state)_i);
    uint64_t before = slot_manager_hash(&f.manager);
    for (int i = 0; i < 4 && rejected[_i][i]; i++)
        ck_assert(!rejected[_i][i]());
    ck_assert_uint_eq(slot_manager_hash(&f.manager), before);
}
END_TEST

Suite *test_slots_tables_suite(void)
{
    Suite *suite = suite_create("slots_tables");
    TCase *tables = tcase_create("tables");
    tcase_add_checked_fixture(tables, setup, teardown);
    tcase_add_loop_test(tables, every_cell_of_a_managed_slot, 0, ROWS * MANAGED_SLOT_STATE_COUNT);
    tcase_add_loop_test(tables, rejected_cells_change_nothing, 0, MANAGED_SLOT_STATE_COUNT);
    suite_add_tcase(suite, tables);
    return suite;
}
