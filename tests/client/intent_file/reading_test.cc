#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/client/intent_file/parsed.h"

namespace warren::cli {
namespace {

constexpr char kText[] = "operations: [{createNamespace: {namespace: red}}]\n";
constexpr char kRed[] = "operations { create_namespace { namespace: 'red' } }";

TEST(ReadIntentFile, ADashIsStandardInput) {
  std::istringstream in(kText);
  EXPECT_THAT(OnlyIntent(ReadIntentsFile("-", in)), IsIntent(kRed));
  std::istringstream bad("operations: 5");
  EXPECT_THAT(OnlyIntent(ReadIntentsFile("-", bad)),
              IsRefusedSaying("standard input: line 1, column 13: operations is a plain value"));
}

TEST(ReadIntentFile, AnythingElseIsAFile) {
  const std::string path = testing::TempDir() + "/router.yaml";
  std::ofstream(path) << kText;
  std::istringstream in;
  EXPECT_THAT(OnlyIntent(ReadIntentsFile(path, in)), IsIntent(kRed));
  std::remove(path.c_str());
}

TEST(ReadIntentFile, AFileThatIsNotThereIsNamedWithTheReason) {
  std::istringstream in;
  const auto intent = OnlyIntent(ReadIntentsFile("/nonexistent/router.yaml", in));
  EXPECT_TRUE(absl::IsNotFound(intent.status())) << intent.status();
  EXPECT_THAT(std::string(intent.status().message()),
              testing::AllOf(testing::HasSubstr("/nonexistent/router.yaml"), testing::HasSubstr("No such file")));
}

TEST(ReadIntentFile, AFolderIsNoFile) {
  std::istringstream in;
  EXPECT_FALSE(ReadIntentsFile("/", in).ok());
}

// Yields zeros for ever.
class Endless : public std::streambuf {
 protected:
  int_type underflow() override {
    setg(buffer_, buffer_, buffer_ + sizeof(buffer_));
    return traits_type::to_int_type(buffer_[0]);
  }

 private:
  char buffer_[4096] = {};
};

TEST(ReadIntentFile, EndlessInputIsGivenUp) {
  Endless endless;
  std::istream in(&endless);
  EXPECT_THAT(OnlyIntent(ReadIntentsFile("-", in)), IsRefusedSaying("standard input: is larger than 64 MiB"));
}

}  // namespace
}  // namespace warren::cli
