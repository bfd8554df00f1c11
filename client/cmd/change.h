#ifndef WARREN_CLIENT_CMD_CHANGE_H_
#define WARREN_CLIENT_CMD_CHANGE_H_

// Changing a host: submit, wait, report. One thread.

#include <string>
#include <vector>

#include "client/args/place_args.h"
#include "client/cmd/advice.h"
#include "client/cmd/context.h"

namespace warren::cli {

// Submits the change and, unless --no-wait, waits for its end; prints the intent and returns the exit code. With
// --dry-run it is only checked, and what would be submitted is printed. command is what errors begin with.
int SubmitChange(Context& context, const std::string& command, const Change& change, Typed typed);

// Waits for an intent that has been accepted, telling meanwhile how far it is, and reports it.
int WaitAndReport(Context& context, const std::string& command, const v1::Intent& intent, Typed typed);

// Reports an intent as it is: finished, or still under way after the timeout.
int ReportIntent(Context& context, const std::string& command, const v1::Intent& intent, Typed typed);

// What follows for batches (client/cmd/batch.h) too.
//
// The request of one change, with what the options say. request_id: empty: one is chosen when it is submitted.
v1::CreateIntentRequest RequestOf(const Context& context, const Change& change, const std::string& request_id);
// A submit failed.
int SubmitFailed(Context& context, const std::string& command, const std::string& request_id,
                 const absl::Status& status);
// Why a finished intent did not succeed, and what is still pending, as lines; none: it is all done.
std::vector<std::string> OutcomeLines(const v1::Intent& intent, Typed typed);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_CHANGE_H_
