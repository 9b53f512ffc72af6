/* SPDX-License-Identifier: Apache-2.0
 *
 * docs/configuration.md: a table per group of options, groups and options in the order of the list.
 */
#include "sim/load/configuration_doc.h"

#include "core/base/text.h"
#include "core/port/config.h"

static const char introduction[] =
    "# Configuration keys\n"
    "\n"
    "<!-- Generated from core/port/options.h by `make docs`; edits here are lost. -->\n"
    "\n"
    "These are Flink's own keys, with the defaults of Flink 2.3. A scenario sets them below\n"
    "`config` for the cluster and below a job's `config` for that job; a key that is not in a\n"
    "table is an error that names the nearest one that is. `null` puts the default back. An older\n"
    "name that Flink still takes is taken too.\n"
    "\n"
    "Keys marked *cluster* are read by the processes when they start: in Flink they have no "
    "effect\n"
    "with a job that is submitted to a session cluster. So they are refused below a job's "
    "`config`\n"
    "where there is more than one job; a single job is an application cluster's.\n"
    "\n"
    "Kinds of value: **duration** `90 s`, `5 min`, `100 ms`, a bare number is milliseconds;\n"
    "**size** `32 kb`, `8g`, 1024-based, a bare number is bytes; **count** a whole number;\n"
    "**ratio** a decimal number; **flag** `true` or `false`; otherwise one of the words given.\n";

static bool is_first_of_group(size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (text_equal(config_options[j].group, config_options[i].group))
            return false;
    return true;
}

static void write_code(FILE *out, const char *text)
{
    if (*text)
        fprintf(out, "`%s`", text);
    else
        fputs("not set", out);
}

/* The words of a choice, or the kind of value. */
static void write_kind(FILE *out, const struct option_row *row)
{
    const char *between = "";
    if (row->choice_count == 0)
        fputs(row->type, out);
    for (size_t i = 0; i < row->choice_count; i++) {
        if (*row->choices[i]) {
            fprintf(out, "%s`%s`", between, row->choices[i]);
            between = ", ";
        }
    }
}

static void write_option(FILE *out, const struct option_row *row)
{
    fprintf(out, "| `%s` | ", row->key);
    write_code(out, row->default_text);
    fputs(" | ", out);
    write_kind(out, row);
    fprintf(out, " | %s", row->text);
    if (*row->older_key)
        fprintf(out, " (older name: `%s`)", row->older_key);
    if (config_key_is_clusters(row->key))
        fputs(" (*cluster*)", out);
    fputs(" |\n", out);
}

void configuration_write_markdown(FILE *out)
{
    fputs(introduction, out);
    for (size_t i = 0; i < config_option_count; i++) {
        const char *group = config_options[i].group;
        if (!is_first_of_group(i))
            continue;
        fprintf(out, "\n## %s\n\n| key | default | kind | what it does |\n|---|---|---|---|\n",
                group);
        for (size_t j = i; j < config_option_count; j++)
            if (text_equal(config_options[j].group, group))
                write_option(out, &config_options[j]);
    }
}
