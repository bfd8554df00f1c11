#include "agent/exec/allow_list.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "proto/common/status_payload.h"

namespace warren::exec {
namespace {

using testing::HasSubstr;

v1::Command With(const std::string& user, const std::string& variable = "") {
  v1::Command command;
  command.set_user(user);
  if (!variable.empty()) (*command.mutable_env())[variable] = "x";
  return command;
}

std::string ReasonFor(const AllowList& list, const std::vector<std::string>& argv, const v1::Command& command = {}) {
  const auto path = list.Check(argv, command);
  return path.ok() ? "allowed" : ReasonOf(path.status());
}

TEST(AllowList, AllowsEverythingWhereThereIsNone) {
  EXPECT_EQ(ReasonFor(AllowList(), {"anything", "at", "all"}, With("anybody", "LD_PRELOAD")), "allowed");
}

TEST(AllowList, TakesAnyOneArgumentForAStarAndAnyNumberForThreeDots) {
  const auto list = AllowList::Create({"/bin/ls -l *", "/bin/cat ...", "/bin/true"}, {});
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(ReasonFor(*list, {"ls", "-l", "/x"}), "allowed");
  EXPECT_EQ(ReasonFor(*list, {"/usr/bin/ls", "-l", "/x"}), "allowed") << "the same file by another name";
  EXPECT_EQ(ReasonFor(*list, {"ls", "-l"}), "COMMAND_NOT_ALLOWED");
  EXPECT_EQ(ReasonFor(*list, {"ls", "-l", "/x", "/y"}), "COMMAND_NOT_ALLOWED");
  EXPECT_EQ(ReasonFor(*list, {"ls", "-a", "/x"}), "COMMAND_NOT_ALLOWED");
  EXPECT_EQ(ReasonFor(*list, {"cat"}), "allowed");
  EXPECT_EQ(ReasonFor(*list, {"cat", "a", "b"}), "allowed");
  EXPECT_EQ(ReasonFor(*list, {"true", "x"}), "COMMAND_NOT_ALLOWED");
  EXPECT_EQ(ReasonFor(*list, {}), "COMMAND_NOT_ALLOWED");
  EXPECT_EQ(ReasonFor(*list, {"no-such-command"}), "COMMAND_NOT_FOUND");
}

TEST(AllowList, TakesAProgramOfSeveralNamesByTheNameThatIsListed) {
  const std::string directory = testing::TempDir() + "allow-list-names-" + std::to_string(getpid());
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  std::filesystem::create_symlink("/bin/true", directory + "/look");
  std::filesystem::create_symlink("/bin/true", directory + "/erase");
  std::filesystem::create_directory_symlink(directory, directory + "/same");
  const auto list = AllowList::Create({directory + "/look ..."}, {});
  EXPECT_EQ(ReasonFor(*list, {directory + "/look"}), "allowed");
  EXPECT_EQ(ReasonFor(*list, {directory + "/same/look"}), "allowed");
  EXPECT_EQ(ReasonFor(*list, {directory + "/erase"}), "COMMAND_NOT_ALLOWED");
  EXPECT_EQ(ReasonFor(*list, {"/bin/true"}), "COMMAND_NOT_ALLOWED");
  std::filesystem::remove_all(directory);
}

TEST(AllowList, TakesNoRelativePath) {
  const auto list = AllowList::Create({"/bin/ls"}, {});
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path("/");
  EXPECT_EQ(ReasonFor(*list, {"/bin/ls"}), "allowed");
  EXPECT_EQ(ReasonFor(*list, {"bin/ls"}), "COMMAND_NOT_ALLOWED") << "it depends on where the command begins";
  EXPECT_EQ(ReasonFor(*list, {"./bin/ls"}), "COMMAND_NOT_ALLOWED");
  std::filesystem::current_path(before);
}

TEST(AllowList, ExecutesWhatIsListedWhateverPathLedThere) {
  const auto list = AllowList::Create({"/bin/ls ..."}, {});
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path("/");
  for (const std::string path : {"ls", "/bin/../bin/ls", "/proc/self/cwd/bin/ls"}) {
    EXPECT_EQ(list->Check({path}, {}).value(), "/bin/ls") << path;
  }
  std::filesystem::current_path(before);
}

TEST(AllowList, TakesNoNameThatTheKernelSeesOtherwise) {
  const auto list = AllowList::Create({"/bin/ls ..."}, {});
  EXPECT_EQ(ReasonFor(*list, {std::string("/bin/ls\0/ls", 11)}), "COMMAND_NOT_ALLOWED");
}

TEST(AllowList, TakesNoVariableThatCouldMakeAnotherCommandOfIt) {
  const auto list = AllowList::Create({"/bin/ls ..."}, {});
  EXPECT_EQ(ReasonFor(*list, {"ls"}, With("", "LC_ALL")), "allowed");
  EXPECT_EQ(ReasonFor(*list, {"ls"}, With("", "LD_PRELOAD")), "VARIABLE_NOT_ALLOWED");
  EXPECT_EQ(ReasonFor(*list, {"ls"}, With("", "PATH")), "VARIABLE_NOT_ALLOWED");
}

TEST(AllowList, TakesWhoSaysNothingForRoot) {
  const auto list = AllowList::Create({}, {"nobody"});
  EXPECT_EQ(ReasonFor(*list, {"ls"}, With("nobody")), "allowed");
  EXPECT_EQ(ReasonFor(*list, {"ls"}, With("")), "USER_NOT_ALLOWED");
  EXPECT_EQ(ReasonFor(*list, {"ls"}, With("nobody:0")), "USER_NOT_ALLOWED");
}

TEST(AllowList, IsOfAbsolutePaths) {
  EXPECT_THAT(AllowList::Create({"ls -l"}, {}).status().message(), HasSubstr("absolute path"));
  EXPECT_THAT(AllowList::Create({" "}, {}).status().message(), HasSubstr("absolute path"));
}

}  // namespace
}  // namespace warren::exec
