#!/usr/bin/env bash
# Installs what is needed, builds, and runs every test: what is free of gRPC under ThreadSanitizer, everything under
# AddressSanitizer and UBSan, and everything as it is released. Root on Debian 12; nothing else has to be there.
#
#   sudo tests/run.sh [--fast]      --fast: the release build only
set -uo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "tests/run.sh: root is needed: the tests make network namespaces" >&2; exit 1; }
presets=(tsan asan release)
case ${1:-} in
  "") ;;
  --fast) presets=(release) ;;
  *) echo "usage: tests/run.sh [--fast]" >&2; exit 2 ;;
esac
deploy/install-deps.sh || exit 1

# A compilation takes up to 1.4 GB.
memory=$(awk '/^MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
jobs=$(nproc)
[ "$memory" -ge "$jobs" ] || jobs=$((memory > 0 ? memory : 1))
# So that ccache knows a file again in another checkout.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

summary=()
failed=0
run() {
  local preset=$1 begun=$SECONDS built
  printf '\n== %s: building with %s jobs\n' "$preset" "$jobs"
  if ! cmake --preset "$preset" > /dev/null || ! cmake --build --preset "$preset" -j "$jobs"; then
    summary+=("$preset: does not build")
    failed=1
    return
  fi
  built=$((SECONDS - begun))
  printf '\n== %s: testing\n' "$preset"
  local log=build/ctest.log
  [ "$preset" = release ] || log=build-$preset/ctest.log
  # One more than there are processors: most wait for the kernel.
  if ctest --preset "$preset" -j $((jobs + 1)) 2>&1 | tee "$log"; then
    summary+=("$preset: $(grep 'tests passed' "$log"); built in $built s, tested in $((SECONDS - begun - built)) s")
  else
    summary+=("$preset: FAILED, $(grep 'tests passed' "$log"):")
    summary+=("$(sed -n '/^The following tests FAILED/,/^Errors while/p' "$log" | grep -E '^\s+[0-9]+ - ')")
    failed=1
  fi
  local skipped
  skipped=$(sed -n '/^The following tests did not run/,/^$/p' "$log" | grep -E '^\s+[0-9]+ - ')
  [ -z "$skipped" ] || summary+=("$preset: these did not run, since a tool is missing:" "$skipped")
}
for preset in "${presets[@]}"; do run "$preset"; done

printf '\n== summary, after %s s\n' "$SECONDS"
printf '%s\n' "${summary[@]}"
exit $failed
