#include "agent/session/instance_id.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/unique_fd.h"

namespace warren::session {
namespace {

absl::Status System(const std::string& doing) { return absl::ErrnoToStatus(errno, doing); }

}  // namespace

absl::StatusOr<std::string> InstanceId(const std::string& state_dir) {
  const std::string path = absl::StrCat(state_dir, "/instance_id");
  {
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (fd.valid()) {
      char text[64];
      const ssize_t got = read(fd.get(), text, sizeof text);
      if (got < 0) return System(absl::StrCat("reading ", path));
      std::string id(text, static_cast<size_t>(got));
      absl::StripTrailingAsciiWhitespace(&id);
      if (auto why = WhyBadUuid(id)) {
        return absl::DataLossError(absl::StrCat(path, " does not hold a UUID: it ", *why,
                                                "; remove it, and this agent is a new one to the server"));
      }
      return id;
    }
    if (errno != ENOENT) return System(absl::StrCat("opening ", path));
  }
  // Whole or not at all, whenever the machine dies.
  const std::string id = NewUuid();
  const std::string fresh = absl::StrCat(path, ".new");
  unlink(fresh.c_str());
  UniqueFd fd(open(fresh.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  const std::string text = absl::StrCat(id, "\n");
  if (!fd.valid() || write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      fsync(fd.get()) != 0 || rename(fresh.c_str(), path.c_str()) != 0) {
    return System(absl::StrCat("writing ", path));
  }
  UniqueFd dir(open(state_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.valid() || fsync(dir.get()) != 0) return System(absl::StrCat("syncing ", state_dir));
  return id;
}

absl::StatusOr<std::string> MarkOf(const std::string& state_dir) {
  struct stat st;
  if (stat(state_dir.c_str(), &st) != 0) return System(absl::StrCat("looking at ", state_dir));
  uint32_t hash = 2166136261;  // FNV-1a
  for (const char byte : absl::StrCat(st.st_dev, ":", st.st_ino)) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619;
  }
  return absl::StrCat(absl::Hex(hash, absl::kZeroPad8));
}

}  // namespace warren::session
