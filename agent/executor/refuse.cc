#include "agent/executor/refuse.h"

#include <sys/socket.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/kernel/link.h"

namespace warren::executor {

absl::Status ExistsButDiffers(const std::string& object, const std::vector<std::string>& differences) {
  return absl::AlreadyExistsError(absl::StrCat(object, " exists, but not as asked: ", absl::StrJoin(differences, "; "),
                                               "; change or delete it first"));
}

absl::Status ForeignError(const std::string& object) {
  return absl::FailedPreconditionError(
      absl::StrCat(object, " was not made through Warren; it is deleted only if the operation says force"));
}

absl::Status CheckTakesAddress(const std::string& link, uint32_t mtu, const kernel::Ip& ip) {
  if (ip.family != AF_INET6 || mtu >= kernel::kIpv6MinMtu) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("link ", link, " has an MTU of ", mtu, ", and IPv6 needs ",
                                                    kernel::kIpv6MinMtu, "; raise it first"));
}

absl::Status CheckNobodyIn(kernel::NetnsWorker& worker, const std::string& shown, const kernel::NetnsId& netns) {
  constexpr size_t kShown = 10;
  const std::vector<kernel::Holder> holders = kernel::FindInhabitants(worker, {netns}).found;
  if (holders.empty()) return absl::OkStatus();
  std::vector<std::string> names;
  for (const kernel::Holder& holder : holders) {
    if (names.size() == kShown) break;
    names.push_back(holder.holds == "process" ? holder.Who() : holder.ToString());
  }
  if (holders.size() > kShown) names.push_back(absl::StrCat(holders.size() - kShown, " more"));
  return absl::FailedPreconditionError(absl::StrCat("namespace ", shown, " is in use by ", absl::StrJoin(names, ", "),
                                                    "; end them first: with force it is deleted under them"));
}

}  // namespace warren::executor
