/* SPDX-License-Identifier: Apache-2.0
 *
 * The lines of a story: made from the nodes' log effects, and compared with what the test expects.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "tests/lib/story_world.h"

#define STORY_PATIENCE (10 * TIME_MIN)

enum { LINES_BEFORE = 20 };

static void node_name(struct node_id node, char *out, size_t size)
{
    if (node.n == JOB_MANAGER)
        text_format(out, size, "jm");
    else
        text_format(out, size, "tm%u", node.n);
}

static size_t add_subject(char *text, size_t size, const struct log_line *line)
{
    char peer[16];
    size_t used = 0;
    if (line->subject & LOG_OF_TASK)
        used += text_format(text + used, size - used, " v%u[%u]#%u", line->vertex.n, line->subtask,
                            line->attempt);
    if (line->subject & LOG_OF_SLOT)
        used += text_format(text + used, size - used, " slot %u", line->slot.n);
    if (line->subject & LOG_OF_PEER) {
        node_name(line->peer, peer, sizeof peer);
        used += text_format(text + used, size - used, " %s", peer);
    }
    if (line->subject & LOG_OF_CHECKPOINT)
        used +=
            text_format(text + used, size - used, " #%llu", (unsigned long long)line->checkpoint);
    if (line->subject & LOG_OF_VALUE && line->value)
        used += text_format(text + used, size - used, " %lld", (long long)line->value);
    return used;
}

void log_add(struct story *story, struct node_id node, const struct log_line *line)
{
    char text[STORY_LINE_SIZE], name[16];
    size_t size = sizeof text;
    node_name(node, name, sizeof name);
    time_ns now = story_now(story);
    size_t used = text_format(text, size, "%lld.%03d %s: %s ", (long long)(now / TIME_S),
                              (int)(now % TIME_S / TIME_MS), name, line->machine);
    if (line->subject & LOG_OF_JOB && line->job.n != 0)
        used += text_format(text + used, size - used, "[job %u] ", line->job.n);
    if (line->from)
        used += text_format(text + used, size - used, "%s -> %s", line->from, line->to);
    else
        used += text_format(text + used, size - used, "%s%s%s", line->what, line->to ? " " : "",
                            line->to ? line->to : "");
    used += add_subject(text + used, size - used, line);
    if (line->reason && *line->reason)
        text_format(text + used, size - used, " (%s)", line->reason);
    vec_push(&story->lines, mem_copy_text(text));
    story->hash = hash_add_text(hash_add(story->hash, (uint64_t)now), text);
}

void log_answer(struct story *story, const struct effect_answer *answer)
{
    const char *request = client_request_names[answer->request];
    char *text = story->answers[answer->request];
    if (err_is(answer->result))
        text_format(text, STORY_LINE_SIZE, "%s: refused %s", request, answer->text);
    else
        text_format(text, STORY_LINE_SIZE, "%s: done %llu", request,
                    (unsigned long long)answer->value);
    story->answered = answer->request;
    story->hash = hash_add_text(hash_add(story->hash, (uint64_t)story_now(story)), text);
    ck_assert_msg(story->unanswered > 0, "an answer that nobody waits for");
    story->unanswered--;
}

static void print_from(const struct story *story, size_t first)
{
    for (size_t i = first; i < story->lines.count; i++)
        fprintf(stderr, "%s %s\n", i == story->seen ? "=>" : "  ", story->lines.items[i]);
}

void story_print(const struct story *story)
{
    print_from(story, 0);
}

/* The last that came, for a person who must see why. */
static void went_another_way(const struct story *story, const char *expected, size_t length)
{
    fprintf(stderr, "expected: %.*s\n", (int)length, expected);
    print_from(story, story->seen > LINES_BEFORE ? story->seen - LINES_BEFORE : 0);
    ck_abort_msg("the log went another way");
}

static bool next_line(struct story *story, time_ns patience)
{
    while (story->seen == story->lines.count)
        if (!sim_queue_run_one(story->queue, patience))
            return false;
    return true;
}

static bool take(struct story *story, const char *expected, size_t length, time_ns patience)
{
    if (!next_line(story, patience))
        return false;
    const char *line = story->lines.items[story->seen];
    return strlen(line) == length && memcmp(line, expected, length) == 0;
}

void story_expect(struct story *story, const char *lines)
{
    bool any = false;
    time_ns patience = story_now(story) + STORY_PATIENCE;
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        const char *line = lines;
        lines += length + (lines[length] == '\n');
        if (length == 3 && memcmp(line, "...", 3) == 0) {
            any = true;
            continue;
        }
        while (!take(story, line, length, patience)) {
            if (!any || story->seen >= story->lines.count)
                went_another_way(story, line, length);
            story->seen++;
        }
        story->seen++;
        any = false;
    }
}

void story_expect_silence(struct story *story, time_ns until)
{
    while (sim_queue_run_one(story->queue, until))
        ;
    if (story->seen != story->lines.count)
        went_another_way(story, "silence", strlen("silence"));
}

const char *story_answer(const struct story *story)
{
    return story->answers[story->answered];
}

const char *story_answer_to(const struct story *story, enum client_request request)
{
    return *story->answers[request] ? story->answers[request] : NULL;
}

uint32_t story_unanswered(const struct story *story)
{
    return story->unanswered;
}

size_t story_line_count(const struct story *story)
{
    return story->lines.count;
}

const char *story_line(const struct story *story, size_t index)
{
    return story->lines.items[index];
}

uint64_t story_log_hash(const struct story *story)
{
    return story->hash;
}
