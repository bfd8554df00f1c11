#ifndef WARREN_TESTS_SUPPORT_SMALL_DISK_H_
#define WARREN_TESTS_SUPPORT_SMALL_DISK_H_

// A file system of a few megabytes (tmpfs) that can be filled up, emptied and made read-only. For tests in a mount
// namespace of their own (SANDBOX).

#include <string>

namespace warren {

class SmallDisk {
 public:
  explicit SmallDisk(int megabytes);
  // Everything on it must be closed.
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  std::string File(const std::string& name) const { return path_ + "/" + name; }

  // Takes every byte that is left, and gives them back.
  void Fill();
  void Empty();

  // Nothing may be open for writing.
  void SetReadOnly(bool read_only);

 private:
  std::string path_;
};

}  // namespace warren

#endif  // WARREN_TESTS_SUPPORT_SMALL_DISK_H_
