#!/usr/bin/env bash
# zsh takes the script that `warren completion zsh` prints, and gets from it what it would offer. Usage:
# completion_zsh_test.sh FOLDER_OF_WARREN.
set -uo pipefail
command -v zsh > /dev/null || { echo "SKIPPED: there is no zsh to check the script with"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PATH="$1:$PATH" WARREN_SERVER="unix:$scratch/nobody.sock"
script=$scratch/_warren
warren completion zsh > "$script"
zsh -n "$script" || exit 1
failed=0

# offered WORD...: what the last word may become, with stand-ins of the completion system's own functions.
offered() {
  zsh -f -c '
    compdef() { :; }
    compadd() { print -r -- compadd "$@"; }
    _files() { print -r -- files; }
    source "$1"
    shift
    words=(warren "$@")
    CURRENT=${#words}
    _warren' zsh "$script" "$@"
}
expect() {
  local said
  said=$(offered "${@:2}")
  [ "$said" = "$1" ] || { echo "warren ${*:2}: got \"$said\", not \"$1\""; failed=1; }
}
expect "compadd -- netns" ne
expect "compadd -- add delete holders list show watch" netns ""
expect "compadd -- RUNNING" intents list --state R
expect files intent submit h1 -f ""
exit $failed
