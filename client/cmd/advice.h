#ifndef WARREN_CLIENT_CMD_ADVICE_H_
#define WARREN_CLIENT_CMD_ADVICE_H_

// What to do next, in the words of whoever has to type it. The server and agents speak of the API's fields and calls
// ("allow_existing", "ListHosts"); here these become flags, fields of an intent file, and commands. Pure; thread-safe.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "warren/v1/intents.pb.h"

namespace warren::cli {

enum class Typed {
  kFlags,  // the operations came from a command line: "--allow-existing"
  kFile,   // from an intent file: "allowExisting: true"
};

// The message with the names of such fields replaced. What is no field of an operation (allow_unknown_host) is a flag
// either way.
std::string AsTyped(const std::string& message, Typed typed);

// Why an intent failed, as lines for standard error, with advice where the message has none.
std::vector<std::string> FailureAdvice(const v1::Intent& intent, Typed typed);

// What to do about a refusal, by the reason that the server gives (google.rpc.ErrorInfo), as lines for standard error;
// none where there is nothing to add to its message.
std::vector<std::string> ReasonAdvice(const absl::Status& status);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_ADVICE_H_
