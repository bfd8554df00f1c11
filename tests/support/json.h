#ifndef WARREN_TESTS_SUPPORT_JSON_H_
#define WARREN_TESTS_SUPPORT_JSON_H_

// What `ip -j` writes, read without a library: protobuf's, uninstrumented, keeps its maps in another shape than code
// that is compiled for ThreadSanitizer believes.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace warren {

struct Json {
  enum class Kind { kNull, kBool, kNumber, kString, kList, kObject };

  Kind kind = Kind::kNull;
  std::string text;  // of a number as it was written; of a string without quotes; "true" or "false"
  std::vector<Json> list;
  std::map<std::string, Json> fields;

  bool Has(const std::string& key) const { return fields.contains(key); }
  // Of a field; "" when there is none.
  std::string Field(const std::string& key) const;
  // The value in one line, fields in the order of their names.
  std::string ToString() const;
};

// Throws std::invalid_argument.
Json ParseJson(std::string_view text);

}  // namespace warren

#endif  // WARREN_TESTS_SUPPORT_JSON_H_
