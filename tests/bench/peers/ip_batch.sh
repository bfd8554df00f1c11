#!/usr/bin/env bash
# The best that `ip` can do: few processes, each with many commands, the inner end born in its namespace.
. "$(dirname "$0")/common.sh"
needs ip iproute2
batch=$(mktemp)
trap 'rm -f "$batch"' EXIT

start
for ((i = 0; i < count; ++i)); do
  echo "netns add r$i"
  echo "link add ou$i type veth peer name eth0 netns r$i"
done > "$batch"
ip -batch "$batch"
for ((i = 0; i < count; ++i)); do
  printf 'link set lo up\naddress add %s dev eth0\nlink set eth0 up\n' "$(address $i)" | ip -n "r$i" -batch -
done
report create

start
for ((i = 0; i < count; ++i)); do echo "netns delete r$i"; done > "$batch"
ip -batch "$batch"
freed ou
report delete
