#include "server/gateway/compress.h"

#include <gtest/gtest.h>
#include <stdio.h>

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
  FILE* pipe = popen(("gzip -dc " + path + " | md5sum; head -c 100000 /dev/zero | tr '\\0' x | md5sum").c_str(), "r");
  char sums[200] = {};
  EXPECT_GT(fread(sums, 1, sizeof sums - 1, pipe), 0u);
  pclose(pipe);
  const std::string both(sums);
  EXPECT_EQ(both.substr(0, 32), both.substr(both.find('\n') + 1, 32));
}

}  // namespace
}  // namespace warren::gateway
