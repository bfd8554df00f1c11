#!/usr/bin/env bash
# The CNI plugin `ptp`, with `host-local` addresses, called as a container runtime calls it.
. "$(dirname "$0")/common.sh"
plugins=/usr/lib/cni
needs "$plugins/ptp" containernetworking-plugins
needs ip iproute2
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
config='{"cniVersion": "1.0.0", "name": "routers", "type": "ptp",
  "ipam": {"type": "host-local", "subnet": "10.0.0.0/8", "dataDir": "'$state'"}}'
plugin() {  # plugin ADD|DEL INDEX
  CNI_COMMAND=$1 CNI_CONTAINERID=r$2 CNI_NETNS=/run/netns/r$2 CNI_IFNAME=eth0 CNI_PATH=$plugins \
    "$plugins/ptp" <<< "$config" > /dev/null
}

start
for ((i = 0; i < count; ++i)); do
  ip netns add "r$i"
  plugin ADD $i
done
report create

# DEL deletes the link and waits for it.
start
for ((i = 0; i < count; ++i)); do
  plugin DEL $i
  ip netns delete "r$i"
done
report delete
