#ifndef WARREN_PROTO_COMMON_LOGGING_H_
#define WARREN_PROTO_COMMON_LOGGING_H_

// Logs to standard error, one line an event: a message that never varies and fields that do. Text for people, or JSON
// for machines: {"time":…,"level":…,"msg":…,"field":…}. Thread-safe; a line costs some 2 µs.

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace spdlog {
class logger;
}

namespace warren {

struct LogField {
  std::string_view key;
  std::string value;
};

class Logger {
 public:
  using Fields = std::initializer_list<LogField>;

  // format: "text" or "json"; level: "debug", "info", "warn", "error". INVALID_ARGUMENT otherwise.
  static absl::StatusOr<Logger> Create(std::string_view format, std::string_view level);
  // Discards everything.
  static Logger Null();

  void Debug(std::string_view message, Fields fields = {}) const;
  void Info(std::string_view message, Fields fields = {}) const;
  void Warn(std::string_view message, Fields fields = {}) const;
  void Error(std::string_view message, Fields fields = {}) const;

 private:
  Logger(std::shared_ptr<spdlog::logger> sink, bool json) : sink_(std::move(sink)), json_(json) {}
  void Write(int level, std::string_view message, Fields fields) const;

  std::shared_ptr<spdlog::logger> sink_;
  bool json_ = false;
};

// A JSON string literal of s, quotes included; bytes that are not UTF-8 are replaced.
std::string JsonQuote(std::string_view s);

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_LOGGING_H_
