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

}  // namespace
}  // namespace warren::gateway
