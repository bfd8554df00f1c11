#include "agent/session/holder_finder.h"

#include <gmock/gmock.h>

#include <memory>

#include "tests/agent/kernel/witness.h"
#include "tests/agent/session/outbox_reader.h"

namespace warren::session {
namespace {

using kernel::Sh;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HolderFinderTest : public ::testing::Test {
 protected:
  HolderFinderTest() {
    auto finder = HolderFinder::Start("/run/netns");
    EXPECT_TRUE(finder.ok()) << finder.status();
    finder_ = *std::move(finder);
    Sh("ip netns add red");
  }
  ~HolderFinderTest() override { Sh("ip -all netns delete"); }

  v1::HoldersAnswer Ask(const std::string& netns) {
    v1::FindHolders question;
    question.set_query(++last_);
    question.set_namespace_(netns);
    finder_->Find(question, stream_.outbox());
    const v1::AgentMessage message = stream_.Next();
    EXPECT_EQ(message.holders_answer().query(), last_);
    return message.holders_answer();
  }

  uint64_t last_ = 0;
  OutboxReader stream_;
  std::unique_ptr<HolderFinder> finder_;
};

TEST_F(HolderFinderTest, AnswersWithWhoHoldsIt) {
  EXPECT_EQ(Ask("red").holders_size(), 0);
  const std::string pid =
      Sh("ip netns exec red sleep 1000 >/dev/null 2>&1 & p=$!; until [ \"$(cat /proc/$p/comm)\" = sleep ]; do :; done; "
         "echo $p");
  const v1::HoldersAnswer answer = Ask("red");
  EXPECT_EQ(answer.code(), 0);
  ASSERT_EQ(answer.holders_size(), 1);
  EXPECT_EQ(answer.holders(0).pid(), atoi(pid.c_str()));
  EXPECT_EQ(answer.holders(0).command(), "sleep");
  EXPECT_EQ(answer.holders(0).holds(), "process");
  EXPECT_THAT(answer.not_looked_at(), ElementsAre(HasSubstr("pid namespace")));
  Sh("kill " + pid);
}

TEST_F(HolderFinderTest, AnswersForANameThatOthersMadeByHowItIsShown) {
  Sh("ip netns add 'a b'");
  EXPECT_EQ(Ask("a=20b").code(), 0);
}

TEST_F(HolderFinderTest, SaysThatThereIsNone) {
  EXPECT_EQ(Ask("blue").code(), static_cast<int>(absl::StatusCode::kNotFound));
}

TEST_F(HolderFinderTest, SaysWhenItIsAskedTooMuch) {
  constexpr int kAsked = 200;
  for (int i = 0; i < kAsked; ++i) {
    v1::FindHolders question;
    question.set_query(++last_);
    question.set_namespace_("red");
    finder_->Find(question, stream_.outbox());
  }
  int answered = 0, refused = 0;
  for (int i = 0; i < kAsked; ++i) {
    const int code = stream_.Next().holders_answer().code();
    answered += code == 0;
    refused += code == static_cast<int>(absl::StatusCode::kResourceExhausted);
  }
  EXPECT_EQ(answered + refused, kAsked);
  EXPECT_GE(answered, 16);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace warren::session
