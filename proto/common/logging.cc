#include "proto/common/logging.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace warren {
namespace {

// Length of the well-formed UTF-8 sequence at s[i], or 0.
size_t Utf8Length(std::string_view s, size_t i) {
  const unsigned char c = s[i];
  const size_t n = c < 0x80 ? 1 : c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
  if (n == 0 || i + n > s.size()) return 0;
  for (size_t k = 1; k < n; ++k) {
    if ((static_cast<unsigned char>(s[i + k]) & 0xc0) != 0x80) return 0;
  }
  return n;
}

}  // namespace

std::string JsonQuote(std::string_view s) {
  std::string out = "\"";
  for (size_t i = 0; i < s.size();) {
    const size_t n = Utf8Length(s, i);
    const unsigned char c = s[i];
    if (n == 0) {
      out += "\\ufffd";
      ++i;
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += s[i];
    } else if (c < 0x20 || c == 0x7f) {
      absl::StrAppend(&out, absl::StrFormat("\\u%04x", c));
    } else {
      out.append(s.substr(i, n));
    }
    i += n;
  }
  out += '"';
  return out;
}

absl::StatusOr<Logger> Logger::Create(std::string_view format, std::string_view level) {
  if (format != "text" && format != "json") {
    return absl::InvalidArgumentError("log format is text or json");
  }
  const bool json = format == "json";
  std::shared_ptr<spdlog::logger> sink;
  if (json) {
    sink = std::make_shared<spdlog::logger>("warren", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    sink->set_pattern("%v");
  } else {
    sink = std::make_shared<spdlog::logger>("warren", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    sink->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%-5l%$ %v");
  }
  if (level == "debug") {
    sink->set_level(spdlog::level::debug);
  } else if (level == "info") {
    sink->set_level(spdlog::level::info);
  } else if (level == "warn") {
    sink->set_level(spdlog::level::warn);
  } else if (level == "error") {
    sink->set_level(spdlog::level::err);
  } else {
    return absl::InvalidArgumentError("log level is debug, info, warn or error");
  }
  return Logger(std::move(sink), json);
}

Logger Logger::Null() { return Logger(nullptr, false); }

void Logger::Debug(std::string_view m, Fields f) const { Write(spdlog::level::debug, m, f); }
void Logger::Info(std::string_view m, Fields f) const { Write(spdlog::level::info, m, f); }
void Logger::Warn(std::string_view m, Fields f) const { Write(spdlog::level::warn, m, f); }
void Logger::Error(std::string_view m, Fields f) const { Write(spdlog::level::err, m, f); }

void Logger::Write(int level, std::string_view message, Fields fields) const {
  const auto at = static_cast<spdlog::level::level_enum>(level);
  if (!sink_ || !sink_->should_log(at)) return;
  std::string line;
  if (json_) {
    const auto name = spdlog::level::to_string_view(at);
    line =
        absl::StrCat("{\"time\":\"", absl::FormatTime(absl::RFC3339_full, absl::Now(), absl::UTCTimeZone()),
                     "\",\"level\":\"", absl::string_view(name.data(), name.size()), "\",\"msg\":", JsonQuote(message));
    for (const LogField& field : fields) {
      absl::StrAppend(&line, ",", JsonQuote(field.key), ":", JsonQuote(field.value));
    }
    line += '}';
  } else {
    line.assign(message);
    for (const LogField& field : fields) {
      const bool plain = !field.value.empty() && field.value.find_first_of(" \"=\n") == std::string::npos;
      absl::StrAppend(&line, " ", absl::string_view(field.key.data(), field.key.size()), "=",
                      plain ? field.value : JsonQuote(field.value));
    }
  }
  sink_->log(at, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace warren
