#ifndef WARREN_AGENT_JOURNAL_JOURNAL_H_
#define WARREN_AGENT_JOURNAL_JOURNAL_H_

// The journal: what was begun, how to undo it, how it ended, and what is Warren's own. It outlives the agent's process,
// not the host's boot: kernel state dies with a power cut and so may the journal, so nothing is fsynced (WAL,
// synchronous=OFF). It knows nothing of intents or kernels: bodies are bytes.
//
// An intent's life here: Begin; Add for each step, before the step's change is made; then Finish, or, where work is
// left that must go on after a crash, Commit and later Finish; or Undone, when all its steps were undone and it is to
// be run again: that it had begun once is remembered until it is finished.
//
// Threading: every method may be called from any thread (one lock). Cost: a write 15-25 µs; of many intents in one
// (BeginAll, FinishAll) half of that each.
// Errors: as proto/common/sqlite.h; nothing of a failed write is visible.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/common/mutex.h"
#include "proto/common/sqlite.h"

namespace warren::journal {

// A link, by its namespace's cookie and its index in it.
using LinkId = std::pair<uint64_t, int>;

// What becomes Warren's own, and what ceases to be, when an intent is committed.
struct Ownership {
  std::map<uint64_t, std::string> made_netns;  // by cookie, with the names they were given
  std::set<uint64_t> lost_netns;
  std::map<LinkId, std::string> made_links;  // with what tells each from another of its index
  std::set<LinkId> lost_links;
};

struct Begun {
  int64_t sequence = 0;
  std::string body;
  bool committed = false;
  std::vector<std::string> steps;  // in the order added
};

struct Result {
  int64_t sequence = 0;
  std::string body;
};

// What becomes of one intent in a write that is about many.
struct Opening {
  int64_t sequence = 0;
  std::string body;
  std::vector<std::string> steps;
  // Committed as it begins, with this: from here there is only forward.
  std::optional<Ownership> committed;
};
struct Closing {
  Result result;
  Ownership ownership;
};

struct Stats {
  int64_t bytes = 0;  // of the file and its write-ahead log
  int64_t rows = 0;   // of what was begun, its steps, results, notes, and what is Warren's own
};

class Journal {
 public:
  // Opens or creates the file; one of another boot, or of another format, is emptied first. One process at
  // a time: the caller holds a lock (proto/common/file_lock.h).
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& path, const std::string& boot_id);

  absl::Status Begin(int64_t sequence, std::string_view body);
  absl::Status Add(int64_t sequence, std::string_view step);
  // Many intents begin, each with all its steps; all of it is written, or nothing. One that had begun begins anew.
  absl::Status BeginAll(const std::vector<Opening>& openings);
  // From here there is only forward.
  absl::Status Commit(int64_t sequence, const Ownership& ownership);
  // Its result replaces what was begun.
  absl::Status Finish(int64_t sequence, std::string_view result, const Ownership& ownership);
  // The same for many; all of it is written, or nothing.
  absl::Status FinishAll(const std::vector<Closing>& closings);
  // The last step added has been undone: after a crash only those before it are. Once earlier steps are undone too, a
  // later one must not be again: a link that was brought back may look like the one that was made in its place.
  absl::Status UndoneLast(int64_t sequence);
  // Forgets what was begun, other than that it was.
  absl::Status Undone(int64_t sequence);

  // By sequence.
  absl::StatusOr<std::vector<Begun>> LoadBegun();
  absl::StatusOr<std::vector<Result>> LoadResults();
  // What is Undone and not finished since.
  absl::StatusOr<std::set<int64_t>> LoadInterrupted();
  absl::Status ForgetResults(const std::vector<int64_t>& sequences);

  // Something about a link that outlives the intent: replaces what was noted before. Forgotten when the link is lost.
  absl::Status Note(const LinkId& link, std::string_view body);
  absl::StatusOr<std::optional<std::string>> Noted(const LinkId& link);
  std::set<LinkId> NotedLinks() const;

  // From memory.
  bool OwnsNetns(uint64_t cookie) const;
  // The name that one of Warren's own was given; none: it is foreign. Empty: an older agent has not written it down.
  std::optional<std::string> NameOf(uint64_t cookie) const;
  bool OwnsLink(const LinkId& link) const;
  // What tells it from another link of its index; none: it is foreign.
  std::optional<std::string> MarkOf(const LinkId& link) const;
  std::set<uint64_t> OwnedNetns() const;
  std::map<LinkId, std::string> OwnedLinks() const;
  std::set<LinkId> OwnedLinksOf(uint64_t cookie) const;
  // Forgets what no longer exists: in memory at once; the file follows with the next write of many, or with WriteLost.
  // What goes with a namespace is lost with it. False: nothing of it was Warren's own.
  bool Lose(const Ownership& lost);
  // It is there again.
  void Regain(const LinkId& link, const std::string& mark);
  // Writes what was lost and regained, in one transaction.
  absl::Status WriteLost();

  // How the last write went. After one that failed, another is tried: the disk may have room again.
  absl::Status Health();
  // Reads the counts from the file: some 10 µs, and more while an intent of very many steps runs.
  Stats GetStats();

 private:
  Journal(Database database, std::string path) : path_(std::move(path)), database_(std::move(database)) {}

  absl::Status Load();
  absl::Status InTransaction(const std::function<absl::Status()>& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Write(const Ownership& ownership) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status ForgetNotes(const Ownership& lost) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::set<LinkId> LinksOf(uint64_t cookie) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remember(const Ownership& ownership) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Statement*> Prepared(const char* sql) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Binds the number, then the body where there is one.
  absl::Status Run(const char* sql, int64_t number, std::optional<std::string_view> body = std::nullopt)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status AddStep(int64_t sequence, std::string_view step) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status SetCommitted(int64_t sequence, const Ownership& ownership) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Close(int64_t sequence, std::string_view result, const Ownership& ownership)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  mutable Mutex mutex_;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  Database database_ ABSL_GUARDED_BY(mutex_);
  // After database_: statements die first.
  std::map<std::string, Statement> statements_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, std::string> owned_netns_ ABSL_GUARDED_BY(mutex_);  // with their names
  std::map<LinkId, std::string> owned_links_ ABSL_GUARDED_BY(mutex_);
  std::set<LinkId> noted_links_ ABSL_GUARDED_BY(mutex_);
  bool has_notes_ ABSL_GUARDED_BY(mutex_) = false;  // there may be some in the file
  Ownership unwritten_ ABSL_GUARDED_BY(mutex_);     // in memory, and not in the file yet
};

}  // namespace warren::journal

#endif  // WARREN_AGENT_JOURNAL_JOURNAL_H_
