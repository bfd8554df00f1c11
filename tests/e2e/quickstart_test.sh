#!/usr/bin/env bash
# The quick start, twice in a row, and what it must not do: touch namespaces that are there already, or leave anything.
# Run it in tests/sandbox, which looks for what is left.
#
#   quickstart_test.sh BIN_DIR
set -u
quickstart=$(realpath "$(dirname "$0")/../../deploy/quickstart.sh")
bin=$1
fail() { echo "FAILED: $*" && exit 1; }

# As on a machine that never had a named namespace.
umount /run/netns && rmdir /run/netns
before=$(cat /proc/self/mountinfo | sort)
for round in 1 2; do
  output=$("$quickstart" --once --bin "$bin" 2>&1) || fail "round $round:"$'\n'"$output"
  grep -q ' 0% packet loss' <<< "$output" || fail "no ping:"$'\n'"$output"
  [ ! -e /run/netns ] || fail "/run/netns was left behind"
  [ "$(sort /proc/self/mountinfo)" = "$before" ] || fail "mounts differ"
  [ -z "$(ls "${TMPDIR:-/tmp}")" ] || fail "left in the temporary directory: $(ls "${TMPDIR:-/tmp}")"
done

ip netns add red
identity=$(stat -Lc %i /run/netns/red)
output=$("$quickstart" --once --bin "$bin" 2>&1) && fail "went ahead though red was there:"$'\n'"$output"
grep -q 'named red already' <<< "$output" || fail "did not say why:"$'\n'"$output"
[ "$(stat -Lc %i /run/netns/red)" = "$identity" ] || fail "red was touched"
ip netns delete red

# Until interrupted: what it tells to type works, and Ctrl-C ends it with 0. (A process started in the background by a
# shell ignores SIGINT; hence TERM, which it handles alike.)
log=$TMPDIR/log
"$quickstart" --bin "$bin" > "$log" 2>&1 &
pid=$!
until grep -q 'Ctrl-C here' "$log"; do
  kill -0 $pid 2> /dev/null || fail "ended by itself:"$'\n'"$(cat "$log")"
  sleep 0.1
done
for command in $(seq "$(sed -n '/^  export WARREN/,/warren --help/p' "$log" | wc -l)"); do
  line=$(sed -n '/^  export WARREN/,/warren --help/p' "$log" | sed -n "${command}p")
  eval "$line" > "$TMPDIR/out" 2>&1 < /dev/null || fail "$line:"$'\n'"$(cat "$TMPDIR/out")"
done
warren netns delete demo/green || fail "green could not be deleted"
sed -n 's/^  curl \(http[^ ]*\).*/\1/p' "$log" | while read -r url; do
  curl -sS --fail "$url" | grep -c '^# HELP warren_' > /dev/null || fail "no metrics at $url"
done || exit 1
kill -TERM $pid
wait $pid || fail "did not end with 0:"$'\n'"$(cat "$log")"
rm -f "$log" "$TMPDIR/out"
[ -z "$(ls "$TMPDIR")" ] || fail "left in the temporary directory: $(ls "$TMPDIR")"
