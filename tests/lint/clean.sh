#!/usr/bin/env bash
# Nothing of the machine it was written on: no absolute path into somebody's home, work or temporary folder in product
# code, no key or token anywhere, no conflict marker, no tab in C++.
set -u
cd "$(dirname "$0")/../.."

problems=0
complain() {
  [ -z "$2" ] || { printf '%s:\n%s\n' "$1" "$2"; problems=1; }
}
everything=(server agent client proto deploy tests README.md CMakeLists.txt CMakePresets.json)
complain "paths of one machine" "$(grep -rnE --exclude-dir=__pycache__ '(^|[^A-Za-z0-9._-])/(home|Users|work)/[a-z]' "${everything[@]}" \
  | grep -v '^tests/lint/clean.sh:')"
complain "temporary folders in product code" \
  "$(grep -rnE --include='*.cc' --include='*.h' '"/(tmp|var/tmp)\b' server agent client proto)"
complain "keys or tokens" "$(grep -rnE --exclude-dir=__pycache__ 'BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abp]-' \
  "${everything[@]}" | grep -v '^tests/lint/clean.sh:')"
complain "conflict markers" "$(grep -rnE --exclude-dir=__pycache__ '^(<<<<<<<|>>>>>>>) ' "${everything[@]}")"
complain "tabs" "$(grep -rnP --include='*.cc' --include='*.h' --include='*.proto' '\t' server agent client proto tests)"
complain "left to do" "$(grep -rnE --include='*.cc' --include='*.h' --include='*.proto' --include='*.sh' --include='*.py' \
  '\b(TODO|FIXME|XXX)\b' server agent client proto deploy tests | grep -v '^tests/lint/clean.sh:')"
exit $problems
