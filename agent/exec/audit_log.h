#ifndef WARREN_AGENT_EXEC_AUDIT_LOG_H_
#define WARREN_AGENT_EXEC_AUDIT_LOG_H_

// Who ran what where, a line of JSON for the beginning of each command and one for its end, in a file that is only
// appended to. The line of a beginning is on disk before the command starts; one that has no end was running when the
// agent, or the machine, died. A file that was renamed (logrotate) is left, and a new one begun.
//
// Threading: thread-safe; a thread of its own writes, many lines with one fdatasync(2). Cost: the disk's, 0.1-0.2 ms.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/common/mutex.h"
#include "proto/common/unique_fd.h"

namespace warren::exec {

// Of argv and env at most 32 KiB each are written, with "argv_cut" or "env_cut" where that is not all of it.
struct AuditRecord {
  std::string session, caller, source, host, netns;
  std::string user;  // empty: the agent's, "root"
  std::vector<std::string> argv;
  bool terminal = false;
  absl::Time start;
  std::string cwd;               // empty: "/"
  std::vector<std::string> env;  // names of what the caller has set; values may be secret
};

struct AuditEnd {
  int exit_code = 0;
  std::string signal;    // that killed it
  std::string ended_by;  // why it was ended before it was over, or could not be started
  int64_t bytes_in = 0, bytes_out = 0;
};

class AuditLog {
 public:
  // Made with mode 0600 where there is none. As the system refuses.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const std::string& path);
  // Writes what it was given.
  ~AuditLog();

  // `written` is called on the log's thread: "": it is on disk; otherwise why it is not, naming the file.
  void Begin(const AuditRecord& record, std::function<void(std::string why_not)> written);
  // What cannot be written of these two is kept, and written with the next.
  void End(const AuditRecord& record, const AuditEnd& end);
  // It was asked for, and is not run.
  void Refused(const AuditRecord& record, const std::string& why);

 private:
  struct Line {
    std::string text;
    std::function<void(std::string why_not)> written;
  };
  explicit AuditLog(std::string path);
  void Add(Line line);
  void Run();
  // Opens it anew when it is no longer the file of that name.
  absl::Status Reopen();
  absl::Status Write(const std::vector<Line>& lines);
  absl::Status Failed(const char* doing) const;

  const std::string path_;
  UniqueFd file_;                       // the thread's
  bool torn_ = false;                   // a line was written in part; likewise
  std::vector<std::string> unwritten_;  // ends; likewise

  Mutex mutex_;
  CondVar changed_;
  std::vector<Line> lines_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace warren::exec

#endif  // WARREN_AGENT_EXEC_AUDIT_LOG_H_
