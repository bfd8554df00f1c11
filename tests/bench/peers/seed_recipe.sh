#!/usr/bin/env bash
# What every wiki says: one command a step, the inner end moved into its namespace afterwards.
. "$(dirname "$0")/common.sh"
needs ip iproute2

start
for ((i = 0; i < count; ++i)); do
  ip netns add "r$i"
  ip link add "ou$i" type veth peer name "in$i"
  ip link set "in$i" netns "r$i"
  ip netns exec "r$i" ip link set lo up
  ip netns exec "r$i" ip address add "$(address $i)" dev "in$i"
  ip netns exec "r$i" ip link set "in$i" up
done
report create

start
for ((i = 0; i < count; ++i)); do ip netns delete "r$i"; done
freed ou
report delete
