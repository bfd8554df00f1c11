#ifndef WARREN_TESTS_CLIENT_INTENT_FILE_PARSED_H_
#define WARREN_TESTS_CLIENT_INTENT_FILE_PARSED_H_

#include <gmock/gmock.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/intent_file/intent_file.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"

namespace warren::cli {

// The one intent of a file that names no host.
inline absl::StatusOr<v1::Intent> OnlyIntent(const absl::StatusOr<std::vector<FileIntent>>& intents) {
  if (!intents.ok()) return intents.status();
  if (intents->size() != 1 || !intents->front().host.empty()) return absl::InternalError("not one intent without host");
  return intents->front().intent;
}
inline absl::StatusOr<v1::Intent> Parse(const std::string& text) {
  return OnlyIntent(ParseIntentsText("f.yaml", text));
}

// A StatusOr<Intent> equal to this, in protobuf's text format.
MATCHER_P(IsIntent, text, absl::StrCat("is ", text)) {
  if (!arg.ok()) {
    *result_listener << arg.status().ToString();
    return false;
  }
  v1::Intent wanted;
  if (!google::protobuf::TextFormat::ParseFromString(text, &wanted)) {
    *result_listener << "the test's text is no intent";
    return false;
  }
  *result_listener << arg->ShortDebugString();
  return google::protobuf::util::MessageDifferencer::Equals(wanted, *arg);
}

// Refused with exactly this message after the file's name.
MATCHER_P(IsRefused, message, absl::StrCat("is refused with ", message)) {
  *result_listener << (arg.ok() ? arg->ShortDebugString() : arg.status().ToString());
  return absl::IsInvalidArgument(arg.status()) &&
         std::string(arg.status().message()) == absl::StrCat("f.yaml: ", message);
}

// Refused with a message that has this.
MATCHER_P(IsRefusedSaying, part, absl::StrCat("is refused saying ", part)) {
  *result_listener << (arg.ok() ? arg->ShortDebugString() : arg.status().ToString());
  return absl::IsInvalidArgument(arg.status()) && std::string(arg.status().message()).find(part) != std::string::npos;
}

}  // namespace warren::cli

#endif  // WARREN_TESTS_CLIENT_INTENT_FILE_PARSED_H_
