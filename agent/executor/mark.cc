#include "agent/executor/mark.h"

#include "absl/strings/str_cat.h"

namespace warren::executor {

std::string MarkOf(std::string_view kind, std::string_view mac, int peer) {
  std::string mark;
  mark.append(kind).append(1, '\0').append(mac).append(1, '\0');
  // Of other kinds it is the link that they stand on, which does not tell them apart.
  if (kind == "veth") absl::StrAppend(&mark, peer);
  return mark;
}

std::string MarkOf(const kernel::Link& link) { return MarkOf(link.kind, link.mac, link.peer); }

bool Fits(std::string_view mark, const kernel::Link& link) { return mark.empty() || mark == MarkOf(link); }

}  // namespace warren::executor
