#include "agent/executor/release_queue.h"

#include <gmock/gmock.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <semaphore>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "agent/executor/forward.h"
#include "agent/kernel/event_socket.h"
#include "agent/kernel/nsid.h"
#include "proto/common/mutex.h"
#include "proto/common/names.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::executor {
namespace {

using kernel::ErrnoName;
using kernel::FailureOf;
using kernel::Ip;
using kernel::Sh;
using kernel::ToStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// What works were told.
class Told {
 public:
  std::function<void(v1::ReleasePending)> Done(const std::string& name) {
    return [this, name](v1::ReleasePending pending) {
      std::ifstream file("/proc/thread-self/net/dev");
      const std::string links{std::istreambuf_iterator<char>(file), {}};
      MutexLock lock(&mutex_);
      threads_.insert(std::this_thread::get_id());
      if (links.find(absl::StrCat(" v-", name, ":")) != std::string::npos) early_.insert(name);
      times_[name] += 1;
      pending_[name] = std::move(pending);
      told_.SignalAll();
    };
  }
  // Blocks until so many were told.
  void Wait(size_t works) {
    MutexLock lock(&mutex_);
    while (times_.size() < works) told_.Wait(&mutex_);
  }
  v1::ReleasePending Pending(const std::string& name) {
    MutexLock lock(&mutex_);
    while (!pending_.contains(name)) told_.Wait(&mutex_);
    return pending_[name];
  }
  size_t works() {
    MutexLock lock(&mutex_);
    return times_.size();
  }
  void ExpectEachOnceWhenItWasGone() {
    MutexLock lock(&mutex_);
    for (const auto& [name, times] : times_) EXPECT_EQ(times, 1) << name;
    for (const auto& [name, pending] : pending_) {
      EXPECT_THAT(pending.objects(), IsEmpty()) << name;
      EXPECT_THAT(pending.holders(), IsEmpty()) << name;
    }
    EXPECT_THAT(early_, IsEmpty()) << "told while the outer end was still there";
    EXPECT_THAT(threads_, SizeIs(1));
  }

 private:
  Mutex mutex_;
  CondVar told_;
  std::map<std::string, int> times_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::ReleasePending> pending_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> early_ ABSL_GUARDED_BY(mutex_);
  std::set<std::thread::id> threads_ ABSL_GUARDED_BY(mutex_);
};

// Of the calling thread, and of those it makes.
void DropCapability(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  ASSERT_EQ(syscall(SYS_capget, &header, data), 0);
  data[CAP_TO_INDEX(capability)].effective &= ~CAP_TO_MASK(capability);
  ASSERT_EQ(syscall(SYS_capset, &header, data), 0);
}

class ReleaseQueueTest : public kernel::KernelTest {
 protected:
  void TearDown() override {
    queue_.reset();
    std::filesystem::remove_all("/run/warren");
    KernelTest::TearDown();
    EXPECT_EQ(Sh("grep -c ' net:' /proc/self/mountinfo || true"), "0") << "left mounted";
  }

  void Start(absl::Duration timeout = absl::InfiniteDuration(), int receive_buffer = 4 << 20) {
    ReleaseQueue::Options options;
    options.timeout = timeout;
    options.events = kernel::EventSocket::Open(receive_buffer);
    auto queue = ReleaseQueue::Start(std::move(options));
    ASSERT_OK(queue);
    queue_ = *std::move(queue);
  }

  // NAME with eth0, whose other end is v-NAME.
  static void Make(const std::vector<std::string>& names) {
    std::string links;
    for (const std::string& name : names) {
      Sh("ip netns add " + name);
      absl::StrAppend(&links, "link add v-", name, " type veth peer name eth0 netns ", name, "\n");
    }
    Sh("printf '" + links + "' | ip -batch -");
  }

  static Step DropStep(const std::string& name, const std::string& path, uint64_t cookie) {
    Step step;
    auto* drop = step.add_forward()->mutable_drop_netns();
    drop->set_name(name);
    drop->set_path(path);
    drop->set_cookie(cookie);
    return step;
  }
  // As an intent leaves it that deletes it after something else.
  Step Park(const std::string& name) {
    const std::string path = "/run/warren/parked/" + name;
    const kernel::Netns netns = Named(name);
    Step step = DropStep(name, path, *worker().CookieOf(netns));
    auto* drop = step.mutable_forward(0)->mutable_drop_netns();
    drop->set_inode(netns.inode);
    drop->set_nsid(*kernel::GetOrAssignNsid(host(), netns));
    drop->set_parked(true);
    EXPECT_EQ(kernel::BindNetnsAt(Named(name), path), absl::OkStatus());
    EXPECT_EQ(dir().Unbind(name), absl::OkStatus());
    return step;
  }
  // As an intent leaves it that does nothing else.
  Drop Known(const std::string& name) {
    const kernel::Netns netns = Named(name);
    Drop drop;
    drop.path = dir().PathOf(name);
    drop.netns = {netns.inode, *worker().CookieOf(netns)};
    drop.shown = name;
    drop.nsid = *kernel::GetOrAssignNsid(host(), netns);
    if (const int outer = IndexOf(host(), "v-" + name); outer != 0) drop.outer_links.emplace_back(-1, outer);
    return drop;
  }
  // As an intent leaves a link that it deletes.
  Step SetAside(const std::string& name) {
    Step step;
    auto* drop = step.add_forward()->mutable_drop_link();
    drop->mutable_netns()->set_name(std::string(kRawHost));
    drop->mutable_netns()->set_cookie(host().cookie());
    drop->set_ifindex(IndexOf(host(), name));
    drop->set_name(name);
    drop->set_shown("@host:was-" + name);
    return step;
  }

  static std::string Links() { return Ip("link", "[.[].ifname] | sort | join(\" \")"); }
  static std::string Namespaces() { return Sh("ip netns list | cut -d' ' -f1 | sort | xargs"); }

  Told told_;
  std::unique_ptr<ReleaseQueue> queue_;
};

TEST_F(ReleaseQueueTest, TellsOfEachOfManyOnceItIsGone) {
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i) names.push_back(absl::StrCat("n", i));
  Make(names);
  Start();
  std::vector<ReleaseQueue::Work> works;
  for (size_t i = 0; i < names.size(); ++i) {
    ReleaseQueue::Work work{{}, {}, told_.Done(names[i])};
    if (i % 2 == 0) {
      work.steps.push_back(Park(names[i]));
    } else {
      work.drops.push_back(Known(names[i]));
    }
    works.push_back(std::move(work));
  }
  for (ReleaseQueue::Work& work : works) queue_->Add(std::move(work));
  told_.Wait(names.size());
  EXPECT_EQ(Links(), "lo");
  EXPECT_EQ(Namespaces(), "");
  EXPECT_EQ(Sh("ls /run/warren/parked"), "");
  EXPECT_EQ(queue_->pending(), 0u);
  queue_->Stop();
  told_.ExpectEachOnceWhenItWasGone();
}

TEST_F(ReleaseQueueTest, WhatIsExpectedAndDoesNotComeIsNotWaitedForLong) {
  Make({"red", "blue"});
  Start();
  queue_->Expect(true);
  queue_->Add({{}, {Known("red")}, told_.Done("red")});
  told_.Wait(1);
  queue_->Add({{}, {Known("blue")}, told_.Done("blue")});
  queue_->Expect(false);
  told_.Wait(2);
  EXPECT_EQ(Links(), "lo");
  queue_->Stop();
  told_.ExpectEachOnceWhenItWasGone();
}

TEST_F(ReleaseQueueTest, OneWorkMayLetGoOfSeveralAndAStepOfADropIsNotLookedUp) {
  Make({"red", "blue"});
  Start();
  ReleaseQueue::Work work{{}, {}, told_.Done("red")};
  const Drop red = Known("red");
  // Of a cookie that is not its own: looked up, it would be left alone.
  work.steps = {DropStep("red", red.path, 1), Park("blue")};
  work.drops = {red};
  queue_->Add(std::move(work));
  told_.Wait(1);
  EXPECT_EQ(Links(), "lo");
  EXPECT_EQ(Namespaces(), "");
  queue_->Stop();
  told_.ExpectEachOnceWhenItWasGone();
}

TEST_F(ReleaseQueueTest, AProcessThatHoldsANamespaceIsNamedWhenTheTimeIsOver) {
  Make({"red", "blue"});
  const std::string pid =
      Sh("ip netns exec red sleep 1000 >/dev/null 2>&1 & p=$!; until [ \"$(cat /proc/$p/comm)\" = sleep ]; do :; done; "
         "echo $p");
  Start(absl::Milliseconds(100));
  queue_->Add({{}, {Known("red")}, told_.Done("red")});
  queue_->Add({{Park("blue")}, {}, told_.Done("blue")});
  const v1::ReleasePending pending = told_.Pending("red");
  EXPECT_THAT(pending.objects(), ElementsAre("namespace red", "outer end of a link in red: v-red in @host"));
  EXPECT_THAT(pending.holders(), ElementsAre("pid " + pid + " (sleep): process"));
  EXPECT_EQ(Namespaces(), "");
  Sh("kill " + pid);
}

TEST_F(ReleaseQueueTest, AMountElsewhereThatHoldsANamespaceIsNamed) {
  Make({"red"});
  Sh("touch /run/held && mount --bind /run/netns/red /run/held");
  Start(absl::Milliseconds(100));
  queue_->Add({{Park("red")}, {}, told_.Done("red")});
  const v1::ReleasePending pending = told_.Pending("red");
  EXPECT_THAT(pending.objects(), ::testing::Contains("namespace red"));
  EXPECT_THAT(pending.holders(), ElementsAre("mount /run/held"));
  Sh("umount /run/held && rm /run/held");
}

TEST_F(ReleaseQueueTest, AnOuterEndIsShownWhereItIs) {
  Sh("ip netns add red && ip netns add blue && ip -n red link add eth0 type veth peer name far0 netns blue");
  Start(absl::Milliseconds(50));
  const kernel::Netns held = Named("red");
  queue_->Add({{Park("red")}, {}, told_.Done("red")});
  EXPECT_THAT(told_.Pending("red").objects(), ElementsAre("namespace red", "outer end of a link in red: far0 in blue"));
}

TEST_F(ReleaseQueueTest, StopDropsWhatIsStillHeld) {
  Make({"red", "blue"});
  Start();
  {
    const kernel::Netns held = Named("red");
    queue_->Add({{}, {Known("red")}, told_.Done("red")});
    queue_->Add({{}, {Known("blue")}, told_.Done("blue")});
    told_.Pending("blue");
    EXPECT_EQ(queue_->pending(), 1u);
    queue_->Stop();
  }
  EXPECT_EQ(queue_->pending(), 0u);
  queue_->Add({{}, {}, told_.Done("late")});
  queue_.reset();
  EXPECT_EQ(told_.works(), 1u);
}

TEST_F(ReleaseQueueTest, NothingToDoIsDoneAtOnce) {
  Start();
  queue_->Add({{}, {}, told_.Done("nothing")});
  told_.Wait(1);
  queue_->Stop();
  told_.ExpectEachOnceWhenItWasGone();
}

TEST_F(ReleaseQueueTest, HearsOfAllThoughEventsAreLost) {
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back(absl::StrCat("n", i));
  Make(names);
  Start(absl::InfiniteDuration(), 1);
  // Nobody reads while this one is told, and the buffer holds next to nothing.
  std::binary_semaphore telling(0), go_on(0);
  queue_->Add({{}, {}, [&](const v1::ReleasePending&) {
                 telling.release();
                 go_on.acquire();
               }});
  telling.acquire();
  for (const std::string& name : names) queue_->Add({{}, {Known(name)}, told_.Done(name)});
  Sh("while ip -o link | grep -q ' v-'; do :; done");
  EXPECT_NE(Sh("awk 'NR > 1 {drops += $9} END {print drops}' /proc/net/netlink"), "0");
  go_on.release();
  told_.Wait(names.size());
  queue_->Stop();
  told_.ExpectEachOnceWhenItWasGone();
}

TEST_F(ReleaseQueueTest, WithoutCapNetBroadcastItLetsGoAndSaysThatNobodyCanSeeMore) {
  Make({"red"});
  std::jthread([this] {
    DropCapability(CAP_NET_BROADCAST);
    Start();
  }).join();
  queue_->Add({{}, {Known("red")}, told_.Done("red")});
  queue_->Add({{}, {}, told_.Done("nothing")});
  EXPECT_THAT(told_.Pending("red").objects(),
              ElementsAre(::testing::AllOf(HasSubstr("cannot see whether the kernel has let go"),
                                           HasSubstr("CAP_NET_BROADCAST"))));
  EXPECT_THAT(told_.Pending("nothing").objects(), IsEmpty());
  EXPECT_EQ(Namespaces(), "");
}

TEST_F(ReleaseQueueTest, LinksOfSeveralWorksAreDeletedAndOneThatCannotBeIsToldOfToItsOwn) {
  Sh("for i in 1 2 3 4; do ip link add a$i type veth peer name b$i && ip link add br$i type bridge; done");
  Start();
  queue_->Add({{SetAside("a1"), SetAside("br1")}, {}, told_.Done("1")});
  queue_->Add({{SetAside("a2"), SetAside("lo"), SetAside("br2")}, {}, told_.Done("2")});
  queue_->Add({{SetAside("a3"), SetAside("b3"), SetAside("br3")}, {}, told_.Done("3")});
  told_.Wait(3);
  EXPECT_EQ(Links(), "a4 b4 br4 lo");
  EXPECT_THAT(told_.Pending("1").objects(), IsEmpty());
  EXPECT_THAT(told_.Pending("2").objects(), ElementsAre(HasSubstr("link @host:was-lo (now lo): deleting the link: ")));
  EXPECT_THAT(told_.Pending("2").objects(), ElementsAre(HasSubstr("EOPNOTSUPP")));
  EXPECT_THAT(told_.Pending("3").objects(), IsEmpty());
}

// Links that were deleted as members of a group.
class DeletedInGroups : public kernel::EventSocket::Listener {
 public:
  void OnEvent(int, nlmsghdr* message) override {
    if (message->nlmsg_type != RTM_DELLINK) return;
    nlattr* table[IFLA_MAX + 1] = {};
    nlmsg_parse(message, sizeof(ifinfomsg), table, IFLA_MAX, nullptr);
    const uint32_t group = table[IFLA_GROUP] ? nla_get_u32(table[IFLA_GROUP]) : 0;
    if (group == 0) return;
    groups.insert(group);
    ++members;
  }
  void OnLost() override { ++lost; }
  void OnReadByOther() override {}

  std::set<uint32_t> groups;
  size_t members = 0;
  int lost = 0;
};

// The parts, and all of them for one.
class ForwardTest : public ReleaseQueueTest {
 protected:
  ForwardTest() : places_(worker(), dir()) {}
  void TearDown() override {
    places_.CloseAll();
    events_ = absl::CancelledError("over");
    ReleaseQueueTest::TearDown();
  }

  Places places_;
  NamedNsids named_;
  kernel::SharedEvents events_ = kernel::EventSocket::Open();
};

TEST_F(ForwardTest, LinksOfSeveralWorksAreDeletedInOneGroupANamespace) {
  Sh("for i in 1 2 3 4 5 6; do ip link add a$i type veth peer name b$i; done");
  std::vector<Remainder> all;
  for (int i = 1; i <= 5; ++i) all.emplace_back(std::vector<Step>{SetAside(absl::StrCat("a", i))}, std::vector<Drop>{});
  DeletedInGroups deleted;
  ASSERT_OK((*events_)->Add(deleted, {RTNLGRP_LINK}));
  std::vector<Remainder*> pointers;
  for (Remainder& each : all) pointers.push_back(&each);
  DeleteSetAside(places_, pointers);
  EXPECT_EQ(Links(), "a6 b6 lo");
  ASSERT_OK((*events_)->Read(deleted));
  (*events_)->Remove(deleted);
  EXPECT_EQ(deleted.lost, 0);
  EXPECT_THAT(deleted.groups, SizeIs(1));
  EXPECT_EQ(deleted.members, 5u);
}

TEST_F(ForwardTest, OneThatWasDeletedMeanwhileOrHasAnotherNameIsNoProblem) {
  Sh("for i in 1 2 3; do ip link add br$i type bridge; done");
  Remainder remainder({SetAside("br1"), SetAside("br2"), SetAside("br3")}, {});
  Sh("ip link delete br1 && ip link set br2 name other");
  DeleteSetAside(places_, {&remainder});
  EXPECT_THAT(remainder.pending.objects(), IsEmpty());
  EXPECT_EQ(Links(), "lo other");
}

TEST_F(ForwardTest, AnotherNamespaceOfThatNameIsLeftAlone) {
  Make({"red"});
  const uint64_t cookie = OpenSocket(Named("red")).cookie();
  const Drop known = Known("red");
  // The inode may well be the same.
  Drop another = known;
  another.netns.cookie += 1;
  Remainder remainder({DropStep("red", "/run/netns/red", cookie + 1)}, {});
  LookUpNetns(places_, remainder, named_);
  EXPECT_THAT(remainder.drops, IsEmpty());
  Remainder dropped({}, {another});
  std::vector<UniqueFd> last;
  LetGo(worker(), dropped, last);
  EXPECT_EQ(Namespaces(), "red");
  Remainder right({DropStep("red", "/run/netns/red", cookie)}, {});
  LookUpNetns(places_, right, named_);
  EXPECT_EQ(right.Awaited().nsids, std::set<int>{known.nsid});
  EXPECT_THAT(right.Awaited().links, ElementsAre(::testing::Pair(-1, IndexOf(host(), "v-red"))));
  LetGo(worker(), right, last);
  EXPECT_EQ(Namespaces(), "");
}

TEST_F(ForwardTest, WhatACrashLeftOfALettingGoIsRemovedAndWhatOthersLeftIsNot) {
  std::filesystem::create_directories("/run/warren/parked");
  Sh("ip netns add any && touch /run/warren/parked/red && printf 'warren 7' >/run/netns/blue && "
     "touch /run/netns/foreign");
  Step parked = DropStep("red", "/run/warren/parked/red", 7);
  parked.mutable_forward(0)->mutable_drop_netns()->set_parked(true);
  EXPECT_THAT(Release(places_, events_,
                      {parked, DropStep("blue", "/run/netns/blue", 7), DropStep("foreign", "/run/netns/foreign", 7),
                       DropStep("gone", "/run/netns/gone", 7)},
                      {absl::InfiniteDuration()}, named_, -1)
                  ->objects(),
              IsEmpty());
  EXPECT_EQ(Sh("ls /run/netns /run/warren/parked | xargs"), "/run/netns: any foreign /run/warren/parked:");
  Sh("rm /run/netns/foreign");
}

TEST_F(ForwardTest, ReleaseWaitsUntilItIsGone) {
  Make({"red", "blue"});
  Sh("ip link add br0 type bridge");
  const auto pending =
      Release(places_, events_, {SetAside("br0"), Park("red"), Park("blue")}, {absl::InfiniteDuration()}, named_, -1);
  ASSERT_TRUE(pending.has_value());
  EXPECT_THAT(pending->objects(), IsEmpty());
  EXPECT_EQ(Links(), "lo");
}

TEST_F(ForwardTest, ReleaseSaysWhatIsLeft) {
  Make({"red", "blue"});
  const kernel::Netns held = Named("red");
  const auto pending = Release(places_, events_, {Park("red"), Park("blue")}, {absl::Milliseconds(200)}, named_, -1);
  ASSERT_TRUE(pending.has_value());
  EXPECT_THAT(pending->objects(), ::testing::Contains("namespace red"));
}

// After a crash: a step that has been run before.
TEST_F(ForwardTest, OneThatWasLetGoBeforeAndIsHeldIsToldOfWithItsHolder) {
  Make({"red"});
  const std::string pid =
      Sh("ip netns exec red sleep 1000 >/dev/null 2>&1 & p=$!; until [ \"$(cat /proc/$p/comm)\" = sleep ]; do :; done; "
         "echo $p");
  Step step = Park("red");
  ASSERT_OK(kernel::UnbindNetnsAt("/run/warren/parked/red"));
  const auto pending = Release(places_, events_, {step}, {absl::Milliseconds(100)}, named_, -1);
  ASSERT_TRUE(pending.has_value());
  EXPECT_THAT(pending->objects(), ElementsAre("namespace red", "outer end of a link in red: v-red in @host"));
  EXPECT_THAT(pending->holders(), ElementsAre("pid " + pid + " (sleep): process"));
  Sh("kill " + pid);
}

TEST_F(ForwardTest, OneThatWasLetGoBeforeAndIsGoneIsNotTakenForThoseThatGotItsIds) {
  Make({"red"});
  const Step step = Park("red");
  ASSERT_OK(kernel::UnbindNetnsAt("/run/warren/parked/red"));
  const DropNetns& about = step.forward(0).drop_netns();
  while (kernel::ListNsids(host())->contains(about.nsid())) continue;
  // Another one, with a name, and a process in it.
  Sh("ip netns add blue && ip netns set blue " + std::to_string(about.nsid()));
  const auto named = Release(places_, events_, {step}, {absl::InfiniteDuration()}, named_, -1);
  ASSERT_TRUE(named.has_value());
  EXPECT_EQ(named->ShortDebugString(), "");
  // A nameless one: that cannot be told from red, which is said.
  const kernel::Netns held = Named("blue");
  Sh("ip netns delete blue");
  NamedNsids now;
  const auto nameless = Release(places_, events_, {step}, {absl::InfiniteDuration(), absl::ZeroDuration()}, now, -1);
  ASSERT_TRUE(nameless.has_value());
  EXPECT_THAT(nameless->objects(), ElementsAre("namespace red"));
  EXPECT_THAT(nameless->holders(), IsEmpty());
  EXPECT_THAT(nameless->not_looked_at(), ::testing::Contains(HasSubstr("whether it is still this namespace")));
}

TEST_F(ForwardTest, ReleaseIsToldToStop) {
  Make({"red"});
  const kernel::Netns held = Named("red");
  const UniqueFd stop(eventfd(1, EFD_CLOEXEC));
  EXPECT_FALSE(Release(places_, events_, {Park("red")}, {absl::InfiniteDuration()}, named_, stop.get()).has_value());
}

}  // namespace
}  // namespace warren::executor
