#ifndef WARREN_CLIENT_INTENT_FILE_FILL_H_
#define WARREN_CLIENT_INTENT_FILE_FILL_H_

// From a YAML tree to a message, driven by the message's descriptor; see intent_file.h. Pure; thread-safe.

#include <yaml-cpp/yaml.h>

#include <string>

#include "absl/status/statusor.h"
#include "client/intent_file/intent_file.h"

namespace warren::cli {

// "line 3, column 5", as people count.
std::string Where(const YAML::Mark& mark);

// INVALID_ARGUMENT: "line N, column M: PATH ...".
absl::StatusOr<FileIntent> FillIntent(const YAML::Node& document);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_INTENT_FILE_FILL_H_
