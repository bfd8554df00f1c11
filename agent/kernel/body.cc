#include "agent/kernel/body.h"

#include <netlink/attr.h>
#include <netlink/msg.h>

#include <algorithm>
#include <cstring>

namespace warren::kernel {
namespace {

// Hands each attribute with its offset to `each` until that returns false.
void ForEach(std::string_view body, size_t header, const auto& each) {
  size_t at = NLMSG_ALIGN(header);
  while (at < body.size()) {
    const auto* attribute = reinterpret_cast<const nlattr*>(body.data() + at);
    if (!nla_ok(attribute, static_cast<int>(body.size() - at))) return;
    if (!each(attribute, at)) return;
    at += static_cast<size_t>(nla_total_size(nla_len(attribute)));
  }
}

}  // namespace

std::string BodyOf(const nlmsghdr* header) {
  return {static_cast<const char*>(NLMSG_DATA(header)), header->nlmsg_len - NLMSG_HDRLEN};
}

std::string WithoutAttributes(std::string_view body, size_t header, std::initializer_list<int> types) {
  std::string copy(body.substr(0, NLMSG_ALIGN(header)));
  ForEach(body, header, [&](const nlattr* attribute, size_t at) {
    if (std::find(types.begin(), types.end(), nla_type(attribute)) != types.end()) return true;
    copy += body.substr(at, static_cast<size_t>(nla_total_size(nla_len(attribute))));
    return true;
  });
  return copy;
}

std::optional<std::string> AttributeOf(std::string_view body, size_t header, int type) {
  std::optional<std::string> found;
  ForEach(body, header, [&](const nlattr* attribute, size_t) {
    if (nla_type(attribute) != type) return true;
    found.emplace(static_cast<const char*>(nla_data(attribute)), static_cast<size_t>(nla_len(attribute)));
    return false;
  });
  return found;
}

uint32_t U32Of(std::string_view body, size_t header, int type) {
  const auto bytes = AttributeOf(body, header, type);
  uint32_t value = 0;
  if (bytes && bytes->size() >= sizeof value) memcpy(&value, bytes->data(), sizeof value);
  return value;
}

void ReplaceU32(std::string& body, size_t header, int type, uint32_t value) {
  ForEach(body, header, [&](const nlattr* attribute, size_t at) {
    if (nla_type(attribute) != type || nla_len(attribute) != sizeof value) return true;
    memcpy(body.data() + at + NLA_HDRLEN, &value, sizeof value);
    return false;
  });
}

}  // namespace warren::kernel
