#ifndef WARREN_AGENT_EXECUTOR_PROOF_H_
#define WARREN_AGENT_EXECUTOR_PROOF_H_

// What proves, to an undo that may come after a crash, that a link is the one that an intent made: something that
// nobody else could have chosen, journaled before the link and made in the same message as it (ADR 16). For a MAC of
// our own choice that is the MAC. Where a MAC was asked for it is a random group, which the link leaves once the intent
// is committed. Belongs to the executor's thread.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/executor/places.h"
#include "agent/executor/step.pb.h"
#include "agent/kernel/link.h"

namespace warren::executor {

struct NewLinkIdentity {
  std::string name;
  std::string kind;
  std::string mac;  // raw
  bool mac_given = false;
};

// Adds to the step what takes the link back, and what is to be done with it after the commit. Returns the group that it
// is to be made in; 0: the default one.
uint32_t AddMaking(const Place& place, const NewLinkIdentity& link, Step& step);

// Whether a creation that ended so has certainly made nothing: the kernel answered that it refuses.
bool MadeNothing(const absl::Status& creation);

// The link, under whatever name it has by now. NOT_FOUND (ENODEV) when there is none that is proved to be it: then it
// was never made, or is gone.
absl::StatusOr<kernel::Link> FindMade(Place& place, const UnmakeLink& made);

// Whether there is a link that is still in the group that proves it.
bool HasGroups(const std::vector<Step>& steps);
// After the commit: such links go back to the default group, wherever the intent has moved them. Returns what could not
// be done, a line each; links that are gone are none of it.
std::vector<std::string> LeaveGroups(Places& places, const std::vector<Step>& steps);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_PROOF_H_
