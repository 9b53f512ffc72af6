/* SPDX-License-Identifier: Apache-2.0
 *
 * All state tables at once: every legal move passes, every illegal one stops the run, and the
 * tables make sense.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>

#include "core/base/text.h"
#include "core/cluster/machines.h"
#include "tests/lib/state_diagrams.h"

enum { DOCUMENT_BYTES_MAX = 1 << 16 };

static const char document[] = "docs/states.md";

/* The n-th pair of states of all machines together that the tables do (not) allow; false: there are
 * no more. */
static bool find_move(bool legal, int n, const struct state_table **table, unsigned *from,
                      unsigned *to)
{
    for (size_t m = 0; m < machine_count; m++) {
        *table = machines[m].table;
        for (*from = 0; *from < (*table)->count; ++*from)
            for (*to = 0; *to < (*table)->count; ++*to)
                if (state_can_move(*table, *from, *to) == legal && n-- == 0)
                    return true;
    }
    return false;
}

static int count_moves(bool legal)
{
    const struct state_table *table;
    unsigned from, to;
    int count = 0;
    while (find_move(legal, count, &table, &from, &to))
        count++;
    return count;
}

START_TEST(a_legal_move_passes)
{
    const struct state_table *table;
    unsigned from, to;
    ck_assert(find_move(true, _i, &table, &from, &to));
    machine_check_move(table, from, to);
}
END_TEST

START_TEST(an_illegal_move_stops_the_run)
{
    const struct state_table *table;
    unsigned from, to;
    if (find_move(false, _i, &table, &from, &to))
        machine_check_move(table, from, to);
}
END_TEST

START_TEST(machines_have_names_of_their_own)
{
    for (size_t m = 0; m < machine_count; m++)
        for (size_t other = 0; other < m; other++) {
            ck_assert_ptr_ne(machines[m].table, machines[other].table);
            ck_assert(!text_equal(machines[m].table->machine, machines[other].table->machine));
        }
}
END_TEST

START_TEST(a_machine_has_one_beginning_and_final_states_have_no_way_on)
{
    const struct state_table *table = machines[_i].table;
    unsigned beginnings = 0;
    for (unsigned state = 0; state < table->count; state++) {
        const struct state_row *row = &table->rows[state];
        beginnings += (row->flags & STATE_INITIAL) != 0;
        ck_assert_int_eq(row->next == 0, (row->flags & STATE_FINAL) != 0);
        ck_assert_uint_eq(row->next >> table->count, 0);
        for (unsigned other = 0; other < state; other++)
            ck_assert(!text_equal(row->name, table->rows[other].name));
    }
    ck_assert_uint_eq(beginnings, 1);
}
END_TEST

START_TEST(every_state_can_be_reached)
{
    const struct state_table *table = machines[_i].table;
    uint32_t reached = 0, before;
    for (unsigned state = 0; state < table->count; state++)
        if (table->rows[state].flags & STATE_INITIAL)
            reached |= STATE(state);
    do {
        before = reached;
        for (unsigned state = 0; state < table->count; state++)
            if (reached & STATE(state))
                reached |= table->rows[state].next;
    } while (reached != before);
    ck_assert_uint_eq(reached, STATE(table->count) - 1);
}
END_TEST

static size_t read_all(FILE *file, char *out, size_t size)
{
    size_t length = fread(out, 1, size - 1, file);
    out[length] = '\0';
    return length;
}

/* The document is made by this test where there is none, so removing it makes it anew. */
START_TEST(the_pictures_in_the_docs_are_those_of_the_tables)
{
    static char made[DOCUMENT_BYTES_MAX], found[DOCUMENT_BYTES_MAX];
    FILE *memory = fmemopen(made, sizeof made, "wb");
    ck_assert_ptr_nonnull(memory);
    state_diagrams_write(memory);
    ck_assert_int_eq(fclose(memory), 0);
    FILE *file = fopen(document, "rb");
    if (!file) {
        file = fopen(document, "wb");
        ck_assert_ptr_nonnull(file);
        state_diagrams_write(file);
        ck_assert_int_eq(fclose(file), 0);
        file = fopen(document, "rb");
        ck_assert_ptr_nonnull(file);
    }
    read_all(file, found, sizeof found);
    fclose(file);
    ck_assert_msg(text_equal(made, found), "%s is old: remove it and run this test", document);
}
END_TEST

Suite *test_cluster_machines_suite(void)
{
    Suite *suite = suite_create("cluster: machines");
    TCase *moves = tcase_create("moves");
    tcase_add_loop_test(moves, a_legal_move_passes, 0, count_moves(true));
    tcase_add_loop_test_raise_signal(moves, an_illegal_move_stops_the_run, SIGABRT, 0,
                                     count_moves(false));
    suite_add_tcase(suite, moves);
    TCase *tables = tcase_create("tables");
    tcase_add_test(tables, machines_have_names_of_their_own);
    tcase_add_loop_test(tables, a_machine_has_one_beginning_and_final_states_have_no_way_on, 0,
                        (int)machine_count);
    tcase_add_loop_test(tables, every_state_can_be_reached, 0, (int)machine_count);
    tcase_add_test(tables, the_pictures_in_the_docs_are_those_of_the_tables);
    suite_add_tcase(suite, tables);
    return suite;
}
