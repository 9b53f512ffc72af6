/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of functions without a key: saved and loaded, by name; what is not theirs is refused.
 */
#include <check.h>
#include <string.h>

#include "core/exec/list_state.h"

static const struct list_spec specs[] = {
    { .name = "numbers", .size = 8, .value = { 1, 1 } },
    { .name = "flags", .size = 1, .value = { 2, 1 } },
};
enum { SPECS = 2, NUMBERS = 5 };

static void fill(struct list_states *lists)
{
    list_states_init(lists, specs, SPECS);
    for (uint64_t i = 0; i < NUMBERS; i++)
        state_list_add(&list_states_find(lists, "numbers")->entries, &i, sizeof i);
    state_list_add(&list_states_find(lists, "flags")->entries, "y", 1);
}

static struct err load(const struct list_spec *as, uint32_t count, const struct state_list *saved,
                       struct list_states *out, struct note *note)
{
    list_states_init(out, as, count);
    return list_states_load(out, saved, note);
}

START_TEST(lists_come_back_as_they_were)
{
    struct list_states lists, again;
    struct state_list saved = { 0 };
    struct note note;
    fill(&lists);
    ck_assert_uint_eq(list_state_bytes(list_states_find(&lists, "numbers")), NUMBERS * 16);
    ck_assert_uint_eq(list_state_bytes(list_states_find(&lists, "flags")), 9);
    list_states_save(&lists, &saved);
    ck_assert(!err_is(load(specs, SPECS, &saved, &again, &note)));
    for (uint32_t l = 0; l < SPECS; l++) {
        const struct state_list *one = &lists.items[l].entries, *other = &again.items[l].entries;
        ck_assert_uint_eq(one->bytes.count, other->bytes.count);
        ck_assert_uint_eq(state_list_count(one), state_list_count(other));
        ck_assert_mem_eq(one->bytes.items, other->bytes.items, one->bytes.count);
    }
    ck_assert_ptr_null(list_states_find(&again, "others"));
    list_states_fini(&lists);
    list_states_fini(&again);
    state_list_fini(&saved);
}
END_TEST

/* Found by name, in whatever place; what nobody declares any more is gone, as in Flink. */
START_TEST(a_list_is_found_by_its_name)
{
    const struct list_spec other[] = { { .name = "new", .size = 3 }, specs[0] };
    struct list_states lists, again;
    struct state_list saved = { 0 };
    struct note note;
    fill(&lists);
    list_states_save(&lists, &saved);
    ck_assert(!err_is(load(other, 2, &saved, &again, &note)));
    ck_assert_uint_eq(state_list_count(&again.items[0].entries), 0);
    ck_assert_uint_eq(state_list_count(&again.items[1].entries), NUMBERS);
    list_states_fini(&lists);
    list_states_fini(&again);
    state_list_fini(&saved);
}
END_TEST

/* RoundRobinOperatorStateRepartitioner: each named state by itself. */
START_TEST(each_list_is_dealt_out_by_itself)
{
    enum { OLD = 2, MOST = 4, OF_EACH = 60 };
    struct state_list saved[OLD] = { { .bytes = { 0 } } };
    const struct state_list *old[OLD] = { &saved[0], &saved[1] };
    for (uint32_t s = 0; s < OLD; s++) {
        struct list_states lists;
        list_states_init(&lists, specs, SPECS);
        for (uint64_t i = 0; i < OF_EACH; i++) {
            state_list_add(&lists.items[0].entries, &i, sizeof i);
            if (s == 1)
                state_list_add(&lists.items[1].entries, "x", 1);
        }
        list_states_save(&lists, &saved[s]);
        list_states_fini(&lists);
    }
    for (uint32_t now = 1; now <= MOST; now++)
        for (uint32_t subtask = 0; subtask < now && now != OLD; subtask++) {
            struct list_states again;
            struct state_list own = { 0 };
            struct note note;
            state_list_redistribute(OPERATOR_STATE_SPLIT, old, OLD, subtask, now, &own);
            ck_assert(!err_is(load(specs, SPECS, &own, &again, &note)));
            ck_assert_uint_eq(state_list_count(&again.items[0].entries), OLD * OF_EACH / now);
            ck_assert_uint_eq(state_list_count(&again.items[1].entries), OF_EACH / now);
            list_states_fini(&again);
            state_list_fini(&own);
        }
    state_list_fini(&saved[0]);
    state_list_fini(&saved[1]);
}
END_TEST

static void must_refuse(const struct list_spec *as, const struct state_list *saved,
                        const char *words)
{
    struct list_states again;
    struct note note;
    ck_assert(err_is(load(as, 1, saved, &again, &note)));
    ck_assert_str_eq(note.text, words);
    list_states_fini(&again);
}

START_TEST(entries_of_another_type_and_none_at_all_are_refused)
{
    const struct list_spec version = { "numbers", 8, { 1, 2 } }, print = { "numbers", 8, { 3, 1 } },
                           wide = { "numbers", 9, { 1, 1 } };
    struct list_states lists;
    struct state_list saved = { 0 }, garbage = { 0 };
    fill(&lists);
    list_states_save(&lists, &saved);
    must_refuse(&version, &saved,
                "state 'numbers': its values were written by another serializer (version 1, "
                "expected 2)");
    must_refuse(&print, &saved,
                "state 'numbers': its values were written by the serializer of another type");
    must_refuse(&wide, &saved, "state 'numbers': an entry of 8 bytes, expected 9");
    state_list_add(&garbage, "abc", 3);
    must_refuse(specs, &garbage, "an entry of a list has 3 bytes, expected at least 24");
    list_states_fini(&lists);
    state_list_fini(&saved);
    state_list_fini(&garbage);
}
END_TEST

Suite *test_exec_list_state_suite(void);
Suite *test_exec_list_state_suite(void)
{
    Suite *suite = suite_create("exec list state");
    TCase *tcase = tcase_create("lists");
    tcase_add_test(tcase, lists_come_back_as_they_were);
    tcase_add_test(tcase, a_list_is_found_by_its_name);
    tcase_add_test(tcase, each_list_is_dealt_out_by_itself);
    tcase_add_test(tcase, entries_of_another_type_and_none_at_all_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
