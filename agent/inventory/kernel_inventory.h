#ifndef WARREN_AGENT_INVENTORY_KERNEL_INVENTORY_H_
#define WARREN_AGENT_INVENTORY_KERNEL_INVENTORY_H_

// The inventory of the running kernel: looks into one namespace after the other, and only into those of which events
// say that something has changed (agent/kernel/monitor.h, netns_watch.h). What it keeps of each is the ends of its
// links and a fingerprint of what was told last. Of the host's own, where most namespaces have a veth to, and of one
// with many links or routes it keeps a fingerprint of each (told_parts.h), looks only at those that events name, and
// tells only those.
//
// While many intents run, a few namespaces are heard in which others are known to work (others.h), and looked at first.
// What has to be asked for is read on another thread then (reader.h), and while what is due afterwards is looked at;
// the few are looked at meanwhile. What no event tells (an alias of a link that is down, a name that is mounted over)
// is found by a slow round over all.
//
// To be heard, a namespace needs an id: it is given one when it is first looked into. Where nothing is heard, every
// pass looks at everything.
//
// Cost: some 0.1 ms a namespace looked into, so 10,000 in about a second, and the listing of 10,000 names 30 ms; of one
// kept in parts 20 µs for each link that changed, however many there are. Memory some 1 KB a namespace with two links.
// No descriptor is kept but those of the host's namespace, of a socket in it and of what hears.

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/inventory/convert.h"
#include "agent/inventory/inventory.h"
#include "agent/inventory/others.h"
#include "agent/inventory/peers.h"
#include "agent/inventory/reader.h"
#include "agent/inventory/round.h"
#include "agent/inventory/stale.h"
#include "agent/inventory/told_parts.h"
#include "agent/inventory/topology.h"
#include "agent/inventory/update_builder.h"
#include "agent/kernel/chosen_events.h"
#include "agent/kernel/event_socket.h"
#include "agent/kernel/link.h"
#include "agent/kernel/monitor.h"
#include "agent/kernel/mount_watch.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"
#include "agent/kernel/netns_watch.h"
#include "proto/common/logging.h"

namespace warren::inventory {

struct Options {
  std::string host;  // the host's name, for those of its namespaces
  std::string netns_dir = "/run/netns";
  Ownership ownership;
  // Without them nothing is heard.
  kernel::SharedEvents events = kernel::NobodyListens();
  size_t event_buffer = 16 << 20;  // bytes of events not read yet; those beyond are lost, and everything is looked at
  size_t many_links = 64;          // more than so many, or four times as many routes, are kept in parts
  // The same of the host's own, where nearly every namespace that is made has the other end of something.
  size_t many_links_of_host = 0;
  // How long a round takes that looks for what no event told; 0: there is none.
  std::chrono::steady_clock::duration check_interval = std::chrono::minutes(10);
  Logger logger = Logger::Null();
};

class KernelInventory : public Inventory {
 public:
  // On the thread that will use it, in the host's namespace. On a kernel without namespaces (/proc has none) only the
  // host's own is shown.
  static absl::StatusOr<std::unique_ptr<KernelInventory>> Create(Options options);

  std::vector<v1::InventoryUpdate> Refresh(const std::set<std::string>& names) override;
  void BeginPass(bool whole) override;
  Slice Continue(const std::function<bool()>& interrupted) override;
  int descriptor() const override { return hurries_ ? chosen_epoll_.get() : epoll_.get(); }
  bool stale() const override { return list_wanted_ || !stale_.empty(); }
  void Hurry(bool on) override;
  std::vector<v1::InventoryUpdate> LookElsewhere() override;
  std::optional<std::chrono::steady_clock::time_point> ElsewhereBy() const override;
  Checked Check() override;
  void TellMeanwhile(Meanwhile tell) override { meanwhile_ = std::move(tell); }
  Counts counts() const override;

 private:
  using Clock = std::chrono::steady_clock;
  // Namespaces that are read aside together: two switches of threads for all of them.
  static constexpr size_t kReadAtOnce = 8;
  struct Pass {
    bool whole = false;
    bool begun = false;   // full_begin has been told
    bool listed = false;  // todo holds those that have vanished, and the host's own
    std::set<std::string> seen;
    std::deque<std::string> todo;
  };
  struct Told {
    uint64_t fingerprint = 0;
    uint32_t links = 0, routes = 0;
    uint64_t inode = 0;
    std::vector<absl::Time> expiries;   // of its routes, in order
    Clock::time_point looked, touched;  // last: by an intent
    std::unique_ptr<ToldParts> parts;   // null: it is told whole
  };

  KernelInventory(Options options, std::string boot_id, std::optional<kernel::NetnsWorker> worker,
                  kernel::Netlink host_netlink);
  absl::Status Listen();
  static const std::string& Host();  // kHostNamespace
  // A name is not there, or something else has taken it.
  static bool IsGone(const absl::Status& status);

  // Takes note of what has changed by now.
  void Hear();
  void Hear(const kernel::Event& event, Clock::time_point now);
  void LookAtEverything();

  // What changes there now is not an intent's doing.
  bool IsSettled(const Told& told, Clock::time_point now) const;
  void NoteOthers(const std::string& name, Clock::time_point by);
  void NoteName(const std::string& name, Clock::time_point now);
  void ChangedByOthers(uint64_t cookie, Clock::time_point now);
  // It has to be looked at again (all of it, if the event is one that was lost); what was read of it ahead is of no use
  // any more.
  void Note(const std::string& name, const kernel::Event& event);
  void HearChosen(Clock::time_point now);
  void ChooseOthers();
  void HearBy(kernel::ChosenEvents events);
  // One that was not told of is Warren's own: it is told with the result of the intent that made it.
  bool IsOfAnIntent(const std::string& name);

  // Whether what is to be read is read on the reader's thread: many intents are running, or were a moment ago, or there
  // is a pass, which may read much.
  bool ReadsAside() const;
  // Reads these there, and looks meanwhile at what others have changed, as far as that need not be asked for.
  std::vector<Reader::Read> ReadAside(std::vector<Reader::Wanted> wanted);
  bool MayLookMeanwhile(const std::string& name) const;
  void LookMeanwhile();
  void TellSoFar();
  // All of these namespaces, for Look; ReadNext: of those of which Look will need it.
  void ReadAhead(const std::vector<std::string>& names);
  void ReadNext(const std::vector<std::string>& names);
  bool NeedsAll(const std::string& name) const;
  // These of one that is kept in parts; far: with their other ends.
  std::map<int, Reader::OneLink> ReadLinks(const std::string& name, uint64_t cookie, std::set<int> asked,
                                           std::set<int> far);
  bool HasUnknownEnd(uint64_t cookie, const kernel::Link& link) const;
  // What has to be looked at of one that is kept in parts.
  struct Known {
    std::map<int, kernel::Link> links;  // known without asking
    std::vector<int> gone;
    std::set<int> asked;  // to be asked for
    std::set<int> far;    // of those, that are known but for their other ends
    std::set<int> later;  // not now
  };
  Known KnownLinks(uint64_t cookie, const Stale& stale, const ToldParts& parts) const;
  // Names that stand for another namespace, or for none, since something was mounted or unmounted.
  void CheckNames(Clock::time_point now);

  // All take shown names. Look tells what is new of one namespace, and adds to concerned_ who else has to be looked at.
  void Look(const std::string& name);
  // `contents`: what was read of it ahead, or null.
  absl::Status LookInto(const std::string& name, kernel::Netlink& netlink, const kernel::Netns* netns, Stale stale,
                        absl::StatusOr<Contents>* contents);
  // All of it, and what was heard of one that is kept in parts.
  absl::Status ReadAllAndLook(const std::string& name, kernel::Netlink& netlink, v1::Namespace head);
  absl::Status LookAtAll(const std::string& name, kernel::Netlink& netlink, v1::Namespace head,
                         absl::StatusOr<Contents> read);
  absl::Status LookAtParts(const std::string& name, kernel::Netlink& netlink, v1::Namespace head, const Stale& stale,
                           Told& told);
  // As the last event told it; none: it is to be asked for.
  std::optional<kernel::Link> AsTold(uint64_t cookie, kernel::Link link) const;
  absl::Status LookAtRoutes(const std::string& name, kernel::Netlink& netlink, const Stale& stale,
                            const std::vector<kernel::Link>& links, ToldParts& parts, v1::NamespaceChange* change);
  // All but links and routes.
  absl::StatusOr<v1::Namespace> Head(const std::string& name, uint64_t cookie, const kernel::Netns* netns);
  v1::LinkPeer PeerOf(kernel::Netlink& netlink, const kernel::Link& link, const NameOf& name_of,
                      std::optional<kernel::Link> far, uint64_t* peer_netns);
  bool IsForeign(uint64_t cookie, const kernel::Link& link) const;
  void Vanished(const std::string& name);
  // What its links were to others.
  void Forget(const std::string& name);
  // The name stands for something that is no namespace.
  void TellUnusable(const std::string& name, const std::string& raw, const std::string& reason);
  void Concern(const Topology::Concerned& concerned);
  void LookAtConcerned();
  void ListNames();
  absl::StatusOr<kernel::Netns> Open(const std::string& name) const;
  // The host's ends before anything else, so that every veth into the host finds its other end.
  void IndexHost();
  // The same of links that the host was heard to have got.
  void IndexNewOfHost();
  // What the host calls a namespace, from now on if it did not before; -1: nothing.
  absl::StatusOr<int> NsidOf(const kernel::Netns& netns, uint64_t cookie);
  // The next to look at, or none. Following: with those that come after it, some.
  std::optional<std::string> Next();
  std::vector<std::string> Following(const std::string& name) const;
  void Count(const Told& told, bool there);

  const Options options_;
  const std::string boot_id_;
  const kernel::NetnsDir dir_;
  std::optional<kernel::NetnsWorker> worker_;
  kernel::Netlink host_netlink_;
  Topology topology_;
  Peers peers_;
  UniqueFd epoll_;  // of the two below
  std::optional<kernel::Monitor> monitor_;
  bool hurries_ = false;
  Clock::time_point calm_at_;  // the kernel may still be freeing what went while it hurried
  std::optional<kernel::NetnsWatch> names_;
  Others others_;
  UniqueFd chosen_epoll_;                       // of the one below, when there is one
  std::optional<kernel::ChosenEvents> chosen_;  // heard while it hurries
  std::unique_ptr<Reader> reader_;              // null: nothing is read ahead
  std::map<std::string, Reader::Read> ahead_;   // being read, or read and not looked at yet
  Meanwhile meanwhile_;
  Clock::time_point meanwhile_rested_;
  bool within_meanwhile_ = false;  // what is looked at now is, while another look waits
  std::string looking_;            // at this one
  bool choose_again_ = false;
  Clock::time_point chosen_at_;
  std::map<std::string, Clock::time_point> elsewhere_;  // of stale_: what others have changed, to be looked at by then
  Round round_;
  kernel::MountWatch mounts_;
  bool mounted_ = false;
  Clock::time_point list_again_;
  size_t told_count_ = 0;  // how often something new was told of a namespace, other than when routes expire
  // By cookie, and back. An id once given stays, and asking for one takes the kernel a walk through all that the host
  // has.
  absl::flat_hash_map<uint64_t, int> nsids_;
  absl::flat_hash_map<int, uint64_t> cookies_;
  std::optional<int> host_nsid_;
  // What was told last. A look at one waits meanwhile, and others are looked at: none of these may move.
  absl::node_hash_map<std::string, Told> told_;
  size_t links_ = 0, routes_ = 0;  // in all of them
  std::map<std::string, Stale> stale_;
  bool list_wanted_ = false;         // names may have come or gone unheard
  std::set<std::string> concerned_;  // to be looked at with what is being looked at
  std::set<std::string> failed_;     // could not be looked into
  std::set<std::string> unusable_;   // told to be no namespaces
  bool refreshing_ = false;
  // While refreshing: links of the host by what shows one as its other end, the cookie of the namespace and the index.
  absl::flat_hash_map<int, std::pair<uint64_t, int>> shown_of_host_;
  UpdateBuilder builder_;
  std::optional<Pass> pass_;
};

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_KERNEL_INVENTORY_H_
