/* SPDX-License-Identifier: Apache-2.0
 *
 * Quoting for gnuplot, and the process.
 */
#include "sim/report/gnuplot.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/report/font_letters.h"
#include "sim/report/number_text.h"
#include "sim/report/shown_text.h"

extern char **environ;

enum { COMPLAINT_SIZE = 200 };

void gnuplot_init(struct gnuplot *gnuplot)
{
    *gnuplot = (struct gnuplot){ 0 };
}

void gnuplot_fini(struct gnuplot *gnuplot)
{
    vec_fini(&gnuplot->variables);
    if (gnuplot->complaints)
        fclose(gnuplot->complaints);
}

static void put(struct gnuplot *gnuplot, const char *text)
{
    for (const char *p = text; *p; p++)
        vec_push(&gnuplot->variables, *p);
}

void gnuplot_set_format(struct gnuplot *gnuplot, const char *format)
{
    gnuplot->has_one_font = text_equal(format, "png");
    gnuplot_set_text(gnuplot, "format", format);
}

/* In single quotes gnuplot knows one special letter, the quote itself, which is doubled. A line
 * break cannot stand there; it is joined as "\n". */
void gnuplot_set_text(struct gnuplot *gnuplot, const char *name, const char *text)
{
    put(gnuplot, name);
    put(gnuplot, "='");
    for (const char *p = text; *p; p++) {
        const char letter[2] = { *p, '\0' };
        put(gnuplot, *p == '\'' ? "''" : *p == '\n' ? "'.\"\\n\".'" : letter);
    }
    put(gnuplot, "'; ");
}

void gnuplot_set_shown(struct gnuplot *gnuplot, const char *name, const char *text)
{
    char *shown = gnuplot->has_one_font ? font_text_create(text) : mem_copy_text(text);
    shown_text_clean(shown);
    gnuplot_set_text(gnuplot, name, shown);
    mem_destroy(shown);
}

/* A whole number would make gnuplot divide as integers do. */
void gnuplot_set_number(struct gnuplot *gnuplot, const char *name, double value)
{
    char text[NUMBER_TEXT_SIZE + 8];
    snprintf(text, sizeof text, "=%.12g", number_is_none(value) ? 0 : value);
    put(gnuplot, name);
    put(gnuplot, text);
    if (!strpbrk(text, ".e"))
        put(gnuplot, ".0");
    put(gnuplot, "; ");
}

void gnuplot_set_count(struct gnuplot *gnuplot, const char *name, size_t value)
{
    char text[NUMBER_TEXT_SIZE];
    text_format(text, sizeof text, "=%zu; ", value);
    put(gnuplot, name);
    put(gnuplot, text);
}

void gnuplot_print(const struct gnuplot *gnuplot, const char *script, FILE *file)
{
    fputs("gnuplot -d -e '", file);
    for (VEC_EACH(const char, letter, &gnuplot->variables)) {
        if (*letter == '\'')
            fputs("'\\''", file);
        else
            fputc(*letter, file);
    }
    fprintf(file, "' %s\n", script);
}

/* Ours, but for the locale: what it reads and writes is UTF-8 with points in numbers, whatever the
 * user has. In another one it would say that it cannot convert its degree sign. A terminal of the
 * user's own is none of ours, as a ~/.gnuplot is not (-d). */
static char **create_environment(void)
{
    static char locale[] = "LC_ALL=C.UTF-8";
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **out = mem_create_array(count + 2, sizeof *out);
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "LC_ALL=", 7) != 0 && strncmp(environ[i], "GNUTERM=", 8) != 0)
            out[kept++] = environ[i];
    out[kept] = locale;
    return out;
}

/* A terminal sends Ctrl-C to gnuplot, too, which then writes what it has of the picture, within the
 * handler: with the heap locked where it was, it waits for itself for ever. So only we hear of it.
 */
static void keep_from_ctrl_c(posix_spawnattr_t *attributes)
{
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    sigaddset(&blocked, SIGINT);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setsigmask(attributes, &blocked);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK);
}

struct err gnuplot_start(struct gnuplot *gnuplot, const char *script, struct note *note)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char *program = mem_create(gnuplot->variables.count + 1);
    memcpy(program, gnuplot->variables.items, gnuplot->variables.count);
    char *path = mem_copy_text(script);
    char *const arguments[] = {
        (char[]){ "gnuplot" }, (char[]){ "-d" }, (char[]){ "-e" }, program, path, NULL
    };
    char **environment = create_environment();
    gnuplot->complaints = tmpfile();
    posix_spawn_file_actions_init(&actions);
    if (gnuplot->complaints)
        posix_spawn_file_actions_adddup2(&actions, fileno(gnuplot->complaints), STDERR_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
    keep_from_ctrl_c(&attributes);
    int error =
        posix_spawnp(&gnuplot->process, "gnuplot", &actions, &attributes, arguments, environment);
    mem_destroy(environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    mem_destroy(program);
    mem_destroy(path);
    if (error == ENOENT)
        return err_note(note, ERR_MISSING_CODE,
                        "gnuplot is not installed, so there are no pictures (Debian: apt install "
                        "gnuplot-nox)");
    if (error)
        return err_note(note, ERR_IO_CODE, "gnuplot cannot be started: %s", strerror(error));
    return OK;
}

/* Its last line that says something: the ones before quote the script. Warnings end nothing. */
static void read_complaint(FILE *file, char out[COMPLAINT_SIZE])
{
    char line[COMPLAINT_SIZE];
    out[0] = '\0';
    if (!file)
        return;
    rewind(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strspn(line, " \t^") < strlen(line) && !strstr(line, "arning:") &&
            !strstr(line, "iconv failed"))
            text_format(out, COMPLAINT_SIZE, "%s", line);
    }
}

/* Until it has ended, or is to be. The signals come while ppoll waits, and at no other time: none
 * is missed between the question and the wait. */
static void wait_or_end(pid_t process, bool (*is_stopped)(void))
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    sigset_t blocked, before;
    struct pollfd end = { .fd = pidfd_open(process, 0), .events = POLLIN };
    if (end.fd < 0)
        return; /* a kernel without: then it is not ended before its time */
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(&blocked, signals[i]);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    while (!is_stopped() && ppoll(&end, 1, NULL, &before) < 0 && errno == EINTR)
        continue;
    if (is_stopped())
        kill(process, SIGKILL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(end.fd);
}

struct err gnuplot_wait(struct gnuplot *gnuplot, const char *script, bool (*is_stopped)(void),
                        struct note *note)
{
    int status = 0;
    if (is_stopped)
        wait_or_end(gnuplot->process, is_stopped);
    while (waitpid(gnuplot->process, &status, 0) < 0)
        if (errno != EINTR)
            return err_note(note, ERR_IO_CODE, "gnuplot: %s", strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return OK;
    if (WIFSIGNALED(status))
        return err_note(note, ERR_REFUSED_CODE, "gnuplot, %s: ended by SIG%s", script,
                        sigabbrev_np(WTERMSIG(status)));
    char complaint[COMPLAINT_SIZE];
    read_complaint(gnuplot->complaints, complaint);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return err_note(note, ERR_MISSING_CODE, "gnuplot cannot be run");
    return err_note(note, ERR_REFUSED_CODE, "gnuplot, %s: %s", script,
                    complaint[0] ? complaint : "it ended early");
}
