#ifndef WARREN_TESTS_SERVER_API_EVENT_READER_H_
#define WARREN_TESTS_SERVER_API_EVENT_READER_H_

// A client's watch, read event by event; what a line says of an event is the test's.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/server/api/api_fixture.h"

namespace warren::api {

template <typename Response>
class EventReader {
 public:
  using Event = std::decay_t<decltype(std::declval<Response>().events(0))>;
  using Line = std::function<std::string(const Event&)>;

  // open: context -> reader.
  template <typename Open>
  EventReader(Open open, Line line) : reader_(open(&context_)), line_(std::move(line)) {}
  ~EventReader() {
    if (!finished_) context_.TryCancel(), (void)Finish();
  }

  // Nothing: the stream ended.
  std::optional<Event> NextEvent() {
    while (at_ == response_.events_size()) {
      if (!reader_->Read(&response_)) return std::nullopt;
      at_ = 0;
      if (response_.revision() != 0) revision_ = response_.revision();
    }
    last_ = response_.events(at_++);
    return last_;
  }
  // Empty: the stream ended.
  std::string Next() {
    const auto event = NextEvent();
    return event ? line_(*event) : std::string();
  }
  std::vector<std::string> Next(size_t count) {
    std::vector<std::string> lines;
    while (lines.size() < count) {
      lines.push_back(Next());
      if (lines.back().empty()) break;
    }
    return lines;
  }
  const Event& last() const { return last_; }
  // As the messages have told it.
  int64_t revision() const { return revision_; }
  // Whatever it still hears, until the end.
  grpc::Status Finish() {
    finished_ = true;
    Response rest;
    while (reader_->Read(&rest)) {
    }
    return reader_->Finish();
  }

 private:
  Context context_;
  std::unique_ptr<grpc::ClientReader<Response>> reader_;
  const Line line_;
  Response response_;
  Event last_;
  int at_ = 0;
  int64_t revision_ = 0;
  bool finished_ = false;
};

}  // namespace warren::api

#endif  // WARREN_TESTS_SERVER_API_EVENT_READER_H_
