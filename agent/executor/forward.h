#ifndef WARREN_AGENT_EXECUTOR_FORWARD_H_
#define WARREN_AGENT_EXECUTOR_FORWARD_H_

// What is left to do once an intent is committed: deleting what was set aside, letting go of namespaces, and waiting
// until the kernel has freed them. Only forward: safe to run again after a crash.
//
// The parts are run in their order by the ReleaseQueue, for many intents at once, and by Release, for one. Each belongs
// to the thread that owns the Places.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/executor/places.h"
#include "agent/executor/step.pb.h"
#include "agent/kernel/event_socket.h"
#include "agent/kernel/holders.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/release.h"
#include "warren/v1/intents.pb.h"

namespace warren::executor {

// A namespace to be let go.
struct Drop {
  // What it is bound at: unmounted and unlinked. Empty: it was let go before a crash.
  std::string path;
  // As the host's namespace knows it; -1: nobody knows, and it is not waited for.
  int nsid = -1;
  // The other ends of its veths, by (nsid of their namespace, -1 for the host's own; ifindex).
  std::vector<std::pair<int, int>> outer_links;
  // Its name as people know it.
  std::string shown;
  // Another one that is bound at the path by now is left alone.
  kernel::NetnsId netns;
  // It has been let go already, and at most a file is left at the path.
  bool let_go = false;
};

// Which of the host's ids are those of namespaces that have a name: one that was let go has none, so that the kernel
// has given its id to another. Looked up when first asked for, in all namespaces: 0.02 ms each, and more the more there
// are.
class NamedNsids {
 public:
  // The name, escaped; empty: none has that id.
  std::string Name(Places& places, kernel::Netlink& host, int nsid);

 private:
  std::optional<std::map<int, std::string>> names_;
};

// What one intent leaves to do, and how far that is.
struct Remainder {
  Remainder() = default;
  // A namespace of the steps that one of the drops is bound at is that one.
  Remainder(const std::vector<Step>& steps, std::vector<Drop> drops);

  std::vector<DropLink> links;
  std::vector<DropNetns> netns;  // to be looked up
  std::vector<Drop> drops;       // known
  // Names in the directory of namespaces that were taken away from no namespace.
  std::vector<std::string> out_of_the_way;
  v1::ReleasePending pending;  // what could not be done

  // What the kernel is to be rid of.
  kernel::Release Awaited() const;
};

// Whether these steps delete anything: an intent that does not is finished when it is committed.
bool Deletes(const std::vector<Step>& steps);

// 1. Deletes the links that were set aside, all of one namespace together. One that is gone is no problem.
void DeleteSetAside(Places& places, const std::vector<Remainder*>& all);
// 2. Looks up the namespaces of the steps, which are drops then: also one that has been let go before a crash, as long
// as the kernel has it. Removes what was taken out of the way. Nothing stays open.
void LookUpNetns(Places& places, Remainder& remainder, NamedNsids& named);
// 3. Takes the names of the drops away; of different remainders any thread may. Whoever is to hear of it listens by
// now. The kernel frees them when `last` is closed: as soon as it frees any, each umount(2) waits for a grace period of
// RCU that its work keeps up, 10 ms.
void LetGo(kernel::NetnsWorker& worker, Remainder& remainder, std::vector<UniqueFd>& last);
// 4. Notes what the kernel still has, and who holds it as far as can be found (kernel/holders.h): one look around for
// all, which is over after 2 s.
struct Left {
  Remainder* remainder = nullptr;
  kernel::Release release;
};
void NoteLeft(Places& places, const std::vector<Left>& all, NamedNsids& named);
// Instead: nobody can see what the kernel has.
void NoteUnseen(const absl::Status& why, Remainder& remainder);

// All of this for one intent, waiting at most `timeout`, and for what was let go before at most `let_go_timeout`.
// Returns what is still there and who holds it; empty: nothing. Nothing at all when the descriptor `stop` became
// readable meanwhile (-1: none): to be run again.
struct ReleaseTimes {
  absl::Duration timeout;
  absl::Duration let_go_timeout = timeout;
};
std::optional<v1::ReleasePending> Release(Places& places, const kernel::SharedEvents& events,
                                          const std::vector<Step>& steps, const ReleaseTimes& times, NamedNsids& named,
                                          int stop);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_FORWARD_H_
