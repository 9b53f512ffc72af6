/* SPDX-License-Identifier: Apache-2.0
 *
 * Declarations that nothing could be made of: refused before the start, with words that say which.
 */
#include <check.h>

#include "tests/lib/build.h"

static struct weir_env *env;

static void setup(void)
{
    env = build_begin();
}

static int64_t time_of(uint64_t index, const void *value, void *user)
{
    (void)value, (void)user;
    return (int64_t)index;
}

static void on_record(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)ctx, (void)record, (void)user;
}

/* A source of records of a type of so many bytes, with event time. */
static struct weir_stream *source(const struct weir_type *type)
{
    struct weir_generator spec = {
        .type = type, .count = 10, .make = build_make_pair, .timestamp = time_of
    };
    return weir_from_generator(env, "in", &spec, NULL);
}

static struct weir_stream *process(struct weir_stream *keyed, const struct weir_state *state)
{
    const struct weir_process process = { .states = state,
                                          .state_count = state != NULL,
                                          .on_record = on_record };
    return weir_process(keyed, "p", &pair_type, &process, NULL);
}

START_TEST(keys_that_no_table_holds_are_refused)
{
    static const struct weir_type wide = { .name = "wide", .size = 100000, .version = 1 };
    const struct weir_key key = { WEIR_KEY_TEXT, 0, 65473 };
    const struct weir_key no_kind = { (enum weir_key_kind)7, 0, 8 };
    process(weir_key_by(source(&wide), key), NULL);
    build_must_refuse("a key of 65473 bytes, expected at most 65472");
    struct weir_stream *texts =
        weir_flat_map(build_pairs("in"), "texts", &weir_text, on_record, NULL);
    process(weir_key_by(texts, WEIR_WHOLE_TEXT), NULL);
    build_must_refuse("'p' needs keys of fixed size");
    process(weir_key_by(source(&pair_type), no_kind), NULL);
    build_must_refuse("a key of a kind 7, which there is none of");
}
END_TEST

static void add(struct weir_context *ctx, const struct weir_record *record, void *value, void *user)
{
    (void)ctx, (void)record, (void)value, (void)user;
}

static void give(struct weir_context *ctx, const struct weir_pane *pane, const void *value,
                 void *user)
{
    (void)ctx, (void)pane, (void)value, (void)user;
}

static void windows(const struct weir_window *window, const struct weir_type *value)
{
    const struct weir_aggregate aggregate = { value, add, NULL, give };
    struct weir_stream *keyed = weir_key_by(source(&pair_type), WEIR_FIELD_LONG(struct pair, key));
    weir_discard(weir_aggregate(keyed, "w", &pair_type, window, &aggregate, NULL), "out");
}

/* As Flink has it: abs(offset) < slide, and nothing between size and slide. */
START_TEST(windows_may_be_off_either_way_by_less_than_their_slide)
{
    static const struct {
        struct weir_window window;
        const char *words;
    } rows[] = {
        { { .size_ms = 10, .offset_ms = -9 }, NULL },
        { { .size_ms = 10, .offset_ms = -10 },
          "the window of 'w' is off by -10 ms, expected less than its slide" },
        { { .size_ms = 10, .offset_ms = 10 },
          "the window of 'w' is off by 10 ms, expected less than its slide" },
        { { .size_ms = 10, .slide_ms = 20, .offset_ms = -19 }, NULL },
        { { .size_ms = 10, .slide_ms = 5, .offset_ms = -5 },
          "the window of 'w' is off by -5 ms, expected less than its slide" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        windows(&rows[i].window, &pair_type);
        if (rows[i].words)
            build_must_refuse(rows[i].words);
        else
            build_must_take();
    }
}
END_TEST

static uint32_t encoded_size(const void *value)
{
    (void)value;
    return 8;
}

static void add_up(void *into, const void *value)
{
    (void)into, (void)value;
}

static const struct weir_type nameless = { .size = 8, .version = 1 },
                              vast = { .name = "vast", .size = 2000000000, .version = 1 },
                              halved = { .name = "halved",
                                         .version = 1,
                                         .memory = 8,
                                         .encoded_size = encoded_size };

START_TEST(state_that_is_not_said_in_full_is_refused)
{
    static const struct {
        struct weir_state state;
        const char *words;
    } rows[] = {
        { { .name = "x", .kind = WEIR_VALUE }, "'p' has no type" },
        { { .kind = WEIR_VALUE, .type = &weir_long }, "a state of 'p' has no name" },
        { { .name = "", .kind = WEIR_VALUE, .type = &weir_long }, "a state of 'p' has no name" },
        { { .name = "x", .kind = WEIR_LIST, .type = &nameless }, "'p' has a type without a name" },
        { { .name = "x", .kind = WEIR_VALUE, .type = &halved },
          "type 'halved' of 'p' has some of memory, encoded_size, encode and decode, expected all "
          "or none" },
        { { .name = "x", .kind = WEIR_REDUCING, .type = &vast, .reduce = add_up },
          "'p' holds 'vast' of 2000000000 bytes, expected at most 1048576" },
        { { .name = "x", .kind = WEIR_LIST, .type = &weir_text },
          "state 'x' of 'p' holds 'text', expected a type that is its own bytes and of fixed "
          "size" },
        { { .name = "x", .kind = WEIR_MAP, .type = &weir_text, .map_key = &weir_long },
          "state 'x' of 'p' holds 'text', expected a type that is its own bytes and of fixed "
          "size" },
        { { .name = "x", .kind = WEIR_REDUCING, .type = &weir_text, .reduce = add_up },
          "state 'x' of 'p' holds 'text', expected a type that is its own bytes and of fixed "
          "size" },
        { { .name = "x", .kind = (enum weir_state_kind)9, .type = &weir_long },
          "state 'x' of 'p' is of a kind 9, which there is none of" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        process(weir_key_by(source(&pair_type), WEIR_FIELD_LONG(struct pair, key)), &rows[i].state);
        build_must_refuse(rows[i].words);
    }
}
END_TEST

static void reduce(struct weir_context *ctx, const struct weir_record *record, bool is_new,
                   void *value, void *user)
{
    (void)ctx, (void)record, (void)is_new, (void)value, (void)user;
}

START_TEST(types_that_are_none_are_refused)
{
    const struct weir_window window = { .size_ms = 10 };
    windows(&window, &vast);
    build_must_refuse("'w' holds 'vast' of 2000000000 bytes, expected at most 1048576");
    windows(&window, NULL);
    build_must_refuse("'w' has no type");
    weir_reduce(weir_key_by(build_pairs("in"), WEIR_FIELD_LONG(struct pair, key)), "r", &vast,
                reduce, NULL);
    build_must_refuse("'r' holds 'vast' of 2000000000 bytes, expected at most 1048576");
    source(NULL);
    build_must_refuse("'in' has no type");
    weir_flat_map(build_pairs("in"), "f", NULL, on_record, NULL);
    build_must_refuse("'f' has no type");
    const struct weir_list list = { NULL, &pair_type };
    const struct weir_list_process lists = { .lists = &list,
                                             .list_count = 1,
                                             .on_record = on_record };
    weir_process_lists(build_pairs("in"), "l", &pair_type, &lists, NULL);
    build_must_refuse("a list of 'l' has no name");
}
END_TEST

START_TEST(a_connect_that_drops_all_is_refused)
{
    weir_connect(build_pairs("a"), build_pairs("b"), "c", &pair_type, NULL, NULL, NULL);
    build_must_refuse("'c' has no function for either input");
    weir_discard(
        weir_connect(build_pairs("a"), build_pairs("b"), "c", &pair_type, NULL, on_record, NULL),
        "out");
    build_must_take();
}
END_TEST

START_TEST(a_side_output_is_of_one_type)
{
    static const struct weir_type alike = WEIR_STRUCT(struct pair, 1);
    for (int is_alike = 0; is_alike <= 1; is_alike++) {
        struct weir_stream *f = weir_flat_map(build_pairs("in"), "f", &pair_type, on_record, NULL);
        weir_discard(weir_side_output(f, 1, &pair_type), "one");
        weir_discard(weir_side_output(f, 1, is_alike ? &alike : &weir_long), "two");
        if (is_alike)
            build_must_take();
        else
            build_must_refuse("side output 1 of 'f' is 'long', and was 'struct pair' before");
    }
}
END_TEST

START_TEST(what_is_counted_is_there)
{
    static const struct weir_type *const type = &pair_type;
    static const char *const maps[] = { "rules" }, *const nameless_file[] = { NULL };
    const struct weir_process process = { .state_count = 3, .on_record = on_record };
    const struct weir_list_process lists = { .list_count = 2, .on_record = on_record };
    struct weir_broadcast_process rules = { .process = { .on_record = on_record },
                                            .map_count = 1,
                                            .on_rule = on_record };
    const struct weir_key key = WEIR_FIELD_LONG(struct pair, key);
    weir_process(weir_key_by(build_pairs("in"), key), "p", type, &process, NULL);
    build_must_refuse("'p' has 3 states, and null in their place");
    weir_process_lists(build_pairs("in"), "p", type, &lists, NULL);
    build_must_refuse("'p' has 2 lists, and null in their place");
    weir_process_broadcast(weir_key_by(build_pairs("in"), key), build_pairs("r"), "p", type, &rules,
                           NULL);
    build_must_refuse("'p' has 1 broadcast maps, and null in their place");
    rules.maps = maps;
    weir_process_broadcast(weir_key_by(build_pairs("in"), key), build_pairs("r"), "p", type, &rules,
                           NULL);
    build_must_take();
    weir_from_files(env, "in", &(struct weir_files){ .path_count = 2 });
    build_must_refuse("'in' has 2 files, and null in their place");
    weir_from_log(env, "in", &(struct weir_log){ .paths = nameless_file, .path_count = 1 }, NULL);
    build_must_refuse("a file of 'in' has no name");
}
END_TEST

START_TEST(texts_that_are_said_of_operators_are_there)
{
    weir_uid(build_pairs("in"), NULL);
    build_must_refuse("the uid of 'in' is null");
    weir_slot_sharing_group(build_pairs("in"), NULL);
    build_must_refuse("the slot sharing group of 'in' is null");
    weir_configure(env, "parallelism.default", NULL);
    build_must_refuse("a setting is null: parallelism.default: null");
}
END_TEST

static void join(struct weir_context *ctx, const struct weir_record *left,
                 const struct weir_record *right, void *user)
{
    (void)ctx, (void)left, (void)right, (void)user;
}

enum reader { WINDOW, SESSION, INTERVAL_JOIN, WINDOW_JOIN, READERS };

/* Pairs, and what they are joined with: their keys alone. */
static struct weir_stream *read_by(enum reader reader)
{
    const struct weir_window window = { .size_ms = 10 }, session = { .gap_ms = 10 };
    const struct weir_aggregate aggregate = { &pair_type, add, add_up, give };
    const struct weir_interval interval = { .upper_ms = 10 };
    struct weir_stream *pairs = source(&pair_type);
    struct weir_stream *keyed = weir_key_by(pairs, WEIR_FIELD_LONG(struct pair, key));
    if (reader == WINDOW || reader == SESSION)
        return weir_aggregate(keyed, "r", &pair_type, reader == SESSION ? &session : &window,
                              &aggregate, NULL);
    struct weir_stream *numbers =
        weir_key_by(weir_flat_map(pairs, "numbers", &weir_long, on_record, NULL), WEIR_WHOLE_LONG);
    return reader == INTERVAL_JOIN
               ? weir_interval_join(keyed, numbers, "r", &pair_type, &interval, join, NULL)
               : weir_window_join(keyed, numbers, "r", &pair_type, &window, join, NULL);
}

START_TEST(late_records_go_out_as_they_came_in)
{
    static const char refused[] = "side output 1 of 'r' is 'text', and takes late records "
                                  "'struct pair'";
    enum reader reader = (enum reader)_i;
    weir_discard(weir_side_output(read_by(reader), WEIR_LATE, &weir_text), "late");
    build_must_refuse(refused);
    weir_discard(weir_side_output(read_by(reader), WEIR_LATE, &pair_type), "late");
    build_must_take();
    if (reader == WINDOW || reader == SESSION)
        return;
    weir_discard(weir_side_output(read_by(reader), WEIR_LATE_RIGHT, &pair_type), "late");
    build_must_refuse("side output 2 of 'r' is 'struct pair', and takes late records 'long'");
    weir_discard(weir_side_output(read_by(reader), WEIR_LATE_RIGHT, &weir_long), "late");
    build_must_take();
}
END_TEST

Suite *test_api_refused_suite(void);
Suite *test_api_refused_suite(void)
{
    Suite *suite = suite_create("api refused");
    TCase *tcase = tcase_create("refused");
    tcase_add_checked_fixture(tcase, setup, build_end);
    tcase_add_test(tcase, keys_that_no_table_holds_are_refused);
    tcase_add_test(tcase, windows_may_be_off_either_way_by_less_than_their_slide);
    tcase_add_test(tcase, state_that_is_not_said_in_full_is_refused);
    tcase_add_test(tcase, types_that_are_none_are_refused);
    tcase_add_test(tcase, a_connect_that_drops_all_is_refused);
    tcase_add_test(tcase, a_side_output_is_of_one_type);
    tcase_add_test(tcase, what_is_counted_is_there);
    tcase_add_test(tcase, texts_that_are_said_of_operators_are_there);
    tcase_add_loop_test(tcase, late_records_go_out_as_they_came_in, 0, READERS);
    suite_add_tcase(suite, tcase);
    return suite;
}
