/* SPDX-License-Identifier: Apache-2.0
 *
 * A queue of records and watermarks in the order of coming, their bytes in one piece of memory
 * that moves along; a heap of what becomes due; a heap of answers that may not go on yet.
 * Watermarks cut the queue into segments: unordered, an answer goes on when its segment is the
 * first; ordered, when its record is. So does the status, which Flink's operator lets go ahead:
 * answers behind an input that rests would be late for whoever does not wait for it.
 */
#include "core/exec/async_wait.h"

#include "core/exec/state_budget.h"
#include "core/exec/state_list.h"

enum entry_state {
    ENTRY_WAITS,
    ENTRY_ASKED,
    ENTRY_DELAYED, /* will be asked again */
    ENTRY_DONE,
    ENTRY_GONE,
    ENTRY_WATERMARK,
    ENTRY_STATUS
};

struct entry {
    enum entry_state state;
    bool timed_out;
    uint32_t size;     /* of the payload */
    uint32_t attempts; /* made */
    time_ns last;      /* when the time-out has passed; TIME_NEVER: there is none */
    int64_t timestamp; /* of the record; or the watermark; or is the input idle? */
    uint64_t at;       /* where its payload begins, in all bytes ever */
    uint64_t segment;  /* watermarks and statuses before it */
};

/* Least (key, turn) first. */
struct due {
    uint64_t key, turn, number; /* number: of the entry */
};

struct due_heap {
    VEC(struct due) items;
};

struct async_wait {
    struct operator op;
    VEC(struct entry) entries; /* the first number is `first` */
    VEC(uint8_t) bytes;        /* the first one is number bytes_first */
    uint64_t first, bytes_first;
    uint64_t head, next_asked; /* numbers: before them nobody is left, nobody waits */
    uint64_t segments;         /* watermarks and statuses ever */
    uint64_t answers;          /* ever */
    uint32_t open, waiting;
    bool ends; /* behind the end of its input: nothing is asked again */
    struct due_heap due, done;
    struct state_list restored;
};

static const struct async_wait_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static bool is_before(const struct due *a, const struct due *b)
{
    return a->key != b->key ? a->key < b->key : a->turn < b->turn;
}

static void heap_push(struct due_heap *heap, uint64_t key, uint64_t turn, uint64_t number)
{
    struct due due = { key, turn, number };
    vec_push(&heap->items, due);
    struct due *items = heap->items.items;
    size_t i = heap->items.count - 1;
    for (; i > 0 && is_before(&due, &items[(i - 1) / 2]); i = (i - 1) / 2)
        items[i] = items[(i - 1) / 2];
    items[i] = due;
}

static void heap_pop(struct due_heap *heap)
{
    struct due *items = heap->items.items, last = items[--heap->items.count];
    size_t count = heap->items.count, i = 0;
    for (size_t child = 1; child < count; child = 2 * i + 1) {
        if (child + 1 < count && is_before(&items[child + 1], &items[child]))
            child++;
        if (!is_before(&items[child], &last))
            break;
        items[i] = items[child];
        i = child;
    }
    if (count > 0)
        items[i] = last;
}

static struct entry *entry_of(const struct async_wait *wait, uint64_t number)
{
    CHECK(number >= wait->first);
    CHECK(number - wait->first < wait->entries.count);
    return &wait->entries.items[number - wait->first];
}

static struct async_request request_of(const struct async_wait *wait, const struct entry *entry)
{
    return (struct async_request){ .payload = wait->bytes.items + (entry->at - wait->bytes_first),
                                   .size = entry->size,
                                   .timestamp = entry->timestamp };
}

static void see_wrong(struct async_wait *wait, const char *wrong)
{
    if (wrong)
        operator_fail(&wait->op, CAUSE_USER_CODE, "%s", wrong);
}

static void add_record(struct async_wait *wait, const void *payload, uint32_t size,
                       int64_t timestamp)
{
    size_t at = wait->bytes.count;
    vec_resize(&wait->bytes, at + record_padded(size));
    memcpy(wait->bytes.items + at, payload, size);
    vec_push(&wait->entries, (struct entry){ .state = ENTRY_WAITS,
                                             .size = size,
                                             .timestamp = timestamp,
                                             .at = wait->bytes_first + at,
                                             .segment = wait->segments });
    wait->waiting++;
}

/* At this time something happens to the entry, but no later than its time-out. */
static void await(struct async_wait *wait, uint64_t number, enum entry_state state, time_ns delay)
{
    struct entry *entry = entry_of(wait, number);
    time_ns at = time_add(wait->op.task->now, delay > 0 ? delay : 0);
    entry->timed_out = at > entry->last;
    entry->state = entry->timed_out ? ENTRY_ASKED : state;
    heap_push(&wait->due, (uint64_t)(entry->timed_out ? entry->last : at), number, number);
}

static void ask_once(struct async_wait *wait, uint64_t number)
{
    const struct async_wait_params *params = params_of(&wait->op);
    struct entry *entry = entry_of(wait, number);
    struct async_request request = request_of(wait, entry);
    time_ns latency = 0;
    see_wrong(wait, params->ask(params->context, &wait->op, &request, &latency));
    if (latency == TIME_NEVER && params->timeout == 0)
        see_wrong(wait, "an answer that never comes, and no time-out");
    entry->attempts++;
    await(wait, number, ENTRY_ASKED, latency);
}

/* Asks about records that wait, as many as may be open. */
static void ask(struct async_wait *wait)
{
    const struct async_wait_params *params = params_of(&wait->op);
    uint64_t end = wait->first + wait->entries.count;
    for (; wait->next_asked < end && wait->open < params->capacity && !wait->op.task->failed;
         wait->next_asked++) {
        struct entry *entry = entry_of(wait, wait->next_asked);
        if (entry->state != ENTRY_WAITS)
            continue;
        entry->last =
            params->timeout > 0 ? time_add(wait->op.task->now, params->timeout) : TIME_NEVER;
        wait->waiting--;
        wait->open++;
        ask_once(wait, wait->next_asked);
    }
}

/* The beginning of the queue that is over, and its bytes: seldom, so that each moves few times. */
static void let_go(struct async_wait *wait)
{
    size_t gone = (size_t)(wait->head - wait->first), count = wait->entries.count;
    if (gone < count && gone < count / 2 + 1)
        return;
    memmove(wait->entries.items, wait->entries.items + gone,
            (count - gone) * sizeof *wait->entries.items);
    wait->entries.count = count - gone;
    wait->first += gone;
    if (wait->next_asked < wait->first) /* watermarks came last */
        wait->next_asked = wait->first;
    uint64_t used_from = wait->bytes_first + wait->bytes.count;
    if (wait->entries.count > 0)
        used_from = wait->entries.items[0].at;
    size_t free_bytes = (size_t)(used_from - wait->bytes_first);
    if (free_bytes > 0) /* there may have been no record yet */
        memmove(wait->bytes.items, wait->bytes.items + free_bytes, wait->bytes.count - free_bytes);
    wait->bytes.count -= free_bytes;
    wait->bytes_first = used_from;
}

static void give_answer(struct async_wait *wait, uint64_t number)
{
    const struct async_wait_params *params = params_of(&wait->op);
    struct entry *entry = entry_of(wait, number);
    struct async_request request = request_of(wait, entry);
    entry->state = ENTRY_GONE;
    wait->open--;
    if (!entry->timed_out)
        see_wrong(wait, params->answer(params->context, &wait->op, &request));
    else if (params->timed_out)
        see_wrong(wait, params->timed_out(params->context, &wait->op, &request));
    else
        operator_fail(&wait->op, CAUSE_USER_CODE, "no answer within %lld ms",
                      (long long)(params->timeout / TIME_MS));
}

/* The first answer that waits may go on: its turn is that of a record, or of a segment. */
static bool is_due_now(const struct async_wait *wait, const struct entry *head)
{
    if (wait->done.items.count == 0)
        return false;
    const struct due *next = &wait->done.items.items[0];
    if (params_of(&wait->op)->order == ASYNC_ORDERED)
        return next->number == wait->head;
    return entry_of(wait, next->number)->segment == head->segment;
}

/* All that may go on does, in its order. */
static void give(struct async_wait *wait)
{
    while (wait->head < wait->first + wait->entries.count && !wait->op.task->failed) {
        struct entry *head = entry_of(wait, wait->head);
        if (head->state == ENTRY_GONE) {
            wait->head++;
        } else if (head->state == ENTRY_WATERMARK) {
            head->state = ENTRY_GONE;
            operator_emit_watermark(&wait->op, head->timestamp);
        } else if (head->state == ENTRY_STATUS) {
            head->state = ENTRY_GONE;
            operator_emit_status(&wait->op, head->timestamp != 0);
        } else if (is_due_now(wait, head)) {
            uint64_t done = wait->done.items.items[0].number;
            heap_pop(&wait->done);
            give_answer(wait, done);
        } else {
            break;
        }
    }
    let_go(wait);
}

static void open(struct operator* op)
{
    struct async_wait *wait = (struct async_wait *)op;
    CHECK(params_of(op)->capacity > 0);
    for (size_t i = 0; i < state_list_count(&wait->restored); i++) {
        size_t size;
        int64_t timestamp;
        const uint8_t *entry = state_list_entry(&wait->restored, i, &size);
        memcpy(&timestamp, entry, sizeof timestamp);
        add_record(wait, entry + RECORD_HEAD, (uint32_t)(size - RECORD_HEAD), timestamp);
    }
    state_list_fini(&wait->restored);
    ask(wait);
}

static void close(struct operator* op)
{
    struct async_wait *wait = (struct async_wait *)op;
    vec_fini(&wait->entries);
    vec_fini(&wait->bytes);
    vec_fini(&wait->due.items);
    vec_fini(&wait->done.items);
    state_list_fini(&wait->restored);
}

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct async_wait *wait = (struct async_wait *)op;
    (void)input;
    for (uint32_t i = 0; i < batch->count; i++)
        add_record(wait, batch_payload(batch, i), batch_size(batch, i), batch_timestamp(batch, i));
    ask(wait);
    state_budget_check(op->task); /* a call may put any number of records in front of it */
}

static void add_cut(struct async_wait *wait, enum entry_state kind, int64_t value)
{
    vec_push(&wait->entries, (struct entry){ .state = kind,
                                             .timestamp = value,
                                             .at = wait->bytes_first + wait->bytes.count,
                                             .segment = wait->segments });
    wait->segments++;
    give(wait);
}

static void on_watermark(struct operator* op, int64_t watermark)
{
    add_cut((struct async_wait *)op, ENTRY_WATERMARK, watermark);
}

static void on_status(struct operator* op, bool idle)
{
    add_cut((struct async_wait *)op, ENTRY_STATUS, idle);
}

static time_ns deadline(struct operator* op)
{
    const struct async_wait *wait = (const struct async_wait *)op;
    return wait->due.items.count > 0 ? (time_ns)wait->due.items.items[0].key : TIME_NEVER;
}

/* Is what has come no answer, so that it is to be asked again? */
static bool is_none(struct async_wait *wait, struct entry *entry, time_ns *delay)
{
    const struct async_wait_params *params = params_of(&wait->op);
    struct async_request request = request_of(wait, entry);
    return params->again && !entry->timed_out && !wait->ends &&
           params->again(params->context, &wait->op, &request, entry->attempts, delay);
}

static void on_due(struct async_wait *wait, uint64_t number)
{
    struct entry *entry = entry_of(wait, number);
    bool is_ordered = params_of(&wait->op)->order == ASYNC_ORDERED;
    time_ns delay = 0;
    if (entry->state == ENTRY_DELAYED) {
        ask_once(wait, number);
    } else if (is_none(wait, entry, &delay)) {
        await(wait, number, ENTRY_DELAYED, delay);
    } else {
        entry->state = ENTRY_DONE;
        /* unordered: by segment, then as they came */
        heap_push(&wait->done, is_ordered ? number : entry->segment, wait->answers++, number);
    }
}

/* What would have been asked again later is at once, for the last time
 * (finishInFlightDelayedRetry). */
static void finish(struct operator* op)
{
    struct async_wait *wait = (struct async_wait *)op;
    struct due_heap due = wait->due;
    wait->ends = true;
    wait->due = (struct due_heap){ 0 };
    for (VEC_EACH(const struct due, item, &due.items)) {
        bool is_delayed = entry_of(wait, item->number)->state == ENTRY_DELAYED;
        heap_push(&wait->due, is_delayed ? (uint64_t)op->task->now : item->key, item->turn,
                  item->number);
    }
    vec_fini(&due.items);
}

/* Answers that are there give their places to records that wait, whose answers may be there too. */
static void on_time(struct operator* op, time_ns now)
{
    struct async_wait *wait = (struct async_wait *)op;
    while (!op->task->failed && deadline(op) <= now) {
        uint64_t number = wait->due.items.items[0].number;
        heap_pop(&wait->due);
        on_due(wait, number);
        if (deadline(op) <= now)
            continue;
        give(wait);
        ask(wait);
    }
}

static bool has_room(const struct operator* op)
{
    return ((const struct async_wait *)op)->waiting == 0;
}

static bool is_pending(const struct operator* op)
{
    const struct async_wait *wait = (const struct async_wait *)op;
    return wait->head < wait->first + wait->entries.count;
}

static void save(const struct operator* op, struct state_list *out)
{
    const struct async_wait *wait = (const struct async_wait *)op;
    VEC(uint8_t) bytes = { 0 };
    for (VEC_EACH(const struct entry, entry, &wait->entries)) {
        if (entry->state == ENTRY_GONE || entry->state == ENTRY_WATERMARK ||
            entry->state == ENTRY_STATUS)
            continue;
        vec_resize(&bytes, RECORD_HEAD + entry->size);
        memcpy(bytes.items, &entry->timestamp, sizeof entry->timestamp);
        memcpy(bytes.items + RECORD_HEAD, request_of(wait, entry).payload, entry->size);
        state_list_add(out, bytes.items, bytes.count);
    }
    vec_fini(&bytes);
}

static struct err load(struct operator* op, const struct state_list *in, struct note *note)
{
    struct async_wait *wait = (struct async_wait *)op;
    for (size_t i = 0; i < state_list_count(in); i++) {
        size_t size;
        const uint8_t *entry = state_list_entry(in, i, &size);
        if (size < RECORD_HEAD || size - RECORD_HEAD > UINT32_MAX / 2)
            return err_note(note, ERR_BAD_VALUE_CODE, "%s: a question of %zu bytes", op->spec->name,
                            size);
        state_list_add(&wait->restored, entry, size);
    }
    return OK;
}

static bool size_of_state(const struct operator* op, uint32_t i, struct state_size *out)
{
    const struct async_wait *wait = (const struct async_wait *)op;
    size_t due = wait->due.items.count + wait->done.items.count;
    *out = (struct state_size){ .what = "the queue of questions", .bytes = wait->bytes.count };
    out->bytes += wait->entries.count * sizeof(struct entry) + due * sizeof(struct due);
    return i == 0;
}

void async_wait_count(const struct operator* op, uint32_t *questions, uint32_t *waiting)
{
    const struct async_wait *wait = (const struct async_wait *)op;
    CHECK(op->class == &async_wait_class);
    *questions = wait->open;
    *waiting = wait->waiting;
}

const struct operator_class async_wait_class = { .name = "async wait",
                                                 .size = sizeof(struct async_wait),
                                                 .open = open,
                                                 .close = close,
                                                 .process = process,
                                                 .watermark = on_watermark,
                                                 .status = on_status,
                                                 .holds_watermarks = true,
                                                 .holds_status = true,
                                                 .finish = finish,
                                                 .deadline = deadline,
                                                 .on_time = on_time,
                                                 .has_room = has_room,
                                                 .is_pending = is_pending,
                                                 .lists = OPERATOR_STATE_SPLIT,
                                                 .save = save,
                                                 .load = load,
                                                 .size_of_state = size_of_state };
