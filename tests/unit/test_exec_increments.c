/* SPDX-License-Identifier: Apache-2.0
 *
 * Incremental checkpoints of a job's keyed state by random stories, with the files as tasks write
 * them: puts, resizes and removals, checkpoints that are confirmed, aborted or forgotten,
 * savepoints in between, failures and other parallelisms. Only what a retained checkpoint needs is
 * kept, and each restore is held against the array as it was.
 */
#include <check.h>
#include <stdlib.h>

#include "core/exec/snapshot_work.h"
#include "tests/lib/state_oracle.h"

enum { STEPS = 3000, FILES_MOST = 1200, RETAINED = 2, GROUPS = 16 };

struct file {
    struct snapshot_bytes bytes;
    struct task_snapshot_file opened;
};

struct kept {
    uint64_t id;
    uint32_t width;
    bool is_savepoint;
    struct oracle oracle;
};

/* A task, as far as its keyed state goes. */
struct bare_task {
    struct state_registry registry;
    struct operator_task context;
    struct operator op;
};

struct story {
    int shape;
    struct oracle_job job;
    struct bare_task *tasks;
    VEC(struct file) files;
    VEC(struct kept) retained; /* completed ones, oldest first */
    uint64_t next_id;
    uint32_t increments, full, turns; /* files; those increments that have groups whole */
};

static struct file *find_file(struct story *story, uint64_t checkpoint, uint32_t subtask)
{
    for (VEC_EACH(struct file, file, &story->files))
        if (file->opened.identity.checkpoint == checkpoint &&
            file->opened.identity.subtask == subtask)
            return file;
    return NULL;
}

static void drop_file(struct story *story, size_t i)
{
    task_snapshot_file_fini(&story->files.items[i].opened);
    snapshot_bytes_fini(&story->files.items[i].bytes);
    vec_remove_swap(&story->files, i);
}

static bool is_named(struct story *story, const struct kept *kept,
                     const struct task_snapshot_identity *file)
{
    struct snapshot_names names = { 0 };
    bool found = kept->id == file->checkpoint;
    for (uint32_t s = 0; s < kept->width && !found; s++) {
        struct note note;
        const struct file *own = find_file(story, kept->id, s);
        ck_assert(!err_is(task_snapshot_older(&own->opened, &names, &note)));
        for (VEC_EACH(const struct snapshot_name, name, &names))
            found |= name->checkpoint == file->checkpoint && name->subtask == file->subtask;
    }
    vec_fini(&names);
    return found;
}

/* What no retained checkpoint names goes. */
static void clean_up(struct story *story)
{
    for (size_t i = story->files.count; i-- > 0;) {
        bool found = false;
        for (VEC_EACH(const struct kept, kept, &story->retained))
            found = found || is_named(story, kept, &story->files.items[i].opened.identity);
        if (!found)
            drop_file(story, i);
    }
}

static void end_tasks(struct story *story)
{
    for (int32_t i = 0; i < story->job.parallelism; i++) {
        state_registry_fini(&story->tasks[i].registry);
        story->job.tables[i] = NULL;
    }
    mem_destroy(story->tasks);
    oracle_job_fini(&story->job);
}

/* What a task is begun with. */
struct lent {
    const struct kept *from; /* null: nothing */
    struct task_snapshot_file own[ORACLE_TABLES_MOST], older[FILES_MOST];
    size_t older_count;
};

static struct lent *lend(struct story *story, const struct kept *from)
{
    struct lent *lent = mem_create(sizeof *lent);
    lent->from = from;
    for (VEC_EACH(const struct file, file, &story->files))
        lent->older[lent->older_count++] = file->opened;
    for (uint32_t s = 0; from && s < from->width; s++)
        lent->own[s] = find_file(story, from->id, s)->opened;
    return lent;
}

/* Null: its state cannot be restored. */
static struct state_table *open_task(struct bare_task *task, const struct lent *lent, uint32_t i,
                                     uint32_t parallelism, const struct state_spec *spec)
{
    const struct keyed_state_spec state = { .name = "state",
                                            .key_size = spec->key_size,
                                            .value_size = spec->value_size,
                                            .key_hash = spec->key_hash };
    const struct kept *from = lent->from;
    task->registry = (struct state_registry){ .task = { 1, 1, i, parallelism, GROUPS, 0 },
                                              .groups = spec->range,
                                              .incremental = true,
                                              .builds_on_restored = from && !from->is_savepoint };
    task->context = (struct operator_task){ .states = &task->registry };
    static const struct operator_spec named = { .name = "count" };
    task->op = (struct operator){ .spec = &named, .task = &task->context };
    state_registry_lend_older(&task->registry, lent->older, lent->older_count);
    state_registry_lend(&task->registry, lent->own, from ? from->width : 0);
    struct state_table *table = operator_keyed_state(&task->op, &state);
    state_registry_lend(&task->registry, NULL, 0);
    return table;
}

/* Damages keyed state of old subtasks that had no key group of this range, which is not to be read;
 * done twice, it is as before. */
static void turn_over_others(const struct lent *lent, struct key_group_range own)
{
    for (uint32_t s = 0; lent->from && s < lent->from->width; s++) {
        const struct task_snapshot_file *file = &lent->own[s];
        if (key_group_range_overlap(task_snapshot_groups(&file->identity), own) > 0)
            continue;
        uint8_t *bytes = (uint8_t *)(uintptr_t)file->bytes;
        for (VEC_EACH(const struct snapshot_section, section, &file->sections))
            for (uint64_t i = 0; i < section->size; i++)
                bytes[section->offset + i] ^= 0xff;
    }
}

/* All begin, from the checkpoint where there is one. */
static void begin_tasks(struct story *story, const struct kept *from, int32_t parallelism)
{
    struct lent *lent = lend(story, from);
    oracle_job_init(&story->job, story->shape, GROUPS, parallelism);
    story->tasks = mem_create_array((size_t)parallelism, sizeof *story->tasks);
    if (from)
        story->job.oracle = from->oracle;
    for (int32_t i = 0; i < parallelism; i++) {
        struct bare_task *task = &story->tasks[i];
        const struct state_spec spec = *state_table_spec(story->job.tables[i]);
        state_table_destroy(story->job.tables[i]);
        turn_over_others(lent, spec.range);
        story->job.tables[i] = open_task(task, lent, (uint32_t)i, (uint32_t)parallelism, &spec);
        turn_over_others(lent, spec.range);
        ck_assert_msg(story->job.tables[i] != NULL, "%s", task->context.note.text);
    }
    mem_destroy(lent);
    oracle_job_check(&story->job);
}

static void note_chain(struct story *story, const struct task_snapshot_file *file)
{
    const struct snapshot_section *section = task_snapshot_find(file, SECTION_CHAIN, 0, NULL);
    struct state_parts parts = { 0 };
    struct note note;
    if (section)
        ck_assert(!err_is(state_parts_read(file, section, &parts, &note)));
    story->increments += parts.count > 0;
    story->turns += parts.turn.whole > 0;
    story->full += parts.count == 0;
    vec_fini(&parts);
}

/* The tasks take their part; what is done between the synchronous parts and the writing is no part
 * of it. */
static struct kept take(struct story *story, struct rng *rng, enum checkpoint_kind kind)
{
    static const struct chain no_operators;
    const int32_t width = story->job.parallelism;
    struct snapshot_work *works[ORACLE_TABLES_MOST];
    struct kept kept = { .id = ++story->next_id,
                         .width = (uint32_t)width,
                         .is_savepoint = kind != CHECKPOINT_PERIODIC,
                         .oracle = story->job.oracle };
    const struct checkpoint_barrier barrier = { .id = (int64_t)kept.id, .kind = kind };
    for (int32_t i = 0; i < width; i++)
        works[i] = snapshot_work_create(&story->tasks[i].registry.task, &barrier, &no_operators,
                                        &story->tasks[i].registry, 0);
    for (uint64_t i = rng_below(rng, 20); i-- > 0;)
        oracle_job_step(&story->job, rng);
    for (int32_t i = 0; i < width; i++) {
        struct file file = { 0 };
        struct note note;
        works[i]->is_complete = true;
        while (snapshot_work_write(works[i], 1 + (size_t)rng_below(rng, 4000)) != SNAPSHOT_WRITTEN)
            ;
        file.bytes = works[i]->bytes;
        works[i]->bytes = (struct snapshot_bytes){ 0 };
        snapshot_work_destroy(works[i]);
        struct err e = task_snapshot_open(file.bytes.items, file.bytes.count, &file.opened, &note);
        ck_assert(!err_is(e));
        if (kind == CHECKPOINT_PERIODIC)
            note_chain(story, &file.opened);
        else
            ck_assert_ptr_null(task_snapshot_find(&file.opened, SECTION_CHAIN, 0, NULL));
        vec_push(&story->files, file);
    }
    ck_assert_uint_le(story->files.count, FILES_MOST);
    return kept;
}

static void give_up(struct story *story, const struct kept *kept, bool told)
{
    for (int32_t i = 0; told && i < story->job.parallelism; i++)
        state_registry_abort(&story->tasks[i].registry, kept->id);
    clean_up(story);
}

static void complete(struct story *story, const struct kept *kept)
{
    vec_push(&story->retained, *kept);
    if (story->retained.count > RETAINED)
        vec_remove_ordered(&story->retained, 0);
    for (int32_t i = 0; i < story->job.parallelism; i++)
        state_registry_confirm(&story->tasks[i].registry, kept->id);
    clean_up(story);
}

static void checkpoint(struct story *story, struct rng *rng)
{
    uint64_t draw = rng_below(rng, 8);
    struct kept kept = take(story, rng, draw == 0 ? CHECKPOINT_SAVEPOINT : CHECKPOINT_PERIODIC);
    if (draw == 0 && rng_below(rng, 4) == 0) { /* a job begun from a savepoint */
        end_tasks(story);
        begin_tasks(story, &kept, 1 + (int32_t)rng_below(rng, ORACLE_TABLES_MOST));
        vec_clear(&story->retained);
        clean_up(story);
    } else if (draw <= 2) {
        give_up(story, &kept, draw != 2); /* one of which nobody hears any more */
    } else {
        complete(story, &kept);
    }
}

static void begin_anew(struct story *story, struct rng *rng)
{
    if (story->retained.count == 0)
        return;
    size_t which = (size_t)rng_below(rng, story->retained.count);
    struct kept from = story->retained.items[which];
    while (story->retained.count > which + 1)
        vec_remove_ordered(&story->retained, story->retained.count - 1);
    int32_t width = story->job.parallelism;
    end_tasks(story);
    clean_up(story);
    if (rng_below(rng, 2) == 0)
        width = 1 + (int32_t)rng_below(rng, ORACLE_TABLES_MOST);
    begin_tasks(story, &from, width);
}

START_TEST(increments_restore_what_was_there)
{
    struct rng rng = rng_stream(11, "increments", (uint64_t)_i);
    struct story *story = mem_create(sizeof *story);
    story->shape = _i % ORACLE_SHAPES;
    begin_tasks(story, NULL, 1 + (int32_t)rng_below(&rng, ORACLE_TABLES_MOST));
    for (int step = 0; step < STEPS; step++) {
        uint64_t draw = rng_below(&rng, 100);
        if (draw < 4)
            checkpoint(story, &rng);
        else if (draw == 4 && rng_below(&rng, 6) == 0)
            begin_anew(story, &rng);
        oracle_job_step(&story->job, &rng);
    }
    oracle_job_check(&story->job);
    ck_assert_uint_gt(story->increments, 20);
    ck_assert_uint_gt(story->turns, 20);
    ck_assert_uint_gt(story->full, 10);
    end_tasks(story);
    vec_clear(&story->retained);
    clean_up(story);
    ck_assert_uint_eq(story->files.count, 0);
    vec_fini(&story->files);
    vec_fini(&story->retained);
    mem_destroy(story);
}
END_TEST

enum { NEXT_STEPS = 20 };

/* One task: a full snapshot, then increments on it. Gives the last. */
static struct kept three_in_a_row(struct story *story, struct rng *rng)
{
    struct kept kept = { 0 };
    *story = (struct story){ 0 };
    begin_tasks(story, NULL, 1);
    for (int step = 0; step < 500; step++)
        oracle_job_step(&story->job, rng);
    for (int i = 0; i < 3; i++) {
        kept = take(story, rng, CHECKPOINT_PERIODIC);
        complete(story, &kept);
        for (int step = 0; step < NEXT_STEPS; step++)
            oracle_job_step(&story->job, rng);
    }
    ck_assert_uint_eq(story->full, 1);
    ck_assert_uint_eq(story->increments, 2);
    ck_assert_uint_eq(story->files.count, 3);
    return kept;
}

static void end_story(struct story *story)
{
    end_tasks(story);
    while (story->files.count > 0)
        drop_file(story, 0);
    vec_fini(&story->files);
    vec_fini(&story->retained);
}

enum harm { HARM_NONE, HARM_MISSING, HARM_ENTRIES, HARM_CHAIN, HARM_OTHER, HARM_SHORT, HARM_COUNT };

static const char *const complaints[HARM_COUNT] = {
    "",
    "state 'state': what subtask 0 stored in checkpoint 2 is missing",
    "is damaged",
    "state 'state': the snapshot is damaged: the checksum of a section does not fit",
    "state 'state': snapshot 2 adds to 1, but what is there of key group",
    "state 'state':",
};

static void flip(const struct file *file, enum section_kind kind, uint64_t at)
{
    const struct snapshot_section *section = task_snapshot_find(&file->opened, kind, 0, NULL);
    ck_assert(section && at < section->size);
    file->bytes.items[section->offset + at] ^= 0x40;
}

static void harm(struct story *story, enum harm what, struct lent *lent)
{
    const struct file *second = find_file(story, 2, 0), *third = find_file(story, 3, 0);
    const struct snapshot_section *section =
        task_snapshot_find(&second->opened, SECTION_KEYED, 0, NULL);
    switch (what) {
    case HARM_NONE: return;
    case HARM_MISSING: lent->older[1].identity.checkpoint = 77; return;
    case HARM_ENTRIES: flip(second, SECTION_KEYED, section->size / 2); return;
    case HARM_CHAIN: flip(third, SECTION_CHAIN, 9); return;
    case HARM_OTHER: /* changed places */
        lent->older[0].identity.checkpoint = 2;
        lent->older[1].identity.checkpoint = 1;
        return;
    case HARM_SHORT: ((struct snapshot_section *)section)->size /= 2; return;
    case HARM_COUNT: break;
    }
    abort();
}

START_TEST(a_damaged_chain_is_one_error)
{
    struct rng rng = rng_stream(12, "increments", (uint64_t)_i);
    struct story story;
    struct kept last = three_in_a_row(&story, &rng);
    struct lent *lent = lend(&story, &last);
    const struct state_spec spec = *state_table_spec(story.job.tables[0]);
    struct bare_task task;
    harm(&story, (enum harm)_i, lent);
    struct state_table *table = open_task(&task, lent, 0, 1, &spec);
    ck_assert_int_eq(table == NULL, _i != HARM_NONE);
    ck_assert_int_eq(task.context.failed, _i != HARM_NONE);
    if (_i != HARM_NONE) {
        ck_assert_int_eq(task.context.cause, CAUSE_RESTORE);
        ck_assert_msg(strstr(task.context.note.text, complaints[_i]), "%s", task.context.note.text);
        ck_assert_ptr_null(strchr(task.context.note.text, '\n'));
    }
    state_registry_fini(&task.registry);
    mem_destroy(lent);
    oracle_job_check(&story.job); /* who goes on does not notice */
    end_story(&story);
}
END_TEST

/* Old subtask 1 had finished: its key groups are in no file. Whoever has those of subtask 0 only
 * misses nothing. */
START_TEST(nothing_is_built_on_what_lacks_key_groups)
{
    struct rng rng = rng_stream(13, "increments", 0);
    struct story story = { 0 };
    begin_tasks(&story, NULL, 2);
    for (int step = 0; step < 500; step++)
        oracle_job_step(&story.job, &rng);
    struct kept both = take(&story, &rng, CHECKPOINT_PERIODIC);
    complete(&story, &both);
    struct lent *lent = lend(&story, &both);
    struct kept first = both;
    first.width = 1;
    lent->from = &first;
    for (uint32_t width = 1; width <= 2; width++) {
        struct bare_task task;
        struct state_spec spec = *state_table_spec(story.job.tables[0]);
        spec.range = key_group_range_of(0, (int32_t)width, GROUPS);
        ck_assert_ptr_nonnull(open_task(&task, lent, 0, width, &spec));
        const struct state_chain *chain = &task.registry.states.items[0].chain;
        ck_assert_int_eq(state_chain_plan(chain, spec.range).is_increment, width == 2);
        state_registry_fini(&task.registry);
    }
    mem_destroy(lent);
    end_story(&story);
}
END_TEST

static bool had_these_groups(struct key_group_range range, int32_t width)
{
    for (int32_t s = 0; s < width; s++) {
        struct key_group_range had = key_group_range_of(s, width, GROUPS);
        if (had.first == range.first && had.last == range.last)
            return true;
    }
    return false;
}

/* From `width` tasks to any number: how many go on with what another had stored. */
static uint32_t go_on_from(int32_t width, int32_t to, struct rng *rng)
{
    struct story story = { 0 };
    uint32_t number = 0;
    begin_tasks(&story, NULL, width);
    for (int step = 0; step < 200; step++)
        oracle_job_step(&story.job, rng);
    struct kept kept = take(&story, rng, CHECKPOINT_PERIODIC);
    complete(&story, &kept);
    end_tasks(&story);
    begin_tasks(&story, &kept, to);
    story.increments = 0;
    take(&story, rng, CHECKPOINT_PERIODIC); /* nobody hears of it: the next one is as full */
    kept = take(&story, rng, CHECKPOINT_PERIODIC);
    for (int32_t s = 0; s < to; s++) {
        bool goes_on = had_these_groups(key_group_range_of(s, to, GROUPS), width);
        const struct file *file = find_file(&story, kept.id, (uint32_t)s);
        ck_assert_int_eq(task_snapshot_find(&file->opened, SECTION_CHAIN, 0, NULL) != NULL,
                         goes_on);
        number += goes_on;
    }
    ck_assert_uint_eq(story.increments, 2 * number);
    complete(&story, &kept);
    take(&story, rng, CHECKPOINT_PERIODIC);
    ck_assert_uint_eq(story.increments, 2 * number + (uint32_t)to);
    end_story(&story);
    return number;
}

/* IncrementalRemoteKeyedStateHandle: a backend that is put together from others' key groups has no
 * file of its own; one that has the same key groups at another parallelism goes on. */
START_TEST(behind_other_key_groups_the_first_is_a_full_one)
{
    struct rng rng = rng_stream(14, "increments", 0);
    uint32_t number = 0;
    ck_assert_uint_eq(go_on_from(2, 2, &rng), 2);
    ck_assert_uint_eq(go_on_from(1, 2, &rng), 0);
    ck_assert_uint_eq(go_on_from(2, 1, &rng), 0);
    for (int32_t width = 1; width < ORACLE_TABLES_MOST; width++)
        number += go_on_from(width, width + 1, &rng) + go_on_from(width + 1, width, &rng);
    ck_assert_uint_gt(number, 0); /* both kinds side by side */
}
END_TEST

Suite *test_exec_increments_suite(void);
Suite *test_exec_increments_suite(void)
{
    Suite *suite = suite_create("exec_increments");
    TCase *tcase = tcase_create("stories");
    tcase_add_loop_test(tcase, increments_restore_what_was_there, 0, 2 * ORACLE_SHAPES);
    tcase_add_loop_test(tcase, a_damaged_chain_is_one_error, 0, HARM_COUNT);
    tcase_add_test(tcase, nothing_is_built_on_what_lacks_key_groups);
    tcase_add_test(tcase, behind_other_key_groups_the_first_is_a_full_one);
    suite_add_tcase(suite, tcase);
    return suite;
}
