#!/usr/bin/env bash
# Installs the build into a folder of its own, and builds a program on the client library found there, which knows
# nothing of this tree. Usage: install_test.sh BUILD_FOLDER.
set -euo pipefail
build=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix

cmake --install "$build" --prefix "$prefix" > "$scratch/install.log" || { cat "$scratch/install.log"; exit 1; }
for file in bin/warren bin/warren-server bin/warren-agent include/warren/client/lib/client.h \
            include/warren/v1/intents.pb.h include/warren/proto/common/names.h share/warren/warren.protoset \
            share/man/man1/warren.1 share/man/man1/warren-netns.1 share/man/man8/warren-server.8 \
            share/man/man8/warren-agent.8 share/bash-completion/completions/warren share/zsh/site-functions/_warren; do
  [ -s "$prefix/$file" ] || { echo "$file was not installed"; exit 1; }
done
for binary in warren warren-server warren-agent; do
  "$prefix/bin/$binary" --version
done

mkdir "$scratch/consumer"
cat > "$scratch/consumer/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
find_package(Warren 0.1 CONFIG REQUIRED)
add_executable(consumer consumer.cc)
target_compile_options(consumer PRIVATE -Wall -Wextra -Werror)
target_link_libraries(consumer PRIVATE Warren::client)
CMAKE
cat > "$scratch/consumer/consumer.cc" <<'CC'
#include <iostream>

#include "warren/client/lib/address.h"
#include "warren/client/lib/client.h"
#include "warren/client/lib/exec.h"
#include "warren/client/lib/retry.h"
#include "warren/client/lib/status.h"
#include "warren/client/lib/watch.h"
#include "warren/proto/common/names.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto client = warren::client::Client::Connect(argv[1]);
  if (!client.ok()) {
    std::cout << client.status() << "\n";
    return 2;
  }
  warren::v1::CreateIntentRequest request;
  request.set_parent(warren::HostName("h1"));
  request.mutable_intent()->add_operations()->mutable_create_namespace()->set_namespace_("red");
  const auto intent = (*client)->Submit(request, absl::Now() + absl::Milliseconds(100));
  const auto watch = (*client)->WatchHosts({});
  const auto event = watch->Next(absl::Now() + absl::Milliseconds(100));
  std::cout << absl::StatusCodeToString(intent.status().code()) << " "
            << absl::StatusCodeToString(event.status().code()) << " " << request.request_id().size() << " "
            << warren::client::FieldViolations(intent.status()).size() << "\n";
}
CC
cmake -S "$scratch/consumer" -B "$scratch/consumer/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" > "$scratch/configure.log" \
  || { cat "$scratch/configure.log"; exit 1; }
if grep -rn "$(realpath "$(dirname "$0")/../../..")" "$prefix/lib/cmake"; then
  echo "the package names the source tree"
  exit 1
fi
cmake --build "$scratch/consumer/build" > "$scratch/build.log" 2>&1 || { cat "$scratch/build.log"; exit 1; }
said=$("$scratch/consumer/build/consumer" "unix:$scratch/nobody.sock")
[ "$said" = "UNAVAILABLE UNAVAILABLE 36 0" ] || { echo "the program said: $said"; exit 1; }
said=$("$scratch/consumer/build/consumer" nonsense) && { echo "nonsense was dialled"; exit 1; }
[[ "$said" == INVALID_ARGUMENT* ]] || { echo "the program said: $said"; exit 1; }
