#ifndef WARREN_CLIENT_OUTPUT_FORMAT_H_
#define WARREN_CLIENT_OUTPUT_FORMAT_H_

// What -o chooses. Every text of this room ends with a newline unless it is empty, and is a pure function of its
// arguments; thread-safe.
//
//   table  for people: columns as kubectl's, links, addresses and routes as ip's
//   wide   the same with more columns
//   json   the message as protobuf has it in JSON; several are an array
//   yaml   the same in YAML; `warren intent submit` reads an intent back from both
//   name   one name a line, as other commands take it

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace warren::cli {

enum class Format { kTable, kWide, kJson, kYaml, kName };

const std::vector<std::string>& FormatNames();
// INVALID_ARGUMENT for any but FormatNames().
absl::StatusOr<Format> ParseFormat(std::string_view name);

inline bool IsData(Format format) { return format == Format::kJson || format == Format::kYaml; }
inline bool IsTable(Format format) { return format == Format::kTable || format == Format::kWide; }

// The format, and whether words of state are coloured in a table.
struct Style {
  Style(Format f, bool c = false) : format(f), color(c) {}  // NOLINT: a format is a style
  Format format;
  bool color = false;
};

// One message, or a list of them, in kJson or kYaml.
std::string DataText(const google::protobuf::Message& message, Format format);
std::string DataListText(const std::vector<const google::protobuf::Message*>& messages, Format format);

template <typename Messages>
std::string DataListText(const Messages& messages, Format format) {
  std::vector<const google::protobuf::Message*> list;
  for (const auto& message : messages) list.push_back(&message);
  return DataListText(list, format);
}

// A list in kJson or kYaml that comes in parts: texts to be written one after the other.
class DataList {
 public:
  explicit DataList(Format format) : format_(format) {}
  std::string Add(const google::protobuf::Message& message);
  std::string End() const;

 private:
  Format format_;
  bool empty_ = true;
};

// A message as JSON on one line, without a line break.
std::string JsonLine(const google::protobuf::Message& message);
// JSON as this room writes it (a DataText, a DataListText) on one line.
std::string JoinJsonLines(const std::string& json);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_FORMAT_H_
