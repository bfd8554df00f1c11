#include "server/intents/validate.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/common/link_reference.h"
#include "proto/common/names.h"
#include "proto/common/string_view.h"
#include "server/intents/ip_text.h"

namespace warren::intents {
namespace {

constexpr uint32_t kMinMtu = 68;
constexpr uint32_t kMaxMtu = 65535;
constexpr uint32_t kMaxQueues = 4096;
constexpr int kMaxAddresses = 64;
// IFA_CACHEINFO counts seconds in 32 bits; all ones stands for ever.
constexpr int64_t kMaxLifetimeSeconds = std::numeric_limits<uint32_t>::max() - 1;
constexpr char kAddressForm[] =
    "is not an IP address with prefix length, such as \"10.0.0.1/24\" or \"2001:db8::1/64\"";
constexpr char kIpForm[] = "is not an IP address such as \"10.0.0.1\" or \"2001:db8::1\"";
const char* FamilyName(Family family) { return family == Family::kIpv4 ? "IPv4" : "IPv6"; }

// To the kernel, on one link: IPv6 tells them apart by the address alone (ipv6_add_addr), IPv4 by the length too
// (__inet_insert_ifa).
bool AreOneAddress(const Prefix& a, const Prefix& b) {
  return a.family == b.family && a.bytes == b.bytes && (a.family == Family::kIpv6 || a.length == b.length);
}

// Collects what is wrong below one field.
class Checker {
 public:
  Checker(std::string path, std::vector<FieldViolation>& violations)
      : path_(std::move(path)), violations_(violations) {}

  Checker At(std::string_view field) const { return Checker(absl::StrCat(path_, ".", AbslView(field)), violations_); }

  void Bad(std::string_view field, std::string description) const {
    violations_.push_back({absl::StrCat(path_, ".", AbslView(field)), std::move(description)});
  }
  void BadHere(std::string description) const { violations_.push_back({path_, std::move(description)}); }

  void NewNamespace(std::string_view name) const {
    if (name == kHostNamespace) {
      Bad("namespace", "is \"@host\", the host's own namespace, which is always there");
    } else if (auto why = WhyBadNamespace(name)) {
      Bad("namespace", *why);
    }
  }
  void Namespace(std::string_view field, std::string_view name) const {
    if (name.empty()) {
      Bad(field, "is empty; say \"@host\" for the host's own namespace");
    } else if (auto why = WhyBadNamespaceReference(name)) {
      Bad(field, *why);
    }
  }
  void Interface(std::string_view field, std::string_view name) const {
    if (auto why = WhyBadInterface(name)) Bad(field, *why);
  }
  void OptionalInterface(std::string_view field, std::string_view name) const {
    if (!name.empty()) Interface(field, name);
  }
  // One that is there, by any of its names.
  void Link(std::string_view field, std::string_view name) const {
    if (auto why = WhyBadLinkReference(name)) Bad(field, *why);
  }
  void OptionalLink(std::string_view field, std::string_view name) const {
    if (!name.empty()) Link(field, name);
  }
  void Mtu(uint32_t mtu) const {
    if (mtu < kMinMtu || mtu > kMaxMtu) Bad("mtu", absl::StrCat("is ", mtu, "; must be ", kMinMtu, " to ", kMaxMtu));
  }
  void Mac(std::string_view mac) const {
    if (auto why = WhyBadMac(mac)) Bad("mac", *why);
  }
  void Addresses(const google::protobuf::RepeatedPtrField<std::string>& addresses) const {
    if (addresses.size() > kMaxAddresses) {
      Bad("addresses", absl::StrCat("has ", addresses.size(), " addresses; at most ", kMaxAddresses));
      return;
    }
    std::vector<std::optional<Prefix>> before;
    for (int i = 0; i < addresses.size(); ++i) {
      const std::string field = absl::StrCat("addresses[", i, "]");
      const auto prefix = ParseIpPrefix(addresses[i]);
      const auto same = std::find_if(before.begin(), before.end(), [&](const auto& other) {
        return prefix && other && AreOneAddress(*prefix, *other);
      });
      if (!prefix) Bad(field, kAddressForm);
      if (same != before.end()) {
        Bad(field, absl::StrCat("is an address that addresses[", same - before.begin(), "] is, too"));
      }
      before.push_back(prefix);
    }
  }
  std::optional<Prefix> Address(std::string_view field, std::string_view text) const {
    auto prefix = ParseIpPrefix(text);
    if (!prefix) Bad(field, text.empty() ? "is empty" : kAddressForm);
    return prefix;
  }
  // Of the same family as `other`, which is called `other_field`; either may be absent.
  void SameFamily(std::string_view field, const std::optional<Prefix>& prefix, std::string_view other_field,
                  const std::optional<Prefix>& other) const {
    if (prefix && other && prefix->family != other->family) {
      Bad(field, absl::StrCat("is ", FamilyName(prefix->family), " but ", AbslView(other_field), " is ",
                              FamilyName(other->family)));
    }
  }

 private:
  std::string path_;
  std::vector<FieldViolation>& violations_;
};

void Check(const Checker& c, const v1::CreateNamespace& op) { c.NewNamespace(op.namespace_()); }

void Check(const Checker& c, const v1::DeleteNamespace& op) {
  if (op.namespace_() == kHostNamespace) {
    c.Bad("namespace", "is \"@host\", the host's own namespace, which cannot be deleted");
  } else if (auto why = WhyBadNamespaceReference(op.namespace_())) {
    c.Bad("namespace", *why);
  }
}

void CheckVethEnd(const Checker& c, const v1::VethEnd& end) {
  c.Namespace("namespace", end.namespace_());
  c.Interface("name", end.name());
  if (end.mtu() != 0) c.Mtu(end.mtu());
  if (!end.mac().empty()) c.Mac(end.mac());
  c.Addresses(end.addresses());
  if (end.queues() > kMaxQueues) c.Bad("queues", absl::StrCat("is ", end.queues(), "; must be 1 to ", kMaxQueues));
}

void Check(const Checker& c, const v1::CreateVeth& op) {
  if (!op.has_a()) c.Bad("a", "is not set; a pair has two ends");
  if (!op.has_b()) c.Bad("b", "is not set; a pair has two ends");
  if (op.has_a()) CheckVethEnd(c.At("a"), op.a());
  if (op.has_b()) CheckVethEnd(c.At("b"), op.b());
  if (op.has_a() && op.has_b() && !op.a().name().empty() && op.a().name() == op.b().name() &&
      op.a().namespace_() == op.b().namespace_()) {
    c.At("b").Bad("name", "is also the name of the other end, in the same namespace");
  }
}

void Check(const Checker& c, const v1::MoveLink& op) {
  c.Namespace("namespace", op.namespace_());
  c.Link("name", op.name());
  c.Namespace("to_namespace", op.to_namespace());
  c.OptionalInterface("to_name", op.to_name());
}

void Check(const Checker& c, const v1::DeleteLink& op) {
  c.Namespace("namespace", op.namespace_());
  c.Link("name", op.name());
}

void Check(const Checker& c, const v1::SetLink& op) {
  c.Namespace("namespace", op.namespace_());
  c.Link("name", op.name());
  if (op.has_mtu()) c.Mtu(op.mtu());
  if (op.has_mac()) c.Mac(op.mac());
  if (op.has_new_name()) c.Interface("new_name", op.new_name());
  if (!op.has_up() && !op.has_mtu() && !op.has_mac() && !op.has_new_name()) {
    c.BadHere("changes nothing; set at least one of up, mtu, mac, new_name");
  }
}

// Whole seconds from `least`; nothing when it is not.
std::optional<int64_t> CheckLifetime(const Checker& c, std::string_view field, const google::protobuf::Duration& d,
                                     int64_t least) {
  if (d.nanos() != 0 || d.seconds() < least || d.seconds() > kMaxLifetimeSeconds) {
    c.Bad(field,
          absl::StrCat("must be whole seconds, ", least, " to ", kMaxLifetimeSeconds, "; leave it out for ever"));
    return std::nullopt;
  }
  return d.seconds();
}

void Check(const Checker& c, const v1::AddAddress& op) {
  c.Namespace("namespace", op.namespace_());
  c.Link("link", op.link());
  const auto address = c.Address("address", op.address());
  if (!op.peer().empty()) c.SameFamily("peer", c.Address("peer", op.peer()), "address", address);
  std::optional<int64_t> valid;
  std::optional<int64_t> preferred;
  if (op.has_valid_lifetime()) valid = CheckLifetime(c, "valid_lifetime", op.valid_lifetime(), 1);
  if (op.has_preferred_lifetime()) preferred = CheckLifetime(c, "preferred_lifetime", op.preferred_lifetime(), 0);
  if (valid && preferred && *preferred > *valid) {
    c.Bad("preferred_lifetime", absl::StrCat("is ", *preferred, " s, longer than valid_lifetime, ", *valid, " s"));
  }
}

void Check(const Checker& c, const v1::DeleteAddress& op) {
  c.Namespace("namespace", op.namespace_());
  c.Link("link", op.link());
  const auto address = c.Address("address", op.address());
  if (!op.peer().empty()) c.SameFamily("peer", c.Address("peer", op.peer()), "address", address);
}

// To the kernel, none at all.
bool IsAllZeros(const Prefix& address) { return address.bytes == std::string(address.bytes.size(), '\0'); }

// What AddRoute and DeleteRoute have in common.
template <typename Route>
void CheckRoute(const Checker& c, const Route& op) {
  c.Namespace("namespace", op.namespace_());
  std::optional<Prefix> destination;
  if (op.destination().empty()) {
    c.Bad("destination", "is empty; say \"default\" for the default route");
  } else if (op.destination() != "default") {
    destination = ParseIpPrefix(op.destination());
    if (!destination) {
      c.Bad("destination", "is neither \"default\" nor a prefix such as \"10.1.0.0/16\" or \"2001:db8::/32\"");
    } else if (HasHostBits(*destination)) {
      c.Bad("destination",
            absl::StrCat("has bits beyond its prefix length; did you mean \"", NetworkOf(*destination), "\"?"));
    }
  }
  std::optional<Prefix> via;
  if (!op.via().empty()) {
    via = ParseIpAddress(op.via());
    if (!via) c.Bad("via", kIpForm);
    if (via && IsAllZeros(*via)) c.Bad("via", "is no gateway; leave it out for a route without one");
    c.SameFamily("via", via, "destination", destination);
  }
  if (!op.src().empty()) {
    const auto src = ParseIpAddress(op.src());
    if (!src) c.Bad("src", kIpForm);
    if (src && IsAllZeros(*src)) c.Bad("src", "is no address of a host; leave it out");
    c.SameFamily("src", src, destination ? "destination" : "via", destination ? destination : via);
  }
  c.OptionalLink("dev", op.dev());
}

void Check(const Checker& c, const v1::AddRoute& op) {
  CheckRoute(c, op);
  if (op.via().empty() && op.dev().empty()) c.BadHere("needs via or dev, or both");
  if (op.onlink() && (op.via().empty() || op.dev().empty())) c.Bad("onlink", "needs both via and dev");
}

void Check(const Checker& c, const v1::DeleteRoute& op) { CheckRoute(c, op); }

void Check(const Checker& c, const v1::CreateBridge& op) {
  c.Namespace("namespace", op.namespace_());
  c.Interface("name", op.name());
  if (op.mtu() != 0) c.Mtu(op.mtu());
  if (!op.mac().empty()) c.Mac(op.mac());
  c.Addresses(op.addresses());
}

void Check(const Checker& c, const v1::DeleteBridge& op) {
  c.Namespace("namespace", op.namespace_());
  c.Link("name", op.name());
}

void Check(const Checker& c, const v1::AttachLink& op) {
  c.Namespace("namespace", op.namespace_());
  c.Link("link", op.link());
  c.Link("bridge", op.bridge());
}

void Check(const Checker& c, const v1::DetachLink& op) {
  c.Namespace("namespace", op.namespace_());
  c.Link("link", op.link());
  c.OptionalLink("bridge", op.bridge());
}

void CheckOperation(const Checker& c, const v1::Operation& op) {
  switch (op.kind_case()) {
    case v1::Operation::kCreateNamespace:
      return Check(c.At("create_namespace"), op.create_namespace());
    case v1::Operation::kDeleteNamespace:
      return Check(c.At("delete_namespace"), op.delete_namespace());
    case v1::Operation::kCreateVeth:
      return Check(c.At("create_veth"), op.create_veth());
    case v1::Operation::kMoveLink:
      return Check(c.At("move_link"), op.move_link());
    case v1::Operation::kDeleteLink:
      return Check(c.At("delete_link"), op.delete_link());
    case v1::Operation::kSetLink:
      return Check(c.At("set_link"), op.set_link());
    case v1::Operation::kAddAddress:
      return Check(c.At("add_address"), op.add_address());
    case v1::Operation::kDeleteAddress:
      return Check(c.At("delete_address"), op.delete_address());
    case v1::Operation::kAddRoute:
      return Check(c.At("add_route"), op.add_route());
    case v1::Operation::kDeleteRoute:
      return Check(c.At("delete_route"), op.delete_route());
    case v1::Operation::kCreateBridge:
      return Check(c.At("create_bridge"), op.create_bridge());
    case v1::Operation::kDeleteBridge:
      return Check(c.At("delete_bridge"), op.delete_bridge());
    case v1::Operation::kAttachLink:
      return Check(c.At("attach_link"), op.attach_link());
    case v1::Operation::kDetachLink:
      return Check(c.At("detach_link"), op.detach_link());
    case v1::Operation::KIND_NOT_SET:
      break;
  }
  c.BadHere("says nothing to do; set one kind that this server knows, such as create_namespace");
}

}  // namespace

std::vector<FieldViolation> ValidateOperations(const Operations& operations, const Limits& limits) {
  std::vector<FieldViolation> violations;
  if (operations.empty()) return {{"operations", "is empty; an intent has at least one operation"}};
  if (static_cast<size_t>(operations.size()) > limits.max_operations) {
    return {{"operations", absl::StrCat("has ", operations.size(), " operations; at most ", limits.max_operations)}};
  }
  size_t bytes = 0;
  for (const v1::Operation& operation : operations) bytes += operation.ByteSizeLong();
  if (bytes > limits.max_bytes) {
    return {{"operations", absl::StrCat("is ", bytes, " bytes in all; at most ", limits.max_bytes)}};
  }
  for (int i = 0; i < operations.size(); ++i) {
    CheckOperation(Checker(absl::StrCat("operations[", i, "]"), violations), operations[i]);
  }
  if (violations.size() > kMaxViolations) {
    const size_t left_out = violations.size() - (kMaxViolations - 1);
    violations.resize(kMaxViolations - 1);
    violations.push_back({"operations", absl::StrCat("has ", left_out, " more bad fields, not listed here")});
  }
  return violations;
}

}  // namespace warren::intents
