#include "server/hosts/holder_queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>

namespace warren::hosts {
namespace {

using ::testing::HasSubstr;
using Outcome = absl::StatusOr<v1::HoldersAnswer>;

constexpr HolderQueries::Steady kNever = HolderQueries::Steady::max();

// What one query ended with.
struct Asker {
  HolderQueries::Done Done() {
    return [told = told](Outcome outcome) { told->set_value(std::move(outcome)); };
  }
  Outcome Get() { return told->get_future().get(); }

  std::shared_ptr<std::promise<Outcome>> told = std::make_shared<std::promise<Outcome>>();
};

v1::HoldersAnswer AnswerTo(uint64_t query) {
  v1::HoldersAnswer answer;
  answer.set_query(query);
  answer.add_holders()->set_pid(7);
  return answer;
}

TEST(HolderQueriesTest, EachIsAnsweredOnceWithItsOwnAnswer) {
  HolderQueries queries;
  Asker first, second;
  const auto one = queries.Begin("h1", 1, kNever, first.Done());
  const auto two = queries.Begin("h2", 2, kNever, second.Done());
  ASSERT_TRUE(one.ok() && two.ok());
  queries.Answer(2, AnswerTo(*two));
  queries.Answer(2, AnswerTo(*two));
  EXPECT_EQ(second.Get()->holders(0).pid(), 7);
  // Nobody answers for another.
  queries.Answer(2, AnswerTo(*one));
  EXPECT_EQ(queries.pending(), 1u);
  queries.Answer(1, AnswerTo(*one));
  EXPECT_EQ(first.Get()->query(), *one);
  EXPECT_EQ(queries.pending(), 0u);
}

TEST(HolderQueriesTest, OneThatIsNotAnsweredInTimeSaysWhatToDo) {
  HolderQueries queries;
  Asker later, soon;
  ASSERT_TRUE(queries.Begin("h1", 1, kNever, later.Done()).ok());
  const auto late =
      queries.Begin("h2", 2, std::chrono::steady_clock::now() + std::chrono::milliseconds(5), soon.Done());
  ASSERT_TRUE(late.ok());
  const Outcome outcome = soon.Get();
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(outcome.status().message()), HasSubstr("agent of host h2 did not answer"));
  EXPECT_THAT(std::string(outcome.status().message()), HasSubstr("update it"));
  queries.Answer(2, AnswerTo(*late));
  EXPECT_EQ(queries.pending(), 1u);
}

TEST(HolderQueriesTest, TheyEndWithTheSession) {
  HolderQueries queries;
  Asker gone, stays;
  ASSERT_TRUE(queries.Begin("h1", 1, kNever, gone.Done()).ok());
  const auto other = queries.Begin("h1", 2, kNever, stays.Done());
  queries.EndSession(1, absl::UnavailableError("away"));
  EXPECT_EQ(gone.Get().status(), absl::UnavailableError("away"));
  queries.End(*other, absl::CancelledError("gone"));
  queries.End(*other, absl::CancelledError("twice"));
  EXPECT_EQ(stays.Get().status(), absl::CancelledError("gone"));
}

TEST(HolderQueriesTest, TheyAreBoundedPerHostAndInAll) {
  HolderQueries queries({2, 3});
  std::vector<Asker> askers(6);
  ASSERT_TRUE(queries.Begin("h1", 1, kNever, askers[0].Done()).ok());
  const auto second = queries.Begin("h1", 1, kNever, askers[1].Done());
  ASSERT_TRUE(second.ok());
  const auto of_host = queries.Begin("h1", 1, kNever, askers[2].Done());
  EXPECT_EQ(of_host.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(of_host.status().message()), HasSubstr("host h1"));
  ASSERT_TRUE(queries.Begin("h2", 2, kNever, askers[3].Done()).ok());
  EXPECT_EQ(queries.Begin("h3", 3, kNever, askers[4].Done()).status().code(), absl::StatusCode::kResourceExhausted);
  queries.Answer(1, AnswerTo(*second));
  EXPECT_TRUE(queries.Begin("h1", 1, kNever, askers[5].Done()).ok());
}

TEST(HolderQueriesTest, WhatIsPendingAtTheEndIsTold) {
  Asker asker;
  {
    HolderQueries queries;
    ASSERT_TRUE(queries.Begin("h1", 1, kNever, asker.Done()).ok());
  }
  EXPECT_EQ(asker.Get().status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace warren::hosts
