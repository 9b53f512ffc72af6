/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the partitioners: which channel a record goes to, against the definition, and what they
 * refuse.
 */
#include <check.h>

#include "core/graph/key_groups.h"
#include "tests/lib/partitions.h"

static struct result_partition partition;
static struct note note;
static uint32_t watermarks;

START_TEST(rebalance_goes_on_from_a_random_start)
{
    uint64_t words[64];
    uint32_t starts = 0;
    for (uint32_t seed = 0; seed < 40; seed++) {
        struct result_partition_config config = partitions_config(PARTITION_REBALANCE, 3);
        config.seed = seed;
        partitions_open(&partition, config);
        uint32_t start = partition.selector.next;
        starts |= 1u << start;
        ck_assert(!err_is(partitions_write(&partition, 4, NULL, &note)));
        ck_assert(!err_is(partitions_write(&partition, 4, NULL, &note)));
        for (uint32_t i = 0; i < 3; i++) {
            uint32_t channel = (start + i) % 3,
                     count = partitions_read(&partition, channel, words, &watermarks);
            ck_assert_uint_eq(count, i < 2 ? 3 : 2);
            ck_assert_uint_eq(words[0], i);
        }
        result_partition_fini(&partition);
    }
    ck_assert_uint_eq(starts, 7);
}
END_TEST

START_TEST(rescale_begins_at_its_first_channel)
{
    uint64_t words[64];
    partitions_open(&partition, partitions_config(PARTITION_RESCALE, 4));
    ck_assert(!err_is(partitions_write(&partition, 6, NULL, &note)));
    const uint32_t expected[] = { 2, 2, 1, 1 };
    for (uint32_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(partitions_read(&partition, i, words, &watermarks), expected[i]);
        ck_assert_uint_eq(words[0], i);
    }
    result_partition_fini(&partition);
}
END_TEST

/* Against the definition, for all kinds of slots, each channel in order. */
START_TEST(hash_sends_each_record_to_the_owner_of_its_key_group)
{
    static const struct record_layout layouts[] = {
        { .size = 8 }, { .size = 8, .timestamped = true }, { .size = 20 }, { .size = 0 }
    };
    static uint64_t slots[4 * 3000], words[3000];
    static uint32_t at[3000];
    static uint16_t groups[3000];
    struct rng rng = rng_stream(1, "hash", 0);
    struct record_layout layout = layouts[_i];
    struct result_partition_config config = partitions_config(PARTITION_HASH, 7);
    config.layout = layout;
    config.buffers = 5000;
    partitions_open(&partition, config);
    uint32_t slot = record_slot_size(layout, layout.size ? layout.size : 8) / 8;
    for (uint32_t i = 0; i < 3000; i++) {
        groups[i] = (uint16_t)rng_below(&rng, 128);
        at[i] = i * slot * 8;
        slots[i * slot] = 8; /* the length, where there is one */
        slots[i * slot + (layout.timestamped || !layout.size)] = i;
    }
    struct batch batch = { .slots = (const uint8_t *)slots,
                           .count = 3000,
                           .stride = record_stride(layout),
                           .at = layout.size ? NULL : at,
                           .layout = layout };
    ck_assert(!err_is(result_partition_write(&partition, &batch, groups, &note)));
    for (int32_t channel = 0; channel < 7; channel++) {
        uint32_t count = partitions_read(&partition, (uint32_t)channel, words, &watermarks), k = 0;
        for (uint32_t i = 0; i < 3000; i++)
            if (key_group_subtask(groups[i], 7, 128) == channel)
                ck_assert_uint_eq(words[k++], i);
        ck_assert_uint_eq(k, count);
    }
    result_partition_fini(&partition);
}
END_TEST

START_TEST(partition_refuses_targets_out_of_range_wherever_they_are)
{
    static const uint32_t limits[] = { 1, 2, 127, 128, 32768 };
    struct channel_selector selector;
    uint16_t targets[23];
    for (int l = 0; l < 5; l++) {
        ck_assert(
            !err_is(channel_selector_init(&selector, PARTITION_CUSTOM, limits[l], 0, NULL, &note)));
        for (uint32_t i = 0; i < 23; i++) {
            for (uint32_t k = 0; k < 23; k++)
                targets[k] = (uint16_t)(limits[l] - 1);
            ck_assert(!err_is(channel_selector_check_targets(&selector, targets, 23, &note)));
            targets[i] = (uint16_t)limits[l];
            ck_assert(err_is(channel_selector_check_targets(&selector, targets, 23, &note)));
            targets[i] = UINT16_MAX;
            ck_assert(err_is(channel_selector_check_targets(&selector, targets, 23, &note)));
            ck_assert(!err_is(channel_selector_check_targets(&selector, targets, i, &note)));
        }
        channel_selector_fini(&selector);
    }
    partitions_open(&partition, partitions_config(PARTITION_HASH, 2));
    uint16_t groups[2] = { 127, 128 };
    ck_assert(err_is(partitions_write(&partition, 2, groups, &note)));
    ck_assert_str_eq(note.text, "key group 128; there are 128");
    ck_assert_uint_eq(partition.pool->in_use, 0);
    result_partition_fini(&partition);
}
END_TEST

START_TEST(partition_refuses_what_cannot_be)
{
    struct channel_selector selector;
    ck_assert(err_is(channel_selector_init(&selector, PARTITION_FORWARD, 2, 0, NULL, &note)));
    ck_assert(err_is(channel_selector_init(&selector, PARTITION_RESCALE, 0, 0, NULL, &note)));
    ck_assert(err_is(channel_selector_init(&selector, PARTITION_RESCALE, 32769, 0, NULL, &note)));
    ck_assert(err_is(channel_selector_init(&selector, PARTITION_HASH, 5, 4, NULL, &note)));
    ck_assert(err_is(channel_selector_init(&selector, PARTITION_HASH, 5, 32769, NULL, &note)));
    struct result_partition_config config = partitions_config(PARTITION_FORWARD, 1);
    config.layout.size = 57;
    ck_assert(err_is(result_partition_init(&partition, &config, &note)));
    ck_assert_str_eq(note.text, "records of 57 bytes do not fit into buffers of 64");
    result_partition_fini(&partition);
    config.layout.size = 8;
    const uint32_t sizes[] = { BUFFER_SIZE_MIN - 1, BUFFER_SIZE_MAX + 1 };
    for (int i = 0; i < 2; i++) {
        config.buffer_size = sizes[i];
        ck_assert(err_is(result_partition_init(&partition, &config, &note)));
        result_partition_fini(&partition);
    }
    config.buffer_size = 64;
    config.buffers = BUFFER_POOL_MAX / 2 + 1;
    ck_assert(err_is(result_partition_init(&partition, &config, &note)));
    result_partition_fini(&partition);
    config.buffers = BUFFER_POOL_MAX / 2;
    config.overdraft_max = BUFFER_POOL_MAX / 2;
    config.layout.size = 56;
    partitions_open(&partition, config);
    result_partition_fini(&partition);
}
END_TEST

Suite *test_exec_partitioner_suite(void)
{
    Suite *suite = suite_create("exec partitioner");
    TCase *tcase = tcase_create("partitioners");
    tcase_add_test(tcase, rebalance_goes_on_from_a_random_start);
    tcase_add_test(tcase, rescale_begins_at_its_first_channel);
    tcase_add_loop_test(tcase, hash_sends_each_record_to_the_owner_of_its_key_group, 0, 4);
    tcase_add_test(tcase, partition_refuses_targets_out_of_range_wherever_they_are);
    tcase_add_test(tcase, partition_refuses_what_cannot_be);
    suite_add_tcase(suite, tcase);
    return suite;
}
