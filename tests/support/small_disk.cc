#include "tests/support/small_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <vector>

#include "proto/common/unique_fd.h"

namespace warren {

SmallDisk::SmallDisk(int megabytes) {
  const char* parent = getenv("TMPDIR");
  path_ = std::string(parent != nullptr ? parent : "/tmp") + "/warren-disk-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) abort();
  const std::string options = "size=" + std::to_string(megabytes) + "m";
  EXPECT_EQ(mount("tmpfs", path_.c_str(), "tmpfs", 0, options.c_str()), 0) << strerror(errno);
}

SmallDisk::~SmallDisk() {
  EXPECT_EQ(umount(path_.c_str()), 0) << strerror(errno);
  rmdir(path_.c_str());
}

void SmallDisk::Fill() {
  const UniqueFd fd(open(File("filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  ASSERT_TRUE(fd.valid()) << strerror(errno);
  const std::vector<char> block(64 << 10);
  while (write(fd.get(), block.data(), block.size()) > 0) {
  }
  ASSERT_EQ(errno, ENOSPC) << strerror(errno);
}

void SmallDisk::Empty() { ASSERT_EQ(unlink(File("filler").c_str()), 0) << strerror(errno); }

void SmallDisk::SetReadOnly(bool read_only) {
  ASSERT_EQ(mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | (read_only ? MS_RDONLY : 0), nullptr), 0)
      << strerror(errno);
}

}  // namespace warren
