#include "server/filter/filter.h"

#include <utility>

#include "server/filter/node.h"

namespace warren::filter {
namespace {

template <typename T>
bool Holds(const T& value, Op op, const T& with) {
  switch (op) {
    case Op::kEqual:
      return value == with;
    case Op::kNotEqual:
      return value != with;
    case Op::kLess:
      return value < with;
    case Op::kLessOrEqual:
      return value <= with;
    case Op::kGreater:
      return value > with;
    case Op::kGreaterOrEqual:
      return value >= with;
    case Op::kHas:
      return true;
  }
  return false;
}

bool Resembles(std::string_view value, std::string_view text, bool any_before, bool any_after) {
  if (any_before && any_after) return value.find(text) != std::string_view::npos;
  if (any_before) return value.ends_with(text);
  if (any_after) return value.starts_with(text);
  return value == text;
}

}  // namespace

Filter::Filter() = default;
Filter::~Filter() = default;
Filter::Filter(const Filter&) = default;
Filter& Filter::operator=(const Filter&) = default;
Filter::Filter(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

bool Filter::Matches(const Subject& subject) const { return root_ == nullptr || Matches(*root_, subject); }

bool Filter::Matches(const Node& node, const Subject& subject) {
  switch (node.kind) {
    case Node::Kind::kAnd:
      for (const Node& child : node.children) {
        if (!Matches(child, subject)) return false;
      }
      return true;
    case Node::Kind::kOr:
      for (const Node& child : node.children) {
        if (Matches(child, subject)) return true;
      }
      return false;
    case Node::Kind::kNot:
      return !Matches(node.children.front(), subject);
    case Node::Kind::kCompare:
      return Compare(node, subject.Get(node.field, node.key));
  }
  return false;
}

bool Filter::Compare(const Node& node, const Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    if (node.type != Type::kString && node.type != Type::kStringMap) return node.op == Op::kNotEqual;
    if (node.op == Op::kEqual) return Resembles(*text, node.text, node.any_before, node.any_after);
    if (node.op == Op::kNotEqual) return !Resembles(*text, node.text, node.any_before, node.any_after);
    return Holds<std::string_view>(*text, node.op, node.text);
  }
  if (const auto* number = std::get_if<int64_t>(&value)) return Holds(*number, node.op, node.number);
  if (const auto* is = std::get_if<bool>(&value)) return Holds<int64_t>(*is ? 1 : 0, node.op, node.number);
  if (const auto* time = std::get_if<absl::Time>(&value)) return Holds(*time, node.op, node.time);
  return node.op == Op::kNotEqual;
}

}  // namespace warren::filter
