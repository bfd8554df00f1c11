#ifndef WARREN_CLIENT_OUTPUT_NAMESPACE_TEXT_H_
#define WARREN_CLIENT_OUTPUT_NAMESPACE_TEXT_H_

// Namespaces; see format.h.

#include <string>
#include <vector>

#include "client/output/format.h"
#include "warren/v1/inventory.pb.h"

namespace warren::cli {

std::string NamespacesText(const std::vector<v1::Namespace>& namespaces, Format format);
// With its links, addresses and routes.
std::string NamespaceText(const v1::Namespace& netns, Format format);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_NAMESPACE_TEXT_H_
