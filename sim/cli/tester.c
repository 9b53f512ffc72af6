/* SPDX-License-Identifier: Apache-2.0
 *
 * Children run scenarios and write what came of them, as JSON, into a file without a name that they
 * share with the parent; what they say on stderr goes into another one.
 */
#include "sim/cli/tester.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "sim/cli/golden.h"
#include "sim/cli/interrupt.h"

enum { DEPTH_MAX = 16, COMPLAINT_SIZE = 2000 };

/* Finding. */

static void add_sorted(struct tester *tester, const char *path, size_t from)
{
    vec_push(&tester->list, (struct tested){ .path = mem_copy_text(path) });
    struct tested *items = tester->list.items;
    for (size_t i = tester->list.count - 1; i > from; i--) {
        if (strcmp(items[i - 1].path, items[i].path) <= 0)
            break;
        struct tested swap = items[i];
        items[i] = items[i - 1];
        items[i - 1] = swap;
    }
}

static void add_folder(struct tester *tester, const char *folder, size_t from, int depth)
{
    DIR *open = opendir(folder);
    struct stat status;
    char path[OUTPUT_PATH_SIZE];
    for (struct dirent *entry; open && (entry = readdir(open)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        text_format(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (lstat(path, &status) != 0)
            continue;
        if (S_ISDIR(status.st_mode) && depth < DEPTH_MAX)
            add_folder(tester, path, from, depth + 1);
        else if (S_ISREG(status.st_mode) && text_equal(entry->d_name, "scenario.yaml"))
            add_sorted(tester, path, from);
    }
    if (open)
        closedir(open);
}

struct err tester_add(struct tester *tester, const char *path, struct note *note)
{
    struct stat status;
    char plain[OUTPUT_PATH_SIZE];
    size_t length = strlen(path), from = tester->list.count;
    while (length > 1 && path[length - 1] == '/')
        length--;
    text_format(plain, sizeof plain, "%.*s", (int)length, path);
    if (stat(plain, &status) != 0)
        return err_note(note, ERR_IO_CODE, "%s: %s", plain, strerror(errno));
    if (S_ISDIR(status.st_mode))
        add_folder(tester, plain, from, 0);
    else
        add_sorted(tester, plain, from);
    if (tester->list.count == from)
        return err_note(note, ERR_MISSING_CODE, "%s: no scenario.yaml in it or below", plain);
    return OK;
}

/* The child. */

/* Of all variants. */
static void put_texts(const struct plays *plays, json_t *(*texts)(const struct play *play),
                      const char *key, json_t *out)
{
    json_t *all = json_array();
    for (VEC_EACH(const struct play, play, &plays->list)) {
        json_t *theirs = texts(play);
        json_array_extend(all, theirs);
        json_decref(theirs);
    }
    json_object_set_new(out, key, all);
}

static void put_results(const struct plays *plays, const struct check_results *golden, json_t *out)
{
    struct check_results all = { 0 };
    for (VEC_EACH(const struct play, play, &plays->list)) {
        for (VEC_EACH(const struct check_result, result, &play->results.list)) {
            struct check_result named = *result;
            const char *variant = play->scenario->variant;
            if (variant)
                text_format(named.name, sizeof named.name, "%s: %s", variant, result->name);
            vec_push(&all.list, named);
        }
    }
    for (VEC_EACH(const struct check_result, result, &golden->list))
        vec_push(&all.list, *result);
    json_object_set_new(out, "results", summary_results(&all));
    vec_fini(&all.list);
    put_texts(plays, play_never_happened, "never_happened", out);
    put_texts(plays, play_jobs_failed, "jobs_failed", out);
}

static struct err run_scenario(const struct tester *tester, const char *path, json_t *out,
                               struct note *note)
{
    struct plays plays;
    struct check_results golden = { 0 };
    struct play_settings settings = { .path = path,
                                      .overrides = tester->overrides,
                                      .override_count = tester->override_count,
                                      .until = TIME_NEVER,
                                      .quiet = true,
                                      .check_invariants = NODE_CHECKS_SPARING };
    TRY(plays_load(&plays, &settings, note));
    struct err e = plays_run(&plays, &settings, note);
    plays_judge(&plays);
    const json_t *summary = plays.list.items[0].summary;
    if (!err_is(e) && tester->update_golden)
        e = golden_update(path, summary, note);
    bool is_changed = tester->override_count > 0;
    if (!err_is(e) && !is_changed)
        e = golden_compare(path, summary, &golden, note);
    json_object_set_new(out, "golden_skipped", json_boolean(is_changed && golden_is_there(path)));
    put_results(&plays, &golden, out);
    vec_fini(&golden.list);
    plays_fini(&plays);
    return e;
}

static _Noreturn void be_child(const struct tester *tester, const char *path, FILE *answer,
                               FILE *complaints)
{
    struct note note = { "" };
    json_t *out = json_object();
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    dup2(fileno(complaints), STDERR_FILENO);
    struct err e = run_scenario(tester, path, out, &note);
    if (err_is(e))
        json_object_set_new(out, "complaint", json_string(note.text));
    bool good = summary_write(out, answer) && fflush(answer) == 0;
    json_decref(out);
    _exit(good ? EXIT_HELD : EXIT_INPUT);
}

/* The parent. */

struct child {
    pid_t process;
    size_t place; /* in the list */
    int64_t started_ms;
    FILE *answer, *complaints;
};

static void read_text(FILE *file, char *out, size_t size)
{
    rewind(file);
    size_t length = fread(out, 1, size - 1, file);
    while (length > 0 && out[length - 1] == '\n')
        length--;
    out[length] = '\0';
}

static void copy_text(const json_t *from, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(from, key));
    text_format(out, size, "%s", text ? text : "");
}

static void take_results(struct tested *tested, const json_t *answer)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(answer, "results"), i, one)
    {
        struct check_result result = { .held = json_is_true(json_object_get(one, "held")) };
        copy_text(one, "name", result.name, sizeof result.name);
        copy_text(one, "measured", result.measured, sizeof result.measured);
        copy_text(one, "wanted", result.wanted, sizeof result.wanted);
        copy_text(one, "detail", result.detail, sizeof result.detail);
        vec_push(&tested->results.list, result);
    }
}

/* A child that did not answer has told stderr why, if it could. */
static void take_answer(struct tested *tested, const struct child *child, int status)
{
    json_error_t fault;
    rewind(child->answer);
    json_t *answer = json_loadf(child->answer, 0, &fault);
    const char *complaint = json_string_value(json_object_get(answer, "complaint"));
    bool ended_well = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_HELD;
    take_results(tested, answer);
    tested->never_happened = json_incref(json_object_get(answer, "never_happened"));
    tested->jobs_failed = json_incref(json_object_get(answer, "jobs_failed"));
    tested->golden_skipped = json_is_true(json_object_get(answer, "golden_skipped"));
    if (complaint) {
        tested->complaint = mem_copy_text(complaint);
        tested->code = EXIT_INPUT;
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_INPUT) {
        tested->complaint = mem_copy_text("its results cannot be written to a temporary file");
        tested->code = EXIT_INPUT;
    } else if (!ended_well || !answer) {
        char text[COMPLAINT_SIZE];
        read_text(child->complaints, text, sizeof text);
        tested->complaint = mem_copy_text(text[0] ? text : "the process died without a word");
        tested->code = EXIT_FAULT;
    } else {
        tested->code = check_results_failed(&tested->results) ? EXIT_FAILED : EXIT_HELD;
    }
    json_decref(answer);
}

static bool start_child(const struct tester *tester, size_t place, struct child *child)
{
    *child = (struct child){ .place = place,
                             .started_ms = terminal_clock_ms(),
                             .answer = tmpfile(),
                             .complaints = tmpfile() };
    if (!child->answer || !child->complaints)
        return false;
    fflush(NULL);
    child->process = fork();
    if (child->process == 0)
        be_child(tester, tester->list.items[place].path, child->answer, child->complaints);
    return child->process > 0;
}

static void end_child(struct tester *tester, struct child *child, int status)
{
    struct tested *tested = &tester->list.items[child->place];
    tested->seconds = (double)(terminal_clock_ms() - child->started_ms) / 1000;
    take_answer(tested, child, status);
    fclose(child->answer);
    fclose(child->complaints);
}

struct crew {
    VEC(struct child) children;
    VEC(bool) ended; /* by place */
    size_t next, told;
};

static void start_some(struct tester *tester, struct crew *crew)
{
    while (crew->children.count < tester->jobs && crew->next < tester->list.count) {
        struct child child;
        struct tested *tested = &tester->list.items[crew->next];
        if (start_child(tester, crew->next, &child)) {
            vec_push(&crew->children, child);
        } else {
            tested->complaint = mem_copy_text("no process could be started for it");
            tested->code = EXIT_INPUT;
            crew->ended.items[crew->next] = true;
            if (child.answer)
                fclose(child.answer);
            if (child.complaints)
                fclose(child.complaints);
        }
        crew->next++;
    }
}

static bool wait_for_one(struct tester *tester, struct crew *crew)
{
    int status;
    pid_t process = waitpid(-1, &status, 0);
    for (size_t i = 0; process > 0 && i < crew->children.count; i++) {
        struct child child = crew->children.items[i];
        if (child.process != process)
            continue;
        end_child(tester, &child, status);
        crew->ended.items[child.place] = true;
        vec_remove_swap(&crew->children, i);
        return true;
    }
    return process > 0 || errno == EINTR;
}

/* Those that had not ended say so, wherever their results are looked for. */
static void note_interrupted(struct tester *tester, const struct crew *crew)
{
    for (size_t i = 0; i < tester->list.count; i++) {
        if (crew->ended.items[i])
            continue;
        tester->list.items[i].complaint = mem_copy_text("interrupted before it ended");
        tester->list.items[i].code = interrupt_exit_code();
    }
}

static void drop_children(struct crew *crew)
{
    for (VEC_EACH(struct child, child, &crew->children)) {
        kill(child->process, SIGKILL);
        waitpid(child->process, NULL, 0);
        fclose(child->answer);
        fclose(child->complaints);
    }
    vec_fini(&crew->children);
    vec_fini(&crew->ended);
}

bool tester_run(struct tester *tester, void (*done)(void *context, const struct tested *tested),
                void *context)
{
    struct crew crew = { .next = 0 };
    vec_resize(&crew.ended, tester->list.count);
    interrupt_watch();
    for (;;) {
        start_some(tester, &crew);
        for (; crew.told < tester->list.count && crew.ended.items[crew.told]; crew.told++)
            done(context, &tester->list.items[crew.told]);
        if (crew.told == tester->list.count || interrupt_came() || !wait_for_one(tester, &crew))
            break;
    }
    bool all = crew.told == tester->list.count;
    if (!all)
        note_interrupted(tester, &crew);
    for (; crew.told < tester->list.count; crew.told++)
        done(context, &tester->list.items[crew.told]);
    drop_children(&crew);
    return all;
}

void tester_fini(struct tester *tester)
{
    for (VEC_EACH(struct tested, tested, &tester->list)) {
        mem_destroy(tested->path);
        mem_destroy(tested->complaint);
        json_decref(tested->never_happened);
        json_decref(tested->jobs_failed);
        vec_fini(&tested->results.list);
    }
    vec_fini(&tester->list);
}
