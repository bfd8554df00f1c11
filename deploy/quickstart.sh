#!/usr/bin/env bash
# Warren on this machine, from nothing: installs and builds it, starts a server and an agent that no other machine can
# reach, makes the network namespaces red and blue with a veth pair between them, and pings across. Stays up until Ctrl-C,
# then ends both and deletes red and blue.
#
#   sudo deploy/quickstart.sh [--once] [--bin DIR]
#     --once     end, and clean up, after the ping
#     --bin DIR  use the binaries there; install and build nothing
set -euo pipefail
cd "$(dirname "$0")/.."

once=false
bin=
usage() {
  sed -n '2,9s/^# \{0,1\}//p' "$0"
}
while [ $# -gt 0 ]; do
  case $1 in
    --once) once=true ;;
    --bin) bin=$(realpath -e "${2:?--bin needs a directory}") && shift ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

say() { printf '\n== %s\n' "$*"; }
die() { printf 'quickstart: %s\n' "$*" >&2 && exit 1; }

[ "$(id -u)" = 0 ] || die "root is needed to make network namespaces: sudo deploy/quickstart.sh"
for name in red blue; do
  [ ! -e "/run/netns/$name" ] || die "there is a network namespace named $name already, and it will not be touched." \
    "Is another quickstart running? Else: ip netns delete $name"
done

if [ -z "$bin" ]; then
  say "installing what is needed"
  deploy/install-deps.sh --no-kernel
  say "building (some minutes, the first time)"
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
  cmake --preset release > /dev/null
  cmake --build --preset release --target warren warren-server warren-agent warren-nsexec
  bin=$PWD/build/bin
fi

# What a run leaves behind lives here, and nothing of it stays.
dir=$(mktemp -d "${TMPDIR:-/tmp}/warren-quickstart.XXXXXX")
host=demo
server_pid= agent_pid= made=false
# The agent makes /run/netns a mount of its own, as `ip netns add` does; remember whether it was one.
had_netns_dir=$([ -d /run/netns ] && echo true || echo false)
had_netns_mount=$(mountpoint -q /run/netns && echo true || echo false)

stop() {  # by pid; the process drains and ends by itself
  [ -n "$1" ] && kill -TERM "$1" 2> /dev/null && wait "$1" 2> /dev/null || true
}

clean_up() {
  local code=$?
  set +e
  trap '' INT TERM HUP
  trap - EXIT
  say "cleaning up"
  if $made; then
    local again="$dir/delete.yaml"
    printf 'operations:\n' > "$again"
    for name in red blue; do
      printf '  - deleteNamespace: {namespace: %s, allowMissing: true}\n' "$name" >> "$again"
    done
    if ! "$bin/warren" intent submit $host -f "$again" > "$dir/deleted" 2>&1; then
      cat "$dir/deleted"
      echo "deleting them all the same, since this is the end:"
      sed -i 's/allowMissing/force: true, allowMissing/' "$again"
      "$bin/warren" intent submit $host -f "$again" || code=1
    fi
  fi
  local others
  others=$([ ! -s "$dir/agent.log" ] || "$bin/warren" netns list $host -o name 2> /dev/null \
    | grep -v '/@host$' | sed 's,.*/,,' | tr '\n' ' ')
  [ -z "$others" ] || echo "left as they are, since this did not make them: $others"
  stop "$agent_pid"
  stop "$server_pid"
  if ! $had_netns_mount && [ -z "$(ls /run/netns 2> /dev/null)" ]; then
    umount /run/netns 2> /dev/null || true
    $had_netns_dir || rmdir /run/netns 2> /dev/null || true
  fi
  rm -rf "$dir"
  exit $code
}
trap clean_up EXIT
trap 'exit 0' INT TERM HUP

# Waits for a line of a daemon's log; prints the line.
logged() {  # PID LOG MESSAGE
  local line
  for _ in $(seq 600); do
    line=$(grep -m 1 -F "\"msg\":\"$3\"" "$2" || true)
    [ -z "$line" ] || { echo "$line" && return; }
    kill -0 "$1" 2> /dev/null || break
    sleep 0.05
  done
  echo "it logged:" >&2
  tail -n 20 "$2" >&2
  return 1
}

say "starting a server and an agent"
# In sessions of their own: Ctrl-C is for this script, which stops them when it has tidied up.
mkdir "$dir/run"
setsid "$bin/warren-server" --grpc-listen "unix:$dir/server.sock" --grpc-listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 \
  --exec-loopback=off --state-dir "$dir/server" --run-dir "$dir/run" --log-format json > "$dir/server.log" 2>&1 < /dev/null &
server_pid=$!
listening=$(logged $server_pid "$dir/server.log" listening) || die "the server did not start"
grpc=$(grep -oE '127\.0\.0\.1:[0-9]+' <<< "$(jq -r .grpc <<< "$listening")")
server_metrics=$(jq -r .metrics <<< "$listening")

export WARREN_SERVER=unix:$dir/server.sock
setsid "$bin/warren-agent" --host $host --enable-exec --state-dir "$dir/agent" --run-dir "$dir/run" --metrics-listen 127.0.0.1:0 \
  --log-format json > "$dir/agent.log" 2>&1 < /dev/null &
agent_pid=$!
agent_metrics=$(jq -r .metrics <<< "$(logged $agent_pid "$dir/agent.log" listening)") || die "the agent did not start"
logged $agent_pid "$dir/agent.log" connected > /dev/null || die "the agent did not reach the server"
"$bin/warren" hosts list

say "making red and blue, with a veth pair between them"
cat > "$dir/red-blue.yaml" << 'YAML'
operations:
  - createNamespace: {namespace: red}
  - createNamespace: {namespace: blue}
  - createVeth:
      a: {namespace: red, name: eth0, addresses: [10.0.0.1/24], up: true}
      b: {namespace: blue, name: eth0, addresses: [10.0.0.2/24], up: true}
YAML
cat "$dir/red-blue.yaml"
echo "\$ warren intent submit $host -f red-blue.yaml"
made=true
"$bin/warren" intent submit $host -f "$dir/red-blue.yaml"
"$bin/warren" netns list $host

say "pinging blue from red"
echo "\$ warren exec $host/red -- ping -c 3 -i 0.2 -W 5 10.0.0.2"
"$bin/warren" exec $host/red -- ping -c 3 -i 0.2 -W 5 10.0.0.2

$once && { say "done" && exit 0; }

say "next, in another terminal (as root)"
cat << TEXT
  export WARREN_SERVER=$WARREN_SERVER PATH=$bin:\$PATH
  warren netns show $host/red
  warren link show $host/blue:eth0
  warren intents list $host
  warren netns add $host/green
  warren exec $host/green -- ip addr
  warren shell $host/green
  warren --help

  grpcurl -plaintext $grpc list
  grpcurl -plaintext $grpc describe warren.v1.CreateVeth
  grpcurl -plaintext -d '{"parent": "hosts/$host"}' $grpc warren.v1.Namespaces/ListNamespaces

  curl http://$server_metrics/metrics    # the server's
  curl http://$agent_metrics/metrics    # the agent's

  tail -f $dir/server.log $dir/agent.log

Ctrl-C here ends it and cleans up.
TEXT
# Whichever ends first: neither is to.
wait -n "$server_pid" "$agent_pid" || true
die "a daemon ended by itself: $(tail -n 3 "$dir/server.log" "$dir/agent.log")"
