#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the example of each command's --help, those of the manual page, and that of each calculator,
# with the command $1 (default: build/weir), in a folder of their own with the first hour of the
# scenario they speak of. An example must do what it says: exit code 0, or 1 from run and test,
# whose expectations speak of the whole day. Out: what failed, then "N passed, N failed".
set -u
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.." || exit 2
weir=$(realpath "${1:-build/weir}") || exit 2
manual=$(realpath docs/man/weir.1) || exit 2
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
passed=0
failed=0

mkdir -p "$folder/bin" "$folder/scenarios/reactive-spot-day"
ln -s "$weir" "$folder/bin/weir"
sed 's/^duration: .*/duration: 1h/' scenarios/reactive-spot-day/scenario.yaml \
    > "$folder/scenarios/reactive-spot-day/scenario.yaml"
cp -r scenarios/fault-kill "$folder/scenarios"
WEIR_PLOTS=${WEIR_PLOTS:-$PWD/plots}
PATH=$folder/bin:$PATH
export PATH WEIR_PLOTS
cd "$folder" || exit 2

# try LINE
try() {
    sh -c "$1" > "$folder/said" 2>&1 < /dev/null
    code=$?
    case $1 in
    "weir run "* | "weir test "*) [ $code -eq 1 ] && code=0 ;;
    esac
    if [ $code -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "examples: $1"
        tail -n 5 "$folder/said"
    fi
}

{
    weir help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | while read -r name; do
        weir help "$name" | sed -n '/^Example:$/,$s/^  //p'
    done
    sed -n '/^\.SH EXAMPLES/,/^\.fi/{ /^weir /s/\\//gp; }' "$manual"
    weir calc --list | while read -r name rest; do
        echo "weir calc $name --help | weir calc $name"
    done
} > examples
[ "$(grep -c '^' examples)" -ge 15 ] || failed=1

while read -r line; do
    try "$line"
done < examples
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
