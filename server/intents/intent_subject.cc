#include "server/intents/intent_subject.h"

namespace warren::intents {
namespace {

enum Field : size_t { kState, kHost, kName, kCreateTime, kSequence, kLabels };

}  // namespace

const filter::Schema& IntentSchema() {
  static const auto* const kSchema = [] {
    auto* schema = new filter::Schema();
    filter::Field state{"state", filter::Type::kEnum, {}};
    for (int i = v1::Intent::QUEUED; i < v1::Intent::State_ARRAYSIZE; ++i) {
      state.values.emplace_back(v1::Intent::State_Name(static_cast<v1::Intent::State>(i)), i);
    }
    schema->push_back(std::move(state));
    schema->push_back({"host", filter::Type::kString, {}});
    schema->push_back({"name", filter::Type::kString, {}});
    schema->push_back({"create_time", filter::Type::kTime, {}});
    schema->push_back({"sequence", filter::Type::kInt, {}});
    schema->push_back({"labels", filter::Type::kStringMap, {}});
    return schema;
  }();
  return *kSchema;
}

filter::Value IntentSubject::Get(size_t field, std::string_view key) const {
  switch (field) {
    case kState:
      return static_cast<int64_t>(state_);
    case kHost:
      return std::string_view(facts_.host);
    case kName:
      return std::string_view(facts_.id);
    case kCreateTime:
      return facts_.create_time;
    case kSequence:
      return facts_.sequence;
    case kLabels:
      if (facts_.labels != nullptr) {
        if (const auto found = facts_.labels->find(key); found != facts_.labels->end())
          return std::string_view(found->second);
      }
      return std::monostate();
    default:
      return std::monostate();
  }
}

}  // namespace warren::intents
