#!/usr/bin/env bash
# zsh takes the script that `warren completion zsh` prints. Usage: completion_zsh_test.sh FOLDER_OF_WARREN.
set -euo pipefail
command -v zsh > /dev/null || { echo "SKIPPED: there is no zsh to check the script with"; exit 77; }
script=$(mktemp)
trap 'rm -f "$script"' EXIT
"$1/warren" completion zsh > "$script"
zsh -n "$script"
