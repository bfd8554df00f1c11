#ifndef WARREN_CLIENT_OUTPUT_INTENT_TEXT_H_
#define WARREN_CLIENT_OUTPUT_INTENT_TEXT_H_

// Intents; see format.h.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/output/format.h"
#include "client/output/list_writer.h"
#include "warren/v1/intents.pb.h"

namespace warren::cli {

// "h1/0b5f0e9c-…", as the commands take it, of "hosts/h1/intents/0b5f0e9c-…".
std::string IntentShortName(const v1::Intent& intent);
// "SUCCEEDED".
std::string StateText(v1::Intent::State state);

Columns<v1::Intent> IntentColumns(const Style& style, Clock clock);
std::string IntentsText(const std::vector<v1::Intent>& intents, const Style& style, absl::Time now);
std::string IntentText(const v1::Intent& intent, Format format);
// One intent as what a command did: in a table a single row, otherwise as IntentText.
std::string IntentRowText(const v1::Intent& intent, const Style& style, absl::Time now);
// What would be submitted to a host; as data, an intent file.
std::string DryRunText(const std::string& host, const v1::Intent& intent, Format format);

// Why an intent FAILED, in lines: the operation and object and host, the kernel's word, what was not undone.
std::vector<std::string> FailureLines(const v1::Intent& intent);
// What the kernel has not let go of, in lines; none when nothing is pending.
std::vector<std::string> ReleaseLines(const v1::Intent& intent);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_INTENT_TEXT_H_
