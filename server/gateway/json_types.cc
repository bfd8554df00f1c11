#include "server/gateway/json_types.h"

#include <google/protobuf/util/type_resolver_util.h>

#include "absl/strings/str_cat.h"

namespace warren::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Type;
using google::protobuf::util::Status;

constexpr char kPrefix[] = "type.googleapis.com";

}  // namespace

std::string TypeUrl(const Descriptor& message) { return absl::StrCat(kPrefix, "/", message.full_name()); }

JsonTypes::JsonTypes(const std::vector<const Descriptor*>& roots)
    : others_(google::protobuf::util::NewTypeResolverForDescriptorPool(kPrefix, DescriptorPool::generated_pool())) {
  for (const Descriptor* root : roots) Add(*root);
}

void JsonTypes::Add(const Descriptor& message) {
  Type type;
  const std::string url = TypeUrl(message);
  if (messages_.contains(url) || !others_->ResolveMessageType(url, &type).ok()) return;
  // Nothing is written by these; a map's entry is told by its type's options.
  type.clear_source_context();
  for (auto& field : *type.mutable_fields()) field.clear_options();
  messages_.emplace(url, std::move(type));
  for (int i = 0; i < message.field_count(); ++i) {
    if (const Descriptor* held = message.field(i)->message_type(); held != nullptr) Add(*held);
  }
}

Status JsonTypes::ResolveMessageType(const std::string& url, Type* type) {
  const auto found = messages_.find(url);
  if (found == messages_.end()) return others_->ResolveMessageType(url, type);
  *type = found->second;
  return Status();
}

Status JsonTypes::ResolveEnumType(const std::string& url, google::protobuf::Enum* type) {
  return others_->ResolveEnumType(url, type);
}

}  // namespace warren::gateway
