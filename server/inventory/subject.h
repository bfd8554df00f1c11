#ifndef WARREN_SERVER_INVENTORY_SUBJECT_H_
#define WARREN_SERVER_INVENTORY_SUBJECT_H_

// What a filter of namespaces sees: name (the last segment), host, foreign, nsid, link_count, route_count and
// labels.KEY of the host. Thread-safe.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "server/filter/filter.h"
#include "warren/v1/inventory.pb.h"

namespace warren::inventory {

using Labels = std::map<std::string, std::string, std::less<>>;
using LabelsPtr = std::shared_ptr<const Labels>;  // null: none

const filter::Schema& NamespaceSchema();

// Copies what it needs of a namespace, which is much less than a namespace.
class NamespaceSubject : public filter::Subject {
 public:
  NamespaceSubject(std::string_view host, const v1::Namespace& netns, LabelsPtr labels);

  filter::Value Get(size_t field, std::string_view key) const override;

  size_t Bytes() const { return sizeof(*this) + host_.size() + name_.size(); }

 private:
  const std::string host_;
  const std::string name_;
  const LabelsPtr labels_;
  const bool foreign_;
  const int32_t nsid_;
  const int32_t link_count_;
  const int32_t route_count_;
};

}  // namespace warren::inventory

#endif  // WARREN_SERVER_INVENTORY_SUBJECT_H_
