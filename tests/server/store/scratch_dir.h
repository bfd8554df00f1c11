#ifndef WARREN_TESTS_SERVER_STORE_SCRATCH_DIR_H_
#define WARREN_TESTS_SERVER_STORE_SCRATCH_DIR_H_

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace warren::store {

// A directory of the test's own, removed with all that is in it.
class ScratchDir {
 public:
  ScratchDir() {
    const char* parent = getenv("TMPDIR");
    path_ = std::string(parent != nullptr ? parent : "/tmp") + "/warren-store-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) abort();
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace warren::store

#endif  // WARREN_TESTS_SERVER_STORE_SCRATCH_DIR_H_
