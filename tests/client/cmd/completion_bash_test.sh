#!/usr/bin/env bash
# Sources the script that `warren completion bash` prints and completes lines as bash does. Usage:
# completion_bash_test.sh FOLDER_OF_WARREN. Words that only a server knows come from a stand-in of `warren __complete`.
set -uo pipefail
warren_folder=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PATH="$warren_folder:$PATH"
export WARREN_SERVER="unix:$scratch/nobody.sock"
source <(warren completion bash) || { echo "the script does not load"; exit 1; }
failed=0

# Completes a line with the cursor at its end, as readline would call the function.
complete_line() {
  COMP_LINE=$1
  COMP_POINT=${#1}
  COMP_WORDS=()
  COMP_CWORD=0
  COMPREPLY=("left over from before")
  _warren warren "" ""
}
# expect LINE WORD...: exactly these come, in this order.
expect() {
  complete_line "$1"
  local said="${COMPREPLY[*]:-}" wanted="${*:2}"
  [ "$said" = "$wanted" ] || { echo "\"$1\": got \"$said\", not \"$wanted\""; failed=1; }
}

expect "warren ne" netns
expect "warren netns " add delete holders list show watch
expect "warren intents list --state RUN" RUNNING
expect "warren netns list --output=ya" yaml
expect "warren netns list -o ta" table
expect "warren frobnicate " ""
complete_line "warren --he then more"
COMP_POINT=11 COMP_LINE="warren --he then more"
_warren
[ "${COMPREPLY[*]}" = "--help" ] || { echo "the cursor in the middle: got \"${COMPREPLY[*]}\""; failed=1; }
[[ $(complete -p warren) == *"-o default -F _warren"* ]] || { echo "it is not registered"; failed=1; }

# From here on with names.
mkdir "$scratch/bin"
cat > "$scratch/bin/warren" <<'SH'
#!/bin/sh
printf '%s\n' "$*" > "$ASKED"
for word in h1/ h1/@host h1/red: h1/@host:tap0 h1/red:eth0; do
  for last; do :; done
  case $word in "$last"*) printf '%s\n' "$word" ;; esac
done
SH
chmod +x "$scratch/bin/warren"
export PATH="$scratch/bin:$PATH" ASKED="$scratch/asked"
hash -r
# Readline replaces only what is behind a colon, and leaves an @ to the word.
expect "warren link set h1/red:e" eth0
expect "warren link set h1/red" "h1/red:" "h1/red:eth0"
expect "warren link set h1/@ho" "@host" "@host:tap0"
expect "warren link set h1/@host:t" tap0
[ "$(cat "$ASKED")" = "__complete -- link set h1/@host:t" ] || { echo "asked: $(cat "$ASKED")"; failed=1; }
COMP_WORDBREAKS=" "
expect "warren link set h1/@host:t" h1/@host:tap0
exit $failed
