#!/usr/bin/env bash
# Installs what is needed, builds, and runs every test: the release build, the same under AddressSanitizer and UBSan, and
# what is free of gRPC under ThreadSanitizer.
#
#   sudo tests/run.sh [--fast]      --fast: the release build only
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "tests/run.sh: root is needed: the tests make network namespaces" >&2; exit 1; }
deploy/install-deps.sh

jobs=$(nproc)
run() {
  local preset=$1
  echo "== $preset"
  cmake --preset "$preset" > /dev/null
  cmake --build --preset "$preset" -j "$jobs"
  ctest --preset "$preset" -j "$jobs" "${@:2}"
}

[ "${1:-}" = --fast ] || { run tsan; WARREN_TEST_SLOWNESS=4 run asan; }
run release
