#ifndef WARREN_CLIENT_OUTPUT_YAML_H_
#define WARREN_CLIENT_OUTPUT_YAML_H_

// Messages as YAML: what protobuf's JSON of them says, in block style, fields in the order of the proto. Text that a
// YAML 1.1 or 1.2 reader could take for something else (on, 1400, a MAC, 0x10) is quoted. Pure; thread-safe.

#include <string>
#include <string_view>

#include "google/protobuf/message.h"

namespace warren::cli {

// A document. "{}" for a message without any field set.
std::string MessageYaml(const google::protobuf::Message& message);
// The same as one item of a list: "- name: ...", further lines indented.
std::string MessageYamlItem(const google::protobuf::Message& message);
// A string as a scalar.
std::string YamlText(std::string_view text);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_YAML_H_
