/* SPDX-License-Identifier: Apache-2.0
 *
 * The pictures of the machines. In: the tables. Out: Markdown.
 */
#include "tests/lib/state_diagrams.h"

#include "core/cluster/machines.h"

static const char *mark_of(unsigned flags)
{
    if (flags & STATE_INITIAL)
        return "begins here";
    if ((flags & STATE_FINAL) && (flags & STATE_FAILURE))
        return "ends here, badly";
    if (flags & STATE_FINAL)
        return "ends here";
    return flags & STATE_FAILURE ? "on the way to a bad end" : "";
}

static void write_next(FILE *out, const struct state_table *table, uint32_t next)
{
    const char *before = "";
    for (unsigned to = 0; to < table->count; to++) {
        if (!(next & STATE(to)))
            continue;
        fprintf(out, "%s%s", before, state_name(table, to));
        before = ", ";
    }
    if (!next)
        fputs("-", out);
}

static void write_table(FILE *out, const struct state_table *table)
{
    fputs("| state | may move to | |\n|---|---|---|\n", out);
    for (unsigned state = 0; state < table->count; state++) {
        fprintf(out, "| %s | ", state_name(table, state));
        write_next(out, table, table->rows[state].next);
        fprintf(out, " | %s |\n", mark_of(table->rows[state].flags));
    }
}

static void write_picture(FILE *out, const struct state_table *table)
{
    fputs("\n```mermaid\nstateDiagram-v2\n", out);
    for (unsigned from = 0; from < table->count; from++) {
        if (table->rows[from].flags & STATE_INITIAL)
            fprintf(out, "    [*] --> %s\n", state_name(table, from));
        for (unsigned to = 0; to < table->count; to++)
            if (state_can_move(table, from, to))
                fprintf(out, "    %s --> %s\n", state_name(table, from), state_name(table, to));
        if (state_is_final(table, from))
            fprintf(out, "    %s --> [*]\n", state_name(table, from));
    }
    fputs("```\n", out);
}

void state_diagrams_write(FILE *out)
{
    fputs("# State machines\n\n"
          "Made from the state tables of the core (`core/cluster/machines.c` lists them); do not\n"
          "edit. The name of a machine and of its states are those of the event log.\n",
          out);
    for (size_t m = 0; m < machine_count; m++) {
        const struct machine_row *machine = &machines[m];
        fprintf(out, "\n## %s\n\n%s (`%s`).\n\n", machine->table->machine, machine->text,
                machine->header);
        write_table(out, machine->table);
        write_picture(out, machine->table);
    }
}
