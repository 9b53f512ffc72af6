/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of main with null where there must be something: the call, what is null, and an expression
 * that makes it, with `s` a stream.
 */
#ifndef WEIR_TESTS_PROGRAMS_NULLS_H
#define WEIR_TESTS_PROGRAMS_NULLS_H

#define NULL_CALLS(X)                                                                              \
    X(weir_from_generator, env, weir_from_generator(NULL, "x", NULL, NULL))                        \
    X(weir_from_generator, generator, weir_from_generator(env, "x", NULL, NULL))                   \
    X(weir_from_files, env, weir_from_files(NULL, "x", NULL))                                      \
    X(weir_from_files, files, weir_from_files(env, "x", NULL))                                     \
    X(weir_from_log, env, weir_from_log(NULL, "x", NULL, NULL))                                    \
    X(weir_from_log, log, weir_from_log(env, "x", NULL, NULL))                                     \
    X(weir_align_watermarks, of, weir_align_watermarks(NULL, "x", 1, 1))                           \
    X(weir_assign_watermarks, in, weir_assign_watermarks(NULL, "x", NULL, NULL, NULL))             \
    X(weir_assign_watermarks, watermarks, weir_assign_watermarks(s, "x", NULL, NULL, NULL))        \
    X(weir_map, in, weir_map(NULL, "x", NULL, NULL, NULL))                                         \
    X(weir_filter, in, weir_filter(NULL, "x", NULL, NULL))                                         \
    X(weir_flat_map, in, weir_flat_map(NULL, "x", NULL, NULL, NULL))                               \
    X(weir_connect, first, weir_connect(NULL, s, "x", NULL, NULL, NULL, NULL))                     \
    X(weir_connect, second, weir_connect(s, NULL, "x", NULL, NULL, NULL, NULL))                    \
    X(weir_side_output, of, weir_side_output(NULL, 1, NULL))                                       \
    X(weir_key_by, in, weir_key_by(NULL, (struct weir_key){ 0 }))                                  \
    X(weir_reduce, keyed, weir_reduce(NULL, "x", NULL, NULL, NULL))                                \
    X(weir_process, keyed, weir_process(NULL, "x", NULL, NULL, NULL))                              \
    X(weir_process, process, weir_process(s, "x", NULL, NULL, NULL))                               \
    X(weir_process_two, first, weir_process_two(NULL, s, "x", NULL, NULL, NULL))                   \
    X(weir_process_two, second, weir_process_two(s, NULL, "x", NULL, NULL, NULL))                  \
    X(weir_process_two, process, weir_process_two(s, s, "x", NULL, NULL, NULL))                    \
    X(weir_process_lists, in, weir_process_lists(NULL, "x", NULL, NULL, NULL))                     \
    X(weir_process_lists, process, weir_process_lists(s, "x", NULL, NULL, NULL))                   \
    X(weir_process_broadcast, keyed, weir_process_broadcast(NULL, s, "x", NULL, NULL, NULL))       \
    X(weir_process_broadcast, rules, weir_process_broadcast(s, NULL, "x", NULL, NULL, NULL))       \
    X(weir_process_broadcast, process, weir_process_broadcast(s, s, "x", NULL, NULL, NULL))        \
    X(weir_aggregate, keyed, weir_aggregate(NULL, "x", NULL, NULL, NULL, NULL))                    \
    X(weir_aggregate, window, weir_aggregate(s, "x", NULL, NULL, NULL, NULL))                      \
    X(weir_aggregate, aggregate,                                                                   \
      weir_aggregate(s, "x", NULL, &(struct weir_window){ 0 }, NULL, NULL))                        \
    X(weir_interval_join, left, weir_interval_join(NULL, s, "x", NULL, NULL, NULL, NULL))          \
    X(weir_interval_join, right, weir_interval_join(s, NULL, "x", NULL, NULL, NULL, NULL))         \
    X(weir_interval_join, interval, weir_interval_join(s, s, "x", NULL, NULL, NULL, NULL))         \
    X(weir_window_join, left, weir_window_join(NULL, s, "x", NULL, NULL, NULL, NULL))              \
    X(weir_window_join, right, weir_window_join(s, NULL, "x", NULL, NULL, NULL, NULL))             \
    X(weir_window_join, window, weir_window_join(s, s, "x", NULL, NULL, NULL, NULL))               \
    X(weir_async, in, weir_async(NULL, "x", NULL, NULL, NULL))                                     \
    X(weir_async, async, weir_async(s, "x", NULL, NULL, NULL))                                     \
    X(weir_async_retry, in, weir_async_retry(NULL, "x", NULL, NULL, NULL, NULL))                   \
    X(weir_async_retry, async, weir_async_retry(s, "x", NULL, NULL, NULL, NULL))                   \
    X(weir_async_retry, retry,                                                                     \
      weir_async_retry(s, "x", NULL, &(struct weir_async){ 0 }, NULL, NULL))                       \
    X(weir_forward, in, weir_forward(NULL))                                                        \
    X(weir_rescale, in, weir_rescale(NULL))                                                        \
    X(weir_rebalance, in, weir_rebalance(NULL))                                                    \
    X(weir_broadcast, in, weir_broadcast(NULL))                                                    \
    X(weir_partition_custom, in, weir_partition_custom(NULL, NULL, NULL))                          \
    X(weir_discard, in, weir_discard(NULL, "x"))                                                   \
    X(weir_collect, in, weir_collect(NULL, "x"))                                                   \
    X(weir_execute_and_collect, in, weir_execute_and_collect(NULL, "x"))                           \
    X(weir_sink_files, in, weir_sink_files(NULL, "x", NULL, NULL))                                 \
    X(weir_sink_table, keyed, weir_sink_table(NULL, "x", NULL, NULL))                              \
    X(weir_parallelism, of, weir_parallelism(NULL, 1))                                             \
    X(weir_max_parallelism, of, weir_max_parallelism(NULL, 1))                                     \
    X(weir_uid, of, weir_uid(NULL, "x"))                                                           \
    X(weir_slot_sharing_group, of, weir_slot_sharing_group(NULL, "x"))                             \
    X(weir_start_new_chain, of, weir_start_new_chain(NULL))                                        \
    X(weir_disable_chaining, of, weir_disable_chaining(NULL))                                      \
    X(weir_cost, of, weir_cost(NULL, NULL))                                                        \
    X(weir_cost, cost, weir_cost(s, NULL))                                                         \
    X(weir_configure, env, weir_configure(NULL, "x", "x"))                                         \
    X(weir_execute, env, weir_execute(NULL, "x"))                                                  \
    X(weir_execute_async, env, weir_execute_async(NULL, "x"))                                      \
    X(weir_job_status, job, weir_job_status(NULL))                                                 \
    X(weir_job_wait, job, weir_job_wait(NULL))                                                     \
    X(weir_job_failure, job, weir_job_failure(NULL))                                               \
    X(weir_job_cancel, job, weir_job_cancel(NULL))                                                 \
    X(weir_job_savepoint, job, weir_job_savepoint(NULL))                                           \
    X(weir_job_stop, job, weir_job_stop(NULL, false))                                              \
    X(weir_results_job, results, weir_results_job(NULL))                                           \
    X(weir_sleep, env, weir_sleep(NULL, 1))                                                        \
    X(weir_is_planning, env, weir_is_planning(NULL))

#endif
