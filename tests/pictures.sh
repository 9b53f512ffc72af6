#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Draws the pictures of small runs with the command $1 (default: build/weir): no mark, a single one,
# many, a job beside another, a variant behind. Gnuplot must say nothing, leave every picture in both
# formats, write its texts (the question, the names of curves and of events), and draw the line of an
# event through each panel. Out: what failed, then "N passed, N failed".
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

# verdict NAME WHAT: passed when WHAT is empty.
verdict() {
    if [ -z "$2" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "pictures: $1: $2"
    fi
}

# says NAME PICTURE TEXT...: each of them stands in the picture.
says() {
    file=$1/plots/$2.svg
    missing=
    name="$1 $2"
    shift 2
    for text; do
        grep -qF ">$text<" "$file" || missing="$missing '$text'"
    done
    verdict "$name" "${missing:+no text$missing}"
}

# draws NAME PICTURE COLUMN...: a curve or points of each column of the run, which gnuplot is given
# by name, or as a variable.
draws() {
    file=$1/plots/$2.svg
    missing=
    name="$1 $2"
    shift 2
    for column; do
        awk -v column="$column" '
            /<title>/ { inside = index($0, "rows using") && $0 ~ "\\(\047?" column "[\047)]" }
            /^\t<\/g>/ { inside = 0 }
            inside && /<path|<use|<polygon/ { drawn = 1 }
            END { exit !drawn }' "$file" || missing="$missing $column"
    done
    verdict "$name" "${missing:+nothing drawn of$missing}"
}

# lines NAME PICTURE SECONDS COUNT: so many upright lines, at least, at this moment of the five
# minutes (no tick stands there): one in the strip of names, one in each panel.
lines() {
    count=$(awk -v x=$((12000 + 144000 * $3 / 300)) '
        match($0, /M[0-9.]+,[0-9.]+ L[0-9.]+,[0-9.]+ /) {
            split(substr($0, RSTART, RLENGTH), part, /[ML, ]+/)
            near = part[2] * 100 - x
            count += part[2] == part[4] && part[3] != part[5] && near < 10 && near > -10
        }
        END { print count + 0 }' "$1/plots/$2.svg")
    [ "$count" -ge "$4" ] && what= || what="$count lines at $3 s, expected $4"
    verdict "$1 $2" "$what"
}

# steps NAME PICTURE COLUMN: where its curve steps first and last.
steps() {
    awk -v column="$3" '
        /<title>/ { inside = index($0, "rows using") && $0 ~ "\\(\047?" column "[\047)]" }
        /^\t<\/g>/ { inside = 0 }
        inside { curve = curve " " $0 }
        END {
            gsub(/.*d=.M|[ \t]*.\/>.*/, "", curve)
            count = split(curve, part, /[ \tL]+/)
            for (i = 2; i <= count; i++) {
                split(part[i - 1], from, ",")
                split(part[i], to, ",")
                if (from[1] == to[1] && from[2] != to[2]) {
                    last = to[1]
                    first = first ? first : last
                }
            }
            print first, last
        }' "$1/plots/$2.svg"
}

# steps_alike NAME PICTURE COLUMN COLUMN
steps_alike() {
    one=$(steps "$1" "$2" "$3")
    other=$(steps "$1" "$2" "$4")
    [ "$one" = "$other" ] && [ "$one" != " " ] && what= || what="$3 steps at $one, $4 at $other"
    verdict "$1 $2" "$what"
}

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
# again NAME: `weir plot` draws the same pictures anew, in place of old ones that are not theirs.
again() {
    cp -r "$1/plots" before
    for file in "$1"/plots/*; do
        echo old > "$file"
    done
    what=
    "$weir" plot "$1" > said 2>&1 || what="weir plot: $(cat said)"
    diff -r before "$1/plots" > said 2>&1 || what="$what other pictures"
    rm -rf before
    verdict "$1 again" "$what"
}

draw one-mark 'a' 'overview utilisation' 'events: [ { at: 131s, savepoint: a } ]'
says one-mark overview 'What does it look like?' 'savepoint a' offered served lag parallelism \
    TaskManagers completed 'seconds since the start'
says one-mark utilisation 'What does it look like?' 'savepoint a' 'source, % of time:' \
    'count, % of time:' busy idle backpressured
draws one-mark overview offered_rate served_rate lag_seconds parallelism task_managers
draws one-mark utilisation busy idle backpressured busy_max
lines one-mark overview 131 5
lines one-mark utilisation 131 3
again one-mark
draw two-jobs 'a b' 'overview recovery utilisation' 'events: [ { at: 2min, kill: tm1 } ]'
says two-jobs overview 'kill tm1' 'machines lost: 1'
says two-jobs recovery 'How b came back: kill tm1' 'kill tm1' 'all tasks RUNNING' \
    'seconds since the fault'
draws two-jobs recovery offered_column served_column lag_column
draw many-marks 'a' 'overview recovery utilisation' \
    'events: [ { at: 30s, every: 5s, fail: count } ]'
draw a-variant 'a' 'overview compare recovery utilisation' \
    'events: [ { at: 2min, fail: count } ]
compare: { undisturbed: { events: null } }'
says a-variant overview 'fail count 0' 'served, undisturbed'
# Of the same samples: down at the fault, level again when all is read.
steps_alike a-variant recovery served_column lag_column
says a-variant compare a-variant undisturbed 'lag, p99 (s)' 'downtime (s)'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
