#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# clang-format of the version the tree is formatted with; its arguments are clang-format's. Another
# version formats differently, so it is refused rather than used.
set -eu
version=14
command=clang-format-$version
command -v $command > /dev/null || command=clang-format
command -v $command > /dev/null || { echo "clang-format $version is needed; there is none"; exit 2; }
case $($command --version) in
*"version $version."*) ;;
*) echo "clang-format $version is needed; this is $($command --version)"; exit 2 ;;
esac
exec $command --style=file "$@"
