#include "agent/executor/folders.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace warren::executor {

absl::Status MakeFolders(const std::string& state_dir, const std::string& run_dir) {
  const std::string parked = absl::StrCat(run_dir, "/parked");
  std::error_code error;
  for (const std::string& folder : {state_dir, run_dir, parked}) {
    std::filesystem::create_directories(folder, error);
    if (error) {
      return absl::FailedPreconditionError(absl::StrCat("cannot make the directory ", folder, ": ", error.message()));
    }
  }
  // What is parked is nobody else's business: whoever opened it would keep it alive.
  std::filesystem::permissions(parked, std::filesystem::perms::owner_all, error);
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("cannot make ", parked, " private: ", error.message()));
}

}  // namespace warren::executor
