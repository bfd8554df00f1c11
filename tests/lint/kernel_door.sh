#!/usr/bin/env bash
# Nothing but agent/kernel speaks netlink, switches namespaces or mounts, and no product code runs another program where
# a system call would do: an agent that starts `ip` has lost the kernel's reason for a refusal. What runs commands for
# people does both, in a process of its own: agent/nsexec, which agent/exec/helper starts.
set -u
cd "$(dirname "$0")/../.."

problems=0
complain() {
  [ -z "$2" ] || { printf '%s:\n%s\n' "$1" "$2"; problems=1; }
}
# Comments may speak of anything.
code() {
  grep -rnE --include='*.cc' --include='*.h' "$1" "${@:2}" | grep -vE '^[^:]+:[0-9]+:\s*(//|\*)'
}
outside=()
for room in server client proto/common agent/*; do
  [ "$room" = agent/kernel ] || outside+=("$room")
done

# linux/rtnetlink.h and linux/if_addr.h are left: they are where the flags have their names.
complain "netlink outside agent/kernel" \
  "$(code 'AF_NETLINK|NETLINK_ROUTE|#include <(netlink/|linux/(netlink|if_link|net_namespace)\.h)|\bnl(msg|a)_[a-z_]+\(' "${outside[@]}")"
switching=()
for room in "${outside[@]}"; do
  [ "$room" = agent/nsexec ] || switching+=("$room")
done
complain "namespaces or mounts switched outside agent/kernel" \
  "$(code '\b(setns|unshare|u?mount2?|pivot_root|open_by_handle_at)\(|\bCLONE_NEW' "${switching[@]}")"
complain "other programs run" \
  "$(code '\b(system|popen|exec[lv]p?e?|posix_spawnp?|v?fork)\(' server client proto/common agent |
    grep -vE '^agent/(nsexec/|exec/helper\.cc:)')"
exit $problems
