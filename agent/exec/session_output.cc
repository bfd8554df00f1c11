// The way of a command's output to its caller.

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "agent/exec/session.h"

namespace warren::exec {
namespace {

using boost::asio::posix::stream_descriptor;

// Messages of output that wait to be sent, with the one that is being sent: one is read while another is on its way.
constexpr size_t kAhead = 2;

// Between two looks at a terminal that nobody has open.
constexpr std::chrono::milliseconds kReopen{100};

void CloseQuietly(stream_descriptor& descriptor) {
  boost::system::error_code ignored;
  descriptor.close(ignored);
}

}  // namespace

void LiveSession::ReadOutputs() {
  if (caller_ == nullptr) return DropOutputs();
  while (to_send_.size() + (writing_ ? 1 : 0) < kAhead && !pacing_) {
    if (const auto now = Clock::now(); now < read_after_) {
      pacing_ = true;
      pace_.expires_at(read_after_);
      pace_.async_wait([self = shared_from_this()](boost::system::error_code error) {
        self->pacing_ = false;
        if (error) return;
        self->ReadOutputs();
        self->CheckOver();
      });
      return;
    }
    Output& first = err_first_ ? err_ : out_;
    Output& second = err_first_ ? out_ : err_;
    err_first_ = !err_first_;
    if (!ReadFrom(first) && !ReadFrom(second)) return;
  }
}

void LiveSession::DropOutputs() {
  // One at a time: a command may write faster than it can be read, and others want their turn.
  const bool more = ReadFrom(out_) | ReadFrom(err_);
  if (more)
    boost::asio::post(around_.io, [self = shared_from_this()] {
      self->ReadOutputs();
      self->CheckOver();
    });
}

bool LiveSession::ReadFrom(Output& output) {
  if (!output.fd.is_open() || output.waiting) return false;
  const int64_t rate = around_.options.output_rate;
  size_t most = std::min(around_.room.size(), output.left);
  // A tenth of a second's, so that it flows.
  if (rate > 0) most = std::min(most, static_cast<size_t>(std::max<int64_t>(rate / 10, 1)));
  const ssize_t got = read(output.fd.native_handle(), around_.room.data(), most);
  if (got > 0) {
    bytes_out_ += got;
    if (nothing_left_) output.left -= static_cast<size_t>(got);
    if (rate > 0) {
      read_after_ =
          Clock::now() +
          std::chrono::nanoseconds(static_cast<int64_t>(1e9 * static_cast<double>(got) / static_cast<double>(rate)));
    }
    v1::SessionResponse message;
    std::string& text = &output == &err_ ? *message.mutable_stderr() : *message.mutable_stdout();
    text.assign(around_.room.data(), static_cast<size_t>(got));
    Send(std::move(message));
    if (output.left == 0) CloseQuietly(output.fd);
    return true;
  }
  if (got < 0 && errno == EIO && !nothing_left_) {
    // A terminal that nobody has open. Somebody may open it again; if it were closed here they would be hung up.
    output.waiting = true;
    reopen_.expires_after(kReopen);
    reopen_.async_wait([self = shared_from_this(), &output](boost::system::error_code error) {
      output.waiting = false;
      if (error && !self->nothing_left_) return;
      self->ReadOutputs();
      self->CheckOver();
    });
    return false;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR) && !nothing_left_) {
    output.waiting = true;
    output.fd.async_wait(stream_descriptor::wait_read,
                         [self = shared_from_this(), &output](boost::system::error_code error) {
                           output.waiting = false;
                           if (error && !self->nothing_left_) return;
                           self->ReadOutputs();
                           self->CheckOver();
                         });
    return false;
  }
  // Its end, or all that will ever come.
  CloseQuietly(output.fd);
  return false;
}

void LiveSession::CloseOutputs() {
  CloseQuietly(out_.fd);
  CloseQuietly(err_.fd);
}

void LiveSession::Send(v1::SessionResponse message) {
  if (caller_ == nullptr) return;
  to_send_.push_back(std::move(message));
  Pump();
}

void LiveSession::Pump() {
  if (caller_ == nullptr || writing_) return;
  if (!to_send_.empty()) {
    writing_ = true;
    caller_->Write(std::exchange(to_send_.front(), {}));
    to_send_.pop_front();
  } else if (finished_) {
    std::exchange(caller_, nullptr)->End();
    around_.over(*this);
  }
}

}  // namespace warren::exec
