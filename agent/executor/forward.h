#ifndef WARREN_AGENT_EXECUTOR_FORWARD_H_
#define WARREN_AGENT_EXECUTOR_FORWARD_H_

// What is left to do once an intent is committed: deleting what was set aside, letting go of namespaces, and waiting
// until the kernel has freed them. Only forward: safe to run again after a crash.
//
// The parts are run in their order by the ReleaseQueue, for many intents at once, and by Release, for one. Each belongs
// to the thread that owns the Places.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/executor/places.h"
#include "agent/executor/step.pb.h"
#include "agent/kernel/event_socket.h"
#include "agent/kernel/release.h"
#include "warren/v1/intents.pb.h"

namespace warren::executor {

// A namespace to be let go.
struct Drop {
  // What it is bound at: unmounted and unlinked.
  std::string path;
  // As the host's namespace knows it; -1: nobody knows, and it is not waited for.
  int nsid = -1;
  // The other ends of its veths, by (nsid of their namespace, -1 for the host's own; ifindex).
  std::vector<std::pair<int, int>> outer_links;
  // Its name as people know it.
  std::string shown;
  // While another namespace is bound at the path by now, that is left alone; 0: nobody else binds anything there.
  ino_t inode = 0;
};

// What one intent leaves to do, and how far that is.
struct Remainder {
  Remainder() = default;
  // A namespace of the steps that one of the drops is bound at is that one.
  Remainder(const std::vector<Step>& steps, std::vector<Drop> drops);

  std::vector<DropLink> links;
  std::vector<DropNetns> netns;  // to be looked up
  std::vector<Drop> drops;       // known
  std::vector<std::string>
      out_of_the_way;          // names in the directory of namespaces that were taken away from no namespace
  v1::ReleasePending pending;  // what could not be done

  // What the kernel is to be rid of.
  kernel::Release Awaited() const;
};

// Whether these steps delete anything: an intent that does not is finished when it is committed.
bool Deletes(const std::vector<Step>& steps);

// 1. Deletes the links that were set aside, all of one namespace together. One that is gone is no problem.
void DeleteSetAside(Places& places, const std::vector<Remainder*>& all);
// 2. Looks up the namespaces of the steps, which are drops then, and removes what was taken out of the way. Nothing
// stays open.
void LookUpNetns(Places& places, Remainder& remainder);
// 3. Takes the names of the drops away; of different remainders any thread may. Whoever is to hear of it listens by
// now. The kernel frees them when `last` is closed: as soon as it frees any, each umount(2) waits for a grace period of
// RCU that its work keeps up, 10 ms.
void LetGo(Remainder& remainder, std::vector<UniqueFd>& last);
// 4. Notes what the kernel still has, and who holds it as far as can be found: one look around for all.
struct Left {
  Remainder* remainder = nullptr;
  kernel::Release release;
};
void NoteLeft(Places& places, const std::vector<Left>& all);
// Instead: nobody can see what the kernel has.
void NoteUnseen(const absl::Status& why, Remainder& remainder);

// All of this for one intent, waiting at most `timeout`. Returns what is still there and who holds it; empty: nothing.
// Nothing at all when the descriptor `stop` became readable meanwhile (-1: none): to be run again.
std::optional<v1::ReleasePending> Release(Places& places, const kernel::SharedEvents& events,
                                          const std::vector<Step>& steps, absl::Duration timeout, int stop);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_FORWARD_H_
