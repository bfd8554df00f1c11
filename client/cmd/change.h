#ifndef WARREN_CLIENT_CMD_CHANGE_H_
#define WARREN_CLIENT_CMD_CHANGE_H_

// Changing a host: submit, wait, report. One thread.

#include <string>

#include "client/args/place_args.h"
#include "client/cmd/advice.h"
#include "client/cmd/context.h"

namespace warren::cli {

// Submits the change and, unless --no-wait, waits for its end; prints the intent and returns the exit code. command is
// what errors begin with.
int SubmitChange(Context& context, const std::string& command, const Change& change, Typed typed);

// Waits for an intent that has been accepted, and reports it.
int WaitAndReport(Context& context, const std::string& command, const v1::Intent& intent, Typed typed);

// Reports an intent as it is: finished, or still under way after the timeout.
int ReportIntent(Context& context, const std::string& command, const v1::Intent& intent, Typed typed);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_CHANGE_H_
