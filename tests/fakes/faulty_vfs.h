#ifndef WARREN_TESTS_FAKES_FAULTY_VFS_H_
#define WARREN_TESTS_FAKES_FAULTY_VFS_H_

// A disk that can be told to fail, under the real SQLite: while one lives, every database opened in this process goes
// through it, and from it to the real disk. One at a time. Databases must be closed before it dies. Thread-safe.

#include <sqlite3.h>

#include <atomic>

namespace warren {

class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  // What writing, and fsync, end with from now on; SQLITE_OK: they work.
  void FailWrites(int code) { write_code_ = code; }
  void FailSyncs(int code) { sync_code_ = code; }

  int write_code() const { return write_code_; }
  int sync_code() const { return sync_code_; }

 private:
  std::atomic<int> write_code_{SQLITE_OK};
  std::atomic<int> sync_code_{SQLITE_OK};
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
};

}  // namespace warren

#endif  // WARREN_TESTS_FAKES_FAULTY_VFS_H_
