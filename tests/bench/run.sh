#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the bench programs named, under one table header. Each prints its own lines (bench.h).
set -eu
printf '%-52s %12s %12s %7s  %s\n' 'bench' 'ours' 'yardstick' 'ratio' 'median of'
for bench; do
    "$bench"
done
