// Whatever an intent consists of, it leaves what its operations leave one by one, and fails as they fail, leaving
// nothing. Random intents over a random beginning; a failure is shrunk, and told with how to see it again.

#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

// Can be renamed like any other link, and the sandbox's must not be.
constexpr char kLoopback[] = "lo";

// Random numbers for one operation; zeros after its end. So that leaving one operation out does not change the others.
class Tape {
 public:
  explicit Tape(const std::vector<int>& numbers) : numbers_(numbers) {}
  size_t Below(size_t bound) { return next_ < numbers_.size() ? static_cast<size_t>(numbers_[next_++]) % bound : 0; }
  bool OneIn(size_t of) { return Below(of) == of - 1; }
  template <typename T>
  const T& Of(const std::vector<T>& some) {
    return some[Below(some.size())];
  }

 private:
  const std::vector<int>& numbers_;
  size_t next_ = 0;
};

// What is there, roughly: enough that most of what is asked for can be done. The kernel has the last word.
class Picture {
 public:
  // With only what makes new things and furnishes them, which is what is fused.
  explicit Picture(bool only_new) : only_new_(only_new) {}

  // The next operation, as text.
  std::string Next(Tape tape) {
    ++count_;
    const size_t what = tape.Below(only_new_ ? 13 : 16);
    if (what >= 5 && what < 15 && links_.empty()) return CreateVeth(tape);
    switch (what) {
      case 0:
      case 1:
        return CreateNamespace(tape);
      case 2:
      case 3:
      case 4:
        return CreateVeth(tape);
      case 5:
        return CreateBridge(tape);
      case 6:
        return MoveLink(tape);
      case 7:
      case 8:
        return SetLink(tape);
      case 9:
      case 10:
        return AddAddress(tape);
      case 11:
        return AddRoute(tape);
      case 12:
        return Attach(tape);
      case 13:
        return tape.OneIn(2) ? DeleteAddress(tape) : DeleteRoute(tape);
      case 14:
        return tape.OneIn(2) ? Detach(tape) : DeleteLink(tape);
      default:
        return DeleteNamespace(tape);
    }
  }

 private:
  struct Link {
    std::string netns, name;
    bool bridge = false;
    size_t pair = 0;  // both ends of a veth have the same; 0: none
    std::string master;
  };

  static std::string In(const Link& link) { return absl::StrCat("namespace: '", link.netns, "' "); }
  static const std::vector<std::string>& Addresses() {
    static const auto& all = *new std::vector<std::string>{"10.0.0.1/24", "10.0.0.2/24",    "10.0.1.1/24",
                                                           "10.9.9.9/32", "2001:db8::1/64", "2001:db8:1::1/64"};
    return all;
  }
  static std::string Mtu(Tape& tape) {
    if (tape.OneIn(16)) return "70000";  // is refused
    return tape.Of(std::vector<std::string>{"1500", "1400", "1280", "9000", "1000"});
  }
  const std::string& Place(Tape& tape) { return tape.Of(places_); }
  // One that is there, or with bad luck one that is not.
  Link Some(Tape& tape) {
    if (tape.OneIn(12)) return {Place(tape), tape.OneIn(4) ? "none" : kLoopback, false, 0, ""};
    return links_.empty() ? Link{"@host", "none", false, 0, ""} : tape.Of(links_);
  }
  // One that no link has, or with bad luck one that one has.
  std::string NewName(Tape& tape, const std::string& netns) {
    const bool unlucky = tape.OneIn(16);
    std::vector<std::string> names = {"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"};
    if (!unlucky) {
      for (const Link& link : links_) {
        if (link.netns == netns && names.size() > 1) std::erase(names, link.name);
      }
    }
    return tape.Of(names);
  }
  // Not a random one, which could not be compared.
  std::string Mac(int which) {
    return absl::StrCat("mac: '02:00:00:00:", absl::Hex(count_ / 256 * 16 + which, absl::kZeroPad2), ":",
                        absl::Hex(count_ % 256, absl::kZeroPad2), "' ");
  }
  std::string Furniture(Tape& tape) {
    std::string text;
    if (tape.OneIn(4)) absl::StrAppend(&text, "mtu: ", Mtu(tape), " ");
    if (tape.OneIn(2)) absl::StrAppend(&text, "up: true ");
    if (tape.OneIn(3)) absl::StrAppend(&text, "addresses: '", tape.Of(Addresses()), "' ");
    if (tape.OneIn(5)) absl::StrAppend(&text, "addresses: '", tape.Of(Addresses()), "' ");
    return text;
  }

  std::string CreateNamespace(Tape& tape) {
    const std::string name = tape.Of(std::vector<std::string>{"red", "blue", "green"});
    const bool there = std::find(places_.begin(), places_.end(), name) != places_.end();
    if (!there) places_.push_back(name);
    return absl::StrCat("create_namespace { namespace: '", name, "' ", tape.OneIn(4) ? "loopback_down: true " : "",
                        (only_new_ && !there) || tape.OneIn(6) ? "" : "allow_existing: true ", "}");
  }
  std::string CreateVeth(Tape& tape) {
    std::array<Link, 2> ends;
    std::string text = "create_veth { ";
    for (int i = 0; i < 2; ++i) {
      Link& end = ends[static_cast<size_t>(i)];
      end.netns = Place(tape);
      end.name = NewName(tape, end.netns);
      end.pair = static_cast<size_t>(count_);
      absl::StrAppend(&text, i == 0 ? "a" : "b", " { ", In(end), "name: '", end.name, "' ", Mac(i), Furniture(tape),
                      tape.OneIn(8) ? "queues: 2 " : "", "} ");
    }
    links_.insert(links_.end(), ends.begin(), ends.end());
    return text + "}";
  }
  std::string CreateBridge(Tape& tape) {
    const Link bridge{Place(tape), tape.OneIn(2) ? "br0" : "br1", true, 0, ""};
    links_.push_back(bridge);
    return absl::StrCat("create_bridge { ", In(bridge), "name: '", bridge.name, "' ", Mac(2), Furniture(tape), "}");
  }
  std::string MoveLink(Tape& tape) {
    const Link link = Some(tape);
    const std::string to = Place(tape);
    const std::string name = link.name != kLoopback && tape.OneIn(2) ? NewName(tape, to) : link.name;
    for (Link& each : links_) {
      if (each.netns == link.netns && each.name == link.name) each = {to, name, each.bridge, each.pair, ""};
    }
    return absl::StrCat("move_link { ", In(link), "name: '", link.name, "' to_namespace: '", to, "' ",
                        name != link.name ? absl::StrCat("to_name: '", name, "' ") : "", "}");
  }
  std::string SetLink(Tape& tape) {
    const Link link = Some(tape);
    std::string text = absl::StrCat("set_link { ", In(link), "name: '", link.name, "' ");
    const size_t what = tape.Below(8);
    if (what < 4) absl::StrAppend(&text, "up: ", what == 3 ? "false" : "true", " ");
    if (what == 4 || what == 5) absl::StrAppend(&text, "mtu: ", Mtu(tape), " ");
    if (what == 5 || what == 6) absl::StrAppend(&text, Mac(3));
    if (what == 7 && link.name != kLoopback) {
      const std::string name = NewName(tape, link.netns);
      for (Link& each : links_) {
        if (each.netns == link.netns && each.name == link.name) each.name = name;
      }
      absl::StrAppend(&text, kernel::RenamesLinksThatAreUp() ? "" : "up: false ", "new_name: '", name, "' ");
    }
    return text + "}";
  }
  std::string AddAddress(Tape& tape) {
    const Link link = Some(tape);
    return absl::StrCat("add_address { ", In(link), "link: '", link.name, "' address: '", tape.Of(Addresses()), "' ",
                        tape.OneIn(3) ? "nodad: true " : "", tape.OneIn(4) ? "allow_existing: true " : "", "}");
  }
  std::string DeleteAddress(Tape& tape) {
    const Link link = Some(tape);
    return absl::StrCat("delete_address { ", In(link), "link: '", link.name, "' address: '", tape.Of(Addresses()), "' ",
                        tape.OneIn(4) ? "" : "allow_missing: true ", "}");
  }
  std::string Route(Tape& tape, const Link& link) {
    const std::string destination =
        tape.Of(std::vector<std::string>{"10.7.0.0/16", "10.8.0.0/16", "default", "2001:db8:7::/48"});
    std::string text = absl::StrCat(In(link), "destination: '", destination, "' ");
    if (tape.OneIn(2) || destination.find(':') != std::string::npos) {
      absl::StrAppend(&text, "dev: '", link.name, "' ");
    } else {
      absl::StrAppend(&text, "via: '", tape.OneIn(2) ? "10.0.0.254" : "10.0.1.254", "' ");
    }
    if (tape.OneIn(3)) absl::StrAppend(&text, "metric: 50 ");
    if (tape.OneIn(5)) absl::StrAppend(&text, "table: 100 ");
    return text;
  }
  std::string AddRoute(Tape& tape) {
    const Link link = Some(tape);
    return absl::StrCat("add_route { ", Route(tape, link), tape.OneIn(4) ? "allow_existing: true " : "", "}");
  }
  std::string DeleteRoute(Tape& tape) {
    const Link link = Some(tape);
    return absl::StrCat("delete_route { ", Route(tape, link), tape.OneIn(4) ? "" : "allow_missing: true ", "}");
  }
  std::string Attach(Tape& tape) {
    const Link link = Some(tape);
    std::string bridge;
    for (const Link& each : links_) {
      if (each.bridge && each.netns == link.netns) bridge = each.name;
    }
    if (bridge.empty()) return CreateBridge(tape);
    for (Link& each : links_) {
      if (each.netns == link.netns && each.name == link.name) each.master = bridge;
    }
    return absl::StrCat("attach_link { ", In(link), "link: '", link.name, "' bridge: '", bridge, "' ",
                        tape.OneIn(4) ? "move_addresses: true " : "", tape.OneIn(4) ? "allow_existing: true " : "",
                        "}");
  }
  std::string Detach(Tape& tape) {
    Link link = Some(tape);
    for (const Link& each : links_) {
      if (!each.master.empty()) link = each;
    }
    return absl::StrCat("detach_link { ", In(link), "link: '", link.name, "' bridge: '",
                        link.master.empty() ? "br0" : link.master, "' ", tape.OneIn(4) ? "" : "allow_missing: true ",
                        "}");
  }
  std::string DeleteLink(Tape& tape) {
    const Link link = Some(tape);
    std::erase_if(links_, [&](const Link& each) {
      return (each.netns == link.netns && each.name == link.name) || (link.pair != 0 && each.pair == link.pair);
    });
    return absl::StrCat(link.bridge ? "delete_bridge { " : "delete_link { ", In(link), "name: '", link.name, "' ",
                        tape.OneIn(4) ? "allow_missing: true " : "", "}");
  }
  std::string DeleteNamespace(Tape& tape) {
    const std::string name = tape.Of(std::vector<std::string>{"red", "blue", "green"});
    std::set<size_t> pairs;
    for (const Link& each : links_) {
      if (each.netns == name && each.pair != 0) pairs.insert(each.pair);
    }
    std::erase_if(links_, [&](const Link& each) { return each.netns == name || pairs.contains(each.pair); });
    std::erase(places_, name);
    return absl::StrCat("delete_namespace { namespace: '", name, "' ", tape.OneIn(4) ? "" : "allow_missing: true ",
                        "}");
  }

  const bool only_new_;
  std::vector<std::string> places_ = {"@host"};
  std::vector<Link> links_;
  int count_ = 0;
};

class FusedPropertyTest : public ExecutorTest {
 protected:
  FusedPropertyTest() {
    options_.warm_namespaces = 2;
    dump_.identity = false;
    // Unless somebody asks for more, or for a failure to be seen again.
    setenv("RC_PARAMS", "max_success=40 max_size=24", 0);
  }

  // A host where nothing ever was, but for the beginning.
  void StartAgain(const std::vector<std::string>& beginning) {
    executor_.reset();
    Sh("ip -all netns delete; for link in $(ip -j link | jq -r '.[].ifname'); do [ $link = lo ] || ip link delete "
       "$link 2>/dev/null || true; done");
    Sh("ip link set lo down mtu 65536; ip address flush dev lo; ip link set lo up; "
       "ip route flush table all scope global 2>/dev/null || true");
    std::filesystem::remove_all(options_.state_dir);
    Reopen();
    for (const std::string& operation : beginning) Apply(operation);
  }

  // Without what follows from MACs: a link whose MAC was changed while it was up has a link-local address of the old
  // one, and gets one of the new one when it comes up again.
  static HostDump WithoutLinkLocal(HostDump dump) {
    std::erase_if(dump, [](const std::string& line) { return line.find("fe80:") != std::string::npos; });
    return dump;
  }
  std::string DifferenceFrom(const HostDump& expected) {
    std::string difference;
    Eventually([&] {
      difference = Difference(WithoutLinkLocal(expected), WithoutLinkLocal(DumpHost(dump_)));
      return difference.empty();
    });
    return difference;
  }

  // Empty: the property holds.
  std::string Falsified(const std::vector<std::string>& beginning, const std::vector<std::string>& operations) {
    StartAgain(beginning);
    v1::OperationError alone;
    int failed = -1;
    for (size_t i = 0; i < operations.size() && failed < 0; ++i) {
      const v1::IntentResult result = Apply(operations[i]);
      if (result.state() == v1::Intent::SUCCEEDED) continue;
      failed = static_cast<int>(i);
      alone = result.error();
    }
    const HostDump one_by_one = Dump();

    StartAgain(beginning);
    const HostDump before = Dump();
    const v1::IntentResult fused = Apply(absl::StrJoin(operations, "\n"));
    const std::string told = absl::StrCat("one by one: ", failed < 0 ? "all succeed" : alone.ShortDebugString(), " at ",
                                          failed, "\nas one: ", fused.ShortDebugString(), "\n");
    if (failed < 0) {
      RC_TAG("succeeds");
      if (fused.state() != v1::Intent::SUCCEEDED) return told;
      const std::string difference = DifferenceFrom(one_by_one);
      return difference.empty() ? "" : absl::StrCat("one by one (-), as one (+):\n", difference);
    }
    RC_TAG("fails");
    if (fused.state() != v1::Intent::FAILED || fused.error().operation_index() != failed ||
        fused.error().errno_name() != alone.errno_name() || fused.error().code() != alone.code()) {
      return told;
    }
    const std::string difference = DifferenceFrom(before);
    return difference.empty() ? "" : absl::StrCat(told, "before (-), after (+):\n", difference);
  }

  // Intents over what the beginning left.
  void Check(const std::string& what, bool only_new) {
    const auto tapes = rc::gen::container<std::vector<std::vector<int>>>(
        rc::gen::container<std::vector<int>>(24, rc::gen::noShrink(rc::gen::resize(100, rc::gen::inRange(0, 240)))));
    const auto property = [&] {
      const auto setting = only_new ? std::vector<std::vector<int>>() : *tapes;
      const auto asked = *tapes;
      RC_PRE(!asked.empty());
      Picture picture(only_new);
      std::vector<std::string> beginning, operations;
      for (const auto& tape : setting) beginning.push_back(picture.Next(Tape(tape)));
      for (const auto& tape : asked) operations.push_back(picture.Next(Tape(tape)));
      const std::string why = Falsified(beginning, operations);
      if (why.empty()) return;
      const std::string all = absl::StrCat("beginning:\n", absl::StrJoin(beginning, "\n"), "\nintent:\n",
                                           absl::StrJoin(operations, "\n"), "\n", why);
      // Told at once: what does not happen again is told by nobody else.
      std::cerr << all << std::endl;
      RC_FAIL(all);
    };
    EXPECT_TRUE(rc::check(what, property));
  }
};

TEST_F(FusedPropertyTest, AnIntentDoesWhatItsOperationsDoOneByOne) {
  Check("an intent does what its operations do one by one", false);
}

TEST_F(FusedPropertyTest, AnIntentOfNewThingsDoesWhatItsOperationsDoOneByOne) {
  Check("an intent of new things does what its operations do one by one", true);
}

}  // namespace
}  // namespace warren::executor
