#include "agent/journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace warren::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "journal-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~JournalTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Journal> Open(const std::string& boot = "boot-1") {
    auto journal = Journal::Open(path(), boot);
    EXPECT_TRUE(journal.ok()) << journal.status();
    return *std::move(journal);
  }
  std::string path() const { return folder_ + "/journal.db"; }

  std::string folder_;
};

std::vector<int64_t> SequencesOf(const std::vector<Begun>& all) {
  std::vector<int64_t> sequences;
  for (const Begun& begun : all) sequences.push_back(begun.sequence);
  return sequences;
}

TEST_F(JournalTest, NotesOfLinksOutliveTheProcessUntilTheLinkIsLost) {
  {
    auto journal = Open();
    ASSERT_EQ(journal->Note({4, 7}, "old"), absl::OkStatus());
    ASSERT_EQ(journal->Note({4, 7}, "new"), absl::OkStatus());
    ASSERT_EQ(journal->Note({5, 7}, "other"), absl::OkStatus());
    ASSERT_EQ(journal->Note({6, 1}, "third"), absl::OkStatus());
  }
  auto journal = Open();
  EXPECT_EQ(**journal->Noted({4, 7}), "new");
  EXPECT_FALSE(journal->Noted({4, 8})->has_value());
  Ownership lost;
  lost.lost_links = {{4, 7}};
  lost.lost_netns = {5};
  EXPECT_TRUE(journal->Lose(lost));
  ASSERT_EQ(journal->WriteLost(), absl::OkStatus());
  EXPECT_FALSE(journal->Noted({4, 7})->has_value());
  EXPECT_EQ(journal->NotedLinks(), (std::set<LinkId>{{6, 1}}));
  EXPECT_FALSE(Open("boot-2")->Noted({6, 1})->has_value());
}

TEST_F(JournalTest, WhatWasBegunIsThereAfterReopeningWithItsStepsInOrder) {
  {
    auto journal = Open();
    ASSERT_TRUE(journal->Begin(7, "seven").ok());
    ASSERT_TRUE(journal->Begin(5, std::string("fi\0ve", 5)).ok());
    for (const char* step : {"c", "a", "b"}) ASSERT_TRUE(journal->Add(7, step).ok());
    ASSERT_TRUE(journal->Add(5, "").ok());
  }
  auto begun = Open()->LoadBegun();
  ASSERT_TRUE(begun.ok());
  ASSERT_THAT(SequencesOf(*begun), ElementsAre(5, 7));
  EXPECT_EQ((*begun)[0].body, std::string("fi\0ve", 5));
  EXPECT_THAT((*begun)[0].steps, ElementsAre(""));
  EXPECT_THAT((*begun)[1].steps, ElementsAre("c", "a", "b"));
  EXPECT_FALSE((*begun)[1].committed);
}

TEST_F(JournalTest, ACommitIsRememberedWithItsStepsAndWhatBecameOurs) {
  {
    auto journal = Open();
    ASSERT_TRUE(journal->Begin(1, "one").ok());
    ASSERT_TRUE(journal->Add(1, "step").ok());
    Ownership made;
    made.made_netns = {{11, "red"}, {18446744073709551615u, "blue"}};
    made.made_links = {{{11, 2}, "a mark"}, {{4, 77}, ""}};
    ASSERT_TRUE(journal->Commit(1, made).ok());
  }
  auto journal = Open();
  auto begun = journal->LoadBegun();
  ASSERT_TRUE(begun.ok());
  ASSERT_EQ(begun->size(), 1u);
  EXPECT_TRUE((*begun)[0].committed);
  EXPECT_THAT((*begun)[0].steps, ElementsAre("step"));
  EXPECT_TRUE(journal->OwnsNetns(11));
  EXPECT_TRUE(journal->OwnsNetns(18446744073709551615u));
  EXPECT_FALSE(journal->OwnsNetns(4));
  EXPECT_EQ(journal->NameOf(11), "red");
  EXPECT_EQ(journal->NameOf(4), std::nullopt);
  EXPECT_TRUE(journal->OwnsLink({4, 77}));
  EXPECT_FALSE(journal->OwnsLink({4, 78}));
  EXPECT_EQ(journal->MarkOf({11, 2}), "a mark");
  EXPECT_EQ(journal->MarkOf({11, 3}), std::nullopt);
  EXPECT_THAT(journal->OwnedLinksOf(11), ElementsAre(LinkId{11, 2}));
}

TEST_F(JournalTest, FinishingReplacesWhatWasBegunByItsResult) {
  {
    auto journal = Open();
    ASSERT_TRUE(journal->Begin(1, "one").ok());
    ASSERT_TRUE(journal->Add(1, "step").ok());
    Ownership ownership;
    ownership.made_netns = {{11, "red"}};
    ASSERT_TRUE(journal->Finish(1, "result", ownership).ok());
    ASSERT_TRUE(journal->Begin(2, "two").ok());
    ASSERT_TRUE(journal->Add(2, "other step").ok());
    ownership = {};
    ownership.lost_netns = {11};
    ASSERT_TRUE(journal->Finish(2, "second", ownership).ok());
  }
  auto journal = Open();
  auto begun = journal->LoadBegun();
  ASSERT_TRUE(begun.ok());
  EXPECT_THAT(*begun, IsEmpty());
  auto results = journal->LoadResults();
  ASSERT_TRUE(results.ok());
  ASSERT_EQ(results->size(), 2u);
  EXPECT_EQ((*results)[0].sequence, 1);
  EXPECT_EQ((*results)[0].body, "result");
  EXPECT_FALSE(journal->OwnsNetns(11));
}

TEST_F(JournalTest, WhatWasUndoneLeavesNothing) {
  auto journal = Open();
  ASSERT_TRUE(journal->Begin(1, "one").ok());
  ASSERT_TRUE(journal->Add(1, "step").ok());
  ASSERT_TRUE(journal->Undone(1).ok());
  EXPECT_THAT(*journal->LoadBegun(), IsEmpty());
  EXPECT_THAT(*journal->LoadResults(), IsEmpty());
  // The same intent may come again, and has none of the old steps.
  ASSERT_TRUE(journal->Begin(1, "one").ok());
  EXPECT_THAT((*journal->LoadBegun())[0].steps, IsEmpty());
}

TEST_F(JournalTest, ThatAnIntentHadBegunIsRememberedUntilItIsFinished) {
  {
    auto journal = Open();
    for (const int64_t sequence : {1, 2, 3, 4}) ASSERT_TRUE(journal->Begin(sequence, "").ok());
    EXPECT_THAT(*journal->LoadInterrupted(), IsEmpty());
    for (const int64_t sequence : {1, 2, 3}) ASSERT_TRUE(journal->Undone(sequence).ok());
    ASSERT_TRUE(journal->Begin(1, "").ok());
    ASSERT_TRUE(journal->Undone(1).ok()) << "as often as it takes";
  }
  auto journal = Open();
  EXPECT_THAT(*journal->LoadInterrupted(), ElementsAre(1, 2, 3));
  ASSERT_TRUE(journal->Begin(2, "").ok());
  ASSERT_TRUE(journal->Finish(2, "done", {}).ok());
  ASSERT_TRUE(journal->ForgetResults({3}).ok());
  EXPECT_THAT(*journal->LoadInterrupted(), ElementsAre(1));
  journal.reset();
  EXPECT_THAT(*Open("boot-2")->LoadInterrupted(), IsEmpty());
}

TEST_F(JournalTest, AFileOfAnAgentThatDidNotWriteNamesDownIsTakenAsItIs) {
  ASSERT_TRUE(Open()->Finish(1, "result", {{{11, "red"}}, {}, {}, {}}).ok());
  ASSERT_TRUE(Database::Open(path(), {})->Execute("ALTER TABLE netns DROP COLUMN name").ok());
  auto journal = Open();
  EXPECT_EQ(journal->NameOf(11), "");
  ASSERT_TRUE(journal->Finish(2, "result", {{{12, "blue"}}, {}, {}, {}}).ok());
  journal.reset();
  EXPECT_EQ(Open()->NameOf(12), "blue");
}

TEST_F(JournalTest, AFileOfAnAgentThatDidNotRememberThatIsTakenAsItIs) {
  ASSERT_TRUE(Open()->Finish(1, "result", {{{11, "red"}}, {}, {}, {}}).ok());
  ASSERT_TRUE(Database::Open(path(), {})->Execute("DROP TABLE interrupted").ok());
  auto journal = Open();
  EXPECT_THAT(*journal->LoadInterrupted(), IsEmpty());
  EXPECT_TRUE(journal->OwnsNetns(11)) << "and nothing of it is lost";
}

TEST_F(JournalTest, TellsItsSize) {
  auto journal = Open();
  EXPECT_EQ(journal->GetStats().rows, 0);
  ASSERT_TRUE(journal->Begin(1, "one").ok());
  ASSERT_TRUE(journal->Add(1, std::string(100000, 'x')).ok());
  EXPECT_EQ(journal->GetStats().rows, 2);
  EXPECT_GT(journal->GetStats().bytes, 100000);
  ASSERT_TRUE(journal->Finish(1, "result", {{{11, "red"}, {12, "blue"}}, {}, {{{11, 1}, "m"}}, {}}).ok());
  EXPECT_EQ(journal->GetStats().rows, 4);
}

TEST_F(JournalTest, AWriteThatFailsIsToldUntilOneSucceeds) {
  auto journal = Open();
  EXPECT_TRUE(journal->Health().ok());
  {
    auto other = Database::Open(path(), {});
    ASSERT_TRUE(other.ok());
    ASSERT_TRUE(
        other->Execute("CREATE TRIGGER full BEFORE UPDATE ON boot BEGIN SELECT RAISE(FAIL, 'no room'); END").ok());
    ASSERT_TRUE(
        other->Execute("CREATE TRIGGER full2 BEFORE INSERT ON begun BEGIN SELECT RAISE(FAIL, 'no room'); END").ok());
  }
  EXPECT_FALSE(journal->Begin(1, "one").ok());
  EXPECT_THAT(std::string(journal->Health().message()), ::testing::HasSubstr("no room"));
  EXPECT_FALSE(journal->Health().ok()) << "tried once more, and failed once more";
  ASSERT_TRUE(Database::Open(path(), {})->Execute("DROP TRIGGER full").ok());
  EXPECT_TRUE(journal->Health().ok()) << "by itself, though nothing else is written";
}

TEST_F(JournalTest, StepsThatAreUndoneAreForgottenTheLastFirst) {
  auto journal = Open();
  for (const int64_t sequence : {1, 2}) ASSERT_TRUE(journal->Begin(sequence, "").ok());
  for (const char* step : {"a", "b"}) ASSERT_TRUE(journal->Add(1, step).ok());
  ASSERT_TRUE(journal->Add(2, "other").ok());
  ASSERT_TRUE(journal->UndoneLast(1).ok());
  EXPECT_THAT((*journal->LoadBegun())[0].steps, ElementsAre("a"));
  ASSERT_TRUE(journal->UndoneLast(1).ok());
  ASSERT_TRUE(journal->UndoneLast(1).ok());
  EXPECT_THAT((*journal->LoadBegun())[0].steps, IsEmpty());
  EXPECT_THAT((*journal->LoadBegun())[1].steps, ElementsAre("other"));
}

TEST_F(JournalTest, AnIntentThatBeginsAnewIsThereOnce) {
  auto journal = Open();
  ASSERT_TRUE(journal->Begin(1, "one").ok());
  ASSERT_TRUE(journal->Begin(1, "again").ok());
  ASSERT_EQ(journal->LoadBegun()->size(), 1u);
  EXPECT_EQ((*journal->LoadBegun())[0].body, "again");
}

TEST_F(JournalTest, ManyBeginAndEndInOneWriteEach) {
  auto journal = Open();
  Ownership gone;
  gone.lost_netns = {7};
  ASSERT_TRUE(journal->BeginAll({{1, "one", {"a", "b"}, std::nullopt}, {2, "two", {"c"}, gone}}).ok());
  auto begun = journal->LoadBegun();
  ASSERT_TRUE(begun.ok());
  ASSERT_EQ(begun->size(), 2u);
  EXPECT_THAT((*begun)[0].steps, ElementsAre("a", "b"));
  EXPECT_FALSE((*begun)[0].committed);
  EXPECT_THAT((*begun)[1].steps, ElementsAre("c"));
  EXPECT_TRUE((*begun)[1].committed);
  Ownership made;
  made.made_netns = {{8, "red"}};
  made.made_links = {{{8, 2}, "m"}};
  ASSERT_TRUE(journal->FinishAll({{{1, "done"}, made}, {{2, "gone"}, {}}}).ok());
  EXPECT_THAT(*journal->LoadBegun(), IsEmpty());
  EXPECT_EQ(journal->LoadResults()->size(), 2u);
  EXPECT_TRUE(journal->OwnsNetns(8));
  EXPECT_TRUE(journal->OwnsLink({8, 2}));
}

TEST_F(JournalTest, AcknowledgedResultsAreForgottenAndOthersKept) {
  auto journal = Open();
  for (int64_t sequence = 1; sequence <= 4; ++sequence) {
    ASSERT_TRUE(journal->Begin(sequence, "").ok());
    ASSERT_TRUE(journal->Finish(sequence, absl::StrCat("r", sequence), {}).ok());
  }
  ASSERT_TRUE(journal->ForgetResults({2, 4, 99}).ok());
  auto results = journal->LoadResults();
  ASSERT_EQ(results->size(), 2u);
  EXPECT_EQ((*results)[0].body, "r1");
  EXPECT_EQ((*results)[1].body, "r3");
}

TEST_F(JournalTest, AnotherBootDiscardsEverything) {
  {
    auto journal = Open("boot-1");
    ASSERT_TRUE(journal->Begin(1, "one").ok());
    ASSERT_TRUE(journal->Add(1, "step").ok());
    ASSERT_TRUE(journal->Begin(2, "two").ok());
    Ownership ownership;
    ownership.made_netns = {{11, "red"}};
    ownership.made_links = {{{11, 2}, "m"}};
    ASSERT_TRUE(journal->Finish(2, "result", ownership).ok());
  }
  auto journal = Open("boot-2");
  EXPECT_THAT(*journal->LoadBegun(), IsEmpty());
  EXPECT_THAT(*journal->LoadResults(), IsEmpty());
  EXPECT_FALSE(journal->OwnsNetns(11));
  EXPECT_THAT(journal->OwnedLinks(), IsEmpty());
}

TEST_F(JournalTest, WhatIsNotedAsLostIsForgottenAtOnceAndLeavesTheFileWithTheNextWriteOfMany) {
  auto journal = Open();
  Ownership made;
  made.made_netns = {{1, "red"}, {2, "blue"}};
  made.made_links = {{{1, 5}, "m"}, {{1, 6}, "m"}, {{2, 5}, "n"}, {{2, 6}, "o"}};
  ASSERT_TRUE(journal->Begin(1, "").ok());
  ASSERT_TRUE(journal->Finish(1, "", made).ok());
  Ownership lost;
  lost.lost_netns = {1};
  lost.lost_links = {{2, 6}};
  EXPECT_TRUE(journal->Lose(lost));
  EXPECT_FALSE(journal->Lose(lost)) << "there is nothing left of it";
  // Made again under the same index before it was written that the other went.
  Ownership again;
  again.made_links = {{{2, 6}, "p"}};
  ASSERT_TRUE(journal->Begin(2, "").ok());
  ASSERT_TRUE(journal->Finish(2, "", again).ok());
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_THAT(journal->OwnedNetns(), ElementsAre(2));
    EXPECT_THAT(journal->OwnedLinks(), ElementsAre(std::pair(LinkId{2, 5}, "n"), std::pair(LinkId{2, 6}, "p")));
    journal.reset();
    journal = Open();
  }
}

TEST_F(JournalTest, WhatIsNotedIsInTheFileOnceItIsWritten) {
  auto journal = Open();
  Ownership made;
  made.made_links = {{{1, 5}, "m"}, {{1, 6}, "m"}};
  ASSERT_TRUE(journal->Begin(1, "").ok());
  ASSERT_TRUE(journal->Finish(1, "", made).ok());
  Ownership lost;
  lost.lost_links = {{1, 5}, {1, 6}};
  EXPECT_TRUE(journal->Lose(lost));
  journal->Regain({1, 6}, "m");
  ASSERT_TRUE(journal->WriteLost().ok());
  journal.reset();
  EXPECT_THAT(Open()->OwnedLinks(), ElementsAre(std::pair(LinkId{1, 6}, "m")));
}

TEST_F(JournalTest, ADatabaseThatIsNoneIsRefusedAndNamed) {
  std::ofstream(path()) << std::string(8192, 'x');
  auto journal = Journal::Open(path(), "boot-1");
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(journal.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(journal.status().message()), ::testing::HasSubstr(path()));
}

// A killed process loses nothing that a call had returned from.
TEST_F(JournalTest, KillNineLosesNothingThatWasWritten) {
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto journal = Journal::Open(path(), "boot-1");
    if (!journal.ok()) _exit(1);
    for (int64_t sequence = 1;; ++sequence) {
      if (!(*journal)->Begin(sequence, "body").ok()) _exit(1);
      for (int step = 0; step < 3; ++step) {
        if (!(*journal)->Add(sequence, absl::StrCat(step)).ok()) _exit(1);
      }
      if (write(told[1], &sequence, sizeof sequence) != sizeof sequence) _exit(1);
    }
  }
  close(told[1]);
  int64_t last = 0;
  while (last < 500) ASSERT_EQ(read(told[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
  kill(child, SIGKILL);
  int status;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  int64_t more;
  while (read(told[0], &more, sizeof more) == static_cast<ssize_t>(sizeof more)) last = more;
  close(told[0]);
  auto begun = Open()->LoadBegun();
  ASSERT_TRUE(begun.ok());
  ASSERT_GE(begun->size(), static_cast<size_t>(last));
  for (int64_t i = 0; i < last; ++i) {
    EXPECT_EQ((*begun)[static_cast<size_t>(i)].sequence, i + 1);
    EXPECT_THAT((*begun)[static_cast<size_t>(i)].steps, ElementsAre("0", "1", "2"));
  }
}

}  // namespace
}  // namespace warren::journal
