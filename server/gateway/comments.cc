#include "server/gateway/comments.h"

#include <google/protobuf/descriptor.pb.h>

#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace warren::gateway {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using Path = std::vector<int>;

// Every comment of a file by the path of what it is above (descriptor.proto, SourceCodeInfo.Location).
class File {
 public:
  File(const FileDescriptorProto& file, std::unordered_map<std::string, std::string>& out) : out_(out) {
    for (const auto& location : file.source_code_info().location()) {
      if (location.has_leading_comments()) {
        comments_[Path(location.path().begin(), location.path().end())] = Clean(location.leading_comments());
      }
    }
    const std::string& package = file.package();
    for (int i = 0; i < file.message_type_size(); ++i) {
      Message(package, file.message_type(i), {FileDescriptorProto::kMessageTypeFieldNumber, i});
    }
    for (int i = 0; i < file.enum_type_size(); ++i) {
      Enum(package, file.enum_type(i), {FileDescriptorProto::kEnumTypeFieldNumber, i});
    }
    for (int i = 0; i < file.service_size(); ++i) {
      const auto& service = file.service(i);
      const Path path = {FileDescriptorProto::kServiceFieldNumber, i};
      const std::string name = Keep(package, service.name(), path);
      for (int k = 0; k < service.method_size(); ++k) {
        Keep(name, service.method(k).name(),
             With(path, google::protobuf::ServiceDescriptorProto::kMethodFieldNumber, k));
      }
    }
  }

 private:
  // Without the space after each "//".
  static std::string Clean(const std::string& comment) {
    std::string clean;
    for (absl::string_view line : absl::StrSplit(absl::StripTrailingAsciiWhitespace(comment), '\n')) {
      absl::ConsumePrefix(&line, " ");
      absl::StrAppend(&clean, clean.empty() ? "" : "\n", line);
    }
    return clean;
  }
  static Path With(Path path, int field, int index) {
    path.push_back(field);
    path.push_back(index);
    return path;
  }
  std::string Keep(const std::string& outer, const std::string& name, const Path& path) {
    std::string full = outer.empty() ? name : absl::StrCat(outer, ".", name);
    if (const auto found = comments_.find(path); found != comments_.end()) out_[full] = found->second;
    return full;
  }
  void Message(const std::string& outer, const DescriptorProto& message, const Path& path) {
    const std::string name = Keep(outer, message.name(), path);
    for (int i = 0; i < message.field_size(); ++i) {
      Keep(name, message.field(i).name(), With(path, DescriptorProto::kFieldFieldNumber, i));
    }
    for (int i = 0; i < message.nested_type_size(); ++i) {
      Message(name, message.nested_type(i), With(path, DescriptorProto::kNestedTypeFieldNumber, i));
    }
    for (int i = 0; i < message.enum_type_size(); ++i) {
      Enum(name, message.enum_type(i), With(path, DescriptorProto::kEnumTypeFieldNumber, i));
    }
  }
  // The values of an enum are beside it, not in it.
  void Enum(const std::string& outer, const EnumDescriptorProto& type, const Path& path) {
    Keep(outer, type.name(), path);
    for (int i = 0; i < type.value_size(); ++i) {
      Keep(outer, type.value(i).name(), With(path, EnumDescriptorProto::kValueFieldNumber, i));
    }
  }

  std::unordered_map<std::string, std::string>& out_;
  std::map<Path, std::string> comments_;
};

}  // namespace

absl::StatusOr<ProtoComments> ProtoComments::Of(std::string_view descriptor_set) {
  FileDescriptorSet set;
  if (!set.ParseFromArray(descriptor_set.data(), static_cast<int>(descriptor_set.size()))) {
    return absl::InvalidArgumentError("not a set of file descriptors");
  }
  ProtoComments comments;
  for (const FileDescriptorProto& file : set.file()) File(file, comments.by_name_);
  return comments;
}

std::string ProtoComments::Above(const std::string& full_name) const {
  const auto found = by_name_.find(full_name);
  return found == by_name_.end() ? "" : found->second;
}

}  // namespace warren::gateway
