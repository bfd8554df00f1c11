#include "server/intents/difference.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace warren::intents {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;
using google::protobuf::util::MessageDifferencer;

constexpr size_t kMaxDifferences = 5;
constexpr size_t kMaxValueBytes = 80;

class Collector : public MessageDifferencer::Reporter {
 public:
  using Path = std::vector<MessageDifferencer::SpecificField>;

  void ReportAdded(const Message&, const Message& now, const Path& path) override {
    Add(path, "absent", Value(now, path, /*now=*/true));
  }
  void ReportDeleted(const Message& then, const Message&, const Path& path) override {
    Add(path, Value(then, path, /*now=*/false), "absent");
  }
  void ReportModified(const Message& then, const Message& now, const Path& path) override {
    // Told after what differs inside of it, which says more.
    const FieldDescriptor* field = path.back().field;
    if (field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) return;
    Add(path, Value(then, path, /*now=*/false), Value(now, path, /*now=*/true));
  }

  std::string Text() const {
    const size_t left_out = count_ - lines_.size();
    return absl::StrCat(absl::StrJoin(lines_, "; "), left_out > 0 ? absl::StrCat("; and ", left_out, " more") : "");
  }

 private:
  void Add(const Path& path, const std::string& then, const std::string& now) {
    if (++count_ <= kMaxDifferences) lines_.push_back(absl::StrCat(Name(path), ": ", then, " then, ", now, " now"));
  }

  static std::string Name(const Path& path) {
    std::string name;
    for (const auto& step : path) {
      absl::StrAppend(&name, name.empty() ? "" : ".", step.field != nullptr ? step.field->name() : "unknown field");
      if (step.field != nullptr && step.field->is_repeated()) {
        absl::StrAppend(&name, "[", step.index >= 0 ? step.index : step.new_index, "]");
      }
    }
    return name;
  }

  // `message` is the one that holds the last step's field.
  static std::string Value(const Message& message, const Path& path, bool now) {
    const auto& step = path.back();
    if (step.field == nullptr) return "a value";
    TextFormat::Printer printer;
    printer.SetSingleLineMode(true);
    std::string text;
    const int index = !step.field->is_repeated() ? -1 : now ? step.new_index : step.index;
    printer.PrintFieldValueToString(message, step.field, index, &text);
    if (step.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) text = absl::StrCat("{", text, "}");
    if (text.size() > kMaxValueBytes) text = absl::StrCat(text.substr(0, kMaxValueBytes), "…");
    return text;
  }

  size_t count_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace

std::string DescribeDifference(const v1::Intent& then, const v1::Intent& now) {
  MessageDifferencer differencer;
  Collector collector;
  differencer.ReportDifferencesTo(&collector);
  const std::vector<const FieldDescriptor*> asked = {
      v1::Intent::descriptor()->FindFieldByNumber(v1::Intent::kOperationsFieldNumber),
      v1::Intent::descriptor()->FindFieldByNumber(v1::Intent::kExpireTimeFieldNumber)};
  return differencer.CompareWithFields(then, now, asked, asked) ? std::string() : collector.Text();
}

}  // namespace warren::intents
