#!/usr/bin/env bash
# Builds the fuzz targets of the gateway with clang's libFuzzer (AddressSanitizer and UBSan in), and runs each for so many
# seconds from the seed corpus beside it. 77: it cannot be done here. Fails at the first input that a target dies of, which
# it leaves in the directory.
#
#   tests/fuzz/run.sh BUILD_DIR [SECONDS [SEED]]     BUILD_DIR: of a build, for the generated protos; 20 s; SEED: for the same
#                                                    inputs again, another each time otherwise
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?usage: tests/fuzz/run.sh BUILD_DIR [SECONDS [SEED]]}
seconds=${2:-20}
seed=${3:-0}
# What a target compares, its addresses among it, is where new inputs come from.
fixed=()
[ "$seed" = 0 ] || ! setarch -R true 2> /dev/null || fixed=(setarch -R)
out=$build/fuzz
mkdir -p "$out"

flags=(-std=c++20 -g -O1 -w -I. -isystem "$build/gen" -fsanitize=address,undefined -fno-sanitize-recover=all)
echo 'int main() { return 0; }' > "$out/probe.cc"
if ! clang++ "${flags[@]}" "$out/probe.cc" -o "$out/probe" 2> /dev/null; then
  echo "SKIPPED: clang++ has no sanitizers here; apt install clang libclang-rt-14-dev"
  exit 77
fi
sources=(proto/common/{json_escape,utf8}.cc server/gateway/{answer_head,fields,frames,head_rules,http,json,json_syntax,json_types,path,pattern,query,routes,upgrade}.cc
  "$build"/gen/google/api/*.pb.cc "$build"/gen/google/rpc/*.pb.cc "$build"/gen/tests/server/gateway/library.pb.cc)
object() { printf '%s/%s.o' "$out" "$(tr / _ <<< "${1#"$build"/}")"; }
export out build
objects=()
for source in "${sources[@]}" tests/fuzz/*_fuzz.cc; do
  target=$(object "$source")
  [[ $source == tests/* ]] || objects+=("$target")
  printf '%s\0%s\0' "$source" "$target"
done > "$out/list"
xargs -0 -n 2 -P "$(nproc)" sh -c \
  'ccache clang++ '"${flags[*]@Q}"' -fsanitize=fuzzer-no-link -c "$1" -o "$2"' sh < "$out/list"

read -ra libraries <<< "$(pkg-config --libs protobuf absl_status absl_statusor absl_strings absl_flat_hash_set absl_time)"
for source in tests/fuzz/*_fuzz.cc; do
  name=$(basename "$source" _fuzz.cc)
  clang++ -fsanitize=fuzzer,address,undefined "$(object "$source")" "${objects[@]}" "${libraries[@]}" -lz -lpthread \
    -o "$out/$name"
  mkdir -p "$out/corpus-$name"
  echo "== $name, $seconds s"
  [ "$seed" = 0 ] || rm -f "$out/corpus-$name"/*
  "${fixed[@]}" "$out/$name" -max_total_time="$seconds" -seed="$seed" -max_len=1024 -print_final_stats=1 -artifact_prefix="$out/$name-" \
    "$out/corpus-$name" "tests/fuzz/corpus/$name" > "$out/$name.log" 2>&1 || { tail -40 "$out/$name.log"; exit 1; }
  grep number_of_executed_units "$out/$name.log"
done
