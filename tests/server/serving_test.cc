#include "server/serving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace warren::server {
namespace {

using ::testing::ElementsAre;

class ServingTest : public ::testing::Test {
 protected:
  ServingTest() {
    serving_.Announce([this](bool yes) { told_.push_back(yes); });
  }
  Serving serving_{Logger::Null()};
  std::vector<bool> told_;
};

TEST_F(ServingTest, FollowsTheStoreBothWays) {
  EXPECT_TRUE(serving_.Ready().ok());
  serving_.OnHealth(absl::ResourceExhaustedError("disk full"));
  EXPECT_EQ(std::string(serving_.Ready().message()), "disk full");
  serving_.OnHealth(absl::OkStatus());
  EXPECT_TRUE(serving_.Ready().ok());
  EXPECT_THAT(told_, ElementsAre(true, false, true));
}

TEST_F(ServingTest, AnEndIsForGood) {
  serving_.OnHealth(absl::ResourceExhaustedError("disk full"));
  serving_.End();
  serving_.OnHealth(absl::OkStatus());
  EXPECT_EQ(serving_.Ready().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(told_.back());
}

TEST_F(ServingTest, WhoComesLaterIsToldHowItStands) {
  serving_.OnHealth(absl::ResourceExhaustedError("disk full"));
  std::vector<bool> late;
  serving_.Announce([&](bool yes) { late.push_back(yes); });
  EXPECT_THAT(late, ElementsAre(false));
  serving_.Announce(nullptr);
  serving_.OnHealth(absl::OkStatus());
  EXPECT_THAT(late, ElementsAre(false));
}

}  // namespace
}  // namespace warren::server
