/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the short texts of graphs.h. In: a text. Out: a graph built by the core's own functions,
 * so that what a test stands on has passed their checks.
 */
#include "tests/lib/graphs.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096, WORDS_MAX = 8 };

/* Cuts at blanks; the words point into the text. */
static int split(char *text, char *words[WORDS_MAX])
{
    int count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        ck_assert_msg(count < WORDS_MAX, "too many words in a graph text");
        words[count++] = word;
    }
    return count;
}

static int number_in(const char *text, const char *statement)
{
    char *end;
    long value = strtol(text, &end, 10);
    ck_assert_msg(end != text && *end == '\0', "not a number: '%s' in '%s'", text, statement);
    return (int)value;
}

/* What is chained, and what the operator before each word keeps. */
static void read_operators(struct job_graph *job, struct vertex_id vertex, char *words[], int count)
{
    static const char *const lists[] = { [OPERATOR_STATE_SPLIT] = "+split",
                                         [OPERATOR_STATE_UNION] = "+union",
                                         [OPERATOR_STATE_BROADCAST] = "+broadcast" };
    for (int i = 2; i < count; i++) {
        if (words[i][0] == '&')
            job_graph_chain_operator(job, vertex, &(struct job_operator){ .name = words[i] + 1 });
        struct job_operator *op = &vec_last(&job->vertices.items[vertex.n].operators);
        op->keyed_state = op->keyed_state || strcmp(words[i], "+keyed") == 0;
        for (int kind = OPERATOR_STATE_SPLIT; kind <= OPERATOR_STATE_BROADCAST; kind++)
            if (strcmp(words[i], lists[kind]) == 0)
                op->operator_state = (enum operator_state)kind;
    }
}

static void read_vertex(struct job_graph *job, char *words[], int count)
{
    ck_assert_msg(count >= 2, "vertex '%s' without parallelism", words[0]);
    int parallelism = number_in(words[1], words[0]), max_parallelism = PARALLELISM_UNSET;
    struct group_id group = { 0 };
    uint32_t colocation = ID_NONE;
    for (int i = 2; i < count; i++) {
        if (words[i][0] == '/')
            max_parallelism = number_in(words[i] + 1, words[0]);
        else if (words[i][0] == '@')
            group = job_graph_group(job, words[i] + 1, NULL);
        else if (words[i][0] == '%')
            colocation = (uint32_t)number_in(words[i] + 1, words[0]);
        else if (words[i][0] != '&' && words[i][0] != '+')
            ck_abort_msg("'%s' at vertex '%s'", words[i], words[0]);
    }
    struct vertex_id vertex;
    struct note note;
    struct err e =
        job_graph_add_vertex(job, words[0], parallelism ? parallelism : PARALLELISM_UNSET,
                             max_parallelism, group, &vertex, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    job->vertices.items[vertex.n].colocation = colocation;
    read_operators(job, vertex, words, count);
}

static enum partitioner partitioner_named(const char *name)
{
    for (int i = 0; i < PARTITIONER_COUNT; i++)
        if (strcmp(partitioner_names[i], name) == 0)
            return (enum partitioner)i;
    ck_abort_msg("no partitioner '%s'", name);
}

static enum result_type result_named(const char *name)
{
    for (int i = 0; i < RESULT_TYPE_COUNT; i++)
        if (strcmp(result_type_rows[i].name, name) == 0)
            return (enum result_type)i;
    ck_abort_msg("no result type '%s'", name);
}

static void read_edge(struct job_graph *job, char *words[], int count)
{
    ck_assert_msg(count == 4 || count == 5, "edge from '%s': producer -> consumer partitioner",
                  words[0]);
    struct note note;
    struct err e =
        job_graph_add_edge(job, graphs_vertex(job, words[0]), graphs_vertex(job, words[2]),
                           partitioner_named(words[3]),
                           count == 5 ? result_named(words[4]) : RESULT_PIPELINED_BOUNDED, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
}

struct job_graph *graphs_unfinished(const char *text, const struct config *config)
{
    struct config defaults = config_default();
    struct job_graph *job =
        job_graph_create("job", (struct job_id){ 0 }, config ? config : &defaults);
    char copy[TEXT_MAX];
    ck_assert_msg(strlen(text) < sizeof copy, "graph text too long");
    memcpy(copy, text, strlen(text) + 1);
    char *rest = NULL;
    for (char *part = strtok_r(copy, ";", &rest); part; part = strtok_r(NULL, ";", &rest)) {
        char *words[WORDS_MAX];
        int count = split(part, words);
        if (count > 1 && strcmp(words[1], "->") == 0)
            read_edge(job, words, count);
        else if (count > 0)
            read_vertex(job, words, count);
    }
    return job;
}

struct job_graph *graphs_job_with(const char *text, const struct config *config)
{
    struct job_graph *job = graphs_unfinished(text, config);
    struct note note;
    struct err e = job_graph_finish(job, NULL, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    return job;
}

struct job_graph *graphs_job(const char *text)
{
    return graphs_job_with(text, NULL);
}

struct execution_graph *graphs_execution(const struct job_graph *job)
{
    int32_t *parallelism = mem_create_array(job->vertices.count, sizeof *parallelism);
    int32_t *max_parallelism = mem_create_array(job->vertices.count, sizeof *max_parallelism);
    for (uint32_t v = 0; v < job->vertices.count; v++) {
        parallelism[v] = job->vertices.items[v].parallelism;
        max_parallelism[v] = job_graph_max_parallelism(job, (struct vertex_id){ v });
    }
    struct execution_graph *graph =
        execution_graph_create(job, parallelism, max_parallelism, NULL, 0);
    mem_destroy(parallelism);
    mem_destroy(max_parallelism);
    return graph;
}

struct vertex_id graphs_vertex(const struct job_graph *job, const char *name)
{
    struct vertex_id vertex = job_graph_find_vertex(job, name);
    ck_assert_msg(!vertex_id_is_none(vertex), "no vertex '%s'", name);
    return vertex;
}

struct task_id graphs_task(const struct execution_graph *graph, const char *name, uint32_t subtask)
{
    return execution_graph_task(graph, graphs_vertex(graph->job, name), subtask);
}

void graphs_move_to(struct execution_graph *graph, struct task_id task, enum execution_state to)
{
    static const enum execution_state way[] = { EXECUTION_SCHEDULED, EXECUTION_DEPLOYING,
                                                EXECUTION_INITIALIZING, EXECUTION_RUNNING };
    struct effects effects;
    effects_init(&effects, LOG_DECISION);
    effects_begin(&effects, 0);
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        enum execution_state state = (enum execution_state)graph->tasks[task.n].state;
        if (state != to && state < way[i] && !execution_state_is_terminal(state))
            execution_graph_move(graph, task, way[i], CAUSE_NONE, &effects);
    }
    enum failure_cause cause = to == EXECUTION_FAILED ? CAUSE_USER_CODE : CAUSE_NONE;
    if (graph->tasks[task.n].state != to)
        execution_graph_move(graph, task, to, cause, &effects);
    effects_fini(&effects);
}
