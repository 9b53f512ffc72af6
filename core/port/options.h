/* SPDX-License-Identifier: Apache-2.0
 *
 * Flink's configuration keys that Weir knows, once: the typed struct, the reader, the nearest-key
 * help and the table in docs/configuration.md all come from this list. Defaults are Flink 2.3's.
 *
 * X(type, field, key, default, older key or "", where it belongs, what it does)
 * type: DURATION (time_ns) SIZE (int64_t bytes) COUNT (int64_t) FLAG (bool) RATIO (int64_t ppm)
 *       TEXT (struct config_text, "" when not set)
 *       or the name of a choice list below (enum). Default "" = not set: TIME_NEVER, -1 or choice
 * 0. An OPEN_DURATION may also be negative, as Flink allows it there: that is "not set" where not
 * set is the default, else it is kept as -1 ns.
 */
#ifndef WEIR_PORT_OPTIONS_H
#define WEIR_PORT_OPTIONS_H

/* choice lists: C(NAME of the list, enumerator, text); the first is the default */
#define CHOICES_SCHEDULER(C)                                                                       \
    C(SCHEDULER, UNSET, "")                                                                        \
    C(SCHEDULER, DEFAULT, "default")                                                               \
    C(SCHEDULER, ADAPTIVE, "adaptive") C(SCHEDULER, ADAPTIVE_BATCH, "adaptivebatch")
#define CHOICES_SCHEDULER_MODE(C)                                                                  \
    C(SCHEDULER_MODE, UNSET, "") C(SCHEDULER_MODE, REACTIVE, "reactive")
#define CHOICES_RUNTIME_MODE(C)                                                                    \
    C(RUNTIME_MODE, STREAMING, "streaming")                                                        \
    C(RUNTIME_MODE, BATCH, "batch") C(RUNTIME_MODE, AUTOMATIC, "automatic")
#define CHOICES_FAILOVER(C) C(FAILOVER, REGION, "region") C(FAILOVER, FULL, "full")
#define CHOICES_RESTART(C)                                                                         \
    C(RESTART, UNSET, "")                                                                          \
    C(RESTART, NONE, "none")                                                                       \
    C(RESTART, FIXED_DELAY, "fixed-delay")                                                         \
    C(RESTART, FAILURE_RATE, "failure-rate") C(RESTART, EXPONENTIAL_DELAY, "exponential-delay")
#define CHOICES_LOAD_BALANCE(C)                                                                    \
    C(LOAD_BALANCE, NONE, "none")                                                                  \
    C(LOAD_BALANCE, SLOTS, "slots")                                                                \
    C(LOAD_BALANCE, TASKS, "tasks") C(LOAD_BALANCE, MIN_RESOURCES, "min_resources")
#define CHOICES_CHECKPOINT_MODE(C)                                                                 \
    C(CHECKPOINT_MODE, EXACTLY_ONCE, "exactly_once")                                               \
    C(CHECKPOINT_MODE, AT_LEAST_ONCE, "at_least_once")
#define CHOICES_STATE_BACKEND(C)                                                                   \
    C(STATE_BACKEND, HASHMAP, "hashmap") C(STATE_BACKEND, ROCKSDB, "rocksdb")
#define CHOICES_RETENTION(C)                                                                       \
    C(RETENTION, NO_EXTERNALIZED, "no_externalized_checkpoints")                                   \
    C(RETENTION, RETAIN_ON_CANCELLATION, "retain_on_cancellation")                                 \
    C(RETENTION, DELETE_ON_CANCELLATION, "delete_on_cancellation")
#define CHOICES_CLAIM_MODE(C) C(CLAIM_MODE, NO_CLAIM, "no_claim") C(CLAIM_MODE, CLAIM, "claim")
#define CHOICES_TARGET(C)                                                                          \
    C(TARGET, UNSET, "") C(TARGET, EMBEDDED, "embedded") C(TARGET, REMOTE, "remote")

#define CHOICE_LISTS(X)                                                                            \
    X(SCHEDULER)                                                                                   \
    X(SCHEDULER_MODE)                                                                              \
    X(RUNTIME_MODE)                                                                                \
    X(FAILOVER)                                                                                    \
    X(RESTART)                                                                                     \
    X(LOAD_BALANCE) X(CHECKPOINT_MODE) X(STATE_BACKEND) X(RETENTION) X(CLAIM_MODE) X(TARGET)

/* prefix shorthands, for this list only */
#define AD      "jobmanager.adaptive-scheduler."
#define CP      "execution.checkpointing."
#define DEBLOAT "taskmanager.network.memory.buffer-debloat."
#define RS      "restart-strategy."

/* clang-format off */
#define OPTIONS(X) \
    X(SCHEDULER, scheduler, "jobmanager.scheduler", "", "", "scheduler", "which scheduler runs the job; not set: Flink's rule") \
    X(SCHEDULER_MODE, scheduler_mode, "scheduler-mode", "", "", "scheduler", "reactive: use every slot that comes") \
    X(RUNTIME_MODE, runtime_mode, "execution.runtime-mode", "streaming", "", "scheduler", "streaming or batch") \
    X(TARGET, execution_target, "execution.target", "", "", "scheduler", "embedded: application mode") \
    X(COUNT, parallelism_default, "parallelism.default", "1", "", "scheduler", "parallelism of a vertex that gives none") \
    X(COUNT, max_parallelism_default, "pipeline.max-parallelism", "-1", "", "scheduler", "max parallelism of a vertex that gives none; -1: derived") \
    X(FLAG, operator_chaining, "pipeline.operator-chaining.enabled", "true", "pipeline.operator-chaining", "scheduler", "operators of a program that need not change hands run in one task") \
    X(FAILOVER, failover_strategy, "jobmanager.execution.failover-strategy", "region", "", "failover", "restart the failed region or everything") \
    X(COUNT, attempts_history_size, "jobmanager.execution.attempts-history-size", "16", "", "failover", "prior attempts kept per subtask; without effect: nothing shows them yet") \
    X(COUNT, exception_history_size, "web.exception-history-size", "16", "", "failover", "root failures kept per job") \
    X(OPEN_DURATION, adaptive_wait_timeout, AD "submission.resource-wait-timeout", "5 min", AD "resource-wait-timeout", "adaptive", "longest wait for resources; negative: for ever (reactive mode's default)") \
    X(DURATION, adaptive_submission_stabilization, AD "submission.resource-stabilization-timeout", "10 s", AD "resource-stabilization-timeout", "adaptive", "wait for desired when sufficient is there, before a start (reactive mode: 0)") \
    X(DURATION, adaptive_cooldown, AD "executing.cooldown-after-rescaling", "30 s", AD "scaling-interval.min", "adaptive", "shortest time between rescales") \
    X(DURATION, adaptive_executing_stabilization, AD "executing.resource-stabilization-timeout", "1 min", "", "adaptive", "wait for desired when sufficient is there, while running") \
    X(DURATION, adaptive_scaling_interval_max, AD "scaling-interval.max", "", "", "adaptive", "parses, and is read by nothing since FLIP-461") \
    X(DURATION, adaptive_max_delay, AD "rescale-trigger.max-delay", "", "", "adaptive", "longest wait for a checkpoint before a rescale; not set: (max-checkpoint-failures + 1) x interval") \
    X(COUNT, adaptive_max_checkpoint_failures, AD "rescale-trigger.max-checkpoint-failures", "2", "", "adaptive", "failed checkpoints after a change that trigger a rescale") \
    X(FLAG, adaptive_active_checkpoint, AD "rescale-trigger.active-checkpoint.enabled", "true", "", "adaptive", "ask for a checkpoint when a rescale is near (flink-version 2.4)") \
    X(FLAG, adaptive_prefer_minimal_tms, AD "prefer-minimal-taskmanagers", "true", "", "adaptive", "use as few TaskManagers as possible (application mode)") \
    X(COUNT, adaptive_min_parallelism_increase, AD "min-parallelism-increase", "1", "", "adaptive", "parses, and only logs a warning since the phase machine") \
    X(COUNT, rescale_history_size, "web.adaptive-scheduler.rescale-history.size", "0", "", "adaptive", "rescale records kept; 0: off") \
    X(DURATION, slot_request_timeout, "slot.request.timeout", "5 min", "", "slots", "how long a slot request of the default scheduler may stay open") \
    X(DURATION, slot_request_max_interval, "slot.request.max-interval", "20 ms", "", "slots", "requirement changes are gathered this long") \
    X(DURATION, slot_idle_timeout, "slot.idle.timeout", "50 s", "", "slots", "an unneeded slot is given back after this; also the period of the check") \
    X(DURATION, tm_slot_timeout, "taskmanager.slot.timeout", "", "", "slots", "a slot allocated but not accepted by its job is freed after this; not set: pekko.ask.timeout") \
    X(COUNT, tm_slots, "taskmanager.numberOfTaskSlots", "1", "", "taskmanager", "slots of a TaskManager that gives none") \
    X(DURATION, tm_registration_timeout, "taskmanager.registration.timeout", "5 min", "", "taskmanager", "a TaskManager that reaches no resource manager for this long exits") \
    X(LOAD_BALANCE, load_balance, "taskmanager.load-balance.mode", "none", "", "slots", "how slots and tasks are spread") \
    X(FLAG, evenly_spread_slots, "cluster.evenly-spread-out-slots", "false", "", "slots", "old name of load-balance mode slots") \
    X(COUNT, slots_max, "slotmanager.number-of-slots.max", "", "", "slotmanager", "most slots of the cluster; not set: no limit; without effect: no driver starts workers yet") \
    X(COUNT, slots_min, "slotmanager.number-of-slots.min", "0", "", "slotmanager", "fewest slots kept; without effect: no driver starts workers yet") \
    X(RATIO, cpu_max, "slotmanager.max-total-resource.cpu", "", "", "slotmanager", "most cores of the cluster; not set: from the slots; without effect: no driver starts workers yet") \
    X(SIZE, memory_max, "slotmanager.max-total-resource.memory", "", "", "slotmanager", "most memory of the cluster; not set: from the slots; without effect: no driver starts workers yet") \
    X(RATIO, cpu_min, "slotmanager.min-total-resource.cpu", "", "", "slotmanager", "fewest cores kept; not set: from the slots; without effect: no driver starts workers yet") \
    X(SIZE, memory_min, "slotmanager.min-total-resource.memory", "", "", "slotmanager", "least memory kept; not set: from the slots; without effect: no driver starts workers yet") \
    X(COUNT, redundant_tms, "slotmanager.redundant-taskmanager-num", "0", "", "slotmanager", "spare TaskManagers kept; without effect: no driver starts workers yet") \
    X(DURATION, tm_idle_timeout, "resourcemanager.taskmanager-timeout", "30 s", "", "slotmanager", "idle release of a TaskManager, and the period of the check; without effect: no driver starts workers yet") \
    X(DURATION, requirement_check_delay, "slotmanager.requirement-check.delay", "50 ms", "", "slotmanager", "requirement changes are checked after this") \
    X(DURATION, declare_needed_delay, "slotmanager.declare-needed-resource.delay", "50 ms", "", "slotmanager", "totals go to the driver after this; without effect: no driver starts workers yet") \
    X(OPEN_DURATION, standalone_start_up, "resourcemanager.standalone.start-up-time", "", "", "resourcemanager", "missing slots are not reported before this, and with 0 never; not set: slot.request.timeout") \
    X(DURATION, rm_job_timeout, "resourcemanager.job.timeout", "5 min", "", "resourcemanager", "a job without a leading JobMaster is dropped after this; without effect: they live in one process") \
    X(DURATION, heartbeat_interval, "heartbeat.interval", "10 s", "", "heartbeat", "between two requests") \
    X(DURATION, heartbeat_timeout, "heartbeat.timeout", "50 s", "", "heartbeat", "after the last heartbeat the other side is given up") \
    X(COUNT, heartbeat_rpc_failures, "heartbeat.rpc-failure-threshold", "2", "", "heartbeat", "unreachable in a row until given up; -1: off") \
    X(DURATION, ask_timeout, "pekko.ask.timeout", "10 s", "", "rpc", "a request that is not taken fails after this") \
    X(DURATION, registration_initial_timeout, "cluster.registration.initial-timeout", "100 ms", "", "rpc", "first wait for a registration answer; doubles") \
    X(DURATION, registration_max_timeout, "cluster.registration.max-timeout", "30 s", "", "rpc", "longest wait for a registration answer") \
    X(DURATION, registration_error_delay, "cluster.registration.error-delay", "10 s", "", "rpc", "wait after a registration error") \
    X(DURATION, registration_refused_delay, "cluster.registration.refused-registration-delay", "30 s", "", "rpc", "wait after a refused registration") \
    X(DURATION, cancellation_interval, "task.cancellation.interval", "30 s", "", "task", "between two interrupts of a task that does not end") \
    X(DURATION, cancellation_timeout, "task.cancellation.timeout", "3 min", "", "task", "then the TaskManager process exits; 0: never") \
    X(RESTART, restart_strategy, RS "type", "", "restart-strategy", "restart", "not set: none, or exponential-delay with checkpointing") \
    X(COUNT, restart_fixed_attempts, RS "fixed-delay.attempts", "1", "", "restart", "restarts before the job fails") \
    X(DURATION, restart_fixed_delay, RS "fixed-delay.delay", "1 s", "", "restart", "wait before each restart") \
    X(COUNT, restart_rate_max, RS "failure-rate.max-failures-per-interval", "1", "", "restart", "failures within the interval that are borne") \
    X(DURATION, restart_rate_interval, RS "failure-rate.failure-rate-interval", "1 min", "", "restart", "the interval of the rate") \
    X(DURATION, restart_rate_delay, RS "failure-rate.delay", "1 s", "", "restart", "wait before each restart") \
    X(DURATION, restart_exp_initial, RS "exponential-delay.initial-backoff", "1 s", "", "restart", "first wait") \
    X(DURATION, restart_exp_max, RS "exponential-delay.max-backoff", "1 min", "", "restart", "longest wait") \
    X(RATIO, restart_exp_multiplier, RS "exponential-delay.backoff-multiplier", "1.5", "", "restart", "growth of the wait") \
    X(DURATION, restart_exp_reset, RS "exponential-delay.reset-backoff-threshold", "1 h", "", "restart", "time without failure after which the wait starts over") \
    X(RATIO, restart_exp_jitter, RS "exponential-delay.jitter-factor", "0.1", "", "restart", "share of the wait that is random") \
    X(COUNT, restart_exp_attempts, RS "exponential-delay.attempts-before-reset-backoff", "", "", "restart", "restarts before the job fails; not set: no limit") \
    X(DURATION, checkpoint_interval, CP "interval", "", "", "checkpoint", "between two checkpoints; not set: none") \
    X(DURATION, checkpoint_interval_backlog, CP "interval-during-backlog", "", "", "checkpoint", "the same while a source works off its backlog; 0: none") \
    X(DURATION, checkpoint_timeout, CP "timeout", "10 min", "", "checkpoint", "a checkpoint expires after this") \
    X(DURATION, checkpoint_min_pause, CP "min-pause", "0 ms", "", "checkpoint", "from the end of one to the start of the next") \
    X(COUNT, checkpoint_max_concurrent, CP "max-concurrent-checkpoints", "1", "", "checkpoint", "checkpoints in progress at once") \
    X(COUNT, checkpoint_tolerable_failures, CP "tolerable-failed-checkpoints", "0", "", "checkpoint", "failures in a row that are borne") \
    X(COUNT, checkpoint_retained, CP "num-retained", "1", "state.checkpoints.num-retained", "checkpoint", "completed checkpoints kept") \
    X(CHECKPOINT_MODE, checkpoint_mode, CP "mode", "exactly_once", "", "checkpoint", "exactly_once aligns barriers, at_least_once does not") \
    X(FLAG, checkpoint_unaligned, CP "unaligned.enabled", "false", CP "unaligned", "checkpoint", "barriers overtake data, which is stored") \
    X(FLAG, checkpoint_unaligned_forced, CP "unaligned.forced", "false", "", "checkpoint", "also where a custom partitioner deals out records") \
    X(DURATION, checkpoint_aligned_timeout, CP "aligned-checkpoint-timeout", "0 ms", "", "checkpoint", "unaligned only after this age; 0: at once") \
    X(RETENTION, checkpoint_retention, CP "externalized-checkpoint-retention", "no_externalized_checkpoints", "", "checkpoint", "what happens to checkpoints when the job ends") \
    X(FLAG, checkpoint_after_finish, CP "checkpoints-after-tasks-finish", "true", "", "checkpoint", "go on when some tasks have finished") \
    X(STATE_BACKEND, state_backend, "state.backend.type", "hashmap", "state.backend", "checkpoint", "hashmap: state is in memory; rocksdb: on the disk of the TaskManager") \
    X(FLAG, checkpoint_incremental, CP "incremental", "false", "state.backend.incremental", "checkpoint", "rocksdb: write only what changed; hashmap leaves it unheard") \
    X(FLAG, local_backup, CP "local-backup.enabled", "false", "", "checkpoint", "keep a copy of each checkpoint's state on the disk of the TaskManager") \
    X(FLAG, recover_from_local, "execution.state-recovery.from-local", "false", "state.backend.local-recovery", "checkpoint", "restore from the local copy where there is one") \
    X(TEXT, recovery_path, "execution.state-recovery.path", "", "execution.savepoint.path", "checkpoint", "the snapshot the job starts from: `savepoint of JOB`, `savepoint 3 of JOB`, `checkpoint of JOB`") \
    X(CLAIM_MODE, recovery_claim_mode, "execution.state-recovery.claim-mode", "no_claim", "execution.savepoint-restore-mode", "checkpoint", "who owns it: claim: the job, which removes it when a newer one subsumes it; no_claim: nobody, so the first checkpoint is a full one") \
    X(FLAG, recovery_ignore_unclaimed, "execution.state-recovery.ignore-unclaimed-state", "false", "execution.savepoint.ignore-unclaimed-state", "checkpoint", "start also when it holds state of a vertex that the job has not") \
    X(FLAG, pause_sources_until_first, "pipeline.sources.pause-until-first-checkpoint", "false", "", "checkpoint", "sources read nothing before they are told of a checkpoint, when they begin and after each restart (flink-version 2.4)") \
    X(FLAG, buffer_timeout_enabled, "execution.buffer-timeout.enabled", "true", "", "network", "false: a buffer is sent when it is full or a barrier comes, whatever the interval says") \
    X(DURATION, buffer_timeout, "execution.buffer-timeout.interval", "100 ms", "execution.buffer-timeout", "network", "a part-filled buffer is sent after this") \
    X(SIZE, buffer_size, "taskmanager.memory.segment-size", "32 kb", "", "network", "bytes of one network buffer") \
    X(COUNT, buffers_per_channel, "taskmanager.network.memory.buffers-per-channel", "2", "", "network", "exclusive buffers of each input channel; deprecated by Flink since 1.20 (FLINK-35461), which uses the default") \
    X(DURATION, call_cost_max, "weir.call.cost-max", "1 min", "", "task", "Weir's own, of jobs written in C: what one call of a user's function may cost, in virtual time, before its task fails; each call of weir.h counts as 1 us of it") \
    X(DURATION, call_cpu_max, "weir.call.cpu-max", "30 s", "", "task", "Weir's own, of programs in C: what one call of a user's function, or main between two calls of weir.h, may take of the CPU's real time; then the run ends; 0: no limit") \
    X(COUNT, buffers_per_gate, "taskmanager.network.memory.floating-buffers-per-gate", "8", "", "network", "floating buffers of each input gate; deprecated likewise") \
    X(SIZE, buffer_size_min, "taskmanager.memory.min-segment-size", "256 bytes", "", "network", "debloating makes no buffer smaller") \
    X(FLAG, debloat, DEBLOAT "enabled", "false", "", "network", "buffers are filled only so far that what is in flight is read within the target") \
    X(DURATION, debloat_target, DEBLOAT "target", "1 s", "", "network", "what is in flight to a gate is to be read within this") \
    X(DURATION, debloat_period, DEBLOAT "period", "200 ms", "", "network", "how often the size is worked out") \
    X(COUNT, debloat_samples, DEBLOAT "samples", "20", "", "network", "periods of the moving average") \
    X(COUNT, debloat_threshold, DEBLOAT "threshold-percentages", "25", "", "network", "senders are told of changes from this on, percent")
/* clang-format on */

#endif
