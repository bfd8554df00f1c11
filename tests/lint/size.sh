#!/usr/bin/env bash
# A file is one job: none of the product's is longer than 450 lines.
set -u
cd "$(dirname "$0")/../.."
long=$(find server agent client proto -name '*.cc' -o -name '*.h' -o -name '*.proto' | xargs wc -l \
  | awk '$2 != "total" && $1 > 450 {print $2 ": " $1 " lines"}')
[ -z "$long" ] || { echo "$long"; exit 1; }
