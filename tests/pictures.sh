#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Draws the pictures of small runs with the command $1 (default: build/weir): no mark, a single one,
# many, a job beside another, a variant behind. Gnuplot must say nothing, and leave every picture in
# both formats. Out: what failed, then "N passed, N failed".
set -u
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.." || exit 2
weir=$(realpath "${1:-build/weir}") || exit 2
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
WEIR_PLOTS=${WEIR_PLOTS:-$PWD/plots}
export WEIR_PLOTS
cd "$folder" || exit 2
passed=0
failed=0

cat > base <<'END'
question: What does it look like?
duration: 5min
config: { execution.checkpointing.interval: 10s }
cluster: { task-manager: { count: 3, slots: 2, boot: 1s } }
END
vertices='vertices: [ { name: source, cost: 2us }, { name: count, cost: 5us } ], edges: [ source -> count: hash ], load: 1k/s'

# draw NAME JOBS PICTURES REST
draw() {
    {
        echo "name: $1"
        cat base
        echo 'jobs:'
        for job in $2; do
            echo "  - { name: $job, $vertices }"
        done
        echo "$4"
    } > "$1.yaml"
    "$weir" run "$1.yaml" --out "$1" > said 2>&1 || echo "exit code $?" >> said
    missing=
    for picture in $3; do
        for format in png svg; do
            [ -s "$1/plots/$picture.$format" ] || missing="$missing $picture.$format"
        done
    done
    if [ -z "$missing" ] && ! grep -q 'gnuplot\|exit code' said; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "pictures: $1: missing:${missing:- none}"
        grep 'gnuplot\|exit code' said
    fi
}

draw no-mark 'a' 'overview utilisation' ''
draw one-mark 'a' 'overview utilisation' 'events: [ { at: 2min, savepoint: a } ]'
draw two-jobs 'a b' 'overview recovery utilisation' 'events: [ { at: 2min, kill: tm1 } ]'
draw many-marks 'a' 'overview recovery utilisation' \
    'events: [ { at: 30s, every: 5s, fail: count } ]'
draw a-variant 'a' 'overview compare recovery utilisation' \
    'events: [ { at: 2min, fail: count } ]
compare: { undisturbed: { events: null } }'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
