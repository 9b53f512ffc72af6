/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules, and the search: among all lines before that fit a rule, the nearest one. What stood in
 * a checkpoint's way explains its expiry before its trigger does, and the expiry that began a row
 * of them before both; what befell the JobManager explains a silence only where nothing befell the
 * process itself.
 */
#include "sim/report/causes.h"

#include <string.h>

#include "core/base/text.h"

/* What must agree. */
enum cause_link {
    LINK_JOB = 1,
    LINK_NODE = 2,       /* the cause's process is the effect's peer, or else its own */
    LINK_CHECKPOINT = 4, /* the same checkpoint; a restore names it as its value */
    LINK_REMOTE = 8,     /* the cause's process is the one that the effect names as remote */
    LINK_MASTER = 16,    /* the cause's process is the JobManager; looked for last */
    LINK_TO = 32,        /* the cause is about the effect's process */
    LINK_LAST = 64,      /* looked for last, too */
    LINK_STANDING =
        128,           /* a condition that had not ended when what failed began; looked for first */
    LINK_TASK = 256,   /* the script's line is of no other task */
    LINK_FIRST = 512,  /* the first of a row that nothing has interrupted; looked for before all */
    LINK_MEANT = 1024, /* the script's line is of no other job */
};

struct cause_rule {
    const char *effect; /* pattern */
    const char *reason; /* a part of the effect's reason; null: whatever it is */
    const char *cause;  /* pattern */
    unsigned links;     /* of cause_link */
    time_ns within;     /* the cause is at most this much earlier */
};

#define AT_ONCE (TIME_MS)
#define SOON    (2 * TIME_MIN) /* monitors, calls that hang, grace periods */
#define LONG    (TIME_DAY * 366)

static const struct cause_rule rules[] = {
    { "dispatcher job ended", NULL, "job FINISHED", LINK_JOB, AT_ONCE },
    { "dispatcher job ended", NULL, "job FAILED", LINK_JOB, AT_ONCE },
    { "dispatcher job ended", NULL, "job CANCELED", LINK_JOB, AT_ONCE },
    { "job FINISHED", NULL, "checkpoint all input read", LINK_JOB, LONG },
    { "job FINISHED", NULL, "script stop-with-savepoint", LINK_MEANT, SOON },
    { "checkpoint triggered", NULL, "checkpoint all input read", LINK_JOB, AT_ONCE },
    { "checkpoint triggered", "savepoint", "script savepoint", LINK_MEANT, AT_ONCE },
    { "job FAILED", NULL, "job restore refused", LINK_JOB, AT_ONCE },
    { "job FAILED", NULL, "job FAILING", LINK_JOB, LONG },
    { "job CANCELED", NULL, "job CANCELLING", LINK_JOB, LONG },
    { "job FAILING", NULL, "scheduler Failing", LINK_JOB, AT_ONCE },
    { "job FAILING", NULL, "job restore refused", LINK_JOB, AT_ONCE },
    { "scheduler Finished", NULL, "job restore refused", LINK_JOB, AT_ONCE },
    { "job restore refused", NULL, "scheduler CreatingExecutionGraph", LINK_JOB, AT_ONCE },
    { "job restore refused", NULL, "dispatcher job submitted", LINK_JOB, AT_ONCE },
    { "checkpoint starting from savepoint", NULL, "dispatcher job submitted", LINK_JOB, LONG },
    { "job FAILING", NULL, "execution * -> FAILED", LINK_JOB, AT_ONCE },
    { "job FAILING", NULL, "job could not acquire*", LINK_JOB, AT_ONCE },
    { "job CANCELLING", NULL, "scheduler Restarting", LINK_JOB, AT_ONCE },
    { "job CANCELLING", NULL, "scheduler Canceling", LINK_JOB, AT_ONCE },
    { "job CANCELLING", NULL, "script cancel", LINK_MEANT, SOON },
    { "scheduler Canceling", NULL, "script cancel", LINK_MEANT, SOON },
    { "scheduler StopWithSavepoint", NULL, "script stop-with-savepoint", LINK_MEANT, SOON },
    { "client cancel*", NULL, "script cancel", LINK_MEANT, SOON },
    { "client rescale*", NULL, "script rescale", LINK_MEANT, SOON },
    { "client savepoint*", NULL, "script savepoint", LINK_MEANT, LONG },
    { "client stop*", NULL, "script stop-with-savepoint", LINK_MEANT, LONG },
    { "job RESTARTING", NULL, "job tasks will be restarted", LINK_JOB, AT_ONCE },
    { "job RESTARTING", NULL, "execution * -> FAILED", LINK_JOB, AT_ONCE },
    { "job tasks will be restarted", NULL, "execution * -> FAILED", LINK_JOB, AT_ONCE },
    { "job tasks will be restarted", NULL, "job could not acquire*", LINK_JOB, AT_ONCE },
    { "job RESTARTING -> RUNNING", NULL, "job tasks will be restarted", LINK_JOB, LONG },
    { "job CREATED -> RUNNING", NULL, "scheduler CreatingExecutionGraph", LINK_JOB, SOON },
    { "job CREATED -> RUNNING", NULL, "dispatcher job submitted", LINK_JOB, SOON },
    { "job all tasks RUNNING", NULL, "job first task DEPLOYING", LINK_JOB, LONG },
    { "job first task DEPLOYING", NULL, "scheduler Executing", LINK_JOB, SOON },
    { "job first task DEPLOYING", NULL, "job RUNNING", LINK_JOB, LONG },
    { "job first task DEPLOYING", NULL, "resource manager registers", 0, SOON },
    { "scheduler Executing", NULL, "scheduler CreatingExecutionGraph", LINK_JOB, LONG },
    { "scheduler CreatingExecutionGraph", NULL, "transition manager Transitioning", LINK_JOB,
      AT_ONCE },
    { "scheduler CreatingExecutionGraph", NULL, "scheduler Restarting", LINK_JOB, LONG },
    { "scheduler CreatingExecutionGraph", NULL, "scheduler WaitingForResources", LINK_JOB, LONG },
    { "scheduler WaitingForResources", NULL, "scheduler Restarting", LINK_JOB, LONG },
    { "scheduler WaitingForResources", NULL, "dispatcher job submitted", LINK_JOB, LONG },
    { "scheduler Restarting", "resources", "transition manager Transitioning", LINK_JOB, AT_ONCE },
    { "scheduler Restarting", NULL, "execution * -> FAILED", LINK_JOB, AT_ONCE },
    { "scheduler Failing", NULL, "execution * -> FAILED", LINK_JOB, AT_ONCE },
    { "scheduler Restarting", "failed checkpoints", "checkpoint failed", LINK_JOB, AT_ONCE },
    { "scheduler Failing", "failed checkpoints", "checkpoint failed", LINK_JOB, AT_ONCE },
    { "job RESTARTING", "failed checkpoints", "checkpoint failed", LINK_JOB, AT_ONCE },
    { "job FAILING", "failed checkpoints", "checkpoint failed", LINK_JOB, AT_ONCE },
    { "job tasks will be restarted", "failed checkpoints", "checkpoint failed", LINK_JOB, AT_ONCE },
    { "transition manager Transitioning", NULL, "transition manager *resources met", LINK_JOB,
      AT_ONCE },
    { "transition manager *resources met", NULL, "transition manager Stabiliz*", LINK_JOB, LONG },
    { "transition manager *resources met", NULL, "scheduler WaitingForResources", LINK_JOB, LONG },
    { "transition manager Stabilized", NULL, "transition manager Stabilizing", LINK_JOB, LONG },
    { "transition manager Stabilizing", NULL, "resource manager registers", 0, SOON },
    { "transition manager Stabilizing", NULL, "dispatcher job ended", 0, SOON },
    { "transition manager Stabilizing", NULL, "script rescale", LINK_MEANT, SOON },
    { "transition manager Stabilizing", NULL, "resource manager registers", LINK_LAST, LONG },
    { "transition manager Stabilizing", NULL, "dispatcher job ended", LINK_LAST, LONG },
    { "transition manager Stabilizing", NULL, "script rescale", LINK_LAST, LONG },
    { "transition manager Stabilizing", NULL, "scheduler WaitingForResources", LINK_JOB, AT_ONCE },
    { "execution * -> FAILED", "connection", "process killed", LINK_REMOTE, LONG },
    { "execution * -> FAILED", "connection", "process exited", LINK_REMOTE, LONG },
    { "execution * -> FAILED", "connection", "process stopped", LINK_REMOTE, LONG },
    { "execution * -> FAILED", "connection", "process cut off", LINK_REMOTE, LONG },
    { "execution * -> FAILED", "connection", "process cut off", LINK_NODE, LONG },
    { "execution * -> FAILED", "connection", "process lossy", LINK_REMOTE, LONG },
    { "execution * -> FAILED", "connection", "process lossy", LINK_NODE, LONG },
    { "execution * -> FAILED", "reach", "process killed", LINK_NODE, SOON },
    { "execution * -> FAILED", "reach", "process exited", LINK_NODE, SOON },
    { "execution * -> FAILED", "reach", "process stopped", LINK_NODE, SOON },
    { "execution * -> FAILED", "reach", "process cut off", LINK_NODE, SOON },
    { "execution * -> FAILED", "answer", "process killed", LINK_NODE, SOON },
    { "execution * -> FAILED", "answer", "process frozen", LINK_NODE, SOON },
    { "execution * -> FAILED", "answer", "process cut off", LINK_NODE, SOON },
    { "execution * -> FAILED", "heartbeat", "process killed", LINK_NODE, SOON },
    { "execution * -> FAILED", "heartbeat", "process frozen", LINK_NODE, SOON },
    { "execution * -> FAILED", "heartbeat", "process cut off", LINK_NODE, SOON },
    { "execution * -> FAILED", "heartbeat", "process lossy", LINK_NODE, LONG },
    { "execution * -> FAILED", "heartbeat", "process throttled", LINK_NODE, LONG },
    { "execution * -> FAILED", "heartbeat", "process resumed", LINK_MASTER, AT_ONCE },
    { "execution * -> FAILED", "heartbeat", "process cut off", LINK_MASTER, SOON },
    { "execution * -> FAILED", "heartbeat", "process lossy", LINK_MASTER, LONG },
    { "execution * -> FAILED", "heartbeat", "process throttled", LINK_MASTER, LONG },
    { "execution * -> FAILED", "reach", "process cut off", LINK_MASTER, SOON },
    { "execution * -> FAILED", "reach", "process lossy", LINK_MASTER, LONG },
    { "execution * -> FAILED", "answer", "process cut off", LINK_MASTER, SOON },
    { "execution * -> FAILED", "answer", "process lossy", LINK_MASTER, LONG },
    { "execution * -> FAILED", "answer", "process resumed", LINK_MASTER, AT_ONCE },
    { "execution * -> FAILED", "lost its JobMaster", "taskmanager job master lost",
      LINK_JOB | LINK_NODE, LONG },
    { "taskmanager job master lost", "disconnected", "job master disconnects", LINK_JOB | LINK_TO,
      SOON },
    { "taskmanager resource manager lost", "disconnected", "resource manager closes", LINK_TO,
      SOON },
    { "taskmanager * lost", "heartbeat", "process resumed", LINK_NODE, AT_ONCE },
    { "taskmanager * lost", "heartbeat", "process cut off", LINK_NODE, SOON },
    { "taskmanager * lost", "heartbeat", "process lossy", LINK_NODE, LONG },
    { "taskmanager * lost", "heartbeat", "process throttled", LINK_NODE, LONG },
    { "taskmanager * lost", "heartbeat", "process frozen", LINK_MASTER, SOON },
    { "taskmanager * lost", "heartbeat", "process cut off", LINK_MASTER, SOON },
    { "taskmanager * lost", "heartbeat", "process lossy", LINK_MASTER, LONG },
    { "taskmanager * lost", "heartbeat", "process throttled", LINK_MASTER, LONG },
    { "execution * -> FAILED", "shutting down", "process stopping", LINK_NODE, SOON },
    { "execution * -> FAILED", "user code", "script fail", LINK_TASK, SOON },
    { "execution * -> FAILED", "slots needed", "job could not acquire*", LINK_JOB, AT_ONCE },
    { "execution * -> FAILED", "checkpoint", "checkpoint failed", LINK_JOB, AT_ONCE },
    { "execution * -> FAILED", "checkpoint", "checkpoint triggered", LINK_JOB, SOON },
    { "execution * -> FAILED", "slot was freed", "resource manager closes", LINK_NODE, SOON },
    { "resource manager closes", NULL, "process killed", LINK_NODE, SOON },
    { "resource manager closes", NULL, "process exited", LINK_NODE, SOON },
    { "resource manager closes", NULL, "process stopping", LINK_NODE, SOON },
    { "resource manager closes", NULL, "process frozen", LINK_NODE, SOON },
    { "resource manager closes", NULL, "process cut off", LINK_NODE, SOON },
    { "resource manager closes", NULL, "process lossy", LINK_NODE, LONG },
    { "resource manager closes", NULL, "process throttled", LINK_NODE, LONG },
    { "resource manager closes", "heartbeat", "process resumed", LINK_MASTER, AT_ONCE },
    { "resource manager closes", "heartbeat", "process cut off", LINK_MASTER, SOON },
    { "resource manager closes", "heartbeat", "process lossy", LINK_MASTER, LONG },
    { "resource manager closes", "heartbeat", "process throttled", LINK_MASTER, LONG },
    { "job master disconnects", NULL, "process killed", LINK_NODE, SOON },
    { "job master disconnects", NULL, "process exited", LINK_NODE, SOON },
    { "job master disconnects", NULL, "process stopping", LINK_NODE, SOON },
    { "job master disconnects", NULL, "process frozen", LINK_NODE, SOON },
    { "job master disconnects", NULL, "process cut off", LINK_NODE, SOON },
    { "job master disconnects", NULL, "process lossy", LINK_NODE, LONG },
    { "job master disconnects", NULL, "process throttled", LINK_NODE, LONG },
    { "job master disconnects", "heartbeat", "process resumed", LINK_MASTER, AT_ONCE },
    { "job master disconnects", "heartbeat", "process cut off", LINK_MASTER, SOON },
    { "job master disconnects", "heartbeat", "process lossy", LINK_MASTER, LONG },
    { "job master disconnects", "heartbeat", "process throttled", LINK_MASTER, LONG },
    { "resource manager registers", NULL, "process up", LINK_NODE, LONG },
    { "resource manager registers", NULL, "process resumed", LINK_NODE, SOON },
    { "resource manager registers", NULL, "process healed", LINK_NODE, SOON },
    { "* refuses", "reached", "process killed", LINK_NODE, LONG },
    { "* refuses", "reached", "process exited", LINK_NODE, LONG },
    { "* refuses", "reached", "process stopping", LINK_NODE, LONG },
    { "* refuses", "reached", "process frozen", LINK_NODE, LONG },
    { "* refuses", "reached", "process cut off", LINK_NODE, LONG },
    { "process up", NULL, "process added", LINK_NODE, LONG },
    { "process added", NULL, "script add", 0, AT_ONCE },
    { "process killed", NULL, "script kill", 0, AT_ONCE },
    { "process killed", "grace", "process stopping", LINK_NODE, LONG },
    { "process stopped", NULL, "process stopping", LINK_NODE, LONG },
    { "process exited", "cancellation", "taskmanager task did not end*", LINK_NODE, SOON },
    { "taskmanager task did not end*", NULL, "job CANCELLING", LINK_JOB, LONG },
    { "taskmanager task did not end*", NULL, "job FAILING", LINK_JOB, LONG },
    { "taskmanager task did not end*", NULL, "job tasks will be restarted", LINK_JOB, LONG },
    { "taskmanager task did not end*", NULL, "taskmanager job master lost", LINK_JOB | LINK_NODE,
      LONG },
    { "process exited", "registration", "taskmanager gives up*", LINK_NODE, AT_ONCE },
    { "taskmanager gives up*", NULL, "taskmanager resource manager lost", LINK_NODE, LONG },
    { "taskmanager gives up*", NULL, "taskmanager registration refused", LINK_NODE, SOON },
    { "taskmanager gives up*", NULL, "process cut off", LINK_NODE | LINK_LAST, LONG },
    { "taskmanager gives up*", NULL, "process lossy", LINK_NODE | LINK_LAST, LONG },
    { "taskmanager gives up*", NULL, "process cut off", LINK_MASTER, LONG },
    { "taskmanager gives up*", NULL, "process lossy", LINK_MASTER, LONG },
    { "taskmanager gives up*", NULL, "process frozen", LINK_MASTER, LONG },
    { "taskmanager registration refused", NULL, "resource manager refuses", LINK_TO, SOON },
    { "process stopping", NULL, "script stop", 0, AT_ONCE },
    { "process frozen", NULL, "script freeze", 0, AT_ONCE },
    { "process resumed", NULL, "process frozen", LINK_NODE, LONG },
    { "process cut off", NULL, "script cut", 0, AT_ONCE },
    { "process healed", NULL, "process cut off", LINK_NODE, LONG },
    { "process slowed", NULL, "script slow", 0, AT_ONCE },
    { "process full speed", NULL, "process slowed", LINK_NODE, LONG },
    { "process lossy", NULL, "script loss", 0, AT_ONCE },
    { "process throttled", NULL, "script loss", 0, AT_ONCE },
    { "process throttled", NULL, "script throttle", 0, AT_ONCE },
    { "storage fails", NULL, "script fail-storage", 0, AT_ONCE },
    { "storage works again", NULL, "storage fails", 0, LONG },
    { "execution * -> FAILED", "restore the task's state", "storage fails", LINK_STANDING, LONG },
    { "checkpoint failed", "Asynchronous", "storage fails", LINK_STANDING, LONG },
    { "checkpoint failed", "finalize", "storage fails", LINK_STANDING, LONG },
    { "process unthrottled", NULL, "process throttled", LINK_NODE, LONG },
    { "process lossless", NULL, "process lossy", LINK_NODE, LONG },
    { "checkpoint completed", NULL, "checkpoint triggered", LINK_CHECKPOINT, LONG },
    { "checkpoint expired", NULL, "checkpoint expired", LINK_JOB | LINK_FIRST, LONG },
    { "checkpoint expired", NULL, "checkpoint triggered", LINK_CHECKPOINT, LONG },
    { "checkpoint expired", NULL, "process frozen", LINK_STANDING, LONG },
    { "checkpoint expired", NULL, "process cut off", LINK_STANDING, LONG },
    { "checkpoint expired", NULL, "process lossy", LINK_STANDING, LONG },
    { "checkpoint expired", NULL, "process throttled", LINK_STANDING, LONG },
    { "checkpoint expired", NULL, "process slowed", LINK_STANDING, LONG },
    { "checkpoint failed", "Trigger checkpoint", "process frozen", LINK_STANDING, LONG },
    { "checkpoint failed", "Trigger checkpoint", "process cut off", LINK_STANDING, LONG },
    { "checkpoint failed", "Trigger checkpoint", "process lossy", LINK_STANDING, LONG },
    { "checkpoint failed", NULL, "checkpoint expired", LINK_CHECKPOINT, AT_ONCE },
    { "checkpoint failed", NULL, "job CANCELLING", LINK_JOB, AT_ONCE },
    { "checkpoint failed", NULL, "job RESTARTING", LINK_JOB, AT_ONCE },
    { "checkpoint failed", NULL, "job FAILING", LINK_JOB, AT_ONCE },
    { "checkpoint failed", "suspending", "checkpoint stopping*", LINK_JOB, AT_ONCE },
    { "checkpoint failed", "shutdown", "job *", LINK_JOB, AT_ONCE },
    { "checkpoint failed", "subsumed", "checkpoint completed", LINK_JOB, AT_ONCE },
    { "checkpoint failed", NULL, "execution * -> FAILED", LINK_JOB, AT_ONCE },
    { "checkpoint stopping*", NULL, "execution * -> FAILED", LINK_JOB, AT_ONCE },
    { "checkpoint stopping*", NULL, "job CANCELLING", LINK_JOB, AT_ONCE },
    { "checkpoint stopping*", NULL, "job RESTARTING", LINK_JOB, AT_ONCE },
    { "checkpoint stopping*", NULL, "job FAILING", LINK_JOB, AT_ONCE },
    { "checkpoint stopping*", NULL, "scheduler *", LINK_JOB, AT_ONCE },
    { "checkpoint stopping*", NULL, "transition manager Transitioning", LINK_JOB, AT_ONCE },
    { "checkpoint stopping*", NULL, "script cancel", LINK_MEANT, SOON },
    { "checkpoint stopping*", NULL, "script stop-with-savepoint", LINK_MEANT, SOON },
    { "checkpoint restore from*", NULL, "checkpoint completed", LINK_CHECKPOINT, LONG },
    { "checkpoint starting*", NULL, "job all tasks RUNNING", LINK_JOB, AT_ONCE },
    { "checkpoint starting*", NULL, "job RUNNING", LINK_JOB, AT_ONCE },
};

/* Conditions of a process, each of which ends with it, too; and of the storage. */
static const struct condition_row {
    const char *begins, *ends;
} conditions[CAUSES_CONDITIONS] = {
    { "stopping", "stopped" },  { "frozen", "resumed" },        { "cut off", "healed" },
    { "lossy", "lossless" },    { "throttled", "unthrottled" }, { "slowed", "full speed" },
    { "fails", "works again" },
};

static bool is_of_machines(const struct log_entry *entry)
{
    return text_equal(entry->machine, "process") || text_equal(entry->machine, "storage");
}

static bool same(const char *a, const char *b)
{
    return a && b && text_equal(a, b);
}

size_t causes_condition_begun(const struct log_entry *entry)
{
    for (size_t i = 0; i < CAUSES_CONDITIONS && is_of_machines(entry); i++)
        if (text_equal(entry->what, conditions[i].begins))
            return i;
    return CAUSES_CONDITIONS;
}

bool causes_is_condition(const struct log_entry *entry)
{
    return causes_condition_begun(entry) < CAUSES_CONDITIONS;
}

bool causes_ends_process(const struct log_entry *entry)
{
    static const char *const ends[] = { "killed", "exited", "stopped" };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (text_equal(entry->machine, "process") && text_equal(entry->what, ends[i]))
            return true;
    return false;
}

bool causes_condition_ended(const struct log_entry *entry, size_t condition)
{
    return is_of_machines(entry) &&
           (causes_ends_process(entry) || text_equal(entry->what, conditions[condition].ends));
}

bool causes_ends_condition(const struct log_entry *entry, const struct log_entry *condition)
{
    size_t begun = causes_condition_begun(condition);
    return text_equal(entry->machine, condition->machine) && same(entry->node, condition->node) &&
           (begun < CAUSES_CONDITIONS ? causes_condition_ended(entry, begun)
                                      : causes_ends_process(entry));
}

/* When what failed began: its checkpoint was triggered. */
static size_t beginning_of(const struct run_log *log, size_t place)
{
    const struct log_entry *effect = &log->entries.items[place];
    for (size_t i = place; i-- > 0;) {
        const struct log_entry *entry = &log->entries.items[i];
        if (entry->checkpoint == effect->checkpoint && same(entry->job, effect->job) &&
            run_log_fits(entry, "checkpoint triggered"))
            return i;
    }
    return place;
}

/* Had it not ended when what failed began? */
static bool stands(const struct run_log *log, size_t cause, size_t effect)
{
    size_t begun = beginning_of(log, effect);
    for (size_t i = cause + 1; i < begun; i++)
        if (causes_ends_condition(&log->entries.items[i], &log->entries.items[cause]))
            return false;
    return true;
}

/* Of older logs, and where one label is of several tasks, nobody knows which the script means. */
static bool may_mean_task(const struct log_entry *script, const struct log_entry *task)
{
    return !script->vertex || (same(script->job, task->job) && same(script->vertex, task->vertex) &&
                               script->subtask == task->subtask);
}

static bool links_hold(const struct cause_rule *rule, const struct log_entry *effect,
                       const struct log_entry *cause)
{
    if (rule->links & LINK_JOB && !same(effect->job, cause->job))
        return false;
    if (rule->links & LINK_NODE && !same(effect->peer ? effect->peer : effect->node, cause->node))
        return false;
    if (rule->links & LINK_REMOTE && !same(effect->remote, cause->node))
        return false;
    if (rule->links & LINK_MASTER && !text_equal(cause->node, "jobmanager"))
        return false;
    if (rule->links & LINK_TO && !same(cause->peer, effect->node))
        return false;
    if (rule->links & LINK_MEANT && cause->job && !same(effect->job, cause->job))
        return false;
    if (rule->links & LINK_TASK && !may_mean_task(cause, effect))
        return false;
    if (rule->links & LINK_CHECKPOINT) {
        int64_t wanted = effect->checkpoint >= 0 ? effect->checkpoint : effect->value;
        return same(effect->job, cause->job) && wanted == cause->checkpoint;
    }
    return true;
}

static bool applies(const struct cause_rule *rule, const struct log_entry *effect)
{
    return run_log_fits(effect, rule->effect) &&
           (!rule->reason || (effect->reason && strstr(effect->reason, rule->reason)));
}

/* Checkpoints that expire one after the other are a row until one completes or a task fails: what
 * the first one expired by began it, and not what struck while it lasted. */
static size_t find_first(const struct run_log *log, size_t place, const struct cause_rule *rule)
{
    const struct log_entry *effect = &log->entries.items[place];
    size_t first = SIZE_MAX;
    for (size_t i = place; i-- > 0;) {
        const struct log_entry *entry = &log->entries.items[i];
        if (!same(effect->job, entry->job))
            continue;
        if (run_log_fits(entry, "checkpoint completed") ||
            run_log_fits(entry, "execution * -> FAILED"))
            break;
        if (run_log_fits(entry, rule->cause))
            first = i;
    }
    return first;
}

/* The nearest line before that fits the rule, not before `floor`. */
static size_t find(const struct run_log *log, size_t place, const struct cause_rule *rule,
                   size_t floor)
{
    const struct log_entry *effect = &log->entries.items[place];
    if (rule->links & LINK_FIRST)
        return find_first(log, place, rule);
    for (size_t i = place; i-- > floor;) {
        const struct log_entry *cause = &log->entries.items[i];
        if (effect->at - cause->at > rule->within)
            return SIZE_MAX;
        if (run_log_fits(cause, rule->cause) && links_hold(rule, effect, cause) &&
            (!(rule->links & LINK_STANDING) || stands(log, i, place)))
            return i;
    }
    return SIZE_MAX;
}

/* Rules come in turns; the first turn that finds something decides. */
enum turn { TURN_FIRST, TURN_STANDING, TURN_OWN, TURN_LAST, TURN_COUNT };

static enum turn turn_of(const struct cause_rule *rule)
{
    if (rule->links & LINK_FIRST)
        return TURN_FIRST;
    if (rule->links & LINK_STANDING)
        return TURN_STANDING;
    return rule->links & (LINK_MASTER | LINK_LAST) ? TURN_LAST : TURN_OWN;
}

/* The next link; SIZE_MAX: nothing explains it. */
static size_t cause_of(const struct run_log *log, size_t place)
{
    size_t nearest[TURN_COUNT] = { SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX };
    CHECK(place < log->entries.count);
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        if (!applies(&rules[r], &log->entries.items[place]))
            continue;
        size_t *own = &nearest[turn_of(&rules[r])];
        size_t found = find(log, place, &rules[r], *own == SIZE_MAX ? 0 : *own + 1);
        if (found != SIZE_MAX)
            *own = found;
    }
    for (int turn = 0; turn < TURN_COUNT; turn++)
        if (nearest[turn] != SIZE_MAX)
            return nearest[turn];
    return SIZE_MAX;
}

void causes_of(const struct run_log *log, size_t place, struct cause_chain *out)
{
    out->count = 0;
    while (place != SIZE_MAX && out->count < CAUSES_MAX) {
        out->place[out->count++] = place;
        place = cause_of(log, place);
    }
}

/* What cannot be restored is refused whatever brought the job to try it. */
static size_t length_of(const struct run_log *log, const struct cause_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (run_log_fits(&log->entries.items[chain->place[i]], "job restore refused"))
            return i;
    return chain->count;
}

size_t causes_fault(const struct run_log *log, const struct cause_chain *chain)
{
    for (size_t i = length_of(log, chain); i-- > 0;) {
        const char *machine = log->entries.items[chain->place[i]].machine;
        if (text_equal(machine, "process") || text_equal(machine, "script"))
            return chain->place[i];
    }
    return SIZE_MAX;
}
