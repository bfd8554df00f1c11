#ifndef WARREN_TESTS_CLIENT_ARGS_CHANGES_H_
#define WARREN_TESTS_CLIENT_ARGS_CHANGES_H_

// What the tests of the command's words say things with.

#include <gmock/gmock.h>

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/args/place_args.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"

namespace warren::cli {

// One case of a table: a line that is good, and the intent it becomes.
struct Good {
  std::string line;
  std::string intent;  // in protobuf's text format
};
inline std::ostream& operator<<(std::ostream& out, const Good& c) { return out << c.line; }

// One case of a table: a line that is not, and what is said of it.
struct Bad {
  std::string line;
  std::string says;
};
inline std::ostream& operator<<(std::ostream& out, const Bad& c) { return out << c.line; }

inline std::vector<std::string> Split(const std::string& line) { return absl::StrSplit(line, ' ', absl::SkipEmpty()); }

// A StatusOr<Change> on this host, with this intent.
MATCHER_P2(IsChange, host, text, absl::StrCat("changes ", host, " by ", text)) {
  if (!arg.ok()) {
    *result_listener << arg.status().ToString();
    return false;
  }
  v1::Intent wanted;
  if (!google::protobuf::TextFormat::ParseFromString(text, &wanted)) {
    *result_listener << "the test's text is no intent";
    return false;
  }
  *result_listener << arg->host << ": " << arg->intent.ShortDebugString();
  return arg->host == host && google::protobuf::util::MessageDifferencer::Equals(wanted, arg->intent);
}

// A StatusOr refused as INVALID_ARGUMENT with these words.
MATCHER_P(IsRefused, says, absl::StrCat("is refused saying ", says)) {
  *result_listener << (arg.ok() ? std::string("it was accepted") : arg.status().ToString());
  return absl::IsInvalidArgument(arg.status()) && std::string(arg.status().message()).find(says) != std::string::npos;
}

}  // namespace warren::cli

#endif  // WARREN_TESTS_CLIENT_ARGS_CHANGES_H_
