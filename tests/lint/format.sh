#!/usr/bin/env bash
# Every C++ file is as clang-format (14, Debian 12's) would write it. To repair: tests/lint/format.sh --fix
set -u
cd "$(dirname "$0")/../.."
command -v clang-format > /dev/null || { echo "SKIPPED: clang-format is not installed"; exit 77; }
how=(--dry-run -Werror)
[ "${1:-}" = --fix ] && how=(-i)
find server agent client proto tests \( -name '*.cc' -o -name '*.h' \) -print0 | xargs -0 -n 40 -P "$(nproc)" clang-format "${how[@]}"
