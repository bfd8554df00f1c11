#include "agent/exec/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "proto/common/logging.h"

namespace warren::exec {
namespace {

// Ends that wait for a disk that is full.
constexpr size_t kMaxUnwritten = 1000;

std::string Utc(absl::Time time) {
  return JsonQuote(absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone()));
}

// What both lines of a command begin with.
std::string Head(const char* event, absl::Time now, const AuditRecord& record) {
  return absl::StrCat("{\"time\":", Utc(now), ",\"event\":\"", event, "\",\"session\":", JsonQuote(record.session),
                      ",\"caller\":", JsonQuote(record.caller), ",\"source\":", JsonQuote(record.source),
                      ",\"host\":", JsonQuote(record.host), ",\"namespace\":", JsonQuote(record.netns),
                      ",\"user\":", JsonQuote(record.user.empty() ? "root" : record.user),
                      ",\"start\":", Utc(record.start));
}

// Quoted, a byte may be six.
constexpr size_t kMostOfList = 32 << 10;

// ,"argv":["ip","link"]
std::string List(const char* name, const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  size_t room = kMostOfList;
  bool cut = false;
  for (const std::string& word : words) {
    cut = word.size() > room;
    if (cut && room == 0) break;
    quoted.push_back(JsonQuote(word.substr(0, room)));
    if (cut) break;
    room -= word.size();
  }
  return absl::StrCat(",\"", name, "\":[", absl::StrJoin(quoted, ","), "]",
                      cut ? absl::StrCat(",\"", name, "_cut\":true") : "");
}

std::string Words(const AuditRecord& record) {
  return absl::StrCat(",\"terminal\":", record.terminal ? "true" : "false",
                      ",\"cwd\":", JsonQuote(record.cwd.empty() ? "/" : record.cwd), List("argv", record.argv),
                      List("env", record.env));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& path) {
  std::unique_ptr<AuditLog> log(new AuditLog(path));
  if (auto status = log->Reopen(); !status.ok()) return status;
  log->thread_ = std::jthread([log = log.get()] { log->Run(); });
  return log;
}

AuditLog::AuditLog(std::string path) : path_(std::move(path)) {}

AuditLog::~AuditLog() {
  MutexLock lock(&mutex_);
  stopping_ = true;
  changed_.SignalAll();
}

void AuditLog::Begin(const AuditRecord& record, std::function<void(std::string why_not)> written) {
  Add({absl::StrCat(Head("start", absl::Now(), record), Words(record), "}\n"), std::move(written)});
}

void AuditLog::Refused(const AuditRecord& record, const std::string& why) {
  Add({absl::StrCat(Head("refused", absl::Now(), record), Words(record), ",\"why\":", JsonQuote(why), "}\n"), nullptr});
}

void AuditLog::End(const AuditRecord& record, const AuditEnd& end) {
  std::string text = Head("end", absl::Now(), record);
  if (end.signal.empty()) {
    absl::StrAppend(&text, ",\"exit\":", end.exit_code);
  } else {
    absl::StrAppend(&text, ",\"signal\":", JsonQuote(end.signal));
  }
  if (!end.ended_by.empty()) absl::StrAppend(&text, ",\"ended_by\":", JsonQuote(end.ended_by));
  absl::StrAppend(&text, ",\"bytes_in\":", end.bytes_in, ",\"bytes_out\":", end.bytes_out, "}\n");
  Add({std::move(text), nullptr});
}

void AuditLog::Add(Line line) {
  MutexLock lock(&mutex_);
  lines_.push_back(std::move(line));
  changed_.Signal();
}

void AuditLog::Run() {
  while (true) {
    std::vector<Line> lines;
    {
      MutexLock lock(&mutex_);
      while (lines_.empty() && !stopping_) changed_.Wait(&mutex_);
      if (lines_.empty()) return;
      lines.swap(lines_);
    }
    const absl::Status status = Write(lines);
    if (status.ok()) unwritten_.clear();
    for (Line& line : lines) {
      if (line.written) {
        line.written(status.ok() ? "" : std::string(status.message()));
      } else if (!status.ok() && unwritten_.size() < kMaxUnwritten) {
        unwritten_.push_back(std::move(line.text));
      }
    }
  }
}

absl::Status AuditLog::Failed(const char* doing) const {
  return absl::ErrnoToStatus(errno, absl::StrCat(doing, " the audit log ", path_));
}

absl::Status AuditLog::Reopen() {
  struct stat named {
  }, open_one{};
  if (file_.valid() && stat(path_.c_str(), &named) == 0 && fstat(file_.get(), &open_one) == 0 &&
      named.st_dev == open_one.st_dev && named.st_ino == open_one.st_ino) {
    return absl::OkStatus();
  }
  file_.reset(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  torn_ = false;
  return file_.valid() ? absl::OkStatus() : Failed("opening");
}

absl::Status AuditLog::Write(const std::vector<Line>& lines) {
  if (auto status = Reopen(); !status.ok()) return status;
  // After a disk that was full in the middle of a line.
  std::string text = torn_ ? "\n" : "";
  for (const std::string& line : unwritten_) text += line;
  for (const Line& line : lines) text += line.text;
  for (size_t done = 0; done < text.size();) {
    const ssize_t wrote = write(file_.get(), text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      torn_ = torn_ || done > 0;
      return Failed("writing");
    }
    done += static_cast<size_t>(wrote);
  }
  torn_ = false;
  return fdatasync(file_.get()) == 0 ? absl::OkStatus() : Failed("writing");
}

}  // namespace warren::exec
