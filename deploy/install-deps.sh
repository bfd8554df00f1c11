#!/usr/bin/env bash
# Installs every Debian package needed to build, run and test Warren: the one place that lists them. Does nothing, fast,
# when all are there. Debian 12; root. On amd64 also what an emulated machine needs (tests/vm), Debian's kernel included;
# where that kernel cannot be had this says so, and ctest that it skips those tests.
#
#   sudo deploy/install-deps.sh [--no-kernel]      --no-kernel: to build and to run only
set -euo pipefail

kernel=true
case ${1:-} in
  "") ;;
  --no-kernel) kernel=false ;;
  *) echo "usage: deploy/install-deps.sh [--no-kernel]" >&2; exit 2 ;;
esac

packages=(
  # build
  g++ cmake ninja-build ccache lld pkg-config git
  libgrpc++-dev libgrpc-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libprotoc-dev libabsl-dev
  libnl-3-dev libnl-route-3-dev prometheus-cpp-dev libsqlite3-dev libspdlog-dev libcli11-dev libyaml-cpp-dev
  libssl-dev libjemalloc-dev libboost1.81-dev zlib1g-dev golang-github-gogo-googleapis-dev grpc-proto
  # test
  libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev iproute2 iputils-ping util-linux procps sqlite3 jq curl strace
  python3 python3-grpcio python3-protobuf prometheus zsh groff-base tmux vim-tiny
  clang clang-format clang-tidy libclang-rt-14-dev
)
# tests/vm
arch=$(dpkg --print-architecture)
[ "$arch" != amd64 ] || packages+=(qemu-system-x86 busybox-static cpio kmod e2fsprogs)

# Into a folder of its own: nothing of it is installed. It needs the lists that apt-get update fetched.
fetch_kernel() {
  $kernel && [ "$arch" = amd64 ] || return 0
  local fetch
  fetch=$(dirname "$0")/../tests/vm/kernel
  "$fetch" > /dev/null 2>&1 && return
  # Once a day.
  local lists
  lists=$(find /var/lib/apt/lists -name '*_Packages*' -ctime -1 -print -quit 2> /dev/null)
  [ "$(id -u)" != 0 ] || [ -n "$lists" ] || apt-get update -qq || true
  "$fetch" > /dev/null || echo "install-deps: the tests on Debian's own kernel (ctest -L vm) are skipped" >&2
}

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || { fetch_kernel; exit 0; }

if [ "$(id -u)" != 0 ]; then
  echo "install-deps: these packages are missing and need root to install: ${missing[*]}" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# prometheus is wanted for promtool only: keep its daemons from starting.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
echo "install-deps: installed ${missing[*]}"
fetch_kernel
