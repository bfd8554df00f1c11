#!/usr/bin/env bash
# clang-tidy (.clang-tidy) over the files named, or over every file of the product. Slow (seconds a file), so it is not
# among the tests: run it on what you changed.
#
#   tests/lint/tidy.sh BUILD_DIR [FILE...]
set -u
cd "$(dirname "$0")/../.."
command -v clang-tidy > /dev/null || { echo "SKIPPED: clang-tidy is not installed"; exit 77; }
build=$1
shift
[ $# -gt 0 ] || mapfile -t files < <(find server agent client proto -name '*.cc')
printf '%s\0' "${@:-${files[@]}}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$build" --quiet --warnings-as-errors='*'
