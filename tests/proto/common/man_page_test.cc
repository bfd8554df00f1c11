#include "proto/common/man_page.h"

#include <gmock/gmock.h>

#include "proto/common/flags.h"

namespace warren {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(RoffText, HidesWhatRoffWouldTakeForItsOwn) {
  EXPECT_EQ(RoffText("plain"), "plain");
  EXPECT_EQ(RoffText(".TH\n'x\\n -o"), "\\&.TH\n\\&'x\\en \\-o");
}

class Page : public testing::Test {
 protected:
  Page() : app_("Does things.", "warren-thing") {
    SetUpFlags(app_, "Examples:\n  warren-thing --level 3\n.dotted\n\nMore.");
    app_.add_option("-l,--level", level_, "How much")->check(CLI::Range(1, 9))->capture_default_str();
    app_.add_flag("--fast", fast_, "Sooner")->group("Speed");
    app_.add_option("--secret", level_, "Not shown")->group("");
    AddEnvironment(app_);
  }
  int level_ = 5;
  bool fast_ = false;
  CLI::App app_;
};

TEST_F(Page, HasWhatHelpHas) {
  const std::string page = ManPageText(app_, {"warren-thing", 8, "warren(1)"});
  EXPECT_THAT(page, AllOf(HasSubstr(".TH \"WARREN\\-THING\" \"8\""), HasSubstr("warren\\-thing \\- Does things.\n"),
                          HasSubstr(".SH SYNOPSIS\n.nf\nwarren\\-thing"),
                          HasSubstr("\\fB\\-l, \\-\\-level\\fR \\fIINT in [1 \\- 9]\\fR\nHow much\nDefault: 5.\n"
                                    "Environment: \\fBWARREN_LEVEL\\fR.\n")));
  EXPECT_THAT(page, AllOf(HasSubstr(".SH SPEED\n.TP\n\\fB\\-\\-fast\\fR\nSooner\n"), HasSubstr("\\-\\-help"),
                          HasSubstr("\\-\\-config"), Not(HasSubstr("secret")),
                          HasSubstr(".SH EXAMPLES\n.nf\n  warren\\-thing \\-\\-level 3\n\\&.dotted\n\nMore.\n.fi\n"),
                          HasSubstr(".SH SEE ALSO\nwarren(1)\n")));
}

TEST_F(Page, DescribesSubcommandsOrSendsToTheirPages) {
  CLI::App* verb = app_.add_subcommand("backup", "Copies it");
  verb->add_flag("--all", fast_, "Everything");
  verb->footer("Examples:\n  warren-thing backup --all\n");
  EXPECT_EQ(FullCommandName(*verb), "warren-thing backup");
  EXPECT_THAT(ManPageText(app_, {"warren-thing", 8, ""}),
              AllOf(HasSubstr(".SH COMMANDS\n.SS warren\\-thing backup\nCopies it.\n"), HasSubstr("\\-\\-all"),
                    HasSubstr("  warren\\-thing backup \\-\\-all\n.fi\n"), Not(HasSubstr("SEE ALSO"))));
  EXPECT_THAT(ManPageText(app_, {"warren-thing", 1, "", false}),
              AllOf(HasSubstr("See \\fBwarren\\-thing\\-backup\\fR(1).\n"), Not(HasSubstr("\\-\\-all"))));
}

TEST_F(Page, OfADaemonIsPrintedForTheBuild) {
  const char* argv[] = {"warren-thing", "--man-page"};
  testing::internal::CaptureStdout();
  EXPECT_EQ(ParseFlags(app_, 2, argv), kExitOk);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr(".TH \"WARREN\\-THING\" \"8\""));
}

}  // namespace
}  // namespace warren
