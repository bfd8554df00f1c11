#!/usr/bin/env bash
# The manual pages say all that --help does, and their roff is clean. Usage: man_pages_test.sh FOLDER_OF_THE_BINARIES.
set -uo pipefail
bin=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
complain() { echo "$1"; failed=1; }

mkdir "$scratch/man"
"$bin/warren" __man_pages "$scratch/man" || complain "warren writes no pages"
for daemon in warren-server warren-agent; do
  [ ! -x "$bin/$daemon" ] || "$bin/$daemon" --man-page > "$scratch/man/$daemon.8" || complain "$daemon writes no page"
done

# Every option and variable that --help of a command has is in a page.
options_in() {
  local page=$1 command=("${@:2}") words word
  words=$("$bin/${command[0]}" "${command[@]:1}" --help | grep -oE '(^|[ ,])--[a-z][a-z-]+|Env:WARREN_[A-Z_]+' | tr -d ' ,' \
    | sed 's/^Env://' | sort -u)
  [ -n "$words" ] || complain "${command[*]}: --help has no options"
  sed 's/\\-/-/g' "$page" > "$scratch/plain"
  for word in $words; do
    grep -qF -- "$word" "$scratch/plain" || complain "$(basename "$page"): $word of \`${command[*]} --help\` is missing"
  done
}
options_in "$scratch/man/warren.1" warren
for page in "$scratch"/man/warren-*.1; do
  group=$(basename "$page" .1)
  group=${group#warren-}
  grep -q "warren\\\\-$group" "$scratch/man/warren.1" || complain "warren.1 does not name warren-$group(1)"
  verbs=$("$bin/warren" "$group" --help | sed -n '/^Subcommands:/,/^[^ S]/p' | sed -n 's/^    \([a-z]*\) .*/\1/p')
  # Some verbs stand for themselves.
  [ -n "$verbs" ] || options_in "$page" warren "$group"
  for verb in $verbs; do options_in "$page" warren "$group" "$verb"; done
done
for daemon in warren-server warren-agent; do
  [ ! -s "$scratch/man/$daemon.8" ] || options_in "$scratch/man/$daemon.8" "$daemon"
done

command -v groff > /dev/null || complain "there is no groff to check the pages with"
for page in "$scratch"/man/*; do
  said=$(groff -man -Tutf8 -ww -z "$page" 2>&1)
  [ -z "$said" ] || complain "$(basename "$page"): $said"
done
exit $failed
