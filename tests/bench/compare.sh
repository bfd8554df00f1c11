#!/usr/bin/env bash
# The executor against the kernel: the same routers made and deleted by the floor program (netlink_floor.cc), by what a
# user would run instead (peers/), and through Warren, end to end; each in network and mount namespaces of its own.
#
#   sudo WARREN_BIN=build/bin tests/bench/compare.sh [OPTION...]        --help lists them
#
# Whatever happens to it, it leaves nothing: all that it starts lives in a PID namespace that ends with it.
set -u
here=$(cd "$(dirname "$0")" && pwd)

[ "$(id -u)" = 0 ] || { echo "compare: root is needed: it makes network namespaces" >&2; exit 1; }
WARREN_BIN=$(realpath -m "${WARREN_BIN:-$here/../../build/bin}")
export WARREN_BIN
for program in "$WARREN_BIN"/warren-{server,agent} "$WARREN_BIN"/../bench/{netlink_floor,router_load}; do
  [ -x "$program" ] || { echo "compare: $program is not there: build first (WARREN_BIN says where)" >&2; exit 1; }
done

scratch=$(mktemp -d "${WARREN_BENCH_DIR:-${TMPDIR:-/tmp}}/warren-compare-XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
TMPDIR=$scratch unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
  python3 -B "$here/compare.py" "$@"
