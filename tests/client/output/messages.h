#ifndef WARREN_TESTS_CLIENT_OUTPUT_MESSAGES_H_
#define WARREN_TESTS_CLIENT_OUTPUT_MESSAGES_H_

#include <gtest/gtest.h>

#include <string>

#include "google/protobuf/text_format.h"

namespace warren::cli {

// A message from protobuf's text format.
template <typename Message>
Message From(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

}  // namespace warren::cli

#endif  // WARREN_TESTS_CLIENT_OUTPUT_MESSAGES_H_
