// Odd input by the thousand: good files with bytes changed, taken out and put in. Nothing may crash or be accepted that
// names no operation; the seed is fixed, so a failure repeats.

#include <gtest/gtest.h>

#include <random>

#include "tests/client/intent_file/parsed.h"

namespace warren::cli {
namespace {

constexpr const char* kSeeds[] = {
    "operations:\n  - createNamespace: {namespace: red}\n  - createVeth:\n      a: {namespace: red, name: eth0, mtu: "
    "1400, "
    "addresses: [10.0.0.1/24], up: true}\n      b: {namespace: &n blue, name: eth0}\n  - setLink: {name: *n, up: no}\n",
    R"({"operations": [{"addAddress": {"namespace": "r\u00e9d", "validLifetime": "3600s", "nodad": true}}, )"
    R"({"addRoute": {"table": 77, "metric": "50"}}]})",
    "? operations\n: - ! 'x'\n  - |2\n    text\n  - >+\n    folded\n\n...\n---\n%YAML 1.1\n",
};
constexpr char kPieces[] = "{}[]:,-?&*!|>'\"%@`#~<\n\t \\u0x\xc3\xa9\xff";

std::string Mutate(std::string text, std::mt19937& random) {
  const int changes = 1 + static_cast<int>(random() % 4);
  for (int i = 0; i < changes && !text.empty(); ++i) {
    const size_t at = random() % text.size();
    switch (random() % 4) {
      case 0:
        text[at] = kPieces[random() % (sizeof(kPieces) - 1)];
        break;
      case 1:
        text.erase(at, 1 + random() % 4);
        break;
      case 2:
        text.insert(at, 1, kPieces[random() % (sizeof(kPieces) - 1)]);
        break;
      case 3:
        text.insert(at, text.substr(random() % text.size(), random() % 40));
        break;
    }
  }
  return text;
}

TEST(IntentFileMutations, AreReadOrRefusedWithAReason) {
  std::mt19937 random(20261124);
  int read = 0;
  int refused = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string text = Mutate(kSeeds[i % std::size(kSeeds)], random);
    const auto intents = ParseIntentsText("f.yaml", text);
    if (intents.ok()) {
      ++read;
      ASSERT_FALSE(intents->empty()) << text;
      for (const FileIntent& one : *intents) {
        ASSERT_GT(one.intent.operations_size(), 0) << text;
        // What was read can go over the wire: every string is UTF-8.
        v1::Intent copy;
        ASSERT_TRUE(copy.ParseFromString(one.intent.SerializeAsString())) << text;
      }
    } else {
      ++refused;
      ASSERT_TRUE(absl::IsInvalidArgument(intents.status())) << intents.status() << "\n" << text;
      ASSERT_GT(intents.status().message().size(), std::string("f.yaml: ").size()) << text;
    }
  }
  // Both happen often, or this test proves nothing.
  EXPECT_GT(read, 20);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace warren::cli
