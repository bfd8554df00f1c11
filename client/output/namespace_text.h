#ifndef WARREN_CLIENT_OUTPUT_NAMESPACE_TEXT_H_
#define WARREN_CLIENT_OUTPUT_NAMESPACE_TEXT_H_

// Namespaces; see format.h.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/output/format.h"
#include "client/output/list_writer.h"
#include "warren/v1/inventory.pb.h"
#include "warren/v1/namespaces.pb.h"

namespace warren::cli {

Columns<v1::Namespace> NamespaceColumns(const Style& style);
std::string NamespacesText(const std::vector<v1::Namespace>& namespaces, Format format);
// With its links, addresses and routes.
std::string NamespaceText(const v1::Namespace& netns, Format format);

// How long ago it was looked at, by this machine's clock: the server's answers have no time of their own. 0 where that
// is ahead, or nothing was said.
absl::Duration AgeOf(const v1::Namespace& netns);

// What keeps a namespace alive. Where could not be looked follows the table, in lines that begin with "#"; with
// Format::kName it is process ids alone, each once.
std::string HoldersText(const v1::ListHoldersResponse& holders, Format format);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_NAMESPACE_TEXT_H_
