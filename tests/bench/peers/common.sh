# What the peers written in shell share. A peer makes COUNT routers as a user without Warren would, deletes them, waits
# until the kernel has freed them, and prints `create COUNT RATE/s` and `delete COUNT RATE/s`. It runs in network and
# mount namespaces of its own. Exit code 77: what it stands for is not installed, and its last line says so.
#
# A router: a named namespace, a veth pair with one end inside, loopback up, one IPv4 address, the inner end up.
set -euo pipefail

count=${1:?usage: $(basename "$0") COUNT}

needs() {  # needs PATH PACKAGE
  [ -e "$1" ] || command -v "$1" > /dev/null || { echo "$2 is not installed"; exit 77; }
}
start() { begun=$(date +%s%N); }
report() {  # report create|delete
  awk -v what="$1" -v count="$count" -v took=$(($(date +%s%N) - begun)) \
    'BEGIN {printf "%s %d %.0f/s\n", what, count, count * 1e9 / took}'
}
address() { echo "10.$(($1 / 256 % 256)).$(($1 % 256)).1/24"; }
freed() {  # freed PREFIX: no link of the host's namespace begins so
  while [ -n "$(ip -o link show 2> /dev/null | grep "^[0-9]*: $1[0-9]")" ]; do sleep 0.005; done
}
