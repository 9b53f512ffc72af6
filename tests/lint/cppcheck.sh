#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# cppcheck over core/ and sim/; what it gets wrong is in cppcheck.txt with the reason.
set -eu
command -v cppcheck > /dev/null || { echo "cppcheck is not installed: .ci/packages ci"; exit 2; }
exec cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --language=c \
    --enable=warning,performance,portability --suppressions-list=tests/lint/cppcheck.txt \
    --template='{file}:{line}: {id}: {message}' -D_GNU_SOURCE -I. \
    -j "$(getconf _NPROCESSORS_ONLN)" core sim
