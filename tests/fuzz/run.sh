#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs every fuzzer found in folder $1 for FUZZ_SECONDS (10). Fuzzer fuzz_NAME starts from the
# seeds in tests/fuzz/corpus/NAME; what it finds on the way stays in the build folder, and so does
# an input that breaks something. Exit code 1: one did, or a fuzzer has no seeds.
set -u
folder=$1
seconds=${FUZZ_SECONDS:-10}
passed=0
failed=0

for fuzzer in "$folder"/fuzz_*; do
    name=${fuzzer##*/fuzz_}
    seeds=tests/fuzz/corpus/$name
    work=$folder/../found/$name
    mkdir -p "$work"
    if [ -z "$(ls "$seeds" 2> /dev/null)" ]; then
        echo "FAILED $name: no seeds in $seeds"
        failed=$((failed + 1))
    elif "$fuzzer" -seed=1 -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
        -artifact_prefix="$work/broken-" "$work" "$seeds" > "$work.log" 2>&1 < /dev/null; then
        printf '%-12s %s\n' "$name" "$(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\).*/\1 inputs in \2 s/p' "$work.log")"
        passed=$((passed + 1))
    else
        tail -40 "$work.log"
        echo "FAILED $name: the input is $work/broken-*"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
