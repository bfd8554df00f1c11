#include "server/gateway/compress.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include "tests/agent/kernel/witness.h"

namespace warren::gateway {
namespace {

TEST(CompressTest, IsTakenByWhoSaysSo) {
  for (const std::string takes : {"gzip", "deflate, gzip;q=0.5", "*", "GZIP", "br, *;q=0.1", "x-gzip"}) {
    EXPECT_TRUE(TakesGzip(takes)) << takes;
  }
  for (const std::string takes_not : {"", "br", "gzip;q=0", "*, gzip;q=0", "gzip;q=x", "*;q=0", "gzipped"}) {
    EXPECT_FALSE(TakesGzip(takes_not)) << takes_not;
  }
}

TEST(CompressTest, IsWhatGzipReads) {
  const std::string text(100'000, 'x');
  const std::string packed = Gzip(text);
  EXPECT_LT(packed.size(), 1000u);
  const std::string path = ::testing::TempDir() + "/compress_test.gz";
  FILE* file = fopen(path.c_str(), "w");
  fwrite(packed.data(), 1, packed.size(), file);
  fclose(file);
  EXPECT_EQ(kernel::Sh("gzip -dc " + path + " | md5sum"), kernel::Sh("head -c 100000 /dev/zero | tr '\\0' x | md5sum"));
}

TEST(CompressTest, WhatWasPackedIsUnpackedUpToTheLimit) {
  const std::string text(100'000, 'x'), packed = Gzip(text);
  EXPECT_EQ(*Gunzip(packed, 100'000), text);
  EXPECT_EQ(Gunzip(packed, 99'999).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(*Gunzip(Gzip(""), 0), "");
  EXPECT_EQ(*Gunzip(Gzip("one, ") + Gzip("two"), 100), "one, two");
  std::string many = Gzip(text);
  for (int i = 0; i < 1000; ++i) many += Gzip("");
  EXPECT_EQ(*Gunzip(many, 100'000), text);
}

TEST(CompressTest, WhatIsNotGzipIsRefused) {
  const std::string packed = Gzip("some text");
  for (const std::string& bad : {std::string("{}"), std::string(), packed.substr(0, packed.size() - 1), packed + "x",
                                 packed.substr(0, 12) + "\xff" + packed.substr(13)}) {
    EXPECT_EQ(Gunzip(bad, 1000).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace warren::gateway
