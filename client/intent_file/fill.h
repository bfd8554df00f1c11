#ifndef WARREN_CLIENT_INTENT_FILE_FILL_H_
#define WARREN_CLIENT_INTENT_FILE_FILL_H_

// From a YAML tree to a message, driven by the message's descriptor; see intent_file.h. Pure; thread-safe.

#include <yaml-cpp/yaml.h>

#include "absl/status/statusor.h"
#include "warren/v1/intents.pb.h"

namespace warren::cli {

// INVALID_ARGUMENT: "line N: PATH ...".
absl::StatusOr<v1::Intent> FillIntent(const YAML::Node& document);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_INTENT_FILE_FILL_H_
