#include "agent/executor/warm_pool.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "agent/kernel/nsid.h"
#include "proto/common/mutex.h"
#include "tests/agent/kernel/kernel_test.h"
#include "tests/support/netns_dump.h"
#include "tests/support/netns_sysctls.h"

namespace warren::executor {
namespace {

using kernel::GetNsid;
using kernel::Ip;
using kernel::OpenDescriptors;
using kernel::Sh;
using kernel::ToStatus;
using ::testing::HasSubstr;
using ::testing::Not;
using Made = kernel::NetnsWorker::Made;

// What is written to standard error while this lives.
class StandardError {
 public:
  StandardError() : kept_(fcntl(2, F_DUPFD_CLOEXEC, 3)), file_(memfd_create("stderr", MFD_CLOEXEC)) {
    dup2(file_.get(), 2);
  }
  ~StandardError() { dup2(kept_.get(), 2); }
  std::string text() const {
    std::string all(static_cast<size_t>(lseek(file_.get(), 0, SEEK_END)), '\0');
    all.resize(static_cast<size_t>(pread(file_.get(), all.data(), all.size(), 0)));
    return all;
  }

 private:
  UniqueFd kept_, file_;
};

// Of how many descriptors this process may open, while this lives.
class OpenFilesAllowed {
 public:
  explicit OpenFilesAllowed(rlim_t allowed) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit limit{allowed, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~OpenFilesAllowed() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

class WarmPoolTest : public kernel::KernelTest {
 protected:
  WarmPoolTest() {
    options_.size = 4;
    options_.clock = [this] { return std::chrono::steady_clock::time_point(std::chrono::milliseconds(now_)); };
  }
  void TearDown() override {
    pool_.reset();
    Sh("echo 0 > /proc/sys/net/ipv4/tcp_child_ehash_entries");
    KernelTest::TearDown();
  }

  void Start() {
    auto pool = WarmPool::Start(options_);
    ASSERT_OK(pool);
    pool_ = *std::move(pool);
  }
  void StartFull() {
    ASSERT_NO_FATAL_FAILURE(Start());
    ASSERT_TRUE(Eventually([&] { return Full(); }));
  }
  std::chrono::steady_clock::time_point Now() const { return options_.clock(); }
  // One that counts.
  std::optional<Made> Take() {
    const auto asked = Now();
    auto claimed = pool_->Claim();
    if (!claimed || !pool_->Confirm(claimed->lot, asked)) return std::nullopt;
    return std::move(claimed->made);
  }
  bool Full() const { return pool_->stats().warm == options_.size; }
  // What new namespaces take over from this one (the rest is the machine's first one's).
  void ChangeDefaults(int entries) {
    Sh("echo " + std::to_string(entries) + " > /proc/sys/net/ipv4/tcp_child_ehash_entries");
    now_ += 1000;
  }
  Made Fresh() {
    auto made = worker().NewNetns();
    if (!made.ok()) throw std::runtime_error(std::string(made.status().message()));
    return *std::move(made);
  }
  NetnsSysctls SysctlsOf(const Made& made) {
    NetnsSysctls all;
    EXPECT_TRUE(worker()
                    .Within(made.netns,
                            [&] {
                              all = ReadNetnsSysctls();
                              return absl::OkStatus();
                            })
                    .ok());
    return all;
  }
  // All that can be seen of it but its name.
  HostDump DumpOf(const Made& made) {
    EXPECT_TRUE(dir().Bind(made.netns, "it", "").ok());
    DumpOptions options;
    options.identity = false;
    HostDump dump = DumpHost(options);
    EXPECT_TRUE(dir().Unbind("it").ok());
    return dump;
  }
  void ExpectLikeAFreshOne(const Made& made) {
    const Made fresh = Fresh();
    const NetnsSysctls sysctls = SysctlsOf(made);
    EXPECT_GT(sysctls.size(), 400u);
    EXPECT_EQ(Difference(SysctlsOf(fresh), sysctls), "");
    const HostDump dump = DumpOf(made);
    EXPECT_EQ(Difference(DumpOf(fresh), dump), "");
    EXPECT_THAT(Difference({}, dump), HasSubstr("it link ")) << "nothing was compared";
  }

  WarmPool::Options options_;
  std::unique_ptr<WarmPool> pool_;
  std::atomic<int> now_ = 0;  // ms
};

TEST_F(WarmPoolTest, FillsItselfAndGivesEachOnce) {
  ASSERT_NO_FATAL_FAILURE(StartFull());
  pool_->SetBusy(true);
  std::set<uint64_t> cookies = {host().cookie()};
  std::vector<Made> all;
  for (size_t i = 0; i < options_.size; ++i) {
    auto made = Take();
    ASSERT_TRUE(made);
    EXPECT_TRUE(cookies.insert(made->netlink.cookie()).second);
    EXPECT_EQ(OpenSocket(made->netns).cookie(), made->netlink.cookie()) << "the socket is in another namespace";
    all.push_back(*std::move(made));
  }
  EXPECT_FALSE(Take());
  EXPECT_FALSE(Take());
  const WarmPool::Stats stats = pool_->stats();
  EXPECT_EQ(stats.warm, 0u);
  EXPECT_EQ(stats.hits, 4);
  EXPECT_EQ(stats.misses, 2);
}

TEST_F(WarmPoolTest, RefillsWhenThereIsNothingElseToDo) {
  ASSERT_NO_FATAL_FAILURE(StartFull());
  pool_->SetBusy(true);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Take());
  // Time enough to make three.
  auto other = WarmPool::Start(options_);
  ASSERT_OK(other);
  ASSERT_TRUE(Eventually([&] { return (*other)->stats().warm == options_.size; }));
  EXPECT_EQ(pool_->stats().warm, 1u);
  pool_->SetBusy(false);
  EXPECT_TRUE(Eventually([&] { return Full(); }));
}

TEST_F(WarmPoolTest, RefillsAfterAClaimInIdleness) {
  ASSERT_NO_FATAL_FAILURE(StartFull());
  for (int i = 0; i < 10; ++i) {
    Take();
    ASSERT_TRUE(Eventually([&] { return Full(); })) << i;
  }
}

TEST_F(WarmPoolTest, OneCannotBeToldFromAFreshOne) {
  ASSERT_NO_FATAL_FAILURE(StartFull());
  const auto made = Take();
  ASSERT_TRUE(made);
  ExpectLikeAFreshOne(*made);
}

TEST_F(WarmPoolTest, WhenTheHostsDefaultsChangeThoseMadeBeforeAreNotGiven) {
  ASSERT_NO_FATAL_FAILURE(StartFull());
  const auto before = Take();
  ASSERT_TRUE(before);
  ASSERT_TRUE(Eventually([&] { return Full(); }));
  ChangeDefaults(64);
  EXPECT_NE(Difference(SysctlsOf(*before), SysctlsOf(Fresh())), "") << "the change would not show";
  pool_->SetBusy(true);
  EXPECT_FALSE(Take());
  EXPECT_FALSE(Take());
  pool_->SetBusy(false);
  ASSERT_TRUE(Eventually([&] { return Full(); }));
  const auto after = Take();
  ASSERT_TRUE(after);
  ExpectLikeAFreshOne(*after);
}

TEST_F(WarmPoolTest, DefaultsThatAreAsTheyWereAgainDoNotMatter) {
  ASSERT_NO_FATAL_FAILURE(StartFull());
  ChangeDefaults(64);
  ChangeDefaults(0);
  pool_->SetBusy(true);
  const auto made = Take();
  ASSERT_TRUE(made);
  ExpectLikeAFreshOne(*made);
}

TEST_F(WarmPoolTest, ABurstLooksAtTheDefaultsOnce) {
  ASSERT_NO_FATAL_FAILURE(StartFull());
  pool_->SetBusy(true);
  now_ += 1000;
  EXPECT_TRUE(Take());
  ChangeDefaults(64);
  now_ -= 1000;
  EXPECT_TRUE(Take()) << "it looked again within the time that it trusts what it saw";
  now_ += 4;
  EXPECT_TRUE(Take());
  now_ += 1;
  EXPECT_FALSE(Take());
}

TEST_F(WarmPoolTest, IsConfirmedByWhatWasSeenAfterItWasAskedFor) {
  ASSERT_NO_FATAL_FAILURE(StartFull());
  pool_->SetBusy(true);  // nobody else looks
  const auto before = Now();
  const auto claimed = pool_->Claim();
  ASSERT_TRUE(claimed);
  ChangeDefaults(64);
  EXPECT_TRUE(pool_->Confirm(claimed->lot, before)) << "the change came after it was asked for";
  EXPECT_FALSE(pool_->Confirm(claimed->lot, Now()));
  EXPECT_FALSE(pool_->Confirm(claimed->lot, before)) << "what is known by now";
}

TEST_F(WarmPoolTest, LooksAtTheDefaultsWhenClaimsAreExpected) {
  ASSERT_NO_FATAL_FAILURE(StartFull());
  ChangeDefaults(64);
  pool_->SetBusy(true);
  EXPECT_TRUE(Full());
  pool_->Expect();
  EXPECT_TRUE(Eventually([&] { return pool_->stats().warm == 0; }));
  pool_->SetBusy(false);
  EXPECT_TRUE(Eventually([&] { return Full(); }));
}

TEST_F(WarmPoolTest, ThoseThatAreNotGivenAreLetGoOf) {
  ASSERT_NO_FATAL_FAILURE(StartFull());
  const int descriptors = OpenDescriptors();
  for (int entries : {64, 128, 256}) {
    ChangeDefaults(entries);
    Take();
    ASSERT_TRUE(Eventually([&] { return Full(); }));
  }
  EXPECT_TRUE(Eventually([&] { return OpenDescriptors() == descriptors; })) << OpenDescriptors() << " " << descriptors;
}

TEST_F(WarmPoolTest, NobodySeesThem) {
  const HostDump before = DumpHost({});
  ASSERT_NO_FATAL_FAILURE(StartFull());
  EXPECT_EQ(Difference(before, DumpHost({})), "");
  EXPECT_EQ(Ip("netns list-id", "length"), "0");
  EXPECT_EQ(Sh("grep -c 'net:\\[' /proc/self/mountinfo || true"), "0");
  const auto made = Take();
  ASSERT_TRUE(made);
  EXPECT_EQ(*GetNsid(host(), made->netns), -1);
}

TEST_F(WarmPoolTest, TheyAreGoneWithTheProcess) {
  int told[2];
  ASSERT_EQ(pipe2(told, O_CLOEXEC), 0);
  UniqueFd read_end(told[0]), write_end(told[1]);
  const pid_t child = fork();
  if (child == 0) {
    Start();
    const bool full = pool_ != nullptr && Eventually([&] { return Full(); });
    if (full && write(write_end.get(), "f", 1) == 1) pause();
    _exit(1);
  }
  write_end.reset();
  char letter = 0;
  ASSERT_EQ(read(read_end.get(), &letter, 1), 1) << "the pool was not filled";
  // An nsid is how it is seen from here that one goes.
  size_t held = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(child) + "/fd")) {
    struct statfs fs;
    struct stat st;
    UniqueFd fd(open(entry.path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid() || fstatfs(fd.get(), &fs) != 0 || fs.f_type != NSFS_MAGIC) continue;
    ASSERT_EQ(fstat(fd.get(), &st), 0);
    if (st.st_ino == worker().host().inode) continue;
    ASSERT_OK(GetOrAssignNsid(host(), {std::move(fd), st.st_ino}));
    ++held;
  }
  EXPECT_EQ(held, options_.size);
  EXPECT_EQ(Ip("netns list-id", "length"), std::to_string(held));
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(Eventually([&] { return Ip("netns list-id", "length") == "0"; }));
}

TEST_F(WarmPoolTest, AfterStopThereAreNone) {
  const int descriptors = OpenDescriptors();
  ASSERT_NO_FATAL_FAILURE(StartFull());
  pool_->Stop();
  pool_->Stop();
  EXPECT_FALSE(Take());
  pool_->SetBusy(true);
  pool_->SetBusy(false);
  EXPECT_EQ(pool_->stats().warm, 0u);
  pool_.reset();
  EXPECT_EQ(OpenDescriptors(), descriptors);
}

TEST_F(WarmPoolTest, ThereAreFewerWhereFewFilesMayBeOpenAndThatIsSaid) {
  options_.size = 64;
  options_.logger = *Logger::Create("json", "warn");
  const StandardError errors;
  const OpenFilesAllowed limit(2 * (kernel::DeviceDefaults::kDescriptors + 6));
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_THAT(errors.text(), HasSubstr("fewer warm namespaces than asked for"));
  EXPECT_THAT(errors.text(), HasSubstr("LimitNOFILE="));
  EXPECT_THAT(errors.text(), HasSubstr("\"asked\":\"64\",\"kept\":\"3\",\"open_files_allowed\":\"524\""));
  ASSERT_TRUE(Eventually([&] { return pool_->stats().warm == 3; }));
  pool_->SetBusy(true);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Take());
  EXPECT_FALSE(Take());
}

TEST_F(WarmPoolTest, WhereHardlyAnyFileMayBeOpenThereAreNone) {
  const OpenFilesAllowed limit(64);
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_FALSE(Take());
  EXPECT_LT(OpenDescriptors(), 32);
}

TEST_F(WarmPoolTest, OneThatCannotBeMadeIsSaidOnceAndTriedAgainAfterTheNextWork) {
  options_.logger = *Logger::Create("json", "warn");
  ASSERT_NO_FATAL_FAILURE(StartFull());
  const StandardError errors;
  pool_->SetBusy(true);
  while (Take()) {
  }
  const auto said = [&] {
    const std::string text = errors.text();
    size_t times = 0;
    for (size_t at = 0; (at = text.find("no namespace can be made", at)) != std::string::npos; ++at) ++times;
    return times;
  };
  {
    // Which descriptors are free does not matter: the limit is on their numbers.
    const OpenFilesAllowed limit(3);
    pool_->SetBusy(false);
    for (int i = 0; i < 20; ++i) {
      pool_->SetBusy(true);
      pool_->SetBusy(false);
    }
    ASSERT_TRUE(Eventually([&] { return said() == 1; }));
  }
  pool_->SetBusy(true);
  pool_->SetBusy(false);
  ASSERT_TRUE(Eventually([&] { return Full(); }));
  EXPECT_EQ(said(), 1u);
  EXPECT_THAT(errors.text(), HasSubstr("Too many open files"));
}

TEST_F(WarmPoolTest, IsClaimedFromManyThreadsAtOnce) {
  options_.size = 16;
  ASSERT_NO_FATAL_FAILURE(StartFull());
  Mutex mutex;
  std::vector<uint64_t> cookies;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 20; ++k) {
          pool_->SetBusy(k % 2 == 0);
          auto made = Take();
          now_ += 1;
          MutexLock lock(&mutex);
          if (made) cookies.push_back(made->netlink.cookie());
        }
        pool_->SetBusy(false);
      });
    }
  }
  EXPECT_GE(cookies.size(), 16u);
  EXPECT_EQ(std::set<uint64_t>(cookies.begin(), cookies.end()).size(), cookies.size());
  EXPECT_TRUE(Eventually([&] { return Full(); }));
  EXPECT_EQ(pool_->stats().hits, static_cast<int64_t>(cookies.size()));
  EXPECT_EQ(pool_->stats().hits + pool_->stats().misses, 80);
}

}  // namespace
}  // namespace warren::executor
