#!/usr/bin/env bash
# The API is in style, and nobody who speaks yesterday's version of it is left behind: `buf lint` on the descriptor set of
# the build, `buf breaking` against the one of the commit this work started from (WARREN_BREAKING_AGAINST, default: where
# the branch left origin's default branch, else the parent commit). Offline.
#
#   tests/lint/buf.sh BUILD_DIR
set -u
cd "$(dirname "$0")/../.."
set_file=$(realpath "$1")/warren.protoset
PATH=$PATH:$PWD/node_modules/.bin:$(npm root -g 2>/dev/null)/.bin
command -v buf > /dev/null || { echo "SKIPPED: buf is not on the PATH (npm install -g @bufbuild/buf)"; exit 77; }
[ -f "$set_file" ] || { echo "$set_file: not there; build target warren_protoset"; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME=$scratch  # its cache
cp proto/buf.yaml "$scratch"

buf lint "$set_file#format=binpb" --config "$scratch/buf.yaml" --path warren/v1 || exit 1
echo "lint: nothing to complain of"

against=${WARREN_BREAKING_AGAINST:-}
if [ -z "$against" ]; then
  base=$(git rev-parse -q --verify origin/HEAD 2>/dev/null)
  [ -n "$base" ] && against=$(git merge-base HEAD "$base" 2>/dev/null)
  [ -n "$against" ] && [ "$against" != "$(git rev-parse HEAD)" ] || against=$(git rev-parse -q --verify HEAD^ 2>/dev/null)
fi
if [ -z "$against" ] || [ -z "$(git ls-tree -r --name-only "$against" -- proto/warren 2>/dev/null)" ]; then
  echo "breaking: no earlier commit with an API to compare with"
  exit 0
fi
mkdir "$scratch/before" && git archive "$against" proto/warren | tar -x -C "$scratch/before" || exit 1
includes=()
for dir in /usr/share/gocode/src/github.com/gogo/googleapis /usr/share/googleapis; do
  [ -d "$dir" ] && includes+=("-I$dir")
done
(cd "$scratch/before/proto" && protoc -I. "${includes[@]}" --include_imports --include_source_info \
  -o "$scratch/before.protoset" warren/v1/*.proto) || exit 1
buf breaking "$set_file#format=binpb" --against "$scratch/before.protoset#format=binpb" --config "$scratch/buf.yaml" \
  --path warren/v1 || exit 1
echo "breaking: nothing, against $against"
